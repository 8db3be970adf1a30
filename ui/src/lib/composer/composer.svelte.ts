/**
 * The answer being written. The first character is told to the engine at once: it takes the reply lock. After that every
 * change follows within 150 ms, one save at a time, the newest text last, so that no keystroke is lost and none overtakes.
 */
import type { Account } from '$lib/api/types/Account';
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { Acted } from '$lib/api/types/Acted';
import type { Address } from '$lib/api/types/Address';
import type { AfterReply } from '$lib/api/types/AfterReply';
import type { ComposeLock } from '$lib/api/types/ComposeLock';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { DraftText } from '$lib/api/types/DraftText';
import type { LastMessage } from '$lib/api/types/LastMessage';
import type { MessageId } from '$lib/api/types/MessageId';
import type { Money } from '$lib/api/types/Money';
import type { Member } from '$lib/api/types/Member';
import type { Opened } from '$lib/api/types/Opened';
import type { Outcome } from '$lib/api/types/Outcome';
import type { OutgoingFile } from '$lib/api/types/OutgoingFile';
import type { Refusal } from '$lib/api/types/Refusal';
import type { SendLimits } from '$lib/api/types/SendLimits';
import { clock } from '$lib/time/clock.svelte';
import { zone } from '$lib/time/zone.svelte';
import { findPromise, type Promised } from './promise';
import { emptyReply, foreign, hasContent, replyRecipients, tidy, type LeftOut } from './recipients';
import { freeName, withImage, withoutImage } from './images';
import { hasSignature, signatureOf, withoutSignature, withSignature } from './signature';
import { tooLargeBy } from './size';

const SAVE_DELAY_MS = 150;

/** What happens after sending, as the author chose it. */
export type After =
  { kind: 'followUp'; due: number | null } | { kind: 'owe'; what: string; due: number } | { kind: 'nothing' };

export type Saved = 'empty' | 'saving' | 'saved' | 'unsaved';

/** What was sent and can still be taken back. */
interface Sent {
  conversation: ConversationId;
  draft: DraftText;
}

export interface ComposerScene {
  backend: Backend;
  isOurs(email: string): boolean;
  me(): string;
  lastSeen(): MessageId | null;
  account(id: string | null): Account | undefined;
  member(): Member | undefined;
  /** What the account's provider takes, once it said so. */
  limits(account: string | null): SendLimits | undefined;
}

const EMPTY: DraftText = { to: [], cc: [], subject: '', text: '', files: [] };

export class Composer {
  conversation = $state<ConversationId | null>(null);
  visible = $state(false);
  /** In the owner's place. */
  cover = $state(false);
  draft = $state.raw<DraftText>(EMPTY);
  saved = $state<Saved>('empty');
  lock = $state.raw<ComposeLock>({ type: 'none' });
  /** What the author chose; `null` while it follows from the text. */
  chosen = $state.raw<After | null>(null);
  quote = $state.raw<Money | null>(null);
  closeAs = $state<Outcome | null>(null);
  /** When it leaves, where that is not at once. */
  sendAt = $state<number | null>(null);
  /** A customer's message that was not on screen: sending waits for a decision. */
  held = $state.raw<LastMessage | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  sending = $state(false);
  attaching = $state(0);
  /** The mailbox it leaves through. */
  accountId = $state<string | null>(null);
  /** Addresses it doesn't go to, and why. */
  leftOut = $state.raw<LeftOut[]>([]);
  /** The author wants no signature below this one. */
  unsigned = $state(false);
  /** Brings the caret into the text. */
  focus = $state(0);
  /** Up to which count the text has taken it: a draft that comes with its conversation takes none. */
  focusTaken = 0;
  /** Brings the caret to whom it goes to. */
  addressing = $state(0);
  addressingTaken = 0;
  /** The forward as it was opened. */
  begun = $state.raw<DraftText | null>(null);
  nextChase = $state(0);
  /** In a support inbox nothing is chased unless its author says so. */
  chases = $state(true);

  /** It passes a message on: it is no answer, takes no lock, and nothing follows from it. */
  readonly forwarding = $derived(this.draft.forwards !== undefined);
  /** A forward as it was opened: nobody would miss it. */
  readonly untouched = $derived(this.forwarding && this.draft === this.begun);
  /** What a message's author promised is not ours to keep. */
  readonly promised = $derived<Promised | null>(
    this.forwarding ? null : findPromise(this.draft.text, clock.now, zone.id),
  );
  readonly after = $derived<After>(
    this.chosen ??
      (this.promised
        ? { kind: 'owe', what: this.promised.what, due: this.promised.due }
        : this.chases
          ? { kind: 'followUp', due: null }
          : { kind: 'nothing' }),
  );
  readonly hasContent = $derived(hasContent(this.draft));
  readonly mine = $derived(this.lock.type === 'mine' || this.lock.type === 'none');

