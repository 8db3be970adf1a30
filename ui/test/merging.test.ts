/** Two conversations that are one: offered, chosen, said, taken back, and told to stay apart. */
import { expect, test } from 'vitest';
import { ben, NOW } from './scripted/cast';
import { again, merged, twice } from './scripted/merging';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const body = () => document.body.textContent;

const wroteTwice = (backend: ScriptedBackend) => void backend.scenes.push(again());
const alreadyMerged = (backend: ScriptedBackend) => {
  const other = again();
  backend.scenes.push(other);
  merged(other, backend.scene('c-1042'), ben.id, NOW - 140 * 60_000);
};

test('what the customer also wrote is offered in the newer one, and the window goes on in the older', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  await expect.poll(() => textOf('same-line')).toContain('Carl Brandt also wrote');
  expect(textOf('same-line')).toContain('#1042 Quote for 40 phone booths and delivery to Kiel');
  expect(textOf('same-line')).toContain('You · Assigned');
  await click('same-merge');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1042);
  expect(backend.asked('act').map((asked) => [asked.conversation, asked.body])).toEqual([
    ['c-1047', { type: 'merge', into: 'c-1042' }],
  ]);
  expect(desk.list.selected).toBe('c-1042');
  await expect.poll(body).toContain('Merged into #1042');
  await expect.poll(() => textOf('thread')).toContain('we need forty seats in Kiel');
  expect(textOf('thread')).toContain('#1047 “Forty seats” merged into this by you');
  // The other end of it is not told a second time.
  expect(textOf('thread')).not.toContain('erged into #1042');
  expect(textOf('later-sources')).toContain('Email to hello@');
  expect(hook('same')).toBeNull();
});

test('in the older one the newer is merged into it', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1042);
  await expect.poll(() => textOf('same-merge')).toBe('Merge into this');
  await click('same-merge');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1047', body: { type: 'merge', into: 'c-1042' } });
  await expect.poll(() => textOf('part')).toContain('#1047 “Forty seats” is part of this');
  expect(desk.open.id).toBe('c-1042');
});

test('a merge is taken back by z, and both are as they were', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  await click('same-merge');
  await find('part');
  await press('z');
  await expect.poll(() => hook('part')).toBeNull();
  expect(backend.scene('c-1047').conversation).toMatchObject({ status: 'assigned', closing: null });
  await expect.poll(() => textOf('thread')).not.toContain('we need forty seats in Kiel');
});

test('not the same is said once, and the offer is gone from both', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  await click('same-apart');
  await expect.poll(() => hook('same')).toBeNull();
  expect(backend.asked('act').at(-1)?.body).toEqual({ type: 'keepApart', from: 'c-1042' });
  await openConversation({ backend, desk }, 1042);
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1042);
  expect(hook('same')).toBeNull();
});

test('what was merged away says where it goes on, and offers nothing else', async () => {
  const { backend, desk } = await openWindow(alreadyMerged);
  await openConversation({ backend, desk }, 1047);
  await expect.poll(() => textOf('merged-away')).toContain('Merged into #1042 by Ben, 12:02');
  for (const id of ['reply', 'note', 'composer', 'merge', 'claim']) expect(hook(id), id).toBeNull();
  for (const id of ['strip-owner', 'strip-status', 'strip-next', 'strip-followup', 'move'])
    expect((await find(id)).matches(':disabled'), id).toBe(true);
  // No key offers it either.
  await press('r');
  await press('e');
  expect(desk.composer.visible).toBe(false);
  expect(desk.open.panel).toBeNull();
  await click('merged-open');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1042);
});

test('taken apart where it went away, it is open again', async () => {
  const { backend, desk } = await openWindow(alreadyMerged);
  await openConversation({ backend, desk }, 1047);
  await click('unmerge');
  await expect.poll(() => hook('merged-away')).toBeNull();
  expect(backend.asked('act').at(-1)).toMatchObject({ conversation: 'c-1047', body: { type: 'unmerge' } });
  await find('reply');
  expect(desk.open.id).toBe('c-1047');
});

test('taken apart where it went on, by the one that is part of it', async () => {
  const { backend, desk } = await openWindow(alreadyMerged);
  await openConversation({ backend, desk }, 1042);
  await expect.poll(() => textOf('part')).toContain('#1047 “Forty seats” is part of this');
  await click('part-apart');
  await expect.poll(() => hook('part')).toBeNull();
  expect(backend.asked('act').at(-1)).toMatchObject({ conversation: 'c-1047', body: { type: 'unmerge' } });
  await expect.poll(() => textOf('thread')).toContain('#1047 taken out again by you');
});

