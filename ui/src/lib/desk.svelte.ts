/**
 * The desk: one window's session, list, conversation and composer, and what goes between them. Views and components get it
 * from the context.
 */
import { createContext } from 'svelte';
import type { Backend } from './api/backend';
import type { Acted } from './api/types/Acted';
import type { CommandBody } from './api/types/CommandBody';
import type { ConversationId } from './api/types/ConversationId';
import type { MessageId } from './api/types/MessageId';
import type { UiEvent } from './api/types/UiEvent';
import { Composer } from './composer/composer.svelte';
import { forwardDraft, newestToForward } from './composer/forward';
import { Notes } from './composer/notes.svelte';
import { OpenConversation } from './conversation/conversation.svelte';
import { ConversationList } from './list/list.svelte';
import { m } from './paraglide/messages.js';
import { DailyReview } from './review/review.svelte';
import { Session } from './session/session.svelte';
import type { RulesDraft } from './settings/ruleDraft';
import { Toasts } from './shared/toasts.svelte';
import { Used } from './shared/used.svelte';
import { clock } from './time/clock.svelte';
import { when } from './time/format';
import { commandWords } from './words/commands';
import { errorWords } from './words/errors';

/** What fills the window. */
export type Page = 'inbox' | 'settings' | 'exceptions' | 'review';

export const [getDesk, setDesk] = createContext<Desk>();

/** Commands after which the conversation is out of sight, and the next one is wanted. */
const LEAVES: ReadonlySet<CommandBody['type']> = new Set([
  'close',
  'snooze',
  'noReplyNeeded',
  'notALead',
  'moveToInbox',
]);

/** Commands whose doing is plain to see where it was done. */
const QUIET: ReadonlySet<CommandBody['type']> = new Set([
  'addNote',
  'setNextStep',
  'setFields',
  'tag',
  'untag',
  'answerRequest',
  'follow',
  'unfollow',
]);

/** From this width on there is room for the context beside the conversation. */
const WIDE_PX = 1180;

export class Desk {
  readonly session: Session;
  readonly list: ConversationList;
  readonly open: OpenConversation;
  readonly review: DailyReview;
  readonly composer: Composer;
  readonly notes = new Notes();
  readonly toasts = new Toasts();
  /** What was said of conversations before. */
  readonly used: Used;

  page = $state<Page>('inbox');
  /** The section of the settings somebody asked for. */
  section = $state<string | null>(null);
  /** Routing rules that are being edited: they wait here while something else is looked at. */
  rulesDraft = $state<RulesDraft | null>(null);
  /** Parts of inboxes that are being edited, by which and by whom: they wait here likewise. */
  readonly forms = new Map<string, unknown>();
  palette = $state(false);
  help = $state(false);
  /** A message to somebody who has not written is being begun. */
  starting = $state(false);
  contextPane = $state(true);
  /** Focuses the search field. */
  searchFocus = $state(0);

  #stop: (() => void) | undefined;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #announced = false;

  constructor(readonly backend: Backend) {
    this.session = new Session(backend);
    this.used = new Used(backend);
    this.list = new ConversationList(backend);
    this.review = new DailyReview(backend);
    this.composer = new Composer({
      backend,
      isOurs: (email) => this.session.isOurs(email),
      me: () => this.session.me,
      lastSeen: () => this.open.lastSeen,
      account: (id) => this.session.account(id),
      member: () => this.session.member(this.session.me),
      limits: (id) => this.session.health.find((row) => row.health.account === id)?.health.sending,
    });
    this.open = new OpenConversation(backend, {
      opened: (opened, first) => this.composer.take(opened, first),
    });
  }

  async start(): Promise<void> {
    this.#stop = this.backend.listen((event) => this.#hear(event));
    await this.session.start();
    await this.arrive();
  }

  stop(): void {
    this.#stop?.();
  }

  /** The session is ready: the first list comes, and the shell is told when it can be used. */
  async arrive(): Promise<void> {
    if (!this.session.ready) {
      this.#announce();
      return;
    }
    if (this.rulesDraft?.by !== this.session.me) this.rulesDraft = null;
    // In a narrow window it lies over the conversation, so it waits to be asked for.
    this.contextPane = this.session.settings.contextPane && innerWidth >= WIDE_PX;
    await this.list.show('today');
    this.#announce();
  }

