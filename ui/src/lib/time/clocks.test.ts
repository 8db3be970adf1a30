import { describe, expect, it } from 'vitest';
import type { Clock } from '$lib/api/types/Clock';
import { clockTone, passed, pressing } from './clocks';

const ring = {
  kind: 'firstResponse' as const,
  started: 100,
  halfAt: 200,
  warnAt: 1_000,
  warnPercent: 80,
  due: 1_100,
};

describe('a ring', () => {
  it('is empty at the start, half full at half, full at the deadline and after it', () => {
    expect([50, 100, 150, 200, 600, 1_000, 1_050, 1_100, 9_000].map((now) => passed(ring, now))).toEqual([
      0,
      0,
      0.25,
      0.5,
      expect.closeTo(0.65),
      0.8,
      expect.closeTo(0.9),
      1,
      1,
    ]);
  });

  it('turns amber at half and red at the deadline', () => {
    expect([199, 200, 1_099, 1_100].map((now) => clockTone(ring, now))).toEqual([
      'calm',
      'soon',
      'soon',
      'late',
    ]);
  });
});

describe('the clock that presses most', () => {
  const clock = (kind: Clock['kind'], due: number, change: Partial<Clock> = {}): Clock => ({
    kind,
    started: 0,
    pauses: [],
    warnPercent: 80,
    target: { lengthMs: due, time: 'wall' },
    halfAt: due / 2,
    warnAt: due,
    due,
    policy: 1,
    rule: 'Leads',
    warned: false,
    breached: false,
    end: null,
    ...change,
  });

  it('is the earliest that runs, and resolution comes last', () => {
    const owner = clock('owner', 50);
    const answer = clock('firstResponse', 90);
    const resolution = clock('resolution', 10);
    expect(pressing([resolution, answer, owner])).toBe(owner);
    expect(pressing([resolution, answer, { ...owner, end: { type: 'notNeeded' } }])).toBe(answer);
    expect(pressing([resolution])).toBe(resolution);
  });

  it('is none where all stand still or have ended', () => {
    expect(pressing([clock('resolution', 10, { pauses: [{ since: 2, until: null }] })])).toBeNull();
    expect(pressing([clock('resolution', 10, { pauses: [{ since: 2, until: 4 }] })])).not.toBeNull();
    expect(pressing([])).toBeNull();
  });
});
