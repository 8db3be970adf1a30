/** The daily review: the rows that were frozen when it began, the one that is looked at, and what became of the others. */
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { Acted } from '$lib/api/types/Acted';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { Review } from '$lib/api/types/Review';
import type { ReviewRow } from '$lib/api/types/ReviewRow';

export class DailyReview {
  current = $state.raw<Review | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  selected = $state<ConversationId | null>(null);

  #again = false;
  #asking: Promise<void> | null = null;

  constructor(readonly backend: Backend) {}

  get rows(): ReviewRow[] {
    return this.current?.rows ?? [];
  }

  /** What is to be done in the conversation on screen. */
  get row(): ReviewRow | null {
    return this.find(this.selected);
  }

  /** Whether the row that is looked at may be read. */
  get readable(): boolean {
    const row = this.row;
    return row !== null && row.row !== null;
  }

  get left(): number {
    return this.rows.length - (this.current?.settled ?? 0);
  }

  find(id: ConversationId | null): ReviewRow | null {
    return this.rows.find((row) => row.conversation === id) ?? null;
  }

  /** The list of today goes on, or begins; or a new one begins. */
  async begin(anew = false): Promise<void> {
    await this.#ask(anew);
    if (anew || !this.readable) this.selected = this.next(-1)?.conversation ?? null;
  }

  /** Asks how it stands. Many wishes in one breath are one question. */
  async refresh(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      await this.#asking;
      return;
    }
    this.#asking = this.#ask(false);
    try {
      await this.#asking;
    } finally {
      this.#asking = null;
    }
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  /** The neighbour that can be read. */
  neighbour(by: 1 | -1): ReviewRow | null {
    const from = this.rows.findIndex((row) => row.conversation === this.selected);
    const ahead = by === 1 ? this.rows.slice(from + 1) : this.rows.slice(0, Math.max(0, from)).reverse();
    return ahead.find((row) => row.row !== null) ?? null;
  }

  /** The first row after this place that nobody has settled, from the top again after the last. */
  next(from = this.rows.findIndex((row) => row.conversation === this.selected)): ReviewRow | null {
    const round = [...this.rows.slice(from + 1), ...this.rows.slice(0, from + 1)];
    return round.find((row) => row.settled === null && row.row !== null) ?? null;
  }

  async signOff(): Promise<Acted> {
    const acted = await this.backend.call('signOffReview');
    await this.refresh();
    return acted;
  }

  async #ask(anew: boolean): Promise<void> {
    try {
      this.current = await this.backend.call('review', { anew });
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }
}
