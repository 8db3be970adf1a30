/** Where the keyboard goes in a form, and how it leaves. */
import type { Attachment } from 'svelte/attachments';

const FIELDS = 'input, select, textarea';

/** Attached to a form that was just asked for: its first field gets the keyboard. */
export function firstField(form: HTMLElement): void {
  const first = form.querySelector<HTMLElement>(FIELDS) ?? form.querySelector<HTMLElement>('button');
  first?.focus();
}

/** The same for a form that is partly filled in: the first field that waits for something. */
export function firstEmpty(form: HTMLElement): void {
  const fields = [...form.querySelectorAll<HTMLInputElement>('input:not([type="checkbox"], [type="radio"])')];
  (fields.find((field) => field.value === '') ?? fields[0])?.focus();
}

/** What cannot be saved yet: to the first field that is wrong. */
export function toWrong(form: HTMLElement): void {
  const wrong = form.querySelector<HTMLElement>('[aria-invalid="true"]') ?? besideProblem(form);
  wrong?.focus();
  wrong?.scrollIntoView({ block: 'nearest' });
}

/** Of what is wrong with no one field, such as a choice of which nothing was chosen: what can be done about it first. */
function besideProblem(form: HTMLElement): HTMLElement | null {
  const beside = form.querySelector('.field-problem')?.parentElement;
  const of = (selector: string) => beside?.querySelector<HTMLElement>(selector) ?? null;
  return of('[data-choice]') ?? of(`${FIELDS}, button`);
}

/**
 * For a list that does something as soon as it is chosen from: the arrow keys open it. Some browsers would choose the next entry,
 * and only the first could be reached by keyboard.
 */
export function opensByArrows(list: HTMLSelectElement): () => void {
  const open = (event: KeyboardEvent) => {
    if ((event.key !== 'ArrowDown' && event.key !== 'ArrowUp') || event.altKey || !('showPicker' in list))
      return;
    event.preventDefault();
    try {
      list.showPicker();
    } catch {
      // Where it may not be opened for somebody, Alt and an arrow still open it.
    }
  };
  list.addEventListener('keydown', open);
  return () => list.removeEventListener('keydown', open);
}

/**
 * A form that was just asked for: `first` gets the keyboard. Escape closes it, also out of its fields, and the keyboard goes back to
 * where it was.
 */
export function closing(close: () => void, first: string = FIELDS): Attachment<HTMLElement> {
  return (form) => {
    const back = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    form.querySelector<HTMLElement>(first)?.focus();
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      close();
    };
    form.addEventListener('keydown', escape);
    return () => {
      form.removeEventListener('keydown', escape);
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (back?.isConnected && (lost || form.contains(document.activeElement))) back.focus();
    };
  };
}
