/** What left the usual path, and how far Baton acts on a mailbox. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { ben, mira, NOW } from './scripted/cast';
import { exceptions, oddities, unseen } from './scripted/exceptions';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openWindow, press, textOf } from './window';

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const nothing = (backend: ScriptedBackend) => {
  backend.quarantine = [];
  backend.health = backend.health.map((row) => ({ ...row, balance: null }));
};

test('every exception says what happened, and an answer from outside is claimed from the list', async () => {
  const { backend } = await openWindow((backend) => (backend.exceptions = exceptions));
  expect(textOf('exceptions-open')).toContain('6');
  await press('gx');
  await expect.poll(() => all('exception-item').length).toBe(5);
  const said = all('exception-item').map((item) => item.textContent?.replace(/\s+/g, ' '));
  expect(said[0]).toContain('Nobody can know whether Anna Berger’s reply left.');
  expect(said[1]).toContain('552 5.3.4 message size exceeds fixed limit');
  expect(said[3]).toContain('Nobody took it by');
  expect(said[4]).toContain('Somebody answered from another mail program.');
  // What nobody took is no reply in doubt.
  const parts = [...document.querySelectorAll('[data-testid="exceptions"] section')];
  expect(
    parts.map((part) => [
      part.getAttribute('aria-label'),
      part.querySelectorAll('[data-testid="exception-item"]').length,
    ]),
  ).toEqual([
    ['Replies that may not have arrived', 3],
    ['Nobody took them in time', 1],
    ['Answered outside Baton, and nobody owns them', 1],
    ['Mail that could not be read', 0],
  ]);
  await click('exception-mine');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1042', body: { type: 'claimOutsideReply', message: 'm-9' } });
});

test('a refused way out is said in place, and the exception stays', async () => {
  const { backend } = await openWindow((backend) => {
    backend.exceptions = exceptions;
    backend.answers.act = () => ({
      type: 'refused',
      refusal: { type: 'notPermitted', needs: 'work', inbox: null },
    });
  });
  await click('exceptions-open');
  await click('exception-delivered');
  await expect.poll(() => all('exception-item')[0]?.querySelector('[role="alert"]')).toBeTruthy();
  expect(backend.asked('act').at(-1)?.body).toEqual({
    type: 'settleUnknown',
    outbound: 'o-1',
    how: 'delivered',
  });
  expect(all('exception-item')).toHaveLength(5);
});

test('what was misrouted, came back or lies still is settled by having looked, and leads to the rules', async () => {
  const { backend } = await openWindow((backend) => (backend.exceptions = oddities));
  await click('exceptions-open');
  await expect.poll(() => all('exception-item').length).toBe(3);
  const said = all('exception-item').map((item) => item.querySelector('.why')?.textContent.trim());
  expect(said).toEqual([
    expect.stringContaining('Closed as “Lost”'),
    expect.stringContaining('Nothing has happened since'),
    'The rules gave it to Anna Berger; within a business day it went to Ben Okafor; rule “Large offices” had sent it.',
  ]);
  for (const [at, what] of ['reopened', 'stale', 'misrouted'].entries()) {
    await userEvent.click(all('exception-looked-at')[at] ?? document.body);
    await expect.poll(() => backend.asked('act').at(-1)?.body).toEqual({ type: 'settleException', what });
  }
  await click('exception-rules');
  await expect.poll(() => hook('section-routing')?.getAttribute('aria-current')).toBe('location');
});

test('how long a lead may lie still is set beside the targets', async () => {
  const { backend } = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  const block = () => hook('stale-Sales');
  await expect.poll(() => block()?.textContent).toContain('after 5 business days');
  const inside = (id: string) =>
    block()?.querySelector<HTMLElement>(`[data-testid="${id}"]`) ?? document.body;
  await userEvent.click(inside('stale-edit'));
  await userEvent.fill(inside('stale-days'), '0');
  await userEvent.keyboard('{Enter}');
  expect(document.activeElement).toBe(inside('stale-days'));
  expect(block()?.textContent).toContain('A number from 1 to 60.');
  await userEvent.fill(inside('stale-days'), '8');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => backend.asked('saveStaleDays')).toEqual([{ inbox: 'i-sales', days: 8, before: 5 }]);
  await expect.poll(() => block()?.textContent).toContain('after 8 business days');
  expect(document.activeElement).toBe(inside('stale-edit'));
});

test('without exceptions the page says what would be here', async () => {
  await openWindow(nothing);
  await click('exceptions-open');
  await expect.poll(() => textOf('exceptions')).toContain('No exceptions');
});

test('what could not be read shows why, and its source as plain text', async () => {
  const { backend } = await openWindow((backend) => {
    backend.answers.quarantineSource = () => '<script>alert(1)</script><b>bold</b>';
  });
  await click('exceptions-open');
  await click('quarantine-source');
  const source = await find('source');
  expect(source.textContent).toBe('<script>alert(1)</script><b>bold</b>');
  expect(source.querySelector('b')).toBeNull();
  expect(backend.asked('quarantineSource')).toEqual([{ blob: 'b'.repeat(64) }]);
  await click('quarantine-source');
  await expect.poll(() => hook('source')).toBeNull();
});

test('a mailbox changes its mode only after its consequences were read, and the change can be taken back', async () => {
  const { backend } = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  const watch = [...document.querySelectorAll<HTMLElement>('[role="radio"]')].find(
    (radio) => radio.textContent === 'Watch',
  );
  watch?.click();
  await expect.poll(() => document.body.textContent).toContain('Nobody can reply from this mailbox');
  expect(backend.asked('setAccountMode')).toEqual([]);
  await click('mode-confirm');
  await expect.poll(() => backend.team.accounts[0]?.mode).toBe('watch');
  await click('toast-undo');
  await expect.poll(() => backend.team.accounts[0]?.mode).toBe('together');
  expect(backend.now).toBe(NOW);
});

test('the language is kept by the desktop and changes the window at once', async () => {
  const { backend } = await openWindow();
  await click('settings-open');
  const select = document.querySelector('#language') as HTMLSelectElement;
  expect(select.value).toBe('en');
  select.value = 'de';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  await expect.poll(() => backend.settings.language).toBe('de');
  await expect.poll(() => document.querySelector('h1')?.textContent).toBe('Einstellungen');
  expect(document.documentElement.lang).toBe('de');
  expect(localStorage).toHaveLength(0);
});

test('the balance of a mailbox is shown folder by folder, and a sum that is off says by how much', async () => {
  const { backend } = await openWindow();
  await click('settings-open');
  await expect.poll(() => document.querySelectorAll('tbody tr').length).toBe(3);
  expect(document.querySelector('tbody')?.textContent).toContain('still being read');
  const [row] = backend.health;
  if (row?.balance) row.balance = { ...row.balance, received: row.balance.received + 2 };
  backend.emit({ event: 'health', data: backend.health });
  await expect.poll(() => document.querySelector('.sum')?.classList.contains('off')).toBe(true);
});

test('an admin has what could not be read tried once more, and hears what became of it', async () => {
  const { backend } = await openWindow((backend) => (backend.me = mira));
  await click('settings-open');
  await click('quarantine-retry');
  await expect.poll(() => textOf('toast')).toContain('1 of 1 could be read now');
  expect(backend.asked('quarantineRetry')).toHaveLength(1);
  await expect.poll(() => document.body.textContent).toContain('Empty: every message could be read.');
});

test('who neither leads nor is an admin reads how far Baton acts, and is offered no switch', async () => {
  await openWindow((backend) => (backend.me = ben));
  await click('settings-open');
  await expect.poll(() => document.body.textContent).toContain('An admin or a manager can change this.');
  expect([...document.querySelectorAll('[role="radio"]')].map((radio) => radio.textContent)).not.toContain(
    'Baton only',
  );
});

test('an admin hosts a mailbox on this computer, and it is tried from here', async () => {
  const { backend } = await openWindow((backend) => {
    backend.me = mira;
    backend.connection = { ...backend.connection, server: 'https://baton.example.com' };
  });
  await click('settings-open');
  await click('connect-mailbox');
  await click('mailbox-host-desktop');
  await userEvent.fill(await find('mailbox-name'), 'Mira');
  await userEvent.fill(await find('mailbox-address'), 'mira@example.com');
  await userEvent.fill(await find('mailbox-password'), 'secret');
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('hostMailbox').length).toBe(1);
  expect(backend.asked('hostMailbox')[0]).toMatchObject({
    mailbox: { address: 'mira@example.com', password: 'secret' },
    mode: 'watch',
  });
  expect(backend.asked('testMailboxHere')).toHaveLength(1);
  expect(backend.asked('testMailbox')).toEqual([]);
});

test('a mailbox whose desktop is away says for whom it waits', async () => {
  await openWindow((backend) => {
    const state = { type: 'hostAway', name: 'Anna', since: null } as const;
    backend.health = backend.health.map((row) => ({ ...row, health: { ...row.health, state } }));
  });
  await click('settings-open');
  await expect.poll(() => document.body.textContent).toContain('Waits for Anna’s desktop, which hosts it');
});

test('a mailbox is tested from end to end, and each step says how it went', async () => {
  const { backend } = await openWindow((backend) => {
    backend.me = mira;
    backend.answers.tryMailbox = () => ({
      steps: [
        { step: 'connected', tookMs: 3, failed: null },
        { step: 'sent', tookMs: 80, failed: '535 the password is not accepted' },
      ],
    });
  });
  await click('settings-open');
  await click('trial-sales@murmel.example');
  const steps = await find('trial-steps-sales@murmel.example');
  const said = [...steps.querySelectorAll('li')].map((step) => step.textContent);
  expect(said[0]).toContain('The mailbox is connected');
  expect(said[0]).toContain('worked');
  expect(said[1]).toContain('failed');
  expect(said[1]).toContain('535 the password is not accepted');
  expect(backend.asked('tryMailbox')).toEqual([{ account: backend.team.accounts[0]?.id }]);
});

test('an answer nobody here saw says by what it is known, turns the mailbox amber, and is settled by a person', async () => {
  const { backend } = await openWindow((backend) => {
    nothing(backend);
    backend.exceptions = [unseen];
  });
  await press('gx');
  await expect
    .poll(() => textOf('exception-item'))
    .toContain('the customer quotes an answer from sales@murmel.example that is not here');
  const who = (await find('exception-unseen-who')) as HTMLSelectElement;
  await userEvent.selectOptions(who, ben.id);
  await expect.poll(() => backend.asked('act').length).toBe(1);
  expect(backend.asked('act')[0]).toMatchObject({
    body: { type: 'settleUnseen', message: 'm-12', by: ben.id },
  });
  await click('exception-unseen-nobody');
  await expect.poll(() => backend.asked('act').length).toBe(2);
  expect(backend.asked('act')[1]).toMatchObject({ body: { type: 'settleUnseen', by: null } });
  await click('settings-open');
  await expect.poll(() => textOf('unseen')).toContain('-MessageCopyForSentAsEnabled $true');
  expect(textOf('unseen')).toContain('no copy comes to this mailbox');
});
