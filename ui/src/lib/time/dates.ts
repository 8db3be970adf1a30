/**
 * Dates as people write them, in English, German and Spanish: "tomorrow 9:00", "am Donnerstag", "el 12 de diciembre". Pure:
 * now and the zone are parameters.
 */
import { atTime, local, ms, type Local } from './local';

export interface FoundDate {
  /** The day, at the time that was said or at midnight. */
  day: Local;
  /** Whether a time of day was said. */
  timed: boolean;
  start: number;
  end: number;
}

const WEEKDAYS: Record<string, number> = {};
const MONTHS: Record<string, number> = {};

function names(table: Record<string, number>, value: number, words: string): void {
  for (const word of words.split(' ')) table[word] = value;
}

names(WEEKDAYS, 1, 'monday mon montag mo lunes lun');
names(WEEKDAYS, 2, 'tuesday tue tues dienstag di martes mar');
names(WEEKDAYS, 3, 'wednesday wed mittwoch mi miércoles miercoles mié mie');
names(WEEKDAYS, 4, 'thursday thu thur thurs donnerstag do jueves jue');
names(WEEKDAYS, 5, 'friday fri freitag fr viernes vie');
names(WEEKDAYS, 6, 'saturday sat samstag sonnabend sa sábado sabado sáb sab');
names(WEEKDAYS, 7, 'sunday sun sonntag so domingo dom');

names(MONTHS, 1, 'january jan januar jänner enero ene');
names(MONTHS, 2, 'february feb februar febrero');
names(MONTHS, 3, 'march mar märz marz mär marzo');
names(MONTHS, 4, 'april apr abril abr');
names(MONTHS, 5, 'may mai mayo');
names(MONTHS, 6, 'june jun juni junio');
names(MONTHS, 7, 'july jul juli julio');
names(MONTHS, 8, 'august aug agosto ago');
names(MONTHS, 9, 'september sep sept septiembre');
names(MONTHS, 10, 'october oct oktober okt octubre');
names(MONTHS, 11, 'november nov noviembre');
names(MONTHS, 12, 'december dec dezember dez diciembre dic');

/** Two letters are words of their own ("so", "do", "mi", "di"): in running text only whole names count. */
const LONG_WEEKDAYS = Object.keys(WEEKDAYS).filter((name) => name.length > 4 || name === 'lunes');
const LONG_MONTHS = Object.keys(MONTHS).filter((name) => name.length > 2);

const alternatives = (words: string[]): string => [...words].sort((a, b) => b.length - a.length).join('|');

const TIME = String.raw`(?:[\s,]+(?:at|um|gegen|a\s+las?)?\s*(\d{1,2})(?:[:.h](\d{2}))?\s*(uhr|am|pm|a\.m\.|p\.m\.|h)?(?![\p{L}\p{N}.]|:\d))?`;

