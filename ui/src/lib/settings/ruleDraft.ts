/** Routing rules while they are edited: what was typed stays as typed until it can be understood, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { Category } from '$lib/api/types/Category';
import type { Condition } from '$lib/api/types/Condition';
import type { Detail } from '$lib/api/types/Detail';
import type { MemberId } from '$lib/api/types/MemberId';
import type { Money } from '$lib/api/types/Money';
import type { Priority } from '$lib/api/types/Priority';
import type { Rule } from '$lib/api/types/Rule';
import type { RuleAction } from '$lib/api/types/RuleAction';
import type { RuleSet } from '$lib/api/types/RuleSet';
import type { WordsIn } from '$lib/api/types/WordsIn';
import { parseMoney } from '$lib/conversation/money';
import { money } from '$lib/time/format';
import { allDetails, detailText, typedDetail } from '$lib/words/details';
import { stops } from '$lib/words/rules';

/** What the server takes. */
const NAME_MOST = 200;
export const RULES_MOST = 500;
/** How deep conditions lie within others at most; a negation counts as one. */
const DEPTH_MOST = 5;

export type PartType = Exclude<Condition['type'], 'not'>;

/** Something stored, with how it read in the form: as long as it reads the same, it stays what it is. */
interface Kept<T> {
  value: T;
  text: string;
}

const keptOr = <T>(kept: Kept<T> | null | undefined, text: string): T | null =>
  kept && kept.text === text ? kept.value : null;

/** What a form says, to be compared with what it said before. */
export const reads = (draft: unknown): string =>
  JSON.stringify(draft, (name, value: unknown) => (name === 'key' || name === 'was' ? undefined : value));

/** A condition, or a group of them. Only what belongs to its type is looked at. */
export interface PartDraft {
  /** Tells parts apart while they are moved and removed. */
  key: number;
  type: PartType;
  not: boolean;
  of: PartDraft[];
  /** Texts, with commas between them. */
  texts: string;
  inboxes: string[];
  accounts: string[];
  categories: Category[];
  members: MemberId[];
  place: WordsIn;
  priority: Priority;
  amount: string;
  detail: Detail;
  /** Of a field of the team's own. */
  name: string;
  /** What it was made from. */
  was: { whole: Kept<Condition>; texts: Kept<string[]> | null; amount: Kept<Money> | null } | null;
}

export type Owner = 'none' | 'member' | 'roundRobin' | 'leastLoaded' | 'queue' | 'move';

export interface PoolDraft {
  member: string;
  /** With so many open conversations they get no more; empty for no limit. */
  capacity: string;
}

/** What a rule says of a detail, or of a field of the team's own by its name. */
export interface SetDraft {
  /** Tells them apart while they are removed. */
  key: number;
  what: Detail | 'own';
  name: string;
  text: string;
}

export interface RuleDraft {
  id: string;
  name: string;
  enabled: boolean;
  when: PartDraft;
  owner: Owner;
  member: string;
  pool: PoolDraft[];
  /** Where it goes, if it goes to another inbox. */
  inbox: string;
  category: Category | '';
  priority: Priority | '';
  value: string;
  tags: string;
  sets: SetDraft[];
  followers: string[];
  step: string;
  /** In how many business days the step is due; empty for no date. */
  days: string;
  /** Why it is escalated; empty where it is not. */
  escalate: string;
  /** Who is told of it. */
  told: string[];
  stop: boolean;
  /** What it was made from. */
  was: {
    whole: Kept<Rule>;
    then: Kept<RuleAction[]>;
    value: Kept<Money> | null;
    tags: Kept<string[]>;
  } | null;
}

/** All rules while they are edited. */
export interface RulesDraft {
  /** Who edits them. */
  by: MemberId;
  rules: RuleDraft[];
  /** The version they were made from. */
  basedOn: number;
  /** How they read then. */
  begun: string;
}

let keys = 0;

export function newPart(type: PartType): PartDraft {
  keys += 1;
  return {
    key: keys,
    type,
    not: false,
    of: [],
    texts: '',
    inboxes: [],
    accounts: [],
    categories: [],
    members: [],
    place: 'both',
    priority: 'high',
    amount: '',
    detail: 'topic',
    name: '',
    was: null,
  };
}

