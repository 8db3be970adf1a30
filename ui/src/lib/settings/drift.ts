/** The pages of a report on the rules add up. */
import type { CorrectedLead } from '$lib/api/types/CorrectedLead';
import type { RuleDrift } from '$lib/api/types/RuleDrift';
import type { RuleOutcome } from '$lib/api/types/RuleOutcome';
import { addUp, sumOf } from './rehearsal';

/** How many of a rule's leads people sent elsewhere. */
export const corrected = ({ moved, reassigned, givenBack }: RuleOutcome): number =>
  moved + reassigned + givenBack;

/** No lead is shown twice: one that changes while the pages are read may come again. */
const isNew = (known: RuleOutcome, more: CorrectedLead): boolean =>
  known.examples.every(({ lead }) => lead.conversation !== more.lead.conversation);

function outcomes(known: RuleOutcome[], more: RuleOutcome[], examples: number): RuleOutcome[] {
  const sum = new Map(known.map((one) => [one.rule, one]));
  for (const one of more) {
    const before = sum.get(one.rule);
    sum.set(
      one.rule,
      before
        ? {
            ...before,
            routed: before.routed + one.routed,
            moved: before.moved + one.moved,
            reassigned: before.reassigned + one.reassigned,
            givenBack: before.givenBack + one.givenBack,
            examples: [...before.examples, ...one.examples.filter((more) => isNew(before, more))].slice(
              0,
              examples,
            ),
          }
        : one,
    );
  }
  return [...sum.values()].toSorted((a, b) => corrected(b) - corrected(a) || b.routed - a.routed);
}

/** The report so far, with one more page. */
export const addPage = (known: RuleDrift | null, page: RuleDrift, examples: number): RuleDrift =>
  known === null
    ? page
    : {
        ...known,
        routed: known.routed + page.routed,
        moves: addUp(known.moves, page.moves, examples),
        escalated: sumOf(known.escalated, page.escalated),
        told: sumOf(known.told, page.told),
        rules: outcomes(known.rules, page.rules, examples),
        next: page.next,
      };
