/** A mailbox whose folders were taken in: one of them is called something else by now. */
import type { Account } from '../../src/lib/api/types/Account';
import type { FolderForecast } from '../../src/lib/api/types/FolderForecast';
import { account, anna, NOW } from './cast';
import type { ScriptedBackend } from './scripted';

/** The folders as the mail server has them now. */
export const folders: FolderForecast[] = [
  { name: 'INBOX', planned: 'takenIn', messages: 20_034 },
  { name: 'Sent', planned: 'ours', messages: 8_120 },
  { name: 'Done', planned: 'left', messages: 1_412, offered: true, proposed: { type: 'done' } },
  { name: 'Ben Ott', planned: 'left', messages: 96, offered: true },
  {
    name: 'Anna',
    planned: 'left',
    messages: 40,
    offered: true,
    proposed: { type: 'owner', member: anna.id },
  },
  { name: 'Trash', planned: 'left', messages: 77 },
];

const mapped: Account = {
  ...account,
  folders: [
    { name: 'Anna', becomes: { type: 'owner', member: anna.id }, since: NOW },
    { name: 'Ben', becomes: { type: 'tag', tag: 'Ben' }, since: NOW },
  ],
};

export function movedIn(backend: ScriptedBackend): void {
  backend.team = { ...backend.team, accounts: [mapped] };
  backend.health = backend.health.map((row) => ({
    ...row,
    health: { ...row.health, remarks: [{ type: 'folderGone', folder: 'Ben', perhaps: 'Ben Ott' }] },
  }));
  backend.answers.mailboxFolders = () => ({ folders, recent: null, uncounted: 0 });
  backend.answers.saveAccountFolders = () => ({
    type: 'done',
    command: 'x-folders',
    undoable: false,
    undoUntil: null,
  });
}