export function newSet(what: SetDraft['what'] = 'topic', text = '', name = ''): SetDraft {
  keys += 1;
  return { key: keys, what, name, text };
}

export const newRule = (): RuleDraft => ({
  id: crypto.randomUUID(),
  name: m.rule_new(),
  enabled: true,
  when: newPart('all'),
  owner: 'roundRobin',
  member: '',
  pool: [],
  inbox: '',
  category: '',
  priority: '',
  value: '',
  tags: '',
  sets: [],
  followers: [],
  step: '',
  days: '',
  escalate: '',
  told: [],
  stop: true,
  was: null,
});

function partOf(condition: Condition): PartDraft {
  const part = filledIn(condition);
  const leaf = withoutNot(condition);
  return {
    ...part,
    was: {
      whole: { value: condition, text: reads(part) },
      texts: 'oneOf' in leaf ? { value: leaf.oneOf, text: part.texts } : null,
      amount: leaf.type === 'valueFrom' ? { value: leaf.least, text: part.amount } : null,
    },
  };
}

const withoutNot = (condition: Condition): Exclude<Condition, { type: 'not' }> =>
  condition.type === 'not' ? withoutNot(condition.of) : condition;

function filledIn(condition: Condition): PartDraft {
  if (condition.type === 'not') {
    const part = filledIn(condition.of);
    return { ...part, not: !part.not };
  }
  const part = newPart(condition.type);
  switch (condition.type) {
    case 'all':
    case 'any':
      return { ...part, of: condition.of.map(partOf) };
    case 'inbox':
      return { ...part, inboxes: [...condition.oneOf] };
    case 'account':
      return { ...part, accounts: [...condition.oneOf] };
    case 'category':
      return { ...part, categories: [...condition.oneOf] };
    case 'accountOwner':
      return { ...part, members: [...condition.oneOf] };
    case 'words':
      return { ...part, place: condition.place, texts: condition.oneOf.join(', ') };
    case 'priorityFrom':
      return { ...part, priority: condition.least };
    case 'valueFrom':
      return { ...part, amount: money(condition.least) };
    case 'detail': {
      const texts = condition.oneOf.map((one) => detailText(condition.detail, one));
      return { ...part, detail: condition.detail, texts: texts.join(', ') };
    }
    case 'custom':
      return { ...part, name: condition.name, texts: condition.oneOf.join(', ') };
    case 'accountOwnerAway':
    case 'returning':
    case 'businessHours':
      return part;
    default:
      return { ...part, texts: condition.oneOf.join(', ') };
  }
}

const isGroup = (part: PartDraft): boolean => (part.type === 'all' || part.type === 'any') && !part.not;

/** The outermost is always a group, so that there is a place to add to. */
function groupOf(condition: Condition): PartDraft {
  const part = partOf(condition);
  if (isGroup(part)) return part;
  const group = { ...newPart('all'), of: [part] };
  return { ...group, was: { whole: { value: condition, text: reads(group) }, texts: null, amount: null } };
}

/** What is sent of the outermost: a group that was put around a condition goes again where there is nothing else in it. */
function sentOf(group: PartDraft): PartDraft {
  const [only, ...others] = group.of;
  const before = group.was?.whole.value;
  const putAround = before !== undefined && before.type !== 'all' && before.type !== 'any';
  return putAround && group.type === 'all' && only && others.length === 0 ? only : group;
}

/** How what a rule does reads. */
const readsThen = (draft: RuleDraft): string => {
  const { owner, member, pool, inbox, category, priority, value, tags, sets, followers, step, days } = draft;
  const { escalate, told } = draft;
  return reads([
    ...[owner, member, pool, inbox, category, priority, value, tags, sets, followers, step, days],
    ...[escalate, told],
  ]);
};

