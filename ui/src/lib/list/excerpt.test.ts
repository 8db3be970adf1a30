import { describe, expect, test } from 'vitest';
import { tightened } from './excerpt';

const before = (text: string) => ({ text, found: false });
const find = { text: 'delivery', found: true };

describe('the words around a find', () => {
  test('begin at a word close before it', () => {
    expect(tightened([before('…upholstery and the warm lamp for '), find, before(' in May')])).toEqual([
      before('…warm lamp for '),
      find,
      before(' in May'),
    ]);
  });

  test('stay where they are short, or where the find is the beginning', () => {
    const short = [before('free '), find];
    expect(tightened(short)).toBe(short);
    expect(tightened([find])).toEqual([find]);
    expect(tightened([])).toEqual([]);
  });

  test('are cut within a word that has no beginning near', () => {
    expect(tightened([before('x'.repeat(50)), find])[0]!.text).toBe(`…${'x'.repeat(18)}`);
  });
});
