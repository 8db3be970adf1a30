import { expect, test } from 'vitest';
import { openedOf, story } from '$test/scripted/build';
import { account } from '$test/scripted/cast';
import {
  emptyReply,
  foreign,
  formatAddresses,
  parseAddresses,
  replyRecipients,
  replySubject,
  tidy,
} from './recipients';

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

const at = (...emails: string[]) => emails.map((email) => ({ name: '', email }));

test('To and Cc hold each address once, and none of ours, and what was left out is told', () => {
  const found = tidy(
    at('carl@acme.example', account.address, 'CARL@acme.example'),
    at('carl@acme.example', 'ed@acme.example', 'Ed@acme.example'),
    ours,
  );
  expect(found.to).toEqual(at('carl@acme.example'));
  expect(found.cc).toEqual(at('ed@acme.example'));
  expect(found.leftOut.map(({ address, why }) => [address.email, why])).toEqual([
    [account.address, 'ours'],
    ['CARL@acme.example', 'twice'],
    ['Ed@acme.example', 'twice'],
  ]);
});

test('where answers are wanted is honoured, unless that is ourselves', () => {
  const written = story(1, 'Carl Brandt', 'carl@acme.example', 'Acme', 'Booths', 1_000).in('Hello', 1_000, {
    to: at(account.address),
  }).scene;
  const wants = (replyTo: string) => {
    const opened = openedOf(written);
    return replyRecipients(
      { ...opened, conversation: { ...opened.conversation, replyTo: at(replyTo) } },
      ours,
    );
  };
  expect(wants('buying@acme.example').to).toEqual(at('buying@acme.example'));
  expect(wants(account.address).to.map((address) => address.email)).toEqual(['carl@acme.example']);
  expect(wants('buying@acme.example').leftOut.map(({ address }) => address.email)).toEqual([account.address]);
});

test('an answer leaves from the alias that was written to', () => {
  const to = (...emails: string[]) =>
    emptyReply(
      openedOf(
        story(1, 'Carl', 'carl@acme.example', 'Acme', 'Booths', 1_000).in('Hello', 1_000, {
          to: at(...emails),
        }).scene,
      ),
      ours,
      account,
    ).from;
  expect(to('Hello@Murmel.example')).toBe('hello@murmel.example');
  expect(to(account.address, 'hello@murmel.example')).toBeUndefined();
  expect(to('list@acme.example')).toBeUndefined();
});

test('letters beyond a to z count only before the @', () => {
  expect(foreign(at('jürgen@acme.example', 'carl@bücher.example'))).toEqual(at('jürgen@acme.example'));
});
