import { isTauri } from '@tauri-apps/api/core';
import type { Backend } from './backend';
import { TauriBackend } from './tauri';
import { WebBackend } from './web';

/** The engine this window belongs to. */
export function connect(): Backend {
  return isTauri() ? new TauriBackend() : new WebBackend();
}
