/** Escalations in words: why, who is asked, and along which path. */
import { m } from '$lib/paraglide/messages.js';
import type { Escalation } from '$lib/api/types/Escalation';
import type { EscalationAsk } from '$lib/api/types/EscalationAsk';
import type { EscalationPath } from '$lib/api/types/EscalationPath';
import type { EscalationReason } from '$lib/api/types/EscalationReason';
import { targetWords } from '$lib/settings/targets';
import { all, capital, past, when } from '$lib/time/format';
import { firstName, label, toWhom, type People } from './people';

/** "The customer waits longer than promised." */
export function escalationReason(reason: EscalationReason, people: People): string {
  switch (reason.type) {
    case 'late':
      return {
        owner: m.escalation_late_owner,
        firstResponse: m.escalation_late_answer,
        nextResponse: m.escalation_late_answer,
        resolution: m.escalation_late_resolution,
      }[reason.clock]();
    case 'byHand':
      return m.escalation_by_hand({ name: label(people, reason.by), words: reason.words });
    case 'byRule':
      return m.escalation_by_rule({ rule: reason.name, words: reason.words });
    case 'beforeClosing':
      return m.escalation_before_closing();
  }
}

/** Who has it, or who is asked. */
export function escalationState(escalation: Escalation, people: People): string {
  const { acknowledged, asked } = escalation;
  if (acknowledged) {
    const time = past(acknowledged.at);
    return acknowledged.by === people.me
      ? m.escalation_you_have({ time })
      : m.escalation_has({ name: firstName(people, acknowledged.by), time });
  }
  const names = asked.filter((id) => id !== people.me).map((id) => firstName(people, id));
  if (asked.includes(people.me))
    return names.length === 0 ? m.escalation_asks_you() : m.escalation_asks_you_with({ names: all(names) });
  return names.length === 0 ? m.escalation_asks_nobody() : m.escalation_asks({ names: all(names) });
}

/** Until when they may answer, where it is passed on then. */
export const escalationUntil = ({ acknowledged, until }: Escalation): string | null =>
  acknowledged || until === null ? null : m.escalation_until({ when: when(until) });

const asksWords = (ask: EscalationAsk, people: People): string =>
  ask.type === 'members'
    ? all(ask.members.map((id) => toWhom(people, id)))
    : ask.type === 'onCall'
      ? m.escalation_on_call()
      : m.escalation_leaders();

/** "Ben (30 min to answer), then whoever leads the inbox" */
export function pathWords(path: EscalationPath, people: People): string {
  const steps = path.steps.map(({ ask, within }) =>
    m.escalation_step({ who: asksWords(ask, people), length: targetWords(within) }),
  );
  return [...steps, m.escalation_leaders()].reduce((first, second) => m.escalation_then({ first, second }));
}

/** The same as a sentence of its own. */
export const pathSentence = (path: EscalationPath, people: People): string =>
  `${capital(pathWords(path, people))}.`;
