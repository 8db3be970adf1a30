import { expect, test } from 'vitest';
import { HEADER_PX, itemsBetween, layout, ROW_PX, sectionAt, topOf } from './layout';

const groups = [
  { group: 'overdue', count: 2 },
  { group: 'dueToday', count: 0 },
  { group: 'rest', count: 3 },
] as const;

test('groups with nothing in them take no room', () => {
  const plan = layout([...groups], 5);
  expect(plan.sections.map((section) => section.group)).toEqual(['overdue', 'rest']);
  expect(plan.height).toBe(2 * HEADER_PX + 5 * ROW_PX);
  expect(topOf(plan, 2)).toBe(2 * HEADER_PX + 2 * ROW_PX);
  expect(sectionAt(plan, HEADER_PX + 2 * ROW_PX)?.group).toBe('rest');
});

test('a list of one kind has no headers', () => {
  const plan = layout([{ group: 'rest', count: 4 }], 4);
  expect(plan.height).toBe(4 * ROW_PX);
});

test('a hundred thousand rows cost what is on screen, and every row is somewhere', () => {
  const total = 100_000;
  const plan = layout(
    [
      { group: 'overdue', count: 40_000 },
      { group: 'rest', count: 60_000 },
    ],
    total,
  );
  const seen = new Set<number>();
  for (let top = 0; top < plan.height; top += 700) {
    const items = itemsBetween(plan, top, top + 700);
    expect(items.length).toBeLessThan(14);
    for (const item of items) if (item.kind === 'row') seen.add(item.index);
  }
  expect(seen.size).toBe(total);
});
