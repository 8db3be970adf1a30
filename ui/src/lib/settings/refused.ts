/** Why a setting was not taken, in words; `null` where it was. */
import type { Acted } from '$lib/api/types/Acted';
import type { Session } from '$lib/session/session.svelte';
import { refusalWords } from '$lib/words/refusal';

export function refusedWords(acted: Acted, session: Session): string | null {
  if (acted.type !== 'refused') return null;
  const scene = {
    people: session,
    contact: { name: '', email: '' },
    inboxName: session.inboxName,
    asked: 'other' as const,
    conversation: '',
  };
  return refusalWords(acted.refusal, scene).text;
}

/** Whether somebody else changed the same thing while a form was open. */
export const changedMeanwhile = (acted: Acted): boolean =>
  acted.type === 'refused' && acted.refusal.type === 'versionConflict';