  readonly account = $derived.by(() => this.scene.account(this.accountId));
  readonly limits = $derived.by(() => this.scene.limits(this.accountId));
  /** The address it leaves under. */
  readonly from = $derived(this.draft.from ?? this.account?.address ?? '');
  readonly signature = $derived.by(() => signatureOf(this.scene.member(), this.account, this.from));
  /** What will stand below the text, where it doesn't stand in it already. */
  readonly signatureBelow = $derived(
    this.forwarding || this.unsigned || hasSignature(this.draft.text, this.signature) ? '' : this.signature,
  );
  readonly tooLargeBy = $derived(tooLargeBy(this.draft, this.limits?.maxBytes));
  /** Recipients the provider can't deliver to. */
  readonly unreachable = $derived(
    this.limits?.foreignLetters === false ? foreign([...this.draft.to, ...this.draft.cc]) : [],
  );

  /** It can't be delivered as it is, and says why. */
  readonly blocked = $derived(
    this.lock.type !== 'theirs' &&
      (this.tooLargeBy !== null ||
        this.unreachable.length > 0 ||
        (this.forwarding && this.draft.to.length === 0)),
  );

  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | null = null;
  #dirty = false;
  #lastSent: Sent | null = null;
  #opened: Opened | null = null;

  constructor(readonly scene: ComposerScene) {}

  /** A conversation came on screen, or is another than before: its draft comes with it. */
  take(opened: Opened, first: boolean): void {
    this.#opened = opened;
    this.nextChase = opened.nextChase;
    this.chases = opened.shown.kind === 'sales';
    this.accountId = opened.conversation.account;
    if (first && this.conversation !== opened.conversation.id) {
      this.#flushSoon();
      this.#reset(opened.conversation.id);
      this.draft = this.#given(opened.draft) ?? this.#empty(opened);
      this.leftOut = replyRecipients(opened, this.scene.isOurs).leftOut;
      this.visible = hasContent(this.draft);
      this.focusTaken = this.focus;
      this.saved = this.visible ? 'saved' : 'empty';
    } else if (!this.hasContent && !this.#dirty && opened.draft && hasContent(opened.draft)) {
      // The engine gave a text back: a reply was taken back, or the customer wrote in the undo window.
      this.draft = this.#given(opened.draft) ?? opened.draft;
      this.visible = true;
      this.saved = 'saved';
    } else if (!this.hasContent && !this.#dirty && !this.visible) {
      this.draft = this.#empty(opened);
      this.leftOut = replyRecipients(opened, this.scene.isOurs).leftOut;
    }
    this.#takeLock(opened);
  }

  /** `r`, or Shift+R in the owner's place. */
  open(cover = false): void {
    this.visible = true;
    this.cover = cover;
    this.focus += 1;
  }

  /** A message is passed on. Nothing is kept of it before its author adds a word or an address. */
  forward(draft: DraftText): void {
    this.visible = true;
    this.cover = false;
    this.draft = draft;
    this.begun = draft;
    this.leftOut = [];
    this.lock = { type: 'none' };
    this.focusTaken = this.focus;
    this.addressing += 1;
  }

