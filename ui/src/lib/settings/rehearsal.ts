/** The pages of a rehearsal add up. */
import type { Compared } from '$lib/api/types/Compared';
import type { RehearsalExample } from '$lib/api/types/RehearsalExample';
import type { RehearsedMove } from '$lib/api/types/RehearsedMove';

const keyOf = ({ from, to, rule }: RehearsedMove): string => JSON.stringify([from, to, rule]);

/**
 * No example is shown twice. The pages go from the conversation changed last to the one changed first: one that changes while they
 * are read may be missed, as it moves before the pages still to come.
 */
const isNew = (known: RehearsedMove, example: RehearsalExample): boolean =>
  known.examples.every((one) => one.conversation !== example.conversation);

/** All moves so far, the most first; of each at most so many examples. */
export function addUp(known: RehearsedMove[], more: RehearsedMove[], examples: number): RehearsedMove[] {
  const sum = new Map(known.map((move) => [keyOf(move), move]));
  for (const move of more) {
    const key = keyOf(move);
    const before = sum.get(key);
    sum.set(
      key,
      before
        ? {
            ...before,
            count: before.count + move.count,
            examples: [...before.examples, ...move.examples.filter((one) => isNew(before, one))].slice(
              0,
              examples,
            ),
          }
        : move,
    );
  }
  return [...sum.values()].toSorted((a, b) => b.count - a.count);
}

/** What two sets do with the conversations so far; older servers do not say. */
export const sumOf = (known: Compared | undefined, more: Compared | undefined): Compared => ({
  before: (known?.before ?? 0) + (more?.before ?? 0),
  after: (known?.after ?? 0) + (more?.after ?? 0),
});

/** Whether there is anything to tell of it. */
export const isAny = (compared: Compared | undefined): compared is Compared =>
  compared !== undefined && compared.before + compared.after > 0;
