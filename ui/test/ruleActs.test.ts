/** Rules that move a lead, have it escalated and notify people: written by keyboard, read as sentences, rehearsed, and told in a conversation. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Event } from '$lib/api/types/Event';
import type { Routing } from '$lib/api/types/Routing';
import type { Rule } from '$lib/api/types/Rule';
import { anna, ben, business, mira, sales } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, openConversation, openWindow, textOf } from './window';

const RULES = 'routing-rules';
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const text = (element: HTMLElement | undefined) => element?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

const large: Rule = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'Large',
  enabled: true,
  when: { type: 'all', of: [{ type: 'inbox', oneOf: [sales.id] }] },
  then: [
    { type: 'escalate', words: 'Forty seats or more' },
    { type: 'notify', members: [anna.id, ben.id] },
    { type: 'move', to: business.id },
  ],
};

const asLead = (backend: ScriptedBackend) => {
  backend.me = mira;
};

const withRule = (backend: ScriptedBackend) => {
  asLead(backend);
  backend.rules = { version: 3, rules: { rules: [large] } };
};

test('such a rule is written by keyboard, with what is missing in words', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await expect.poll(() => textOf(RULES)).toContain('No routing rules yet');
  await click('rules-edit');
  const owner = await find('rule-owner');
  await userEvent.selectOptions(owner, 'move');
  await click('rules-save');
  expect(backend.asked('saveRules')).toHaveLength(0);
  await expect.poll(() => text(all('routing-rule')[0])).toContain('Choose an inbox.');
  const inbox = await find('rule-inbox');
  await expect.poll(() => inbox.getAttribute('aria-invalid')).toBe('true');
  inbox.focus();
  await userEvent.selectOptions(inbox, business.id);
  await expect.poll(() => text(all('routing-rule')[0])).not.toContain('Choose an inbox.');
  const escalate = await find('rule-escalate');
  escalate.focus();
  await userEvent.keyboard('Forty seats or more');
  const told = await find('rule-told');
  told.querySelector<HTMLElement>(`[data-choice="${ben.id}"]`)?.focus();
  await userEvent.keyboard(' ');
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  expect(backend.asked('saveRules')[0]?.rules.rules[0]?.then).toEqual([
    { type: 'escalate', words: 'Forty seats or more' },
    { type: 'notify', members: [ben.id] },
    { type: 'move', to: business.id },
  ]);
});

test('it is read as a sentence, and opened and saved unchanged it stays what it was', async () => {
  const { backend } = await openWindow(withRule);
  await click('settings-open');
  await expect.poll(() => all('rule-in-words')).toHaveLength(1);
  const words = text(all('rule-in-words')[0]);
  expect(words).toContain('is escalated: “Forty seats or more”');
  expect(words).toContain('Anna and Ben notified');
  expect(words).toContain('goes to the inbox Large offices');
  expect(words).toContain('No later rule is looked at.');
  await click('rules-edit');
  await find('rule-inbox');
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  expect(backend.asked('saveRules')[0]?.rules.rules).toEqual([large]);
});

test('what lies in an inbox already can not be moved there', async () => {
  const { backend } = await openWindow(withRule);
  await click('settings-open');
  await click('rules-edit');
  await userEvent.selectOptions(await find('rule-inbox'), sales.id);
  await click('rules-save');
  await expect.poll(() => text(all('routing-rule')[0])).toContain('These leads lie in that inbox already.');
  expect(backend.asked('saveRules')).toHaveLength(0);
});

test('a rehearsal tells where a lead would be moved, and what else would happen', async () => {
  const { backend } = await openWindow(withRule);
  backend.answers.rehearseRules = () => ({
    lookedAt: 9,
    passedOver: 0,
    moves: [
      {
        from: { type: 'queue' },
        to: { type: 'inbox', inbox: business.id, then: { type: 'member', member: ben.id } },
        rule: large.id,
        count: 2,
        examples: [],
      },
    ],
    escalated: { before: 0, after: 2 },
    told: { before: 1, after: 3 },
    next: null,
  });
  await click('settings-open');
  await click('rules-edit');
  await click('rules-rehearse');
  await expect
    .poll(() => text(all('rehearsed-move')[0]))
    .toContain('from the queue to the inbox Large offices, and there to Ben');
  expect(textOf('rehearsed-escalated')).toContain('Escalated: 0 by the rules in force, 2 by the draft');
  expect(textOf('rehearsed-told')).toContain('1 by the rules in force, 3 by the draft');
});

test('a conversation says by which rule it came, and what it did not do again', async () => {
  const matched = { id: large.id, name: 'Large', matched: true, tests: [], testsLeftOut: 0 };
  const first: Routing = {
    version: 3,
    rule: large.id,
    owner: null,
    turn: false,
    movedTo: business.id,
    trace: {
      rules: [matched],
      rulesLeftOut: 0,
      steps: [],
      acts: [
        { type: 'escalated', rule: large.id, anew: true },
        { type: 'told', rule: large.id, members: [ben.id], anew: true },
        { type: 'moved', rule: large.id, to: business.id },
      ],
    },
  };
  const second: Routing = {
    version: 3,
    rule: null,
    owner: null,
    turn: false,
    trace: {
      rules: [matched],
      rulesLeftOut: 0,
      steps: [{ kind: 'queue', member: null, passedOver: null }],
      acts: [
        { type: 'escalated', rule: large.id, anew: false },
        { type: 'stayed', rule: large.id, to: sales.id, why: 'wasThere' },
      ],
    },
  };
  const window = await openWindow((backend) => {
    const scene = backend.scenes[0];
    if (!scene) throw new Error('no scene');
    const told: Event = { type: 'told', rule: large.id, name: 'Large', members: [ben.id] };
    const events: Event[] = [{ type: 'routed', routing: first }, told, { type: 'routed', routing: second }];
    scene.thread.push({
      type: 'events',
      entries: events.map((event, at) => ({
        number: 900 + at,
        at: 0,
        issuedAt: 0,
        actor: { type: 'operator' },
        command: 'x',
        scope: { type: 'workspace' },
        body: { type: 'conversation', conversation: scene.conversation.id, event },
      })),
    });
  });
  await openConversation(window, window.backend.scenes[0]?.conversation.number ?? 0);
  const why = await find('why-here');
  why.querySelector('summary')?.click();
  expect(text(why)).toContain('Large: escalated');
  expect(text(why)).toContain('Large: Ben notified');
  expect(text(why)).toContain('Large: moved to Large offices');
  expect(text(why)).toContain('Large: escalated before, not again');
  expect(text(why)).toContain('Large: not moved to Sales: it was there before');
});
