/** A calendar while it is edited: what was typed stays as typed, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { BusinessCalendar } from '$lib/api/types/BusinessCalendar';
import { isZone } from '$lib/time/zone.svelte';
import { datesOf, datesText, spansOf, weekdays, weekText } from './hours';

export interface CalendarDraft {
  zone: string;
  /** A text a day, Monday first. */
  week: string[];
  /** A date a line. */
  dates: string;
}

export const draftOfCalendar = (calendar: BusinessCalendar): CalendarDraft => ({
  zone: calendar.zone,
  week: weekText(calendar),
  dates: datesText(calendar),
});

export const zoneProblem = (draft: CalendarDraft): string | null =>
  isZone(draft.zone.trim()) ? null : m.zone_unknown();

/** What is wrong with a day; that no day has hours is said at Monday. */
export function dayProblem(draft: CalendarDraft, weekday: number): string | null {
  const spans = draft.week.map(spansOf);
  if (spans[weekday - 1] === null) return m.hours_wrong();
  return weekday === 1 && spans.every((day) => day?.length === 0) ? m.hours_never() : null;
}

export function datesProblem(draft: CalendarDraft): string | null {
  const dates = datesOf(draft.dates);
  if (!('why' in dates)) return null;
  return dates.why === 'twice'
    ? m.hours_date_twice({ what: dates.line })
    : m.hours_date_wrong({ what: dates.line });
}

/** What was typed; nothing while something in it is wrong. */
export function calendarOf(draft: CalendarDraft): BusinessCalendar | null {
  const dates = datesOf(draft.dates);
  if (zoneProblem(draft) !== null || dayProblem(draft, 1) !== null || 'why' in dates) return null;
  const hours: BusinessCalendar['hours'] = [];
  for (const weekday of weekdays) {
    const spans = spansOf(draft.week[weekday - 1] ?? '');
    if (!spans) return null;
    hours.push(...spans.map((span) => ({ weekday, ...span })));
  }
  return { zone: draft.zone.trim(), hours, ...dates };
}
