/** The people and things of the scripted desk: Anna and Ben sell, Mira manages, at a maker of quiet rooms. */
import type { Account } from '$lib/api/types/Account';
import type { HealthRow } from '$lib/api/types/HealthRow';
import type { Inbox } from '$lib/api/types/Inbox';
import type { Member } from '$lib/api/types/Member';
import type { SessionInfo } from '$lib/api/types/SessionInfo';
import type { SlaPolicy } from '$lib/api/types/SlaPolicy';
import type { Settings } from '$lib/api/types/Settings';
import type { Team } from '$lib/api/types/Team';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Thursday, 26 November 2026, 14:22 in Berlin. */
export const NOW = Date.UTC(2026, 10, 26, 13, 22);

const member = (id: string, name: string, role: Member['role'], part: Partial<Member> = {}): Member => ({
  id,
  name,
  email: `${name.split(' ')[0]?.toLowerCase() ?? id}@murmel.example`,
  role,
  active: true,
  absentUntil: null,
  backup: null,
  ...part,
});

export const anna = member('m-anna', 'Anna Berger', 'manager');
export const ben = member('m-ben', 'Ben Okafor', 'rep');
export const mira = member('m-mira', 'Mira Lindqvist', 'admin');
export const tomas = member('m-tomas', 'Tomás Rey', 'rep', { absentUntil: NOW + 5 * DAY, backup: 'm-ben' });

const calendar = {
  zone: 'Europe/Berlin',
  hours: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, fromMinute: 540, toMinute: 1020 })),
  holidays: ['2026-12-25'],
};

/** What a new inbox promises. */
export const usualTargets: SlaPolicy = {
  version: 1,
  warnPercent: 80,
  rules: [
    {
      name: 'Leads',
      when: { channels: [], priorities: [], categories: [], valueFrom: null },
      targets: {
        owner: { lengthMs: HOUR / 4, time: 'business' },
        firstResponse: { lengthMs: 4 * HOUR, time: 'business' },
        nextResponse: { lengthMs: 4 * HOUR, time: 'business' },
        resolution: null,
      },
    },
  ],
};

const inbox = (id: string, name: string): Inbox => ({
  id,
  name,
  access: [],
  policy: {
    reply: 'ownerOrCover',
    replyClaims: true,
    undoMs: 10_000,
    cadenceDays: [2, 5, 5],
    handoffMs: HOUR,
    lockIdleMs: 3 * MINUTE,
    lockReleaseMs: 15 * MINUTE,
    lockLifetimeMs: 45_000,
    highValue: { cents: 2_000_000, currency: 'EUR' },
    staleDays: 5,
    calendar,
    sla: { version: 0, rules: [], warnPercent: 80 },
    escalation: { steps: [] },
  },
});

export const sales = inbox('i-sales', 'Sales');
export const business = inbox('i-business', 'Large offices');

export const account: Account = {
  id: 'a-sales',
  inbox: sales.id,
  address: 'sales@murmel.example',
  name: 'Murmel Sales',
  aliases: ['hello@murmel.example'],
  liveSince: NOW - 90 * DAY,
  mode: 'together',
  hostedBy: null,
};

export const team: Team = {
  workspace: 'Murmel',
  members: [anna, ben, mira, tomas],
  inboxes: [sales, business],
  accounts: [account],
  reviews: [],
};

export const settings: Settings = {
  theme: 'system',
  notifications: true,
  quietFromMinute: null,
  quietToMinute: null,
  contextPane: true,
  zone: 'Europe/Berlin',
  language: 'en',
  imagesFrom: [],
};

/** Where Anna is signed in. */
export const sessions: SessionInfo[] = [
  {
    id: 's-1',
    deviceName: 'Anna’s laptop',
    createdAt: NOW - 20 * DAY,
    lastUsedAt: NOW,
    current: true,
  },
  {
    id: 's-2',
    deviceName: 'Office, second floor',
    createdAt: NOW - 60 * DAY,
    lastUsedAt: NOW - DAY,
    current: false,
  },
];

/** How the mailbox does on an ordinary day. */
export const upToDate: HealthRow = {
  health: {
    account: account.id,
    address: account.address,
    state: { type: 'upToDate' },
    lastSuccess: NOW - 20_000,
    lastSent: null,
    signInEnds: null,
    waitingToSend: 0,
  },
  balance: {
    account: account.id,
    received: 412,
    imported: 388,
    duplicates: 19,
    quarantined: 1,
    ignored: 4,
    folders: [
      {
        folder: 'INBOX',
        received: 301,
        imported: 281,
        duplicates: 15,
        quarantined: 1,
        ignored: 4,
        messages: 301,
        complete: true,
      },
      {
        folder: 'Sent',
        received: 111,
        imported: 107,
        duplicates: 4,
        quarantined: 0,
        ignored: 0,
        messages: 140,
        complete: false,
      },
    ],
  },
};
