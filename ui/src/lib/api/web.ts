/** The engine on loopback: `POST /api/call`, and a WebSocket at `/api/events` that comes back by itself. */
import {
  ApiFailure,
  isApiError,
  request,
  resultOf,
  type Args,
  type Backend,
  type Method,
  type Result,
} from './backend';
import type { UiEvent } from './types/UiEvent';

const TOKEN_KEY = 'baton.token';
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

export class WebBackend implements Backend {
  readonly #token: string | null;

  constructor() {
    this.#token = takeToken();
  }

  async call<M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>> {
    let response: Response;
    try {
      response = await fetch('/api/call', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify(request(method, args[0])),
      });
    } catch (error) {
      throw new ApiFailure({ code: 'unreachable', message: String(error) });
    }
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return resultOf(method, answer);
    if (isApiError(answer)) throw new ApiFailure(answer);
    throw new ApiFailure({
      code: response.status === 401 ? 'signedOut' : 'internal',
      message: `HTTP ${response.status}`,
    });
  }

  listen(handler: (event: UiEvent) => void): () => void {
    let socket: WebSocket | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retryMs = FIRST_RETRY_MS;
    let missed = false;
    let stopped = false;

    const open = () => {
      const url = new URL('/api/events', location.href);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      if (this.#token !== null) url.searchParams.set('token', this.#token);
      socket = new WebSocket(url);
      socket.onopen = () => {
        retryMs = FIRST_RETRY_MS;
        // What was said while nobody listened is lost: ask again for everything.
        if (missed) handler({ event: 'boot' });
        missed = true;
      };
      socket.onmessage = (message) => handler(JSON.parse(String(message.data)) as UiEvent);
      socket.onclose = () => {
        if (stopped) return;
        timer = setTimeout(open, retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      };
    };
    open();
    return () => {
      stopped = true;
      clearTimeout(timer);
      socket?.close();
    };
  }

  ready(): void {
    // Nobody waits for it in a browser.
  }
}

/**
 * The token of this address: in the fragment or a `meta` element the first time, then kept for the tab. It leaves the
 * address bar at once, so that it is in no history and no screenshot.
 */
function takeToken(): string | null {
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ''));
  const given =
    fragment.get('token') ??
    document.querySelector<HTMLMetaElement>('meta[name="baton-token"]')?.content ??
    null;
  if (given !== null && given !== '') {
    sessionStorage.setItem(TOKEN_KEY, given);
    if (fragment.has('token')) history.replaceState(null, '', location.pathname + location.search);
    return given;
  }
  return sessionStorage.getItem(TOKEN_KEY);
}
