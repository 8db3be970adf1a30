/** The companies the team deals with: listed, found, kept one by one or from a table, and shown beside a conversation. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Company } from '$lib/api/types/Company';
import { imported, leftOver } from '$lib/settings/companyImport';
import { anna, ben, mira, tomas } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openConversation, openWindow, press, textOf, type TestWindow } from './window';

const acme: Company = { name: 'Acme', domains: ['acme.example'], owner: ben.id, tier: 'Gold' };
const bolt: Company = { name: 'Bolt', domains: ['bolt.example', 'bolt.test'], owner: null };

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const words = () => all('company-in-words').map((row) => row.textContent?.replace(/\s+/g, ' ').trim());
const kept = ({ backend }: TestWindow) => backend.companies.companies.companies;

async function settings(companies: Company[], set?: (backend: ScriptedBackend) => void): Promise<TestWindow> {
  const window = await openWindow((backend) => {
    backend.me = mira;
    backend.companies = { version: 3, companies: { companies } };
    set?.(backend);
  });
  await click('settings-open');
  await find('companies');
  return window;
}

test('an empty list says what it is for, and the first company is added by keyboard', async () => {
  const window = await settings([]);
  await expect.poll(() => textOf('companies')).toContain('No companies yet');
  (await find('company-add')).focus();
  await press('{Enter}');
  await expect.poll(() => document.activeElement).toBe(await find('company-name'));
  await press('Acme{Tab}Info@Acme.example, acme.example{Enter}');
  await expect.poll(() => kept(window)).toEqual([{ name: 'Acme', domains: ['acme.example'], owner: null }]);
  await expect.poll(words).toEqual(['Acme acme.example nobody looks after it']);
  expect(hook('company-form')).toBeNull();
});

test('what is wrong is said at its field, also whose a domain is', async () => {
  const window = await settings([acme]);
  await click('company-add');
  await click('company-save');
  await expect.poll(() => textOf('company-form')).toContain('Give the company a name.');
  expect(textOf('company-form')).toContain('Name at least one domain.');
  await userEvent.fill(await find('company-name'), 'Bolt');
  await userEvent.fill(await find('company-domains'), 'acme.example');
  await expect.poll(() => textOf('company-form')).toContain('Acme has acme.example already.');
  await userEvent.fill(await find('company-domains'), 'bolt');
  await expect.poll(() => textOf('company-form')).toContain('A domain reads like acme.example.');
  expect(window.backend.asked('saveCompanies')).toHaveLength(0);
});

test('what only the server knows is said, too, and nothing typed is lost', async () => {
  await settings([]);
  await click('company-add');
  await userEvent.fill(await find('company-name'), 'Bolt');
  await userEvent.fill(await find('company-domains'), 'gmail.com');
  await click('company-save');
  await expect.poll(() => textOf('company-problem')).toContain('anybody can have an address there');
  expect(((await find('company-name')) as HTMLInputElement).value).toBe('Bolt');
});

test('a company is changed and removed, and what was removed comes back', async () => {
  const window = await settings([acme, bolt]);
  await expect
    .poll(words)
    .toEqual([
      'Acme acme.example looked after by Ben · Gold',
      'Bolt bolt.example, bolt.test nobody looks after it',
    ]);
  all('company-edit')[1]?.click();
  await userEvent.selectOptions(await find('company-owner'), anna.id);
  await userEvent.fill(await find('company-tier'), 'Silver');
  await click('company-save');
  const changed = { ...bolt, owner: anna.id, tier: 'Silver' };
  await expect.poll(() => kept(window)).toEqual([acme, changed]);
  all('company-remove')[0]?.click();
  await expect.poll(() => kept(window)).toEqual([changed]);
  await expect.poll(() => window.desk.toasts.items.map(({ text }) => text)).toContain('Acme is removed');
  window.desk.toasts.undoNewest();
  await expect.poll(() => kept(window)).toEqual([changed, acme]);
});

test('escape leaves an untouched form and keeps one that was typed in', async () => {
  await settings([acme]);
  await click('company-add');
  await press('Bo{Escape}');
  expect(hook('company-form')).not.toBeNull();
  await userEvent.clear(await find('company-name'));
  await press('{Escape}');
  await expect.poll(() => hook('company-form')).toBeNull();
});

test('whoever changed the list meanwhile is not overwritten: mine goes into theirs', async () => {
  const window = await settings([acme]);
  await click('company-add');
  await userEvent.fill(await find('company-name'), 'Carp');
  await userEvent.fill(await find('company-domains'), 'carp.example');
  window.backend.companies = { version: 4, companies: { companies: [acme, bolt] } };
  await click('company-save');
  await find('companies-conflict');
  expect(kept(window)).toEqual([acme, bolt]);
  await click('use-mine');
  await expect
    .poll(() => kept(window))
    .toEqual([acme, bolt, { name: 'Carp', domains: ['carp.example'], owner: null }]);
});

test('a search finds by name, domain, person and tier, and says where there is none', async () => {
  await settings([acme, bolt]);
  for (const [text, found] of [
    ['ACM', ['Acme']],
    ['bolt.test', ['Bolt']],
    ['okafor', ['Acme']],
    ['gold', ['Acme']],
  ] as const) {
    await userEvent.fill(await find('companies-search'), text);
    await expect.poll(() => words().map((row) => row?.split(' ')[0]), { message: text }).toEqual(found);
  }
  await userEvent.fill(await find('companies-search'), 'nobody');
  await expect.poll(() => textOf('companies-no-match')).toBe('No company matches “nobody”.');
});

test('who does not lead reads the list and changes nothing', async () => {
  await settings([acme], (backend) => {
    backend.me = ben;
  });
  await expect.poll(words).toEqual(['Acme acme.example looked after by you · Gold']);
  expect(hook('company-add')).toBeNull();
  expect(hook('company-edit')).toBeNull();
});

test('whoever has left is named as such', async () => {
  await settings([acme], (backend) => {
    backend.team = {
      ...backend.team,
      members: backend.team.members.map((one) => (one.id === ben.id ? { ...one, active: false } : one)),
    };
  });
  await expect.poll(words).toEqual(['Acme acme.example Ben Okafor looked after it and has left · Gold']);
});

test('a table is imported: what can be used is kept, and the rest stays with its reason', async () => {
  const window = await settings([acme]);
  await click('company-import');
  const table = [
    'Company;Website;Owner;Tier',
    'Acme;https://www.acme.example/about;;Platinum',
    '"Bolt; & Sons";bolt.example;ben@murmel.example;',
    'Open;gmail.com;;',
    'Carp;carp.example;Somebody Else;',
  ].join('\n');
  await userEvent.fill(await find('company-import-text'), table);
  await expect
    .poll(() => textOf('company-import-preview'))
    .toContain('New: 2 · changed: 1 · there already: 0');
  expect(textOf('company-import-preview')).toContain('Line 5: Nobody here is called Somebody Else.');
  await click('company-import-save');
  await expect
    .poll(() => kept(window))
    .toEqual([
      { ...acme, tier: 'Platinum' },
      { name: 'Bolt; & Sons', domains: ['bolt.example'], owner: ben.id },
    ]);
  const left = () => (hook('company-import-text') as HTMLTextAreaElement | null)?.value;
  await expect
    .poll(left)
    .toBe('Company;Website;Owner;Tier\nCarp;carp.example;Somebody Else;\nOpen;gmail.com;;');
  await expect.poll(() => textOf('company-import-preview')).toContain('anybody can have an address there');
});

test('tables are read with quotes, other separators and headings in other languages', () => {
  const team = [anna, ben, { ...tomas, active: false }];
  const read = (text: string) => imported(text, [acme], team);
  const german = read('Firma\tDomain\tBetreuer\nBolt\tbolt.example bolt.test\tAnna Berger\n\n');
  expect(german.companies).toEqual([
    acme,
    { name: 'Bolt', domains: ['bolt.example', 'bolt.test'], owner: anna.id },
  ]);
  const quoted = read(
    '\uFEFFname,domain,region\r\n"Say ""hi"", Ltd","hi.example",DACH\r\n"Two\nlines",two.example,\r\nBad,,\r\n',
  );
  expect(quoted.companies.slice(1)).toEqual([
    { name: 'Say "hi", Ltd', domains: ['hi.example'], owner: null, region: 'DACH' },
    { name: 'Two\nlines', domains: ['two.example'], owner: null },
  ]);
  expect(quoted.bad).toEqual([{ line: 5, why: 'Name at least one domain.', text: 'Bad,,' }]);
  expect(leftOver(quoted)).toBe('name,domain,region\nBad,,');
  expect(read('name,domain\nAcme,acme.example').same).toBe(1);
  expect(read('a,b\n1,2').problem).not.toBeNull();
  expect(read('name,domain,owner\nBolt,bolt.example,Tomás Rey').bad).toHaveLength(1);
  const twice = read('name,domain\nBolt,bolt.example\nBolt Ltd,bolt.example');
  expect([twice.added, twice.changed, twice.companies.length]).toEqual([1, 1, 2]);
});

test('the context of a conversation names the account owner, that they are away, and the tier', async () => {
  const window = await openWindow((backend) => {
    const scene = backend.scenes[0];
    if (scene) Object.assign(scene, { account: { ...acme, owner: tomas.id } });
  });
  await openConversation(window, window.backend.scenes[0]?.conversation.number ?? 0);
  await expect.poll(() => textOf('account-owner')).toContain('Tomás Rey (away until');
  expect(textOf('account-tier')).toBe('Gold');
});

test('a rule about the account owner is written and read as a sentence', async () => {
  const { backend } = await settings([acme]);
  await click('rules-edit');
  await find('routing-rule');
  await click('rule-part-add');
  await userEvent.selectOptions(await find('rule-part-type'), 'accountOwner');
  await click('rule-part-add');
  await expect.poll(() => all('rule-part-type')).toHaveLength(2);
  await userEvent.selectOptions(all('rule-part-type')[1] as HTMLElement, 'accountOwnerAway');
  await userEvent.selectOptions(await find('rule-owner'), 'queue');
  await click('rules-save');
  await expect.poll(() => backend.asked('saveRules')).toHaveLength(1);
  expect(backend.asked('saveRules')[0]?.rules.rules[0]?.when).toEqual({
    type: 'all',
    of: [{ type: 'accountOwner', oneOf: [] }, { type: 'accountOwnerAway' }],
  });
  await expect.poll(() => textOf('routing-rules')).toContain('whoever looks after the company is away');
});
