/** The newest routing of a conversation, as its thread has it. */
import type { Opened } from '$lib/api/types/Opened';
import type { Routing } from '$lib/api/types/Routing';
import type { Timestamp } from '$lib/api/types/Timestamp';

export function newestRouting(opened: Opened): { at: Timestamp; routing: Routing } | null {
  const entries = opened.thread.flatMap((item) => (item.type === 'events' ? item.entries : []));
  for (const entry of entries.toReversed()) {
    if (entry.body.type === 'conversation' && entry.body.event.type === 'routed') {
      return { at: entry.at, routing: entry.body.event.routing };
    }
  }
  return null;
}
