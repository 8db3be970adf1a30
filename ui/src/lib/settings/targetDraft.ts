/**
 * Targets while they are edited: what was typed stays as typed until it can be understood. Nothing that was typed is dropped or
 * guessed; what is wrong is said at its field.
 */
import { m } from '$lib/paraglide/messages.js';
import type { ClockTime } from '$lib/api/types/ClockTime';
import type { Cohort } from '$lib/api/types/Cohort';
import type { Detail } from '$lib/api/types/Detail';
import type { Money } from '$lib/api/types/Money';
import type { SlaPolicy } from '$lib/api/types/SlaPolicy';
import type { SlaRule } from '$lib/api/types/SlaRule';
import type { Target } from '$lib/api/types/Target';
import type { Targets } from '$lib/api/types/Targets';
import { parseMoney } from '$lib/conversation/money';
import { money, number } from '$lib/time/format';
import { zone } from '$lib/time/zone.svelte';
import { allDetails, detailText, typedDetail } from '$lib/words/details';
import { listOf } from './ruleDraft';
import { amountOf, kinds, MS, type Unit } from './targets';

/** What the server takes. */
export const NAME_MOST = 80;
export const RULES_MOST = 50;
const WARN_LEAST = 50;
const WARN_MOST = 95;
const SHORTEST_MS = 1_000;
/** A year. */
const LONGEST_MS = 366 * 24 * MS.hours;

/** A length as typed; none for an empty text. */
export interface LengthDraft {
  text: string;
  unit: Unit;
  time: ClockTime;
}

export interface RuleDraft {
  /** Tells rules apart while they are moved and removed. */
  key: number;
  name: string;
  when: Omit<Cohort, 'valueFrom' | 'details'>;
  /** Details it is narrowed by, with the texts of each and commas between. */
  details: { detail: Detail; text: string; was: { text: string; oneOf: string[] } | null }[];
  worth: { text: string; was: Money | null; wasText: string };
  lengths: Record<keyof Targets, LengthDraft>;
}

export interface PolicyDraft {
  version: number;
  rules: RuleDraft[];
  warn: string;
}

let keys = 0;

/** A number as it is typed in the window's language, without signs between thousands. */
const typedNumber = (value: number): string =>
  new Intl.NumberFormat(zone.locale, { useGrouping: false, maximumFractionDigits: 6 }).format(value);

/** The number a text names, with a point or a comma; `null` where it names none. */
function numberOf(text: string): number | null {
  const typed = text.trim();
  return /^\d+(?:[.,]\d+)?$/.test(typed) ? Number(typed.replace(',', '.')) : null;
}

export function lengthDraft(target: Target | null): LengthDraft {
  if (target === null) return { text: '', unit: 'hours', time: 'business' };
  const { amount, unit } = amountOf(target.lengthMs);
  return { text: typedNumber(amount), unit, time: target.time };
}

export function ruleDraft(rule: SlaRule): RuleDraft {
  const { valueFrom, details, ...when } = rule.when;
  const text = valueFrom === null ? '' : money(valueFrom);
  return {
    key: (keys += 1),
    name: rule.name,
    when: structuredClone(when),
    details: allDetails.flatMap((detail) => {
      const oneOf = details?.[detail];
      if (oneOf === undefined) return [];
      const text = oneOf.map((one) => detailText(detail, one)).join(', ');
      return [{ detail, text, was: { text, oneOf } }];
    }),
    worth: { text, was: valueFrom, wasText: text },
    lengths: Object.fromEntries(
      kinds.map((kind) => [kind, lengthDraft(rule.targets[kind])]),
    ) as RuleDraft['lengths'],
  };
}

/** A rule that promises nothing yet. */
export const newRule = (): RuleDraft =>
  ruleDraft({
    name: m.targets_new_rule(),
    when: { channels: [], priorities: [], categories: [], valueFrom: null },
    targets: { owner: null, firstResponse: null, nextResponse: null, resolution: null },
  });

