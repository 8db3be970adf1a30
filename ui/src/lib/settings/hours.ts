/**
 * Business hours as people type them: "09:00-12:30, 13:30-17:00", and dates as "2026-12-25 Christmas Day" (a day off) or
 * "2026-12-24 09:00-12:00 Christmas Eve". Dates are the inbox's own: they have no zone.
 */
import { m } from '$lib/paraglide/messages.js';
import type { BusinessCalendar } from '$lib/api/types/BusinessCalendar';
import type { DayHours } from '$lib/api/types/DayHours';
import type { SpecialDay } from '$lib/api/types/SpecialDay';
import { calendarDay, capital } from '$lib/time/format';
import { zone } from '$lib/time/zone.svelte';

const DAY_MINUTES = 24 * 60;
const CLOCK = String.raw`(\d{1,2})(?:[:.](\d{2}))?`;
const SPAN = new RegExp(`^${CLOCK}\\s*[-–]\\s*${CLOCK}$`);
const SPANS = String.raw`[\d:.]+\s*[-–]\s*[\d:.]+(?:\s*,\s*[\d:.]+\s*[-–]\s*[\d:.]+)*`;
/** A date, its hours where it has some, and its name, which is no time. */
const DATE = new RegExp(String.raw`^(\d{4}-\d{2}-\d{2})(?:\s+(${SPANS}))?(?:\s+(\D.*))?$`);

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
    const [fromHour = 0, from = 0, toHour = 0, to = 0] = found.slice(1).map((digits) => Number(digits ?? 0));
    const span = { fromMinute: fromHour * 60 + from, toMinute: toHour * 60 + to };
    if (from > 59 || to > 59 || span.fromMinute >= span.toMinute || span.toMinute > DAY_MINUTES) return null;
    spans.push(span);
  }
  return spans;
}

/** The same, to be read. */
export const spansWords = (spans: DayHours[]): string => spansText(spans).replaceAll('-', '–');

/** A week, a text a day. */
export const weekText = (calendar: BusinessCalendar): string[] =>
  weekdays.map((weekday) => spansText(calendar.hours.filter((hours) => hours.weekday === weekday)));

/** Days of the week with the same hours as one: "Monday to Friday", "09:00–17:00". */
export function weekWords(calendar: BusinessCalendar): { days: string; hours: string }[] {
  const runs: { from: number; to: number; hours: string }[] = [];
  for (const weekday of weekdays) {
    const hours = spansWords(calendar.hours.filter((one) => one.weekday === weekday));
    const last = runs.at(-1);
    if (hours === '') continue;
    if (last?.to === weekday - 1 && last.hours === hours) last.to = weekday;
    else runs.push({ from: weekday, to: weekday, hours });
  }
  return runs.map(({ from, to, hours }) => ({ days: daysWords(from, to), hours }));
}

function daysWords(from: number, to: number): string {
  const first = weekdayName(from);
  return capital(from === to ? first : m.hours_days({ from: first, to: weekdayName(to) }));
}

/** Days off and dates with hours of their own, by date. Hours of their own win over a day off. */
export function datesOfCalendar(calendar: BusinessCalendar): SpecialDay[] {
  const special = calendar.specialDays ?? [];
  const off = calendar.holidays.filter((date) => !special.some((day) => day.date === date));
  return [...off.map((date): SpecialDay => ({ date, name: '', hours: [] })), ...special].sort((a, b) =>
    a.date.localeCompare(b.date),
  );
}

/** The same, one a line, as typed. */
export const datesText = (calendar: BusinessCalendar): string =>
  datesOfCalendar(calendar)
    .map((day) => [day.date, spansText(day.hours), day.name].filter((part) => part !== '').join(' '))
    .join('\n');

/** The same from `today` on, to be read: "Thu, 24 Dec · 09:00–12:00 · Christmas Eve". */
export const datesWords = (calendar: BusinessCalendar, today: string): string[] =>
  datesOfCalendar(calendar)
    .filter((day) => day.date >= today)
    .map((day) =>
      [calendarDay(day.date, today), spansWords(day.hours), day.name]
        .filter((part) => part !== '')
        .join(' · '),
    );

/** What the lines say; or what is wrong with the first that can't be understood. */
export function datesOf(
  text: string,
): { holidays: string[]; specialDays: SpecialDay[] } | { line: string; why: 'unclear' | 'twice' } {
  const holidays: string[] = [];
  const specialDays: SpecialDay[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    const [, date, hours = '', name = ''] = DATE.exec(line) ?? [];
    const spans = spansOf(hours);
    if (date === undefined || spans === null || !isDate(date)) return { line, why: 'unclear' };
    if (seen.has(date)) return { line, why: 'twice' };
    seen.add(date);
    if (spans.length === 0 && name === '') holidays.push(date);
    else specialDays.push({ date, name, hours: spans });
  }
  return { holidays, specialDays };
}

function isDate(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