test('who may not take it apart is told so, and asking again asks the same conversation', async () => {
  const { backend, desk } = await openWindow(alreadyMerged);
  await openConversation({ backend, desk }, 1042);
  backend.answers.act = () => ({
    type: 'refused',
    refusal: { type: 'replyWaits', by: ben.id, leavesAt: NOW + 10_000 },
  });
  await click('part-apart');
  await expect.poll(() => textOf('refusal-line')).toContain('Ben’s reply leaves');
  await click('offer-repeat');
  await expect.poll(() => backend.asked('act')).toHaveLength(2);
  expect(backend.asked('act').map(({ conversation }) => conversation)).toEqual(['c-1047', 'c-1047']);
});

test('Shift+M offers the same first, says what will happen, and Enter merges', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  await press('{Shift>}M{/Shift}');
  await find('merge-1042');
  expect(document.activeElement).toBe(hook('merge-find'));
  expect(textOf('merge-picker')).toContain('#1047 ends as a duplicate and goes on in #1042.');
  expect(textOf('merge-picker')).toContain('#1047 moves to Large offices.');
  await press('{Enter}');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1042);
  expect(hook('merge-picker')).toBeNull();
});

test('another is searched for by words, and what has ended is not offered', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1046);
  await press('{Shift>}M{/Shift}');
  await expect.poll(() => textOf('merge-picker')).toContain('No other open conversation with Jonas Weil');
  // Liwan Studio is open, Studio Conti was lost.
  await press('studio');
  await find('merge-1031');
  expect(hook('merge-1007')).toBeNull();
  expect(backend.asked('search').at(-1)?.text).toBe('studio');
  await press('{Enter}');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1046', body: { type: 'merge', into: 'c-1031' } });
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1031);
});

test('Escape leaves the choice, and nothing was merged', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  await click('merge');
  await find('merge-picker');
  await press('{Escape}');
  await expect.poll(() => hook('merge-picker')).toBeNull();
  expect(backend.asked('act')).toEqual([]);
});

test('a reply in doubt stops it, in words, and the window stays', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  backend.answers.act = () => ({
    type: 'refused',
    refusal: { type: 'replyInDoubt', outbound: 'o-1', by: ben.id },
  });
  await click('same-merge');
  await expect.poll(() => textOf('refusal-line')).toContain('Nobody knows yet whether Ben’s reply arrived');
  expect(desk.open.id).toBe('c-1047');
});

test('merged by a colleague meanwhile: the refusal opens where it goes on', async () => {
  const { backend, desk } = await openWindow(wroteTwice);
  await openConversation({ backend, desk }, 1047);
  backend.answers.act = () => ({
    type: 'refused',
    refusal: { type: 'merged', into: 'c-1042', number: 1042 },
  });
  await press('t');
  await press('north{Enter}');
  await expect.poll(() => textOf('refusal-line')).toContain('Merged into #1042');
  await click('offer-open');
  await expect.poll(() => desk.open.current?.conversation.number).toBe(1042);
});

test('where moving and merging are refused, neither is offered', async () => {
  const window = await openWindow((backend) => {
    backend.answers.open = ({ conversation }) => {
      const opened = backend.opened(conversation);
      for (const allowed of opened.allowed)
        if (allowed.action === 'move' || allowed.action === 'merge')
          allowed.refusal = { type: 'notPermitted', needs: 'assign', inbox: null };
      return opened;
    };
  });
  await openConversation(window, 1042);
  expect((await find('move')).matches(':disabled')).toBe(true);
  expect(hook('merge')).toBeNull();
  await press('{Shift>}M{/Shift}');
  expect(window.desk.open.panel).toBeNull();
});

test('an exception offers to merge them, or to keep them apart', async () => {
  const { backend } = await openWindow((backend) => {
    wroteTwice(backend);
    backend.exceptions = [twice];
  });
  await press('gx');
  await expect.poll(() => all('exception-item')).toHaveLength(1);
  expect(textOf('exception-item')).toContain('The same customer also wrote #1042 “Quote for 40 phone booths');
  await click('exception-apart');
  await expect.poll(() => backend.asked('act').at(-1)?.body).toEqual({ type: 'keepApart', from: 'c-1042' });
  await click('exception-merge');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1047', body: { type: 'merge', into: 'c-1042' } });
  await expect.poll(body).toContain('Merged into #1042');
});
