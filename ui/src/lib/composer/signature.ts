/**
 * What stands below an answer: the author's own signature, else that of the address it leaves from, else the account's. It is
 * shown under the text while one writes and becomes part of it when it is sent, once, and above what is quoted.
 */
import type { Account } from '$lib/api/types/Account';
import type { Member } from '$lib/api/types/Member';

/** What separates a signature from the text (RFC 3676, 4.3): mail programs fold what comes after it. */
const SEPARATOR = '-- ';

/** The signature for somebody who writes from an address; empty where there is none. */
export function signatureOf(member: Member | undefined, account: Account | undefined, from: string): string {
  const own = member?.signature?.trim();
  if (own) return own;
  const address = from.toLowerCase();
  const all = account?.signatures ?? [];
  const chosen =
    all.find((signature) => signature.address?.toLowerCase() === address) ??
    all.find((signature) => signature.address === null);
  return (chosen?.text ?? '').replaceAll('{name}', member?.name ?? '').trim();
}

/** The text with the signature in it: above what is quoted at its end, and never twice. */
export function withSignature(text: string, signature: string): string {
  if (signature === '' || hasSignature(text, signature)) return text;
  const { own, quoted } = split(text);
  const signed = `${own.trimEnd()}\n\n${SEPARATOR}\n${signature}`;
  return quoted === '' ? signed : `${signed}\n\n${quoted}`;
}

/** The text as it was before {@link withSignature}. */
export function withoutSignature(text: string, signature: string): string {
  if (signature === '') return text;
  const block = `\n\n${SEPARATOR}\n${signature}`;
  const at = text.lastIndexOf(block);
  return at < 0 ? text : text.slice(0, at) + text.slice(at + block.length);
}

/** Whether the signature stands in the text already, wherever its author put it. */
export function hasSignature(text: string, signature: string): boolean {
  const plain = (of: string) =>
    of
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n');
  return signature !== '' && plain(split(text).own).includes(plain(signature));
}

/** What was written, and what is quoted below it with the line that says whose it is. */
function split(text: string): { own: string; quoted: string } {
  const lines = text.split('\n');
  let first = lines.length;
  while (first > 0) {
    const line = lines[first - 1] ?? '';
    if (!line.startsWith('>') && line.trim() !== '') break;
    first -= 1;
  }
  while (first < lines.length && lines[first]?.trim() === '') first += 1;
  if (first === lines.length) return { own: text, quoted: '' };
  // "On Thursday Carl wrote:" belongs to what it introduces.
  let head = first;
  while (head > 0 && lines[head - 1]?.trim() === '') head -= 1;
  const introduces = head > 0 && /:\s*$/.test(lines[head - 1] ?? '');
  const start = introduces ? head - 1 : first;
  return { own: lines.slice(0, start).join('\n'), quoted: lines.slice(start).join('\n') };
}
