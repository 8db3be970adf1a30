/** Routing rules: read by everybody as sentences, changed and rehearsed by who leads; and why a lead is where it is. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Rule } from '$lib/api/types/Rule';
import type { Routing } from '$lib/api/types/Routing';
import { anna, ben, mira, team } from './scripted/cast';
import { drift } from './scripted/drift';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const RULES = 'routing-rules';
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const text = (element: HTMLElement | undefined) => element?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

const asLead = (backend: ScriptedBackend) => {
  backend.me = mira;
};

const quotes: Rule = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'Quotes',
  enabled: true,
  when: {
    type: 'all',
    of: [
      { type: 'words', place: 'subject', oneOf: ['quote', 'offer'] },
      { type: 'not', of: { type: 'sender', oneOf: ['acme.example'] } },
    ],
  },
  then: [
    { type: 'setPriority', priority: 'high' },
    { type: 'distribute', by: 'roundRobin', pool: [{ member: anna.id }, { member: ben.id, capacity: 20 }] },
  ],
};

const withRules = (backend: ScriptedBackend) => {
  backend.rules = { version: 3, rules: { rules: [quotes] } };
};

function inside(element: HTMLElement | undefined, selector: string): HTMLElement {
  const found = element?.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

test('everybody reads the rules in force as sentences', async () => {
  await openWindow((backend) => {
    backend.me = ben;
    withRules(backend);
  });
  await click('settings-open');
  await expect.poll(() => all('rule-in-words')).toHaveLength(1);
  const words = text(all('rule-in-words')[0]);
  expect(words).toContain('the subject says “quote” or “offer” and not: it is from acme.example');
  expect(words).toContain('gets priority High');
  expect(words).toContain('in turn among Anna and You (up to 20)');
  expect(hook('rules-edit')).toBeNull();
});

test('a first rule is written and put in force', async () => {
  const { backend } = await openWindow(asLead);
  await click('settings-open');
  await find(RULES);
  await expect.poll(() => textOf(RULES)).toContain('No routing rules yet');
  await click('rules-edit');
  await expect.poll(() => all('routing-rule')).toHaveLength(1);
  const rule = all('routing-rule')[0];
  expect(text(rule)).not.toContain('Choose at least one person.');
  await click('rules-save');
  expect(backend.asked('saveRules')).toHaveLength(0);
  await expect.poll(() => text(rule)).toContain('Choose at least one person.');
  await userEvent.fill(inside(rule, '[data-testid="rule-name"]'), 'Demos');
  await userEvent.click(inside(rule, '[data-testid="rule-part-add"]'));
  await userEvent.fill(inside(rule, '[data-testid="rule-part-texts"]'), 'demo, tour');
  await userEvent.click(inside(rule, '[data-pool="Ben Okafor"]'));
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  const asked = backend.asked('saveRules')[0];
  expect(asked?.basedOn).toBe(0);
  const saved = asked?.rules.rules[0];
  expect(saved?.name).toBe('Demos');
  expect(saved?.when).toEqual({
    type: 'all',
    of: [{ type: 'words', place: 'both', oneOf: ['demo', 'tour'] }],
  });
  expect(saved?.then).toEqual([{ type: 'distribute', by: 'roundRobin', pool: [{ member: ben.id }] }]);
  await expect.poll(() => textOf(RULES)).toContain('Demos');
});

test('rules that are opened and saved unchanged stay what they were', async () => {
  const { backend } = await openWindow((scripted) => {
    asLead(scripted);
    withRules(scripted);
  });
  await click('settings-open');
  await click('rules-edit');
  await expect.poll(() => all('routing-rule')).toHaveLength(1);
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  expect(backend.asked('saveRules')[0]?.rules.rules).toEqual([quotes]);
});

test('rules are moved by keyboard, switched off and removed', async () => {
  const { backend } = await openWindow((scripted) => {
    asLead(scripted);
    scripted.rules = {
      version: 1,
      rules: { rules: [quotes, { ...quotes, id: '00000000-0000-4000-8000-000000000002', name: 'Others' }] },
    };
  });
  await click('settings-open');
  await click('rules-edit');
  await expect.poll(() => all('routing-rule')).toHaveLength(2);
  inside(all('routing-rule')[1], '[data-testid="rule-up"]').focus();
  await userEvent.keyboard('{Enter}');
  await expect
    .poll(() => all('rule-name').map((input) => (input as HTMLInputElement).value))
    .toEqual(['Others', 'Quotes']);
  await userEvent.click(inside(all('routing-rule')[0], '[data-testid="rule-enabled"]'));
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  const rules = backend.asked('saveRules')[0]?.rules.rules;
  expect(rules?.map((rule) => [rule.name, rule.enabled])).toEqual([
    ['Others', false],
    ['Quotes', true],
  ]);
});

test('somebody else was faster: both are kept, and one is chosen', async () => {
  const { backend } = await openWindow((scripted) => {
    asLead(scripted);
    withRules(scripted);
  });
  await click('settings-open');
  await click('rules-edit');
  await expect.poll(() => all('routing-rule')).toHaveLength(1);
  await userEvent.fill(inside(all('routing-rule')[0], '[data-testid="rule-name"]'), 'Mine');
  backend.rules = { version: 4, rules: { rules: [{ ...quotes, name: 'Theirs' }] } };
  await click('rules-save');
  await find('rules-conflict');
  expect((all('rule-name')[0] as HTMLInputElement).value).toBe('Mine');
  await userEvent.click(inside(hook('rules-conflict') ?? undefined, 'button:last-of-type'));
  await expect.poll(() => backend.rules.version).toBe(5);
  expect(backend.rules.rules.rules[0]?.name).toBe('Mine');
});

test('a draft is rehearsed page by page, and nothing is saved', async () => {
  const move = {
    from: { type: 'noRule' as const },
    to: { type: 'member' as const, member: ben.id },
    rule: quotes.id,
    count: 2,
    examples: [
      {
        conversation: 'c-1042',
        number: 1042,
        inbox: 'i-sales',
        subject: 'Forty seats',
        contact: 'c@x.example',
      },
    ],
  };
  const { backend } = await openWindow((scripted) => {
    asLead(scripted);
    withRules(scripted);
    scripted.answers.rehearseRules = ({ after }) => ({
      lookedAt: 10,
      passedOver: 1,
      moves: [move],
      next: after === null ? 'more' : null,
    });
  });
  await click('settings-open');
  await click('rules-edit');
  await click('rules-rehearse');
  await expect.poll(() => all('rehearsed-move')).toHaveLength(1);
  await expect.poll(() => textOf('rehearsal')).toContain('20 conversations looked at, 4 would go elsewhere');
  expect(text(all('rehearsed-move')[0])).toContain('4 from the queue (no rule) to Ben');
  expect(backend.asked('rehearseRules').map(({ after }) => after)).toEqual([null, 'more']);
  expect(backend.asked('saveRules')).toHaveLength(0);
});

test('who and what is gone is marked, and can be taken out of a rule', async () => {
  const { backend } = await openWindow((scripted) => {
    asLead(scripted);
    scripted.team = {
      ...team,
      members: team.members.map((one) => (one.id === ben.id ? { ...one, active: false } : one)),
    };
    const when = {
      type: 'all' as const,
      of: [
        { type: 'inbox' as const, oneOf: ['i-sales', 'i-gone'] },
        { type: 'account' as const, oneOf: ['a-sales', 'a-gone'] },
      ],
    };
    const pool = [{ member: anna.id }, { member: ben.id }, { member: 'm-unknown' }];
    scripted.rules = {
      version: 3,
      rules: {
        rules: [
          { ...quotes, when, then: [{ type: 'distribute', by: 'roundRobin', pool }] },
          { ...quotes, id: '00000000-0000-4000-8000-000000000002', then: [{ type: 'assign', to: ben.id }] },
        ],
      },
    };
  });
  await click('settings-open');
  await click('rules-edit');
  await expect.poll(() => all('routing-rule')).toHaveLength(2);
  const [first, second] = all('routing-rule');
  expect(text(first)).toContain('an inbox that is gone');
  expect(text(first)).toContain('a mailbox that is gone');
  const member = inside(second, '[data-testid="rule-member"]') as HTMLSelectElement;
  expect(text(member.selectedOptions[0])).toBe('Ben Okafor (has left)');
  await userEvent.click(inside(first, '[data-choice="i-gone"]'));
  await userEvent.click(inside(first, '[data-choice="a-gone"]'));
  await userEvent.click(inside(first, '[data-pool="somebody who has left"]'));
  const left = inside(first, '[data-pool="Ben Okafor (has left)"]');
  await userEvent.click(left);
  // The keyboard stays where it was.
  expect(document.activeElement).toBe(left);
  await userEvent.selectOptions(member, anna.id);
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  const rules = backend.asked('saveRules')[0]?.rules.rules;
  expect(rules?.[0]?.when).toEqual({
    type: 'all',
    of: [
      { type: 'inbox', oneOf: ['i-sales'] },
      { type: 'account', oneOf: ['a-sales'] },
    ],
  });
  expect(rules?.map((rule) => rule.then)).toEqual([
    [{ type: 'distribute', by: 'roundRobin', pool: [{ member: anna.id }] }],
    [{ type: 'assign', to: anna.id }],
  ]);
});

test('a draft waits while a rehearsed conversation is looked at', async () => {
  const { backend, desk } = await openWindow((scripted) => {
    asLead(scripted);
    withRules(scripted);
    scripted.answers.rehearseRules = () => ({
      lookedAt: 1,
      passedOver: 0,
      moves: [
        {
          from: { type: 'noRule' },
          to: { type: 'member', member: ben.id },
          rule: quotes.id,
          count: 1,
          examples: [
            {
              conversation: 'c-1042',
              number: 1042,
              inbox: 'i-sales',
              subject: 'Seats',
              contact: 'c@x.example',
            },
          ],
        },
      ],
      next: null,
    });
  });
  await click('settings-open');
  await click('rules-edit');
  await userEvent.fill(await find('rule-name'), 'Mine');
  await click('rules-rehearse');
  await expect.poll(() => all('rehearsed-move')).toHaveLength(1);
  await userEvent.click(inside(all('rehearsed-move')[0], 'button'));
  await expect.poll(() => desk.page).toBe('inbox');
  // Somebody else is faster meanwhile: the draft is still of the version it was made from.
  backend.rules = { version: 4, rules: { rules: [{ ...quotes, name: 'Theirs' }] } };
  await click('settings-open');
  expect(((await find('rule-name')) as HTMLInputElement).value).toBe('Mine');
  await click('rules-save');
  await find('rules-conflict');
  expect(backend.asked('saveRules')[0]?.basedOn).toBe(3);
  await click('rules-cancel');
  await expect.poll(() => textOf(RULES)).toContain('Theirs');
  expect(desk.rulesDraft).toBeNull();
});

test('escape leaves a form only where nothing was changed', async () => {
  const { desk } = await openWindow((scripted) => {
    asLead(scripted);
    withRules(scripted);
  });
  await click('settings-open');
  await click('rules-edit');
  await expect.poll(() => document.activeElement).toBe(await find('rule-name'));
  await press('{Escape}');
  await expect.poll(() => hook('routing-rule')).toBeNull();
  await expect.poll(() => document.activeElement).toBe(hook('rules-edit'));
  expect(desk.page).toBe('settings');
  await click('rules-edit');
  await click('rule-enabled');
  expect(document.activeElement).toBe(hook('rule-enabled'));
  await press('{Escape}');
  expect(desk.page).toBe('settings');
  expect((hook('rule-enabled') as HTMLInputElement).checked).toBe(false);
  await click('rule-enabled');
  await press('{Escape}');
  await expect.poll(() => hook('routing-rule')).toBeNull();
  expect(desk.page).toBe('settings');
});

test('a conversation says why it is where it is', async () => {
  const routing: Routing = {
    version: 3,
    rule: quotes.id,
    owner: ben.id,
    turn: true,
    trace: {
      rules: [
        {
          id: quotes.id,
          name: 'Quotes',
          matched: true,
          tests: [
            { depth: 0, condition: { type: 'all', of: [] }, seen: '', matched: true },
            {
              depth: 1,
              condition: { type: 'words', place: 'subject', oneOf: ['quote'] },
              seen: 'A quote for forty seats',
              matched: true,
            },
          ],
          testsLeftOut: 0,
        },
      ],
      rulesLeftOut: 2,
      steps: [
        { kind: 'turn', member: mira.id, passedOver: { type: 'away', until: null } },
        { kind: 'turn', member: ben.id, passedOver: null },
      ],
    },
  };
  const window = await openWindow((backend) => {
    const scene = backend.scenes[0];
    if (!scene) throw new Error('no scene');
    scene.thread.push({
      type: 'events',
      entries: [
        {
          number: 900,
          at: 0,
          issuedAt: 0,
          actor: { type: 'operator' },
          command: 'x',
          scope: { type: 'workspace' },
          body: {
            type: 'conversation',
            conversation: scene.conversation.id,
            event: { type: 'routed', routing },
          },
        },
      ],
    });
  });
  const number = window.backend.scenes[0]?.conversation.number ?? 0;
  await openConversation(window, number);
  const why = await find('why-here');
  expect(why.hasAttribute('open')).toBe(false);
  await userEvent.click(inside(why, 'summary'));
  expect(textOf('why-here')).toContain('the subject says “quote”');
  expect(textOf('why-here')).toContain('seen: A quote for forty seats');
  expect(textOf('why-here')).toContain('Mira was passed over: away');
  expect(textOf('why-here')).toContain('Ben: next in turn');
  expect(textOf('why-here')).toContain('2 more rules did not match');
});

test('what the last change did is told by rule, with what people changed, page after page', async () => {
  const { backend } = await openWindow((backend) => {
    asLead(backend);
    withRules(backend);
    let page = 0;
    backend.answers.ruleDrift = () => ({ ...drift, next: (page += 1) === 1 ? 'more' : null });
  });
  await click('settings-open');
  await click('drift-look');
  await expect.poll(() => all('drift-rule')).toHaveLength(3);
  expect(backend.asked('ruleDrift')).toEqual([{ after: null }, { after: 'more' }]);
  expect(textOf('drift')).toContain('96 leads routed since');
  const cells = [...(all('drift-rule')[0]?.querySelectorAll('td') ?? [])].map((cell) => cell.textContent);
  expect(cells).toEqual(['28', '8', '4', '2']);
  expect(text(all('drift-move')[0])).toContain('42 before to Anna, now to in turn among Anna and Ben');
  await userEvent.click(inside(all('drift-rule')[0], '.link'));
  await expect.poll(() => hook('drift')).toBeNull();
});

test('who leads asks the rules once more about what waits, by keyboard', async () => {
  const window = await openWindow((backend) => {
    asLead(backend);
    withRules(backend);
  });
  const { backend } = window;
  await openConversation(window, 1042);
  await press('{Shift>}A{/Shift}');
  await expect.poll(() => backend.asked('act').at(-1)?.body).toEqual({ type: 'route' });
});
