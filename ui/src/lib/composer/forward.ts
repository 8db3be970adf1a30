/** A message passed on to somebody outside: what its draft says before anybody has added a word. */
import type { Address } from '$lib/api/types/Address';
import type { DraftText } from '$lib/api/types/DraftText';
import type { Forwarding } from '$lib/api/types/Forwarding';
import type { MessageId } from '$lib/api/types/MessageId';
import type { ThreadItem } from '$lib/api/types/ThreadItem';
import { m } from '$lib/paraglide/messages.js';
import { absolute } from '$lib/time/format';
import { formatAddresses } from './recipients';

/** "Fwd: " once, whatever the programs before us put in front. */
export const forwardSubject = (bare: string): string => `Fwd: ${bare}`.trim();

/** Room for a note, the author's signature, and below a line that says so the message as it came. */
export function forwardDraft(message: MessageId, passedOn: Forwarding, signature = ''): DraftText {
  const line = (label: string, value: string) => (value === '' ? [] : [`${label}: ${value}`]);
  const people = (label: string, addresses: Address[]) => line(label, formatAddresses(addresses));
  const head = [
    // Mail programs know the line by its dashes, and leave open what stands below it.
    `---------- ${m.forward_head()} ----------`,
    ...people(m.forward_from(), [passedOn.from]),
    ...line(m.forward_date(), absolute(passedOn.at)),
    ...line(m.field_subject(), passedOn.subject),
    ...people(m.field_to(), passedOn.to),
    ...people(m.field_cc(), passedOn.cc),
  ];
  const signed = signature === '' ? '' : `\n\n${signature}`;
  return {
    to: [],
    cc: [],
    subject: forwardSubject(passedOn.bareSubject),
    text: `${signed}\n\n${head.join('\n')}\n\n${passedOn.text.trim()}\n`,
    files: passedOn.files,
    forwards: message,
  };
}

/** The newest message that was received or has left: what is passed on where none is pointed at. */
export function newestToForward(thread: ThreadItem[]): MessageId | null {
  const item = thread.findLast(
    (item) =>
      item.type === 'message' ||
      (item.type === 'reply' &&
        item.outbound.state.type === 'sent' &&
        item.outbound.draft.forwards === undefined),
  );
  if (item?.type === 'message') return item.message.id;
  return item?.type === 'reply' ? item.outbound.id : null;
}
