/** Every date, number and amount in the window, in the person's language and zone. */
import { m } from '$lib/paraglide/messages.js';
import type { Money } from '$lib/api/types/Money';
import { clock } from './clock.svelte';
import { daysBetween, local } from './local';
import { zone } from './zone.svelte';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How pressing a date is. */
export type Tone = 'late' | 'soon' | 'calm';

export interface DueWords {
  text: string;
  tone: Tone;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = `${zone.locale}|${zone.id}|${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(zone.locale, { ...options, timeZone: zone.id });
    formats.set(key, made);
  }
  return made.format(at);
}

/** "15:20" */
export const timeOfDay = (at: number): string => format(at, { hour: 'numeric', minute: '2-digit' });

/** "Thu" */
const weekday = (at: number): string => format(at, { weekday: 'short' });

/** "12 Dec", with the year where it is another one. */
export function dayOfYear(at: number, now: number): string {
  const sameYear = local(at, zone.id).year === local(now, zone.id).year;
  return format(at, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** A date of a calendar, which has no zone: "Thu, 24 Dec", with the year where it is not today's. Both as YYYY-MM-DD. */
export function calendarDay(date: string, today: string): string {
  const year = date.slice(0, 4) === today.slice(0, 4) ? undefined : 'numeric';
  const options = { weekday: 'short', day: 'numeric', month: 'short', year, timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(zone.locale, options).format(Date.parse(date));
}

/** "Thursday, 26 November 2026 at 15:20 CET": what a hover shows. */
export const absolute = (at: number): string =>
  format(at, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  });

/** A date to come or just past, as people say it: "today 15:00", "tomorrow 9:00", "Thu 15:00", "12 Dec 9:00". */
export function when(at: number, now: number = clock.now): string {
  const days = daysBetween(now, at, zone.id);
  const time = timeOfDay(at);
  if (days === 0) return m.when_today({ time });
  if (days === 1) return m.when_tomorrow({ time });
  if (days === -1) return m.when_yesterday({ time });
  if (days > 1 && days < 7) return m.when_weekday({ weekday: weekday(at), time });
  return m.when_date({ date: dayOfYear(at, now), time });
}

/** The same for the past, on its own: "14:19", "Yesterday 16:41", "Mon 16:41", "12 Nov 16:41". */
export const stamp = (at: number, now: number = clock.now): string => capital(past(at, now));

/** A date in the past within a sentence, where a weekday means the last one: "14:19", "yesterday 16:41", "Mon 16:41". */
export function past(at: number, now: number = clock.now): string {
  const days = daysBetween(now, at, zone.id);
  const time = timeOfDay(at);
  if (days === 0) return time;
  if (days === -1) return m.when_yesterday({ time });
  if (days < 0 && days > -7) return m.when_weekday({ weekday: weekday(at), time });
  return m.when_date({ date: dayOfYear(at, now), time });
}

/** The short stamp of a list: "14:19", "Yesterday", "Mon", "12 Nov". */
export function shortStamp(at: number, now: number = clock.now): string {
  const days = daysBetween(now, at, zone.id);
  if (days === 0) return timeOfDay(at);
  if (days === -1) return m.yesterday();
  if (days < 0 && days > -7) return weekday(at);
  return dayOfYear(at, now);
}

/** When something is due, as a list says it: "3 d late", "in 38 min", "15:20", "tomorrow 9:00", "Thu 15:00". */
export function dueWords(due: number, now: number = clock.now): DueWords {
  const left = due - now;
  if (left < 0) return { text: m.late_by({ span: span(-left) }), tone: 'late' };
  if (left < HOUR) return { text: m.in_span({ span: span(left) }), tone: 'soon' };
  const days = daysBetween(now, due, zone.id);
  if (days === 0) {
    return { text: left < 4 * HOUR ? m.in_span({ span: span(left) }) : timeOfDay(due), tone: 'calm' };
  }
  if (days < 7) return { text: when(due, now), tone: 'calm' };
  return { text: dayOfYear(due, now), tone: 'calm' };
}

/** "4 s ago", "3 min ago", "2 h ago", "3 d ago". */
export function ago(at: number, now: number = clock.second): string {
  const past = now - at;
  return past < SECOND ? m.just_now() : m.ago({ span: span(past) });
}

/** "in 8 s", by the second. */
export function countdown(until: number, now: number = clock.second): string {
  return m.in_span({ span: span(Math.max(0, until - now), true) });
}

/** A length of time in its largest unit: "8 s", "38 min", "5 h", "3 d". Counting down rounds up. */
function span(length: number, up = false): string {
  const round = up ? Math.ceil : Math.floor;
  if (length < MINUTE) return m.span_seconds({ n: number(round(length / SECOND)) });
  if (length < HOUR) return m.span_minutes({ n: number(round(length / MINUTE)) });
  if (length < DAY) return m.span_hours({ n: number(Math.round(length / HOUR)) });
  return m.span_days({ n: number(Math.floor(length / DAY)) });
}

/** "1,234" */
export const number = (value: number): string => new Intl.NumberFormat(zone.locale).format(value);

/** "€18,000" */
export function money(amount: Money): string {
  const whole = amount.cents % 100 === 0;
  try {
    return new Intl.NumberFormat(zone.locale, {
      style: 'currency',
      currency: amount.currency,
      minimumFractionDigits: whole ? 0 : 2,
      maximumFractionDigits: whole ? 0 : 2,
    }).format(amount.cents / 100);
  } catch {
    return `${number(amount.cents / 100)} ${amount.currency}`;
  }
}

/** "1.4 MB" */
export function bytes(size: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let value = size;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return new Intl.NumberFormat(zone.locale, {
    style: 'unit',
    unit: units[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value);
}

/** "Anna, Ben and Mira" */
export const all = (names: string[]): string =>
  new Intl.ListFormat(zone.locale, { style: 'long', type: 'conjunction' }).format(names);

/** A sentence begins with a capital letter. */
export const capital = (text: string): string =>
  text.length === 0 ? text : text.charAt(0).toLocaleUpperCase(zone.locale) + text.slice(1);
