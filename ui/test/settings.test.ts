/** Settings: signatures, and a mailbox held against its books. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { mira } from './scripted/cast';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, hook, openWindow, textOf } from './window';

/** Mira runs the place. */
const asAdmin = (backend: ScriptedBackend) => {
  backend.me = mira;
};

test('a signature of an address is seen as mail shows it before it is saved', async () => {
  const { backend } = await openWindow(asAdmin);
  await click('settings-open');
  await click('signature-edit-sales@murmel.example');
  await userEvent.fill(await find('signature-text-sales@murmel.example'), '{name}\nMurmel GmbH');
  await expect
    .poll(() => hook('signature-preview')?.querySelector('iframe')?.srcdoc)
    .toBe(`<p>${mira.name}<br>Murmel GmbH</p>`);
  await click('signature-save-sales@murmel.example');
  await expect.poll(() => backend.asked('saveAccountSignatures')).toHaveLength(1);
  expect(backend.asked('saveAccountSignatures')[0]?.signatures).toContainEqual({
    address: 'sales@murmel.example',
    text: '{name}\nMurmel GmbH',
  });
  await expect.poll(() => textOf('signature-of-sales@murmel.example')).toContain('Murmel GmbH');
});

test('a refused signature stays in the editor, with the reason', async () => {
  await openWindow((backend) => {
    asAdmin(backend);
    backend.answers.saveAccountSignatures = () => ({
      type: 'refused',
      refusal: { type: 'notPermitted', needs: 'manage', inbox: null },
    });
  });
  await click('settings-open');
  await click('signature-edit-sales@murmel.example');
  await userEvent.fill(await find('signature-text-sales@murmel.example'), 'Murmel');
  await click('signature-save-sales@murmel.example');
  await expect
    .poll(() => hook('signature-of-sales@murmel.example')?.querySelector('[role="alert"]'))
    .toBeTruthy();
  expect(hook('signature-text-sales@murmel.example')).toBeInstanceOf(HTMLTextAreaElement);
});

test('who is no admin reads the signatures of addresses, and changes only their own', async () => {
  await openWindow();
  await click('settings-open');
  await find('signature-edit-mine');
  expect(hook('signature-edit-sales@murmel.example')).toBeNull();
  expect(hook('check-mailbox')).toBeNull();
});

test('a mailbox is held against its books, and what is missing is named', async () => {
  await openWindow((backend) => {
    asAdmin(backend);
    backend.checks = [
      { folder: 'INBOX', inMailbox: 301, waiting: 2, missing: [17, 19], gone: 0, renumbered: false },
    ];
  });
  await click('settings-open');
  await click('check-mailbox');
  await expect
    .poll(() => textOf('checked'))
    .toContain('2 messages in the mailbox have no line in the books.');
  expect(textOf('checked')).toContain('301 in the mailbox · 2 not read yet');
  expect(textOf('checked')).toContain('Missing: 17 and 19');
});

test('what could not be read is explained in the person’s language where the reason is a usual one', async () => {
  await openWindow((backend) => {
    backend.quarantine = backend.quarantine.map((item) => ({
      ...item,
      why: 'the message has no headers',
      cause: 'noHeaders' as const,
    }));
  });
  await click('settings-open');
  await expect
    .poll(() => textOf('quarantined'))
    .toContain('It has no headers: no sender, no date, no subject.');
});
