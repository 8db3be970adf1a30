import { expect, test } from 'vitest';
import { initials } from '$lib/words/people';
import { linkedText } from './links';
import { parseMoney } from './money';

test.each([
  ['18000', 1_800_000, 'EUR'],
  ['18.000 €', 1_800_000, 'EUR'],
  ['18,000.50 USD', 1_800_050, 'USD'],
  ['$1,250', 125_000, 'USD'],
  ['1.250,5', 125_050, 'EUR'],
  ['12k', 1_200_000, 'EUR'],
])('an amount: %s', (text, cents, currency) => expect(parseMoney(text, 'EUR')).toEqual({ cents, currency }));

test('no amount', () => expect(parseMoney('soon', 'EUR')).toBeNull());

test('links are marked where they stand, in order, and nothing of the text is lost', () => {
  const link = (shown: string) => ({ shown, target: `https://${shown}`, suspicious: null });
  const text = 'See a.example or b.example and a.example.';
  const segments = linkedText(text, [
    link('a.example'),
    link('b.example'),
    link('a.example'),
    link('gone.example'),
  ]);
  expect(segments.map((segment) => segment.text).join('')).toBe(text);
  expect(segments.filter((segment) => segment.link !== null).map((segment) => segment.text)).toEqual([
    'a.example',
    'b.example',
    'a.example',
  ]);
});

test.each([
  ['Carl Brandt', 'CB'],
  ['Mira', 'MI'],
  ['info@acme.example', 'IN'],
  ['Ana María de la Vega', 'AV'],
  ['', '?'],
])('initials of %s', (name, letters) => expect(initials(name)).toBe(letters));
