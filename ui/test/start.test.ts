/** Before the first list: first run, a locked keyring, a session that ended, and what failed. */
import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { BootState } from '../src/lib/api/types/BootState';
import { NOW } from './scripted/cast';
import { click, find, hook, openWindow, press, textOf } from './window';

describe('first run', () => {
  test('three ways to begin; the sample needs nothing', async () => {
    const { backend } = await openWindow((fake) => (fake.state = { type: 'firstRun' }));
    expect(hook('setup-mailbox')).not.toBeNull();
    expect(hook('setup-join')).not.toBeNull();
    backend.answers.setup = () => {
      backend.state = null;
      return backend.call('boot');
    };
    await click('setup-sample');
    await find('view-today');
    expect(backend.asked('setup')).toEqual([{ type: 'sample' }]);
  });

  test('a form begins at its first empty field, and goes to the first that is missing', async () => {
    const { backend } = await openWindow((fake) => (fake.state = { type: 'firstRun' }));
    await click('setup-join');
    const server = await find('setup-server');
    await expect.poll(() => document.activeElement).toBe(server);
    await press('baton.example.com{Enter}');
    await expect.poll(() => document.activeElement).toBe(hook('setup-email'));
    await expect.element(hook('setup-email')).toHaveAccessibleDescription(/missing/);
    expect(backend.asked('setup')).toEqual([]);
  });

  test('joining a team with a wrong password says so in words', async () => {
    const { backend } = await openWindow((fake) => {
      fake.state = { type: 'firstRun' };
      fake.fail('setup', { code: 'wrongPassword', message: '401' });
    });
    await click('setup-join');
    await userEvent.fill(await find('setup-server'), 'baton.example.com/');
    await userEvent.fill(await find('setup-email'), 'anna@example.com');
    await userEvent.fill(await find('setup-password'), 'secret');
    await click('setup-submit');
    await expect.poll(() => textOf('setup-failure')).toBe('Address and password do not belong together.');
    expect(backend.asked('setup')).toEqual([
      {
        type: 'join',
        server: 'https://baton.example.com',
        email: 'anna@example.com',
        password: 'secret',
        invitation: null,
      },
    ]);
  });

  test('a mailbox test says at which step it failed, and why', async () => {
    await openWindow((fake) => {
      fake.state = { type: 'firstRun' };
      fake.answers.testMailbox = () => ({
        messages: null,
        forecast: null,
        steps: [
          { step: 'imapConnect', server: 'imap.example.com:993', problem: null, tookMs: 12 },
          {
            step: 'imapTls',
            server: 'imap.example.com:993',
            problem: { kind: 'certificate', server: 'imap.example.com:993', said: 'self-signed' },
            tookMs: 3,
          },
        ],
      });
    });
    await click('setup-mailbox');
    await userEvent.fill(await find('mailbox-name'), 'Anna');
    await userEvent.fill(await find('mailbox-address'), 'sales@example.com');
    await userEvent.fill(await find('mailbox-password'), 'secret');
    await click('mailbox-submit');
    await expect
      .poll(() => textOf('probe-problem'))
      .toContain('The certificate of imap.example.com:993 is not trusted.');
    expect(textOf('probe-problem')).toContain('It said: self-signed');
    expect(hook('mailbox-imap-host')).not.toBeNull();
  });
});

const google = {
  provider: 'Google Workspace',
  imap: { host: 'imap.gmail.com', port: 993, security: 'tls' },
  smtp: { host: 'smtp.gmail.com', port: 465, security: 'tls' },
  user: 'sales@example.com',
  signIn: 'oAuth',
  foundBy: 'mx',
  elsewhere: false,
  guessed: false,
  appPasswordUrl: null,
} as const;

const fillMailbox = async () => {
  await click('setup-mailbox');
  await userEvent.fill(await find('mailbox-name'), 'Anna');
  await userEvent.fill(await find('mailbox-address'), 'sales@example.com');
};

test('a mailbox is only watched unless more is chosen', async () => {
  const { backend } = await openWindow((fake) => (fake.state = { type: 'firstRun' }));
  await fillMailbox();
  await userEvent.fill(await find('mailbox-password'), 'secret');
  expect(((await find('mailbox-mode-watch')) as HTMLInputElement).checked).toBe(true);
  expect(textOf('mailbox-mode')).toContain('It sends nothing and changes nothing');
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('setup').length).toBe(1);
  expect(backend.asked('setup')[0]).toMatchObject({ type: 'mailbox', mode: 'watch' });
});

