/** A whole window on the scripted engine, for tests that read like somebody's morning. */
import { render } from 'vitest-browser-svelte';
import { userEvent } from 'vitest/browser';
import { expect } from 'vitest';
import App from '../src/App.svelte';
import { Desk } from '../src/lib/desk.svelte';
import { scenes } from './scripted/inbox';
import { ScriptedBackend } from './scripted/scripted';

export interface TestWindow {
  backend: ScriptedBackend;
  desk: Desk;
}

export async function openWindow(
  prepare: (backend: ScriptedBackend) => void = () => undefined,
): Promise<TestWindow> {
  const backend = new ScriptedBackend(scenes());
  prepare(backend);
  const desk = new Desk(backend);
  document.body.style.height = '800px';
  render(App, { desk });
  await expect.poll(() => desk.session.boot !== null || desk.session.failure !== null).toBe(true);
  if (desk.session.ready) await expect.poll(() => desk.list.loaded).toBe(true);
  return { backend, desk };
}

/** Opens a conversation and waits until it is on screen. */
export async function openConversation({ desk }: TestWindow, number: number): Promise<void> {
  await desk.go(`c-${number}`);
  await expect.poll(() => document.querySelector('[data-testid="thread"]') !== null).toBe(true);
}

/** The element with this `data-testid`. */
export function hook(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
}

/** The same, when it has to be there. */
export async function find(id: string): Promise<HTMLElement> {
  await expect.poll(() => hook(id), { message: `[data-testid="${id}"]` }).not.toBeNull();
  return hook(id) as HTMLElement;
}

export const textOf = (id: string): string => hook(id)?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

export const press = (keys: string): Promise<void> => userEvent.keyboard(keys);

export async function click(id: string): Promise<void> {
  await userEvent.click(await find(id));
}
