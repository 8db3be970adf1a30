/**
 * One view's rows, loaded by the page as they come on screen, and what is selected and marked in it. What the engine says
 * has changed is asked for again in place: nothing jumps.
 */
import { SvelteSet } from 'svelte/reactivity';
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { ConnectionState } from '$lib/api/types/ConnectionState';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { GroupCount } from '$lib/api/types/GroupCount';
import type { InboxId } from '$lib/api/types/InboxId';
import type { MemberId } from '$lib/api/types/MemberId';
import type { Row } from '$lib/api/types/Row';
import type { Searched } from '$lib/api/types/Searched';
import type { Sort } from '$lib/api/types/Sort';
import type { View } from '$lib/api/types/View';
import type { ViewCount } from '$lib/api/types/ViewCount';
import { layout } from './layout';

export const PAGE = 100;
const SEARCH_LIMIT = 200;
const SEARCH_DELAY_MS = 120;

export class ConversationList {
  view = $state<View>('today');
  inbox = $state<InboxId | null>(null);
  owner = $state<MemberId | null>(null);
  sort = $state<Sort | null>(null);
  /** What is searched for; `null` while a view is shown. */
  search = $state<string | null>(null);

  /** Where was searched, while a search is shown; `null` until it is known. */
  searched = $state<Searched | null>(null);

  total = $state(0);
  groups = $state.raw<GroupCount[]>([]);
  rows = $state.raw<Map<number, Row>>(new Map());
  counts = $state.raw<ViewCount[]>([]);
  /** Whether the first page of what is shown has come. */
  loaded = $state(false);
  failure = $state.raw<ApiFailure | null>(null);

  selected = $state<ConversationId | null>(null);
  /** Where the selected row was last seen, so that the next one is known when it goes. */
  index = $state(-1);
  readonly marked = new SvelteSet<ConversationId>();
  /** Asks the component to bring a row on screen. */
  reveal = $state.raw<{ index: number } | null>(null);

  readonly layout = $derived(layout(this.groups, this.total));

  #generation = 0;
  #asked = new Set<number>();
  #visible = { from: 0, to: PAGE - 1 };
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | null = null;
  #again = false;
  #markAnchor: number | null = null;

  constructor(readonly backend: Backend) {}

  /** Shows a view. */
  async show(view: View, inbox: InboxId | null = null): Promise<void> {
    this.view = view;
    this.inbox = inbox;
    this.search = null;
    await this.#restart();
  }

  async arrange(change: { owner?: MemberId | null; sort?: Sort | null }): Promise<void> {
    if (change.owner !== undefined) this.owner = change.owner;
    if (change.sort !== undefined) this.sort = change.sort;
    await this.#restart();
  }

