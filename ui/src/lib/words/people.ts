/** Members by name, with "you" for oneself in the case the sentence needs. */
import { m } from '$lib/paraglide/messages.js';
import type { Address } from '$lib/api/types/Address';
import type { Inbox } from '$lib/api/types/Inbox';
import type { InboxId } from '$lib/api/types/InboxId';
import type { Member } from '$lib/api/types/Member';
import type { MemberId } from '$lib/api/types/MemberId';
import { all } from '$lib/time/format';

export interface People {
  readonly me: MemberId;
  member(id: MemberId): Member | undefined;
  /** An inbox I may read. */
  inbox?(id: InboxId): Inbox | undefined;
}

/** Who "wrote" what an inbox answers by itself. */
const NOBODY: MemberId = '00000000-0000-0000-0000-000000000000';

/** "Anna Berger" */
export const fullName = (people: People, id: MemberId | null): string =>
  id === NOBODY ? m.baton() : ((id === null ? undefined : people.member(id)?.name) ?? m.somebody());

/** "Anna" */
export function firstName(people: People, id: MemberId | null): string {
  const name = fullName(people, id);
  return id !== null && people.member(id) ? (name.split(/\s+/)[0] ?? name) : name;
}

/** "claimed by you", "claimed by Ben" */
export const byWhom = (people: People, id: MemberId | null): string =>
  id === null ? m.baton() : id === people.me ? m.you_by() : firstName(people, id);

/** "assigned to you", "assigned to Ben" */
export const toWhom = (people: People, id: MemberId | null): string =>
  id === people.me ? m.you_to() : firstName(people, id);

/** "You", "Ben": as a label. */
export const label = (people: People, id: MemberId | null): string =>
  id === people.me ? m.you() : firstName(people, id);

/** Who is asked to see to something: "you and Ben". */
export const askedWords = (asked: MemberId[], people: People): string =>
  asked.length === 0 ? m.escalation_to_nobody() : all(asked.map((id) => toWhom(people, id)));

/** A customer's name, or their address where they gave none. */
export const addressName = (address: Address): string =>
  address.name.trim() || address.email || m.unknown_sender();

const ROLE_ADDRESS =
  /^(?:info|sales|office|kontakt|contact|contacto|hello|hallo|mail|team|support|bestellung|service|ventas|no-?reply)@/i;

/** A customer's first name, for "Carl wrote 4 s ago". Organisations and addresses stay whole. */
export function addressFirstName(address: Address): string {
  const name = address.name.trim();
  if (name === '') return address.email || m.unknown_sender();
  // Mailboxes of a whole company have no first name.
  if (ROLE_ADDRESS.test(address.email)) return name;
  if (name.includes(',')) return name.split(',')[1]?.trim().split(/\s+/)[0] ?? name;
  return name.split(/\s+/)[0] ?? name;
}

/** Two letters for an avatar. */
export function initials(name: string): string {
  const words = name
    .replace(/[^\p{L}\p{N}\s@.-]/gu, ' ')
    .split(/[\s@]+/)
    .filter((word) => word.length > 0 && /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  if (first === undefined) return '?';
  const last = words.length > 1 && !name.includes('@') ? words.at(-1) : undefined;
  return (
    [...first].slice(0, last ? 1 : 2).join('') + (last ? ([...last][0] ?? '') : '')
  ).toLocaleUpperCase();
}