test('what connecting a mailbox takes in is shown before it is done, and again where something was changed', async () => {
  const { backend } = await openWindow((fake) => {
    fake.state = { type: 'firstRun' };
    fake.answers.testMailbox = () => ({
      messages: 20_034,
      steps: [{ step: 'imapConnect', server: 'imap.example.com:993', problem: null, tookMs: 12 }],
      forecast: {
        folders: [
          { name: 'INBOX', planned: 'takenIn', messages: 20_034 },
          { name: 'Sent', planned: 'ours', messages: 812 },
          { name: 'Anna', planned: 'left', messages: 40 },
          { name: 'Ben', planned: 'left', messages: null },
        ],
        recent: 214,
        uncounted: 0,
      },
    });
  });
  await fillMailbox();
  await userEvent.fill(await find('mailbox-password'), 'secret');
  await click('mailbox-submit');
  await expect
    .poll(() => textOf('mailbox-forecast'))
    .toContain('20,034 messages in INBOX become conversations.');
  expect(textOf('mailbox-forecast')).toContain('214 of them came within the last 30 days.');
  expect(textOf('mailbox-forecast')).toContain('812 messages in Sent are shown as our answers.');
  expect(textOf('mailbox-forecast')).toContain('2 other folders stay as they are');
  expect(textOf('mailbox-submit')).toBe('Connect and take in 20,034');
  expect(backend.asked('setup')).toEqual([]);

  await userEvent.fill(await find('mailbox-password'), 'another');
  expect(hook('mailbox-forecast')).toBeNull();
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('testMailbox').length).toBe(2);
  await expect.poll(() => textOf('mailbox-submit')).toBe('Connect and take in 20,034');
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('setup').length).toBe(1);
  expect(backend.asked('testMailbox')).toHaveLength(2);
});

test('one signs in on the provider’s page, and the window never sees a token', async () => {
  const { backend } = await openWindow((fake) => {
    fake.state = { type: 'firstRun' };
    fake.answers.discoverMailbox = () => google;
    fake.answers.signInMailbox = () => ({ type: 'signedIn', held: 'grant-1', endsAt: null });
  });
  await fillMailbox();
  await userEvent.fill(await find('mailbox-password'), '');
  await userEvent.fill(await find('provider-client-id'), 'team.apps.example');
  await click('provider-submit');
  await expect.poll(() => textOf('provider-done')).toBe('Signed in at Google.');
  expect(backend.asked('signInMailbox')).toEqual([
    {
      address: 'sales@example.com',
      client: {
        provider: { type: 'google' },
        tenant: null,
        clientId: 'team.apps.example',
        clientSecret: null,
      },
    },
  ]);
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('testMailbox').length).toBe(1);
  expect(backend.asked('testMailbox')[0]).toMatchObject({
    password: '',
    signIn: { type: 'held', id: 'grant-1' },
  });
});

test('a sign-in that an admin must allow first says so', async () => {
  await openWindow((fake) => {
    fake.state = { type: 'firstRun' };
    fake.answers.discoverMailbox = () => google;
    fake.answers.signInMailbox = () => ({
      type: 'failed',
      problem: { kind: 'adminMustConsent', server: 'Google', said: 'admin_policy_enforced' },
    });
  });
  await fillMailbox();
  await userEvent.fill(await find('mailbox-password'), '');
  await userEvent.fill(await find('provider-client-id'), 'team.apps.example');
  await click('provider-submit');
  await expect.poll(() => textOf('provider-problem')).toContain('Google wants an admin to allow');
});

test('servers in another domain are shown before a password goes there', async () => {
  await openWindow((fake) => {
    fake.state = { type: 'firstRun' };
    fake.answers.discoverMailbox = () => ({
      ...google,
      provider: null,
      imap: { host: 'mail.elsewhere.example', port: 993, security: 'tls' },
      foundBy: 'srv',
      elsewhere: true,
    });
  });
  await fillMailbox();
  await userEvent.fill(await find('mailbox-password'), 'secret');
  await expect.poll(() => textOf('mailbox-elsewhere')).toContain('another domain than example.com');
  expect(hook('mailbox-imap-host')).not.toBeNull();
});

