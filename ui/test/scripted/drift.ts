/** What the third version of the rules did since Mira put it in force. */
import type { RuleDrift } from '$lib/api/types/RuleDrift';
import { anna, ben, DAY, mira, NOW } from './cast';

const lead = (number: number, subject: string) => ({
  conversation: `c-${number}`,
  number,
  inbox: 'i-sales',
  subject,
  contact: 'carl@acme-logistics.example',
});

export const drift: RuleDrift = {
  version: 3,
  put: { at: NOW - 6 * DAY, by: { type: 'member', id: mira.id }, previous: 2 },
  routed: 48,
  moves: [
    {
      from: { type: 'member', member: anna.id },
      to: { type: 'pool', by: 'roundRobin', members: [anna.id, ben.id] },
      rule: 'r-1',
      count: 21,
      examples: [lead(1042, 'Quote for 40 phone booths and delivery to Kiel')],
    },
  ],
  rules: [
    {
      rule: 'r-2',
      name: 'Large offices',
      routed: 14,
      moved: 4,
      reassigned: 2,
      givenBack: 1,
      examples: [{ lead: lead(1041, 'Booths for a shipyard'), how: { type: 'reassigned', to: ben.id } }],
    },
    { rule: 'r-1', name: 'Quotes', routed: 31, moved: 0, reassigned: 0, givenBack: 0, examples: [] },
    { rule: null, name: null, routed: 3, moved: 0, reassigned: 0, givenBack: 0, examples: [] },
  ],
  next: null,
};
