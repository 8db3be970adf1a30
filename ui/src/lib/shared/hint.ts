/** A hover hint: a few words and the key that does the same. One element for the whole window. */
import type { Attachment } from 'svelte/attachments';
import { keyCaps } from '../keys/caps';

export interface Hint {
  text: string;
  keys?: string | undefined;
  /** Above or below the element. */
  side?: 'top' | 'bottom';
}

const DELAY_MS = 450;
/** After one hint was shown, the next comes at once. */
const WARM_MS = 400;

/** What has a hint of its own. */
const hinted = new WeakSet<Element>();

let box: HTMLDivElement | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let hiddenAt = 0;

function element(): HTMLDivElement {
  if (!box) {
    box = document.createElement('div');
    box.className = 'baton-hint';
    box.setAttribute('role', 'presentation');
    box.hidden = true;
    document.body.append(box);
  }
  return box;
}

function show(anchor: Element, hint: Hint): void {
  const made = element();
  made.replaceChildren(hint.text);
  if (hint.keys) {
    const keys = document.createElement('span');
    keys.className = 'keys';
    keys.append(
      ...keyCaps(hint.keys).map((cap) => {
        const kbd = document.createElement('kbd');
        kbd.textContent = cap;
        return kbd;
      }),
    );
    made.append(keys);
  }
  made.hidden = false;
  const around = anchor.getBoundingClientRect();
  const own = made.getBoundingClientRect();
  const below = around.bottom + 6;
  const above = around.top - own.height - 6;
  const wantsTop = hint.side === 'top';
  const top = wantsTop ? (above < 4 ? below : above) : below + own.height > innerHeight - 4 ? above : below;
  const left = around.left + around.width / 2 - own.width / 2;
  made.style.top = `${top}px`;
  made.style.left = `${Math.min(Math.max(4, left), innerWidth - own.width - 4)}px`;
}

function hide(): void {
  clearTimeout(timer);
  if (box && !box.hidden) {
    box.hidden = true;
    hiddenAt = performance.now();
  }
}

const saysItself = (element: Element | null): boolean =>
  element !== null && (hinted.has(element) || saysItself(element.parentElement));

/** Every text that is cut off is told in full, wherever in the window it stands. Answers how to stop. */
export function tellsCutText(): () => void {
  let over: Element | null = null;
  const enter = (event: PointerEvent) => {
    const text = event.target instanceof Element ? event.target.closest('.truncate') : null;
    if (text === over) return;
    if (over) hide();
    over = text;
    if (!text || text.scrollWidth <= text.clientWidth || saysItself(text)) return;
    const whole = text.textContent.replace(/\s+/g, ' ').trim();
    const warm = performance.now() - hiddenAt < WARM_MS;
    timer = setTimeout(() => text.isConnected && show(text, { text: whole }), warm ? 0 : DELAY_MS);
  };
  const stop = () => {
    over = null;
    hide();
  };
  document.addEventListener('pointerover', enter);
  document.addEventListener('pointerdown', stop);
  document.addEventListener('scroll', stop, true);
  return () => {
    stop();
    document.removeEventListener('pointerover', enter);
    document.removeEventListener('pointerdown', stop);
    document.removeEventListener('scroll', stop, true);
  };
}

/** `{@attach hint({ text: 'Close', keys: 'e' })}` */
export function hint(what: Hint | null): Attachment<HTMLElement> {
  return (node) => {
    if (what === null || what.text === '') return;
    hinted.add(node);
    const enter = () => {
      clearTimeout(timer);
      const warm = performance.now() - hiddenAt < WARM_MS;
      timer = setTimeout(() => show(node, what), warm ? 0 : DELAY_MS);
    };
    const focus = () => {
      if (node.matches(':focus-visible')) enter();
    };
    node.addEventListener('pointerenter', enter);
    node.addEventListener('pointerleave', hide);
    node.addEventListener('pointerdown', hide);
    node.addEventListener('focus', focus);
    node.addEventListener('blur', hide);
    return () => {
      hide();
      hinted.delete(node);
      node.removeEventListener('pointerenter', enter);
      node.removeEventListener('pointerleave', hide);
      node.removeEventListener('pointerdown', hide);
      node.removeEventListener('focus', focus);
      node.removeEventListener('blur', hide);
    };
  };
}
