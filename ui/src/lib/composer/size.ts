/** How large a message will be on the wire, told before it is sent rather than by a server that refuses it. */
import type { DraftText } from '$lib/api/types/DraftText';

/** Headers, boundaries, and what the servers on the way add. */
const AROUND = 4096;
const PER_FILE = 512;

/** Bytes, encoded: files grow by a third and a line break every 76 characters, the text goes twice, plain and as HTML. */
export function encodedSize(draft: DraftText): number {
  const files = draft.files.reduce((sum, file) => sum + Math.ceil(file.size / 57) * 78 + PER_FILE, 0);
  const text = new TextEncoder().encode(draft.text).length;
  return files + text * 4 + AROUND;
}

/** How much too large it is for a server that takes so much; `null` where it fits, or nobody knows. */
export function tooLargeBy(draft: DraftText, limit: number | null | undefined): number | null {
  if (limit === null || limit === undefined) return null;
  const over = encodedSize(draft) - limit;
  return over > 0 ? over : null;
}
