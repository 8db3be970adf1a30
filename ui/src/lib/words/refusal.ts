/**
 * Refusals in words, each with what can be done instead. One row a refusal: a missing one does not compile. They are
 * shown in place, never in a dialog, never as a code, and the text that was typed stays.
 */
import { m } from '$lib/paraglide/messages.js';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { Invalid } from '$lib/api/types/Invalid';
import type { MemberId } from '$lib/api/types/MemberId';
import type { Refusal } from '$lib/api/types/Refusal';
import { ago, past, timeOfDay, when } from '$lib/time/format';
import { detailName } from './details';
import { capabilityName } from './labels';
import { addressFirstName, firstName, type People } from './people';

/** What can be done about a refusal; the conversation knows how. */
export type WayOut =
  | { do: 'ask' }
  | { do: 'suggest' }
  | { do: 'note' }
  | { do: 'cover' }
  | { do: 'takeOver' }
  | { do: 'compare' }
  | { do: 'sendAnyway' }
  | { do: 'change' }
  | { do: 'seeNewest' }
  | { do: 'makeNote' }
  | { do: 'chooseOutcome' }
  | { do: 'giveContext' }
  | { do: 'refresh' }
  | { do: 'repeat' }
  | { do: 'nextUnassigned' }
  | { do: 'open'; conversation: ConversationId }
  | { do: 'assignTo'; member: MemberId };

export interface Offer {
  label: string;
  way: WayOut;
  /** The key that does it while the line is shown. */
  key?: string;
}

export interface RefusalWords {
  text: string;
  offers: Offer[];
}

export interface RefusalScene {
  people: People;
  /** The customer, for "Carl wrote". */
  contact: { name: string; email: string };
  /** Names an inbox. */
  inboxName(id: string | null): string;
  /** What was asked: a lost claim reads otherwise than a lost reply. */
  asked: 'claim' | 'reply' | 'other';
  conversation: ConversationId;
}

type Row<T extends Refusal['type']> = (
  refusal: Extract<Refusal, { type: T }>,
  scene: RefusalScene,
) => RefusalWords;

const offer = {
  ask: (): Offer => ({ label: m.offer_ask_for_it(), way: { do: 'ask' } }),
  suggest: (): Offer => ({ label: m.offer_suggest(), way: { do: 'suggest' } }),
  note: (): Offer => ({ label: m.offer_note(), way: { do: 'note' }, key: 'n' }),
  makeNote: (): Offer => ({ label: m.offer_make_note(), way: { do: 'makeNote' } }),
  see: (): Offer => ({ label: m.offer_see_it(), way: { do: 'seeNewest' } }),
  refresh: (): Offer => ({ label: m.offer_show_current(), way: { do: 'refresh' } }),
  repeat: (): Offer => ({ label: m.offer_use_mine(), way: { do: 'repeat' } }),
};

