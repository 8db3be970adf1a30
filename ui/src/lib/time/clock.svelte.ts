import { createSubscriber } from 'svelte/reactivity';

/** How often "in 2 h" is looked at again when nothing else happens. */
const COARSE_MS = 10_000;

/**
 * Now, by the engine's clock. Coarse for the words in lists ("in 2 h"), and by the second for those who show seconds:
 * only while somebody reads it does a timer run.
 */
class Clock {
  #offset = $state(0);
  #read = $state(Date.now());
  #seconds: () => void;
  #minutes: () => void;

  constructor() {
    const every = (ms: number) =>
      createSubscriber(() => {
        const timer = setInterval(() => (this.#read = Date.now()), ms);
        return () => clearInterval(timer);
      });
    this.#seconds = every(1_000);
    this.#minutes = every(COARSE_MS);
  }

  /** Now, good for words in minutes. Reading it in a component keeps the component fresh. */
  get now(): number {
    this.#minutes();
    return this.#read + this.#offset;
  }

  /** Now, good for words in seconds. */
  get second(): number {
    this.#seconds();
    return this.#read + this.#offset;
  }

  /** Now, once: for what happens on a keystroke. */
  read(): number {
    return Date.now() + this.#offset;
  }

  /** The engine said what time it is. */
  set(engineNow: number): void {
    this.#read = Date.now();
    this.#offset = engineNow - this.#read;
  }
}

export const clock = new Clock();
