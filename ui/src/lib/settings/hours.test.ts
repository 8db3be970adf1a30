import { describe, expect, it } from 'vitest';
import { datesOf, datesText, datesWords, spansOf, spansText, weekText, weekWords } from './hours';

const NINE_TO_FIVE = { fromMinute: 540, toMinute: 1020 };
const CHRISTMAS_EVE = {
  date: '2026-12-24',
  name: 'Christmas Eve',
  hours: [{ fromMinute: 540, toMinute: 720 }],
};
const NEW_YEAR = { date: '2026-01-01', name: 'New Year', hours: [] };

describe('the hours of a day', () => {
  it('are typed as stretches, several a day', () => {
    expect(spansOf('9:00-12:30, 13.30 – 17:00')).toEqual([
      { fromMinute: 540, toMinute: 750 },
      { fromMinute: 810, toMinute: 1020 },
    ]);
    expect(spansText(spansOf('22:00-24:00') ?? [])).toBe('22:00-24:00');
    expect(spansOf('9-17')).toEqual([NINE_TO_FIVE]);
  });

  it('are none for an empty text, and nothing where they make no sense', () => {
    expect(spansOf(' ')).toEqual([]);
    for (const text of ['17:00-09:00', '09:00-25:00', '09:70-10:00', 'morning'])
      expect(spansOf(text)).toBeNull();
  });
});

describe('a calendar', () => {
  const calendar = {
    zone: 'Europe/Berlin',
    hours: [{ weekday: 1, ...NINE_TO_FIVE }],
    holidays: ['2026-12-25', '2026-12-24'],
    specialDays: [CHRISTMAS_EVE, NEW_YEAR],
  };

  it('is shown a line a day', () => {
    expect(weekText(calendar)).toEqual(['09:00-17:00', '', '', '', '', '', '']);
    expect(datesText(calendar)).toBe('2026-01-01 New Year\n2026-12-24 09:00-12:00 Christmas Eve\n2026-12-25');
  });

  it('is read with days of the same hours as one', () => {
    const days = (list: number[], span: typeof NINE_TO_FIVE) => list.map((weekday) => ({ weekday, ...span }));
    const hours = [
      ...days([1, 2, 3, 5], NINE_TO_FIVE),
      ...days([4], { fromMinute: 720, toMinute: 1140 }),
      ...days([7], NINE_TO_FIVE),
    ];
    expect(weekWords({ ...calendar, hours })).toEqual([
      { days: 'Monday to Wednesday', hours: '09:00–17:00' },
      { days: 'Thursday', hours: '12:00–19:00' },
      { days: 'Friday', hours: '09:00–17:00' },
      { days: 'Sunday', hours: '09:00–17:00' },
    ]);
  });

  it('says which days are off from today on, each with its name', () => {
    expect(datesWords(calendar, '2026-11-26')).toEqual([
      'Thu 24 Dec · 09:00–12:00 · Christmas Eve',
      'Fri 25 Dec',
    ]);
    expect(datesWords(calendar, '2025-12-31')[0]).toBe('Thu, 1 Jan 2026 · New Year');
  });

  it('comes back as it was, with the names of its days', () => {
    expect(datesOf(datesText(calendar))).toEqual({
      holidays: ['2026-12-25'],
      specialDays: [NEW_YEAR, CHRISTMAS_EVE],
    });
  });

  it('keeps a name when the date or the hours before it change', () => {
    const text = datesText(calendar)
      .replace('2026-01-01', '2027-01-01')
      .replace('09:00-12:00', '9-11, 12-13');
    const read = datesOf(text);
    expect('specialDays' in read && read.specialDays.map(({ date, name }) => [date, name])).toEqual([
      ['2027-01-01', 'New Year'],
      ['2026-12-24', 'Christmas Eve'],
    ]);
  });

  it('names the line that can’t be understood', () => {
    const unclear = [
      '2026-02-30',
      '2026-12-24 9',
      '2026-12-24 12-9',
      '2026-12-24 9-12-13',
      '24.12.2026',
      'Christmas',
    ];
    for (const line of unclear) expect(datesOf(`2026-12-25\n${line}`)).toEqual({ line, why: 'unclear' });
    expect(datesOf('2026-12-24\n2026-12-24 9-12')).toEqual({ line: '2026-12-24 9-12', why: 'twice' });
  });
});
