/** Small builders, so that a scripted conversation reads like its story. */
import type { Action } from '$lib/api/types/Action';
import type { AfterReply } from '$lib/api/types/AfterReply';
import type { Attachment } from '$lib/api/types/Attachment';
import type { Body } from '$lib/api/types/Body';
import type { Company } from '$lib/api/types/Company';
import type { Conversation } from '$lib/api/types/Conversation';
import type { Event } from '$lib/api/types/Event';
import type { Forwarding } from '$lib/api/types/Forwarding';
import type { LogEntry } from '$lib/api/types/LogEntry';
import type { Message } from '$lib/api/types/Message';
import type { Opened } from '$lib/api/types/Opened';
import type { Outbound } from '$lib/api/types/Outbound';
import type { OutboundState } from '$lib/api/types/OutboundState';
import type { ThreadItem } from '$lib/api/types/ThreadItem';
import type { Turn } from '$lib/api/types/Turn';
import { account, DAY, NOW, sales, team } from './cast';
import { namesIn } from './statuses';

let counter = 0;
const next = (prefix: string): string => `${prefix}-${(counter += 1)}`;

export interface Scene {
  conversation: Conversation;
  thread: ThreadItem[];
  turn: Turn;
  bodies: Map<string, Body>;
  unread: boolean;
  /** The company of the customer's address, as the team's list has it. */
  account?: Company;
}

export const ALL_ACTIONS: Action[] = [
  'claim',
  'assign',
  'release',
  'route',
  'handOff',
  'reply',
  'cover',
  'note',
  'snooze',
  'followUp',
  'close',
  'reopen',
  'noReplyNeeded',
  'notALead',
  'block',
  'escalate',
  'acknowledge',
  'move',
  'merge',
  'unmerge',
  'split',
  'takeOver',
  'suggest',
];

export class Story {
  readonly scene: Scene;

  constructor(
    number: number,
    name: string,
    email: string,
    company: string | null,
    subject: string,
    ageMs: number,
  ) {
    const at = NOW - ageMs;
    this.scene = {
      unread: false,
      turn: 'nobody',
      bodies: new Map(),
      thread: [],
      conversation: {
        id: `c-${number}`,
        number,
        inbox: sales.id,
        account: account.id,
        contact: { name, email },
        company,
        subject,
        sources: [{ channel: 'email', address: account.address, at }],
        status: 'new',
        owner: null,
        ownedSince: null,
        lastOwner: null,
        followers: [],
        priority: 'normal',
        category: 'unsorted',
        value: null,
        tags: [],
        nextStep: null,
        followUp: null,
        blocked: null,
        snoozed: null,
        handoff: null,
        closing: null,
        beforeMessage: null,
        provisional: null,
        clocks: [],
        quotes: [],
        lock: null,
        outbound: [],
        lastMessage: null,
        replyToHeader: null,
        references: [],
        replyTo: [{ name, email }],
        unansweredSince: null,
        bounced: null,
        replies: 0,
        nextStepVersion: 0,
        followUpVersion: 0,
        messages: 0,
        notes: 0,
        hasAttachment: false,
        history: false,
        createdAt: at,
        updatedAt: at,
        version: 1,
      },
    };
  }

  set(part: Partial<Conversation>): this {
    Object.assign(this.scene.conversation, part);
    return this;
  }

  turn(turn: Turn): this {
    this.scene.turn = turn;
    return this;
  }

  unread(): this {
    this.scene.unread = true;
    return this;
  }

  owned(owner: string, ageMs = DAY): this {
    return this.set({ owner, ownedSince: NOW - ageMs, status: 'assigned' });
  }

  /** The customer writes. */
  in(
    text: string,
    ageMs: number,
    part: Partial<Message> & { body?: Partial<Body>; files?: Partial<Attachment>[] } = {},
  ): this {
    const { conversation } = this.scene;
    const { body, files = [], ...rest } = part;
    const attachments = files.map((file, index) => ({
      index,
      name: 'file',
      mime: 'application/octet-stream',
      size: 1_000,
      inline: false,
      ...file,
    }));
    const message: Message = {
      id: next('msg'),
      direction: 'inbound',
      kind: 'human',
      from: conversation.contact,
      to: [{ name: '', email: account.address }],
      cc: [],
      replyTo: [],
      subject: conversation.subject,
      at: NOW - ageMs,
      headerId: null,
      references: [],
      preview: text.split('\n').find((line) => line.trim().length > 12) ?? text,
      blob: null,
      size: text.length,
      attachments,
      account: account.id,
      returnsAt: null,
      bounced: null,
      ...rest,
    };
    this.scene.thread.push({ type: 'message', conversation: conversation.id, message, also: [] });
    this.scene.bodies.set(message.id, {
      text,
      quoted: null,
      signature: null,
      html: null,
      blockedImages: 0,
      links: [],
      missing: false,
      attachments,
      blob: null,
      ...body,
    });
    if (message.direction === 'inbound') {
      this.set({
        unansweredSince: message.at,
        hasAttachment: conversation.hasAttachment || attachments.length > 0,
      });
      this.scene.turn = conversation.owner === null ? 'nobody' : 'ours';
    }
    return this.newest(message.id, message.at, message.preview, message.direction, null, message.kind);
  }

