/** What a message is beside its words: delivery reports, invitations, what is sealed. */
import { m } from '$lib/paraglide/messages.js';
import type { CalendarInvitation } from '$lib/api/types/CalendarInvitation';
import type { DeliveryReport } from '$lib/api/types/DeliveryReport';
import type { EventTime } from '$lib/api/types/EventTime';
import type { InvitationAnswer } from '$lib/api/types/InvitationAnswer';
import type { InvitationMethod } from '$lib/api/types/InvitationMethod';
import type { OutgoingFile } from '$lib/api/types/OutgoingFile';
import type { Protection } from '$lib/api/types/Protection';
import { eventSpan } from '$lib/time/event';

/** What became of a message of ours, as the server that says so means it. */
export function reportWords(report: DeliveryReport): string {
  const recipient = report.recipient ?? m.report_somebody();
  switch (report.outcome) {
    case 'failed':
      return report.permanent ? m.report_failed({ recipient }) : m.report_failed_for_now({ recipient });
    case 'delayed':
      return m.report_delayed({ recipient });
    case 'delivered':
      return m.report_delivered({ recipient });
    case 'relayed':
      return m.report_relayed({ recipient });
  }
}

/** Whether it is bad news. */
export const isBadNews = (report: DeliveryReport): boolean => report.outcome === 'failed';

export const protectionWords: Record<Protection, () => string> = {
  smimeSigned: () => m.protection_signed({ kind: 'S/MIME' }),
  smimeEncrypted: () => m.protection_encrypted({ kind: 'S/MIME' }),
  pgpSigned: () => m.protection_signed({ kind: 'OpenPGP' }),
  pgpEncrypted: () => m.protection_encrypted({ kind: 'OpenPGP' }),
};

/** Whether its text can't be read here. */
export const isSealed = (protection: Protection): boolean =>
  protection === 'smimeEncrypted' || protection === 'pgpEncrypted';

export const methodName: Record<InvitationMethod, () => string> = {
  request: m.invitation_request,
  cancel: m.invitation_cancel,
  reply: m.invitation_reply,
  counter: m.invitation_counter,
  publish: m.invitation_publish,
};

export const answerName: Record<InvitationAnswer, () => string> = {
  needsAction: m.answer_none,
  accepted: m.answer_accepted,
  tentative: m.answer_tentative,
  declined: m.answer_declined,
  delegated: m.answer_delegated,
};

/** When it is, in the reader's zone; empty where it does not say. */
export const invitationTime = (invitation: CalendarInvitation): string =>
  invitation.starts === null ? '' : eventSpan(invitation.starts, invitation.ends);

/** Whether a file of a reply is the answer to an invitation: it leaves as one, not as a file. */
export const isAnswer = (file: OutgoingFile): boolean => file.mime === 'text/calendar; method=REPLY';

export type { EventTime };
