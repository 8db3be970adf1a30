/** What becomes of the folders a team sorted its mail into: as a form holds it, and as it is said. */
import type { FolderChoice } from '$lib/api/types/FolderChoice';
import type { FolderForecast } from '$lib/api/types/FolderForecast';
import type { FolderUse } from '$lib/api/types/FolderUse';

/** A folder in the form. */
export interface FolderRow {
  name: string;
  messages: number | null;
  /** `left`, `done`, `tag`, or the member whose it is. */
  choice: string;
  tag: string;
  /** It is taken in, and the mailbox has it no more. */
  gone: boolean;
}

const rowOf = (
  name: string,
  messages: number | null,
  use: FolderUse | undefined,
  gone = false,
): FolderRow => ({
  name,
  messages,
  choice: use === undefined ? 'left' : use.type === 'owner' ? use.member : use.type,
  tag: use?.type === 'tag' ? use.tag : '',
  gone,
});

/** The rows of a form: what is taken in already, else what is proposed; what is gone stays in sight. */
export function rowsOf(folders: FolderForecast[], mapped?: FolderChoice[]): FolderRow[] {
  const known = new Map((mapped ?? []).map((folder) => [folder.name, folder.becomes]));
  const rows = folders
    .filter((folder) => folder.offered || known.has(folder.name))
    .map((folder) =>
      rowOf(folder.name, folder.messages, mapped === undefined ? folder.proposed : known.get(folder.name)),
    );
  const here = new Set(folders.map((folder) => folder.name));
  const gone = (mapped ?? [])
    .filter((folder) => !here.has(folder.name))
    .map((folder) => rowOf(folder.name, null, folder.becomes, true));
  return [...rows, ...gone];
}

/** The rows with what was chosen for them before the mailbox was looked at once more. */
export function chosenBefore(rows: FolderRow[], before: FolderRow[]): FolderRow[] {
  const known = new Map(before.map((row) => [row.name, row]));
  return rows.map((row) => {
    const own = known.get(row.name);
    return own === undefined ? row : { ...row, choice: own.choice, tag: own.tag };
  });
}

/** What was chosen; folders that stay where they are are left out. */
export function choicesOf(rows: FolderRow[]): FolderChoice[] {
  return rows.filter((row) => row.choice !== 'left').map((row) => ({ name: row.name, becomes: useOf(row) }));
}

function useOf(row: FolderRow): FolderUse {
  if (row.choice === 'done') return { type: 'done' };
  if (row.choice === 'tag') return { type: 'tag', tag: row.tag.trim() };
  return { type: 'owner', member: row.choice };
}

/** A tag that nobody named. */
export const lacksTag = (row: FolderRow): boolean => row.choice === 'tag' && row.tag.trim() === '';
