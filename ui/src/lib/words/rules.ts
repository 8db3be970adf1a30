/** Routing rules in words: conditions, what a rule does, why a lead went where it went, and what a draft would change. */
import { m } from '$lib/paraglide/messages.js';
import type { Category } from '$lib/api/types/Category';
import type { Condition } from '$lib/api/types/Condition';
import type { Destination } from '$lib/api/types/Destination';
import type { DistributeBy } from '$lib/api/types/DistributeBy';
import type { PassedOver } from '$lib/api/types/PassedOver';
import type { PoolMember } from '$lib/api/types/PoolMember';
import type { Priority } from '$lib/api/types/Priority';
import type { RouteStep } from '$lib/api/types/RouteStep';
import type { Routing } from '$lib/api/types/Routing';
import type { Rule } from '$lib/api/types/Rule';
import type { RuleAct } from '$lib/api/types/RuleAct';
import type { RuleAction } from '$lib/api/types/RuleAction';
import type { Stayed } from '$lib/api/types/Stayed';
import type { TestTrace } from '$lib/api/types/TestTrace';
import type { WordsIn } from '$lib/api/types/WordsIn';
import { all, money, when } from '$lib/time/format';
import { detailName, detailText } from './details';
import { categoryName, priorityName, type Words } from './labels';
import { label, toWhom, type People } from './people';

/** Who and what rules name. */
export interface House extends People {
  inboxName(id: string | null): string;
  account(id: string | null): { address: string } | undefined;
}

/** A condition whose parts, if it has some, are told apart from it. */
export type Leaf = Exclude<Condition, { type: 'all' | 'any' | 'not' }>;

const placeName: Words<WordsIn> = {
  subject: m.rule_words_subject,
  text: m.rule_words_text,
  both: m.rule_words_both,
};

/** "one of ...", as a list that is read aloud. */
const oneOf = (list: string[]): string =>
  new Intl.ListFormat(document.documentElement.lang || 'en', { type: 'disjunction' }).format(list);

/** A detail says one of these, or anything at all where there are none. */
const saysOneOf = (name: string, texts: string[]): string =>
  texts.length === 0 ? m.rule_detail_set({ name }) : m.rule_detail_is({ name, names: oneOf(texts) });

export function leafWords(leaf: Leaf, house: House): string {
  switch (leaf.type) {
    case 'inbox':
      return m.rule_is_inbox({ names: oneOf(leaf.oneOf.map((id) => house.inboxName(id))) });
    case 'account':
      return m.rule_is_account({ names: oneOf(leaf.oneOf.map((id) => house.account(id)?.address ?? id)) });
    case 'address':
      return m.rule_is_address({ names: oneOf(leaf.oneOf) });
    case 'sender':
      return m.rule_is_sender({ names: oneOf(leaf.oneOf) });
    case 'words':
      return m.rule_says({
        place: placeName[leaf.place](),
        words: oneOf(leaf.oneOf.map((word) => `“${word}”`)),
      });
    case 'category':
      return m.rule_is_category({ names: oneOf(leaf.oneOf.map((one) => categoryName[one]())) });
    case 'priorityFrom':
      return m.rule_priority_from({ priority: priorityName[leaf.least]() });
    case 'valueFrom':
      return m.rule_value_from({ amount: money(leaf.least) });
    case 'company':
      return m.rule_is_company({ names: oneOf(leaf.oneOf) });
    case 'tag':
      return m.rule_has_tag({ names: oneOf(leaf.oneOf) });
    case 'detail':
      return saysOneOf(
        detailName[leaf.detail](),
        leaf.oneOf.map((one) => detailText(leaf.detail, one)),
      );
    case 'custom':
      return saysOneOf(leaf.name, leaf.oneOf);
    case 'accountOwner':
      return saysOneOf(
        m.company_owner(),
        leaf.oneOf.map((id) => label(house, id)),
      );
    case 'accountOwnerAway':
      return m.rule_owner_away();
    case 'returning':
      return m.rule_returning();
    case 'businessHours':
      return m.rule_business_hours();
  }
}

/** A condition with all its parts, in one line. */
export function conditionWords(condition: Condition, house: House, outer = true): string {
  switch (condition.type) {
    case 'all':
    case 'any': {
      const { of } = condition;
      if (of.length === 0) return condition.type === 'all' ? m.rule_every_lead() : m.rule_no_lead();
      const parts = of.map((part) => conditionWords(part, house, false));
      if (parts.length === 1) return parts[0] ?? '';
      const joined = parts.join(condition.type === 'all' ? m.rule_and() : m.rule_or());
      return outer ? joined : `(${joined})`;
    }
    case 'not':
      return m.rule_not({ condition: conditionWords(condition.of, house, false) });
    default:
      return leafWords(condition, house);
  }
}

const byName: Words<DistributeBy> = { roundRobin: m.rule_in_turn, leastLoaded: m.rule_least_loaded };

const poolWords = (pool: PoolMember[], house: House): string =>
  all(
    pool.map((one) =>
      one.capacity === undefined
        ? label(house, one.member)
        : m.rule_pool_limit({ name: label(house, one.member), count: one.capacity }),
    ),
  );

