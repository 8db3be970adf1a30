/** The newest routing of a conversation, as its thread has it. */
import type { Opened } from '$lib/api/types/Opened';
import type { Routing } from '$lib/api/types/Routing';
import type { Timestamp } from '$lib/api/types/Timestamp';

interface Routed {
  at: Timestamp;
  routing: Routing;
}

const routings = (opened: Opened): Routed[] =>
  opened.thread
    .flatMap((item) => (item.type === 'events' ? item.entries : []))
    .flatMap((entry) =>
      entry.body.type === 'conversation' && entry.body.event.type === 'routed'
        ? [{ at: entry.at, routing: entry.body.event.routing }]
        : [],
    );

/** The newest routing, after the one that moved the conversation to where that was asked, if so. */
export function routingWithMove(opened: Opened): Routed[] {
  const [before, newest] = routings(opened).slice(-2);
  if (before === undefined) return [];
  if (newest === undefined) return [before];
  return before.routing.movedTo !== undefined && before.at === newest.at ? [before, newest] : [newest];
}
