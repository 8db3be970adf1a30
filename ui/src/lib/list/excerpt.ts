import type { ExcerptPart } from '$lib/api/types/ExcerptPart';

/** How many characters stand before a find: a row is narrow, and the find must be seen. */
const BEFORE = 18;

/** The words around a find, begun so close before it that a row shows it. */
export function tightened(parts: ExcerptPart[]): ExcerptPart[] {
  const [first, ...rest] = parts;
  if (!first || first.found || rest.length === 0 || first.text.length <= BEFORE) return parts;
  const tail = first.text.slice(-BEFORE);
  // From a word's beginning, where there is one.
  const space = tail.indexOf(' ');
  const text = space >= 0 && space < tail.length - 1 ? tail.slice(space + 1) : tail;
  return [{ text: `…${text}`, found: false }, ...rest];
}