export function ruleDraft(rule: Rule): RuleDraft {
  const draft: RuleDraft = {
    ...newRule(),
    id: rule.id,
    name: rule.name,
    enabled: rule.enabled,
    when: groupOf(rule.when),
    owner: 'none',
    stop: stops(rule),
  };
  const tags: string[] = [];
  let value: Money | null = null;
  for (const action of rule.then) {
    switch (action.type) {
      case 'assign':
        draft.owner = 'member';
        draft.member = action.to;
        break;
      case 'distribute':
        draft.owner = action.by;
        draft.pool = action.pool.map((one) => ({
          member: one.member,
          capacity: String(one.capacity ?? ''),
        }));
        break;
      case 'leaveUnassigned':
        draft.owner = 'queue';
        break;
      case 'setCategory':
        draft.category = action.category;
        break;
      case 'setPriority':
        draft.priority = action.priority;
        break;
      case 'setValue':
        value = action.value;
        draft.value = money(action.value);
        break;
      case 'addTag':
        tags.push(action.tag);
        break;
      case 'setDetail':
        draft.sets.push(newSet(action.detail, detailText(action.detail, action.text)));
        break;
      case 'setCustom':
        draft.sets.push(newSet('own', action.text, action.name));
        break;
      case 'addFollower':
        draft.followers.push(action.member);
        break;
      case 'setNextStep':
        draft.step = action.text;
        draft.days = String(action.inDays ?? '');
        break;
      case 'move':
        draft.owner = 'move';
        draft.inbox = action.to;
        break;
      case 'escalate':
        draft.escalate = action.words;
        break;
      case 'notify':
        draft.told = [...action.members];
        break;
    }
  }
  draft.tags = tags.join(', ');
  draft.was = {
    whole: { value: rule, text: reads(draft) },
    then: { value: rule.then, text: readsThen(draft) },
    value: value && { value, text: draft.value },
    tags: { value: tags, text: draft.tags },
  };
  return draft;
}

const isUntouched = (draft: RuleDraft): boolean => draft.was?.whole.text === reads(draft);

const unique = (ids: string[]): string[] => [...new Set(ids)];

/** Who is in the pool, or was in it when the form was opened. */
export const poolOf = (draft: RuleDraft): string[] =>
  unique([
    ...draft.pool.map((one) => one.member),
    ...(draft.was?.then.value ?? []).flatMap((action) =>
      action.type === 'distribute' ? action.pool.map((one) => one.member) : [],
    ),
  ]);

/** The inboxes a condition names, or named when the form was opened. */
export const inboxesOf = (part: PartDraft): string[] =>
  unique([...part.inboxes, ...namedBefore(part, 'inbox')]);

/** The same of accounts. */
export const accountsOf = (part: PartDraft): string[] =>
  unique([...part.accounts, ...namedBefore(part, 'account')]);

function namedBefore(part: PartDraft, type: 'inbox' | 'account'): string[] {
  const leaf = part.was && withoutNot(part.was.whole.value);
  return leaf?.type === type ? leaf.oneOf : [];
}

/** Texts as typed, with commas or lines between them. */
export const listOf = (texts: string): string[] =>
  texts
    .split(/[,\n]/)
    .map((text) => text.trim())
    .filter((text) => text !== '');

const textsOf = (part: PartDraft): string[] =>
  keptOr(part.was?.texts, part.texts) ??
  listOf(part.texts).map((text) => (part.type === 'detail' ? typedDetail(part.detail, text) : text));

const amountOf = (kept: Kept<Money> | null | undefined, text: string, currency: string): Money | null =>
  keptOr(kept, text) ?? parseMoney(text, currency);

function conditionOf(part: PartDraft, currency: string): Condition {
  const untouched = keptOr(part.was?.whole, reads(part));
  if (untouched !== null) return untouched;
  const condition = bareCondition(part, currency);
  return part.not ? { type: 'not', of: condition } : condition;
}

function bareCondition(part: PartDraft, currency: string): Condition {
  switch (part.type) {
    case 'all':
    case 'any':
      return { type: part.type, of: part.of.map((one) => conditionOf(one, currency)) };
    case 'inbox':
      return { type: 'inbox', oneOf: part.inboxes };
    case 'account':
      return { type: 'account', oneOf: part.accounts };
    case 'category':
      return { type: 'category', oneOf: part.categories };
    case 'accountOwner':
      return { type: 'accountOwner', oneOf: part.members };
    case 'words':
      return { type: 'words', place: part.place, oneOf: textsOf(part) };
    case 'priorityFrom':
      return { type: 'priorityFrom', least: part.priority };
    case 'valueFrom':
      return {
        type: 'valueFrom',
        least: amountOf(part.was?.amount, part.amount, currency) ?? { cents: 0, currency },
      };
    case 'detail':
      return { type: 'detail', detail: part.detail, oneOf: textsOf(part) };
    case 'custom':
      return { type: 'custom', name: part.name.trim(), oneOf: textsOf(part) };
    case 'accountOwnerAway':
    case 'returning':
    case 'businessHours':
      return { type: part.type };
    default:
      return { type: part.type, oneOf: textsOf(part) };
  }
}

