/** How an inbox calls where a conversation stands, and how things end in it. */
import { m } from '$lib/paraglide/messages.js';
import type { Outcome } from '$lib/api/types/Outcome';
import type { Phase } from '$lib/api/types/Phase';
import type { ShownStatus } from '$lib/api/types/ShownStatus';
import type { Status } from '$lib/api/types/Status';
import type { WorkflowKind } from '$lib/api/types/WorkflowKind';
import { statusName, statusSentence, type Words } from './labels';

/** What Baton calls differently in support inboxes. */
const supportName: Partial<Words<Status>> = {
  assigned: m.status_support_assigned,
  waiting: m.status_support_waiting,
};

const supportSentence: Partial<Words<Status>> = {
  waiting: m.status_support_waiting_sentence,
};

/** Baton's own name of a standing, in an inbox of that kind. */
export const ownName = (kind: WorkflowKind, status: Status): string =>
  ((kind === 'support' ? supportName[status] : undefined) ?? statusName[status])();

/** Baton's own sentence for it. */
export const ownSentence = (kind: WorkflowKind, status: Status): string =>
  ((kind === 'support' ? supportSentence[status] : undefined) ?? statusSentence[status])();

/** The name of a status as its inbox has it. */
export const shownName = (shown: ShownStatus): string => shown.name ?? ownName(shown.kind, shown.standsFor);

/** What it means there. */
export const shownSentence = (shown: ShownStatus): string =>
  shown.sentence ?? ownSentence(shown.kind, shown.standsFor);

/** The outcomes a person chooses from in an inbox of that kind; the others are set by the cadence or an import. */
const outcomes: Record<WorkflowKind, Outcome[]> = {
  sales: ['won', 'lost', 'unqualified', 'duplicate', 'spam', 'handedOver', 'noResponse'],
  support: ['solved', 'notSolved', 'duplicate', 'spam', 'handedOver'],
};

/** Those that can be chosen in inboxes of all these kinds. */
export const outcomesOf = (...kinds: WorkflowKind[]): Outcome[] =>
  outcomes[kinds[0] ?? 'sales'].filter((outcome) => kinds.every((kind) => outcomes[kind].includes(outcome)));

export const phaseName: Words<Exclude<Phase, 'snoozed'>> = {
  new: m.phase_new,
  open: m.phase_open,
  pending: m.phase_pending,
  resolved: m.phase_resolved,
  closed: m.phase_closed,
};
