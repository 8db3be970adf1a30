import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '$lib/api/types/ErrorCode';
import type { Refusal } from '$lib/api/types/Refusal';
import { locales, overwriteGetLocale } from '$lib/paraglide/runtime.js';
import { anna, ben, mira, NOW, team } from '$test/scripted/cast';
import { errorWords } from './errors';
import { refusalWords, type RefusalScene } from './refusal';

const HOUR = 3_600_000;

const scene = (asked: RefusalScene['asked'] = 'reply'): RefusalScene => ({
  people: { me: anna.id, member: (id) => team.members.find((member) => member.id === id) },
  contact: { name: 'Carl Brandt', email: 'carl@acme.example' },
  inboxName: () => 'Sales',
  asked,
  conversation: 'c-1',
});

const newer: Refusal = {
  type: 'newerMessage',
  message: {
    id: 'm',
    at: NOW - 4_000,
    direction: 'inbound',
    kind: 'human',
    by: null,
    preview: 'the first ten before Easter?',
  },
};

const said = (refusal: Refusal, asked?: RefusalScene['asked']) => {
  const words = refusalWords(refusal, scene(asked));
  return [words.text, ...words.offers.map((offer) => offer.label)].join(' · ');
};

describe('what the window says', () => {
  test('not the owner', () =>
    expect(said({ type: 'notOwner', owner: ben.id, since: NOW - 4 * HOUR, mayCover: true })).toBe(
      'Ben owns this since 10:22. · Ask for it · Write a note · Answer for Ben',
    ));
  test('a lost claim', () =>
    expect(said({ type: 'notOwner', owner: ben.id, since: NOW, mayCover: false }, 'claim')).toBe(
      'Ben was first, at 14:22. · Next unassigned',
    ));
  test('locked', () =>
    expect(said({ type: 'lockedBy', member: mira.id, device: 'd', since: NOW })).toBe(
      'Mira is replying · Ask for it · Suggest',
    ));
  test('the lock was lost', () =>
    expect(said({ type: 'lockLost', to: ben.id })).toBe(
      'You paused, and Ben took the reply. Your text is kept. · Compare · Suggest',
    ));
  test('something newer', () =>
    expect(said(newer)).toBe('Carl wrote 4 s ago: “the first ten before Easter?” · Send anyway · Change'));
  test('answered already', () =>
    expect(said({ type: 'alreadyAnswered', by: ben.id, at: NOW - 2 * HOUR })).toBe(
      'Ben answered at 12:22. · See it · Make mine a note',
    ));
  test('it goes on elsewhere', () =>
    expect(said({ type: 'merged', into: 'c-2', number: 1042 })).toBe('Merged into #1042 · Open'));
  test('a reply of which nobody knows whether it arrived', () => {
    expect(said({ type: 'replyInDoubt', outbound: 'o-1', by: ben.id })).toBe(
      'Nobody knows yet whether Ben’s reply arrived. Say what became of it first.',
    );
    expect(said({ type: 'replyInDoubt', outbound: 'o-1', by: anna.id })).toContain('your reply');
  });
  test('not permitted', () =>
    expect(said({ type: 'notPermitted', needs: 'sendAs', inbox: 'i-sales' })).toBe(
      'You may not send in Sales. Ask a manager. · Write a note',
    ));
  test('away', () =>
    expect(said({ type: 'absent', member: 'm-tomas', until: null, backup: ben.id })).toBe(
      'Tomás is away. · Give it to Ben',
    ));
});

const every: Refusal[] = [
  { type: 'notOwner', owner: ben.id, since: NOW, mayCover: true },
  { type: 'lockedBy', member: ben.id, device: 'd', since: NOW },
  { type: 'lockLost', to: null },
  newer,
  { type: 'alreadyAnswered', by: null, at: NOW },
  { type: 'alreadyAcknowledged', by: mira.id, at: NOW - HOUR },
  { type: 'alreadyLeaving' },
  { type: 'replyWaits', by: ben.id, leavesAt: NOW + HOUR },
  { type: 'replyWaits', by: anna.id, leavesAt: NOW + HOUR },
  { type: 'noConsent', since: NOW },
  { type: 'outsideWindow', since: NOW },
  { type: 'missingFields', fields: ['nextStep'] },
  { type: 'needsOutcome' },
  { type: 'needsHandoffContext' },
  { type: 'versionConflict', theirs: 3 },
  { type: 'notPermitted', needs: 'work', inbox: null },
  { type: 'absent', member: ben.id, until: NOW, backup: null },
  { type: 'notEmpty', conversations: 14, accounts: 1 },
  { type: 'notEmpty', conversations: 0, accounts: 0, rule: 'Quotes to Berlin' },
  { type: 'gone' },
  { type: 'updateNeeded' },
  { type: 'invalid', field: 'to', why: 'notAnAddress' },
];

const codes: ErrorCode[] = [
  'badRequest',
  'signedOut',
  'wrongPassword',
  'diskFull',
  'unreachable',
  'certificateRefused',
  'internal',
];

describe.each([...locales])('in %s', (locale) => {
  test('no refusal and no error shows a code, and each is a sentence', () => {
    overwriteGetLocale(() => locale);
    try {
      for (const refusal of every) {
        const { text } = refusalWords(refusal, scene());
        expect(text.length).toBeGreaterThan(8);
        expect(text).not.toContain(refusal.type);
        expect(text).not.toMatch(/undefined|null|\{|NaN/);
      }
      for (const code of codes) {
        const { text } = errorWords({ code, message: 'the raw words' });
        expect(text).not.toContain(code);
        expect(text).not.toContain('the raw words');
      }
    } finally {
      overwriteGetLocale(() => 'en');
    }
  });
});

test('an error nobody foresaw has words too', () => {
  expect(errorWords(new TypeError('x is not a function')).text).toContain('Nothing was lost');
});
