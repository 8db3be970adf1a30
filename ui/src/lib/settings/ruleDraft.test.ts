import { describe, expect, it } from 'vitest';
import type { Condition } from '$lib/api/types/Condition';
import type { Rule } from '$lib/api/types/Rule';
import {
  inboxesOf,
  isSound,
  isTooDeep,
  newPart,
  newRule,
  poolOf,
  ruleDraft,
  rulesOf,
  type RuleDraft,
} from './ruleDraft';

const companies: Condition = { type: 'company', oneOf: ['Acme, Inc.', 'Murmel'] };
const worth: Condition = { type: 'valueFrom', least: { cents: 180_000, currency: 'CAD' } };

/** What every loss went through once: commas in names, another currency, nothing said about stopping, actions in another order. */
const rule: Rule = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'Large ones',
  enabled: true,
  when: {
    type: 'any',
    of: [companies, worth, { type: 'not', of: { type: 'not', of: { type: 'returning' } } }],
  },
  then: [
    {
      type: 'distribute',
      by: 'leastLoaded',
      pool: [{ member: 'm-anna' }, { member: 'm-ben', capacity: 20 }],
    },
    { type: 'addTag', tag: 'large, new' },
    { type: 'setValue', value: { cents: 500_000, currency: 'CAD' } },
  ],
};

/** `rule` as it is sent after an edit. */
function sent(from: Rule, edit: (draft: RuleDraft) => void = () => undefined): Rule | undefined {
  const draft = ruleDraft(from);
  edit(draft);
  expect(isSound(draft, 'EUR')).toBe(true);
  return rulesOf([draft], 'EUR').rules[0];
}

describe('a rule nobody touched', () => {
  it.each<[string, Rule]>([
    ['with commas and another currency', rule],
    ['with a condition outside a group', { ...rule, when: companies }],
    ['with a denied group', { ...rule, when: { type: 'not', of: { type: 'all', of: [worth] } } }],
    ['with a stop of null', { ...rule, stop: null } as unknown as Rule],
    ['that goes on', { ...rule, stop: false }],
    ['that nothing matches', { ...rule, when: { type: 'any', of: [] } }],
  ])('%s is sent as it came', (_, from) => {
    expect(JSON.stringify(sent(from))).toBe(JSON.stringify(from));
  });

  it('is again what it was when an edit is taken back', () => {
    const back = sent(rule, (draft) => {
      draft.name = 'Others';
      draft.when.of.push(newPart('returning'));
      draft.name = rule.name;
      draft.when.of.pop();
    });
    expect(back).toEqual(rule);
  });
});

describe('of a rule that was edited', () => {
  it('only what was edited changes', () => {
    expect(sent(rule, (draft) => (draft.name = ' Others '))).toEqual({ ...rule, name: 'Others' });
    expect(sent(rule, (draft) => (draft.enabled = false))).toEqual({ ...rule, enabled: false });
    expect(sent(rule, (draft) => (draft.stop = false))).toEqual({ ...rule, stop: false });
  });

  it('a condition that was added leaves the others alone', () => {
    const when = sent(rule, (draft) => draft.when.of.push(newPart('businessHours')))?.when;
    expect(when).toEqual({
      type: 'any',
      of: [...(rule.when as { of: Condition[] }).of, { type: 'businessHours' }],
    });
  });

  it('texts and amounts stay whole until they are typed into', () => {
    const denied = sent(rule, (draft) => draft.when.of.forEach((part) => (part.not = true)));
    expect((denied?.when as { of: Condition[] }).of.slice(0, 2)).toEqual([
      { type: 'not', of: companies },
      { type: 'not', of: worth },
    ]);
    const typed = sent(rule, (draft) => {
      const [first, second] = draft.when.of;
      if (!first || !second) throw new Error('no conditions');
      first.texts = 'Acme, Murmel';
      second.amount = '2000';
    });
    expect((typed?.when as { of: Condition[] }).of.slice(0, 2)).toEqual([
      { type: 'company', oneOf: ['Acme', 'Murmel'] },
      { type: 'valueFrom', least: { cents: 200_000, currency: 'EUR' } },
    ]);
  });

  it('what it sets keeps its currency and its tags', () => {
    const then = sent(rule, (draft) => (draft.priority = 'high'))?.then;
    expect(then).toHaveLength(4);
    expect(then).toEqual(expect.arrayContaining([...rule.then, { type: 'setPriority', priority: 'high' }]));
  });

  it('a condition outside a group stays outside, until there are two', () => {
    const bare = { ...rule, when: companies };
    const texts = sent(bare, (draft) => draft.when.of.forEach((part) => (part.texts = 'Acme')));
    expect(texts?.when).toEqual({ type: 'company', oneOf: ['Acme'] });
    const two = sent(bare, (draft) => draft.when.of.push(newPart('returning')));
    expect(two?.when).toEqual({ type: 'all', of: [companies, { type: 'returning' }] });
  });

  it('a group that was put around a condition does not count as depth', () => {
    const denied = (condition: Condition): Condition => ({
      type: 'not',
      of: { type: 'all', of: [condition] },
    });
    const when = denied(denied({ type: 'returning' }));
    const draft = ruleDraft({ ...rule, when });
    expect(isTooDeep(draft.when)).toBe(false);
    draft.when.of.push(newPart('returning'));
    expect(isTooDeep(draft.when)).toBe(true);
  });

  it('stopping is said where it would no longer go without saying', () => {
    expect(sent(rule, (draft) => (draft.owner = 'none'))?.stop).toBe(true);
    expect(sent(rule, (draft) => (draft.owner = 'queue'))).not.toHaveProperty('stop');
  });
});

describe('a rule that moves, escalates and notifies', () => {
  const moving: Rule = {
    ...rule,
    when: { type: 'all', of: [{ type: 'inbox', oneOf: ['i-sales'] }] },
    then: [
      { type: 'notify', members: ['m-anna', 'm-ben'] },
      { type: 'escalate', words: 'A large one' },
      { type: 'move', to: 'i-support' },
    ],
  };

  it('is sent as it came, and stops without saying so', () => {
    expect(JSON.stringify(sent(moving))).toBe(JSON.stringify(moving));
    expect(ruleDraft(moving).stop).toBe(true);
  });

  it('sends what was edited', () => {
    const edited = sent(moving, (draft) => {
      draft.inbox = 'i-success';
      draft.escalate = ' Very large ';
      draft.told = [];
    });
    expect(edited?.then).toEqual([
      { type: 'escalate', words: 'Very large' },
      { type: 'move', to: 'i-success' },
    ]);
  });

  it.each([
    ['no inbox', ''],
    ['the one its leads lie in', 'i-sales'],
  ])('is not sound with %s', (_, inbox) => {
    expect(isSound({ ...ruleDraft(moving), inbox }, 'EUR')).toBe(false);
  });
});

it('a new rule says whether it stops', () => {
  const draft = { ...newRule(), owner: 'queue' as const };
  expect(rulesOf([draft], 'EUR').rules[0]).toMatchObject({ when: { type: 'all', of: [] }, stop: true });
});

it('who and what a rule named is still offered after it was taken out', () => {
  const draft = ruleDraft({ ...rule, when: { type: 'inbox', oneOf: ['i-gone'] } });
  draft.pool = [{ member: 'm-mira', capacity: '' }];
  expect(poolOf(draft)).toEqual(['m-mira', 'm-anna', 'm-ben']);
  const [part] = draft.when.of;
  if (!part) throw new Error('no condition');
  part.inboxes = [];
  expect(inboxesOf(part)).toEqual(['i-gone']);
});
