/** Why somebody is not there just now, in words; nothing while they are. */
import { m } from '$lib/paraglide/messages.js';
import type { Member } from '$lib/api/types/Member';
import { openFrom } from '$lib/time/business';
import { clock } from '$lib/time/clock.svelte';
import { when } from '$lib/time/format';
import { isZone } from '$lib/time/zone.svelte';

export function awayWords(member: Member, now: number = clock.now): string | null {
  if (member.absentUntil !== null && member.absentUntil > now)
    return m.absent_until({ date: when(member.absentUntil) });
  const { hours } = member;
  if (!hours || !isZone(hours.zone)) return null;
  const open = openFrom(hours, now);
  return open > now ? m.off_until({ date: when(open) }) : null;
}
