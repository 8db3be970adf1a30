/** Two conversations that are one, as far as the window shows it; and somebody who wrote twice, to look at it. */
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { Exception } from '$lib/api/types/Exception';
import type { Part } from '$lib/api/types/Part';
import type { ThreadItem } from '$lib/api/types/ThreadItem';
import { Story, story, type Scene } from './build';
import { ben, HOUR, MINUTE, NOW } from './cast';

/** Carl Brandt again, by another door: the web form's, a day after his #1042. */
export const again = (number = 1047, subject = 'Forty seats', ageMs = 3 * HOUR): Scene =>
  story(number, 'Carl Brandt', 'carl@acme-logistics.example', 'Acme Logistics', subject, ageMs)
    .set({ sources: [{ channel: 'email', address: 'hello@murmel.example', at: NOW - ageMs }] })
    .in('Form of murmel.example: we need forty seats in Kiel from spring. Please call me.', ageMs)
    .owned(ben.id, ageMs - MINUTE)
    .unread().scene;

/** The same found by the list of exceptions. */
export const twice: Exception = {
  conversation: 'c-1047',
  number: 1047,
  contact: { name: 'Carl Brandt', email: 'carl@acme-logistics.example' },
  company: 'Acme Logistics',
  subject: 'Forty seats',
  owner: ben.id,
  at: NOW - 3 * HOUR,
  what: {
    type: 'duplicate',
    other: 'c-1042',
    number: 1042,
    subject: 'Quote for 40 phone booths and delivery to Kiel',
  },
};

const atOf = (item: ThreadItem): number => {
  switch (item.type) {
    case 'message':
      return item.message.at;
    case 'reply':
      return item.outbound.queuedAt;
    case 'note':
      return item.at;
    case 'events':
      return item.entries[0]?.at ?? 0;
  }
};

/** What is shown in a conversation: its own thread, and that of all that was merged into it. */
export function threadOf(scene: Scene, find: (id: string) => Scene): ThreadItem[] {
  const parts = scene.conversation.absorbed ?? [];
  if (parts.length === 0) return scene.thread;
  const theirs = parts.flatMap(({ part }) => threadOf(find(part.conversation), find));
  return [...scene.thread, ...theirs].sort((a, b) => atOf(a) - atOf(b));
}

export function mayBeTheSame({ conversation: one }: Scene, { conversation: other }: Scene): boolean {
  return (
    one.id !== other.id &&
    one.closing === null &&
    other.closing === null &&
    one.contact.email === other.contact.email &&
    !one.apart?.includes(other.id) &&
    !other.apart?.includes(one.id)
  );
}

function partOf({ conversation }: Scene): Part {
  const { id, contact, subject, sources, tags, followers, quotes, priority, category, value, company } =
    conversation;
  const { number, lastMessage, replyToHeader, references, replyTo, unansweredSince } = conversation;
  const { owner, bounced, messages, replies, notes, hasAttachment, createdAt } = conversation;
  return {
    ...{ conversation: id, number, contact, subject, sources, tags, followers, quotes, priority, category },
    ...{ value, company, lastMessage, replyToHeader, references, replyTo, unansweredSince, clocks: [] },
    ...{ owner, bounced, messages, replies, notes, hasAttachment, createdAt },
  };
}

const told = (scene: Scene): Story => Object.assign(Object.create(Story.prototype) as Story, { scene });

export function merged(from: Scene, into: Scene, by: string, now: number): void {
  const { inbox, account } = from.conversation;
  const part = partOf(from);
  const other = into.conversation;
  told(from)
    .event(NOW - now, by, { type: 'merged', into: other.id, number: other.number })
    .set({
      merged: { into: other.id, number: other.number, by, at: now, inbox, account },
      closing: { outcome: 'duplicate', reason: null, at: now, by },
      status: 'closed',
      inbox: other.inbox,
    })
    .turn('over');
  told(into)
    .event(NOW - now, by, { type: 'absorbed', part })
    .set({
      absorbed: [...(other.absorbed ?? []), { part, by, at: now }],
      sources: [...other.sources, ...part.sources].sort((a, b) => a.at - b.at),
    });
}

export function unmerged(from: Scene, into: Scene, by: string, now: number): void {
  const { id, number, merged: away } = from.conversation;
  if (!away) return;
  const { absorbed = [], sources } = into.conversation;
  const its = absorbed.find(({ part }) => part.conversation === id)?.part.sources ?? [];
  delete from.conversation.merged;
  told(from)
    .event(NOW - now, by, { type: 'unmerged' })
    .set({ closing: null, status: 'assigned', inbox: away.inbox })
    .turn('ours');
  told(into)
    .event(NOW - now, by, { type: 'letGo', conversation: id, number })
    .set({
      absorbed: absorbed.filter(({ part }) => part.conversation !== id),
      sources: sources.filter((source) => !its.includes(source)),
    });
}

/** The other conversation that a command is about; the one it is asked in where there is none. */
export function otherEnd(scene: Scene, body: CommandBody, find: (id: string) => Scene): Scene {
  if (body.type === 'merge') return find(body.into);
  const { merged: away } = scene.conversation;
  return body.type === 'unmerge' && away ? find(away.into) : scene;
}

/** How these are now, to be put back. */
export function kept(scenes: Scene[]): () => void {
  const before = scenes.map((one) => ({
    one,
    was: { conversation: structuredClone(one.conversation), turn: one.turn, thread: [...one.thread] },
  }));
  return () => before.forEach(({ one, was }) => Object.assign(one, was));
}
