/** The connection in words, for the foot of the window. */
import { m } from '$lib/paraglide/messages.js';
import type { Connection } from '$lib/api/types/Connection';
import type { HealthRow } from '$lib/api/types/HealthRow';
import { countdown, number } from '$lib/time/format';
import { errorWords } from './errors';
import { healthWords } from './mail';

export interface ConnectionWords {
  text: string;
  detail: string | null;
  tone: 'ok' | 'busy' | 'warn' | 'late';
}

/** "Up to date", "Offline · 3 actions waiting · tries again in 8 s", "Reading sales@ · 420 of 2,000". */
export function connectionWords(connection: Connection, health: HealthRow[]): ConnectionWords {
  const { state, waiting } = connection;
  switch (state.type) {
    case 'connecting':
      return { text: join([m.connection_connecting(), waitingWords(waiting)]), detail: null, tone: 'busy' };
    case 'snapshot':
      return { text: m.connection_snapshot({ done: number(state.done) }), detail: null, tone: 'busy' };
    case 'offline':
      return {
        text: join([
          m.connection_offline(),
          waitingWords(waiting),
          m.connection_tries_again({ next: countdown(state.next) }),
        ]),
        detail: state.error === null ? null : errorWords(state.error).text,
        tone: 'warn',
      };
    case 'online':
      break;
  }
  const syncing = health.find((row) => row.health.state.type === 'firstSync');
  if (syncing?.health.state.type === 'firstSync') {
    const { done, total } = syncing.health.state;
    return {
      text: m.connection_first_sync({
        address: localPart(syncing.health.address),
        done: number(done),
        total: number(total),
      }),
      detail: null,
      tone: 'busy',
    };
  }
  const ill = health.find(
    (row) =>
      row.health.state.type === 'stopped' ||
      row.health.state.type === 'retrying' ||
      (row.health.state.type === 'hostAway' && row.health.waitingToSend > 0),
  );
  if (ill) {
    const words = healthWords(ill.health);
    return {
      text: m.connection_mailbox_ill({ address: localPart(ill.health.address) }),
      detail: words.text,
      tone: words.tone,
    };
  }
  return waiting > 0
    ? { text: waitingWords(waiting), detail: null, tone: 'busy' }
    : { text: m.connection_up_to_date(), detail: null, tone: 'ok' };
}

/** "3 actions waiting", or nothing. */
const waitingWords = (waiting: number): string =>
  waiting === 0 ? '' : m.connection_waiting({ count: waiting });

/** "sales@" */
export const localPart = (address: string): string => `${address.split('@')[0] ?? address}@`;

const join = (parts: string[]): string => parts.filter((part) => part !== '').join(' · ');