  /** Opens the settings at one of their sections. */
  settings(section: string): void {
    this.section = section;
    this.page = 'settings';
  }

  async go(id: ConversationId): Promise<void> {
    this.page = 'inbox';
    this.list.select(id);
    await this.open.open(id);
  }

  /** Moves in the list and shows what is there. */
  step(by: 1 | -1): void {
    if (this.page === 'review') {
      const next = this.review.neighbour(by);
      if (next) void this.reviewRow(next.conversation);
      return;
    }
    const row = this.list.step(by);
    if (row) void this.go(row.id);
  }

  /** Does something in the open conversation, says what was done, and goes on where the conversation is out of sight. */
  async act(body: CommandBody, lastSeen?: string | null): Promise<Acted | null> {
    const id = this.open.id;
    const successor = this.list.successor();
    const inList = this.list.row(id) !== undefined;
    const acted = await (lastSeen === undefined ? this.open.act(body) : this.open.act(body, lastSeen));
    if (acted && acted.type !== 'refused') {
      // Another matter was found in it: that is what is worked on now. It begins under the command's id.
      if (body.type === 'split' && acted.type === 'done' && this.page === 'inbox')
        await this.go(acted.command);
      if (body.type === 'merge' && this.open.id === id && this.page === 'inbox') await this.go(body.into);
      this.#say(acted, body);
      void this.list.refresh();
      if (this.page === 'review') {
        await this.#reviewOn(id);
        return acted;
      }
      if (LEAVES.has(body.type) && inList && this.open.id === id) {
        if (successor === null) this.leave();
        else await this.go(successor);
      }
    }
    return acted;
  }

  /** The daily review: the one of today goes on where it was left, or begins. */
  async goReview(): Promise<void> {
    this.page = 'review';
    await this.review.begin();
    await this.#showReviewed();
  }

  /** Looks at a row of the review. */
  async reviewRow(id: ConversationId): Promise<void> {
    this.review.selected = id;
    void this.review.refresh();
    await this.open.open(id);
  }

  async reviewAnew(): Promise<void> {
    await this.review.begin(true);
    await this.#showReviewed();
  }

  /** Asks the owner of what is reviewed to look at it. */
  async nudge(): Promise<void> {
    await this.act({ type: 'nudge' });
  }

  /** What is reviewed may stay as it is; only for the reasons that were on screen. */
  async fineUntilTomorrow(): Promise<void> {
    const { row } = this.review;
    if (row) await this.act({ type: 'fineUntilTomorrow', reasons: row.reasons });
  }

  async signOffReview(): Promise<void> {
    try {
      const acted = await this.review.signOff();
      if (acted.type === 'refused') this.toasts.show(m.review_not_signed(), { tone: 'late' });
      else if (acted.type === 'pending') this.toasts.show(m.done_when_online({ what: m.did_sign_off() }));
      else this.toasts.show(m.did_sign_off());
    } catch (error) {
      this.toasts.show(errorWords(error).text, { tone: 'late' });
    }
  }

