/** Why a conversation is in the daily review, in words. */
import { m } from '$lib/paraglide/messages.js';
import type { ReviewDate } from '$lib/api/types/ReviewDate';
import type { ReviewReason } from '$lib/api/types/ReviewReason';
import { firstName, type People } from './people';

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
