/** What every part of the window does alike: Escape, the keyboard's place, and texts that are cut off. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { ApiFailure } from '../src/lib/api/backend';
import { mira } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, press } from './window';

test.each([
  ['h', 'hand-off-to'],
  ['b', 'block-on'],
  ['e', 'outcome-won'],
])(
  'Escape closes the form of "%s", also out of its fields, and the keyboard goes back',
  async (key, field) => {
    const window = await openWindow();
    await openConversation(window, 1042);
    const thread = await find('thread');
    thread.focus();
    await press(key);
    await expect
      .poll(() => document.activeElement?.id || document.activeElement?.getAttribute('data-testid'))
      .toBe(field);
    await press('{Escape}');
    await expect.poll(() => window.desk.open.panel).toBeNull();
    await expect.poll(() => document.activeElement).toBe(thread);
    await press('n');
    await find('note-text');
  },
);

test('a text that is cut off is told in full when pointed at', async () => {
  await openWindow();
  const row = await find('row-1042');
  const subject = row.querySelector<HTMLElement>('.subject');
  if (!subject) throw new Error('no subject');
  subject.style.maxWidth = '60px';
  await userEvent.hover(subject);
  await expect
    .poll(() => document.querySelector('.baton-hint:not([hidden])')?.textContent)
    .toBe('Quote for 40 phone booths and delivery to Kiel');
  await userEvent.hover(await find('search'));
  await expect.poll(() => document.querySelector('.baton-hint:not([hidden])')).toBeNull();
});

test('names, subjects and first lines run the way their own letters do', async () => {
  await openWindow();
  const row = await find('row-1042');
  for (const part of ['b', '.subject', '.preview'])
    expect(row.querySelector(part)?.getAttribute('dir'), part).toBe('auto');
});

test('the way to connect a mailbox leads to the mailboxes', async () => {
  const { desk } = await openWindow();
  await userEvent.click(document.querySelector<HTMLElement>('nav [aria-label="Connect a mailbox"]')!);
  await expect.poll(() => hook('section-mailboxes')?.getAttribute('aria-current')).toBe('location');
  expect(desk.section).toBeNull();
});

test('a mailbox’s test says why it could not begin', async () => {
  await openWindow((backend) => {
    backend.me = mira;
    backend.answers.tryMailbox = () =>
      Promise.reject(
        new ApiFailure({ code: 'mailboxRefused', message: 'no settings are kept for this mailbox' }),
      );
  });
  await click('settings-open');
  await click('trial-sales@murmel.example');
  await expect
    .poll(() => document.querySelector('#mailboxes [role="alert"]')?.textContent.trim())
    .toBe('The test could not begin. No settings are kept for this mailbox');
});

test('the words of a bar in a message keep their room beside its buttons', async () => {
  const window = await openWindow();
  await openConversation(window, 1036);
  const button = await find('always-show-images');
  const bar = button.closest<HTMLElement>('.bar');
  const words = bar?.querySelector<HTMLElement>('span');
  if (!bar || !words) throw new Error('no bar');
  bar.style.width = '420px';
  expect(words.getBoundingClientRect().width).toBeGreaterThan(160);
  expect(bar.getBoundingClientRect().height).toBeLessThan(120);
});
