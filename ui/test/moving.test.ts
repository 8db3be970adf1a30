/** To another inbox: by keyboard, taken back, refused in words, and gone from the screen of who may not read it there. */
import { expect, test } from 'vitest';
import { ApiFailure } from '$lib/api/backend';
import { business, NOW, sales } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

test('m and Enter move it, the next one comes on screen, and what was done is said', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  await press('m');
  await find(`move-${sales.id}`);
  expect(hook(`move-${business.id}`)).toBeNull();
  await press('{ArrowDown}{Enter}');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toEqual([{ type: 'moveToInbox', inbox: sales.id }]);
  expect(window.backend.scene('c-1042').conversation.inbox).toBe(sales.id);
  await expect.poll(() => document.body.textContent).toContain('Moved to Sales');
});

test('the inbox it lies in stands above the thread', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  expect(textOf('move')).toBe('Large offices');
});

test('a reply that has not left is told of, and the move can be asked again', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  window.backend.answers.act = () => ({
    type: 'refused',
    refusal: { type: 'replyWaits', by: 'm-ben', leavesAt: NOW + 10_000 },
  });
  await click('move');
  await click(`move-${sales.id}`);
  await expect.poll(() => document.body.textContent).toContain('Ben’s reply leaves');
  expect(window.desk.open.id).toBe('c-1042');
});

test('who may move it nowhere is told so', async () => {
  const window = await openWindow((backend) => {
    backend.answers.open = ({ conversation }) => ({ ...backend.opened(conversation), movable: [] });
  });
  await openConversation(window, 1042);
  await press('m');
  await expect.poll(() => document.body.textContent).toContain('no other inbox you may assign in');
});

test('a conversation that was moved out of sight leaves nothing on the screen', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  await find('thread');
  window.backend.answers.open = () =>
    Promise.reject(new ApiFailure({ code: 'notFound', message: 'no such conversation' }));
  window.backend.emit({ event: 'changed', data: ['c-1042'] });
  await expect.poll(() => hook('thread')).toBeNull();
  expect(document.body.textContent).toContain('not yours to read any more');
});
