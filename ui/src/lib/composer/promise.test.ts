import { describe, expect, test } from 'vitest';
import { local } from '$lib/time/local';
import { speaksOfFile } from './attachment';
import { findPromise } from './promise';

const BERLIN = 'Europe/Berlin';
const NOW = Date.UTC(2026, 10, 25, 13, 22); // Wed 14:22 in Berlin

function promised(text: string, now = NOW): [string, string] | null {
  const found = findPromise(text, now, BERLIN);
  return (
    found && [found.what, local(found.due, BERLIN).toPlainDateTime().toString({ smallestUnit: 'minute' })]
  );
}

describe('a promise with a date', () => {
  test.each([
    ['thank you, you get the offer on Thursday, with dates for Kiel.', 'the offer', '2026-11-26T15:00'],
    [
      'Forty booths with the service plan are fine, you get the offer on Thursday.',
      'the offer',
      '2026-11-26T15:00',
    ],
    ["I'll send you the contract tomorrow.", 'the contract', '2026-11-26T15:00'],
    ['We will get back to you by Friday 11:00', 'what was promised', '2026-11-27T11:00'],
    ['You will have our revised quote by 3 December.', 'our revised quote', '2026-12-03T15:00'],
    ['Hi Carl,\n\nFine.\nI can send the drawings next week', 'the drawings', '2026-11-30T15:00'],
    ['Sie bekommen das Angebot am Donnerstag.', 'das Angebot', '2026-11-26T15:00'],
    ['Ich schicke Ihnen die Zeichnungen bis Freitag, 12 Uhr.', 'die Zeichnungen', '2026-11-27T12:00'],
    ['Morgen melde ich mich wieder.', 'what was promised', '2026-11-26T15:00'],
    ['Wir senden Ihnen die Rechnung bis zum 3. Dezember zu.', 'die Rechnung', '2026-12-03T15:00'],
    ['Le envío la oferta el jueves.', 'la oferta', '2026-11-26T15:00'],
    ['Recibirá el presupuesto mañana.', 'el presupuesto', '2026-11-26T15:00'],
  ])('%s', (text, what, due) => expect(promised(text)).toEqual([what, due]));

  test('later today is before the day ends', () => {
    expect(promised('I will send the list today.', Date.UTC(2026, 10, 25, 14, 30))?.[1]).toBe(
      '2026-11-25T17:00',
    );
  });

  test('its place in the text is known', () => {
    const text = 'Thanks. You get the offer on Thursday, as said.';
    const found = findPromise(text, NOW, BERLIN);
    expect(found && text.slice(found.start, found.end)).toBe('You get the offer on Thursday');
  });
});

describe('no promise', () => {
  test.each([
    'Would Thursday suit you?',
    'Can I send you the offer on Thursday?',
    'The fair begins on Thursday.',
    'Thank you for your mail of Thursday.',
    '> you get the offer on Thursday',
    'I will send the offer.',
    'Guten Morgen, Frau Vogt',
    'So können wir das machen.',
    '',
  ])('%s', (text) => expect(promised(text)).toBeNull());
});

test('a text that speaks of a file is noticed, a quoted one is not', () => {
  expect(speaksOfFile('Please find attached the plan.')).toBe('attached');
  expect(speaksOfFile('Anbei das Angebot')).toBe('Anbei');
  expect(speaksOfFile('Le adjunto la oferta')).toBe('adjunto');
  expect(speaksOfFile('> attached')).toBeNull();
  expect(speaksOfFile('They were unattached.')).toBeNull();
});
