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
}

/** "Send · follow up Mon 15:20 if no answer" */
export function sendLabel({ after, nextChase, quote, close }: SendPlan): string {
  const send = quote === null ? m.send() : m.send_quote({ amount: money(quote) });
  if (close !== null) return m.send_close({ send, outcome: outcomeName[close]() });
  switch (after.kind) {
    case 'followUp':
      return m.send_chase({ send, when: when(after.due ?? nextChase) });
    case 'owe':
      return m.send_owe({ send, what: after.what, when: when(after.due) });
    case 'nothing':
      return m.send_nothing({ send });
  }
}
