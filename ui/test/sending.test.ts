/** On its way out: what stands below an answer, whom it goes to, whether it fits, and what a provider made of it. */
import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { SendLimits } from '../src/lib/api/types/SendLimits';
import { account, anna, NOW, team } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const text = () => (hook('composer-text') as HTMLTextAreaElement | null)?.value;

/** Anna signs with her own words. */
const signed = (backend: ScriptedBackend) => {
  backend.team = {
    ...team,
    members: team.members.map((member) =>
      member.id === anna.id ? { ...member, signature: 'Anna Berger\nMurmel' } : member,
    ),
  };
};

async function withSignature() {
  const window = await openWindow(signed);
  await openConversation(window, 1042);
  await press('r');
  await expect.poll(() => textOf('signature')).toBe('Anna Berger Murmel');
  return window;
}

const takes = (limits: Partial<SendLimits>) => (backend: ScriptedBackend) => {
  backend.health = [
    {
      health: {
        account: account.id,
        address: account.address,
        state: { type: 'upToDate' },
        lastSuccess: NOW,
        lastSent: null,
        signInEnds: null,
        waitingToSend: 0,
        sending: { maxBytes: null, foreignLetters: true, receipts: false, ...limits },
      },
      balance: null,
    },
  ];
};

describe('the signature', () => {
  test('is shown while one writes, takes no lock, and leaves with the answer once', async () => {
    const window = await withSignature();
    expect(window.backend.asked('compose')).toHaveLength(0);
    await press('Hi Carl');
    expect(text()).toBe('Hi Carl');
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => window.backend.asked('send').length).toBe(1);
    expect(window.backend.asked('compose').at(-1)?.draft.text).toBe('Hi Carl\n\n-- \nAnna Berger\nMurmel');
  });

  test('comes out again when the answer is taken back', async () => {
    await withSignature();
    await press('Too early');
    await press('{Control>}{Enter}{/Control}');
    await click('toast-undo');
    await expect.poll(() => text()).toBe('Too early');
    expect(textOf('signature')).toBe('Anna Berger Murmel');
  });

  test('can be left out of one answer', async () => {
    const window = await withSignature();
    await press('Short one');
    await click('signature-leave-out');
    expect(hook('signature')).toBeNull();
    await press('{Tab}');
    (await find('composer-text')).focus();
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => window.backend.asked('send').length).toBe(1);
    expect(window.backend.asked('compose').at(-1)?.draft.text).toBe('Short one');
  });

  test('is changed where it is seen', async () => {
    const window = await withSignature();
    await click('signature-edit');
    await userEvent.fill(await find('signature-text'), 'Anna');
    await click('signature-save');
    await expect.poll(() => window.backend.asked('saveSignature')).toEqual([{ text: 'Anna' }]);
  });
});

describe('recipients', () => {
  test('an address that is there already, or is ours, is left out and named', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Hi');
    await click('recipients');
    const to = window.desk.composer.draft.to[0]?.email ?? '';
    const cc = document.querySelector<HTMLInputElement>('#composer-cc')!;
    await userEvent.fill(cc, `${to}, ed@acme.example, ${account.address}`);
    await press('{Tab}');
    await expect.poll(() => textOf('left-out')).toContain(`${account.address} (ours)`);
    expect(textOf('left-out')).toContain(`${to} (already there)`);
    expect(window.desk.composer.draft.cc.map((address) => address.email)).toEqual(['ed@acme.example']);
  });

  test('the alias it leaves under is chosen, and travels with the draft', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Hi');
    await click('recipients');
    await userEvent.selectOptions(await find('composer-from'), 'hello@murmel.example');
    await expect.poll(() => window.backend.drafts.get('c-1042')?.from).toBe('hello@murmel.example');
    await userEvent.selectOptions(await find('composer-from'), account.address);
    await expect.poll(() => window.backend.drafts.get('c-1042')?.from).toBeUndefined();
  });

  test('a receipt can be asked for only where the provider gives one', async () => {
    const window = await openWindow(takes({ receipts: true }));
    await openConversation(window, 1042);
    await press('r');
    await press('Hi');
    await click('recipients');
    await click('composer-receipt');
    await expect.poll(() => window.backend.drafts.get('c-1042')?.receipt).toBe(true);
  });
});