  /** Searches as one types; an empty text goes back to the view. */
  find(text: string | null): void {
    clearTimeout(this.#searchTimer);
    const before = this.search;
    this.search = text;
    if (text === null || text.trim() === '') {
      if (before !== null && before.trim() !== '') void this.#restart();
      return;
    }
    this.#searchTimer = setTimeout(() => void this.#restart(), SEARCH_DELAY_MS);
  }

  get searching(): boolean {
    return this.search !== null && this.search.trim() !== '';
  }

  /** The connection came or went: what is searched for is asked again where another place can be searched now. */
  connected(state: ConnectionState['type']): void {
    if (!this.searching) return;
    const there = state === 'online' && this.searched !== 'everything';
    const away = state === 'offline' && this.searched !== 'offline';
    if (there || away) void this.refresh();
  }

  count(view: View, inbox: InboxId | null = null): ViewCount | undefined {
    return this.counts.find((count) => count.view === view && count.inbox === inbox);
  }

  /** The rows between two indexes are on screen: what is missing is asked for. */
  need(from: number, to: number): void {
    this.#visible = { from, to };
    if (this.searching) return;
    for (let page = Math.floor(from / PAGE); page <= Math.floor(Math.max(from, to) / PAGE); page += 1) {
      if (page * PAGE < this.total && !this.#asked.has(page)) void this.#load(page, this.#generation);
    }
  }

  /** Something changed: what is on screen is asked for again, at most twice at a time. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#refreshOnce().finally(() => {
      this.#refreshing = null;
      if (this.#again) {
        this.#again = false;
        void this.refresh();
      }
    });
    return this.#refreshing;
  }

  row(id: ConversationId | null): Row | undefined {
    if (id === null) return undefined;
    const near = this.rows.get(this.index);
    if (near?.id === id) return near;
    for (const row of this.rows.values()) if (row.id === id) return row;
    return undefined;
  }

  select(id: ConversationId | null, index = this.#indexOf(id)): void {
    this.selected = id;
    if (index >= 0) {
      this.index = index;
      this.reveal = { index };
    }
  }

  /** The row `by` further down, if it is loaded. */
  step(by: 1 | -1): Row | null {
    const at = this.#indexOf(this.selected);
    // Where the selected row is gone the one that took its place is next.
    const target = at >= 0 ? at + by : by > 0 ? Math.max(0, this.index) : this.index - 1;
    const row = this.rows.get(Math.min(Math.max(0, target), this.total - 1));
    return row ?? null;
  }

  indexOf(id: ConversationId): number {
    return this.#indexOf(id);
  }

  /** The conversation to go to when the selected one leaves the view. */
  successor(): ConversationId | null {
    const at = this.#indexOf(this.selected);
    if (at < 0) return null;
    return this.rows.get(at + 1)?.id ?? this.rows.get(at - 1)?.id ?? null;
  }

  mark(id: ConversationId, on: boolean): void {
    if (on) this.marked.add(id);
    else this.marked.delete(id);
    this.#markAnchor = this.#indexOf(id);
  }

  /** Marks everything from the last marked row to this one. */
  markTo(index: number): void {
    const from = this.#markAnchor ?? Math.max(0, this.index);
    for (let n = Math.min(from, index); n <= Math.max(from, index); n += 1) {
      const row = this.rows.get(n);
      if (row) this.marked.add(row.id);
    }
  }

  unmark(): void {
    this.marked.clear();
    this.#markAnchor = null;
  }

  async #restart(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#asked = new Set();
    this.#visible = { from: 0, to: PAGE - 1 };
    this.unmark();
    this.index = -1;
    this.reveal = { index: 0 };
    void this.#count();
    await this.#load(0, generation, true);
  }

  async #refreshOnce(): Promise<void> {
    void this.#count();
    const generation = this.#generation;
    // What was found is one page, however much of it there is.
    if (this.searching) return this.#load(0, generation);
    const pages = new Set<number>();
    for (let n = this.#visible.from; n <= this.#visible.to + PAGE - 1; n += PAGE)
      pages.add(Math.floor(n / PAGE));
    pages.add(Math.floor(this.#visible.to / PAGE));
    // Pages out of sight are asked for when they come back.
    this.#asked = new Set([...this.#asked].filter((page) => pages.has(page)));
    await Promise.all(
      [...pages]
        .filter((page) => page === 0 || page * PAGE < this.total)
        .map((page) => this.#load(page, generation)),
    );
  }

  async #load(page: number, generation: number, fresh = false): Promise<void> {
    this.#asked.add(page);
    const searching = this.searching;
    try {
      const result = searching
        ? // A space at the end stays: it says that the last word is whole.
          await this.backend.call('search', { text: this.search?.trimStart() ?? '', limit: SEARCH_LIMIT })
        : await this.backend.call('list', {
            view: this.view,
            inbox: this.inbox,
            owner: this.owner,
            sort: this.sort,
            offset: page * PAGE,
            limit: PAGE,
          });
      if (generation !== this.#generation) return;
      const rows = fresh || searching ? new Map<number, Row>() : new Map(this.rows);
      for (let n = 0; n < PAGE; n += 1) rows.delete(page * PAGE + n);
      result.rows.forEach((row, n) => rows.set(page * PAGE + n, row));
      for (const index of rows.keys()) if (index >= result.total) rows.delete(index);
      this.rows = rows;
      this.total = result.total;
      this.groups = searching ? [] : result.groups;
      this.searched = searching ? (result.searched ?? null) : null;
      this.failure = null;
      this.loaded = true;
      const at = this.#indexOf(this.selected);
      if (at >= 0) this.index = at;
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#asked.delete(page);
      this.failure = asFailure(error);
      this.loaded = true;
    }
  }

  async #count(): Promise<void> {
    try {
      this.counts = await this.backend.call('counts');
    } catch {
      // The list says what is wrong.
    }
  }

  #indexOf(id: ConversationId | null): number {
    if (id === null) return -1;
    if (this.rows.get(this.index)?.id === id) return this.index;
    for (const [index, row] of this.rows) if (row.id === id) return index;
    return -1;
  }
}
