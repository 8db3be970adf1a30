/** When an event begins and ends, in words: instants in the reader's zone, days and floating times as they were written. */
import type { EventTime } from '$lib/api/types/EventTime';
import { m } from '$lib/paraglide/messages.js';
import { zone } from './zone.svelte';

const DAY = 86_400_000;
const DATE: Intl.DateTimeFormatOptions = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
};
const CLOCK: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };

/** An instant, and the zone it is to be read in: what has no zone of its own is read in none. */
function read(time: EventTime): { at: number; zone: string; day: boolean } | null {
  const plain = (text: string) => Date.parse(`${text}Z`);
  const found =
    time.type === 'at'
      ? { at: time.at, zone: zone.id, day: false }
      : time.type === 'day'
        ? { at: plain(`${time.day}T00:00`), zone: 'UTC', day: true }
        : { at: plain(time.time), zone: 'UTC', day: false };
  return Number.isNaN(found.at) ? null : found;
}

export function eventSpan(starts: EventTime, ends: EventTime | null): string {
  const from = read(starts);
  if (from === null) return '';
  const format = new Intl.DateTimeFormat(zone.locale, {
    ...DATE,
    ...(from.day ? {} : CLOCK),
    timeZone: from.zone,
  });
  const to = ends === null ? null : read(ends);
  // The end of whole days is the first day after them.
  const last = to === null ? null : to.day ? to.at - DAY : to.at;
  const span = last === null || last <= from.at ? format.format(from.at) : format.formatRange(from.at, last);
  return starts.type === 'local' ? m.event_local_time({ time: span }) : span;
}

/** A day written as YYYY-MM-DD, in words. */
export const dayWords = (day: string): string => eventSpan({ type: 'day', day }, null) || day;