describe('what does not fit', () => {
  test('a message too large for its provider says by how much, and is not offered', async () => {
    const window = await openWindow(takes({ maxBytes: 10_000_000 }));
    await openConversation(window, 1042);
    await press('r');
    await press('Here it is');
    window.desk.composer.change({
      files: [{ name: 'film.mp4', mime: 'video/mp4', size: 12_000_000, blob: 'b' }],
    });
    await expect.poll(() => textOf('too-large')).toContain('sales@murmel.example takes up to 10 MB');
    await press('{Control>}{Enter}{/Control}');
    expect((hook('send') as HTMLButtonElement).disabled).toBe(true);
    expect(window.backend.asked('send')).toHaveLength(0);
    window.desk.composer.change({ files: [] });
    await expect.poll(() => hook('too-large')).toBeNull();
  });

  test('an address the provider can’t deliver to is named before sending', async () => {
    const window = await openWindow(takes({ foreignLetters: false }));
    await openConversation(window, 1042);
    await press('r');
    await press('Hi');
    window.desk.composer.setRecipients('cc', [{ name: '', email: 'jürgen@acme.example' }]);
    await expect.poll(() => textOf('foreign-letters')).toContain('jürgen@acme.example');
    window.desk.composer.setRecipients('cc', [{ name: '', email: 'jj@bücher.example' }]);
    await expect.poll(() => hook('foreign-letters')).toBeNull();
  });
});

test('a pasted image stands in the text, and can be a file instead', async () => {
  const window = await openWindow((backend) => {
    backend.answers.attach = ({ name }) => ({ name, mime: 'image/png', size: 8, blob: 'b' });
  });
  await openConversation(window, 1042);
  await press('r');
  await press('The plan:');
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(['\x89PNG'], 'image.png', { type: 'image/png' }));
  (await find('composer-text')).dispatchEvent(
    new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
  );
  await expect.poll(() => text()).toBe('The plan:\n[image.png]\n');
  await expect.poll(() => window.backend.drafts.get('c-1042')?.files).toMatchObject([{ inline: true }]);
  await click('image-place');
  await expect.poll(() => text()).toBe('The plan:\n');
  await expect.poll(() => window.backend.drafts.get('c-1042')?.files).toMatchObject([{ inline: false }]);
});

describe('send later', () => {
  async function scheduled() {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Good morning');
    await click('send-menu');
    await click('send-later');
    await userEvent.fill(await find('send-later-when'), 'mon 9:00');
    await press('{Enter}');
    await expect.poll(() => textOf('send')).toContain('Send Mon 9:00');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => textOf('scheduled'))
      .toContain('leaves Mon 9:00, unless the customer writes first');
    return window;
  }

  test('the button names the time, and the thread shows it as scheduled', async () => {
    const window = await scheduled();
    // Monday, nine o'clock in Berlin.
    expect(window.backend.asked('send')).toMatchObject([{ sendAt: Date.UTC(2026, 10, 30, 8) }]);
    await expect.poll(() => textOf('toast')).toContain('Leaves Mon 9:00');
    expect(window.desk.composer.sendAt).toBeNull();
  });

  test('it can leave now', async () => {
    const window = await scheduled();
    await click('send-now');
    await expect.poll(() => window.backend.asked('act').at(-1)?.body.type).toBe('sendNow');
    await expect.poll(() => hook('scheduled')).toBeNull();
  });

  test('it can be taken back and edited', async () => {
    const window = await scheduled();
    await click('edit-scheduled');
    await expect.poll(() => text()).toBe('Good morning');
    expect(window.backend.asked('act').at(-1)?.body.type).toBe('cancelSend');
  });

  test('a time that was chosen can be given up before sending', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Hi');
    window.desk.composer.sendAt = NOW + 3_600_000;
    await click('send-later-chip');
    await expect.poll(() => textOf('send')).toMatch(/^Send ·/);
  });
});

describe('what a provider made of it', () => {
  async function reply(part: object, problem?: string) {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('r');
    await press('Gladly');
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => window.backend.asked('send').length).toBe(1);
    const item = window.backend.scene('c-1043').thread.findLast((item) => item.type === 'reply')!;
    Object.assign(item.outbound, part);
    Object.assign(item, { problem });
    await window.desk.open.refresh();
    return window;
  }

  test('a request for patience says why, what was said, and when it is tried again', async () => {
    await reply(
      {
        state: { type: 'queued' },
        notBefore: NOW + 8 * 60_000,
        givenBack: { reason: '450 4.2.0 Greylisted', times: 2 },
      },
      'greylisted',
    );
    await expect
      .poll(() => textOf('given-back'))
      .toMatch(
        /lets strangers in at the second attempt. Next attempt .*14:30.*The server said: 450 4.2.0 Greylisted/,
      );
  });

  test('a refusal is explained, and the server’s words stand beside it', async () => {
    await reply({ state: { type: 'failed', reason: '550 5.1.1 User unknown' } }, 'noSuchMailbox');
    await expect
      .poll(() => textOf('reply-failed'))
      .toBe(
        'Not delivered. There is no such mailbox. Check the address. The server said: 550 5.1.1 User unknown',
      );
  });
});
