/** Topic, stage, region and the like, and fields of the team's own: said in their place, proposed as they were said before. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Rule } from '$lib/api/types/Rule';
import { anna, mira } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf, type TestWindow } from './window';

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const within = (selector: string, element: ParentNode = document): HTMLElement => {
  const found = element.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};

const sent = ({ backend }: TestWindow) =>
  backend.asked('act').flatMap(({ body }) => (body.type === 'setFields' ? [body.details] : []));

async function opened(prepare?: (backend: ScriptedBackend) => void): Promise<TestWindow> {
  const window = await openWindow(prepare);
  await openConversation(window, window.backend.scenes[0]?.conversation.number ?? 0);
  await find('detail-add');
  return window;
}

test('a detail is added, changed and taken away by keyboard', async () => {
  const window = await opened();
  await userEvent.selectOptions(await find('detail-add'), 'topic');
  await expect.poll(() => document.activeElement).toBe(await find('detail-text'));
  // What was said before is proposed.
  await expect
    .poll(() => [...document.querySelectorAll('datalist option')].map((one) => one.getAttribute('value')))
    .toEqual(['pricing', 'demo']);
  await press('renewal{Enter}');
  await expect.poll(() => textOf('details')).toContain('Topic renewal');
  await userEvent.click(within('[data-detail="topic"]'));
  await userEvent.clear(await find('detail-text'));
  await press('{Enter}');
  await expect.poll(() => hook('details')?.querySelector('[data-detail]')).toBeNull();
  expect(sent(window)).toEqual([{ topic: 'renewal' }, { topic: '' }]);
});

test('escape keeps what was there, and leaving a field keeps what was typed', async () => {
  const window = await opened((backend) => {
    const scene = backend.scenes[0];
    if (scene) scene.conversation.details = { region: 'DACH' };
  });
  await userEvent.click(within('[data-detail="region"]'));
  await userEvent.fill(await find('detail-text'), 'Iberia');
  await press('{Escape}');
  expect(sent(window)).toEqual([]);
  expect(textOf('details')).toContain('DACH');
  await userEvent.click(within('[data-detail="region"]'));
  await userEvent.fill(await find('detail-text'), 'Iberia');
  within('[data-testid="detail-add"]').focus();
  await expect.poll(() => sent(window)).toEqual([{ region: 'Iberia' }]);
});

test('a field of the team’s own has a name and a text', async () => {
  const window = await opened();
  await userEvent.selectOptions(await find('detail-add'), 'own');
  await userEvent.fill(await find('detail-name'), 'Seats');
  expect((hook('detail-save') as HTMLButtonElement).disabled).toBe(true);
  await userEvent.fill(await find('detail-text'), '40');
  await click('detail-save');
  await expect.poll(() => sent(window)).toEqual([{ custom: { Seats: '40' } }]);
  await expect.poll(() => textOf('details')).toContain('Seats 40');
});

test('a language is read by its name and kept as its code', async () => {
  const window = await opened((backend) => {
    const scene = backend.scenes[0];
    if (scene) scene.conversation.details = { language: 'de' };
  });
  expect(textOf('details')).toContain('Language German');
  await userEvent.click(within('[data-detail="language"]'));
  await userEvent.fill(await find('detail-text'), 'spanish');
  await press('{Enter}');
  await expect.poll(() => sent(window)).toEqual([{ language: 'es' }]);
});

test('a rule about details is written, read as a sentence, and stays what it is', async () => {
  const { backend } = await openWindow((scripted) => {
    scripted.me = mira;
  });
  await click('settings-open');
  await click('rules-edit');
  await find('routing-rule');
  await click('rule-part-add');
  await userEvent.selectOptions(await find('rule-part-type'), 'detail:language');
  await userEvent.fill(await find('rule-part-texts'), 'German, French');
  await click('rule-part-add');
  const second = () => all('rule-part-type')[1];
  await expect.poll(second).toBeDefined();
  await userEvent.selectOptions(second() as HTMLElement, 'custom');
  await userEvent.fill(await find('rule-part-name'), 'Seats');
  await userEvent.selectOptions(await find('rule-owner'), 'none');
  await click('rule-set-add');
  await userEvent.selectOptions(await find('rule-set-what'), 'region');
  await userEvent.fill(await find('rule-set-text'), 'DACH');
  await userEvent.click(within(`[data-choice="${anna.id}"]`));
  await userEvent.fill(await find('rule-days'), '2');
  await click('rules-save');
  // A date without a step is no step.
  expect(backend.asked('saveRules')).toHaveLength(0);
  await userEvent.fill(await find('rule-step'), 'Call them');
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  const saved = backend.asked('saveRules')[0]?.rules.rules[0];
  expect(saved?.when).toEqual({
    type: 'all',
    of: [
      { type: 'detail', detail: 'language', oneOf: ['de', 'fr'] },
      { type: 'custom', name: 'Seats', oneOf: [] },
    ],
  });
  expect(saved?.then).toEqual([
    { type: 'setDetail', detail: 'region', text: 'DACH' },
    { type: 'addFollower', member: anna.id },
    { type: 'setNextStep', text: 'Call them', inDays: 2 },
  ]);
  await expect
    .poll(() => textOf('routing-rules'))
    .toContain('When Language is German or French and Seats is filled in:');
  expect(textOf('routing-rules')).toContain('gets Region: DACH');
  expect(textOf('routing-rules')).toContain('is followed by Anna');
  expect(textOf('routing-rules')).toContain('gets the next step “Call them”, due in business days: 2');
  // Opened and saved again it is the same.
  await click('rules-edit');
  await find('routing-rule');
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(2);
  expect(backend.asked('saveRules')[1]?.rules.rules[0]).toEqual(saved as Rule);
});

test('targets are narrowed by a detail', async () => {
  const { backend } = await openWindow((scripted) => {
    scripted.me = mira;
  });
  await click('settings-open');
  await find('targets-Sales');
  await click('targets-usual');
  await userEvent.selectOptions(await find('target-detail-add'), 'lifecycleStage');
  await click('targets-save');
  expect(backend.asked('saveTargets')).toHaveLength(0);
  await userEvent.fill(await find('target-detail-lifecycleStage'), 'customer, partner');
  await click('targets-save');
  await expect.poll(() => backend.asked('saveTargets')).toHaveLength(1);
  expect(backend.asked('saveTargets')[0]?.sla.rules[0]?.when.details).toEqual({
    lifecycleStage: ['customer', 'partner'],
  });
  await expect.poll(() => textOf('targets-Sales')).toContain('Lifecycle stage: customer, partner');
});

const regional = (backend: ScriptedBackend) => {
  const scene = backend.scenes[0];
  if (scene) scene.conversation.details = { region: 'DACH', topic: 'pricing' };
};

test('what is being typed stays while the conversation is read anew', async () => {
  const window = await opened(regional);
  await userEvent.click(within('[data-detail="region"]'));
  await userEvent.fill(await find('detail-text'), 'Iber');
  const { backend } = window;
  const before = backend.asked('open').length;
  backend.emit({ event: 'changed', data: [backend.scenes[0]?.conversation.id ?? ''] });
  await expect.poll(() => backend.asked('open').length).toBeGreaterThan(before);
  await expect.poll(() => (hook('detail-text') as HTMLInputElement | null)?.value).toBe('Iber');
  expect(document.activeElement).toBe(hook('detail-text'));
  await press('ia{Enter}');
  await expect.poll(() => sent(window)).toEqual([{ region: 'Iberia' }]);
});

test('the keyboard goes back to the field it came from', async () => {
  const window = await opened(regional);
  const region = () => document.querySelector<HTMLElement>('[data-detail="region"]');
  expect(region()?.getAttribute('aria-label')).toBe('Region: DACH');
  region()?.focus();
  await press('{Enter}');
  await userEvent.fill(await find('detail-text'), 'Iberia');
  await press('{Enter}');
  await expect.poll(() => textOf('details')).toContain('Region Iberia');
  expect(document.activeElement).toBe(region());
  await press('{Enter}');
  await find('detail-text');
  await press('{Escape}');
  await expect.poll(() => document.activeElement).toBe(region());
  // What is taken away leaves nothing to go back to.
  await press('{Enter}');
  await userEvent.clear(await find('detail-text'));
  await press('{Enter}');
  await expect.poll(region).toBeNull();
  expect(document.activeElement).toBe(hook('detail-add'));
  expect(sent(window)).toEqual([{ region: 'Iberia' }, { region: '' }]);
});

test('a field of the team’s own that is half typed waits for the rest, and nothing typed leaves nothing', async () => {
  const window = await opened();
  await userEvent.selectOptions(await find('detail-add'), 'own');
  await userEvent.fill(await find('detail-name'), 'Seats');
  await press('{Enter}');
  expect(document.activeElement).toBe(hook('detail-text'));
  within('[data-testid="detail-add"]').focus();
  expect((hook('detail-name') as HTMLInputElement | null)?.value).toBe('Seats');
  await userEvent.fill(await find('detail-text'), '40');
  await press('{Enter}');
  await expect.poll(() => sent(window)).toEqual([{ custom: { Seats: '40' } }]);
  await expect.poll(() => document.activeElement).toBe(hook('detail-add'));
  await userEvent.selectOptions(await find('detail-add'), 'own');
  await find('detail-name');
  within('[data-testid="detail-add"]').focus();
  await expect.poll(() => hook('detail-name')).toBeNull();
});

test('a list that adds at once opens by the arrow keys and adds nothing by them', async () => {
  await opened();
  within('[data-testid="detail-add"]').focus();
  await press('{ArrowDown}');
  expect(hook('detail-text')).toBeNull();
  expect((hook('detail-add') as HTMLSelectElement).value).toBe('');
  await press('{Escape}');
});

test('the keyboard stays with a condition or a detail that is added or removed', async () => {
  await openWindow((scripted) => {
    scripted.me = mira;
  });
  await click('settings-open');
  await click('rules-edit');
  await find('routing-rule');
  await click('rule-part-add');
  await expect.poll(() => document.activeElement).toBe(all('rule-part-type')[0]);
  await click('rule-part-add');
  await expect.poll(() => document.activeElement).toBe(all('rule-part-type')[1]);
  await userEvent.click(all('rule-part-remove')[1] as HTMLElement);
  await expect.poll(() => document.activeElement).toBe(all('rule-part-type')[0]);
  await userEvent.click(all('rule-part-remove')[0] as HTMLElement);
  await expect.poll(() => document.activeElement).toBe(hook('rule-part-add'));
  await click('rule-set-add');
  await expect.poll(() => document.activeElement).toBe(hook('rule-set-what'));
  await click('rule-set-remove');
  await expect.poll(() => document.activeElement).toBe(hook('rule-set-add'));
  // Of what is wrong with no one field, the keyboard goes to what can be done about it.
  await click('rule-part-add');
  await userEvent.selectOptions(await find('rule-part-type'), 'category');
  await userEvent.selectOptions(await find('rule-owner'), 'queue');
  await click('rules-save');
  await expect.poll(() => (document.activeElement as HTMLElement).dataset.choice).toBeDefined();
});

test('a field a rule is to set without a name is where the keyboard goes', async () => {
  await openWindow((scripted) => {
    scripted.me = mira;
  });
  await click('settings-open');
  await click('rules-edit');
  await click('rule-set-add');
  await userEvent.selectOptions(await find('rule-set-what'), 'own');
  await userEvent.fill(await find('rule-set-text'), '40');
  await userEvent.selectOptions(await find('rule-owner'), 'queue');
  await click('rules-save');
  await expect.poll(() => document.activeElement).toBe(hook('rule-set-name'));
});

test('the keyboard stays with a detail that narrows a target', async () => {
  await openWindow((scripted) => {
    scripted.me = mira;
  });
  await click('settings-open');
  await find('targets-Sales');
  await click('targets-usual');
  await userEvent.selectOptions(await find('target-detail-add'), 'region');
  await expect.poll(() => document.activeElement).toBe(hook('target-detail-region'));
  await userEvent.click(within('[aria-label="Remove Region"]'));
  await expect.poll(() => document.activeElement).toBe(hook('target-detail-add'));
});
