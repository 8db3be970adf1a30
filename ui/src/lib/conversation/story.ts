/** The story so far, from the log: what happened, what was promised, what is next. Nothing is guessed. */
import type { Opened } from '$lib/api/types/Opened';
import { m } from '$lib/paraglide/messages.js';
import { money, past, when } from '$lib/time/format';
import { addressFirstName, firstName, type People } from '$lib/words/people';

export interface Story {
  happened: string;
  /** `null` where the log tells of no promise. */
  promised: string | null;
  next: string;
}

export function storySoFar(opened: Opened, people: People): Story {
  const { conversation, thread } = opened;
  const contact = addressFirstName(conversation.contact);
  // What the inbox answered by itself is no answer.
  const replies = thread.filter(
    (item) =>
      item.type === 'reply' &&
      item.outbound.state.type !== 'cancelled' &&
      item.outbound.automatic === undefined,
  );
  const lastReply = replies.at(-1);
  const parts = [
    m.story_wrote({ name: contact, date: past(conversation.createdAt), subject: conversation.subject }),
  ];
  if (lastReply?.type === 'reply') {
    parts.push(
      m.story_answered({
        name: firstName(people, lastReply.outbound.by),
        date: past(lastReply.outbound.queuedAt),
        count: replies.length,
      }),
    );
  }
  if (conversation.unansweredSince !== null && replies.length > 0) {
    parts.push(m.story_waits({ name: contact, date: past(conversation.unansweredSince) }));
  }
  const quote = conversation.quotes.at(-1);
  const owed =
    conversation.followUp?.kind.type === 'owed'
      ? m.story_owed({
          what: conversation.followUp.text ?? m.owe_what_was_promised(),
          when: when(conversation.followUp.due),
        })
      : null;
  const offered = quote ? m.story_quote({ amount: money(quote.amount), date: past(quote.at) }) : null;
  const promised = [offered, owed].filter((part) => part !== null).join(' ');
  return {
    happened: parts.join(' '),
    promised: promised === '' ? null : promised,
    next: conversation.nextStep?.text ?? '',
  };
}