function actionsOf(draft: RuleDraft, currency: string): RuleAction[] {
  const { was } = draft;
  const untouched = keptOr(was?.then, readsThen(draft));
  if (untouched !== null) return untouched;
  const actions: RuleAction[] = [];
  if (draft.category !== '') actions.push({ type: 'setCategory', category: draft.category });
  if (draft.priority !== '') actions.push({ type: 'setPriority', priority: draft.priority });
  const value = draft.value.trim() === '' ? null : amountOf(was?.value, draft.value, currency);
  if (value !== null) actions.push({ type: 'setValue', value });
  for (const tag of keptOr(was?.tags, draft.tags) ?? listOf(draft.tags))
    actions.push({ type: 'addTag', tag });
  for (const { what, name, text } of draft.sets) {
    actions.push(
      what === 'own'
        ? { type: 'setCustom', name: name.trim(), text: text.trim() }
        : { type: 'setDetail', detail: what, text: typedDetail(what, text) },
    );
  }
  for (const member of draft.followers) actions.push({ type: 'addFollower', member });
  const step = draft.step.trim();
  if (step !== '') {
    const days = draft.days.trim();
    const due = days === '' ? {} : { inDays: Number(days) };
    actions.push({ type: 'setNextStep', text: step, ...due });
  }
  const words = draft.escalate.trim();
  if (words !== '') actions.push({ type: 'escalate', words });
  if (draft.told.length > 0) actions.push({ type: 'notify', members: draft.told });
  if (draft.owner === 'move') actions.push({ type: 'move', to: draft.inbox });
  else if (draft.owner === 'member') actions.push({ type: 'assign', to: draft.member });
  else if (draft.owner === 'queue') actions.push({ type: 'leaveUnassigned' });
  else if (draft.owner !== 'none') {
    const pool = draft.pool.map(({ member, capacity }) =>
      capacity.trim() === '' ? { member } : { member, capacity: Number(capacity) },
    );
    actions.push({ type: 'distribute', by: draft.owner, pool });
  }
  return actions;
}

/** What was typed, for the server; of sound drafts. What was not touched is sent as it came. */
export const rulesOf = (drafts: RuleDraft[], currency: string): RuleSet => ({
  rules: drafts.map((draft) => ruleOf(draft, currency)),
});

function ruleOf(draft: RuleDraft, currency: string): Rule {
  const before = draft.was?.whole.value;
  if (before && isUntouched(draft)) return before;
  const rule: Rule = {
    ...before,
    id: draft.id,
    name: draft.name.trim(),
    enabled: draft.enabled,
    when: keptOr(draft.when.was?.whole, reads(draft.when)) ?? conditionOf(sentOf(draft.when), currency),
    then: actionsOf(draft, currency),
  };
  // Where the rule did not say it and still comes to what the form says, it goes on not saying it.
  return before && stops(rule) === draft.stop ? rule : { ...rule, stop: draft.stop };
}

export function nameProblem(name: string): string | null {
  const length = [...name.trim()].length;
  if (length === 0) return m.targets_name_empty();
  return length > NAME_MOST ? m.targets_name_long({ most: NAME_MOST }) : null;
}

