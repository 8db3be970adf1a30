/**
 * A part of an inbox's policy while it is edited: what was typed, what it was when the form was opened, and how saving it went. Its
 * form is `InboxForm`.
 */
import { tick } from 'svelte';
import type { Acted } from '$lib/api/types/Acted';
import type { Inbox } from '$lib/api/types/Inbox';
import type { Desk } from '$lib/desk.svelte';
import { firstField, toWrong } from '$lib/shared/fields';
import { errorWords } from '$lib/words/errors';
import { changedMeanwhile, refusedWords } from './refused';

/** What one part does its own way. */
export interface Way<Draft, Value> {
  inbox: () => Inbox;
  /** What its hooks in tests begin with. */
  hook: string;
  /** What counts now. */
  now: () => Value;
  /** The same to be typed in. */
  draft: (value: Value) => Draft;
  /** What was typed; nothing while something in it is wrong. */
  typed: (draft: Draft) => Value | undefined;
  /** Saves it in place of `before`. */
  send: (value: Value, before: Value) => Promise<Acted>;
  /** What is said when it is saved. */
  saved: () => string;
}

export class Editing<Draft, Value> {
  draft = $state<Draft | null>(null);
  /** What it was when the form was opened: somebody else's change since then is not written over unseen. */
  before = $state.raw<Value>() as Value;
  conflict = $state(false);
  busy = $state(false);
  problem = $state<string | null>(null);
  /** Saving was asked for with something missing: that is said then, and not of what was only begun. */
  tried = $state(false);
  /** Where it is on screen. */
  block: HTMLElement | undefined;

  private constructor(
    private readonly desk: Desk,
    private way: Way<Draft, Value>,
  ) {}

  /** What was typed waits on the desk while something else is looked at, for whoever typed it. */
  static on<Draft, Value>(desk: Desk, way: Way<Draft, Value>): Editing<Draft, Value> {
    const key = `${desk.session.me} ${way.inbox().id} ${way.hook}`;
    const kept = desk.forms.get(key) as Editing<Draft, Value> | undefined;
    if (kept) kept.way = way;
    const edits = kept ?? new Editing(desk, way);
    desk.forms.set(key, edits);
    return edits;
  }

  /** Opens the form; with what is proposed in place of what counts, or again with what somebody else saved. */
  async begin(proposed?: Value): Promise<void> {
    this.problem = null;
    this.conflict = false;
    this.tried = false;
    this.before = $state.snapshot(this.way.now()) as Value;
    this.draft = this.way.draft(proposed ?? this.before);
    await tick();
    const form = this.block?.querySelector<HTMLElement>('form');
    if (form) firstField(form);
  }

  /** Back to what counts; the keyboard stays where it was. */
  async close(): Promise<void> {
    this.draft = null;
    await tick();
    this.#find(this.block, `${this.way.hook}-edit`)?.focus();
  }

  async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.draft === null || this.busy) return;
    const form = event.currentTarget as HTMLElement;
    const typed = this.#typed();
    if (typed !== undefined) return this.save(typed);
    this.tried = true;
    await tick();
    toWrong(form);
  }

  /** Mine, over what somebody else saved meanwhile. */
  async overTheirs(): Promise<void> {
    const typed = this.#typed();
    if (typed === undefined) return;
    this.before = $state.snapshot(this.way.now()) as Value;
    await this.save(typed);
  }

  async save(value: Value): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      const acted = await this.way.send(value, this.before);
      this.conflict = changedMeanwhile(acted);
      this.problem = refusedWords(acted, this.desk.session);
      if (this.problem === null) {
        await this.close();
        this.desk.toasts.show(this.way.saved());
      }
    } catch (error) {
      this.problem = errorWords(error).text;
    } finally {
      this.busy = false;
    }
  }

  /** The entry at `at` gets the keyboard, at its `hook` or else in its first field; where there is none, `or` does. */
  async to(entry: string, at: number, hook: string, or: string): Promise<void> {
    await tick();
    const there = this.block?.querySelectorAll<HTMLElement>(`[data-testid="${entry}"]`)[at];
    const field = there?.querySelector<HTMLElement>('input, select');
    (this.#find(there, hook) ?? field ?? this.#find(this.block, or))?.focus();
  }

  #typed(): Value | undefined {
    return this.draft === null ? undefined : this.way.typed($state.snapshot(this.draft) as Draft);
  }

  #find(within: HTMLElement | undefined, hook: string): HTMLElement | null {
    return within?.querySelector<HTMLElement>(`[data-testid="${hook}"]`) ?? null;
  }
}

/** The entry at `at` one place up. */
export function moveUp<T>(entries: T[], at: number): void {
  entries.splice(at - 1, 0, ...entries.splice(at, 1));
}
