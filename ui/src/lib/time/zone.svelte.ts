import { getLocale } from '$lib/paraglide/runtime.js';

/** The zone dates are shown and chosen in, and the language they are written in. */
class Zone {
  #chosen = $state<string | null>(null);

  /** IANA name, e.g. Europe/Berlin. */
  get id(): string {
    return this.#chosen ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** A person chose one; `null` for the system's. */
  choose(id: string | null): void {
    this.#chosen = id;
  }

  /** The language tag for Intl: the system's regional form of the language the window speaks. */
  get locale(): string {
    const language = getLocale();
    const regional = (typeof navigator === 'undefined' ? [] : navigator.languages).find(
      (tag) => tag.split('-')[0] === language,
    );
    return regional ?? language;
  }
}

export const zone = new Zone();

/** Whether the system knows a zone of that name. */
export function isZone(id: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: id });
    return true;
  } catch {
    return false;
  }
}
