import { describe, expect, test } from 'vitest';
import { addBusinessDays, weekdays } from './business';
import { local } from './local';
import { parseWhen, presets } from './when';

const BERLIN = 'Europe/Berlin';
const NOW = Date.UTC(2026, 10, 26, 13, 22); // Thu 14:22 in Berlin

/** What a text means, as wall-clock time in Berlin. */
function means(text: string, now = NOW): string | null {
  const at = parseWhen(text, now, BERLIN);
  return at === null ? null : local(at, BERLIN).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

describe('a date typed in words', () => {
  test.each([
    ['in 2 h', '2026-11-26T16:25'],
    ['2h', '2026-11-26T16:25'],
    ['in 30 min', '2026-11-26T14:55'],
    ['tomorrow', '2026-11-27T09:00'],
    ['tomorrow 15:00', '2026-11-27T15:00'],
    ['tomorrow at 3 pm', '2026-11-27T15:00'],
    ['thu 15:00', '2026-12-03T15:00'],
    ['monday', '2026-11-30T09:00'],
    ['15:00', '2026-11-26T15:00'],
    ['9:00', '2026-11-27T09:00'],
    ['+2 business days', '2026-11-30T14:22'],
    ['in 3 days', '2026-11-29T09:00'],
    ['12 dec', '2026-12-12T09:00'],
    ['december 12', '2026-12-12T09:00'],
    ['1 march', '2027-03-01T09:00'],
    ['2026-12-24 10:30', '2026-12-24T10:30'],
    ['next week', '2026-11-30T09:00'],
  ])('English: %s', (text, at) => expect(means(text)).toBe(at));

  test.each([
    ['morgen', '2026-11-27T09:00'],
    ['übermorgen 14 uhr', '2026-11-28T14:00'],
    ['do 15:00', '2026-12-03T15:00'],
    ['in 2 Stunden', '2026-11-26T16:25'],
    ['2 werktage', '2026-11-30T14:22'],
    ['12.12.', '2026-12-12T09:00'],
    ['3. märz', '2027-03-03T09:00'],
  ])('German: %s', (text, at) => expect(means(text)).toBe(at));

  test.each([
    ['mañana 9:00', '2026-11-27T09:00'],
    ['el lunes', '2026-11-30T09:00'],
    ['en 3 horas', '2026-11-26T17:25'],
    ['2 días laborables', '2026-11-30T14:22'],
    ['12 de diciembre', '2026-12-12T09:00'],
  ])('Spanish: %s', (text, at) => expect(means(text)).toBe(at));

  test.each(['', 'soon', 'thu 25:00', '2020-01-01', '31 feb', 'a'])('nothing: %s', (text) =>
    expect(means(text)).toBeNull(),
  );

  test('a time that the change of clocks skips moves behind the gap', () => {
    expect(means('2027-03-28 02:30')).toBe('2027-03-28T03:30');
  });
});

describe('business days', () => {
  const at = (days: number, from: number) =>
    local(addBusinessDays(weekdays(BERLIN), from, days), BERLIN)
      .toPlainDateTime()
      .toString({ smallestUnit: 'minute' });

  test('Thursday plus two is Monday at the same time', () => {
    expect(at(2, Date.UTC(2026, 10, 26, 14, 20))).toBe('2026-11-30T15:20');
  });

  test('an hour that is closed moves to the opening', () => {
    expect(at(1, Date.UTC(2026, 10, 26, 20, 0))).toBe('2026-11-30T09:00');
    expect(at(1, Date.UTC(2026, 10, 26, 5, 0))).toBe('2026-11-27T09:00');
  });

  test('a holiday is none', () => {
    const calendar = { ...weekdays(BERLIN), holidays: ['2026-11-27'] };
    expect(
      local(addBusinessDays(calendar, NOW, 1), BERLIN)
        .toPlainDate()
        .toString(),
    ).toBe('2026-11-30');
  });

  test('a calendar without any open day ends', () => {
    expect(addBusinessDays({ zone: BERLIN, hours: [], holidays: [] }, NOW, 2)).toBeGreaterThan(NOW);
  });
});

test('what is offered lies ahead, soonest first, without doubles', () => {
  for (let hour = 0; hour < 24 * 7; hour += 1) {
    const now = NOW + hour * 3_600_000;
    const offered = presets(now, BERLIN).map((preset) => preset.at);
    expect(offered.length).toBeGreaterThanOrEqual(4);
    expect(offered.every((at) => at > now)).toBe(true);
    expect([...offered].sort((a, b) => a - b)).toEqual(offered);
    expect(new Set(offered).size).toBe(offered.length);
  }
});