const patterns = (short: boolean): RegExp => {
  const weekdays = alternatives(short ? Object.keys(WEEKDAYS) : LONG_WEEKDAYS);
  const months = alternatives(LONG_MONTHS);
  const day = [
    String.raw`(?<iso>\d{4}-\d{2}-\d{2})`,
    String.raw`(?<dm>\d{1,2}\.\s?\d{1,2}\.(?:\d{4})?|\d{1,2}/\d{1,2}(?:/\d{4})?)`,
    String.raw`(?<dayFirst>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?(?<monthAfter>${months})\.?(?:\s+(?:de\s+)?(?<yearA>\d{4}))?`,
    String.raw`(?<monthBefore>${months})\s+(?<dayAfter>\d{1,2})(?:st|nd|rd|th)?(?!\d|[:.]\d)(?:,?\s+(?<yearB>\d{4}))?`,
    String.raw`(?<overmorrow>the\s+day\s+after\s+tomorrow|übermorgen|uebermorgen|pasado\s+mañana)`,
    String.raw`(?<tomorrow>tomorrow|morgen|mañana)`,
    String.raw`(?<today>today|tonight|this\s+afternoon|heute|hoy|esta\s+tarde)`,
    String.raw`(?<nextWeek>next\s+week|nächste\s+woche|naechste\s+woche|la\s+próxima\s+semana|la\s+semana\s+que\s+viene)`,
    String.raw`(?:(?<next>next|nächsten|nächster|kommenden|próximo)\s+)?(?<weekday>${weekdays})`,
  ].join('|');
  return new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${day})(?![\p{L}\p{N}])${TIME}`, 'giu');
};

const inText = patterns(false);
const inField = patterns(true);

/** Every date in a text, in order. `short` also takes "thu" and "do", which in running text are words of their own. */
export function findDates(text: string, now: number, zone: string, short = false): FoundDate[] {
  const today = atTime(local(now, zone), 0);
  const found: FoundDate[] = [];
  for (const match of text.matchAll(short ? inField : inText)) {
    const day = dayOf(match.groups ?? {}, today);
    if (!day) continue;
    const [hour, minute, suffix] = [match.at(-3), match.at(-2), match.at(-1)];
    const time = timeOf(hour, minute, suffix);
    // "Thu 25:00" is no date, not Thursday.
    if (hour !== undefined && time === null) continue;
    const bare = match[0].replace(/[\s,]+$/, '');
    found.push({
      day: time ? atTime(day, time.hour, time.minute) : day,
      timed: time !== null,
      start: match.index,
      end: match.index + bare.length,
    });
  }
  return found;
}

function timeOf(hour?: string, minute?: string, suffix?: string): { hour: number; minute: number } | null {
  if (hour === undefined) return null;
  let h = Number(hour);
  const half = suffix?.toLowerCase().replaceAll('.', '');
  if (half === 'pm' && h < 12) h += 12;
  if (half === 'am' && h === 12) h = 0;
  const m = minute === undefined ? 0 : Number(minute);
  return h > 23 || m > 59 ? null : { hour: h, minute: m };
}

function dayOf(groups: Record<string, string | undefined>, today: Local): Local | null {
  if (groups.today) return today;
  if (groups.tomorrow) return today.add({ days: 1 });
  if (groups.overmorrow) return today.add({ days: 2 });
  if (groups.nextWeek) return today.add({ days: 8 - today.dayOfWeek });
  if (groups.weekday) {
    const wanted = WEEKDAYS[groups.weekday.toLowerCase()];
    if (wanted === undefined) return null;
    const ahead = (wanted - today.dayOfWeek + 7) % 7 || 7;
    // "Next Friday" on a Wednesday is the one of next week; said on the weekend it is the coming one.
    const skips = groups.next !== undefined && /^next$/i.test(groups.next) && wanted > today.dayOfWeek;
    return today.add({ days: skips ? ahead + 7 : ahead });
  }
  if (groups.iso) {
    const [year, month, day] = groups.iso.split('-').map(Number);
    return dateOf(today, day, month, year);
  }
  if (groups.dm) {
    const [day, month, year] = groups.dm
      .split(/[./]\s?/)
      .filter(Boolean)
      .map(Number);
    return dateOf(today, day, month, year);
  }
  const month = MONTHS[(groups.monthAfter ?? groups.monthBefore ?? '').toLowerCase()];
  const day = Number(groups.dayFirst ?? groups.dayAfter);
  const year = groups.yearA ?? groups.yearB;
  return dateOf(today, day, month, year === undefined ? undefined : Number(year));
}

/** Without a year, the next one that has this date ahead. */
function dateOf(today: Local, day?: number, month?: number, year?: number): Local | null {
  if (day === undefined || month === undefined || Number.isNaN(day) || month < 1 || month > 12 || day < 1)
    return null;
  try {
    const exact = (inYear: number) =>
      today.toPlainDate().with({ year: inYear, month, day }, { overflow: 'reject' });
    let date = exact(year ?? today.year);
    if (year === undefined && date.until(today.toPlainDate(), { largestUnit: 'day' }).days > 0)
      date = exact(today.year + 1);
    return date.toZonedDateTime(today.timeZoneId);
  } catch {
    return null;
  }
}

export { ms };
