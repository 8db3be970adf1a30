import { expect, test } from 'vitest';
import { openedOf, story } from '$test/scripted/build';
import { account } from '$test/scripted/cast';
import { emptyReply, formatAddresses, parseAddresses, replySubject } from './recipients';

const ours = (email: string) => email === account.address;

test('an answer goes to whoever wrote, with those they copied, never to ourselves', () => {
  const opened = openedOf(
    story(1, 'Carl Brandt', 'carl@acme.example', 'Acme', 'Booths', 1_000).in('Hello', 1_000, {
      to: [
        { name: '', email: account.address },
        { name: 'Dora', email: 'dora@acme.example' },
      ],
      cc: [
        { name: 'Carl', email: 'Carl@acme.example' },
        { name: 'Ed', email: 'ed@acme.example' },
      ],
    }).scene,
  );
  const draft = emptyReply(opened, ours);
  expect(draft.to.map((address) => address.email)).toEqual(['carl@acme.example']);
  expect(draft.cc.map((address) => address.email)).toEqual(['dora@acme.example', 'ed@acme.example']);
});

test('the subject says Re: once, whatever the language', () => {
  expect(replySubject('Booths')).toBe('Re: Booths');
  expect(replySubject('AW: Booths')).toBe('AW: Booths');
  expect(replySubject('')).toBe('');
});

test('addresses survive being edited', () => {
  const typed = 'Carl Brandt <carl@acme.example>, dora@acme.example';
  const { addresses, wrong } = parseAddresses(typed);
  expect(wrong).toEqual([]);
  expect(formatAddresses(addresses)).toBe(typed);
  expect(parseAddresses('carl@acme.example; nobody').wrong).toEqual(['nobody']);
});
