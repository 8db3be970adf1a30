/** Why a conversation is in the daily review, in words. */
import { m } from '$lib/paraglide/messages.js';
import type { ReviewDate } from '$lib/api/types/ReviewDate';
import type { ReviewReason } from '$lib/api/types/ReviewReason';
import type { ReviewSignOff } from '$lib/api/types/ReviewSignOff';
import type { Settled } from '$lib/api/types/Settled';
import { all, dueWords, number, past, type Tone } from '$lib/time/format';
import { byWhom, firstName, label, toWhom, type People } from './people';

const MINUTE = 60_000;

type Dated = 'owner' | 'answer' | 'followUp' | 'resolution';

const late: Record<Dated, () => string> = {
  owner: m.review_late_owner,
  answer: m.review_late_answer,
  followUp: m.review_late_follow_up,
  resolution: m.review_late_resolution,
};

/** What nobody took is not said to be due: that nobody took it is said. */
const today: Record<Dated, () => string> = {
  owner: m.review_unassigned,
  answer: m.review_today_answer,
  followUp: m.review_today_follow_up,
  resolution: m.review_today_resolution,
};

function dated(what: ReviewDate): Dated {
  if (what.type === 'followUp') return 'followUp';
  return { owner: 'owner', firstResponse: 'answer', nextResponse: 'answer', resolution: 'resolution' }[
    what.kind
  ] as Dated;
}

/** "the follow-up is overdue": a part of a sentence. */
export function reasonWords(reason: ReviewReason, people: People): string {
  switch (reason.type) {
    case 'overdue':
      return late[dated(reason.what)]();
    case 'dueToday':
      return today[dated(reason.what)]();
    case 'unassigned':
      return m.review_unassigned();
    case 'firstResponse':
      return m.review_first_response();
    case 'quiet':
      return m.review_quiet();
    case 'blocked':
      return m.review_blocked({
        name: reason.on === null ? (reason.address ?? m.somebody()) : firstName(people, reason.on),
      });
  }
}

export interface ReasonTime {
  text: string;
  tone: Tone;
  at: number;
}

/** "2 d late", "in 38 min", "since Mon 16:41". */
export function reasonTime(reason: ReviewReason): ReasonTime {
  switch (reason.type) {
    case 'overdue':
    case 'dueToday':
      return { ...dueWords(reason.due), at: reason.due };
    default:
      return { text: m.review_since({ when: past(reason.since) }), tone: 'calm', at: reason.since };
  }
}

/** What became of a row, and by whom. */
export function settledWords(settled: Settled, people: People): string {
  switch (settled.type) {
    case 'done':
      return m.review_settled_done();
    case 'fine':
      return m.review_settled_fine({ by: byWhom(people, settled.by) });
    case 'nudged':
      return m.review_settled_nudged({ to: label(people, settled.to), by: byWhom(people, settled.by) });
    case 'assigned':
      return m.review_settled_assigned({ to: toWhom(people, settled.to) });
    case 'elsewhere':
      return m.review_settled_elsewhere();
  }
}

/** "7 of 23 · 4 min": how far, and for how long. */
export const progressWords = (settled: number, of: number, tookMs: number): string =>
  m.review_progress({
    done: number(settled),
    of: number(of),
    minutes: number(Math.max(1, Math.round(tookMs / MINUTE))),
  });

/** "23 looked at, 2 left · 4 min · Sales and Support": what a sign-off says besides who and when. */
export function signOffWords(signOff: ReviewSignOff, people: People): string {
  const names = signOff.inboxes
    .map((inbox) => people.inbox?.(inbox)?.name)
    .filter((name) => name !== undefined);
  const parts = [
    progressWords(signOff.settled, signOff.listed, signOff.tookMs),
    signOff.listed > signOff.settled ? m.review_left({ count: signOff.listed - signOff.settled }) : '',
    all(names),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
