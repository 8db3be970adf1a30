/** Where the keyboard goes in a form. */

const FIELDS = 'input, select, textarea';

/** Attached to a form that was just asked for: its first field gets the keyboard. */
export function firstField(form: HTMLElement): void {
  const first = form.querySelector<HTMLElement>(FIELDS) ?? form.querySelector<HTMLElement>('button');
  first?.focus();
}

/** What cannot be saved yet: to the first field that is wrong. */
export function toWrong(form: HTMLElement): void {
  const wrong = form.querySelector<HTMLElement>('[aria-invalid="true"]');
  wrong?.focus();
  wrong?.scrollIntoView({ block: 'nearest' });
}
