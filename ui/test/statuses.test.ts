/** Statuses of an inbox: said by hand where they are possible, other outcomes in support, and the form that makes them. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Workflow } from '$lib/api/types/Workflow';
import { ben, mira } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const FORM = 'statuses-Sales';

/** All inboxes have that workflow. */
const works = (workflow: Workflow) => (backend: ScriptedBackend) => {
  const inboxes = backend.team.inboxes.map((one) => ({ ...one, policy: { ...one.policy, workflow } }));
  backend.team = { ...backend.team, inboxes };
};

const discovery: Workflow = {
  kind: 'sales',
  statuses: [
    {
      id: 'in-discovery',
      name: 'In discovery',
      sentence: 'We learn what they need.',
      standsFor: 'assigned',
    },
  ],
};

const mine = (backend: ScriptedBackend) => {
  works(discovery)(backend);
  Object.assign(backend.scene('c-1042').conversation, { owner: backend.me.id, status: 'assigned' });
  backend.scene('c-1042').turn = 'ours';
};

const entry = (at: number): HTMLElement => {
  const found = hook(FORM)?.querySelectorAll<HTMLElement>('[data-testid="status-entry"]')[at];
  if (!found) throw new Error(`no entry ${at}`);
  return found;
};

const inside = (at: number, id: string): HTMLElement => {
  const found = entry(at).querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

const entries = () => hook(FORM)?.querySelectorAll('[data-testid="status-entry"]').length ?? 0;

const openForm = async (set?: (backend: ScriptedBackend) => void) => {
  const window = await openWindow((backend) => {
    backend.me = mira;
    set?.(backend);
  });
  await click('settings-open');
  await find(FORM);
  hook(FORM)?.querySelector<HTMLElement>('[data-testid="statuses-edit"]')?.click();
  await expect.poll(entries).toBeGreaterThan(0);
  return window;
};

test('a status of the inbox is said by keyboard, and the strip and the row show it', async () => {
  const window = await openWindow(mine);
  await openConversation(window, 1042);
  await press('l');
  await find('status-in-discovery');
  expect(textOf('status-in-discovery')).toContain('We learn what they need.');
  await click('status-in-discovery');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toEqual([{ type: 'nameStatus', status: 'in-discovery' }]);
  await expect.poll(() => textOf('strip-status')).toContain('In discovery');
  await expect.poll(() => textOf('row-1042')).toContain('In discovery');
});

test('a support inbox closes as solved or not, and closes for good by hand', async () => {
  const window = await openWindow((backend) => {
    works({ kind: 'support' })(backend);
    Object.assign(backend.scene('c-1042').conversation, { owner: backend.me.id, status: 'assigned' });
  });
  await openConversation(window, 1042);
  expect(textOf('strip-status')).toContain('Open');
  await press('e');
  await find('outcome-solved');
  expect(hook('outcome-won')).toBeNull();
  expect(hook('outcome-notSolved')).not.toBeNull();
  await click('close-save');
  await expect
    .poll(() => window.backend.asked('act').map(({ body }) => body))
    .toEqual([{ type: 'close', outcome: 'solved', reason: null }]);
  // What is closed makes room for the next.
  await openConversation(window, 1042);
  await expect.poll(() => textOf('strip-status')).toContain('Resolved');
  await click('strip-status');
  await click('close-now');
  await expect
    .poll(() =>
      window.backend
        .asked('act')
        .map(({ body }) => body)
        .at(-1),
    )
    .toEqual({ type: 'setStatus', status: 'closed' });
});

test('the form adds a status, says what is wrong at its field, and saves what was typed', async () => {
  const window = await openForm();
  expect(entries()).toBe(9);
  await click('statuses-add');
  await expect.poll(entries).toBe(10);
  await expect.poll(() => document.activeElement === inside(9, 'status-name')).toBe(true);
  // Nobody is told what is missing in one they have only begun.
  expect(entry(9).querySelector('.field-problem')).toBeNull();
  await click('statuses-save');
  await expect.poll(() => document.activeElement === inside(9, 'status-name')).toBe(true);
  expect(entry(9).textContent).toContain('Give it a name.');
  expect(window.backend.asked('saveWorkflow')).toEqual([]);
  await userEvent.fill(inside(9, 'status-name'), 'assigned');
  expect(entry(9).textContent).toContain('Another status has this name.');
  await userEvent.fill(inside(9, 'status-name'), 'With their legal');
  await userEvent.fill(inside(9, 'status-sentence'), 'Their lawyers read it.');
  await userEvent.selectOptions(inside(9, 'status-stands-for'), 'waiting');
  expect(entry(9).textContent).toContain('Phase: pending');
  inside(9, 'status-up').click();
  await expect.poll(() => (inside(8, 'status-name') as HTMLInputElement).value).toBe('With their legal');
  await click('statuses-save');
  await expect.poll(() => window.backend.asked('saveWorkflow').length).toBe(1);
  const saved = window.backend.asked('saveWorkflow')[0];
  expect(saved?.before).toEqual({ kind: 'sales' });
  expect(saved?.workflow.statuses?.[8]).toMatchObject({
    name: 'With their legal',
    sentence: 'Their lawyers read it.',
    standsFor: 'waiting',
  });
  await expect.poll(() => textOf(FORM)).toContain('With their legal');
});

test('what has to stay visible can not be hidden, and the other kind leaves out what it does not have', async () => {
  const window = await openForm(works(discovery));
  inside(6, 'status-shown').click();
  await expect.poll(() => entry(6).textContent).toContain('Something has to stay visible here');
  inside(6, 'status-shown').click();
  await userEvent.selectOptions(await find('statuses-kind'), 'support');
  await expect.poll(entries).toBe(8);
  await click('statuses-save');
  await expect.poll(() => window.backend.asked('saveWorkflow').length).toBe(1);
  const { workflow } = window.backend.asked('saveWorkflow')[0] ?? {};
  expect(workflow?.kind).toBe('support');
  expect(workflow?.statuses?.map((one) => one.id)).toEqual([
    'new',
    'assigned',
    'in-discovery',
    'followUpDue',
    'waiting',
    'needsInput',
    'resolved',
    'closed',
  ]);
});

test('who does not lead reads the statuses and does not edit them', async () => {
  await openWindow((backend) => {
    backend.me = ben;
    works(discovery)(backend);
  });
  await click('settings-open');
  await find(FORM);
  expect(textOf(FORM)).toContain('In discovery');
  expect(hook(FORM)?.querySelector('[data-testid="statuses-edit"]')).toBeNull();
});

test('looking at what the other kind has loses nothing that was typed', async () => {
  const window = await openForm();
  await userEvent.fill(inside(5, 'status-name'), 'Offer out');
  await userEvent.selectOptions(await find('statuses-kind'), 'support');
  await expect.poll(entries).toBe(7);
  await userEvent.selectOptions(await find('statuses-kind'), 'sales');
  await expect.poll(entries).toBe(9);
  expect((inside(5, 'status-name') as HTMLInputElement).value).toBe('Offer out');
  // As Baton has it in the other kind, nothing is said: nothing is hidden or shown that usually is not.
  await userEvent.fill(inside(5, 'status-name'), '');
  await userEvent.selectOptions(await find('statuses-kind'), 'support');
  await click('statuses-save');
  await expect.poll(() => window.backend.asked('saveWorkflow')[0]?.workflow).toEqual({ kind: 'support' });
});

test('what was typed waits while something else is looked at', async () => {
  const { desk } = await openForm();
  await userEvent.fill(inside(1, 'status-name'), 'In work');
  await press('{Escape}');
  desk.page = 'inbox';
  await expect.poll(() => hook(FORM)).toBeNull();
  await click('settings-open');
  await find(FORM);
  expect((inside(1, 'status-name') as HTMLInputElement).value).toBe('In work');
  await click('statuses-save');
  await expect.poll(() => textOf(FORM)).toContain('In work');
});

test('asked for how it is now, the form is opened anew with the keyboard in it', async () => {
  await openForm((backend) => {
    backend.answers.saveWorkflow = () => ({
      type: 'refused',
      refusal: { type: 'versionConflict', theirs: 3 },
    });
  });
  await userEvent.fill(inside(1, 'status-name'), 'In work');
  await click('statuses-save');
  await find('keep-theirs');
  expect((inside(1, 'status-name') as HTMLInputElement).value).toBe('In work');
  await click('keep-theirs');
  await expect.poll(() => hook('keep-theirs')).toBeNull();
  expect((inside(1, 'status-name') as HTMLInputElement).value).toBe('');
  await expect.poll(() => document.activeElement).toBe(hook('statuses-kind'));
});
