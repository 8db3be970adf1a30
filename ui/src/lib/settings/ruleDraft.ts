/** Routing rules while they are edited: what was typed stays as typed until it can be understood, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { Category } from '$lib/api/types/Category';
import type { Condition } from '$lib/api/types/Condition';
import type { Priority } from '$lib/api/types/Priority';
import type { Rule } from '$lib/api/types/Rule';
import type { RuleAction } from '$lib/api/types/RuleAction';
import type { RuleSet } from '$lib/api/types/RuleSet';
import type { WordsIn } from '$lib/api/types/WordsIn';
import { parseMoney } from '$lib/conversation/money';
import { money } from '$lib/time/format';
import { stops } from '$lib/words/rules';

/** What the server takes. */
const NAME_MOST = 200;
export const RULES_MOST = 500;
/** How deep conditions lie within others at most; a negation counts as one. */
const DEPTH_MOST = 5;

export type PartType = Exclude<Condition['type'], 'not'>;

/** A condition, or a group of them. Only what belongs to its type is looked at. */
export interface PartDraft {
  /** Tells parts apart while they are moved and removed. */
  key: number;
  type: PartType;
  not: boolean;
  of: PartDraft[];
  /** Texts, with commas between them. */
  texts: string;
  /** Ids of inboxes or accounts. */
  ids: string[];
  categories: Category[];
  place: WordsIn;
  priority: Priority;
  amount: string;
}

export type Owner = 'none' | 'member' | 'roundRobin' | 'leastLoaded' | 'queue';

export interface PoolDraft {
  member: string;
  /** With so many open conversations they get no more; empty for no limit. */
  capacity: string;
}

export interface RuleDraft {
  id: string;
  name: string;
  enabled: boolean;
  when: PartDraft;
  owner: Owner;
  member: string;
  pool: PoolDraft[];
  category: Category | '';
  priority: Priority | '';
  value: string;
  tags: string;
  stop: boolean;
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
    ids: [],
    categories: [],
    place: 'both',
    priority: 'high',
    amount: '',
  };
}

export const newRule = (): RuleDraft => ({
  id: crypto.randomUUID(),
  name: m.rule_new(),
  enabled: true,
  when: newPart('all'),
  owner: 'roundRobin',
  member: '',
  pool: [],
  category: '',
  priority: '',
  value: '',
  tags: '',
  stop: true,
});

function partOf(condition: Condition): PartDraft {
  if (condition.type === 'not') {
    const part = partOf(condition.of);
    return { ...part, not: !part.not };
  }
  const part = newPart(condition.type);
  switch (condition.type) {
    case 'all':
    case 'any':
      return { ...part, of: condition.of.map(partOf) };
    case 'inbox':
    case 'account':
      return { ...part, ids: [...condition.oneOf] };
    case 'category':
      return { ...part, categories: [...condition.oneOf] };
    case 'words':
      return { ...part, place: condition.place, texts: condition.oneOf.join(', ') };
    case 'priorityFrom':
      return { ...part, priority: condition.least };
    case 'valueFrom':
      return { ...part, amount: money(condition.least) };
    case 'returning':
    case 'businessHours':
      return part;
    default:
      return { ...part, texts: condition.oneOf.join(', ') };
  }
}

/** The outermost is always a group, so that there is a place to add to. */
function groupOf(condition: Condition): PartDraft {
  const part = partOf(condition);
  const grouped = (part.type === 'all' || part.type === 'any') && !part.not;
  return grouped ? part : { ...newPart('all'), of: [part] };
}

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
          capacity: one.capacity === undefined ? '' : String(one.capacity),
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
        draft.value = money(action.value);
        break;
      case 'addTag':
        tags.push(action.tag);
        break;
    }
  }
  draft.tags = tags.join(', ');
  return draft;
}

/** Texts as typed, with commas or lines between them. */
export const listOf = (texts: string): string[] =>
  texts
    .split(/[,\n]/)
    .map((text) => text.trim())
    .filter((text) => text !== '');

