/** What the ways out of a refusal do, in the conversation and in the composer. */
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { Desk } from '../desk.svelte';
import type { RefusalScene, WayOut } from '../words/refusal';

/** The facts a refusal's words are made of. */
export function sceneOf(desk: Desk, asked: RefusalScene['asked']): RefusalScene {
  return {
    people: desk.session,
    contact: desk.open.current?.conversation.contact ?? { name: '', email: '' },
    inboxName: desk.session.inboxName,
    asked,
    conversation: desk.open.id ?? '',
  };
}

/** Goes one of the ways. `repeat` asks the same again. */
export function takeWay(desk: Desk, way: WayOut, repeat: () => void): void {
  const { open, composer, notes } = desk;
  const id = open.id;
  if (id === null) return;
  switch (way.do) {
    case 'ask':
      void desk.act({ type: 'requestLock' });
      break;
    case 'suggest':
      void suggest(desk);
      break;
    case 'note':
      notes.open(id);
      break;
    case 'makeNote':
      notes.open(id, composer.draft.text);
      break;
    case 'cover':
      composer.open(true);
      composer.refusal = null;
      if (composer.hasContent) composer.change({});
      break;
    case 'takeOver':
      void desk.act({ type: 'takeOver' });
      break;
    case 'compare':
    case 'seeNewest':
    case 'change':
      composer.held = null;
      composer.refusal = null;
      open.refused = null;
      void open.refresh().then(() => (open.toEnd += 1));
      composer.focus += 1;
      break;
    case 'sendAnyway':
    case 'repeat':
      repeat();
      break;
    case 'chooseOutcome':
      open.panel = 'close';
      break;
    case 'giveContext':
      open.panel = 'handOff';
      break;
    case 'refresh':
      open.refused = null;
      composer.refusal = null;
      void open.refresh();
      void desk.list.refresh();
      break;
    case 'nextUnassigned':
      open.refused = null;
      void desk.list.show('unassigned').then(() => {
        const first = desk.list.rows.get(0);
        if (first) void desk.go(first.id);
      });
      break;
    case 'open':
      void desk.go(way.conversation);
      break;
    case 'assignTo':
      void desk.act(withReceiver(open.refused?.body ?? null, way.member));
      break;
  }
}

/** The same wish with another receiver. */
function withReceiver(body: CommandBody | null, to: string): CommandBody {
  return body?.type === 'assign' || body?.type === 'handOff'
    ? { ...body, to }
    : { type: 'assign', to, context: null };
}

/** Gives the typed text to whoever is replying; it stays in the thread, so the composer is free. */
export async function suggest(desk: Desk): Promise<void> {
  const { composer } = desk;
  const text = composer.draft.text.trim();
  if (text === '') {
    composer.open();
    return;
  }
  const acted = await desk.act({ type: 'suggestDraft', text });
  if (acted && acted.type !== 'refused') await composer.discard();
}
