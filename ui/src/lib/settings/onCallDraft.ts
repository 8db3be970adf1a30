/** A rota while it is edited: what was typed stays as typed, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { Inbox } from '$lib/api/types/Inbox';
import type { Member } from '$lib/api/types/Member';
import type { MemberId } from '$lib/api/types/MemberId';
import type { OnCallRota } from '$lib/api/types/OnCallRota';
import { isZone } from '$lib/time/zone.svelte';

/** What the server takes. */
export const TURN_MOST = 60;
const DAY_MINUTES = 24 * 60;

export interface OverrideDraft {
  /** Tells days apart while they are added and removed. */
  key: number;
  date: string;
  member: MemberId;
}

export interface RotaDraft {
  zone: string;
  members: MemberId[];
  /** As a date field has it. */
  firstDay: string;
  /** As a time field has it. */
  handover: string;
  daysEach: string;
  overrides: OverrideDraft[];
}

let keys = 0;

export const newOverride = (date: string, member: MemberId): OverrideDraft => ({
  key: (keys += 1),
  date,
  member,
});

const two = (n: number) => String(n).padStart(2, '0');

/** "09:00" */
export const minuteText = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;

/** A week each, from `monday` on, in the inbox's zone. */
export const newRota = (zone: string, firstDay: string): RotaDraft => ({
  zone,
  members: [],
  firstDay,
  handover: '09:00',
  daysEach: '7',
  overrides: [],
});

export const draftOfRota = (rota: OnCallRota): RotaDraft => ({
  zone: rota.zone,
  members: [...rota.members],
  firstDay: rota.firstDay,
  handover: minuteText(rota.handoverMinute),
  daysEach: String(rota.daysEach),
  overrides: rota.overrides.map((day) => newOverride(day.date, day.member)),
});

export const zoneProblem = (draft: RotaDraft): string | null =>
  isZone(draft.zone.trim()) ? null : m.zone_unknown();

export const membersProblem = (draft: RotaDraft): string | null =>
  draft.members.length === 0 ? m.escalation_nobody_named() : null;

export const firstDayProblem = (draft: RotaDraft): string | null =>
  draft.firstDay === '' ? m.on_call_day_wrong() : null;

export function minuteOf(text: string): number | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const minute = found ? Number(found[1]) * 60 + Number(found[2]) : DAY_MINUTES;
  return found && Number(found[2]) < 60 && minute < DAY_MINUTES ? minute : null;
}

export const handoverProblem = (draft: RotaDraft): string | null =>
  minuteOf(draft.handover) === null ? m.on_call_handover_wrong() : null;

export function daysProblem(draft: RotaDraft): string | null {
  const days = /^\d{1,2}$/.test(draft.daysEach.trim()) ? Number(draft.daysEach) : 0;
  return days >= 1 && days <= TURN_MOST ? null : m.on_call_days_wrong({ most: TURN_MOST });
}

/** A day that is none, or that is there twice. */
export function overrideProblem(draft: RotaDraft, day: OverrideDraft): string | null {
  if (day.date === '') return m.on_call_day_wrong();
  const twice = draft.overrides.some((other) => other.key < day.key && other.date === day.date);
  return twice ? m.on_call_day_twice() : null;
}

/** What was typed, for the server; nothing while something in it is wrong. */
export function rotaOf(draft: RotaDraft): OnCallRota | null {
  const problems = [zoneProblem, membersProblem, firstDayProblem, handoverProblem, daysProblem];
  const handoverMinute = minuteOf(draft.handover);
  const sound =
    problems.every((problem) => problem(draft) === null) &&
    draft.overrides.every((day) => overrideProblem(draft, day) === null);
  if (!sound || handoverMinute === null) return null;
  return {
    zone: draft.zone.trim(),
    members: [...draft.members],
    firstDay: draft.firstDay,
    handoverMinute,
    daysEach: Number(draft.daysEach),
    overrides: draft.overrides.map(({ date, member }) => ({ date, member })),
  };
}

/** Who can be on call: whoever works in the inbox, and whoever was chosen before. */
export const callable = (inbox: Inbox, members: Member[], chosen: MemberId[]): Member[] =>
  members.filter(
    (member) =>
      chosen.includes(member.id) ||
      (member.active &&
        (member.role === 'manager' ||
          member.role === 'admin' ||
          inbox.access.some(
            (access) => access.member === member.id && access.capabilities.includes('work'),
          ))),
  );
