/** The engine in this very program, behind Tauri's IPC: command `call`, event `baton`. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { asFailure, request, resultOf, type Args, type Backend, type Method, type Result } from './backend';
import type { UiEvent } from './types/UiEvent';

export class TauriBackend implements Backend {
  async call<M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>> {
    let reply: unknown;
    try {
      reply = await invoke('call', { request: request(method, args[0]) });
    } catch (error) {
      throw asFailure(error);
    }
    return resultOf(method, reply);
  }

  listen(handler: (event: UiEvent) => void): () => void {
    const stop = listen<UiEvent>('baton', (event) => handler(event.payload));
    return () => void stop.then((unlisten) => unlisten());
  }

  ready(): void {
    invoke('ready').catch(() => undefined);
  }
}
