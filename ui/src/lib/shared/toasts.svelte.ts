/** Short words about what was just done, with a way back for as long as there is one. */

export interface Toast {
  id: number;
  text: string;
  undo: (() => void) | null;
  /** The way back by key is the window's `z`. */
  until: number;
  /** Counts down to it, where the way back ends at an instant. */
  deadline: number | null;
  tone: 'plain' | 'late';
}

const STAY_MS = 6_000;
const AT_MOST = 3;

export class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(
    text: string,
    options: { undo?: () => void; stayMs?: number; deadline?: number; tone?: 'plain' | 'late' } = {},
  ): void {
    const id = this.#next;
    this.#next += 1;
    const stay = options.stayMs ?? STAY_MS;
    this.items = [
      ...this.items.slice(-(AT_MOST - 1)),
      {
        id,
        text,
        undo: options.undo ?? null,
        until: Date.now() + stay,
        deadline: options.deadline ?? null,
        tone: options.tone ?? 'plain',
      },
    ];
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), stay),
    );
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  /** Takes the newest one back that can be. */
  undoNewest(): boolean {
    const toast = this.items.findLast((item) => item.undo !== null);
    if (!toast) return false;
    this.close(toast.id);
    toast.undo?.();
    return true;
  }

  /**
   * Something else was done: only the newest act is taken back by `z`, so an older offer would take back another one than it
   * says. A reply on its way has a way back of its own.
   */
  outdate(): void {
    for (const toast of this.items) if (toast.deadline === null) this.close(toast.id);
  }
}
