/** What somebody asked for, in words: the held list and what waits for the network name it. */
import { m } from '$lib/paraglide/messages.js';
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { HeldReason } from '$lib/api/types/HeldReason';
import { when } from '$lib/time/format';
import { outcomeName, priorityName, statusName } from './labels';
import { firstName, toWhom, type People } from './people';
import { refusalWords, type RefusalScene } from './refusal';

type PersonCommand = Exclude<
  CommandBody['type'],
  | 'receive'
  | 'externalReply'
  | 'answerAutomatically'
  | 'filed'
  | `outbound${string}`
  | 'due'
  | 'lockLapsed'
  | 'putDocument'
  | 'removeDocument'
>;

type Row<T extends PersonCommand> = (body: Extract<CommandBody, { type: T }>, people: People) => string;

const rows: { [T in PersonCommand]: Row<T> } = {
  start: (body) => m.did_start({ name: body.to.name === '' ? body.to.email : body.to.name }),
  claim: () => m.did_claim(),
  assign: (body, people) => m.did_assign({ name: toWhom(people, body.to) }),
  release: () => m.did_release(),
  route: () => m.did_route(),
  handOff: (body, people) => m.did_hand_off({ name: toWhom(people, body.to) }),
  acceptHandoff: () => m.did_accept_handoff(),
  declineHandoff: () => m.did_decline_handoff(),
  follow: () => m.did_follow(),
  unfollow: () => m.did_unfollow(),
  setStatus: (body) => m.did_set_status({ status: statusName[body.status]() }),
  nameStatus: () => m.did_name_status(),
  setFields: (body) =>
    body.priority === null
      ? m.did_set_fields()
      : m.did_set_priority({ priority: priorityName[body.priority]() }),
  tag: (body) => m.did_tag({ tag: body.tag }),
  untag: (body) => m.did_untag({ tag: body.tag }),
  setNextStep: (body) =>
    body.text === '' ? m.did_clear_next_step() : m.did_set_next_step({ text: body.text }),
  scheduleFollowUp: (body) => m.did_schedule({ when: when(body.due) }),
  completeFollowUp: () => m.did_complete_follow_up(),
  escalate: () => m.did_escalate(),
  acknowledgeEscalation: () => m.did_acknowledge(),
  block: (body, people) =>
    m.did_block({ name: body.on === null ? (body.address ?? '') : firstName(people, body.on) }),
  unblock: () => m.did_unblock(),
  snooze: (body) =>
    body.until === null ? m.did_snooze_until_reply() : m.did_snooze({ when: when(body.until) }),
  wake: () => m.did_wake(),
  addNote: () => m.did_add_note(),
  takeLock: () => m.did_take_lock(),
  releaseLock: () => m.did_release_lock(),
  requestLock: () => m.did_request_lock(),
  answerRequest: (body) => (body.answer === 'give' ? m.did_give_lock() : m.did_keep_lock()),
  takeOver: () => m.did_take_over(),
  suggestDraft: () => m.did_suggest(),
  reply: () => m.did_reply(),
  forward: () => m.did_forward(),
  cancelSend: () => m.did_cancel_send(),
  sendNow: () => m.did_send_now(),
  settleUnknown: () => m.did_settle_unknown(),
  moveToInbox: (body, people) => m.did_move({ inbox: people.inbox?.(body.inbox)?.name ?? m.field_inbox() }),
  merge: () => m.did_merge(),
  unmerge: () => m.did_unmerge(),
  keepApart: () => m.did_keep_apart(),
  split: (body) => m.did_split({ count: body.messages.length }),
  noReplyNeeded: () => m.did_no_reply_needed(),
  notALead: () => m.did_not_a_lead(),
  close: (body) =>
    body.outcome === null ? m.did_close() : m.did_close_as({ outcome: outcomeName[body.outcome]() }),
  reopen: () => m.did_reopen(),
  settleException: () => m.did_settle_exception(),
  nudge: () => m.did_nudge(),
  fineUntilTomorrow: () => m.did_fine_until_tomorrow(),
  reviewAgain: () => m.did_review_again(),
  settleUnseen: () => m.did_settle_unseen(),
  claimOutsideReply: () => m.did_claim_outside_reply(),
};

/** "Closed as lost", "Reply", "Snoozed until tomorrow 9:00". */
export function commandWords(body: CommandBody, people: People): string {
  if (body.type === 'putDocument' && body.document.kind === 'review') return m.did_sign_off();
  const row = rows[body.type as PersonCommand] as Row<PersonCommand> | undefined;
  return row ? row(body as never, people) : body.type;
}

/** Why an action was held. */
export function heldWords(why: HeldReason, scene: RefusalScene): string {
  switch (why.type) {
    case 'refused':
    case 'newer':
      return refusalWords(why.refusal, scene).text;
    case 'ownerChanged':
      return why.owner === null
        ? m.held_owner_gone()
        : m.held_owner_changed({ name: firstName(scene.people, why.owner) });
    case 'tooOld':
      return m.held_too_old();
    case 'behind':
      return m.held_behind();
  }
}
