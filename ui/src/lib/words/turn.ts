/** Whose move it is, said in few words. */
import { m } from '$lib/paraglide/messages.js';
import type { MemberId } from '$lib/api/types/MemberId';
import type { ShownStatus } from '$lib/api/types/ShownStatus';
import type { Turn } from '$lib/api/types/Turn';
import { firstName, type People } from './people';
import { shownName } from './statuses';

export interface Move {
  turn: Turn;
  shown: ShownStatus;
  owner: MemberId | null;
  /** The colleague whose answer is awaited is me. */
  asksMe?: boolean;
}

/** "your turn", "Ben's turn", "answered your quote". */
export function turnWords(move: Move, people: People): string {
  const mine = move.owner === people.me;
  const name = firstName(people, move.owner);
  const table: Record<Turn, () => string> = {
    nobody: m.turn_nobody,
    ours: () => (mine ? m.turn_yours() : move.owner === null ? m.turn_ours() : m.turn_theirs({ name })),
    answeredQuote: () => (mine ? m.turn_answered_your_quote() : m.turn_answered_quote()),
    owed: () => (mine || move.owner === null ? m.turn_you_owe() : m.turn_owes({ name })),
    chase: m.turn_chase,
    proposeClose: m.turn_propose_close,
    customer: m.turn_customer,
    colleague: () => (move.asksMe ? m.turn_asks_you({ name }) : m.turn_colleague()),
    offered: m.turn_offered,
    snoozed: m.turn_snoozed,
    over: () => shownName(move.shown),
  };
  return table[move.turn]();
}

/** "Assigned · your turn": the status, and whose turn it is where the status does not say. */
export function statusWords(move: Move, people: People): string {
  const status = shownName(move.shown);
  const said =
    ['over', 'nobody', 'customer'].includes(move.turn) || (move.turn === 'colleague' && move.asksMe !== true);
  return said ? status : m.joined({ first: status, second: turnWords(move, people) });
}
