/**
 * The language the window speaks. A person's choice is kept by the engine, with what else they chose on this computer; before it
 * is known, and where there is none, the system's counts. Messages read it whenever they are shown, so a change needs no reload.
 */
import {
  baseLocale,
  extractLocaleFromNavigator,
  isLocale,
  overwriteGetLocale,
  type Locale,
} from '$lib/paraglide/runtime.js';

class Language {
  #chosen = $state<Locale | null>(null);

  /** The system's, as far as there is a catalogue in it. */
  readonly system: Locale = extractLocaleFromNavigator() ?? baseLocale;

  get current(): Locale {
    return this.#chosen ?? this.system;
  }

  /** A person chose one; `null` for the system's. */
  choose(tag: string | null): void {
    this.#chosen = isLocale(tag) ? tag : null;
    document.documentElement.lang = this.current;
  }
}

export const language = new Language();
overwriteGetLocale(() => language.current);

/** Languages call themselves by their own names. */
export function languageName(locale: Locale): string {
  const name = new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}
