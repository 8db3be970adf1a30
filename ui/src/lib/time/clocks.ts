/** SLA clocks on screen: which one presses most, how full its ring is, and in which colour. */
import { m } from '$lib/paraglide/messages.js';
import type { Clock } from '$lib/api/types/Clock';
import type { ClockKind } from '$lib/api/types/ClockKind';
import type { RowClock } from '$lib/api/types/RowClock';
import type { Tone } from './format';

/** What a clock waits for, as the label of its date. */
export const clockName: Record<ClockKind, () => string> = {
  owner: m.clock_owner,
  firstResponse: m.clock_first,
  nextResponse: m.clock_next,
  resolution: m.clock_resolution,
};

/** The running clock that presses most: what the customer waits for comes before what they do not notice. */
export function pressing(clocks: Clock[]): Clock | null {
  const quiet = (clock: Clock) => (clock.kind === 'resolution' ? 1 : 0);
  const stands = (clock: Clock) => clock.pauses.at(-1)?.until === null;
  const running = clocks.filter((clock) => clock.end === null && !stands(clock));
  return running.sort((a, b) => quiet(a) - quiet(b) || a.due - b.due)[0] ?? null;
}

/**
 * How much of a clock's time has passed, from 0 to 1. Business time does not pass evenly: half of it, the warning and all of it
 * are instants the engine knows, and between them the ring fills evenly.
 */
export function passed(clock: RowClock, now: number): number {
  const marks: { at: number; part: number }[] = [
    { at: clock.halfAt, part: 0.5 },
    { at: clock.warnAt, part: clock.warnPercent / 100 },
    { at: clock.due, part: 1 },
  ];
  let from = { at: clock.started, part: 0 };
  for (const to of marks) {
    if (now < to.at) {
      return now <= from.at
        ? from.part
        : from.part + ((to.part - from.part) * (now - from.at)) / (to.at - from.at);
    }
    from = to;
  }
  return 1;
}

/** Amber from half on, red once it is late. */
export function clockTone(clock: RowClock, now: number): Tone {
  if (now >= clock.due) return 'late';
  return now >= clock.halfAt ? 'soon' : 'calm';
}
