import { expect, test } from 'vitest';
import { account, anna, ben } from '$test/scripted/cast';
import { hasSignature, signatureOf, withoutSignature, withSignature } from './signature';

const signed = {
  ...account,
  signatures: [
    { address: null, text: '{name}\nMurmel GmbH' },
    { address: 'Hello@murmel.example', text: 'The Murmel team' },
  ],
};

test('an own signature comes before the address’s, and that before the account’s', () => {
  expect(signatureOf({ ...anna, signature: ' Anna\n+49 30 1 ' }, signed, account.address)).toBe(
    'Anna\n+49 30 1',
  );
  expect(signatureOf(ben, signed, 'hello@murmel.example')).toBe('The Murmel team');
  expect(signatureOf(ben, signed, account.address)).toBe('Ben Okafor\nMurmel GmbH');
  expect(signatureOf(ben, account, account.address)).toBe('');
});

test('it stands below the text, behind the line that lets programs fold it', () => {
  expect(withSignature('Hi Carl\n', 'Anna')).toBe('Hi Carl\n\n-- \nAnna');
  expect(withSignature('Hi Carl', '')).toBe('Hi Carl');
});

test('it stands above what is quoted, with the line that introduces it', () => {
  expect(withSignature('Gladly.\n\nOn Thursday Carl wrote:\n> How many?\n>\n> Carl', 'Anna')).toBe(
    'Gladly.\n\n-- \nAnna\n\nOn Thursday Carl wrote:\n> How many?\n>\n> Carl',
  );
  expect(withSignature('> How many?\n\nForty.', 'Anna')).toBe('> How many?\n\nForty.\n\n-- \nAnna');
});

test('it is never put in twice', () => {
  const once = withSignature('Hi', 'Anna\nMurmel');
  expect(withSignature(once, 'Anna\nMurmel')).toBe(once);
  expect(withSignature('Hi\n\nAnna  \nMurmel', 'Anna\nMurmel')).toBe('Hi\n\nAnna  \nMurmel');
  expect(hasSignature('> Anna\n> Murmel', 'Anna')).toBe(false);
});

test.each(['Hi', 'Gladly.\n\nOn Thursday Carl wrote:\n> How many?', ''])(
  'what was put in comes out again: %j',
  (text) => {
    expect(withoutSignature(withSignature(text, 'Anna\nMurmel'), 'Anna\nMurmel')).toBe(text);
  },
);
