/** Targets as people say them: amounts with a unit, and whom a rule is about. */
import { m } from '$lib/paraglide/messages.js';
import type { Cohort } from '$lib/api/types/Cohort';
import type { SlaRule } from '$lib/api/types/SlaRule';
import type { Target } from '$lib/api/types/Target';
import type { Targets } from '$lib/api/types/Targets';
import { money, number } from '$lib/time/format';
import { allDetails, detailName, detailText } from '$lib/words/details';
import { categoryName, channelName, priorityName, type Words } from '$lib/words/labels';

export type Unit = 'minutes' | 'hours';

export const MS: Record<Unit, number> = { minutes: 60_000, hours: 3_600_000 };

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

export function targetWords(target: Target): string {
  const { amount, unit } = amountOf(target.lengthMs);
  const length = unit === 'hours' ? m.targets_h({ n: number(amount) }) : m.targets_min({ n: number(amount) });
  return target.time === 'business' ? length : m.targets_wall_words({ length });
}

/** Whether nothing narrows whom a rule is about. */
export const isForAll = (cohort: Cohort): boolean =>
  cohort.categories.length + cohort.priorities.length + cohort.channels.length === 0 &&
  cohort.valueFrom === null &&
  Object.keys(cohort.details ?? {}).length === 0;

/** Whom a rule is about: of each kind one must hold, and every kind. */
export function cohortWords(cohort: Cohort): string {
  const { categories, priorities, channels, valueFrom, details } = cohort;
  const oneOf = (names: string[]) => names.join(', ');
  const parts = [
    oneOf(categories.map((one) => categoryName[one]())),
    priorities.length === 0
      ? ''
      : m.targets_priority({ priority: oneOf(priorities.map((one) => priorityName[one]())) }),
    channels.length === 0 ? '' : m.targets_channel({ channel: oneOf(channels.map(channelName)) }),
    valueFrom === null ? '' : m.targets_worth({ amount: money(valueFrom) }),
    ...allDetails.map((detail) => {
      const texts = details?.[detail]?.map((one) => detailText(detail, one));
      return texts === undefined ? '' : m.detail_is({ name: detailName[detail](), text: oneOf(texts) });
    }),
  ].filter((part) => part !== '');
  return parts.length === 0 ? m.targets_all() : parts.join(' · ');
}

/** Whether a rule promises anything. */
export const promises = (rule: SlaRule): boolean => kinds.some((kind) => rule.targets[kind] !== null);
