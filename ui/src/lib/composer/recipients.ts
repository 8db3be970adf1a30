/** To whom an answer goes, and under which subject. */
import type { Account } from '$lib/api/types/Account';
import type { Address } from '$lib/api/types/Address';
import type { DraftText } from '$lib/api/types/DraftText';
import type { Opened } from '$lib/api/types/Opened';

const REPLY_PREFIX = /^\s*(re|aw|sv|antw|ref|rif|r)\s*(\[\d+\])?\s*:/i;

/** An address that an answer doesn't go to, and why. */
export interface LeftOut {
  address: Address;
  why: 'ours' | 'twice';
}

export interface Recipients {
  to: Address[];
  cc: Address[];
  leftOut: LeftOut[];
}

/** Each address once, To before Cc, and none of `ours`: a copy to ourselves comes back as a customer's message. */
export function tidy(to: Address[], cc: Address[], ours: (email: string) => boolean): Recipients {
  const taken = new Set<string>();
  const leftOut: LeftOut[] = [];
  const pick = (address: Address): boolean => {
    const email = address.email.trim().toLowerCase();
    if (email === '') return false;
    const why = ours(email) ? 'ours' : taken.has(email) ? 'twice' : null;
    taken.add(email);
    if (why !== null) {
      if (!leftOut.some((other) => other.address.email.toLowerCase() === email))
        leftOut.push({ address, why });
      return false;
    }
    return true;
  };
  return { to: to.filter(pick), cc: cc.filter(pick), leftOut };
}

/** Who gets an answer to the newest message: whoever wrote, or whom they want answered, with those they copied. */
export function replyRecipients(opened: Opened, isOurs: (email: string) => boolean): Recipients {
  const { conversation, thread } = opened;
  const wanted = conversation.replyTo.length > 0 ? conversation.replyTo : [conversation.contact];
  const newest = thread.findLast((item) => item.type === 'message' && item.message.direction === 'inbound');
  const others = newest?.type === 'message' ? [...newest.message.to, ...newest.message.cc] : [];
  const found = tidy(wanted, others, isOurs);
  // Whoever asks for answers to one of our own addresses, or is one of us, is answered where they wrote from.
  const to = found.to.length > 0 ? found.to : [conversation.contact];
  const email = to[0]?.email.toLowerCase();
  const leftOut = found.leftOut.filter(
    ({ address, why }) => why === 'ours' && address.email.toLowerCase() !== email,
  );
  return { to, cc: found.cc, leftOut };
}

/** An empty answer to the newest message. It leaves from the address the customer wrote to, where that is an alias. */
export function emptyReply(opened: Opened, isOurs: (email: string) => boolean, account?: Account): DraftText {
  const { to, cc } = replyRecipients(opened, isOurs);
  const draft: DraftText = {
    to,
    cc,
    // What we begin ourselves answers nothing.
    subject:
      opened.lastMessage === null ? opened.conversation.subject : replySubject(opened.conversation.subject),
    text: '',
    files: [],
  };
  const from = aliasWrittenTo(opened, account);
  return from === undefined ? draft : { ...draft, from };
}

/** The alias the newest message was written to; nothing for the main address. */
function aliasWrittenTo(opened: Opened, account: Account | undefined): string | undefined {
  const newest = opened.thread.findLast(
    (item) => item.type === 'message' && item.message.direction === 'inbound',
  );
  if (!account || newest?.type !== 'message') return undefined;
  const written = [...newest.message.to, ...newest.message.cc].map((address) => address.email.toLowerCase());
  if (written.includes(account.address.toLowerCase())) return undefined;
  return account.aliases.find((alias) => written.includes(alias.toLowerCase()));
}

/** Addresses with letters before the @ that not every provider can deliver to (RFC 6531). */
export const foreign = (addresses: Address[]): Address[] =>
  addresses.filter((address) => !/^[\x00-\x7f]*$/.test(address.email.split('@')[0] ?? ''));

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
