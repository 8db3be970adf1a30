/** Business days as the domain counts them: whole days, the time of day kept, moved to opening time where closed. */
import type { BusinessCalendar } from '$lib/api/types/BusinessCalendar';
import { atTime, local, ms, type Local } from './local';

/** The furthest a search for an open day goes. */
const HORIZON_DAYS = 800;

/** The calendar of somebody whose inbox has none: Monday to Friday, nine to five, in their zone. */
export function weekdays(zone: string): BusinessCalendar {
  return {
    zone,
    hours: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, fromMinute: 540, toMinute: 1020 })),
    holidays: [],
  };
}

interface Span {
  from: number;
  to: number;
}

function spans(calendar: BusinessCalendar, day: Local): Span[] {
  const date = day.toPlainDate().toString();
  const own = calendar.specialDays?.find((special) => special.date === date);
  if (own) {
    return own.hours
      .map((hours) => ({ from: hours.fromMinute, to: hours.toMinute }))
      .sort((a, b) => a.from - b.from);
  }
  if (calendar.holidays.includes(date)) return [];
  return calendar.hours
    .filter((hours) => hours.weekday === day.dayOfWeek)
    .map((hours) => ({ from: hours.fromMinute, to: hours.toMinute }))
    .sort((a, b) => a.from - b.from);
}

/** The next day after `day` with business, or the day after it where there is none at all. */
function nextOpenDay(calendar: BusinessCalendar, day: Local): Local {
  for (let n = 1; n <= HORIZON_DAYS; n += 1) {
    const candidate = day.add({ days: n });
    if (spans(calendar, candidate).length > 0) return candidate;
  }
  return day.add({ days: 1 });
}

/** `days` business days after `from`. Thu 15:20 + 2 is Mon 15:20. */
export function addBusinessDays(calendar: BusinessCalendar, from: number, days: number): number {
  let day = local(from, calendar.zone);
  for (let n = 0; n < days; n += 1) day = nextOpenDay(calendar, day);
  return ms(moveIntoHours(calendar, day));
}

/** The same instant if there is business then, else the next opening. */
function moveIntoHours(calendar: BusinessCalendar, at: Local): Local {
  const minute = at.hour * 60 + at.minute;
  const today = spans(calendar, at);
  const open = today.find((span) => minute < span.to);
  if (open) return minute >= open.from ? at : atMinute(at, open.from);
  const next = nextOpenDay(calendar, at);
  const first = spans(calendar, next)[0];
  return first ? atMinute(next, first.from) : at;
}

/** `at` where there is business then, else the next opening. */
export const openFrom = (calendar: BusinessCalendar, at: number): number =>
  ms(moveIntoHours(calendar, local(at, calendar.zone)));

/** The opening of the first business day on or after `day`. */
export function openingOn(calendar: BusinessCalendar, at: number): number {
  const day = local(at, calendar.zone);
  const first = spans(calendar, day)[0];
  return ms(moveIntoHours(calendar, first ? atMinute(day, first.from) : day));
}

function atMinute(day: Local, minute: number): Local {
  return atTime(day, Math.floor(minute / 60), minute % 60);
}
