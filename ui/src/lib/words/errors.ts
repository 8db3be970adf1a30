/** Errors in words, with what to do. One row a code: a missing one does not compile. */
import { m } from '$lib/paraglide/messages.js';
import type { ErrorCode } from '$lib/api/types/ErrorCode';
import { asFailure } from '$lib/api/backend';

export type ErrorAction = 'retry' | 'signIn' | 'none';

export interface ErrorWords {
  text: string;
  action: ErrorAction;
}

const table: Record<ErrorCode, { words: () => string; action: ErrorAction }> = {
  badRequest: { words: m.error_bad_request, action: 'none' },
  signedOut: { words: m.error_signed_out, action: 'signIn' },
  wrongPassword: { words: m.error_wrong_password, action: 'none' },
  tooManyAttempts: { words: m.error_too_many_attempts, action: 'none' },
  notPermitted: { words: m.error_not_permitted, action: 'none' },
  notFound: { words: m.error_not_found, action: 'none' },
  invitationGone: { words: m.error_invitation_gone, action: 'none' },
  digestMismatch: { words: m.error_digest_mismatch, action: 'retry' },
  tooLarge: { words: m.error_too_large, action: 'none' },
  diskFull: { words: m.error_disk_full, action: 'retry' },
  storeUnavailable: { words: m.error_store_unavailable, action: 'retry' },
  unreachable: { words: m.error_unreachable, action: 'retry' },
  certificateRefused: { words: m.error_certificate_refused, action: 'none' },
  updateNeeded: { words: m.error_update_needed, action: 'none' },
  keyringUnavailable: { words: m.error_keyring_unavailable, action: 'retry' },
  mailboxRefused: { words: m.error_mailbox_refused, action: 'none' },
  internal: { words: m.error_internal, action: 'retry' },
};

/** What a thrown error says to a person. */
export function errorWords(thrown: unknown): ErrorWords {
  const row = table[asFailure(thrown).code] ?? table.internal;
  return { text: row.words(), action: row.action };
}
