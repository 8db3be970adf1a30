/** A daily review on the scripted desk: ten leads with every kind of reason, and what becomes of them. */
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { Conversation } from '$lib/api/types/Conversation';
import type { Review } from '$lib/api/types/Review';
import type { ReviewReason } from '$lib/api/types/ReviewReason';
import type { ReviewRow } from '$lib/api/types/ReviewRow';
import type { ReviewSignOff } from '$lib/api/types/ReviewSignOff';
import type { Settled } from '$lib/api/types/Settled';
import { business, DAY, HOUR, MINUTE, mira, NOW, sales } from './cast';
import type { ScriptedBackend } from './scripted';

const followUp = { type: 'followUp' } as const;
const answer = { type: 'clock', kind: 'nextResponse' } as const;

/** Most at risk first. */
export const toReview: [number: number, reasons: ReviewReason[]][] = [
  [1037, [{ type: 'overdue', what: answer, due: NOW - 40 * MINUTE }]],
  [
    1038,
    [
      { type: 'overdue', what: followUp, due: NOW - 2 * DAY - 2 * HOUR },
      { type: 'quiet', since: NOW - 6 * DAY },
    ],
  ],
  [1031, [{ type: 'overdue', what: followUp, due: NOW - DAY }]],
  [1046, [{ type: 'unassigned', since: NOW - 4 * MINUTE }]],
  [1045, [{ type: 'unassigned', since: NOW - 12 * MINUTE }]],
  [1039, [{ type: 'firstResponse', since: NOW - 3 * HOUR }]],
  [1036, [{ type: 'quiet', since: NOW - 5 * DAY }]],
  [1044, [{ type: 'blocked', on: mira.id, address: null, since: NOW - DAY }]],
  [1042, [{ type: 'dueToday', what: followUp, due: NOW + 38 * MINUTE }]],
  [1043, [{ type: 'dueToday', what: answer, due: NOW + 3 * HOUR }]],
];

/** What the engine keeps of a review that was begun. */
export interface Begun {
  owners: Map<number, string | null>;
  signedOff: ReviewSignOff | null;
}

export function begun(backend: ScriptedBackend): Begun {
  const owner = (number: number) => backend.scene(`c-${number}`).conversation.owner;
  return { owners: new Map(toReview.map(([number]) => [number, owner(number)])), signedOff: null };
}

export function reviewOf(backend: ScriptedBackend, begun: Begun): Review {
  const rows = toReview.map(([number, reasons]) => rowOf(backend, begun, number, reasons));
  return {
    frozenAt: NOW - 4 * MINUTE,
    inboxes: [sales.id, business.id],
    rows,
    settled: rows.filter((row) => row.settled !== null).length,
    tookMs: 4 * MINUTE,
    signedOff: begun.signedOff,
  };
}

/** What a reviewer's command changes. */
export function reviewed(conversation: Conversation, body: CommandBody, by: string, now: number): void {
  if (body.type === 'nudge' && conversation.owner !== null) {
    conversation.nudged ??= { by, to: conversation.owner, at: now, reason: null };
  } else if (body.type === 'fineUntilTomorrow') {
    conversation.fine = { by, at: now, until: now + DAY / 2, reasons: body.reasons };
  } else if (body.type === 'reviewAgain') {
    delete conversation.fine;
  }
}

function rowOf(backend: ScriptedBackend, begun: Begun, number: number, reasons: ReviewReason[]): ReviewRow {
  const scene = backend.scene(`c-${number}`);
  const { conversation } = scene;
  const settled = settledBy(conversation, begun.owners.get(number) ?? null);
  const { owner, nudged } = conversation;
  return {
    conversation: conversation.id,
    number,
    row: backend.row(scene),
    reasons: settled?.type === 'fine' || settled?.type === 'done' ? [] : reasons,
    settled,
    nudged: nudged ?? null,
    mayNudge: owner !== null && owner !== backend.me.id && nudged === undefined,
  };
}

function settledBy(
  { closing, snoozed, fine, nudged, owner }: Conversation,
  before: string | null,
): Settled | null {
  if (closing !== null || snoozed !== null) return { type: 'done' };
  if (fine) return { type: 'fine', by: fine.by, at: fine.at };
  if (nudged) return { type: 'nudged', by: nudged.by, to: nudged.to, at: nudged.at };
  if (owner !== null && owner !== before) return { type: 'assigned', to: owner };
  return null;
}
