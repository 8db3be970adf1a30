/** Notes being written, by conversation: leaving one does not lose it. */
import { SvelteMap } from 'svelte/reactivity';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { Member } from '$lib/api/types/Member';
import type { MemberId } from '$lib/api/types/MemberId';

export class Notes {
  readonly #texts = new SvelteMap<ConversationId, string>();
  /** The conversation whose note editor is open. */
  openIn = $state<ConversationId | null>(null);
  focus = $state(0);
  /** Up to which count an editor has taken it: one that comes back with its conversation takes none. */
  focusTaken = 0;

  text(conversation: ConversationId): string {
    return this.#texts.get(conversation) ?? '';
  }

  write(conversation: ConversationId, text: string): void {
    this.#texts.set(conversation, text);
  }

  open(conversation: ConversationId, text?: string): void {
    if (text !== undefined) this.write(conversation, text);
    this.openIn = conversation;
    this.focus += 1;
  }

  close(conversation: ConversationId, keep = true): void {
    if (!keep) this.#texts.delete(conversation);
    if (this.openIn === conversation) this.openIn = null;
  }
}

/** A name as it is mentioned: the first name where it is the only one of its kind. */
export function mentionName(member: Member, members: Member[]): string {
  const first = member.name.split(/\s+/)[0] ?? member.name;
  const shared = members.some(
    (other) => other.id !== member.id && other.active && other.name.split(/\s+/)[0] === first,
  );
  return shared ? member.name.replace(/\s+/g, '.') : first;
}

/** Who is mentioned in a note. */
export function mentionsIn(text: string, members: Member[]): MemberId[] {
  const said = new Set(
    [...text.matchAll(/@([\p{L}\p{N}._-]+)/gu)].map((match) => (match[1] ?? '').toLowerCase()),
  );
  return members
    .filter((member) => member.active && said.has(mentionName(member, members).toLowerCase()))
    .map((member) => member.id);
}
