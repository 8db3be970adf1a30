/** The statuses of an inbox while they are edited: what was typed stays as typed, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { NamedStatus } from '$lib/api/types/NamedStatus';
import type { Phase } from '$lib/api/types/Phase';
import type { Status } from '$lib/api/types/Status';
import type { Workflow } from '$lib/api/types/Workflow';
import type { WorkflowKind } from '$lib/api/types/WorkflowKind';
import { number } from '$lib/time/format';
import { ownName } from '$lib/words/statuses';

/** What the server takes. */
export const STATUSES_MOST = 20;
const NAME_MOST = 40;
const SENTENCE_MOST = 200;

/** The standings of a kind, in the order in which they are shown. */
export const standings: Record<WorkflowKind, Status[]> = {
  sales: ['new', 'assigned', 'waiting', 'followUpDue', 'needsInput', 'quoteSent', 'won', 'lost', 'closed'],
  support: ['new', 'assigned', 'followUpDue', 'waiting', 'needsInput', 'resolved', 'closed'],
};

const hiddenInSupport: Status[] = ['followUpDue', 'needsInput'];

const phases: Record<Status, Exclude<Phase, 'snoozed'>> = {
  new: 'new',
  assigned: 'open',
  followUpDue: 'open',
  waiting: 'pending',
  needsInput: 'pending',
  quoteSent: 'pending',
  won: 'resolved',
  lost: 'resolved',
  resolved: 'resolved',
  closed: 'closed',
};

export const phaseOf = (status: Status): Exclude<Phase, 'snoozed'> => phases[status];

export interface StatusDraft {
  /** Tells entries apart while they are moved and removed. */
  key: number;
  id: string;
  name: string;
  sentence: string;
  standsFor: Status;
  shown: boolean;
}

let keys = 0;
const draft = (status: NamedStatus): StatusDraft => ({
  key: (keys += 1),
  id: status.id,
  name: status.name,
  sentence: status.sentence,
  standsFor: status.standsFor,
  shown: status.hidden !== true,
});

/** Whether every inbox of its kind has it: it is renamed and hidden, and not removed. */
export const isOwn = (status: Pick<StatusDraft, 'id' | 'standsFor'>): boolean =>
  status.id === status.standsFor;

/** All statuses of a workflow, those it says nothing of included. */
export function draftOf(workflow: Workflow): StatusDraft[] {
  const said = workflow.statuses ?? [];
  const rest = standings[workflow.kind].filter(
    (status) => !said.some((one) => isOwn(one) && one.standsFor === status),
  );
  const own = rest.map((status) =>
    draft({
      id: status,
      name: '',
      sentence: '',
      standsFor: status,
      hidden: !usuallyShown(status, workflow.kind),
    }),
  );
  return [...own, ...said.map(draft)];
}

/** Whether Baton shows it in inboxes of that kind. */
const usuallyShown = (status: Status, kind: WorkflowKind): boolean =>
  kind === 'sales' || !hiddenInSupport.includes(status);

/**
 * The same for the other kind: what both know stays as typed, and what was shown or hidden as usual is as usual there.
 * `before` is how the form read when it last was of that kind: what only that kind has is there again, in its order and as
 * visible as it was, so that looking at the other kind costs nothing.
 */
export function toKind(drafts: StatusDraft[], kind: WorkflowKind, before: StatusDraft[] = []): StatusDraft[] {
  const from: WorkflowKind = kind === 'sales' ? 'support' : 'sales';
  const known = drafts
    .filter((status) => standings[kind].includes(status.standsFor))
    .map((status) =>
      isOwn(status) && status.shown === usuallyShown(status.standsFor, from)
        ? { ...status, shown: usuallyShown(status.standsFor, kind) }
        : status,
    );
  const now = (id: string) => known.find((one) => one.id === id);
  // What both have and was removed meanwhile stays removed.
  const kept = before
    .filter((status) => now(status.id) !== undefined || !standings[from].includes(status.standsFor))
    .map((status) => ({ ...(now(status.id) ?? status), shown: status.shown }));
  const has = (id: string) => kept.some((one) => one.id === id);
  const added = known.filter((status) => !has(status.id));
  if (before.length > 0) return [...kept, ...added];
  const fresh = draftOf({ kind }).filter((status) => now(status.id) === undefined);
  const place = (status: StatusDraft) => standings[kind].indexOf(status.standsFor);
  return [...known, ...fresh].sort((one, other) => place(one) - place(other));
}

/** A new one, with an id that no other has, now or before. */
export const newStatus = (): StatusDraft =>
  draft({
    id: `s-${crypto.randomUUID().slice(0, 8)}`,
    name: '',
    sentence: '',
    standsFor: 'assigned',
  });

export const nameOf = (status: StatusDraft, kind: WorkflowKind): string =>
  status.name.trim() || ownName(kind, status.standsFor);

export interface Wrong {
  name: string | null;
  sentence: string | null;
  shown: string | null;
}

export const nothingWrong: Wrong = { name: null, sentence: null, shown: null };

/** What is wrong with the one at `at`, by field. */
export function wrongOf(drafts: StatusDraft[], at: number, kind: WorkflowKind): Wrong {
  const status = drafts[at];
  if (!status) return nothingWrong;
  const [name, sentence] = [status.name.trim(), status.sentence.trim()];
  const folded = (one: StatusDraft) => nameOf(one, kind).toLocaleLowerCase();
  const taken = drafts.some((other, place) => place < at && folded(other) === folded(status));
  const phase = phaseOf(status.standsFor);
  const between = phase === 'open' || phase === 'pending';
  const covers = (other: StatusDraft) =>
    other.shown && (between ? phaseOf(other.standsFor) === phase : other.standsFor === status.standsFor);
  return {
    name:
      name === '' && !isOwn(status)
        ? m.statuses_name_missing()
        : [...name].length > NAME_MOST
          ? m.statuses_name_long({ most: number(NAME_MOST) })
          : taken
            ? m.statuses_name_taken()
            : null,
    sentence:
      sentence === '' && !isOwn(status)
        ? m.statuses_sentence_missing()
        : [...sentence].length > SENTENCE_MOST
          ? m.statuses_name_long({ most: number(SENTENCE_MOST) })
          : null,
    shown: status.shown || drafts.some(covers) ? null : m.statuses_hidden_wrong(),
  };
}

/** What was typed, for the server; nothing while something in it is wrong. */
export function workflowOf(drafts: StatusDraft[], kind: WorkflowKind): Workflow | null {
  const fine = drafts.every((_, at) => Object.values(wrongOf(drafts, at, kind)).every((one) => one === null));
  if (!fine || drafts.length > STATUSES_MOST) return null;
  const statuses = drafts.map(({ id, name, sentence, standsFor, shown }) => ({
    id,
    name: name.trim(),
    sentence: sentence.trim(),
    standsFor,
    ...(shown ? {} : { hidden: true }),
  }));
  // As Baton has it, in its order: nothing to say.
  const usual = draftOf({ kind }).map((one) => ({ id: one.id, shown: one.shown }));
  const said =
    statuses.length !== usual.length ||
    statuses.some(
      (one, at) =>
        one.id !== usual[at]?.id ||
        one.name !== '' ||
        one.sentence !== '' ||
        drafts[at]?.shown !== usual[at]?.shown,
    );
  return said ? { kind, statuses } : { kind };
}
