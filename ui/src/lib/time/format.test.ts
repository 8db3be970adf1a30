import { beforeEach, describe, expect, test } from 'vitest';
import { absolute, ago, bytes, countdown, dueWords, money, shortStamp, stamp, when } from './format';
import { zone } from './zone.svelte';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 13, 22); // Thu 14:22 in Berlin

beforeEach(() => zone.choose('Europe/Berlin'));

describe('when something is due', () => {
  test.each([
    [-2 * DAY, '2 d late', 'late'],
    [-5 * HOUR, '5 h late', 'late'],
    [-25 * MINUTE, '25 min late', 'late'],
    [38 * MINUTE, 'in 38 min', 'soon'],
    [2 * HOUR, 'in 2 h', 'calm'],
    [6 * HOUR, '20:22', 'calm'],
    [DAY, 'tomorrow 14:22', 'calm'],
    [4 * DAY, 'Mon 14:22', 'calm'],
    [20 * DAY, '16 Dec', 'calm'],
    [60 * DAY, '25 Jan 2027', 'calm'],
  ] as const)('%i ms: %s', (left, text, tone) => expect(dueWords(NOW + left, NOW)).toEqual({ text, tone }));
});

test('a stamp says as much of the date as is needed', () => {
  expect(stamp(NOW - HOUR, NOW)).toBe('13:22');
  expect(stamp(NOW - DAY, NOW)).toBe('Yesterday 14:22');
  expect(stamp(NOW - 3 * DAY, NOW)).toBe('Mon 14:22');
  expect(stamp(NOW - 20 * DAY, NOW)).toBe('6 Nov, 14:22');
  expect(shortStamp(NOW - DAY, NOW)).toBe('Yesterday');
  expect(shortStamp(NOW - 20 * DAY, NOW)).toBe('6 Nov');
});

test('the day is that of the person, not of Greenwich', () => {
  const nearMidnight = Date.UTC(2026, 10, 26, 23, 30);
  expect(when(nearMidnight, NOW)).toBe('tomorrow 0:30');
  zone.choose('America/New_York');
  expect(when(nearMidnight, NOW)).toBe('today 18:30');
});

test('seconds are counted down to the end and up from the beginning', () => {
  expect(countdown(NOW + 7_400, NOW)).toBe('in 8 s');
  expect(ago(NOW - 4_200, NOW)).toBe('4 s ago');
  expect(ago(NOW, NOW)).toBe('just now');
});

test('the hover names the zone', () => {
  expect(absolute(NOW)).toMatch(/^Thursday.*26 November 2026/);
  expect(absolute(NOW)).toContain('CET');
});

test('amounts and sizes', () => {
  expect(money({ cents: 1_800_000, currency: 'EUR' })).toBe('€18,000');
  expect(money({ cents: 1_050, currency: 'EUR' })).toBe('€10.50');
  expect(money({ cents: 100, currency: 'not a currency' })).toContain('1');
  expect(bytes(1_840_000)).toBe('1.8 MB');
  expect(bytes(640)).toBe('640 bytes');
});
