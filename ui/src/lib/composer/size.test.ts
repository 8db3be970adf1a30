import { expect, test } from 'vitest';
import { encodedSize, tooLargeBy } from './size';

const draft = (size: number, text = '') => ({
  to: [],
  cc: [],
  subject: '',
  text,
  files: size === 0 ? [] : [{ name: 'plan.pdf', mime: 'application/pdf', size, blob: 'b' }],
});

test('a file grows by more than a third on its way', () => {
  expect(encodedSize(draft(10_000_000))).toBeGreaterThan(13_600_000);
  expect(encodedSize(draft(10_000_000))).toBeLessThan(13_900_000);
  expect(encodedSize(draft(0, 'ä'))).toBeGreaterThan(encodedSize(draft(0, 'a')));
});

test('what does not fit says by how much; where nobody knows nothing is said', () => {
  expect(tooLargeBy(draft(20_000_000), 25_000_000)).toBeGreaterThan(2_000_000);
  expect(tooLargeBy(draft(15_000_000), 25_000_000)).toBeNull();
  expect(tooLargeBy(draft(90_000_000), null)).toBeNull();
  expect(tooLargeBy(draft(90_000_000), undefined)).toBeNull();
});