  collapse(): void {
    if (this.untouched && this.conversation !== null) {
      this.#reset(this.conversation);
      if (this.#opened) this.draft = this.#empty(this.#opened);
    } else if (!this.hasContent) this.visible = false;
  }

  write(text: string): void {
    this.change({ text });
  }

  /** Any part of the draft changed. */
  change(part: Partial<DraftText>): void {
    const first = !this.hasContent && this.saved === 'empty';
    this.draft = { ...this.draft, ...part };
    if (this.held && part.text !== undefined) this.held = null;
    this.failure = null;
    this.#dirty = true;
    this.saved = 'saving';
    clearTimeout(this.#timer);
    if (first && hasContent(this.draft)) void this.#save();
    else this.#timer = setTimeout(() => void this.#save(), SAVE_DELAY_MS);
  }

  choose(after: After | null): void {
    this.chosen = after;
    this.closeAs = null;
  }

  /** A file goes along; an image that was pasted stands in the text, at the caret or at its end. */
  async attach(name: string, base64: string, caret: number | null = null): Promise<void> {
    const conversation = this.conversation;
    if (conversation === null) return;
    this.visible = true;
    this.attaching += 1;
    this.failure = null;
    try {
      const file = await this.scene.backend.call('attach', {
        conversation,
        name: caret === null ? name : freeName(name, this.draft.files),
        base64,
      });
      if (conversation === this.conversation) {
        this.change({ files: [...this.draft.files, file] });
        if (caret !== null) this.showInText(file, caret);
      }
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.attaching -= 1;
    }
  }

  removeFile(file: OutgoingFile): void {
    const files = this.draft.files.filter((other) => other !== file);
    this.change(file.inline ? { files, text: withoutImage(this.draft.text, file) } : { files });
  }

  /** An image stands where the text names it. */
  showInText(file: OutgoingFile, caret: number = this.draft.text.length): void {
    const { text, files } = this.draft;
    this.change({
      text: withImage(text, file, caret),
      files: files.map((other) => (other === file ? { ...file, inline: true } : other)),
    });
  }

  /** It goes along as a file instead. */
  showAsFile(file: OutgoingFile): void {
    this.change({
      text: withoutImage(this.draft.text, file),
      files: this.draft.files.map((other) => (other === file ? { ...file, inline: false } : other)),
    });
  }

  /** Who gets it, as edited: each once, and never the mailbox it leaves from. */
  setRecipients(field: 'to' | 'cc', addresses: Address[]): void {
    const wanted = { to: this.draft.to, cc: this.draft.cc, [field]: addresses };
    const { to, cc, leftOut } = tidy(wanted.to, wanted.cc, (email) => this.#isMailbox(email));
    this.leftOut = leftOut;
    this.change({ to, cc });
  }

  /** The address it leaves under: the main one, or an alias. */
  setFrom(address: string): void {
    const from = address === this.account?.address ? undefined : address;
    const draft = { ...this.draft };
    delete draft.from;
    this.draft = draft;
    this.change(from === undefined ? {} : { from });
  }

  /** Sends what is on screen. `lastSeen` is given when a held answer is sent all the same. */
  async send(lastSeen: MessageId | null = this.scene.lastSeen()): Promise<Acted | null> {
    const conversation = this.conversation;
    if (conversation === null || this.sending || this.blocked || !this.hasContent) return null;
    this.sending = true;
    this.held = null;
    this.refusal = null;
    this.failure = null;
    const draft = this.draft;
    const signed = withSignature(draft.text, this.signatureBelow);
    if (signed !== draft.text) {
      this.draft = { ...draft, text: signed };
      this.#dirty = true;
    }
    const unsign = () => {
      if (conversation === this.conversation && signed !== draft.text) this.change({ text: draft.text });
    };
    try {
      await this.#flush();
      const acted = await this.scene.backend.call('send', {
        conversation,
        after: this.#afterReply(),
        quote: this.quote,
        close: this.closeAs,
        ...(this.sendAt === null ? {} : { sendAt: this.sendAt }),
        lastSeen,
      });
      if (acted.type === 'refused') {
        unsign();
        if (conversation === this.conversation) this.#refuse(acted.refusal);
      } else {
        this.#lastSent = { conversation, draft };
        if (conversation === this.conversation) this.#reset(conversation);
      }
      return acted;
    } catch (error) {
      unsign();
      this.failure = asFailure(error);
      return null;
    } finally {
      this.sending = false;
    }
  }

  /** The newer message was read, and the answer goes all the same. */
  sendAnyway(): Promise<Acted | null> {
    return this.send(this.held?.id ?? this.scene.lastSeen());
  }

  /** A sent answer was taken back: its text is here again, whatever the engine kept. */
  restore(conversation: ConversationId): void {
    const sent = this.#lastSent;
    if (sent?.conversation !== conversation || this.conversation !== conversation || this.hasContent) return;
    this.#lastSent = null;
    this.draft = sent.draft;
    this.visible = true;
    this.#dirty = true;
    this.saved = 'saving';
    void this.#save();
  }

  /** Throws the text away and gives the lock back. Answers what was thrown away, for undo. */
  async discard(): Promise<DraftText | null> {
    const conversation = this.conversation;
    if (conversation === null) return null;
    const draft = this.draft;
    clearTimeout(this.#timer);
    this.#dirty = false;
    await this.#saving;
    try {
      await this.scene.backend.call('discard', { conversation });
    } catch (error) {
      this.failure = asFailure(error);
      return null;
    }
    if (conversation === this.conversation) this.#reset(conversation);
    return draft;
  }

  /** Puts a text back that was thrown away, or adopts a suggested one. */
  put(draft: Partial<DraftText>): void {
    this.visible = true;
    this.change(draft);
    this.focus += 1;
  }

  /** Waits until every keystroke is on disk. */
  async flush(): Promise<void> {
    await this.#flush();
  }

  /** A draft from elsewhere, or one given back: its signature is below it again, not in it. */
  #given(draft: DraftText | null): DraftText | null {
    return draft && { ...draft, text: withoutSignature(draft.text, this.signature) };
  }

  #empty(opened: Opened): DraftText {
    return emptyReply(opened, this.scene.isOurs, this.scene.account(opened.conversation.account));
  }

  #isMailbox(email: string): boolean {
    const account = this.account;
    return [account?.address, ...(account?.aliases ?? [])].some((own) => own?.toLowerCase() === email);
  }

  #afterReply(): AfterReply {
    const after = this.after;
    switch (after.kind) {
      case 'followUp':
        return { type: 'followUpIfNoAnswer', due: after.due };
      case 'owe':
        return { type: 'iOwe', what: after.what, due: after.due };
      case 'nothing':
        return { type: 'nothingMore' };
    }
  }

