/** A text in pieces, with its links where the engine found them, in order of appearance. */
import type { BodyLink } from '$lib/api/types/BodyLink';

export interface Segment {
  text: string;
  link: BodyLink | null;
}

export function linkedText(text: string, links: BodyLink[]): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const link of links) {
    if (link.shown === '') continue;
    const at = text.indexOf(link.shown, from);
    if (at < 0) continue;
    if (at > from) segments.push({ text: text.slice(from, at), link: null });
    segments.push({ text: link.shown, link });
    from = at + link.shown.length;
  }
  if (from < text.length) segments.push({ text: text.slice(from), link: null });
  return segments;
}
