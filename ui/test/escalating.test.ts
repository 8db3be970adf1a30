/** Escalation: by hand with words, who is asked and until when, "I have it", the list of it, and the path of an inbox. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Escalation } from '$lib/api/types/Escalation';
import type { Exception } from '$lib/api/types/Exception';
import { anna, ben, mira, NOW, sales } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const MINUTE = 60_000;
const PATH = 'escalation-Sales';

const late = (part: Partial<Escalation> = {}): Escalation => ({
  reason: { type: 'late', clock: 'firstResponse' },
  since: NOW - 10 * MINUTE,
  step: 0,
  asked: [anna.id, ben.id],
  until: NOW + 20 * MINUTE,
  acknowledged: null,
  ...part,
});

/** #1042 is escalated. */
const escalated =
  (part: Partial<Escalation> = {}) =>
  (backend: ScriptedBackend) => {
    backend.scene('c-1042').conversation.escalation = late(part);
  };

const inside = (id: string, at = 0): HTMLElement => {
  const found = hook(PATH)?.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)[at];
  if (!found) throw new Error(`no ${id}`);
  return found;
};

test('who is asked reads why, with whom and until when, and i says that they have it', async () => {
  const window = await openWindow(escalated());
  await openConversation(window, 1042);
  await find('escalation');
  expect(textOf('escalation')).toContain('You are asked to see to this, with Ben.');
  expect(textOf('escalation')).toContain('The customer waits longer than promised. Passed on');
  await press('i');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toEqual([{ type: 'acknowledgeEscalation' }]);
  await expect.poll(() => textOf('escalation')).toContain('You have it since');
  await expect.poll(() => hook('acknowledge')).toBeNull();
});

test('who is not asked sees who is, without a button', async () => {
  const window = await openWindow(escalated({ asked: [mira.id], until: null }));
  await openConversation(window, 1042);
  await find('escalation');
  expect(textOf('escalation')).toContain('Escalated: Mira is asked.');
  expect(textOf('escalation')).not.toContain('Passed on');
  expect(hook('acknowledge')).toBeNull();
});

test('it is escalated by keyboard, with words, and without them it is not', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  await press('{Shift>}E{/Shift}');
  const words = await find('escalate-reason');
  expect(document.activeElement).toBe(words);
  expect(document.body.textContent).toContain('Asked: whoever leads the inbox.');
  await click('escalate-save');
  expect(window.backend.asked('act')).toHaveLength(0);
  await userEvent.fill(words, '  They want to leave us ');
  await userEvent.keyboard('{Enter}');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toEqual([{ type: 'escalate', reason: 'They want to leave us' }]);
  await expect.poll(() => textOf('escalation')).toContain('You: “They want to leave us”');
});

test('what is escalated to me is a list of its own while there is something in it', async () => {
  const window = await openWindow();
  expect(hook('view-escalated')).toBeNull();
  escalated()(window.backend);
  window.backend.emit({ event: 'changed', data: ['c-1042'] });
  await find('view-escalated');
  await press('ge');
  await expect.poll(() => window.desk.list.view).toBe('escalated');
  await expect.poll(() => window.desk.list.total).toBe(1);
});

test('what nobody has is an exception, and whoever leads has it from there', async () => {
  const exception: Exception = {
    conversation: 'c-1042',
    number: 1042,
    contact: { name: 'Carl Winter', email: 'carl@example.com' },
    company: null,
    subject: 'Leasing',
    owner: ben.id,
    at: NOW - 60 * MINUTE,
    what: { type: 'escalated', asked: [ben.id] },
  };
  const { backend } = await openWindow((backend) => {
    backend.me = mira;
    backend.exceptions = [exception];
  });
  await click('exceptions-open');
  await expect.poll(() => document.body.textContent).toContain('nobody has said that they have it');
  await click('exception-have-it');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1042', body: { type: 'acknowledgeEscalation' } });
});

test('a path is read by everybody, and set by who leads, by keyboard', async () => {
  const { backend } = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  await find(PATH);
  expect(textOf(PATH)).toContain('Whoever leads the inbox.');
  await userEvent.click(inside('escalation-edit'));
  await find('escalation-step');
  expect(document.activeElement).toBe(inside('escalation-who'));
  await userEvent.selectOptions(inside('escalation-who'), 'members');
  await userEvent.click(inside('escalation-save'));
  expect(document.activeElement).toBe(inside('escalation-who'));
  expect(textOf(PATH)).toContain('Choose at least one person.');
  const chips = hook(PATH)?.querySelector<HTMLElement>(`[data-choice="${mira.id}"]`);
  await userEvent.click(chips ?? document.body);
  await userEvent.fill(inside('escalation-within'), '0');
  await userEvent.click(inside('escalation-save'));
  expect(document.activeElement).toBe(inside('escalation-within'));
  await userEvent.fill(inside('escalation-within'), '45');
  await userEvent.click(inside('escalation-add'));
  await expect.poll(() => hook(PATH)?.querySelectorAll('[data-testid="escalation-step"]').length).toBe(2);
  await userEvent.click(inside('escalation-up'));
  await userEvent.click(inside('escalation-save'));
  await expect.poll(() => backend.asked('saveEscalation')).toHaveLength(1);
  expect(backend.asked('saveEscalation')[0]).toEqual({
    inbox: sales.id,
    path: {
      steps: [
        { ask: { type: 'managers' }, within: { lengthMs: 30 * MINUTE, time: 'business' } },
        {
          ask: { type: 'members', members: [mira.id] },
          within: { lengthMs: 45 * MINUTE, time: 'business' },
        },
      ],
    },
    before: { steps: [] },
  });
  await expect
    .poll(() => textOf(PATH))
    .toContain('Whoever leads the inbox (30 min to answer), then you (45 min to answer), then');
});

test('a path that somebody else changed meanwhile is not written over unseen', async () => {
  await openWindow((backend) => {
    backend.me = mira;
    backend.answers.saveEscalation = () => ({
      type: 'refused',
      refusal: { type: 'versionConflict', theirs: 3 },
    });
  });
  await click('settings-open');
  await find(PATH);
  await userEvent.click(inside('escalation-edit'));
  await find('escalation-step');
  await userEvent.click(inside('escalation-save'));
  await expect.poll(() => hook(PATH)?.querySelector('[role="alert"]')).toBeTruthy();
  expect(hook(PATH)?.querySelector('[data-testid="escalation-step"]')).toBeTruthy();
});
