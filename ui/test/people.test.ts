/** When people are there, and who is on call. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { anna, ben, DAY, mira, NOW, sales } from './scripted/cast';
import { click, find, hook, openWindow, textOf } from './window';

const ROTA = 'on-call-Sales';
const inside = (id: string, of = ROTA): HTMLElement =>
  hook(of)?.querySelector<HTMLElement>(`[data-testid="${id}"]`) ?? document.body;

test('who leads sets a rota by keyboard, with the weeks to come beside it', async () => {
  const { backend } = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  await find(ROTA);
  expect(textOf(ROTA)).toContain('Nobody is on call');
  await userEvent.click(inside('on-call-edit'));
  await expect.poll(() => document.activeElement).toBe(inside('on-call-add'));
  await userEvent.click(inside('on-call-save'));
  expect(document.activeElement).toBe(inside('on-call-add'));
  expect(textOf(ROTA)).toContain('Choose at least one person.');
  await userEvent.selectOptions(inside('on-call-add'), anna.id);
  await userEvent.selectOptions(inside('on-call-add'), mira.id);
  await expect.poll(() => textOf('on-call-turns')).toContain('Anna');
  await userEvent.click(inside('on-call-up'));
  await expect.poll(() => textOf('on-call-turns')).toMatch(/^\s*You/);
  await userEvent.fill(inside('on-call-days'), '0');
  await userEvent.click(inside('on-call-save'));
  expect(document.activeElement).toBe(inside('on-call-days'));
  await userEvent.fill(inside('on-call-days'), '7');
  await userEvent.click(inside('on-call-add-day'));
  await userEvent.fill(inside('on-call-date'), '2026-11-28');
  await userEvent.selectOptions(inside('on-call-who'), anna.id);
  await expect.poll(() => textOf('on-call-turns')).toContain('Anna in place of Mira Lindqvist');
  await userEvent.click(inside('on-call-save'));
  await expect.poll(() => backend.asked('saveOnCall')).toHaveLength(1);
  expect(backend.asked('saveOnCall')[0]).toEqual({
    inbox: sales.id,
    rota: {
      zone: 'Europe/Berlin',
      members: [mira.id, anna.id],
      firstDay: '2026-11-23',
      handoverMinute: 540,
      daysEach: 7,
      overrides: [{ date: '2026-11-28', member: anna.id }],
    },
    before: null,
  });
  await expect.poll(() => document.activeElement).toBe(inside('on-call-edit'));
  await expect.poll(() => textOf(ROTA)).toContain('now, until Sat 9:00');
});

test('a rota that somebody else changed meanwhile is not written over unseen', async () => {
  const { backend } = await openWindow((backend) => {
    backend.me = mira;
    backend.answers.saveOnCall = () => ({
      type: 'refused',
      refusal: { type: 'versionConflict', theirs: 3 },
    });
  });
  await click('settings-open');
  await find(ROTA);
  await userEvent.click(inside('on-call-edit'));
  await userEvent.selectOptions(inside('on-call-add'), anna.id);
  await userEvent.click(inside('on-call-save'));
  await find('use-mine');
  expect(backend.asked('saveOnCall')).toHaveLength(1);
});

test('everybody says when they are here for themselves, and what is wrong is said at its field', async () => {
  const { backend } = await openWindow((backend) => (backend.me = ben));
  await click('settings-open');
  await click('availability-ben');
  expect(hook('availability-anna')).toBeNull();
  const form = 'availability';
  await expect.poll(() => document.activeElement).toBe(inside('availability-away', form));
  await userEvent.fill(inside('availability-away', form), '2020-01-01T09:00');
  await userEvent.click(inside('availability-save', form));
  expect(textOf(form)).toContain('A date and time to come, or nothing.');
  await userEvent.fill(inside('availability-away', form), '2026-11-30T09:00');
  await userEvent.selectOptions(inside('availability-backup', form), anna.id);
  await userEvent.selectOptions(inside('availability-own', form), 'own');
  await userEvent.fill(inside('hours-5', form), 'late');
  await userEvent.click(inside('availability-save', form));
  expect(document.activeElement).toBe(inside('hours-5', form));
  for (const day of [1, 2, 3, 5, 6, 7]) await userEvent.fill(inside(`hours-${day}`, form), '');
  await userEvent.fill(inside('hours-4', form), '15:00-20:00');
  await userEvent.click(inside('availability-save', form));
  await expect.poll(() => backend.asked('saveAvailability')).toHaveLength(1);
  expect(backend.asked('saveAvailability')[0]).toEqual({
    member: ben.id,
    availability: {
      absentUntil: Date.UTC(2026, 10, 30, 8),
      backup: anna.id,
      hours: {
        zone: 'Europe/Berlin',
        hours: [{ weekday: 4, fromMinute: 900, toMinute: 1200 }],
        holidays: [],
        specialDays: [],
      },
    },
    before: { absentUntil: null, backup: null, hours: null },
  });
  await expect.poll(() => hook(form)).toBeNull();
  await expect.poll(() => document.body.textContent).toContain('away until Mon 9:00');
});

test('who is off by hours of their own is said where work is given', async () => {
  await openWindow((backend) => {
    const calendar = {
      zone: 'Europe/Berlin',
      hours: [{ weekday: 5, fromMinute: 480, toMinute: 720 }],
      holidays: [],
    };
    const members = backend.team.members.map((one) =>
      one.id === ben.id ? { ...one, hours: calendar } : one,
    );
    backend.team = { ...backend.team, members };
  });
  await click('settings-open');
  await expect.poll(() => document.body.textContent).toContain('off until tomorrow 8:00');
  expect(NOW % DAY).toBeGreaterThan(0);
});
