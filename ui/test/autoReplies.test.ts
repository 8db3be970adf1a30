/** What an inbox answers by itself: its form, and how it stands in the thread. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Outbound } from '../src/lib/api/types/Outbound';
import { mira } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const block = () => hook('auto-replies-Sales');
const inside = (id: string) => block()?.querySelector<HTMLElement>(`[data-testid="${id}"]`) ?? document.body;

async function settings() {
  const window = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  await expect.poll(() => block()?.textContent).toContain('Nothing is answered automatically.');
  return window;
}

test('a text is switched on, read as the customer will, and saved by the keyboard', async () => {
  const { backend } = await settings();
  await userEvent.click(inside('auto-replies-edit'));
  expect(document.activeElement).toBe(inside('auto-replies-acknowledgement-on'));
  await press('{Tab}{Tab} {Tab}We are closed.');
  expect(inside('auto-replies-outOfHours-preview').textContent).toBe(
    'We are closed.\n\nThis is an automatic reply.',
  );
  await userEvent.selectOptions(inside('auto-replies-language'), 'de');
  expect(inside('auto-replies-outOfHours-preview').textContent).toContain(
    'Dies ist eine automatische Antwort.',
  );
  inside('auto-replies-save').focus();
  await press('{Enter}');
  await expect
    .poll(() => backend.asked('saveAutoReplies'))
    .toEqual([
      {
        inbox: 'i-sales',
        replies: {
          acknowledgement: { on: false, text: '' },
          outOfHours: { on: true, text: 'We are closed.' },
          language: 'de',
        },
        before: null,
      },
    ]);
  await expect.poll(() => textOf('toast')).toContain('Automatic replies of Sales saved');
  await expect.poll(() => block()?.querySelector('details')?.textContent).toContain('We are closed.');
  expect(document.activeElement).toBe(inside('auto-replies-edit'));
});

test('one that is on says something, and ends; what is typed stays', async () => {
  const { backend } = await settings();
  await userEvent.click(inside('auto-replies-edit'));
  await userEvent.click(inside('auto-replies-acknowledgement-on'));
  await userEvent.click(inside('auto-replies-save'));
  await expect.poll(() => block()?.textContent).toContain('Write what it says, or switch it off.');
  expect(document.activeElement).toBe(inside('auto-replies-acknowledgement-text'));
  await userEvent.fill(inside('auto-replies-acknowledgement-text'), 'x'.repeat(4001));
  expect(block()?.textContent).toContain('At most 4,000 characters; these are 4,001.');
  await userEvent.click(inside('auto-replies-save'));
  expect(backend.asked('saveAutoReplies')).toEqual([]);
  await userEvent.fill(inside('auto-replies-acknowledgement-text'), 'We have it.');
  await userEvent.click(inside('auto-replies-save'));
  await expect.poll(() => backend.asked('saveAutoReplies').length).toBe(1);
});

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** The newest answer in a thread is one that the inbox gave by itself. */
function answeredByItself(part: Partial<Outbound>) {
  return (backend: ScriptedBackend) => {
    const scene = backend.scenes.find((one) => one.conversation.number === 1042);
    const known = backend.scenes.flatMap((one) => one.thread).find((item) => item.type === 'reply');
    if (!scene || known?.type !== 'reply') throw new Error('the scenes have changed');
    const outbound: Outbound = {
      ...known.outbound,
      id: 'auto-1',
      by: NOBODY,
      automatic: 'outOfHours',
      draft: {
        to: [{ name: '', email: 'carl@acme-logistics.example' }],
        cc: [],
        subject: 'Re: Forty seats',
        text: 'We are closed.',
        files: [],
      },
      ...part,
    };
    scene.thread.push({ type: 'reply', outbound });
  };
}

test('in the thread it is one line that opens, and nothing to be read before one answers', async () => {
  const window = await openWindow(answeredByItself({}));
  await openConversation(window, 1042);
  const line = await find('auto-reply');
  expect(line.textContent).toContain('Automatic reply sent to carl@acme-logistics.example');
  expect(line).not.toHaveAttribute('open');
  line.querySelector('summary')?.focus();
  await press('{Enter}');
  await expect.poll(() => line.hasAttribute('open')).toBe(true);
  expect(line.textContent).toContain('We are closed.');
  // An answer to Carl has seen Carl's message, not the machine's.
  const newest = window.desk.open.current?.conversation.lastMessage?.id;
  expect(newest).toBeDefined();
  await press('r');
  await press('Gladly.');
  await press('{Control>}{Enter}{/Control}');
  await expect.poll(() => window.backend.asked('send').at(-1)?.lastSeen).toBe(newest);
});

test("one that failed is shown as any failure, by Baton, and is nobody's to edit", async () => {
  const failed = answeredByItself({ state: { type: 'failed', reason: '550 no such user' } });
  const window = await openWindow(failed);
  await openConversation(window, 1042);
  const said = await find('reply-failed');
  expect(said.textContent).toContain('550 no such user');
  const item = said.closest('article');
  expect(item?.querySelector('b')?.textContent).toBe('Baton');
  expect(item?.textContent).toContain('automatic');
  expect(item?.querySelector('button')).toBeNull();
  expect(hook('auto-reply')).toBeNull();
});
