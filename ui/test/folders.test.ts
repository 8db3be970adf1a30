import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { chosenBefore, rowsOf } from '../src/lib/setup/folders';
import { anna, ben, mira } from './scripted/cast';
import { folders, movedIn } from './scripted/folders';
import { click, find, hook, openWindow, textOf } from './window';

const choice = async (folder: string) =>
  (await find(`folder-${folder}`)).querySelector('select') as HTMLSelectElement;

test('what is proposed for a folder is chosen, and the rest stays where it is', () => {
  const rows = rowsOf(folders).map((row) => [row.name, row.choice]);
  expect(rows).toEqual([
    ['Done', 'done'],
    ['Ben Ott', 'left'],
    ['Anna', anna.id],
  ]);
});

test('looked at once more, the folders keep what was chosen for them', () => {
  const chosen = rowsOf(folders).map((row) =>
    row.name === 'Done' ? { ...row, choice: 'tag', tag: 'Old' } : row,
  );
  const again = chosenBefore(rowsOf(folders), chosen);
  expect(again.map((row) => [row.name, row.choice, row.tag])).toEqual([
    ['Done', 'tag', 'Old'],
    ['Ben Ott', 'left', ''],
    ['Anna', anna.id, ''],
  ]);
});

test('before a mailbox is connected its folders are given a meaning, and a tag needs a name', async () => {
  const { backend } = await openWindow((fake) => {
    fake.me = mira;
    fake.answers.testMailbox = () => ({
      messages: 20_034,
      steps: [{ step: 'imapConnect', server: 'imap.example.com:993', problem: null, tookMs: 12 }],
      forecast: { folders, recent: 214, uncounted: 0 },
    });
  });
  await click('settings-open');
  await click('connect-mailbox');
  await userEvent.fill(await find('mailbox-name'), 'Sales');
  await userEvent.fill(await find('mailbox-address'), 'hello@example.com');
  await userEvent.fill(await find('mailbox-password'), 'secret');
  await click('mailbox-submit');
  await expect.poll(() => textOf('mailbox-submit')).toBe('Connect and take in 21,486');
  expect(textOf('mailbox-forecast')).toContain('1 other folder stays as it is');
  await userEvent.selectOptions(await choice('Ben Ott'), ben.id);
  await userEvent.selectOptions(await choice('Done'), 'tag');
  await expect.poll(() => textOf('mailbox-submit')).toBe('Connect and take in 21,582');
  await click('mailbox-submit');
  await expect.poll(() => textOf('folder-Done')).toContain('Tag');
  expect(backend.asked('connectMailbox')).toEqual([]);
  await userEvent.keyboard('Old cases');
  await click('mailbox-submit');
  await expect.poll(() => backend.asked('connectMailbox').length).toBe(1);
  expect(backend.asked('connectMailbox')[0]).toMatchObject({
    folders: [
      { name: 'Done', becomes: { type: 'tag', tag: 'Old cases' } },
      { name: 'Ben Ott', becomes: { type: 'owner', member: ben.id } },
      { name: 'Anna', becomes: { type: 'owner', member: anna.id } },
    ],
  });
});

test('a folder that is gone is said with its new name, and the folders are chosen anew', async () => {
  const { backend } = await openWindow((fake) => {
    fake.me = mira;
    movedIn(fake);
  });
  await click('settings-open');
  await expect.poll(() => textOf('remark')).toContain('The folder Ben seems to be called Ben Ott now.');
  expect(textOf('mapped-folders')).toContain('Gets the tag Ben');
  await click('choose-folders');
  expect((await choice('Ben')).value).toBe('tag');
  expect(textOf('folder-Ben')).toContain('not there any more');
  expect((await choice('Done')).value).toBe('left');
  await userEvent.selectOptions(await choice('Ben'), 'left');
  await userEvent.selectOptions(await choice('Ben Ott'), ben.id);
  await click('save-folders');
  await expect.poll(() => backend.asked('saveAccountFolders').length).toBe(1);
  expect(backend.asked('saveAccountFolders')[0]).toMatchObject({
    folders: [
      { name: 'Ben Ott', becomes: { type: 'owner', member: ben.id } },
      { name: 'Anna', becomes: { type: 'owner', member: anna.id } },
    ],
  });
  await expect.poll(() => hook('save-folders')).toBeNull();
});

test('a mailbox that is nearly full says how full, and what happens next', async () => {
  await openWindow((fake) => {
    fake.me = mira;
    movedIn(fake);
    fake.health = fake.health.map((row) => ({
      ...row,
      health: { ...row.health, remarks: [{ type: 'nearlyFull', used: 955_000_000, limit: 1_000_000_000 }] },
    }));
  });
  await click('settings-open');
  await expect.poll(() => textOf('remark')).toContain('95 % full (955 MB of 1 GB)');
});
