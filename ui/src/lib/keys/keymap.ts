/** From a keydown to an action: single keys, chords and sequences, by the layout in use, and off while somebody types. */

export interface Binding {
  /** "j", "Shift+R", "Mod+k", "g t". Several for the same. */
  keys: string[];
  run: () => void;
  enabled?: () => boolean;
  /** Also while typing; only chords with a modifier are, so that no letter is ever taken from a text. */
  typing?: boolean;
}

/** How long a sequence waits for its second key. */
export const SEQUENCE_MS = 1_200;

/** A keydown as the keymap writes it; `null` for a lone modifier or a dead key. */
export function chordOf(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string | null {
  const { key } = event;
  if (['Shift', 'Control', 'Alt', 'Meta', 'Dead', 'AltGraph', 'CapsLock', 'Process'].includes(key))
    return null;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  // On some layouts Alt turns digits and letters into other signs: the key's place tells.
  const letter = /^Key([A-Z])$/.exec(event.code);
  const base =
    event.altKey && digit
      ? (digit[1] ?? key)
      : event.altKey && letter
        ? (letter[1] ?? key).toLowerCase()
        : key.length === 1
          ? key.toLowerCase()
          : key;
  const isLetter = base.length === 1 && base.toUpperCase() !== base.toLowerCase();
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  // "!" and "?" already say that Shift is held.
  if (event.shiftKey && (isLetter || base.length > 1)) parts.push('Shift');
  parts.push(isLetter && event.shiftKey ? base.toUpperCase() : base);
  return parts.join('+');
}

/** Whether keys belong to what is typed into. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return (
    target instanceof HTMLInputElement &&
    !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
  );
}

export class Keymap {
  #bindings: Binding[] = [];
  #prefix: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  bind(bindings: Binding[]): void {
    this.#bindings = bindings;
  }

  /** Runs what a key stands for. Answers whether it stood for something. */
  press(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || event.isComposing) return false;
    const chord = chordOf(event);
    if (chord === null) return false;
    const typing = isTyping(event.target);
    const wanted = this.#prefix === null ? chord : `${this.#prefix} ${chord}`;
    this.#forget();
    if (typing && !/^(?:Mod|Alt)\+/.test(chord)) return false;
    const usable = this.#bindings.filter(
      (binding) => (!typing || binding.typing === true) && (binding.enabled?.() ?? true),
    );
    const exact = usable.find((binding) => binding.keys.includes(wanted));
    if (exact) {
      event.preventDefault();
      exact.run();
      return true;
    }
    if (usable.some((binding) => binding.keys.some((keys) => keys.startsWith(`${wanted} `)))) {
      event.preventDefault();
      this.#prefix = wanted;
      this.#timer = setTimeout(() => this.#forget(), SEQUENCE_MS);
      return true;
    }
    return false;
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#prefix = null;
  }
}
