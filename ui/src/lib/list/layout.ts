/**
 * Where every row of a list lies, without asking for the rows: groups come with their counts, rows and headers have fixed
 * heights. So a list of 100,000 rows costs what is on screen.
 */
import type { Group } from '$lib/api/types/Group';
import type { GroupCount } from '$lib/api/types/GroupCount';

export const HEADER_PX = 34;
export const ROW_PX = 76;

export interface Section {
  /** `null` for a list without groups. */
  group: Group | null;
  count: number;
  /** The index of its first row in the whole list. */
  first: number;
  top: number;
  height: number;
}

export interface Layout {
  sections: Section[];
  total: number;
  height: number;
}

export type Item =
  { kind: 'header'; section: Section; top: number } | { kind: 'row'; index: number; top: number };

/** Groups with nothing in them are not shown; a single group of "everything else" needs no header. */
export function layout(groups: GroupCount[], total: number): Layout {
  const filled = groups.filter((group) => group.count > 0);
  const counted = filled.reduce((sum, group) => sum + group.count, 0);
  const grouped = counted === total && filled.some((group) => group.group !== 'rest');
  const wanted: { group: Group | null; count: number }[] = grouped
    ? filled
    : total > 0
      ? [{ group: null, count: total }]
      : [];
  const sections: Section[] = [];
  let top = 0;
  let first = 0;
  for (const { group, count } of wanted) {
    const height = (group === null ? 0 : HEADER_PX) + count * ROW_PX;
    sections.push({ group, count, first, top, height });
    top += height;
    first += count;
  }
  return { sections, total, height: top };
}

/** What lies between two heights. */
export function itemsBetween(plan: Layout, from: number, to: number): Item[] {
  const items: Item[] = [];
  for (const section of plan.sections) {
    if (section.top > to || section.top + section.height < from) continue;
    const header = section.group === null ? 0 : HEADER_PX;
    if (header > 0 && section.top + header >= from) items.push({ kind: 'header', section, top: section.top });
    const rowsTop = section.top + header;
    const firstShown = Math.max(0, Math.floor((from - rowsTop) / ROW_PX));
    const lastShown = Math.min(section.count - 1, Math.floor((to - rowsTop) / ROW_PX));
    for (let n = firstShown; n <= lastShown; n += 1) {
      items.push({ kind: 'row', index: section.first + n, top: rowsTop + n * ROW_PX });
    }
  }
  return items;
}

/** The top of a row. */
export function topOf(plan: Layout, index: number): number {
  const section = plan.sections.findLast((candidate) => candidate.first <= index);
  if (!section) return 0;
  return section.top + (section.group === null ? 0 : HEADER_PX) + (index - section.first) * ROW_PX;
}

/** The section that lies at a height: its header sticks to the top. */
export function sectionAt(plan: Layout, top: number): Section | null {
  return plan.sections.findLast((section) => section.top <= top) ?? null;
}
