/** Writing an answer: the lock at the first character, nothing lost, nothing stale, and the way back. */
import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { anna, ben, NOW } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const text = () => (hook('composer-text') as HTMLTextAreaElement | null)?.value;

describe('the reply lock', () => {
  test('an open composer takes nothing; the first character does, at once', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await find('composer-text');
    expect(window.backend.asked('compose')).toHaveLength(0);
    expect(hook('lock-line')).toBeNull();
    await press('H');
    expect(window.backend.asked('compose')).toMatchObject([{ conversation: 'c-1042', draft: { text: 'H' } }]);
    await expect.poll(() => textOf('lock-line')).toBe('You are replying');
  });

  test('every key typed is in the text, and the last of them is saved', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    const said = 'getting going, c? x! e/ z. Grüße, jk';
    await press('r');
    await press(said);
    expect(text()).toBe(said);
    await expect.poll(() => textOf('saved')).toBe('Saved');
    expect(window.backend.drafts.get('c-1042')?.text).toBe(said);
    expect(window.desk.list.view).toBe('today');
  });

  test('a colleague holds it: I can suggest or ask, and not send', async () => {
    const window = await openWindow();
    await openConversation(window, 1037);
    expect(textOf('lock-line')).toBe('Ben is replying');
    await click('reply');
    await press('Leasing works');
    await expect.poll(() => textOf('suggest')).toContain('Suggest to Ben');
    expect(hook('send')).toBeNull();
    await click('suggest');
    await expect
      .poll(() => window.backend.asked('act').at(-1)?.body)
      .toEqual({ type: 'suggestDraft', text: 'Leasing works' });
    expect(window.backend.asked('send')).toHaveLength(0);
  });

  test('asking says that it was asked', async () => {
    const window = await openWindow();
    await openConversation(window, 1037);
    await click('reply');
    await press('L');
    await click('ask');
    await expect.poll(() => textOf('ask')).toBe('Asked');
  });

  test('whoever holds it is asked in one line, and answers with one key', async () => {
    const window = await openWindow((backend) => {
      backend.scene('c-1042').conversation.lock = {
        token: 1,
        member: anna.id,
        device: 'd',
        since: NOW,
        cover: false,
        asked: { by: ben.id, at: NOW },
      };
    });
    await openConversation(window, 1042);
    await expect
      .poll(() => document.body.textContent)
      .toMatch(/Ben asks for the reply. Silence gives it in \d+ (s|min)/);
    await click('lock-give');
    await expect
      .poll(() => window.backend.asked('act').at(-1)?.body)
      .toEqual({ type: 'answerRequest', answer: 'give' });
  });

  test('somebody else owns it: the cover is one key away', async () => {
    const window = await openWindow((backend) => (backend.scene('c-1037').conversation.lock = null));
    await openConversation(window, 1037);
    await press('{Shift>}R{/Shift}');
    await press('Hej Elin');
    await expect.poll(() => textOf('lock-line')).toBe('You answer for Ben');
    expect(window.backend.asked('compose').at(-1)?.cover).toBe(true);
  });
});

