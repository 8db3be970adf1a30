import { describe, expect, it } from 'vitest';
import { datesOf, datesText, spansOf, spansText, weekText } from './hours';

const NINE_TO_FIVE = { fromMinute: 540, toMinute: 1020 };

describe('the hours of a day', () => {
  it('are typed as stretches, several a day', () => {
    expect(spansOf('9:00-12:30, 13.30 – 17:00')).toEqual([
      { fromMinute: 540, toMinute: 750 },
      { fromMinute: 810, toMinute: 1020 },
    ]);
    expect(spansText(spansOf('22:00-24:00') ?? [])).toBe('22:00-24:00');
  });

  it('are none for an empty text, and nothing where they make no sense', () => {
    expect(spansOf(' ')).toEqual([]);
    for (const text of ['9-17', '17:00-09:00', '09:00-25:00', '09:70-10:00', 'morning'])
      expect(spansOf(text)).toBeNull();
  });
});

describe('a calendar', () => {
  const calendar = {
    zone: 'Europe/Berlin',
    hours: [{ weekday: 1, ...NINE_TO_FIVE }],
    holidays: ['2026-12-25', '2026-12-24'],
    specialDays: [{ date: '2026-12-24', name: 'Christmas Eve', hours: [{ fromMinute: 540, toMinute: 720 }] }],
  };

  it('is shown a line a day', () => {
    expect(weekText(calendar)).toEqual(['09:00-17:00', '', '', '', '', '', '']);
    expect(datesText(calendar)).toBe('2026-12-24 09:00-12:00\n2026-12-25');
  });

  it('comes back as it was, with the names of its days', () => {
    expect(datesOf(datesText(calendar), calendar.specialDays)).toEqual({
      holidays: ['2026-12-25'],
      specialDays: calendar.specialDays,
    });
  });

  it('names the line that can’t be understood', () => {
    expect(datesOf('2026-12-25\n2026-02-30', [])).toEqual({ wrong: '2026-02-30' });
    expect(datesOf('2026-12-24 noon', [])).toEqual({ wrong: '2026-12-24 noon' });
  });
});
