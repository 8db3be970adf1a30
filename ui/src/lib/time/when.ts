/** Instants in words: what a person types into a date field, and what is offered to pick. */
import type { BusinessCalendar } from '$lib/api/types/BusinessCalendar';
import { m } from '$lib/paraglide/messages.js';
import { addBusinessDays, openingOn, weekdays } from './business';
import { findDates } from './dates';
import { atTime, local, ms } from './local';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MORNING = 9;
const AFTERNOON = 15;

export interface Preset {
  label: string;
  at: number;
}

/** The usual choices, soonest first; those that are already past are left out. */
export function presets(now: number, zone: string, calendar: BusinessCalendar = weekdays(zone)): Preset[] {
  const today = local(now, zone);
  const morning = (days: number) => ms(atTime(today.add({ days }), MORNING));
  const monday = ((8 - today.dayOfWeek) % 7) + (today.dayOfWeek === 1 ? 7 : 0);
  const all: Preset[] = [
    { label: m.preset_in_hours({ n: 1 }), at: roundUp(now + HOUR) },
    { label: m.preset_in_hours({ n: 3 }), at: roundUp(now + 3 * HOUR) },
    { label: m.preset_this_afternoon(), at: ms(atTime(today, AFTERNOON)) },
    { label: m.preset_tomorrow(), at: morning(1) },
    { label: m.preset_business_days({ n: 2 }), at: addBusinessDays(calendar, now, 2) },
    { label: m.preset_monday(), at: morning(monday) },
    { label: m.preset_in_a_week(), at: openingOn(calendar, morning(7)) },
  ];
  return all
    .filter(
      (preset, index) =>
        preset.at > now + 20 * MINUTE &&
        all.findIndex((other) => Math.abs(other.at - preset.at) < MINUTE) === index,
    )
    .sort((a, b) => a.at - b.at);
}

/** To the next five minutes: nobody wants to be reminded at 14:37:21. */
const roundUp = (at: number): number => Math.ceil(at / (5 * MINUTE)) * 5 * MINUTE;

const HOURS = String.raw`(?:h|hrs?|hours?|std|stunden?|horas?)`;
const MINUTES = String.raw`(?:m|min|mins|minutes?|minuten?|minutos?)`;
const DAYS = String.raw`(?:d|days?|tage?n?|días?|dias?)`;
const WEEKS = String.raw`(?:w|wk|weeks?|wochen?|semanas?)`;
const BUSINESS = String.raw`(?:bd|business\s+days?|working\s+days?|werktage?n?|arbeitstage?n?|días?\s+(?:laborables?|hábiles?))`;

const relative = new RegExp(
  String.raw`^(?:\+|in\s+|en\s+)?(\d{1,3}(?:[.,]\d)?)\s*(?:(${BUSINESS})|(${HOURS})|(${MINUTES})|(${DAYS})|(${WEEKS}))$`,
  'iu',
);

/** "in 2 h", "+2 business days", "thu 15:00", "morgen", "15:00"; `null` where it says no instant to come. */
export function parseWhen(
  text: string,
  now: number,
  zone: string,
  calendar: BusinessCalendar = weekdays(zone),
): number | null {
  const typed = text.trim().toLowerCase();
  if (typed === '') return null;
  const span = relative.exec(typed);
  if (span) return afterSpan(span, now, zone, calendar);
  const clockTime =
    /^(?:at\s+|um\s+|a\s+las?\s+)?(\d{1,2})[:.h](\d{2})\s*(uhr|am|pm)?$|^(\d{1,2})\s*(uhr|am|pm|h)$/iu.exec(
      typed,
    );
  if (clockTime) {
    let hour = Number(clockTime[1] ?? clockTime[4]);
    const half = clockTime[3] ?? clockTime[5];
    if (half === 'pm' && hour < 12) hour += 12;
    const minute = Number(clockTime[2] ?? 0);
    if (hour > 23 || minute > 59) return null;
    const today = ms(atTime(local(now, zone), hour, minute));
    return today > now ? today : ms(atTime(local(now, zone).add({ days: 1 }), hour, minute));
  }
  const found = findDates(typed, now, zone, true)[0];
  if (!found) return null;
  // Whatever else was typed is not understood, so the whole is not.
  const rest = (typed.slice(0, found.start) + typed.slice(found.end)).trim();
  if (!/^(?:on|by|until|till|el|la|los|para|am|bis|zum|ab|der|den)?(?:\s+(?:the|zum|el))?$/u.test(rest))
    return null;
  const at = found.timed ? ms(found.day) : ms(atTime(found.day, MORNING));
  if (at > now) return at;
  // "Today" without a time, in the afternoon: before the day ends.
  const tonight = ms(atTime(found.day, 17));
  return !found.timed && tonight > now ? tonight : null;
}

function afterSpan(span: RegExpExecArray, now: number, zone: string, calendar: BusinessCalendar): number {
  const n = Number((span[1] ?? '0').replace(',', '.'));
  if (span[2]) return addBusinessDays(calendar, now, Math.round(n));
  if (span[3]) return roundUp(now + n * HOUR);
  if (span[4]) return roundUp(now + n * MINUTE);
  const days = Math.round(span[5] ? n : n * 7);
  return ms(atTime(local(now, zone).add({ days }), MORNING));
}
