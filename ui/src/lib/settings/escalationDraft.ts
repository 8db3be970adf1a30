/** An escalation path while it is edited: what was typed stays as typed, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { EscalationPath } from '$lib/api/types/EscalationPath';
import type { EscalationStep } from '$lib/api/types/EscalationStep';
import type { Inbox } from '$lib/api/types/Inbox';
import type { Member } from '$lib/api/types/Member';
import type { MemberId } from '$lib/api/types/MemberId';
import { lengthDraft, targetOf, type LengthDraft } from './targetDraft';
import { MS } from './targets';

/** What the server takes. */
export const STEPS_MOST = 10;
const SHORTEST_MS = MS.minutes;
const LONGEST_MS = 31 * 24 * MS.hours;

export interface StepDraft {
  /** Tells steps apart while they are moved and removed. */
  key: number;
  who: 'managers' | 'onCall' | 'members';
  /** Kept while the other is chosen. */
  members: MemberId[];
  within: LengthDraft;
}

let keys = 0;

const stepDraft = ({ ask, within }: EscalationStep): StepDraft => ({
  key: (keys += 1),
  who: ask.type,
  members: ask.type === 'members' ? [...ask.members] : [],
  within: lengthDraft(within),
});

/** Whoever leads, for half an hour. */
export const newStep = (): StepDraft =>
  stepDraft({ ask: { type: 'managers' }, within: { lengthMs: 30 * MS.minutes, time: 'business' } });

export const draftOfPath = (path: EscalationPath): StepDraft[] => path.steps.map(stepDraft);

export function withinProblem(draft: LengthDraft): string | null {
  const lengthMs = targetOf(draft)?.lengthMs;
  const fits = lengthMs !== undefined && lengthMs >= SHORTEST_MS && lengthMs <= LONGEST_MS;
  return fits ? null : m.escalation_length_wrong();
}

export const membersProblem = (step: StepDraft): string | null =>
  step.who === 'members' && step.members.length === 0 ? m.escalation_nobody_named() : null;

/** What was typed, for the server; nothing while something in it is wrong. */
export function pathOf(draft: StepDraft[]): EscalationPath | null {
  const steps: EscalationStep[] = [];
  for (const step of draft) {
    const within = targetOf(step.within);
    if (within === null || withinProblem(step.within) !== null || membersProblem(step) !== null) return null;
    const ask =
      step.who === 'members' ? { type: 'members' as const, members: [...step.members] } : { type: step.who };
    steps.push({ ask, within });
  }
  return steps.length > STEPS_MOST ? null : { steps };
}

/** Who can be asked: whoever reads the inbox, and whoever was chosen before. */
export const askable = (inbox: Inbox, members: Member[], chosen: MemberId[]): Member[] =>
  members.filter(
    (member) =>
      chosen.includes(member.id) ||
      (member.active &&
        (member.role === 'manager' ||
          member.role === 'admin' ||
          inbox.access.some(
            (access) => access.member === member.id && access.capabilities.includes('read'),
          ))),
  );