export function partProblem(part: PartDraft, currency: string): string | null {
  switch (part.type) {
    case 'any':
      return part.of.length === 0 ? m.rule_part_empty() : null;
    case 'inbox':
      return part.inboxes.length === 0 ? m.rule_part_empty() : null;
    case 'account':
      return part.accounts.length === 0 ? m.rule_part_empty() : null;
    case 'category':
      return part.categories.length === 0 ? m.rule_part_empty() : null;
    case 'valueFrom':
      return parseMoney(part.amount, currency) === null ? m.targets_worth_wrong() : null;
    case 'custom':
      return part.name.trim() === '' ? m.rule_custom_name_empty() : null;
    case 'all':
    case 'accountOwner':
    case 'detail':
    case 'priorityFrom':
    case 'accountOwnerAway':
    case 'returning':
    case 'businessHours':
      return null;
    default:
      return listOf(part.texts).length === 0 ? m.rule_part_empty() : null;
  }
}

export const valueProblem = (value: string, currency: string): string | null =>
  value.trim() !== '' && parseMoney(value, currency) === null ? m.targets_worth_wrong() : null;

export const capacityProblem = (capacity: string): string | null =>
  capacity.trim() === '' || /^[1-9]\d{0,5}$/.test(capacity.trim()) ? null : m.rule_capacity_wrong();

/** What is wrong with something a rule says of a detail. */
export const setProblem = ({ what, name, text }: SetDraft): string | null => {
  if (what === 'own' && name.trim() === '') return m.rule_custom_name_empty();
  return text.trim() === '' ? m.rule_set_empty() : null;
};

/** What is wrong with the date of a next step. */
export const daysProblem = ({ step, days }: RuleDraft): string | null => {
  const typed = days.trim();
  if (typed === '') return null;
  if (!/^([1-9]|[1-5]\d|60)$/.test(typed)) return m.rule_days_wrong();
  return step.trim() === '' ? m.rule_step_missing() : null;
};

/** The details a rule can still say, then the team's own fields, of which it may say several. */
export const whatsOf = (one: SetDraft, all: SetDraft[]): SetDraft['what'][] => [
  ...allDetails.filter((detail) => detail === one.what || !all.some(({ what }) => what === detail)),
  'own',
];

/** Whether a condition holds only for what lies in that inbox: there is nothing to move then. */
function liesOnlyIn(condition: Condition, inbox: string): boolean {
  switch (condition.type) {
    case 'inbox':
      return condition.oneOf.every((one) => one === inbox);
    case 'all':
      return condition.of.some((part) => liesOnlyIn(part, inbox));
    case 'any':
      return condition.of.every((part) => liesOnlyIn(part, inbox));
    default:
      return false;
  }
}

/** What is wrong with what a rule does. */
export function doesProblem(draft: RuleDraft, currency: string): string | null {
  if (draft.owner === 'member' && draft.member === '') return m.rule_no_member();
  const shared = draft.owner === 'roundRobin' || draft.owner === 'leastLoaded';
  if (shared && draft.pool.length === 0) return m.rule_no_pool();
  if (draft.owner === 'move') {
    if (draft.inbox === '') return m.rule_no_inbox();
    if (liesOnlyIn(conditionOf(draft.when, currency), draft.inbox)) return m.rule_same_inbox();
  }
  return actionsOf(draft, currency).length === 0 ? m.rule_does_nothing() : null;
}

const isPartSound = (part: PartDraft, currency: string): boolean =>
  partProblem(part, currency) === null && part.of.every((one) => isPartSound(one, currency));

/** How deep a condition goes, as the server counts. */
export const depthOf = (part: PartDraft): number =>
  1 + (part.not ? 1 : 0) + Math.max(0, ...part.of.map(depthOf));

/** Whether the whole condition of a rule lies deeper than the server takes. */
export const isTooDeep = (group: PartDraft): boolean => depthOf(sentOf(group)) > DEPTH_MOST;

/** Whether a group may be put into a group that lies at `depth`. */
export const mayNest = (depth: number): boolean => depth + 2 <= DEPTH_MOST - 1;

/** Whether the server would take it. */
export const isSound = (draft: RuleDraft, currency: string): boolean =>
  isUntouched(draft) ||
  (nameProblem(draft.name) === null &&
    isPartSound(draft.when, currency) &&
    !isTooDeep(draft.when) &&
    valueProblem(draft.value, currency) === null &&
    draft.pool.every((one) => capacityProblem(one.capacity) === null) &&
    draft.sets.every((one) => setProblem(one) === null) &&
    daysProblem(draft) === null &&
    doesProblem(draft, currency) === null);
