/** To whom an answer goes, and under which subject. */
import type { Address } from '$lib/api/types/Address';
import type { DraftText } from '$lib/api/types/DraftText';
import type { Opened } from '$lib/api/types/Opened';

const REPLY_PREFIX = /^\s*(re|aw|sv|antw|ref|rif|r)\s*(\[\d+\])?\s*:/i;

/** An empty answer to the newest message: to whoever wrote, with those they copied, never to ourselves. */
export function emptyReply(opened: Opened, isOurs: (email: string) => boolean): DraftText {
  const { conversation, thread } = opened;
  const to = conversation.replyTo.length > 0 ? conversation.replyTo : [conversation.contact];
  const taken = new Set(to.map((address) => address.email.toLowerCase()));
  const newest = thread.findLast((item) => item.type === 'message' && item.message.direction === 'inbound');
  const others = newest?.type === 'message' ? [...newest.message.to, ...newest.message.cc] : [];
  const cc = others.filter((address) => {
    const email = address.email.toLowerCase();
    if (email === '' || taken.has(email) || isOurs(email)) return false;
    taken.add(email);
    return true;
  });
  return { to, cc, subject: replySubject(conversation.subject), text: '', files: [] };
}

/** "Re: " once, whatever language the others' programs answer in. */
export const replySubject = (subject: string): string =>
  subject.trim() === '' ? '' : REPLY_PREFIX.test(subject) ? subject : `Re: ${subject}`;

/** Whether a draft says anything its author would miss. */
export const hasContent = (draft: DraftText): boolean => draft.text.trim() !== '' || draft.files.length > 0;

/** Reads "Carl Brandt <carl@acme.example>, dora@x.example" as typed. */
export function parseAddresses(text: string): { addresses: Address[]; wrong: string[] } {
  const addresses: Address[] = [];
  const wrong: string[] = [];
  for (const part of text.split(/[,;\n]+/)) {
    const trimmed = part.trim();
    if (trimmed === '') continue;
    const named = /^"?([^"<]*)"?\s*<([^<>]+)>$/.exec(trimmed);
    const email = (named?.[2] ?? trimmed).trim();
    if (/^[^\s@<>]+@[^\s@<>]+$/.test(email)) addresses.push({ name: (named?.[1] ?? '').trim(), email });
    else wrong.push(trimmed);
  }
  return { addresses, wrong };
}

/** Addresses as they are edited. */
export const formatAddresses = (addresses: Address[]): string =>
  addresses
    .map((address) => (address.name === '' ? address.email : `${address.name} <${address.email}>`))
    .join(', ');