const rows: { [T in Refusal['type']]: Row<T> } = {
  notOwner: (refusal, { people, asked }) => {
    const owner = firstName(people, refusal.owner);
    if (asked === 'claim') {
      return {
        text: m.refusal_claim_lost({ name: owner, time: timeOfDay(refusal.since) }),
        offers: [{ label: m.offer_next_unassigned(), way: { do: 'nextUnassigned' } }],
      };
    }
    return {
      text: m.refusal_not_owner({ name: owner, time: past(refusal.since) }),
      offers: [
        offer.ask(),
        offer.note(),
        ...(refusal.mayCover
          ? [{ label: m.offer_answer_for({ name: owner }), way: { do: 'cover' as const }, key: 'Shift+R' }]
          : []),
      ],
    };
  },
  lockedBy: (refusal, { people }) =>
    refusal.member === people.me
      ? {
          text: m.refusal_locked_other_device(),
          offers: [{ label: m.offer_take_it_here(), way: { do: 'takeOver' } }],
        }
      : {
          text: m.is_replying({ name: firstName(people, refusal.member) }),
          offers: [offer.ask(), offer.suggest()],
        },
  lockLost: (refusal, { people }) => ({
    text:
      refusal.to === null
        ? m.refusal_lock_lost()
        : m.refusal_lock_lost_to({ name: firstName(people, refusal.to) }),
    offers:
      refusal.to === null
        ? [{ label: m.offer_send_again(), way: { do: 'repeat' } }]
        : [{ label: m.offer_compare(), way: { do: 'compare' } }, offer.suggest()],
  }),
  newerMessage: (refusal, { people, contact, asked }) => {
    const { message } = refusal;
    const name = message.direction === 'inbound' ? addressFirstName(contact) : firstName(people, message.by);
    return {
      text: m.refusal_newer({ name, ago: ago(message.at), preview: message.preview }),
      offers:
        asked === 'reply'
          ? [
              { label: m.offer_send_anyway(), way: { do: 'sendAnyway' }, key: 'Enter' },
              { label: m.offer_change(), way: { do: 'change' } },
            ]
          : [offer.see(), { label: m.offer_do_it_anyway(), way: { do: 'sendAnyway' } }],
    };
  },
  alreadyAnswered: (refusal, { people }) => ({
    text: m.refusal_already_answered({ name: firstName(people, refusal.by), time: past(refusal.at) }),
    offers: [offer.see(), offer.makeNote()],
  }),
  alreadyAcknowledged: (refusal, { people }) => ({
    text: m.refusal_already_acknowledged({ name: firstName(people, refusal.by), time: past(refusal.at) }),
    offers: [offer.note()],
  }),
  alreadyLeaving: () => ({ text: m.refusal_already_leaving(), offers: [] }),
  replyWaits: (refusal, { people }) => ({
    text:
      refusal.by === people.me
        ? m.refusal_reply_waits_mine({ when: when(refusal.leavesAt) })
        : m.refusal_reply_waits({ name: firstName(people, refusal.by), when: when(refusal.leavesAt) }),
    offers: [offer.repeat()],
  }),
  replyInDoubt: (refusal, { people }) => ({
    text:
      refusal.by === people.me
        ? m.refusal_reply_in_doubt_mine()
        : m.refusal_reply_in_doubt({ name: firstName(people, refusal.by) }),
    offers: [],
  }),
  merged: (refusal) => ({
    text: m.merged_into({ number: `#${refusal.number}` }),
    offers: [{ label: m.offer_open(), way: { do: 'open', conversation: refusal.into } }],
  }),
  noConsent: (refusal, { contact }) => ({
    text: m.refusal_no_consent({ name: addressFirstName(contact), date: past(refusal.since) }),
    offers: [offer.note()],
  }),
  outsideWindow: (refusal) => ({
    text: m.refusal_outside_window({ time: past(refusal.since) }),
    offers: [offer.note()],
  }),
  missingFields: (refusal) => ({
    text: m.refusal_missing_fields({ fields: refusal.fields.map(fieldName).join(', ') }),
    offers: [],
  }),
  needsOutcome: () => ({
    text: m.refusal_needs_outcome(),
    offers: [{ label: m.offer_choose_outcome(), way: { do: 'chooseOutcome' } }],
  }),
  needsHandoffContext: () => ({
    text: m.refusal_needs_context(),
    offers: [{ label: m.offer_say_it(), way: { do: 'giveContext' } }],
  }),
  versionConflict: () => ({
    text: m.refusal_version_conflict(),
    offers: [{ label: m.offer_keep_theirs(), way: { do: 'refresh' } }, offer.repeat()],
  }),
  notPermitted: (refusal, { inboxName }) => ({
    text: m.refusal_not_permitted({
      capability: capabilityName[refusal.needs](),
      inbox: inboxName(refusal.inbox),
    }),
    offers: refusal.needs === 'comment' ? [] : [offer.note()],
  }),
  notEmpty: (refusal) => {
    const { conversations, accounts, rule } = refusal;
    const holds = conversations > 0 || accounts > 0;
    const text =
      rule !== undefined && !holds
        ? m.refusal_rule_moves_here({ rule })
        : m.refusal_not_empty({ conversations, accounts });
    return { text, offers: [] };
  },
  absent: (refusal, { people }) => {
    const name = firstName(people, refusal.member);
    return {
      text:
        refusal.until === null
          ? m.refusal_absent({ name })
          : m.refusal_absent_until({ name, date: when(refusal.until) }),
      offers:
        refusal.backup === null
          ? []
          : [
              {
                label: m.offer_give_to({ name: firstName(people, refusal.backup) }),
                way: { do: 'assignTo', member: refusal.backup },
              },
            ],
    };
  },
  gone: () => ({ text: m.refusal_gone(), offers: [offer.refresh()] }),
  updateNeeded: () => ({ text: m.refusal_update_needed(), offers: [] }),
  invalid: (refusal) => ({
    text: invalidWords[refusal.why]({ field: fieldName(refusal.field) }),
    offers: refusal.why === 'watched' || refusal.why === 'notNow' ? [offer.refresh()] : [],
  }),
};

