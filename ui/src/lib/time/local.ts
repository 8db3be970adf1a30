/** Calendar arithmetic in a zone, exact over changes of clocks: the one place that knows Temporal. */
import { Temporal } from 'temporal-polyfill';

export type Local = Temporal.ZonedDateTime;

/** An instant as wall-clock time in a zone. */
export function local(at: number, zoneId: string): Local {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zoneId);
}

/** The same day at another time; a time that is skipped by a change of clocks moves to the first after the gap. */
export function atTime(day: Local, hour: number, minute = 0): Local {
  return day.with({ hour, minute, second: 0, millisecond: 0, microsecond: 0, nanosecond: 0 });
}

/** Whole calendar days from `a` to `b` in a zone: 0 today, 1 tomorrow, -1 yesterday. */
export function daysBetween(a: number, b: number, zoneId: string): number {
  return local(a, zoneId).toPlainDate().until(local(b, zoneId).toPlainDate(), { largestUnit: 'day' }).days;
}

export const ms = (day: Local): number => day.epochMilliseconds;

/** "2026-12-24T09:00": an instant as a field for date and time has it. */
export const wallText = (at: number, zoneId: string): string =>
  local(at, zoneId).toPlainDateTime().toString({ smallestUnit: 'minute' });

/** The instant such a field means; `null` for what is none. */
export function atWall(text: string, zoneId: string): number | null {
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zoneId).epochMilliseconds;
  } catch {
    return null;
  }
}
