/** One exception of every kind. */
import type { Exception } from '$lib/api/types/Exception';
import { account, anna, ben, HOUR, NOW } from './cast';

const about = (
  number: number,
  company: string,
  name: string,
  subject: string,
  at: number,
): Omit<Exception, 'what' | 'owner'> => ({
  conversation: `c-${number}`,
  number,
  contact: { name, email: 'carl@example.com' },
  company,
  subject,
  at,
});

export const exceptions: Exception[] = [
  {
    ...about(1035, 'Lindqvist & Co', 'Maja Lindqvist', 'Delivery to Malmö', NOW - 2 * HOUR),
    owner: anna.id,
    what: {
      type: 'unknown',
      outbound: 'o-1',
      by: anna.id,
      text: 'Hi Maja, we can deliver the first twelve booths in week 51.',
    },
  },
  {
    ...about(1037, 'Acme', 'Carl Winter', 'Leasing', NOW - 5 * HOUR),
    owner: ben.id,
    what: {
      type: 'failed',
      outbound: 'o-2',
      by: ben.id,
      text: 'Attached is the leasing offer.',
      reason: '552 5.3.4 message size exceeds fixed limit',
    },
  },
  {
    ...about(1036, 'Kaffeerösterei Nord', 'Imke Jansen', 'Unsere Anfrage mit Bildern', NOW - 26 * HOUR),
    owner: anna.id,
    what: { type: 'bounced', outbound: 'o-3' },
  },
  {
    ...about(1044, 'Hafenlogistik', 'Jens Petersen', 'Zwölf Kabinen für das Terminal', NOW - HOUR),
    owner: null,
    what: { type: 'unassigned', due: NOW - HOUR },
  },
  {
    ...about(1042, 'Roche & Filles', 'Amélie Roche', 'Devis pour deux cabines', NOW - 3 * HOUR),
    owner: null,
    what: {
      type: 'answeredOutside',
      message: 'm-9',
      text: 'Bonjour Amélie, oui, les deux cabines sont en stock.',
    },
  },
];

/** What somebody settles by having looked: sent to the wrong place, back after its end, lying still. */
export const oddities: Exception[] = [
  {
    ...about(1041, 'Baltic Boats', 'Ilze Kalniņa', 'Booths for a shipyard', NOW - 4 * HOUR),
    owner: ben.id,
    what: {
      type: 'misrouted',
      rule: 'Large offices',
      correction: {
        sent: { at: NOW - 5 * HOUR, version: 3, rule: 'r-1', owner: anna.id, inbox: 'i-sales' },
        at: NOW - 4 * HOUR,
        by: anna.id,
        how: { type: 'reassigned', to: ben.id },
        settled: false,
      },
    },
  },
  {
    ...about(1021, 'Stadtwerke Kiel', 'Uwe Carstens', 'Two booths after all', NOW - 2 * HOUR),
    owner: anna.id,
    what: { type: 'reopened', closedAt: NOW - 74 * HOUR, outcome: 'lost' },
  },
  {
    ...about(1012, 'Lumen', 'Nora Haug', 'Lease or buy', NOW - 8 * 24 * HOUR),
    owner: ben.id,
    what: { type: 'stale', since: NOW - 8 * 24 * HOUR },
  },
];

/** Somebody of ours answered where no copy comes to the shared mailbox. */
export const unseen: Exception = {
  ...about(1043, 'Acme Logistics', 'Carl Brandt', 'Forty seats', NOW - 2 * HOUR),
  owner: null,
  what: {
    type: 'answeredUnseen',
    message: 'm-12',
    account: account.id,
    headerId: 'AM0PR04@eurprd04.prod.outlook.com',
    quotedFrom: 'sales@murmel.example',
  },
};
