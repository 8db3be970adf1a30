/** How the scripted inboxes call where a conversation stands: the engine's rules, in short. */
import type { Method, Params } from '$lib/api/backend';
import type { Conversation } from '$lib/api/types/Conversation';
import type { InboxPolicy } from '$lib/api/types/InboxPolicy';
import type { Opened } from '$lib/api/types/Opened';
import type { Outcome } from '$lib/api/types/Outcome';
import type { ShownStatus } from '$lib/api/types/ShownStatus';
import type { Status } from '$lib/api/types/Status';
import type { Team } from '$lib/api/types/Team';
import { draftOf } from '$lib/settings/statusesDraft';

function choices(team: Team, conversation: Conversation): ShownStatus[] {
  const workflow = team.inboxes.find((one) => one.id === conversation.inbox)?.policy.workflow ?? {
    kind: 'sales' as const,
  };
  const own: ShownStatus = { id: conversation.status, kind: workflow.kind, standsFor: conversation.status };
  const all = draftOf(workflow)
    .filter((one) => one.shown && one.standsFor === conversation.status)
    .map((one) => ({
      id: one.id,
      kind: workflow.kind,
      standsFor: one.standsFor,
      ...(one.name === '' ? {} : { name: one.name }),
      ...(one.sentence === '' ? {} : { sentence: one.sentence }),
    }));
  return all.length === 0 ? [own] : all;
}

export function shownIn(team: Team, conversation: Conversation): ShownStatus {
  const all = choices(team, conversation);
  const said = all.find((one) => one.id === conversation.namedStatus) ?? all[0];
  if (!said) throw new Error('a status without a name');
  return said;
}

export function namesIn(team: Team, conversation: Conversation): Pick<Opened, 'shown' | 'statuses'> {
  const statuses = choices(team, conversation);
  return { shown: shownIn(team, conversation), statuses: statuses.length > 1 ? statuses : [] };
}

const after: Partial<Record<Outcome, Status>> = {
  won: 'won',
  lost: 'lost',
  solved: 'resolved',
  notSolved: 'resolved',
};

export const statusAfter = (outcome: Outcome): Status => after[outcome] ?? 'closed';

/** What saving a form of an inbox changes of its policy. */
export function policyChange(
  method: Method,
  params: unknown,
): { [K in keyof InboxPolicy]?: InboxPolicy[K] | undefined } {
  switch (method) {
    case 'saveTargets':
      return { sla: (params as Params<'saveTargets'>).sla };
    case 'saveEscalation':
      return { escalation: (params as Params<'saveEscalation'>).path };
    case 'saveOnCall':
      return { onCall: (params as Params<'saveOnCall'>).rota ?? undefined };
    case 'saveStaleDays':
      return { staleDays: (params as Params<'saveStaleDays'>).days };
    case 'saveAutoReplies':
      return { autoReplies: (params as Params<'saveAutoReplies'>).replies ?? undefined };
    case 'saveHours':
      return { calendar: (params as Params<'saveHours'>).calendar };
    case 'saveWorkflow':
      return { workflow: (params as Params<'saveWorkflow'>).workflow };
    default:
      throw new Error(`${method} changes no policy`);
  }
}
