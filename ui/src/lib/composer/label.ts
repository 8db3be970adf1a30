/** What the send button says: exactly what will happen. */
import type { Money } from '$lib/api/types/Money';
import type { Outcome } from '$lib/api/types/Outcome';
import { m } from '$lib/paraglide/messages.js';
import { money, when } from '$lib/time/format';
import { outcomeName } from '$lib/words/labels';
import type { After } from './composer.svelte';

export interface SendPlan {
  after: After;
  nextChase: number;
  quote: Money | null;
  close: Outcome | null;
  /** When it leaves, where that is not at once. */
  sendAt: number | null;
}

/** "Send · follow up Mon 15:20 if no answer" */
export function sendLabel({ after, nextChase, quote, close, sendAt }: SendPlan): string {
  const now = quote === null ? m.send() : m.send_quote({ amount: money(quote) });
  const send = sendAt === null ? now : m.send_later_at({ when: when(sendAt) });
  if (close !== null) return m.send_close({ send, outcome: outcomeName[close]() });
  switch (after.kind) {
    case 'followUp':
      // The cadence counts from when it leaves; the engine's date counts from now.
      if (sendAt !== null && after.due === null) return m.send_chase_later({ send });
      return m.send_chase({ send, when: when(after.due ?? nextChase) });
    case 'owe':
      return m.send_owe({ send, what: after.what, when: when(after.due) });
    case 'nothing':
      return m.send_nothing({ send });
  }
}
