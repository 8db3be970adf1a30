/** The conversation on screen: its state and thread, its bodies, what is being done in it, and what was refused. */
import { SvelteMap } from 'svelte/reactivity';
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { Acted } from '$lib/api/types/Acted';
import type { Action } from '$lib/api/types/Action';
import type { Body } from '$lib/api/types/Body';
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { MessageId } from '$lib/api/types/MessageId';
import type { Opened } from '$lib/api/types/Opened';
import type { Refusal } from '$lib/api/types/Refusal';
import type { ThreadItem } from '$lib/api/types/ThreadItem';
import { Seen } from './seen.svelte';

/** What is open in place, to be filled in. */
export type Panel =
  | 'owner'
  | 'handOff'
  | 'status'
  | 'nextStep'
  | 'followUp'
  | 'snooze'
  | 'close'
  | 'block'
  | 'escalate'
  | 'tag'
  | 'category'
  | 'inbox'
  | 'merge'
  | 'split'
  | 'priority'
  | 'value'
  | 'company'
  | 'subject'
  | null;

/** A refusal on screen, with what was asked, so that it can be asked again. */
export interface Refused {
  refusal: Refusal;
  body: CommandBody;
  /** Where it was asked, where that was not the conversation on screen. */
  of?: ConversationId;
}

export interface LoadedBody {
  body: Body | null;
  failure: ApiFailure | null;
  images: boolean;
}

/** The id of a message or a reply in a thread; notes and events have none that count. */
export function messageIdOf(item: ThreadItem): MessageId | null {
  if (item.type === 'message') return item.message.id;
  // What the inbox answered by itself is nothing that is to be read before somebody answers.
  if (item.type === 'reply') return item.outbound.automatic === undefined ? item.outbound.id : null;
  return null;
}

export class OpenConversation {
  id = $state<ConversationId | null>(null);
  opened = $state.raw<Opened | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  /** It was on screen, and may not be read any more. */
  lost = $state(false);
  panel = $state<Panel>(null);
  /** The message the splitting begins with; the newest where none is named. */
  splitAt = $state<MessageId | null>(null);
  refused = $state.raw<Refused | null>(null);
  /** What could not be asked at all. */
  actFailure = $state.raw<ApiFailure | null>(null);
  /** Asks the thread to bring its end on screen. */
  toEnd = $state(0);
  readonly bodies = new SvelteMap<MessageId, LoadedBody>();
  readonly seen: Seen;

  #generation = 0;
  #asking = new Set<MessageId>();
  #refreshing = false;
  #again = false;