function conditionOf(part: PartDraft, currency: string): Condition {
  const condition = bareCondition(part, currency);
  return part.not ? { type: 'not', of: condition } : condition;
}

function bareCondition(part: PartDraft, currency: string): Condition {
  switch (part.type) {
    case 'all':
    case 'any':
      return { type: part.type, of: part.of.map((one) => conditionOf(one, currency)) };
    case 'inbox':
    case 'account':
      return { type: part.type, oneOf: part.ids };
    case 'category':
      return { type: 'category', oneOf: part.categories };
    case 'words':
      return { type: 'words', place: part.place, oneOf: listOf(part.texts) };
    case 'priorityFrom':
      return { type: 'priorityFrom', least: part.priority };
    case 'valueFrom':
      return { type: 'valueFrom', least: parseMoney(part.amount, currency) ?? { cents: 0, currency } };
    case 'returning':
    case 'businessHours':
      return { type: part.type };
    default:
      return { type: part.type, oneOf: listOf(part.texts) };
  }
}

function actionsOf(draft: RuleDraft, currency: string): RuleAction[] {
  const actions: RuleAction[] = [];
  if (draft.category !== '') actions.push({ type: 'setCategory', category: draft.category });
  if (draft.priority !== '') actions.push({ type: 'setPriority', priority: draft.priority });
  const value = draft.value.trim() === '' ? null : parseMoney(draft.value, currency);
  if (value !== null) actions.push({ type: 'setValue', value });
  for (const tag of listOf(draft.tags)) actions.push({ type: 'addTag', tag });
  if (draft.owner === 'member') actions.push({ type: 'assign', to: draft.member });
  else if (draft.owner === 'queue') actions.push({ type: 'leaveUnassigned' });
  else if (draft.owner !== 'none') {
    const pool = draft.pool.map(({ member, capacity }) =>
      capacity.trim() === '' ? { member } : { member, capacity: Number(capacity) },
    );
    actions.push({ type: 'distribute', by: draft.owner, pool });
  }
  return actions;
}

/** What was typed, for the server; of sound drafts. */
export const rulesOf = (drafts: RuleDraft[], currency: string): RuleSet => ({
  rules: drafts.map((draft) => ({
    id: draft.id,
    name: draft.name.trim(),
    enabled: draft.enabled,
    when: conditionOf(draft.when, currency),
    then: actionsOf(draft, currency),
    stop: draft.stop,
  })),
});

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
    case 'account':
      return part.ids.length === 0 ? m.rule_part_empty() : null;
    case 'category':
      return part.categories.length === 0 ? m.rule_part_empty() : null;
    case 'valueFrom':
      return parseMoney(part.amount, currency) === null ? m.targets_worth_wrong() : null;
    case 'all':
    case 'priorityFrom':
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

/** What is wrong with what a rule does. */
export function doesProblem(draft: RuleDraft, currency: string): string | null {
  if (draft.owner === 'member' && draft.member === '') return m.rule_no_member();
  const shared = draft.owner === 'roundRobin' || draft.owner === 'leastLoaded';
  if (shared && draft.pool.length === 0) return m.rule_no_pool();
  return actionsOf(draft, currency).length === 0 ? m.rule_does_nothing() : null;
}

const isPartSound = (part: PartDraft, currency: string): boolean =>
  partProblem(part, currency) === null && part.of.every((one) => isPartSound(one, currency));

/** How deep a condition goes, as the server counts. */
export const depthOf = (part: PartDraft): number =>
  1 + (part.not ? 1 : 0) + Math.max(0, ...part.of.map(depthOf));

/** Whether a group may be put into a group that lies at `depth`. */
export const mayNest = (depth: number): boolean => depth + 2 <= DEPTH_MOST - 1;

/** Whether the server would take it. */
export const isSound = (draft: RuleDraft, currency: string): boolean =>
  nameProblem(draft.name) === null &&
  isPartSound(draft.when, currency) &&
  depthOf(draft.when) <= DEPTH_MOST &&
  valueProblem(draft.value, currency) === null &&
  draft.pool.every((one) => capacityProblem(one.capacity) === null) &&
  doesProblem(draft, currency) === null;
