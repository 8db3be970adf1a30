/** What happened in a conversation, as one short phrase; nothing for what other lines of the thread already say. */
import { m } from '$lib/paraglide/messages.js';
import type { Cause } from '$lib/api/types/Cause';
import type { Event } from '$lib/api/types/Event';
import type { LogEntry } from '$lib/api/types/LogEntry';
import type { OwnerChange } from '$lib/api/types/OwnerChange';
import type { MemberId } from '$lib/api/types/MemberId';
import { clockName } from '$lib/time/clocks';
import { absolute, all, money, when } from '$lib/time/format';
import { detailWords } from './details';
import { categoryName, outcomeName, priorityName, statusName } from './labels';
import { shownName } from './statuses';
import { askedWords, byWhom, firstName, fullName, label, toWhom, type People } from './people';
import { reasonWords } from './review';

/** A phrase for an entry of the log, or `null` where it is not worth a line. */
export function eventWords(entry: LogEntry, people: People): string | null {
  if (entry.body.type !== 'conversation') return null;
  const actor = entry.actor.type === 'member' ? entry.actor.id : null;
  return phrase(entry.body.event, actor, people);
}

function phrase(event: Event, actor: MemberId | null, people: People): string | null {
  const by = byWhom(people, actor);
  switch (event.type) {
    case 'created':
      return event.history ? m.event_created_history() : m.event_created({ number: `#${event.number}` });
    case 'ownerChanged':
      return ownerPhrase(event.owner, event.how, by, people);
    case 'handoffOffered':
      return m.event_handoff_offered({
        to: toWhom(people, event.offer.to),
        by: byWhom(people, event.offer.from),
      });
    case 'handoffEnded':
      return {
        accepted: null,
        declined: event.reason
          ? m.event_handoff_declined_because({ by, reason: event.reason })
          : m.event_handoff_declined({ by }),
        lapsed: m.event_handoff_lapsed(),
        withdrawn: m.event_handoff_withdrawn(),
      }[event.how];
    case 'movedIn': {
      const from = people.inbox?.(event.from)?.name;
      return from === undefined ? m.event_moved_from_elsewhere({ by }) : m.event_moved({ inbox: from, by });
    }
    case 'merged':
      return m.event_merged({ number: `#${event.number}`, by });
    case 'unmerged':
      return event.answered === undefined ? m.event_unmerged({ by }) : m.event_unmerged_answered({ by });
    case 'absorbed':
      return m.event_absorbed({
        number: `#${event.part.number}`,
        subject: event.part.subject || m.no_subject(),
        by,
      });
    case 'splitOff':
      return m.event_split_off({ count: event.messages.length, number: `#${event.number}`, by });
    case 'splitFrom':
      return m.event_split_from({ number: `#${event.number}`, by });
    case 'letGo':
      return m.event_let_go({ number: `#${event.number}`, by });
    case 'keptApart':
      return m.event_kept_apart({ by });
    case 'followed':
      return m.event_followed({ by: byWhom(people, event.member) });
    case 'unfollowed':
      return null;
    case 'statusChanged':
      return event.cause === 'person' ? m.event_status({ status: statusName[event.status](), by }) : null;
    case 'statusNamed':
      return event.shown === undefined ? null : m.event_status_named({ status: shownName(event.shown), by });
    case 'fieldsChanged':
      return fieldsPhrase(event, by);
    case 'tagged':
      return m.event_tagged({ tag: event.tag, by });
    case 'untagged':
      return m.event_untagged({ tag: event.tag, by });
    case 'nextStepSet':
      if (!isSaid(event.cause)) return null;
      return event.step === null
        ? m.event_next_step_cleared({ by })
        : m.event_next_step({ text: event.step.text, by });
    case 'followUpSet':
      if (!isSaid(event.cause)) return null;
      return event.followUp === null
        ? m.event_follow_up_done({ by })
        : m.event_follow_up({ when: when(event.followUp.due), by });
    case 'cameDue':
      return {
        followUp: m.event_came_due(),
        closing: m.event_closing_due(),
        resolved: m.event_resolved_over(),
        snooze: m.event_snooze_over(),
        handoff: null,
        escalation: null,
        clockWarning: null,
        clockBreach: null,
        targets: null,
      }[event.what];
    case 'escalated':
      return escalatedPhrase(event, people);
    case 'told':
      return m.event_told({ rule: event.name, names: all(event.members.map((id) => toWhom(people, id))) });
    case 'escalationPassedOn':
      return m.event_escalation_passed_on({ to: askedWords(event.asked, people) });
    case 'escalationAcknowledged':
      return m.event_escalation_acknowledged({ by: label(people, event.by) });
    case 'escalationEnded':
      // What else ended it is a line of its own.
      return event.how === 'notNeeded' ? m.event_escalation_not_needed() : null;
    case 'blocked':
      return m.event_blocked({
        name: event.blocked.on === null ? (event.blocked.address ?? '') : firstName(people, event.blocked.on),
        text: event.blocked.text,
      });
    case 'unblocked':
      return m.event_unblocked({ by });
    case 'snoozed':
      return event.snooze.until === null
        ? m.event_snoozed_until_reply({ by })
        : m.event_snoozed({ when: when(event.snooze.until), by });
    case 'woken':
      return event.cause === 'person' ? m.event_woken({ by }) : null;
    case 'closed':
      return event.closing.reason
        ? m.event_closed_because({
            outcome: outcomeName[event.closing.outcome](),
            reason: event.closing.reason,
            by,
          })
        : actor === null
          ? m.event_closed_by_itself({ outcome: outcomeName[event.closing.outcome]() })
          : m.event_closed({ outcome: outcomeName[event.closing.outcome](), by });
    case 'reopened':
      return event.cause === 'person' ? m.event_reopened({ by }) : m.event_reopened_by_message();
    case 'noReplyNeeded':
      return m.event_no_reply_needed({ by });
    case 'unseenSettled':
      return event.by === null
        ? m.event_unseen_nobody({ by })
        : m.event_unseen_settled({ name: fullName(people, event.by), by });
    case 'alsoReceived':
      return m.event_also_received({ address: event.source.address });
    case 'lockReleased':
      return event.why === 'takenOver' ? m.event_taken_over({ by }) : null;
    case 'outboundSettled':
      return {
        delivered: m.event_settled_delivered({ by }),
        sendAgain: m.event_settled_again({ by }),
        drop: m.event_settled_drop({ by }),
      }[event.how];
    case 'quoteMade':
      return m.event_quote({ amount: money(event.quote.amount) });
    case 'clockBreached':
      return {
        owner: m.event_clock_breached_owner(),
        firstResponse: m.event_clock_breached_answer(),
        nextResponse: m.event_clock_breached_answer(),
        resolution: m.event_clock_breached_resolution(),
      }[event.clock];
    case 'clockRetargeted':
      return m.event_retargeted({
        what: clockName[event.clock.kind](),
        when: absolute(event.clock.due),
      });
    case 'breachWithdrawn':
      return m.event_breach_withdrawn();
    case 'nudged': {
      const { by: asks, to: asked, reason } = event.nudge;
      const names = { by: byWhom(people, asks), to: toWhom(people, asked) };
      return reason === null
        ? m.event_nudged(names)
        : m.event_nudged_because({ ...names, reason: reasonWords(reason, people) });
    }
    case 'foundFine':
      return m.event_fine({ when: when(event.fine.until), by: byWhom(people, event.fine.by) });
    case 'exceptionSettled':
      return m.event_exception_settled({ by });
    case 'fineTakenBack':
      return m.event_review_again({ by });
    // Where it came from is said where it came to.
    case 'movedOut':
      return null;
    // Who got it follows, and why is told where it is asked.
    case 'routed':
    case 'clockStarted':
    case 'clockPaused':
    case 'clockResumed':
    case 'clockWarned':
    case 'clockDropped':
    // It is said beside the message.
    case 'filed':
    case 'messageReceived':
    case 'outsideReply':
    case 'noteAdded':
    case 'lockGranted':
    case 'lockRequested':
    case 'lockRequestAnswered':
    case 'replyQueued':
    case 'outboundSending':
    case 'outboundRescheduled':
    case 'outboundReturned':
    case 'outboundSent':
    case 'outboundFailed':
    case 'outboundUnknown':
    case 'outboundCancelled':
    case 'outboundFiled':
      return null;
  }
}

