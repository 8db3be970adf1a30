/** Another matter in the same thread: offered where the subject changes, chosen, said, taken back. */
import { expect, test } from 'vitest';
import { twoMatters } from './scripted/splitting';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const box = (at: number) => hook(`split-letter-${at}`) as HTMLInputElement;
const ticked = () => [0, 1, 2].map((at) => box(at).checked);
const wrote = (backend: ScriptedBackend) => void backend.scenes.push(twoMatters());

async function opened() {
  const window = await openWindow(wrote);
  await openConversation(window, 1051);
  return window;
}

test('a changed subject offers to split off what begins there, and the window goes on in the new one', async () => {
  const { backend, desk } = await opened();
  await expect.poll(() => textOf('split-1')).toBe('Split off');
  await click('split-1');
  await find('split-form');
  expect(ticked()).toEqual([false, true, true]);
  expect(textOf('split-save')).toBe('Split off 2 messages');
  await click('split-save');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1151);
  const asked = backend.asked('act').at(-1);
  expect(asked).toMatchObject({ conversation: 'c-1051', body: { type: 'split' } });
  expect(asked?.body.type === 'split' && asked.body.messages.length).toBe(2);
  await expect.poll(() => textOf('split-origin')).toContain('Split off #1051 by you');
  expect(textOf('thread')).toContain('stand at the fair');
  expect(textOf('thread')).not.toContain('twelve lamps');
  await expect
    .poll(() => document.body.textContent)
    .toContain('2 messages split off into a conversation of their own');
});

test('by key it is the newest that goes, and anything can be chosen but everything', async () => {
  const { backend, desk } = await opened();
  await press('{Shift>}S{/Shift}');
  await find('split-form');
  expect(ticked()).toEqual([false, false, true]);
  box(2).click();
  await expect.poll(() => textOf('split-save')).toBe('Split off 0 messages');
  await click('split-save');
  await expect.poll(() => textOf('split-form')).toContain('Choose what goes.');
  for (const at of [0, 1, 2]) box(at).click();
  await expect.poll(() => textOf('split-form')).toContain('Something has to stay in #1051.');
  await click('split-save');
  expect(backend.asked('act')).toEqual([]);
  box(0).click();
  await expect.poll(() => textOf('split-form')).not.toContain('Something has to stay');
  await press('{Escape}');
  await expect.poll(() => hook('split-form')).toBeNull();
  expect(desk.open.id).toBe('c-1051');
});

test('what it was split off says where it went on, and z brings it back', async () => {
  const { desk } = await opened();
  await click('split-1');
  await click('split-save');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1151);
  await click('split-origin-open');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1051);
  await expect.poll(() => textOf('thread')).toContain('2 messages went on as #1151, split off by you');
  expect(textOf('thread')).not.toContain('stand at the fair');
  await press('z');
  await expect.poll(() => textOf('thread')).toContain('stand at the fair');
});