const invalidWords: Record<Invalid, (field: { field: string }) => string> = {
  empty: m.invalid_empty,
  tooLong: m.invalid_too_long,
  tooMany: m.invalid_too_many,
  unknown: m.invalid_unknown,
  notNow: m.invalid_not_now,
  notAnAddress: m.invalid_not_an_address,
  notForPeople: m.invalid_not_now,
  digestMismatch: m.invalid_digest_mismatch,
  watched: m.invalid_watched,
  taken: m.invalid_taken,
  needed: m.invalid_needed,
  notHere: m.invalid_not_here,
  openToAll: m.invalid_open_to_all,
  sameInbox: m.invalid_same_inbox,
};

/** A field's name for people; the engine's own where we know none. */
export function fieldName(field: string): string {
  const [of, number, part] = field.split('.');
  if (of === 'rules') {
    const parts: Record<string, () => string> = {
      name: m.rule_part_name,
      when: m.rule_part_when,
      then: m.rule_part_then,
    };
    const named = parts[part ?? ''];
    return number && named ? m.rule_field({ number, part: named() }) : m.rules();
  }
  if (of === 'statuses') {
    const parts: Record<string, () => string> = {
      name: m.statuses_name,
      sentence: m.statuses_sentence,
      standsFor: m.statuses_stands_for,
      hidden: m.statuses_shown,
    };
    const named = parts[part ?? ''] ?? m.statuses_name;
    return number ? m.statuses_part({ number, part: named() }) : m.statuses();
  }
  if (of === 'companies' && number) {
    const parts: Record<string, () => string> = {
      name: m.field_name,
      domains: m.company_domains,
      owner: m.company_owner,
      tier: detailName.accountTier,
      accountType: detailName.accountType,
      region: detailName.region,
    };
    const named = parts[part ?? ''] ?? m.field_name;
    return m.company_field({ number, part: named() });
  }
  const names: Record<string, () => string> = {
    outcome: m.field_outcome,
    quote: m.field_quote,
    owner: m.field_owner,
    status: m.field_status,
    inbox: m.field_inbox,
    to: m.field_to,
    cc: m.field_cc,
    subject: m.field_subject,
    text: m.field_text,
    due: m.field_follow_up,
    until: m.field_until,
    followUp: m.field_follow_up,
    nextStep: m.field_next_step,
    what: m.field_what,
    value: m.field_value,
    company: m.field_company,
    custom: m.field_custom,
    companies: m.companies,
    ...detailName,
    tag: m.field_tag,
    reason: m.field_reason,
    files: m.field_files,
    messages: m.field_messages,
    server: m.field_server,
    email: m.field_email,
    password: m.field_password,
    name: m.field_name,
    acknowledgement: m.auto_replies_acknowledgement,
    outOfHours: m.auto_replies_out_of_hours,
    sla: m.field_targets,
    escalation: m.field_escalation,
    zone: m.time_zone,
    hours: m.hours,
    holidays: m.hours_dates,
  };
  return names[field]?.() ?? field;
}

/** What a refusal says, and what it offers. */
export function refusalWords(refusal: Refusal, scene: RefusalScene): RefusalWords {
  const row = rows[refusal.type] as Row<Refusal['type']>;
  return row(refusal as never, scene);
}
