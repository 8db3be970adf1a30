import { describe, expect, it } from 'vitest';
import { amountOf, cohortWords, isSound, newRule, targetOf, targetWords } from './targets';

const MINUTE = 60_000;

describe('a target', () => {
  it('is said in hours where it is whole hours, else in minutes', () => {
    expect(amountOf(240 * MINUTE)).toEqual({ amount: 4, unit: 'hours' });
    expect(amountOf(90 * MINUTE)).toEqual({ amount: 90, unit: 'minutes' });
    expect(amountOf(MINUTE / 2)).toEqual({ amount: 0.5, unit: 'minutes' });
  });

  it('comes back as the length it was said in', () => {
    for (const lengthMs of [MINUTE / 2, 15 * MINUTE, 240 * MINUTE]) {
      const { amount, unit } = amountOf(lengthMs);
      expect(targetOf(amount, unit, 'business')).toEqual({ lengthMs, time: 'business' });
    }
  });

  it('is none where nothing sensible was typed', () => {
    for (const typed of [null, 0, -1, Number.NaN]) expect(targetOf(typed, 'hours', 'wall')).toBeNull();
  });

  it('says when it runs around the clock', () => {
    expect(targetWords({ lengthMs: 15 * MINUTE, time: 'business' })).toBe('15 min');
    expect(targetWords({ lengthMs: 60 * MINUTE, time: 'wall' })).toBe('1 h around the clock');
  });
});

describe('a rule', () => {
  it('without conditions is about everything', () => {
    expect(cohortWords(newRule().when)).toBe('everything');
  });

  it('names what it is about', () => {
    const when = { ...newRule().when, categories: ['demo' as const], priorities: ['urgent' as const] };
    expect(cohortWords(when)).toBe('Demo or consultation and priority Urgent');
  });

  it('needs a name, and warnings a share in the second half', () => {
    const rules = [newRule()];
    expect(isSound({ version: 1, rules, warnPercent: 80 })).toBe(true);
    expect(isSound({ version: 1, rules, warnPercent: 40 })).toBe(false);
    expect(isSound({ version: 1, rules: [{ ...newRule(), name: ' ' }], warnPercent: 80 })).toBe(false);
  });
});