export function actionWords(action: RuleAction, house: House): string {
  switch (action.type) {
    case 'assign':
      return m.rule_assign_to({ name: toWhom(house, action.to) });
    case 'distribute':
      return m.rule_distribute({ by: byName[action.by](), names: poolWords(action.pool, house) });
    case 'leaveUnassigned':
      return m.rule_leave();
    case 'setCategory':
      return m.rule_set_category({ category: categoryName[action.category]() });
    case 'setPriority':
      return m.rule_set_priority({ priority: priorityName[action.priority]() });
    case 'setValue':
      return m.rule_set_value({ amount: money(action.value) });
    case 'addTag':
      return m.rule_add_tag({ tag: action.tag });
    case 'setDetail':
      return m.rule_set_detail({
        name: detailName[action.detail](),
        text: detailText(action.detail, action.text),
      });
    case 'setCustom':
      return m.rule_set_detail({ name: action.name, text: action.text });
    case 'addFollower':
      return m.rule_add_follower({ name: label(house, action.member) });
    case 'setNextStep':
      return action.inDays === undefined
        ? m.rule_set_step({ text: action.text })
        : m.rule_set_step_due({ text: action.text, count: action.inDays });
    case 'move':
      return m.rule_moves({ inbox: house.inboxName(action.to) });
    case 'escalate':
      return m.rule_escalates({ words: action.words });
    case 'notify':
      return m.rule_tells({ names: all(action.members.map((id) => toWhom(house, id))) });
  }
}

/** Whether no later rule is looked at once this one has matched. */
export const stops = (rule: Pick<Rule, 'then' | 'stop'>): boolean =>
  rule.stop ??
  rule.then.some((action) => ['assign', 'distribute', 'leaveUnassigned', 'move'].includes(action.type));

/** A condition that was looked at, and what it was compared with. */
export function testWords(test: TestTrace, house: House): string {
  const { condition } = test;
  if (condition.type === 'all') return m.why_all_of();
  if (condition.type === 'any') return m.why_any_of();
  if (condition.type === 'not') return m.why_not();
  return leafWords(condition, house);
}

/** What a condition was compared with; nothing where its own words say it. */
export function seenWords(test: TestTrace, house: House): string | null {
  const { condition, seen } = test;
  switch (condition.type) {
    case 'all':
    case 'any':
    case 'not':
    case 'returning':
    case 'businessHours':
      return null;
    case 'inbox':
      return house.inboxName(seen);
    case 'account':
      return house.account(seen)?.address ?? seen;
    case 'category':
      return categoryName[seen as Category]();
    case 'priorityFrom':
      return priorityName[seen as Priority]();
    case 'accountOwner':
    case 'accountOwnerAway':
      return seen === '' ? m.why_nothing() : label(house, seen);
    case 'detail':
      return seen === '' ? m.why_nothing() : detailText(condition.detail, seen);
    default:
      return seen === '' ? m.why_nothing() : seen;
  }
}

const passedOverWords = (why: PassedOver): string => {
  switch (why.type) {
    case 'left':
      return m.why_left();
    case 'notPermitted':
      return m.why_not_permitted();
    case 'away':
      return why.until === null ? m.why_away() : m.why_away_until({ when: when(why.until) });
    case 'offHours':
      return why.until === null ? m.why_off_hours() : m.why_off_hours_until({ when: when(why.until) });
    case 'atCapacity':
      return m.why_at_capacity({ load: why.load, capacity: why.capacity });
  }
};

/** A step of the order of assignment, in words. */
export function stepWords(step: RouteStep, house: House): string {
  const name = label(house, step.member);
  if (step.kind === 'queue') return m.why_queue();
  if (step.passedOver !== null) return m.why_passed_over({ name, why: passedOverWords(step.passedOver) });
  switch (step.kind) {
    case 'openConversation':
      return m.why_open_conversation({ name });
    case 'accountOwner':
      return m.why_account_owner({ name });
    case 'named':
      return m.why_named({ name });
    case 'turn':
      return m.why_turn({ name });
    case 'load':
      return m.why_load({ name });
    case 'onCall':
      return step.standsInFor === undefined
        ? m.why_on_call({ name })
        : m.why_on_call_backup({ name, absent: label(house, step.standsInFor) });
    case 'backup':
      return m.why_backup({ name, absent: label(house, step.standsInFor ?? null) });
  }
}

const stayedWords: Words<Stayed> = {
  there: m.why_stayed_there,
  gone: m.why_stayed_gone,
  movedOnce: m.why_stayed_moved_once,
  wasThere: m.why_stayed_was_there,
  placed: m.why_stayed_placed,
  cameBack: m.why_stayed_came_back,
  inUse: m.why_stayed_in_use,
  merged: m.why_stayed_merged,
};

/** What a rule did besides, or could not do. */
export function actWords(act: RuleAct, routing: Routing, house: House): string {
  const rule = routing.trace.rules.find((one) => one.id === act.rule)?.name ?? m.why_a_rule();
  switch (act.type) {
    case 'moved':
      return m.why_moved({ rule, inbox: house.inboxName(act.to) });
    case 'stayed':
      return m.why_stayed({ rule, inbox: house.inboxName(act.to), why: stayedWords[act.why]() });
    case 'escalated':
      return act.anew ? m.why_escalated({ rule }) : m.why_escalated_before({ rule });
    case 'told': {
      const names = all(act.members.map((id) => toWhom(house, id)));
      return act.anew ? m.why_told({ rule, names }) : m.why_told_before({ rule, names });
    }
  }
}

/** Where rules send a lead. */
export function destinationWords(destination: Destination, house: House): string {
  switch (destination.type) {
    case 'noRule':
      return m.rehearse_no_rule();
    case 'queue':
      return m.rehearse_queue();
    case 'member':
      return label(house, destination.member);
    case 'inbox':
      return m.rehearse_inbox({
        inbox: house.inboxName(destination.inbox),
        then: destinationWords(destination.then, house),
      });
    case 'pool':
      return m.rule_distribute({
        by: byName[destination.by](),
        names: all(destination.members.map((member) => label(house, member))),
      });
  }
}
