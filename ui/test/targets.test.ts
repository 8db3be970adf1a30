/** Targets of an inbox: read by everybody, set by who leads. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { ben, mira } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openWindow, textOf } from './window';

const HOUR = 3_600_000;
const SALES = 'targets-Sales';
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];

/** Mira leads. */
const asLead = (backend: ScriptedBackend) => {
  backend.me = mira;
};

const inside = (id: string): HTMLElement => {
  const found = hook(SALES)?.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

test('the usual targets are offered, changed and saved', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await find(SALES);
  expect(textOf(SALES)).toContain('nothing is promised');
  await userEvent.click(inside('targets-usual'));
  await expect.poll(() => all('target-rule')).toHaveLength(1);
  await userEvent.fill(inside('target-firstResponse'), '2');
  await userEvent.fill(inside('target-owner'), '');
  await userEvent.fill(inside('targets-warn'), '70');
  await userEvent.click(inside('targets-save'));
  await expect.poll(() => backend.asked('saveTargets')).toHaveLength(1);
  const saved = backend.asked('saveTargets')[0]?.sla;
  expect(saved?.warnPercent).toBe(70);
  expect(saved?.rules[0]?.targets).toEqual({
    owner: null,
    firstResponse: { lengthMs: 2 * HOUR, time: 'business' },
    nextResponse: { lengthMs: 4 * HOUR, time: 'business' },
    resolution: null,
  });
  await expect.poll(() => textOf(SALES)).toContain('Leads for everything');
  expect(textOf(SALES)).toContain('First answer 2 h');
  expect(textOf(SALES)).toContain('after 70 % of the time');
});

test('a rule is added, narrowed to a category, moved first and another removed', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await find(SALES);
  await userEvent.click(inside('targets-usual'));
  await expect.poll(() => all('target-rule')).toHaveLength(1);
  await userEvent.click(inside('targets-add'));
  await expect.poll(() => all('target-rule')).toHaveLength(2);
  const added = all('target-rule')[1];
  const part = (selector: string): HTMLElement => {
    const found = added?.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  };
  await userEvent.fill(part('[data-testid="target-name"]'), 'Demos');
  await userEvent.click(part('[data-choice="demo"]'));
  await userEvent.fill(part('[data-testid="target-firstResponse"]'), '1');
  await userEvent.click(part('[aria-label="Move Demos up"]'));
  await userEvent.click(inside('targets-save'));
  await expect.poll(() => backend.asked('saveTargets')).toHaveLength(1);
  const rules = backend.asked('saveTargets')[0]?.sla.rules;
  expect(rules?.map((rule) => rule.name)).toEqual(['Demos', 'Leads']);
  expect(rules?.[0]?.when.categories).toEqual(['demo']);
  expect(rules?.[0]?.targets.firstResponse).toEqual({ lengthMs: HOUR, time: 'business' });
});

test('refused targets stay in the form, with the reason', async () => {
  await openWindow((backend) => {
    asLead(backend);
    backend.answers.saveTargets = () => ({
      type: 'refused',
      refusal: { type: 'invalid', field: 'sla', why: 'unknown' },
    });
  });
  await click('settings-open');
  await find(SALES);
  await userEvent.click(inside('targets-usual'));
  await expect.poll(() => all('target-rule')).toHaveLength(1);
  await userEvent.click(inside('targets-save'));
  await expect.poll(() => hook(SALES)?.querySelector('[role="alert"]')?.textContent).toContain('targets');
  expect(all('target-rule')).toHaveLength(1);
});