  constructor(
    readonly backend: Backend,
    readonly heard: { opened: (opened: Opened, first: boolean) => void },
  ) {
    this.seen = new Seen(() => this.#look());
  }

  /** The conversation that is shown; an older one may still be on screen while the next comes. */
  get current(): Opened | null {
    return this.opened?.conversation.id === this.id ? this.opened : null;
  }

  /**
   * What a command carries as last seen: the conversation's newest message if that was read, also where something that does
   * not count, such as a reply taken back, was read after it.
   */
  get lastSeen(): MessageId | null {
    const last = this.current?.lastMessage ?? null;
    return last !== null && this.seen.covers(last) ? last : this.seen.newest;
  }

  async open(id: ConversationId): Promise<void> {
    if (this.id === id) {
      await this.refresh();
      return;
    }
    this.id = id;
    this.lost = false;
    this.panel = null;
    this.refused = null;
    this.actFailure = null;
    this.seen.close();
    this.#generation += 1;
    const generation = this.#generation;
    try {
      const opened = await this.backend.call('open', { conversation: id });
      if (generation !== this.#generation) return;
      this.bodies.clear();
      this.#asking.clear();
      this.seen.open(messageOrder(opened));
      this.opened = opened;
      this.failure = null;
      this.toEnd += 1;
      this.heard.opened(opened, true);
      this.#look();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.opened = null;
      this.failure = asFailure(error);
    }
  }

  close(): void {
    this.#generation += 1;
    this.id = null;
    this.opened = null;
    this.failure = null;
    this.panel = null;
    this.refused = null;
    this.seen.close();
    this.#look();
  }

  /** It changed: ask again; what is on screen stays until the answer is here. */
  async refresh(): Promise<void> {
    if (this.id === null) return;
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    const generation = this.#generation;
    try {
      const opened = await this.backend.call('open', { conversation: this.id });
      if (generation !== this.#generation) return;
      this.seen.update(messageOrder(opened));
      this.opened = opened;
      this.failure = null;
      this.lost = false;
      this.heard.opened(opened, false);
    } catch (error) {
      if (generation !== this.#generation) return;
      const failure = asFailure(error);
      // It may not be read any more: nothing of it stays on screen.
      if (failure.code === 'notFound' && this.opened !== null) {
        this.lost = true;
        this.opened = null;
        this.panel = null;
      }
      if (this.opened === null) this.failure = failure;
    } finally {
      this.#refreshing = false;
      if (this.#again) {
        this.#again = false;
        void this.refresh();
      }
    }
  }

  /** Why something can't be done here now; `null` when it can. */
  why(action: Action): Refusal | null {
    return this.current?.allowed.find((allowed) => allowed.action === action)?.refusal ?? null;
  }

  may(action: Action): boolean {
    const opened = this.current;
    if (!opened || opened.updateNeeded) return false;
    const row = opened.allowed.find((allowed) => allowed.action === action);
    return row !== undefined && row.refusal === null;
  }

  /** Does something here. What is refused is shown in place, and can be asked again with what was seen since. */
  async act(body: CommandBody, lastSeen: MessageId | null = this.lastSeen): Promise<Acted | null> {
    const conversation = this.id;
    if (conversation === null) return null;
    return this.#asked(body, () => this.backend.call('act', { conversation, body, lastSeen }));
  }

  /** Does something in another conversation that this one has to do with; a refusal is shown here. */
  async actOn(other: ConversationId, body: CommandBody): Promise<Acted | null> {
    return this.#asked(
      body,
      async () => {
        const { lastMessage } = await this.backend.call('open', { conversation: other });
        return this.backend.call('act', { conversation: other, body, lastSeen: lastMessage });
      },
      other,
    );
  }

  async #asked(body: CommandBody, ask: () => Promise<Acted>, of?: ConversationId): Promise<Acted | null> {
    const id = this.id;
    this.refused = null;
    this.actFailure = null;
    try {
      const acted = await ask();
      if (id === this.id) {
        if (acted.type === 'refused')
          this.refused = { refusal: acted.refusal, body, ...(of === undefined ? {} : { of }) };
        else this.panel = null;
        void this.refresh();
      }
      return acted;
    } catch (error) {
      if (id === this.id) this.actFailure = asFailure(error);
      return null;
    }
  }

  /** Loads a body, once; with images from elsewhere when asked. */
  async load(id: MessageId, images = false): Promise<void> {
    const before = this.bodies.get(id);
    if (this.#asking.has(id) || (before?.body && !before.body.missing && before.images === images)) return;
    this.#asking.add(id);
    const generation = this.#generation;
    try {
      const body = await this.backend.call('body', { message: id, remoteImages: images });
      if (generation === this.#generation) this.bodies.set(id, { body, failure: null, images });
    } catch (error) {
      if (generation === this.#generation) {
        this.bodies.set(id, { body: before?.body ?? null, failure: asFailure(error), images });
      }
    } finally {
      this.#asking.delete(id);
    }
  }

  /** Tells the others where I am, and the engine what I read. */
  #look(): void {
    this.backend
      .call('looking', { conversation: this.id, seen: this.id === null ? null : this.lastSeen })
      .catch(() => undefined);
  }
}

const messageOrder = (opened: Opened): MessageId[] =>
  opened.thread.map(messageIdOf).filter((id): id is MessageId => id !== null);
