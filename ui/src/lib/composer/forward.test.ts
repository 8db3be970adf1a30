import { afterEach, describe, expect, test } from 'vitest';
import { openedOf, story } from '$test/scripted/build';
import type { Forwarding } from '$lib/api/types/Forwarding';
import { locales, overwriteGetLocale } from '$lib/paraglide/runtime.js';
import { forwardDraft, forwardSubject, newestToForward } from './forward';

const passedOn: Forwarding = {
  from: { name: 'Carl Brandt', email: 'carl@acme.example' },
  to: [{ name: '', email: 'sales@murmel.example' }],
  cc: [],
  at: Date.UTC(2026, 10, 26, 9),
  subject: 'AW: Re: Booths',
  bareSubject: 'Booths',
  text: 'How many fit?\n',
  files: [{ name: 'plan.pdf', mime: 'application/pdf', size: 3, blob: 'b-plan' }],
};

afterEach(() => overwriteGetLocale(() => 'en'));

test('it goes to nobody yet, with the files of the message', () => {
  const draft = forwardDraft('m-1', passedOn);
  expect(draft).toMatchObject({
    to: [],
    cc: [],
    subject: 'Fwd: Booths',
    forwards: 'm-1',
    files: passedOn.files,
  });
  expect(forwardSubject('')).toBe('Fwd:');
});

test('the message stands below its head, a signature above it', () => {
  const text = forwardDraft('m-1', passedOn, 'Anna Berger').text;
  const lines = text.split('\n');
  expect(lines.slice(0, 6)).toEqual([
    '',
    '',
    'Anna Berger',
    '',
    '---------- Forwarded message ----------',
    'From: Carl Brandt <carl@acme.example>',
  ]);
  expect(lines[6]).toMatch(/^Date: .*2026/);
  expect(lines.slice(7)).toEqual([
    'Subject: AW: Re: Booths',
    'To: sales@murmel.example',
    '',
    'How many fit?',
    '',
  ]);
});

describe.each([...locales])('in %s', (locale) => {
  test('mail programs know the line above it', () => {
    overwriteGetLocale(() => locale);
    expect(forwardDraft('m-1', passedOn).text).toMatch(
      /^-{10} (Forwarded message|Weitergeleitete Nachricht|Mensaje reenviado) -{10}$/m,
    );
  });
});

test('the newest that came or has left is passed on, not what was passed on before', () => {
  const written = story(1, 'Carl Brandt', 'carl@acme.example', 'Acme', 'Booths', 9_000)
    .in('Hello', 9_000)
    .out('anna', 'Gladly', 5_000)
    .out('anna', 'Fwd', 1_000, {
      draft: { to: [], cc: [], subject: '', text: 'Fwd', files: [], forwards: 'x' },
    });
  const { thread } = openedOf(written.scene);
  const replies = thread.filter((item) => item.type === 'reply').map((item) => item.outbound.id);
  expect(newestToForward(thread)).toBe(replies[0]);
  expect(newestToForward([])).toBeNull();
});
