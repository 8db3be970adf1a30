/** Writing first: from where, and to whom. */
import type { Account } from '$lib/api/types/Account';
import type { Address } from '$lib/api/types/Address';
import type { Member } from '$lib/api/types/Member';
import type { Team } from '$lib/api/types/Team';
import { parseAddresses } from '../composer/recipients';

/** The mailboxes this member may begin a conversation from, by address. */
export function writable(team: Team, me: Member | null): Account[] {
  const mine = team.accounts.filter((account) => {
    const inbox = team.inboxes.find((one) => one.id === account.inbox);
    if (!me || !inbox || account.mode === 'watch') return false;
    if (me.role === 'admin' || me.role === 'manager') return true;
    if (me.role === 'observer') return false;
    const granted = inbox.access.find((access) => access.member === me.id)?.capabilities ?? [];
    return granted.includes('work') && (granted.includes('sendAs') || granted.includes('sendOnBehalf'));
  });
  return mine.toSorted((one, other) => one.address.localeCompare(other.address));
}

/** The one customer as typed; nothing while it is not one address. */
export function customer(typed: string): Address | null {
  const { addresses, wrong } = parseAddresses(typed);
  const [only, second] = addresses;
  return only && !second && wrong.length === 0 ? only : null;
}