describe('sending', () => {
  test('the button says what will happen, and a promise in the text decides', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Hi Carl,');
    expect(textOf('send')).toContain('Send · follow up Mon 15:20 if no answer');
    await press(' you get the offer on Monday.');
    await expect.poll(() => textOf('send')).toContain('Send · I owe the offer by Mon 15:00');
    expect(document.querySelector('mark')?.textContent).toBe('you get the offer on Monday');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => window.backend.asked('send'))
      .toMatchObject([{ after: { type: 'iOwe', what: 'the offer' } }]);
  });

  test('nothing more is one chord', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Thank you.');
    await press('{Alt>}2{/Alt}');
    await expect
      .poll(() => window.backend.asked('send'))
      .toMatchObject([{ after: { type: 'nothingMore' }, quote: null, close: null }]);
  });

  test('I owe something: what and when in place', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Will do.');
    await press('{Alt>}1{/Alt}');
    await userEvent.fill(await find('owe-what'), 'the plan');
    await userEvent.fill(await find('owe-when'), 'fri 11:00');
    await press('{Enter}');
    await expect.poll(() => textOf('send')).toContain('I owe the plan by tomorrow 11:00');
  });

  test('as a quote, with its amount', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('r');
    await press('Here is our offer.');
    await click('send-menu');
    await click('send-quote');
    await userEvent.fill(await find('quote-amount'), '14.700');
    await press('{Enter}');
    await expect.poll(() => textOf('send')).toContain('Send quote €14,700');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => window.backend.asked('send'))
      .toMatchObject([{ quote: { cents: 1_470_000, currency: 'EUR' } }]);
  });

  test('a message that was not on screen holds it in one line; the text stays; Enter sends', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('It is on its way.');
    await expect.poll(() => textOf('saved')).toBe('Saved');
    window.backend.customerWrites('c-1042', 'Wait, we need them in sage, not in clay.');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => textOf('held-line'))
      .toMatch(/^Carl wrote (just now|\d s ago) “Wait, we need them in sage, not in clay.”/);
    expect(text()).toBe('It is on its way.');
    await expect.poll(() => textOf('thread')).toContain('not in clay');
    await press('{Enter}');
    await expect.poll(() => window.backend.asked('send').length).toBe(2);
    await expect.poll(() => hook('held-line')).toBeNull();
    expect(window.backend.asked('send').at(-1)?.lastSeen).toBe(
      window.backend.scene('c-1042').thread.findLast((item) => item.type === 'message')?.message.id,
    );
  });

  test('it can be taken back, and its text is a draft again', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Too early');
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => textOf('toast')).toMatch(/^Sending · in \d+ s Undo/);
    await expect.poll(() => textOf('thread')).toMatch(/Sends in \d+ s/);
    await click('toast-undo');
    await expect.poll(() => text()).toBe('Too early');
    expect(window.backend.asked('act').at(-1)?.body.type).toBe('cancelSend');
  });

  test('a word about a file without one asks once', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('r');
    await press('The price list is attached.');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => document.body.textContent)
      .toContain('You wrote “attached”, but no file is attached.');
    expect(window.backend.asked('send')).toHaveLength(0);
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => window.backend.asked('send').length).toBe(1);
  });

  test('files dropped are attached, and go with it', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('r');
    const files = new DataTransfer();
    files.items.add(new File(['a,b'], 'prices.csv', { type: 'text/csv' }));
    document
      .querySelector('.composer')!
      .dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
    await expect
      .poll(() => window.backend.drafts.get('c-1043')?.files.map((file) => file.name))
      .toEqual(['prices.csv']);
  });

  test('a refusal stays in the composer with its ways out', async () => {
    const window = await openWindow(
      (backend) =>
        (backend.answers.send = () => ({ type: 'refused', refusal: { type: 'lockLost', to: ben.id } })),
    );
    await openConversation(window, 1042);
    await press('r');
    await press('Mine');
    await press('{Control>}{Enter}{/Control}');
    await expect
      .poll(() => textOf('refusal-line'))
      .toContain('You paused, and Ben took the reply. Your text is kept.');
    expect(text()).toBe('Mine');
  });

  test('a send that fails keeps the text and says why', async () => {
    const window = await openWindow((backend) =>
      backend.fail('send', { code: 'diskFull', message: 'ENOSPC' }),
    );
    await openConversation(window, 1042);
    await press('r');
    await press('Mine');
    await press('{Control>}{Enter}{/Control}');
    await expect.poll(() => textOf('refusal-line')).toContain('The disk is full.');
    expect(text()).toBe('Mine');
  });
});

describe('the draft', () => {
  test('waits where it was written', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Half a thou');
    await openConversation(window, 1043);
    expect(hook('composer-text')).toBeNull();
    await expect.poll(() => window.backend.drafts.get('c-1042')?.text).toBe('Half a thou');
    await openConversation(window, 1042);
    await expect.poll(() => text()).toBe('Half a thou');
  });

  test('a change from elsewhere does not touch what I type', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Mine');
    window.backend.customerWrites('c-1042', 'Another one');
    await expect.poll(() => textOf('thread')).toContain('Another one');
    expect(text()).toBe('Mine');
    expect(document.activeElement).toBe(hook('composer-text'));
  });

  test('thrown away by mistake it comes back', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await press('r');
    await press('Precious');
    await userEvent.click(document.querySelector('[aria-label="Discard the draft"]')!);
    await expect.poll(() => textOf('toast')).toContain('Draft discarded');
    expect(hook('composer-text')).toBeNull();
    await click('toast-undo');
    await expect.poll(() => text()).toBe('Precious');
  });
});

test('a reply taken back leaves what was read before it as read', async () => {
  const window = await openWindow();
  await openConversation(window, 1043);
  const customers = window.backend.scene('c-1043').conversation.lastMessage?.id;
  await press('r');
  await press('Too early');
  await press('{Control>}{Enter}{/Control}');
  await click('toast-undo');
  await expect.poll(() => text()).toBe('Too early');
  window.backend.scene('c-1043').conversation.lastMessage!.id = customers!;
  await window.desk.open.refresh();
  await press('{Escape}');
  await window.desk.act({ type: 'snooze', until: NOW + 1, zone: null, reason: null });
  expect(window.backend.asked('act').at(-1)?.lastSeen).toBe(customers);
});
