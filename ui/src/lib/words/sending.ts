/** Why a provider did not take an answer, in a sentence that says what to do. Its own words stand beside it. */
import type { SendProblem } from '$lib/api/types/SendProblem';
import { m } from '$lib/paraglide/messages.js';
import type { Words } from './labels';

export const sendProblem: Words<SendProblem> = {
  noSuchMailbox: m.send_problem_no_such_mailbox,
  noSuchDomain: m.send_problem_no_such_domain,
  badAddress: m.send_problem_bad_address,
  mailboxMoved: m.send_problem_mailbox_moved,
  mailboxDisabled: m.send_problem_mailbox_disabled,
  mailboxFull: m.send_problem_mailbox_full,
  takesNoMail: m.send_problem_takes_no_mail,
  tooLarge: m.send_problem_too_large,
  senderRefused: m.send_problem_sender_refused,
  sendAsDenied: m.send_problem_send_as_denied,
  signIn: m.send_problem_sign_in,
  spam: m.send_problem_spam,
  policy: m.send_problem_policy,
  notAuthenticated: m.send_problem_not_authenticated,
  foreignLetters: m.send_problem_foreign_letters,
  tooManyRecipients: m.send_problem_too_many_recipients,
  limitReached: m.send_problem_limit_reached,
  greylisted: m.send_problem_greylisted,
  busy: m.send_problem_busy,
  contentRefused: m.send_problem_content_refused,
  unreachable: m.send_problem_unreachable,
  loop: m.send_problem_loop,
  other: m.send_problem_other,
};
