/** Another matter in the same thread, as far as the window shows it; and a customer who brought one, to look at it. */
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { MessageId } from '$lib/api/types/MessageId';
import { Story, story, type Scene } from './build';
import { anna, HOUR, MINUTE, NOW } from './cast';
import { kept } from './merging';
import type { ScriptedBackend } from './scripted';

/** Nora Feld asked for lamps, was answered, and writes on the same thread about a stand at a fair. */
export const twoMatters = (number = 1051): Scene =>
  story(number, 'Nora Feld', 'nora@feldwerk.example', 'Feldwerk', 'Lamps for the workshop', 26 * HOUR)
    .in('We need twelve lamps for our workshop. Which would you recommend?', 26 * HOUR)
    .owned(anna.id, 25 * HOUR)
    .in('And another thing: we look for a stand at the fair in Hanover, thirty square metres.', 40 * MINUTE, {
      subject: 'Stand at the fair in Hanover',
      facts: { newSubject: true },
    })
    .in('In hall 4, if there is one.', 30 * MINUTE, { subject: 'Re: Stand at the fair in Hanover' }).scene;

const told = (scene: Scene): Story => Object.assign(Object.create(Story.prototype) as Story, { scene });

/** The conversation that begins with these messages, and what they were split off without them. */
function split(from: Scene, messages: MessageId[], into: ConversationId, by: string, now: number): Scene {
  const { conversation } = from;
  const number = conversation.number + 100;
  const goes = from.thread.filter((item) => item.type === 'message' && messages.includes(item.message.id));
  const first = goes.find((item) => item.type === 'message');
  const subject = first?.message.subject ?? conversation.subject;
  const { scene } = story(number, conversation.contact.name, conversation.contact.email, null, subject, 0);
  Object.assign(scene.conversation, {
    id: into,
    company: conversation.company,
    owner: conversation.owner,
    ownedSince: conversation.owner === null ? null : now,
    status: conversation.owner === null ? 'new' : 'assigned',
    messages: goes.length,
    apart: [conversation.id],
    split: { conversation: conversation.id, number: conversation.number, by, at: now },
  });
  scene.turn = 'ours';
  scene.bodies = new Map(from.bodies);
  scene.thread = goes.map((item) => ({ ...item, conversation: into }));
  const ago = NOW - now;
  told(scene).event(ago, by, {
    type: 'splitFrom',
    conversation: conversation.id,
    number: conversation.number,
    messages: [],
  });
  from.thread = from.thread.filter((item) => !goes.includes(item));
  told(from).event(ago, by, { type: 'splitOff', messages, into, number });
  conversation.messages -= goes.length;
  return scene;
}

/** Splits, and says how it is taken back. */
export function splitIn(
  backend: ScriptedBackend,
  scene: Scene,
  messages: MessageId[],
  into: ConversationId,
): () => void {
  const putBack = kept([scene]);
  const begun = split(scene, messages, into, backend.me.id, backend.now);
  const changed = () => backend.emit({ event: 'changed', data: [scene.conversation.id, into] });
  backend.scenes.push(begun);
  changed();
  return () => {
    putBack();
    backend.scenes.splice(backend.scenes.indexOf(begun), 1);
    changed();
  };
}