export const draftOf = (policy: SlaPolicy): PolicyDraft => ({
  version: policy.version,
  rules: policy.rules.map(ruleDraft),
  warn: typedNumber(policy.warnPercent),
});

/** The target that was typed. */
export function targetOf({ text, unit, time }: LengthDraft): Target | null {
  const amount = numberOf(text);
  return amount === null ? null : { lengthMs: Math.round(amount * MS[unit]), time };
}

/** From which value a rule counts. An amount nobody touched stays as it was, whatever its currency. */
const worthOf = ({ text, was, wasText }: RuleDraft['worth'], currency: string): Money | null =>
  text === wasText ? was : text.trim() === '' ? null : parseMoney(text, was?.currency ?? currency);

export function nameProblem(name: string): string | null {
  const length = [...name.trim()].length;
  if (length === 0) return m.targets_name_empty();
  return length > NAME_MOST ? m.targets_name_long({ most: number(NAME_MOST) }) : null;
}

export function lengthProblem(draft: LengthDraft): string | null {
  if (draft.text.trim() === '') return null;
  const lengthMs = targetOf(draft)?.lengthMs;
  if (lengthMs === undefined || lengthMs < SHORTEST_MS) return m.targets_length_wrong();
  return lengthMs > LONGEST_MS ? m.targets_length_long({ most: number(LONGEST_MS / MS[draft.unit]) }) : null;
}

export function worthProblem(worth: RuleDraft['worth'], currency: string): string | null {
  const known = worth.text.trim() === '' || worthOf(worth, currency) !== null;
  return known && !worth.text.includes('-') ? null : m.targets_worth_wrong();
}

export function warnProblem(text: string): string | null {
  const percent = numberOf(text);
  const fits = percent !== null && Number.isInteger(percent) && percent >= WARN_LEAST && percent <= WARN_MOST;
  return fits ? null : m.targets_warn_wrong({ least: WARN_LEAST, most: WARN_MOST });
}

/** What is wrong with the texts of a detail. */
export const detailProblem = (text: string): string | null =>
  listOf(text).length === 0 ? m.rule_part_empty() : null;

const detailsOf = (details: RuleDraft['details']): Pick<Cohort, 'details'> => {
  if (details.length === 0) return {};
  const texts = ({ detail, text, was }: RuleDraft['details'][number]) =>
    was?.text === text ? was.oneOf : listOf(text).map((one) => typedDetail(detail, one));
  return { details: Object.fromEntries(details.map((one) => [one.detail, texts(one)])) };
};

const isRuleSound = (rule: RuleDraft, currency: string): boolean =>
  nameProblem(rule.name) === null &&
  worthProblem(rule.worth, currency) === null &&
  rule.details.every(({ text }) => detailProblem(text) === null) &&
  kinds.every((kind) => lengthProblem(rule.lengths[kind]) === null);

/** Whether the server would take it. */
export const isSound = (draft: PolicyDraft, currency: string): boolean =>
  draft.rules.length <= RULES_MOST &&
  draft.rules.every((rule) => isRuleSound(rule, currency)) &&
  warnProblem(draft.warn) === null;

/** Whether nothing narrows whom a rule is about, as far as it is typed. */
export const draftIsForAll = ({ when, worth, details }: RuleDraft): boolean =>
  when.categories.length + when.priorities.length + when.channels.length + details.length === 0 &&
  worth.text.trim() === '';

/** What was typed, for the server; of a sound draft. */
export const policyOf = (draft: PolicyDraft, currency: string): SlaPolicy => ({
  version: draft.version,
  warnPercent: numberOf(draft.warn) ?? WARN_MOST,
  rules: draft.rules.map(({ name, when, worth, details, lengths }) => ({
    name: name.trim(),
    when: { ...when, valueFrom: worthOf(worth, currency), ...detailsOf(details) },
    targets: {
      owner: targetOf(lengths.owner),
      firstResponse: targetOf(lengths.firstResponse),
      nextResponse: targetOf(lengths.nextResponse),
      resolution: targetOf(lengths.resolution),
    },
  })),
});