/** A person's doing, or a rule's; what follows from other work is told by that. */
const isSaid = (cause: Cause): boolean => cause === 'person' || cause === 'rule';

function escalatedPhrase({ reason, asked }: Extract<Event, { type: 'escalated' }>, people: People): string {
  const to = askedWords(asked, people);
  switch (reason.type) {
    case 'byHand':
      return m.event_escalated_by_hand({ to, by: byWhom(people, reason.by), words: reason.words });
    case 'byRule':
      return m.event_escalated_by_rule({ to, rule: reason.name, words: reason.words });
    case 'beforeClosing':
      return m.event_escalated_before_closing({ to });
    case 'late':
      return m.event_escalated({ to });
  }
}

function ownerPhrase(owner: MemberId | null, how: OwnerChange, by: string, people: People): string {
  const to = toWhom(people, owner);
  const table: Record<OwnerChange, () => string> = {
    claimed: () => m.event_claimed({ by: byWhom(people, owner) }),
    replied: () => m.event_claimed_by_reply({ by: byWhom(people, owner) }),
    assigned: () => m.event_assigned({ to, by }),
    routed: () => m.event_routed({ to }),
    released: () => m.event_released({ by }),
    handedOff: () => m.event_handed_off({ by: byWhom(people, owner) }),
    reopened: () => m.event_back_to({ to }),
    split: () => m.event_owner_split({ to }),
    merged: () => (owner === null ? m.event_owner_merged_back() : m.event_owner_merged({ to })),
    filed: () => m.event_owner_filed({ to }),
    left: () => (owner === null ? m.event_left_queue() : m.event_left_to({ to })),
  };
  return table[how]();
}

function fieldsPhrase(event: Extract<Event, { type: 'fieldsChanged' }>, by: string): string | null {
  const parts: string[] = [];
  if (event.category !== null) parts.push(categoryName[event.category]());
  if (event.priority !== null) parts.push(m.field_priority_is({ priority: priorityName[event.priority]() }));
  if (event.value !== null) parts.push(money(event.value));
  if (event.company !== null) parts.push(event.company);
  if (event.subject !== null) parts.push(`“${event.subject}”`);
  if (event.details !== undefined) parts.push(...detailWords(event.details));
  return parts.length === 0 ? null : m.event_fields({ fields: parts.join(', '), by });
}