  #refuse(refusal: Refusal): void {
    if (refusal.type === 'newerMessage') this.held = refusal.message;
    else this.refusal = refusal;
  }

  #takeLock(opened: Opened): void {
    if (this.forwarding) {
      this.lock = { type: 'none' };
      return;
    }
    const lock = opened.conversation.lock;
    if (lock === null) {
      if (this.lock.type !== 'offline') this.lock = { type: 'none' };
    } else if (lock.member !== this.scene.me()) {
      this.lock = {
        type: 'theirs',
        refusal: { type: 'lockedBy', member: lock.member, device: lock.device, since: lock.since },
      };
    } else if (
      this.lock.type !== 'theirs' ||
      this.lock.refusal.type !== 'lockedBy' ||
      this.lock.refusal.member !== lock.member
    ) {
      this.lock = { type: 'mine' };
    }
  }

  #reset(conversation: ConversationId): void {
    clearTimeout(this.#timer);
    this.conversation = conversation;
    this.visible = false;
    this.cover = false;
    this.draft = this.forwarding ? EMPTY : { ...this.draft, text: '', files: [] };
    this.begun = null;
    this.unsigned = false;
    this.saved = 'empty';
    this.lock = { type: 'none' };
    this.chosen = null;
    this.quote = null;
    this.closeAs = null;
    this.sendAt = null;
    this.held = null;
    this.refusal = null;
    this.failure = null;
    this.#dirty = false;
  }

  /** The conversation is left: what was typed last goes to disk under its own name. */
  #flushSoon(): void {
    if (!this.#dirty || this.conversation === null) return;
    clearTimeout(this.#timer);
    const conversation = this.conversation;
    const draft = this.draft;
    const cover = this.cover;
    const before = this.#saving;
    this.#dirty = false;
    void Promise.resolve(before)
      .then(() => this.scene.backend.call('compose', { conversation, draft, cover }))
      .catch(() => undefined);
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#dirty || this.#saving) {
      if (this.#saving) await this.#saving;
      else await this.#save();
      if (this.saved === 'unsaved') break;
    }
  }

  async #save(): Promise<void> {
    if (this.#saving) return this.#saving;
    this.#saving = this.#saveLoop().finally(() => (this.#saving = null));
    return this.#saving;
  }

  async #saveLoop(): Promise<void> {
    while (this.#dirty && this.conversation !== null) {
      this.#dirty = false;
      const conversation = this.conversation;
      const draft = this.draft;
      try {
        const composed = await this.scene.backend.call('compose', { conversation, draft, cover: this.cover });
        if (conversation !== this.conversation) return;
        this.lock = composed.lock;
        if (!this.#dirty) this.saved = !hasContent(draft) ? 'empty' : composed.saved ? 'saved' : 'unsaved';
      } catch (error) {
        if (conversation !== this.conversation) return;
        this.failure = asFailure(error);
        this.saved = 'unsaved';
        return;
      }
    }
  }
}
