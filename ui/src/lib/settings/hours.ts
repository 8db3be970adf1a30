/** Business hours as people type them: "09:00-12:30, 13:30-17:00", and dates with "2026-12-24 09:00-12:00". */
import type { BusinessCalendar } from '$lib/api/types/BusinessCalendar';
import type { DayHours } from '$lib/api/types/DayHours';
import type { SpecialDay } from '$lib/api/types/SpecialDay';
import { zone } from '$lib/time/zone.svelte';

const DAY_MINUTES = 24 * 60;
const SPAN = /^(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})$/;
const DATE = /^(\d{4}-\d{2}-\d{2})(?:\s+(.+))?$/;

/** Monday first, as calendars count. */
export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const;

/** A weekday's name in the window's language. */
export const weekdayName = (weekday: number): string =>
  // 1 January 2024 was a Monday.
  new Intl.DateTimeFormat(zone.locale, { weekday: 'long', timeZone: 'UTC' }).format(
    Date.UTC(2024, 0, weekday),
  );

const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Stretches of a day, as typed. */
export const spansText = (spans: DayHours[]): string =>
  spans.map((span) => `${clockText(span.fromMinute)}-${clockText(span.toMinute)}`).join(', ');

/** What a text says of a day: nothing for a day without business, `null` where it can't be understood. */
export function spansOf(text: string): DayHours[] | null {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const spans: DayHours[] = [];
  for (const part of parts) {
    const found = SPAN.exec(part);
    if (!found) return null;
    const [fromHour = 0, from = 0, toHour = 0, to = 0] = found.slice(1).map(Number);
    const span = { fromMinute: fromHour * 60 + from, toMinute: toHour * 60 + to };
    if (from > 59 || to > 59 || span.fromMinute >= span.toMinute || span.toMinute > DAY_MINUTES) return null;
    spans.push(span);
  }
  return spans;
}

/** A week, a text a day. */
export const weekText = (calendar: BusinessCalendar): string[] =>
  weekdays.map((weekday) => spansText(calendar.hours.filter((hours) => hours.weekday === weekday)));

/** Days off, and dates with hours of their own: one a line, by date. */
export function datesText(calendar: BusinessCalendar): string {
  const special = calendar.specialDays ?? [];
  const off = calendar.holidays.filter((date) => !special.some((day) => day.date === date));
  return [...off, ...special.map((day) => `${day.date} ${spansText(day.hours)}`.trim())].sort().join('\n');
}

/** What the lines say; or the first that can't be understood. */
export function datesOf(
  text: string,
  known: SpecialDay[],
): { holidays: string[]; specialDays: SpecialDay[] } | { wrong: string } {
  const holidays: string[] = [];
  const specialDays: SpecialDay[] = [];
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    const [, date, hours] = DATE.exec(line) ?? [];
    const spans = spansOf(hours ?? '');
    if (date === undefined || spans === null || !isDate(date)) return { wrong: line };
    if (spans.length === 0) holidays.push(date);
    else specialDays.push({ date, name: known.find((day) => day.date === date)?.name ?? '', hours: spans });
  }
  return { holidays, specialDays };
}

function isDate(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
