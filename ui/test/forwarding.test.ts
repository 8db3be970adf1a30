/** Passing a message on to somebody outside, and what is offered where that is a colleague. */
import { afterEach, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { locales, overwriteGetLocale } from '../src/lib/paraglide/runtime.js';
import { ben } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

afterEach(() => overwriteGetLocale(() => 'en'));

const text = () => (hook('composer-text') as HTMLTextAreaElement | null)?.value ?? '';

async function forwarding(number = 1042) {
  const window = await openWindow();
  await openConversation(window, number);
  await press('{Shift>}f{/Shift}');
  await expect.poll(() => document.activeElement === hook('composer-to')).toBe(true);
  return window;
}

async function addressed(to: string) {
  await userEvent.fill(await find('composer-to'), to);
  await press('{Tab}');
}

test('a key begins it: to nobody, the message below, its files with it; nothing is kept before a word is said', async () => {
  const window = await forwarding();
  expect(text()).toContain('---------- Forwarded message ----------');
  expect(text()).toContain('From: Carl');
  expect(window.desk.composer.draft.subject).toMatch(/^Fwd: (?!Re)/);
  expect(window.backend.asked('compose')).toHaveLength(0);
  expect(hook('send')).toBeDisabled();
  expect(hook('send-menu')).toBeNull();
  (await find('composer-text')).focus();
  await press('{Escape}');
  await expect.poll(() => hook('composer-text')).toBeNull();
  // The next thing is an answer to Carl again.
  await press('r');
  await expect.poll(() => text()).toBe('');
  expect(window.desk.composer.draft.to[0]?.email).toBe('carl@acme-logistics.example');
});

test('it leaves to whom it was addressed, takes no lock, and stands in the thread as what it is', async () => {
  const window = await forwarding();
  await addressed('Freight <freight@carrier.example>');
  (await find('composer-text')).focus();
  await press('{Control>}{Home}{/Control}Can you deliver these?');
  await press('{Control>}{Enter}{/Control}');
  await expect.poll(() => window.backend.asked('send').length).toBe(1);
  const sent = window.backend.asked('compose').at(-1)?.draft;
  expect(sent?.to).toEqual([{ name: 'Freight', email: 'freight@carrier.example' }]);
  expect(sent?.forwards).toBeDefined();
  expect(sent?.text).toMatch(/^Can you deliver these\?/);
  await expect.poll(() => textOf('forwarded')).toContain('freight@carrier.example');
  // What comes next is a reply.
  await press('r');
  await expect.poll(() => window.desk.composer.forwarding).toBe(false);
});

test('offline it waits for the network, and for nothing else', async () => {
  const window = await forwarding();
  window.backend.answers.send = () => ({ type: 'pending', command: 'x' });
  await addressed('Freight <freight@carrier.example>');
  (await find('composer-text')).focus();
  await press('{Control>}{Enter}{/Control}');
  await expect.poll(() => textOf('toast')).toBe('Goes out when the network is back');
});

test('a colleague is offered the conversation instead', async () => {
  const window = await forwarding();
  await addressed(ben.email);
  await expect.poll(() => textOf('forward-colleague')).toContain(ben.name);
  await click('forward-assign');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toContainEqual({ type: 'assign', to: ben.id, context: null });
  expect(window.desk.composer.forwarding).toBe(false);
});

test('what is being written stays', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  await press('r');
  await press('Dear Carl');
  await window.desk.forward();
  expect(text()).toBe('Dear Carl');
  expect(window.backend.asked('forward')).toHaveLength(0);
  await expect.poll(() => document.body.textContent).toContain('Send or discard it');
});

test.each([...locales])('says what it does in %s', async (locale) => {
  overwriteGetLocale(() => locale);
  await forwarding();
  const words = { en: 'Forward', de: 'Weiterleiten', es: 'Reenviar' }[locale];
  expect(textOf('send')).toContain(words);
});
