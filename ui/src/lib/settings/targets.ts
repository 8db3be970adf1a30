/** Targets as people say them: amounts with a unit, and whom a rule is about. */
import { m } from '$lib/paraglide/messages.js';
import type { Cohort } from '$lib/api/types/Cohort';
import type { SlaPolicy } from '$lib/api/types/SlaPolicy';
import type { SlaRule } from '$lib/api/types/SlaRule';
import type { Target } from '$lib/api/types/Target';
import type { Targets } from '$lib/api/types/Targets';
import { all, money } from '$lib/time/format';
import { categoryName, priorityName, type Words } from '$lib/words/labels';

export type Unit = 'minutes' | 'hours';

const MS: Record<Unit, number> = { minutes: 60_000, hours: 3_600_000 };

/** What can have a target, in the order it happens. */
export const kinds = [
  'owner',
  'firstResponse',
  'nextResponse',
  'resolution',
] as const satisfies readonly (keyof Targets)[];

export const kindName: Words<keyof Targets> = {
  owner: m.targets_owner,
  firstResponse: m.targets_first,
  nextResponse: m.targets_next,
  resolution: m.targets_resolution,
};

/** A length in the unit it is best said in. */
export function amountOf(lengthMs: number): { amount: number; unit: Unit } {
  const unit: Unit = lengthMs % MS.hours === 0 ? 'hours' : 'minutes';
  return { amount: lengthMs / MS[unit], unit };
}

/** The target an amount names; none where nothing, or nothing sensible, was typed. */
export function targetOf(amount: number | null, unit: Unit, time: Target['time']): Target | null {
  if (amount === null || !Number.isFinite(amount) || amount <= 0) return null;
  return { lengthMs: Math.round(amount * MS[unit]), time };
}

export function targetWords(target: Target): string {
  const { amount, unit } = amountOf(target.lengthMs);
  const length = unit === 'hours' ? m.targets_h({ n: amount }) : m.targets_min({ n: amount });
  return target.time === 'business' ? length : m.targets_wall_words({ length });
}

/** Whom a rule is about. */
export function cohortWords(cohort: Cohort): string {
  const parts = [
    ...cohort.categories.map((one) => categoryName[one]()),
    ...cohort.priorities.map((one) => m.targets_priority({ priority: priorityName[one]() })),
    ...cohort.channels,
    ...(cohort.valueFrom === null ? [] : [m.targets_worth({ amount: money(cohort.valueFrom) })]),
  ];
  return parts.length === 0 ? m.targets_all() : all(parts);
}

/** A rule that promises nothing yet. */
export const newRule = (): SlaRule => ({
  name: m.targets_new_rule(),
  when: { channels: [], priorities: [], categories: [], valueFrom: null },
  targets: { owner: null, firstResponse: null, nextResponse: null, resolution: null },
});

export const WARN_LEAST = 50;
export const WARN_MOST = 95;

/** Whether the server would take it: every rule has a name, and warnings come in the second half. */
export const isSound = (policy: SlaPolicy): boolean =>
  policy.rules.every((rule) => rule.name.trim() !== '') &&
  policy.warnPercent >= WARN_LEAST &&
  policy.warnPercent <= WARN_MOST;
