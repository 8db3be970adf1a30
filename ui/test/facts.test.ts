/** What a message is beside its words, as the thread shows it. */
import { expect, test } from 'vitest';
import type { CalendarInvitation } from '$lib/api/types/CalendarInvitation';
import type { MessageFacts } from '$lib/api/types/MessageFacts';
import type { MessageKind } from '$lib/api/types/MessageKind';
import { NOW } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, textOf } from './window';

const siteVisit: CalendarInvitation = {
  method: 'request',
  uid: 'u-1',
  sequence: 0,
  title: 'Site visit',
  place: 'Kiel, hall 3',
  organiser: { name: 'Carl Brandt', email: 'carl@acme.example' },
  attendees: [{ address: { name: 'Anna Berger', email: 'anna@murmel.example' }, answer: 'needsAction' }],
  starts: { type: 'at', at: Date.UTC(2026, 11, 1, 9, 0) },
  ends: { type: 'at', at: Date.UTC(2026, 11, 1, 10, 30) },
  repeats: false,
};

/** The newest message of #1042 with these facts. */
async function shown(facts: MessageFacts, kind: MessageKind = 'human') {
  const window = await openWindow((backend) => {
    const messages = backend.scene('c-1042').thread.filter((item) => item.type === 'message');
    const last = messages.at(-1);
    if (last?.type === 'message') Object.assign(last.message, { facts, kind });
  });
  await openConversation(window, 1042);
  return window;
}

test('a delivery that failed says for whom, whether trying again helps, and the server’s own words', async () => {
  await shown(
    {
      report: {
        outcome: 'failed',
        permanent: true,
        recipient: 'carl@acme.example',
        status: '5.1.1',
        diagnostic: '550 no such user',
      },
    },
    'bounce',
  );
  await find('delivery-report');
  expect(textOf('delivery-report')).toBe(
    'Not delivered to carl@acme.example, and trying again can’t help. 5.1.1 550 no such user',
  );
});

test('an automatic answer that names a day of return shows that day, whatever the zone', async () => {
  await shown({ returnsOn: '2026-12-09' }, 'autoReply');
  await expect.poll(() => textOf('thread')).toContain('9 Dec 2026');
});

test('an encrypted message says that it can’t be read here, and where it can', async () => {
  await shown({ protection: ['pgpEncrypted'] });
  await expect.poll(() => textOf('protection')).toContain('Encrypted (OpenPGP)');
});

test('an invitation shows what, when in my zone, where and who', async () => {
  await shown({
    invitation: siteVisit,
  });
  await find('invitation');
  const said = textOf('invitation');
  expect(said).toContain('Site visit');
  expect(said).toMatch(/1 Dec 2026.*10:00.*11:30/);
  expect(said).toContain('Invited by Carl Brandt');
  expect(said).toContain('Anna Berger has not answered');
  expect(NOW).toBeLessThan(Date.UTC(2026, 11, 1));
});

test('an invitation is answered in the reply: one answer at a time, to whoever invited, and nothing leaves by itself', async () => {
  const { backend, desk } = await shown({ invitation: siteVisit });
  await click('invitation-accepted');
  await expect.poll(() => desk.composer.draft.files.map((file) => file.name)).toEqual(['invite.ics']);
  expect(backend.asked('answerInvitation').at(-1)?.answer).toBe('accepted');
  expect(desk.composer.draft.text).toBe('I am glad to come: Site visit');
  expect(desk.composer.draft.to.map((one) => one.email)).toContain('carl@acme.example');
  await click('invitation-declined');
  await expect.poll(() => backend.asked('answerInvitation').at(-1)?.answer).toBe('declined');
  await expect.poll(() => desk.composer.draft.text).toBe('Unfortunately I cannot come: Site visit');
  expect(desk.composer.draft.files).toHaveLength(1);
  expect(hook('invitation-declined')?.getAttribute('aria-pressed')).toBe('true');
  expect(hook('invitation-accepted')?.getAttribute('aria-pressed')).toBe('false');
  expect(backend.asked('send')).toEqual([]);
});

test('words of one’s own stay when the answer changes', async () => {
  const { desk } = await shown({ invitation: siteVisit });
  desk.composer.put({ text: 'Can we make it eleven?' });
  await click('invitation-tentative');
  await expect.poll(() => desk.composer.draft.files).toHaveLength(1);
  expect(desk.composer.draft.text).toBe('Can we make it eleven?');
});

test('an invitation to a colleague’s customer is answered in their place', async () => {
  const window = await openWindow((backend) => {
    const scene = backend.scene('c-1042');
    const last = scene.thread.filter((item) => item.type === 'message').at(-1);
    if (last?.type === 'message') Object.assign(last.message, { facts: { invitation: siteVisit } });
    scene.conversation.owner = 'm-ben';
  });
  await openConversation(window, 1042);
  await click('invitation-accepted');
  await expect.poll(() => window.desk.composer.draft.files).toHaveLength(1);
  expect(window.desk.composer.cover).toBe(true);
});

test('an invitation that was taken back asks for no answer', async () => {
  await shown({ invitation: { ...siteVisit, method: 'cancel' } });
  await find('invitation');
  expect(hook('invitation-accepted')).toBeNull();
});

test('a whole day ends on the day before its end, and an ordinary message shows none of this', async () => {
  await shown({
    invitation: {
      method: 'publish',
      uid: 'u-2',
      sequence: 0,
      title: 'Trade fair',
      place: '',
      organiser: null,
      attendees: [],
      starts: { type: 'day', day: '2026-12-01' },
      ends: { type: 'day', day: '2026-12-02' },
      repeats: false,
    },
  });
  await find('invitation');
  expect(textOf('invitation')).not.toContain('2 Dec');
  expect(hook('delivery-report')).toBeNull();
  expect(hook('protection')).toBeNull();
});
