/** What an inbox answers by itself, while it is edited. */
import type { AutoReplies } from '$lib/api/types/AutoReplies';
import type { AutoReplyLanguage } from '$lib/api/types/AutoReplyLanguage';
import { number } from '$lib/time/format';
import { m } from '$lib/paraglide/messages.js';

/** The longest text, in characters; the server's own limit. */
export const MOST = 4000;

export const kinds = ['acknowledgement', 'outOfHours'] as const;
export type Kind = (typeof kinds)[number];

/** The line below every automatic reply, as the server writes it. */
export const lines: Record<AutoReplyLanguage, string> = {
  en: 'This is an automatic reply.',
  de: 'Dies ist eine automatische Antwort.',
  es: 'Esta es una respuesta automática.',
};

/** Each language by its own name. */
export const languages: Record<AutoReplyLanguage, string> = { en: 'English', de: 'Deutsch', es: 'Español' };

export const nothing = (language: AutoReplyLanguage): AutoReplies => ({
  acknowledgement: { on: false, text: '' },
  outOfHours: { on: false, text: '' },
  language,
});

/** Why a text can't be saved, in words. */
export function problem(text: AutoReplies[Kind]): string | null {
  const trimmed = text.text.trim();
  if (text.on && trimmed === '') return m.auto_replies_empty();
  const length = Array.from(trimmed).length;
  return length > MOST ? m.auto_replies_too_long({ most: number(MOST), length: number(length) }) : null;
}

/** What the customer reads. */
export const letter = (replies: AutoReplies, kind: Kind): string =>
  `${replies[kind].text.trim()}\n\n${lines[replies.language]}`;