test('the hours of an inbox are typed a day a line, and days off as dates', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await find(SALES);
  await userEvent.click(inside('hours-edit'));
  await find('hours-5');
  expect(document.activeElement).toBe(inside('hours-zone'));
  await userEvent.fill(inside('hours-5'), '9 to 3');
  await userEvent.click(inside('hours-save'));
  expect(document.activeElement).toBe(inside('hours-5'));
  await expect
    .element(inside('hours-5'))
    .toHaveAccessibleDescription('Write hours as 09:00-12:30, 13:30-17:00.');
  expect(backend.asked('saveHours')).toHaveLength(0);
  await userEvent.fill(inside('hours-5'), '09:00-12:00, 12:30-15:00');
  await userEvent.fill(inside('hours-dates'), '2026-12-25 Christmas\n2026-12-24 09:00-12:00');
  await userEvent.click(inside('hours-save'));
  await expect.poll(() => backend.asked('saveHours')).toHaveLength(1);
  const saved = backend.asked('saveHours')[0]?.calendar;
  expect(saved?.zone).toBe('Europe/Berlin');
  expect(saved?.hours.filter((hours) => hours.weekday === 5)).toEqual([
    { weekday: 5, fromMinute: 540, toMinute: 720 },
    { weekday: 5, fromMinute: 750, toMinute: 900 },
  ]);
  expect(saved?.holidays).toEqual([]);
  expect(saved?.specialDays).toEqual([
    { date: '2026-12-25', name: 'Christmas', hours: [] },
    { date: '2026-12-24', name: '', hours: [{ fromMinute: 540, toMinute: 720 }] },
  ]);
  await expect.poll(() => textOf(SALES)).toContain('Friday 09:00–12:00, 12:30–15:00');
  expect(textOf(SALES)).toContain('Monday to Thursday 09:00–17:00');
  expect(textOf(SALES)).toContain('Thu 24 Dec · 09:00–12:00');
  expect(textOf(SALES)).toContain('Fri 25 Dec · Christmas');
  expect(document.activeElement).toBe(inside('hours-edit'));
});

test('who does not lead reads the targets and changes nothing', async () => {
  await openWindow((backend) => {
    backend.me = ben;
  });
  await click('settings-open');
  await find(SALES);
  expect(hook(SALES)?.querySelector('[data-testid="targets-edit"]')).toBeNull();
  expect(hook(SALES)?.querySelector('[data-testid="hours-edit"]')).toBeNull();
  expect(textOf(SALES)).toContain('A manager can change these.');
});

test('a length that is none is said at its field and nothing is saved', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await find(SALES);
  await userEvent.click(inside('targets-usual'));
  await expect.poll(() => all('target-rule')).toHaveLength(1);
  for (const typed of ['0', '-2', 'soon']) {
    await userEvent.fill(inside('target-firstResponse'), typed);
    await userEvent.keyboard('{Enter}');
    await expect.element(inside('target-firstResponse')).toHaveAccessibleDescription(/A number above 0/);
    expect(document.activeElement).toBe(inside('target-firstResponse'));
  }
  await userEvent.fill(inside('target-firstResponse'), '1,5');
  await userEvent.fill(inside('target-name'), 'x'.repeat(81));
  await userEvent.click(inside('targets-save'));
  expect(document.activeElement).toBe(inside('target-name'));
  expect(backend.asked('saveTargets')).toHaveLength(0);
  await userEvent.fill(inside('target-name'), 'Everyone');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => backend.asked('saveTargets')).toHaveLength(1);
  const rule = backend.asked('saveTargets')[0]?.sla.rules[0];
  expect(rule?.targets.firstResponse).toEqual({ lengthMs: 1.5 * HOUR, time: 'business' });
  await expect.poll(() => document.activeElement).toBe(inside('targets-edit'));
});

test('the keyboard stays with a rule that is added, moved or removed', async () => {
  await openWindow(asLead);
  await click('settings-open');
  await find(SALES);
  await userEvent.click(inside('targets-usual'));
  await expect.poll(() => document.activeElement).toBe(inside('target-name'));
  await userEvent.click(inside('targets-add'));
  await expect.poll(() => document.activeElement).toBe(all('target-name')[1]);
  expect(textOf(SALES)).toContain('Never reached: “Leads” before it is about everything.');
  await userEvent.click(inside('target-up'));
  await expect.poll(() => document.activeElement).toBe(all('target-name')[0]);
  await userEvent.click(inside('target-remove'));
  await expect.poll(() => all('target-rule')).toHaveLength(1);
  await expect.poll(() => document.activeElement).toBe(inside('target-remove'));
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => document.activeElement).toBe(inside('targets-add'));
});

test('without an inbox it says where targets will be', async () => {
  await openWindow((backend) => {
    asLead(backend);
    backend.team = { ...backend.team, inboxes: [] };
  });
  await click('settings-open');
  await expect.poll(() => document.querySelector('#targets')?.textContent).toContain('No inbox yet');
  expect(document.querySelector('#targets')?.textContent).toContain('Connect a mailbox above');
});
