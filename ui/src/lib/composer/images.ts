/** Images within a plain text: the text names them, and each is shown where its name stands. */
import type { OutgoingFile } from '$lib/api/types/OutgoingFile';

/** What stands in the text for an image; the server puts the image there. */
export const imageMarker = (file: OutgoingFile): string => `[${file.name}]`;

export const isImage = (file: OutgoingFile): boolean => /^image\/(png|jpeg|gif|webp)$/.test(file.mime);

/** The text with the image on a line of its own, at the caret. */
export function withImage(text: string, file: OutgoingFile, caret: number): string {
  if (text.includes(imageMarker(file))) return text;
  const before = text.slice(0, caret);
  const after = text.slice(caret);
  const above = before === '' || before.endsWith('\n') ? '' : '\n';
  const below = after.startsWith('\n') ? '' : '\n';
  return `${before}${above}${imageMarker(file)}${below}${after}`;
}

/** The text without it, and without the line it stood on. */
export function withoutImage(text: string, file: OutgoingFile): string {
  const marker = imageMarker(file);
  return text.replaceAll(`${marker}\n`, '').replaceAll(marker, '');
}

/** A name no other file of the draft has: two screenshots are both called image.png. Brackets would end the marker. */
export function freeName(name: string, files: OutgoingFile[]): string {
  const clean = name.replace(/[[\]]/g, '').trim() || 'image.png';
  const dot = clean.lastIndexOf('.');
  const stem = dot > 0 ? clean.slice(0, dot) : clean;
  const ending = dot > 0 ? clean.slice(dot) : '';
  const taken = (wanted: string) => files.some((file) => file.name === wanted);
  let free = clean;
  for (let n = 2; taken(free); n += 1) free = `${stem} ${n}${ending}`;
  return free;
}