  /** We answer. */
  out(by: string, text: string, ageMs: number, part: Partial<Outbound> = {}): this {
    const { conversation } = this.scene;
    const at = NOW - ageMs;
    const state: OutboundState = { type: 'sent', at, reply: '250 ok' };
    const after: AfterReply = { type: 'followUpIfNoAnswer', due: null };
    const outbound: Outbound = {
      id: next('out'),
      state,
      account: account.id,
      by,
      cover: false,
      from: { name: 'Murmel Sales', email: account.address },
      draft: { to: [conversation.contact], cc: [], subject: `Re: ${conversation.subject}`, text, files: [] },
      headerId: next('hdr'),
      inReplyTo: null,
      references: [],
      quote: null,
      after,
      queuedAt: at,
      notBefore: at + 10_000,
      attempt: 1,
      filed: true,
      ...part,
    };
    this.scene.thread.push({ type: 'reply', outbound });
    if (outbound.quote) {
      this.set({
        quotes: [...conversation.quotes, { message: outbound.id, at, amount: outbound.quote }],
        status: 'quoteSent',
      });
    } else this.set({ status: 'waiting' });
    this.set({ unansweredSince: null, owner: conversation.owner ?? by });
    this.scene.turn = 'customer';
    return this.newest(
      outbound.id,
      at,
      text.split('\n').find((line) => line.trim().length > 12) ?? text,
      'outbound',
      by,
    );
  }

  note(by: string, text: string, ageMs: number, mentions: string[] = [], suggestion = false): this {
    this.scene.thread.push({
      type: 'note',
      id: next('note'),
      by,
      at: NOW - ageMs,
      text,
      mentions,
      suggestion,
      pending: false,
    });
    this.scene.conversation.notes += 1;
    return this;
  }

  event(ageMs: number, actor: string | null, ...events: Event[]): this {
    const entries = events.map((event): LogEntry => ({
      number: (counter += 1),
      at: NOW - ageMs,
      issuedAt: NOW - ageMs,
      actor: actor === null ? { type: 'timer' } : { type: 'member', id: actor },
      command: next('cmd'),
      scope: { type: 'inbox', id: sales.id },
      body: { type: 'conversation', conversation: this.scene.conversation.id, event },
    }));
    this.scene.thread.push({ type: 'events', entries });
    return this;
  }

  due(inMs: number, kind: 'chase' | 'owed' | 'chosen' | 'closing', text: string | null = null): this {
    this.set({
      followUp: {
        due: NOW + inMs,
        kind: kind === 'chase' ? { type: 'chase', step: 1 } : { type: kind },
        text,
        by: null,
        zone: null,
        fired: inMs <= 0,
        closesAt: kind === 'closing' ? NOW + inMs + DAY : null,
      },
    });
    if (inMs <= 0) {
      this.scene.turn = kind === 'owed' ? 'owed' : kind === 'closing' ? 'proposeClose' : 'chase';
      this.set({ status: 'followUpDue' });
    }
    return this;
  }

  private newest(
    id: string,
    at: number,
    preview: string,
    direction: Message['direction'],
    by: string | null,
    kind: Message['kind'] = 'human',
  ): this {
    const { conversation } = this.scene;
    conversation.messages += 1;
    conversation.updatedAt = at;
    conversation.lastMessage = { id, at, direction, kind, by, preview };
    return this;
  }
}

export const story = (...args: ConstructorParameters<typeof Story>): Story => new Story(...args);

/** A conversation as it is opened. */
export function openedOf(scene: Scene, part: Partial<Opened> = {}): Opened {
  return {
    conversation: scene.conversation,
    ...namesIn(team, scene.conversation),
    turn: scene.turn,
    thread: scene.thread,
    draft: null,
    allowed: ALL_ACTIONS.map((action) => ({ action, refusal: null })),
    assignable: ['m-anna', 'm-ben', 'm-mira', 'm-tomas'],
    movable: team.inboxes.map((inbox) => inbox.id).filter((id) => id !== scene.conversation.inbox),
    lastMessage: scene.conversation.lastMessage?.id ?? null,
    nextChase: Date.UTC(2026, 10, 30, 14, 20),
    ...(scene.account ? { account: scene.account } : {}),
    related: [],
    same: [],
    pending: [],
    held: [],
    updateNeeded: false,
    ...part,
  };
}

/** A message as the engine hands it out to be passed on. */
export function passedOn(scenes: Scene[], id: string): Forwarding {
  const item = scenes
    .flatMap((scene) => scene.thread)
    .find((item) => item.type === 'message' && item.message.id === id);
  if (item?.type !== 'message') throw new Error(`no message ${id}`);
  const { from, to, cc, at, subject, preview, attachments } = item.message;
  const files = attachments.map(({ name, mime, size }) => ({ name, mime, size, blob: `blob-${name}` }));
  const bareSubject = subject.replace(/^(?:re|aw|fwd):\s*/i, '');
  return { from, to, cc, at, subject, bareSubject, text: preview, files };
}