test('without a keyring there are three ways, explained', async () => {
  const { backend } = await openWindow(
    (fake) => (fake.state = { type: 'locked', reason: 'no such name', passphraseSet: false }),
  );
  await expect.poll(() => document.body.textContent).toContain('The keyring can’t be used');
  backend.answers.unlock = () => {
    backend.state = null;
    return backend.call('boot');
  };
  await click('unlock-memory');
  await find('view-today');
  expect(backend.asked('unlock')).toEqual([{ type: 'memoryOnly' }]);
});

test('a session that ended asks for the password only', async () => {
  await openWindow(
    (fake) =>
      (fake.state = { type: 'signedOut', address: 'https://baton.example.com', email: 'anna@example.com' }),
  );
  expect(((await find('setup-email')) as HTMLInputElement).value).toBe('anna@example.com');
  expect(document.body.textContent).toContain('What you wrote and did is kept');
});

test('an engine that does not answer says so, and can be asked again', async () => {
  const { backend } = await openWindow((fake) =>
    fake.fail('boot', { code: 'unreachable', message: 'ECONNREFUSED' }),
  );
  await expect.poll(() => document.body.textContent).toContain('Baton could not start');
  expect(document.body.textContent).not.toContain('ECONNREFUSED');
  backend.answers = {};
  await userEvent.click(
    [...document.querySelectorAll('button')].find((button) => button.textContent?.includes('Try again'))!,
  );
  await find('view-today');
});

test('the shell is told once when the first list can be used', async () => {
  let heard = 0;
  addEventListener('baton:ready', () => (heard += 1), { once: true });
  const { backend } = await openWindow();
  await expect.poll(() => backend.readyCount).toBe(1);
  expect(heard).toBe(1);
});

test('held actions are listed with their reason and three ways out', async () => {
  const { backend } = await openWindow((fake) => {
    fake.held = [
      {
        id: 'h-1',
        conversation: 'c-1042',
        number: 1042,
        subject: 'Quote',
        body: {
          type: 'reply',
          draft: 'd',
          digest: '',
          token: 1,
          after: { type: 'nothingMore' },
          quote: null,
          close: null,
        },
        draft: { to: [], cc: [], subject: '', text: 'the first ten will work', files: [] },
        why: { type: 'ownerChanged', owner: 'm-ben' },
        issuedAt: NOW,
      },
    ];
  });
  await click('held-open');
  await expect
    .poll(() => textOf('held-item'))
    .toContain('You wrote this offline, and Ben owns the conversation now.');
  expect(textOf('held-item')).toContain('the first ten will work');
  await click('held-note');
  await expect.poll(() => backend.asked('resolveHeld')).toEqual([{ id: 'h-1', how: 'makeNote' }]);
  await expect.poll(() => hook('held-item')).toBeNull();
});

test('words whose conversation went out of sight can be copied or discarded, and nothing else', async () => {
  const { backend } = await openWindow((fake) => {
    fake.held = [
      {
        id: 'h-2',
        conversation: 'c-gone',
        number: 0,
        subject: '',
        body: { type: 'addNote', text: 'We have 60 of them', mentions: [] },
        draft: null,
        why: { type: 'refused', refusal: { type: 'notPermitted', needs: 'read', inbox: 'i-elsewhere' } },
        issuedAt: NOW,
      },
    ];
  });
  await click('held-open');
  await expect.poll(() => textOf('held-item')).toContain('in a conversation you no longer read');
  expect(textOf('held-item')).toContain('We have 60 of them');
  expect(hook('held-retry')).toBeNull();
  expect(hook('held-note')).toBeNull();
  await click('held-discard');
  await expect.poll(() => backend.asked('resolveHeld')).toEqual([{ id: 'h-2', how: 'discard' }]);
});

test('signed out from elsewhere, the window asks to sign in', async () => {
  const { backend } = await openWindow();
  const state: BootState = { type: 'signedOut', address: 'https://x.example', email: 'anna@example.com' };
  backend.state = state;
  backend.emit({ event: 'boot' });
  await expect.poll(() => document.body.textContent).toContain('Sign in again');
});

test('the palette finds an action and does it', async () => {
  const { desk } = await openWindow();
  await press('{Control>}k{/Control}');
  await find('palette');
  await press('waiting{Enter}');
  await expect.poll(() => desk.list.view).toBe('waiting');
  expect(hook('palette')).toBeNull();
});

test('the help lists every key', async () => {
  await openWindow();
  await press('?');
  await expect.poll(() => textOf('help')).toContain('No reply needed');
  await press('{Escape}');
  await expect.poll(() => hook('help')).toBeNull();
});
