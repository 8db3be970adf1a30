import { describe, expect, it } from 'vitest';
import { zone } from '$lib/time/zone.svelte';
import { language } from '$lib/session/language.svelte';
import {
  draftIsForAll,
  draftOf,
  isSound,
  lengthProblem,
  nameProblem,
  newRule,
  policyOf,
  RULES_MOST,
  warnProblem,
  worthProblem,
  type LengthDraft,
} from './targetDraft';
import { amountOf, cohortWords, isForAll, kinds, promises, targetWords } from './targets';
import type { SlaPolicy } from '$lib/api/types/SlaPolicy';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const nobody = { channels: [], priorities: [], categories: [], valueFrom: null };

const policy: SlaPolicy = {
  version: 3,
  warnPercent: 80,
  rules: [
    {
      name: 'Large ones',
      when: { ...nobody, channels: ['email'], valueFrom: { cents: 1_800_000, currency: 'CAD' } },
      targets: {
        owner: { lengthMs: MINUTE / 2, time: 'wall' },
        firstResponse: { lengthMs: 20_000, time: 'business' },
        nextResponse: { lengthMs: 90 * MINUTE, time: 'business' },
        resolution: null,
      },
    },
  ],
};

const length = (text: string, unit: LengthDraft['unit'] = 'hours'): LengthDraft => ({
  text,
  unit,
  time: 'business',
});

describe('a target', () => {
  it('is said in hours where it is whole hours, else in minutes', () => {
    expect(amountOf(240 * MINUTE)).toEqual({ amount: 4, unit: 'hours' });
    expect(amountOf(90 * MINUTE)).toEqual({ amount: 90, unit: 'minutes' });
    expect(amountOf(MINUTE / 2)).toEqual({ amount: 0.5, unit: 'minutes' });
  });

  it('says when it runs around the clock', () => {
    expect(targetWords({ lengthMs: 15 * MINUTE, time: 'business' })).toBe('15 min');
    expect(targetWords({ lengthMs: 60 * MINUTE, time: 'wall' })).toBe('1 h around the clock');
  });
});

describe('a rule', () => {
  it('without conditions is about everything', () => {
    expect(cohortWords(nobody)).toBe('everything');
    expect(isForAll(nobody)).toBe(true);
    expect(isForAll({ ...nobody, channels: ['email'] })).toBe(false);
  });

  it('names what it is about, channels included', () => {
    const when = {
      ...nobody,
      categories: ['quoteRequest' as const, 'demo' as const],
      priorities: ['urgent' as const, 'high' as const],
    };
    expect(cohortWords(when)).toBe('Pricing or quote, Demo or consultation · priority Urgent, High');
    expect(cohortWords({ ...nobody, channels: ['email', 'webform'] })).toBe('by Email, Web form');
  });

  it('promises something where one target is set', () => {
    expect(policy.rules.map(promises)).toEqual([true]);
    expect(
      promises({ name: 'x', when: nobody, targets: policyOf(draftOf(policy), 'EUR').rules[0]!.targets }),
    ).toBe(true);
  });
});

describe('what is typed of targets', () => {
  it('comes back as it was while nobody touches it, in every language', () => {
    for (const one of ['en', 'de', 'es'] as const) {
      language.choose(one);
      expect(zone.locale.startsWith(one)).toBe(true);
      expect(policyOf(draftOf(policy), 'EUR')).toEqual(policy);
    }
  });

  it('takes a point and a comma', () => {
    const draft = draftOf(policy);
    draft.rules[0]!.lengths.owner = length('1,5');
    draft.rules[0]!.lengths.resolution = length('2.25');
    const targets = policyOf(draft, 'EUR').rules[0]!.targets;
    expect(targets.owner).toEqual({ lengthMs: 1.5 * HOUR, time: 'business' });
    expect(targets.resolution).toEqual({ lengthMs: 2.25 * HOUR, time: 'business' });
  });

  it('has no target where the field is empty, and is wrong where it is no length', () => {
    for (const typed of ['', '  ']) expect(lengthProblem(length(typed))).toBeNull();
    for (const typed of ['0', '0.0', '-1', 'soon', '1e3', '4 h'])
      expect(lengthProblem(length(typed)), typed).toContain('A number above 0');
    expect(lengthProblem(length('0.01', 'minutes'))).toContain('A number above 0');
    expect(lengthProblem(length('1', 'minutes'))).toBeNull();
  });

  it('is at most a year', () => {
    expect(lengthProblem(length('8784'))).toBeNull();
    expect(lengthProblem(length('8785'))).toBe('At most a year: 8,784.');
    expect(lengthProblem(length('527041', 'minutes'))).toBe('At most a year: 527,040.');
  });

  it('has a name of 1 to 80 characters', () => {
    expect(nameProblem(' ')).toBe('Give the rule a name.');
    expect(nameProblem('x'.repeat(80))).toBeNull();
    expect(nameProblem('😀'.repeat(80))).toBeNull();
    expect(nameProblem('x'.repeat(81))).toBe('At most 80 characters.');
  });

  it('warns in the second half', () => {
    for (const typed of ['50', '95', ' 80 ']) expect(warnProblem(typed)).toBeNull();
    for (const typed of ['', '49', '96', '80.5', 'x', '-80'])
      expect(warnProblem(typed), typed).toBe('Between 50 and 95.');
  });

  it('names an amount or any', () => {
    const worth = (text: string) => ({ text, was: null, wasText: '' });
    expect(worthProblem(worth(''), 'EUR')).toBeNull();
    expect(worthProblem(worth('18k'), 'EUR')).toBeNull();
    for (const text of ['a lot', '-5', '€'])
      expect(worthProblem(worth(text), 'EUR'), text).toContain('amount');
    const draft = draftOf(policy);
    draft.rules[0]!.worth.text = '';
    expect(policyOf(draft, 'EUR').rules[0]!.when.valueFrom).toBeNull();
    draft.rules[0]!.worth.text = '20000';
    expect(policyOf(draft, 'EUR').rules[0]!.when.valueFrom).toEqual({ cents: 2_000_000, currency: 'CAD' });
  });

  it('is sound when every part is, and has at most 50 rules', () => {
    const draft = draftOf(policy);
    expect(isSound(draft, 'EUR')).toBe(true);
    draft.rules = Array.from({ length: RULES_MOST }, newRule);
    expect(isSound(draft, 'EUR')).toBe(true);
    expect(isSound({ ...draft, rules: [...draft.rules, newRule()] }, 'EUR')).toBe(false);
    expect(isSound({ ...draft, warn: '40' }, 'EUR')).toBe(false);
    for (const kind of kinds) {
      const rule = newRule();
      rule.lengths[kind].text = '0';
      expect(isSound({ ...draft, rules: [rule] }, 'EUR'), kind).toBe(false);
    }
    expect(isSound({ ...draft, rules: [{ ...newRule(), name: ' ' }] }, 'EUR')).toBe(false);
  });

  it('is about everything until something narrows it', () => {
    expect(draftIsForAll(newRule())).toBe(true);
    expect(draftIsForAll({ ...newRule(), worth: { text: '5', was: null, wasText: '' } })).toBe(false);
  });
});