  /** Goes on to what nobody has settled yet, where this is. */
  async #reviewOn(id: ConversationId | null): Promise<void> {
    const before = this.review.find(id)?.settled;
    await this.review.refresh();
    const settled = this.review.find(id)?.settled;
    if (this.open.id !== id || !settled || before) return;
    const next = this.review.next();
    if (next) await this.reviewRow(next.conversation);
  }

  async #showReviewed(): Promise<void> {
    const id = this.review.selected;
    if (id === null) this.open.close();
    else await this.open.open(id);
  }

  /** Does something in another conversation, which the one on screen has to do with. */
  async actOn(other: ConversationId, body: CommandBody): Promise<void> {
    const acted = await this.open.actOn(other, body);
    if (!acted || acted.type === 'refused') return;
    this.#say(acted, body);
    void this.list.refresh();
  }

  /** Does something in a conversation that is not on screen, where it is listed as an exception. */
  async actIn(conversation: ConversationId, body: CommandBody, words?: string): Promise<Acted> {
    const opened = await this.backend.call('open', { conversation });
    const acted = await this.backend.call('act', { conversation, body, lastSeen: opened.lastMessage });
    if (acted.type !== 'refused') this.#say(acted, body, words);
    void this.session.refreshExceptions();
    void this.list.refresh();
    if (this.open.id === conversation) void this.open.refresh();
    return acted;
  }

  /** The same in many conversations, taken back together. */
  async actOnMarked(body: (id: ConversationId) => CommandBody): Promise<void> {
    const ids = [...this.list.marked];
    const first = ids[0];
    if (first === undefined) return;
    let done = 0;
    let refused = 0;
    for (const id of ids) {
      try {
        const row = this.list.row(id);
        const opened = row && (await this.backend.call('open', { conversation: id }));
        const acted = await this.backend.call('act', {
          conversation: id,
          body: body(id),
          lastSeen: opened?.lastMessage ?? null,
        });
        if (acted.type === 'refused') refused += 1;
        else {
          done += 1;
          this.list.mark(id, false);
        }
      } catch (error) {
        this.toasts.show(errorWords(error).text, { tone: 'late' });
        break;
      }
    }
    if (done > 0) {
      this.toasts.outdate();
      this.toasts.show(m.bulk_done({ what: commandWords(body(first), this.session), count: done }), {
        undo: () => void this.#undo(done),
      });
    }
    if (refused > 0) this.toasts.show(m.bulk_refused({ count: refused }), { tone: 'late' });
    void this.list.refresh();
    void this.open.refresh();
  }

  /** `z`: the newest thing that can be taken back is. */
  undo(): void {
    if (!this.toasts.undoNewest()) void this.#undo(1);
  }

  /** Sends, and offers the way back for as long as there is one. */
  async send(anyway = false): Promise<void> {
    const conversation = this.composer.conversation;
    const later = this.composer.sendAt;
    const forwarding = this.composer.forwarding;
    const acted = await (anyway ? this.composer.sendAnyway() : this.composer.send());
    if (!acted || conversation === null) return;
    if (acted.type === 'done') {
      const until = acted.undoUntil;
      const left = until === null ? 0 : until - clock.read();
      const scheduled = later !== null && until !== null && left > 0;
      this.toasts.show(scheduled ? m.scheduled_toast({ when: when(until) }) : m.sent_soon(), {
        ...(scheduled
          ? { undo: () => void this.takeBack(conversation, acted.command) }
          : left > 0
            ? {
                deadline: until ?? undefined,
                stayMs: left,
                undo: () => void this.takeBack(conversation, acted.command),
              }
            : {}),
      });
    } else if (acted.type === 'pending') {
      // A forward answers nobody: what changes meanwhile does not keep it here.
      this.toasts.show(forwarding ? m.forwarded_when_online() : m.sent_when_online());
    }
    void this.open.refresh();
    void this.list.refresh();
  }

  /** Whether messages of the conversation on screen may be passed on: by whoever may send for it, the owner or not. */
  get mayForward(): boolean {
    const current = this.open.current;
    if (current === null || current.updateNeeded || current.conversation.merged !== undefined) return false;
    return this.open.why('reply')?.type !== 'notPermitted';
  }

  /** `Shift+F`: passes a message on to somebody outside; the newest where none is named. What is being written stays. */
  async forward(message?: MessageId): Promise<void> {
    const { composer, open } = this;
    const id = open.id;
    const wanted = message ?? newestToForward(open.current?.thread ?? []);
    if (id === null || wanted === null) return;
    if (composer.hasContent && !composer.untouched) {
      this.toasts.show(m.forward_draft_first());
      composer.open(composer.cover);
      return;
    }
    try {
      const passedOn = await this.backend.call('forward', { message: wanted });
      // Somebody may have gone on, or begun to write, while it was fetched.
      if (open.id !== id || composer.conversation !== id || (composer.hasContent && !composer.untouched))
        return;
      composer.forward(forwardDraft(wanted, passedOn, composer.signature));
    } catch (error) {
      this.toasts.show(errorWords(error).text, { tone: 'late' });
    }
  }

  /** Takes a reply back within its undo window; its text is a draft again. */
  async takeBack(conversation: ConversationId, outbound: string): Promise<void> {
    try {
      const acted = await this.backend.call('act', {
        conversation,
        body: { type: 'cancelSend', outbound },
        lastSeen: null,
      });
      if (acted.type === 'refused') {
        this.toasts.show(m.refusal_already_leaving(), { tone: 'late' });
        return;
      }
      await this.open.refresh();
      this.composer.restore(conversation);
      void this.list.refresh();
    } catch (error) {
      this.toasts.show(errorWords(error).text, { tone: 'late' });
    }
  }

  async discard(): Promise<void> {
    const thrown = await this.composer.discard();
    void this.open.refresh();
    if (thrown && (thrown.text.trim() !== '' || thrown.files.length > 0)) {
      const conversation = this.composer.conversation;
      this.toasts.show(m.draft_discarded(), {
        undo: () => {
          if (this.composer.conversation === conversation) this.composer.put(thrown);
        },
      });
    }
  }

  leave(): void {
    this.list.selected = null;
    this.open.close();
  }

  toggleContext(): void {
    this.contextPane = !this.contextPane;
    this.session.saveSettings({ contextPane: this.contextPane }).catch(() => undefined);
  }

  async #undo(times: number): Promise<void> {
    try {
      let undone = 0;
      for (let n = 0; n < times; n += 1) {
        const acted = await this.backend.call('undo');
        if (acted.type === 'refused') break;
        undone += 1;
      }
      this.toasts.show(undone > 0 ? m.undone() : m.nothing_to_undo());
    } catch (error) {
      this.toasts.show(errorWords(error).text, { tone: 'late' });
    }
    void this.list.refresh();
    void this.open.refresh();
  }

  /** What was done; a merge names the one in which both go on, which is on screen by now. */
  #words(body: CommandBody): string {
    const shown = this.open.current?.conversation;
    return body.type === 'merge' && shown?.id === body.into
      ? m.merged_into({ number: `#${shown.number}` })
      : commandWords(body, this.session);
  }

  #say(acted: Acted, body: CommandBody, words = this.#words(body)): void {
    this.toasts.outdate();
    if (acted.type === 'pending') this.toasts.show(m.done_when_online({ what: words }));
    else if (acted.type === 'done' && (acted.undoable || !QUIET.has(body.type)) && !QUIET.has(body.type)) {
      this.toasts.show(words, {
        ...(acted.undoable ? { undo: () => void this.#undo(1) } : {}),
      });
    }
  }

  #hear(event: UiEvent): void {
    this.session.hear(event);
    switch (event.event) {
      case 'changed':
        if (this.open.id !== null && event.data.includes(this.open.id)) void this.open.refresh();
        this.#refreshSoon();
        break;
      case 'tick':
        this.#refreshSoon();
        if (this.open.id !== null) void this.open.refresh();
        break;
      case 'focus':
        void this.go(event.data);
        break;
      case 'connection':
        this.list.connected(event.data.state.type);
        break;
      case 'boot':
        void this.#again();
        break;
      default:
        break;
    }
  }

  /** Many changes in one breath are one look at the list. */
  #refreshSoon(): void {
    this.#refreshTimer ??= setTimeout(() => {
      this.#refreshTimer = undefined;
      void this.list.refresh();
      void this.session.refreshExceptions();
      if (this.page === 'review') void this.review.refresh();
    }, 30);
  }

  /** Where we are may have changed: signed out from elsewhere, or unlocked. */
  async #again(): Promise<void> {
    const before = this.session.state?.type;
    await this.session.start();
    if (this.session.state?.type !== before) await this.arrive();
    else void this.list.refresh();
    void this.open.refresh();
  }

  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    requestAnimationFrame(() => {
      dispatchEvent(new CustomEvent('baton:ready'));
      this.backend.ready();
    });
  }
}
