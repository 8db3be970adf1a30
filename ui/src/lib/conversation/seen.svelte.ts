/**
 * Which message counts as read when somebody answers: one that was on screen for a second in the focused window. What was
 * there when the conversation was opened counts as soon as it is on screen: it was opened to be read.
 */
import type { MessageId } from '$lib/api/types/MessageId';

const READ_MS = 1_000;
/** Where a window without a manager never gets the focus, using it says as much. */
const ATTENTION_MS = 30_000;

let lastUse = 0;

if (typeof addEventListener !== 'undefined') {
  for (const type of ['keydown', 'pointerdown', 'wheel'] as const) {
    addEventListener(type, () => (lastUse = performance.now()), { capture: true, passive: true });
  }
}

const attentive = (): boolean =>
  document.visibilityState === 'visible' &&
  (document.hasFocus() || (lastUse > 0 && performance.now() - lastUse < ATTENTION_MS));

export class Seen {
  /** The newest message that was read. */
  newest = $state<MessageId | null>(null);

  #order: MessageId[] = [];
  #atOpening = new Set<MessageId>();
  #onScreen = new Map<MessageId, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly changed: () => void) {}

  /** A conversation was opened with these messages, oldest first. */
  open(order: MessageId[]): void {
    this.close();
    this.newest = null;
    this.#order = order;
    this.#atOpening = new Set(order);
  }

  /** Its thread is now these. */
  update(order: MessageId[]): void {
    this.#order = order;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#onScreen.clear();
  }

  /** Whether this message was read, or one that came after it. */
  covers(id: MessageId): boolean {
    const at = this.#order.indexOf(id);
    return this.newest !== null && at >= 0 && at <= this.#order.indexOf(this.newest);
  }

  /** A message came on screen, or left it. */
  show(id: MessageId, visible: boolean): void {
    if (!visible) {
      this.#onScreen.delete(id);
      return;
    }
    if (this.#atOpening.has(id)) {
      this.#read(id);
      return;
    }
    if (!this.#onScreen.has(id)) this.#onScreen.set(id, 0);
    this.#timer ??= setInterval(() => this.#count(), READ_MS / 5);
  }

  #count(): void {
    if (!attentive()) return;
    for (const [id, shown] of this.#onScreen) {
      if (shown + READ_MS / 5 >= READ_MS) {
        this.#onScreen.delete(id);
        this.#read(id);
      } else {
        this.#onScreen.set(id, shown + READ_MS / 5);
      }
    }
    if (this.#onScreen.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #read(id: MessageId): void {
    const at = this.#order.indexOf(id);
    const before = this.newest === null ? -1 : this.#order.indexOf(this.newest);
    if (at <= before) return;
    this.newest = id;
    this.changed();
  }
}
