/** The trade's names of things: one table each, which do not compile with a row missing. */
import { m } from '$lib/paraglide/messages.js';
import type { AccountMode } from '$lib/api/types/AccountMode';
import type { Capability } from '$lib/api/types/Capability';
import type { Category } from '$lib/api/types/Category';
import type { Group } from '$lib/api/types/Group';
import type { Outcome } from '$lib/api/types/Outcome';
import type { Priority } from '$lib/api/types/Priority';
import type { Role } from '$lib/api/types/Role';
import type { Sort } from '$lib/api/types/Sort';
import type { Status } from '$lib/api/types/Status';
import type { View } from '$lib/api/types/View';

export type Words<K extends string> = Record<K, () => string>;

export const statusName: Words<Status> = {
  new: m.status_new,
  assigned: m.status_assigned,
  waiting: m.status_waiting,
  followUpDue: m.status_follow_up_due,
  needsInput: m.status_needs_input,
  quoteSent: m.status_quote_sent,
  won: m.status_won,
  lost: m.status_lost,
  resolved: m.status_resolved,
  closed: m.status_closed,
};

/** Ended, one way or another. */
export const isOver = (status: Status): boolean => ['won', 'lost', 'resolved', 'closed'].includes(status);

export const statusSentence: Words<Status> = {
  new: m.status_new_sentence,
  assigned: m.status_assigned_sentence,
  waiting: m.status_waiting_sentence,
  followUpDue: m.status_follow_up_due_sentence,
  needsInput: m.status_needs_input_sentence,
  quoteSent: m.status_quote_sent_sentence,
  won: m.status_won_sentence,
  lost: m.status_lost_sentence,
  resolved: m.status_resolved_sentence,
  closed: m.status_closed_sentence,
};

export const categoryName: Words<Category> = {
  newLead: m.category_new_lead,
  expansion: m.category_expansion,
  partner: m.category_partner,
  quoteRequest: m.category_quote_request,
  demo: m.category_demo,
  vendor: m.category_vendor,
  support: m.category_support,
  unsorted: m.category_unsorted,
};

export const priorityName: Words<Priority> = {
  low: m.priority_low,
  normal: m.priority_normal,
  high: m.priority_high,
  urgent: m.priority_urgent,
};

export const outcomeName: Words<Outcome> = {
  won: m.outcome_won,
  lost: m.outcome_lost,
  solved: m.outcome_solved,
  notSolved: m.outcome_not_solved,
  unqualified: m.outcome_unqualified,
  duplicate: m.outcome_duplicate,
  spam: m.outcome_spam,
  handedOver: m.outcome_handed_over,
  noResponse: m.outcome_no_response,
  imported: m.outcome_imported,
};

export const viewName: Words<View> = {
  today: m.view_today,
  mine: m.view_mine,
  unassigned: m.view_unassigned,
  waiting: m.view_waiting,
  quotesOut: m.view_quotes_out,
  blocked: m.view_blocked,
  snoozed: m.view_snoozed,
  closed: m.view_closed,
  all: m.view_all,
  leftOver: m.view_left_over,
  escalated: m.view_escalated,
};

export const groupName: Words<Group> = {
  overdue: m.group_overdue,
  dueToday: m.group_due_today,
  yourTurn: m.group_your_turn,
  offered: m.group_offered,
  unassigned: m.group_unassigned,
  rest: m.group_rest,
};

export const sortName: Words<Sort> = {
  due: m.sort_due,
  newest: m.sort_newest,
  oldest: m.sort_oldest,
};

export const roleName: Words<Role> = {
  observer: m.role_observer,
  rep: m.role_rep,
  manager: m.role_manager,
  admin: m.role_admin,
};

export const capabilityName: Words<Capability> = {
  read: m.capability_read,
  comment: m.capability_comment,
  work: m.capability_work,
  assign: m.capability_assign,
  sendOnBehalf: m.capability_send,
  sendAs: m.capability_send,
  manage: m.capability_manage,
};

export const modeName: Words<AccountMode> = {
  watch: m.mode_watch,
  together: m.mode_together,
  batonOnly: m.mode_baton_only,
};

/** What a mode means, in one sentence. */
export const modeSays: Words<AccountMode> = {
  watch: m.mode_watch_says,
  together: m.mode_together_says,
  batonOnly: m.mode_baton_only_says,
};

/** What switching to it changes at once. */
export const modeEffect: Words<AccountMode> = {
  watch: m.mode_to_watch_effect,
  together: m.mode_to_together_effect,
  batonOnly: m.mode_to_baton_only_effect,
};

/** What people call a channel. Other parties' channels (the intake API) keep the name they came with. */
const channels: Record<string, () => string> = {
  email: m.channel_email,
  sms: m.channel_sms,
  form: m.channel_form,
  webform: m.channel_form,
  chat: m.channel_chat,
  call: m.channel_call,
  voice: m.channel_call,
  whatsapp: () => 'WhatsApp',
  messenger: () => 'Messenger',
  instagram: () => 'Instagram',
};

export const channelName = (id: string): string => channels[id.toLowerCase()]?.() ?? id;
