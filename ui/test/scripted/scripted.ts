/**
 * An engine in memory, for component tests and for looking at the interface. It knows just enough of the rules to answer as
 * the real one would; every method can be answered otherwise, and everything asked is kept.
 */
import { ApiFailure, type Args, type Backend, type Method, type Params, type Result } from '$lib/api/backend';
import type { Acted } from '$lib/api/types/Acted';
import type { ApiError } from '$lib/api/types/ApiError';
import type { BootState } from '$lib/api/types/BootState';
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { CompaniesKept } from '$lib/api/types/CompaniesKept';
import type { Connection } from '$lib/api/types/Connection';
import type { DraftText } from '$lib/api/types/DraftText';
import type { Exception } from '$lib/api/types/Exception';
import type { Group } from '$lib/api/types/Group';
import type { HealthRow } from '$lib/api/types/HealthRow';
import type { FolderCheck } from '$lib/api/types/FolderCheck';
import type { Held } from '$lib/api/types/Held';
import type { ListPage } from '$lib/api/types/ListPage';
import type { ListQuery } from '$lib/api/types/ListQuery';
import type { Opened } from '$lib/api/types/Opened';
import type { Quarantined } from '$lib/api/types/Quarantined';
import type { Row } from '$lib/api/types/Row';
import type { RulesInForce } from '$lib/api/types/RulesInForce';
import type { Settings } from '$lib/api/types/Settings';
import type { Team } from '$lib/api/types/Team';
import type { Member } from '$lib/api/types/Member';
import type { InboxPolicy } from '$lib/api/types/InboxPolicy';
import type { UiEvent } from '$lib/api/types/UiEvent';
import type { View } from '$lib/api/types/View';
import { pressing } from '$lib/time/clocks';
import { openedOf, passedOn, Story, type Scene } from './build';
import { begun, reviewed, reviewOf, type Begun } from './review';
import { account, anna, DAY, mira, NOW, sessions, settings, team, upToDate, usualTargets } from './cast';
import { setFields, USED } from './details';
import { previewOf } from './rota';
import { refusedCompanies } from './companies';
import { drift } from './drift';
import { kept, mayBeTheSame, merged, otherEnd, threadOf, unmerged } from './merging';
import { splitIn } from './splitting';
import { namesIn, policyChange, shownIn, statusAfter } from './statuses';

type Answers = { [M in Method]?: (params: Params<M>) => Result<M> | Promise<Result<M>> };

export interface Call {
  method: Method;
  params: unknown;
}

const ONLINE: Connection = { state: { type: 'online' }, server: '', waiting: 0, held: 0 };

export class ScriptedBackend implements Backend {
  readonly calls: Call[] = [];
  readonly drafts = new Map<string, DraftText>();
  answers: Answers = {};
  now = NOW;
  me = anna;
  team: Team = team;
  settings: Settings = { ...settings };
  connection: Connection = ONLINE;
  held: Held[] = [];
  health: HealthRow[] = [upToDate];
  exceptions: Exception[] = [];
  companies: CompaniesKept = { version: 0, companies: { companies: [] } };
  rules: RulesInForce = { version: 0, rules: { rules: [] } };
  quarantine: Quarantined[] = [
    {
      account: account.id,
      folder: 'INBOX',
      uid: 4711,
      why: 'a part has no end',
      blob: 'b'.repeat(64),
      at: NOW - 3 * DAY,
    },
  ];
  checks: FolderCheck[] = [
    { folder: 'INBOX', inMailbox: 301, waiting: 0, missing: [], gone: 12, renumbered: false },
  ];
  review: Begun | null = null;
  state: BootState | null = null;
  readyCount = 0;

  #handlers = new Set<(event: UiEvent) => void>();
  #undo: (() => void)[] = [];
  #command = 0;

  constructor(public scenes: Scene[] = []) {}

  async call<M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>> {
    const params = args[0] as Params<M>;
    this.calls.push({ method, params });
    const answer = this.answers[method] as
      ((params: Params<M>) => Result<M> | Promise<Result<M>>) | undefined;
    const result = answer ? await answer(params) : await (this.#usual(method, params) as Result<M>);
    // As over a wire: nobody holds on to what the engine holds.
    return structuredClone(result);
  }

  listen(handler: (event: UiEvent) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  ready(): void {
    this.readyCount += 1;
  }

  /** The engine says something unasked. */
  emit(event: UiEvent): void {
    for (const handler of this.#handlers) handler(structuredClone(event));
  }

  asked<M extends Method>(method: M): Params<M>[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.params as Params<M>);
  }

  fail(method: Method, error: ApiError): void {
    this.answers = { ...this.answers, [method]: () => Promise.reject(new ApiFailure(error)) };
  }

  scene(id: string): Scene {
    const scene = this.scenes.find((candidate) => candidate.conversation.id === id);
    if (!scene) throw new ApiFailure({ code: 'notFound', message: id });
    return scene;
  }

  /** The customer writes again. */
  customerWrites(id: string, text: string): void {
    const scene = this.scene(id);
    const again = Object.assign(Object.create(Story.prototype) as Story, { scene });
    again.in(text, NOW - this.now);
    this.emit({ event: 'changed', data: [id] });
  }

  opened(id: string): Opened {
    const scene = this.scene(id);
    const { conversation } = scene;
    const opened = openedOf(scene);
    opened.draft = this.drafts.get(id) ?? null;
    Object.assign(opened, namesIn(this.team, conversation));
    opened.thread = threadOf(scene, (part) => this.scene(part));
    opened.same = this.scenes.filter((other) => mayBeTheSame(scene, other)).map((other) => this.row(other));
    opened.related = this.scenes
      .filter(
        (other) =>
          other !== scene &&
          other.conversation.company !== null &&
          other.conversation.company === conversation.company,
      )
      .map((other) => this.row(other));
    const mine = conversation.owner === this.me.id;
    const over = conversation.closing !== null;
    const { escalation } = conversation;
    const asksMe = escalation?.acknowledged === null && escalation.asked.includes(this.me.id);
    for (const allowed of opened.allowed) {
      const refuse = () => (allowed.refusal = { type: 'invalid', field: '', why: 'notNow' });
      if (conversation.merged !== undefined && allowed.action !== 'unmerge') {
        const { into, number } = conversation.merged;
        allowed.refusal = { type: 'merged', into, number };
        continue;
      }
      if (allowed.action === 'unmerge' && conversation.merged === undefined) refuse();
      if (allowed.action === 'claim' && conversation.owner !== null) refuse();
      if (allowed.action === 'release' && !mine) refuse();
      if (allowed.action === 'handOff' && !mine) refuse();
      if (allowed.action === 'reopen' && !over) refuse();
      if (['close', 'snooze', 'notALead', 'block'].includes(allowed.action) && over) refuse();
      if (allowed.action === 'escalate' && over) refuse();
      if (allowed.action === 'acknowledge' && !asksMe) refuse();
      if (allowed.action === 'noReplyNeeded' && conversation.unansweredSince === null) refuse();
      if (allowed.action === 'reply' && conversation.owner !== null && !mine)
        allowed.refusal = {
          type: 'notOwner',
          owner: conversation.owner,
          since: conversation.ownedSince ?? 0,
          mayCover: true,
        };
      if (allowed.action === 'cover' && (conversation.owner === null || mine)) refuse();
      if (
        allowed.action === 'takeOver' &&
        (conversation.lock === null || conversation.lock.member === this.me.id)
      )
        refuse();
    }
    return opened;
  }

  row(scene: Scene): Row {
    const { conversation } = scene;
    return {
      id: conversation.id,
      number: conversation.number,
      group: this.#group(scene),
      inbox: conversation.inbox,
      contact: conversation.contact,
      company: conversation.company,
      subject: conversation.subject,
      preview: conversation.lastMessage?.preview ?? '',
      owner: conversation.owner,
      status: conversation.status,
      shown: shownIn(this.team, conversation),
      phase: 'open',
      turn: scene.turn,
      due: conversation.snoozed?.until ?? conversation.followUp?.due ?? null,
      clock: pressing(conversation.clocks),
      at: conversation.lastMessage?.at ?? conversation.createdAt,
      priority: conversation.priority,
      value: conversation.value,
      unread: scene.unread,
      hasAttachment: conversation.hasAttachment,
      replying: conversation.lock?.member ?? null,
      draft: this.drafts.has(conversation.id),
      pending: false,
      trouble: scene.thread.some(
        (item) => item.type === 'reply' && ['failed', 'unknown'].includes(item.outbound.state.type),
      ),
      found: null,
    };
  }

  #group({ conversation, turn }: Scene): Group {
    const due = conversation.followUp?.due ?? null;
    if (turn === 'offered' && conversation.handoff?.to === this.me.id) return 'offered';
    if (conversation.owner === null) return 'unassigned';
    if (conversation.owner === this.me.id && due !== null && due < this.now) return 'overdue';
    if (conversation.owner === this.me.id && due !== null && due < this.now + DAY / 3) return 'dueToday';
    if (conversation.owner === this.me.id && (turn === 'ours' || turn === 'answeredQuote')) return 'yourTurn';
    return 'rest';
  }

  #of(view: View): Scene[] {
    const open = this.scenes.filter(({ conversation }) => conversation.closing === null);
    const awake = open.filter(({ conversation }) => conversation.snoozed === null);
    const table: Record<View, () => Scene[]> = {
      today: () => awake.filter((scene) => this.#group(scene) !== 'rest'),
      mine: () => open.filter(({ conversation }) => conversation.owner === this.me.id),
      unassigned: () => awake.filter(({ conversation }) => conversation.owner === null),
      waiting: () =>
        awake.filter(({ turn, conversation }) => turn === 'customer' && conversation.status === 'waiting'),
      quotesOut: () => awake.filter(({ conversation }) => conversation.status === 'quoteSent'),
      blocked: () => awake.filter(({ conversation }) => conversation.blocked !== null),
      snoozed: () => open.filter(({ conversation }) => conversation.snoozed !== null),
      closed: () => this.scenes.filter(({ conversation }) => conversation.closing !== null),
      all: () => open,
      leftOver: () => [],
      escalated: () =>
        open.filter(({ conversation: { escalation } }) =>
          escalation?.acknowledged
            ? escalation.acknowledged.by === this.me.id
            : escalation?.asked.includes(this.me.id),
        ),
    };
    return table[view]();
  }

  list(query: ListQuery): ListPage {
    const order: Group[] = ['overdue', 'dueToday', 'offered', 'yourTurn', 'unassigned', 'rest'];
    const rows = this.#of(query.view)
      .filter(({ conversation }) => query.inbox === null || conversation.inbox === query.inbox)
      .filter(({ conversation }) => query.owner === null || conversation.owner === query.owner)
      .map((scene) => this.row(scene));
    if (query.view === 'today' && query.sort === null) {
      rows.sort(
        (a, b) => order.indexOf(a.group) - order.indexOf(b.group) || (a.due ?? a.at) - (b.due ?? b.at),
      );
    } else {
      for (const row of rows) row.group = 'rest';
      if (query.sort === 'due') rows.sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity));
      else if (query.sort === 'oldest') rows.sort((a, b) => a.at - b.at);
      else rows.sort((a, b) => b.at - a.at);
    }
    return {
      rows: rows.slice(query.offset, query.offset + query.limit),
      total: rows.length,
      groups: order
        .map((group) => ({ group, count: rows.filter((row) => row.group === group).length }))
        .filter(({ count }) => count > 0),
    };
  }

  #usual(method: Method, params: unknown): unknown {
    switch (method) {
      case 'boot':
      case 'setup':
      case 'unlock':
      case 'signOut':
        return { state: this.state ?? this.#readyState(), version: '0.1.0', now: this.now };
      case 'list':
        return this.list(params as ListQuery);
      case 'counts':
        return this.#counts();
      case 'open': {
        const { conversation } = params as Params<'open'>;
        return this.opened(conversation);
      }
      case 'with': {
        const { email } = params as Params<'with'>;
        return this.scenes
          .filter(({ conversation }) => conversation.contact.email === email.toLowerCase())
          .map((scene) => this.row(scene));
      }
      case 'begin': {
        const { to, subject } = params as Params<'begin'>;
        const number = Math.max(0, ...this.scenes.map(({ conversation }) => conversation.number)) + 1;
        const { scene } = new Story(number, to.name, to.email, null, subject, 0).owned(this.me.id, 0);
        this.scenes.push(scene);
        return { type: 'done', conversation: scene.conversation.id };
      }
      case 'body': {
        const { message, remoteImages } = params as Params<'body'>;
        const body = this.scenes
          .map((scene) => scene.bodies.get(message))
          .find((found) => found !== undefined);
        if (!body) throw new ApiFailure({ code: 'notFound', message });
        return remoteImages ? { ...body, blockedImages: 0 } : body;
      }
      case 'forward':
        return passedOn(this.scenes, (params as Params<'forward'>).message);
      case 'act': {
        const { conversation, body } = params as Params<'act'>;
        return this.#act(conversation, body);
      }
      case 'undo':
        this.#undo.pop()?.();
        return { type: 'done', command: 'undo', undoable: false, undoUntil: null } satisfies Acted;
      case 'compose':
        return this.#compose(params as Params<'compose'>);
      case 'discard': {
        const { conversation } = params as Params<'discard'>;
        this.drafts.delete(conversation);
        this.scene(conversation).conversation.lock = null;
        this.emit({ event: 'changed', data: [conversation] });
        return undefined;
      }
      case 'attach': {
        const { name, base64 } = params as Params<'attach'>;
        return {
          name,
          mime: 'application/octet-stream',
          size: Math.round(base64.length * 0.75),
          blob: `blob-${name}`,
        };
      }
      case 'send':
        return this.#send(params as Params<'send'>);
      case 'search': {
        const { text, limit } = params as Params<'search'>;
        const wanted = text.toLowerCase();
        const rows = this.scenes
          .filter(({ conversation }) =>
            JSON.stringify([
              conversation.contact,
              conversation.company,
              conversation.subject,
              conversation.lastMessage,
            ])
              .toLowerCase()
              .includes(wanted),
          )
          .map((scene) => this.row(scene))
          .slice(0, limit);
        return {
          rows,
          total: rows.length,
          groups: [{ group: 'rest', count: rows.length }],
        } satisfies ListPage;
      }
      case 'review':
        if (!this.review || (params as Params<'review'>).anew) this.review = begun(this);
        return reviewOf(this, this.review);
      case 'signOffReview':
        return this.#signOff();
      case 'held':
        return this.held;
      case 'resolveHeld': {
        const { id } = params as Params<'resolveHeld'>;
        this.held = this.held.filter((held) => held.id !== id);
        return this.#done(false);
      }
      case 'team':
        return this.team;
      case 'health':
        return this.health;
      case 'usedDetails':
        return USED;
      case 'exceptions':
        return this.exceptions;
      case 'quarantine':
        return this.quarantine;
      case 'quarantineRetry': {
        const tried = this.quarantine.length;
        this.quarantine = [];
        return { tried, imported: tried, duplicates: 0, ignored: 0, quarantined: 0 };
      }
      case 'quarantineSource':
        return 'From: =?utf-8?Q?Carl\nContent-Type: multipart/mixed; boundary=\n\n--\n';
      case 'setAccountMode': {
        const { account: id, mode } = params as Params<'setAccountMode'>;
        const accounts = this.team.accounts.map((one) => (one.id === id ? { ...one, mode } : one));
        return this.#teamIs({ accounts });
      }
      case 'sessions':
        return sessions;
      case 'saveSignature':
        return null;
      case 'saveAccountSignatures': {
        const { account: id, signatures } = params as Params<'saveAccountSignatures'>;
        const accounts = this.team.accounts.map((one) => (one.id === id ? { ...one, signatures } : one));
        return this.#teamIs({ accounts });
      }
      case 'saveTargets':
      case 'saveEscalation':
      case 'saveOnCall':
      case 'saveStaleDays':
      case 'saveAutoReplies':
      case 'saveHours':
      case 'saveWorkflow':
        return this.#changePolicy((params as Params<typeof method>).inbox, policyChange(method, params));
      case 'previewOnCall':
        return previewOf(params as Params<'previewOnCall'>, this.now);
      case 'saveAvailability': {
        const { member: id, availability } = params as Params<'saveAvailability'>;
        const known = { ...availability, hours: availability.hours ?? undefined };
        const members = this.team.members.map((one) =>
          one.id === id ? ({ ...one, ...known } as Member) : one,
        );
        return this.#teamIs({ members });
      }
      case 'usualTargets':
        return usualTargets;
      case 'rules':
        return this.rules;
      case 'companies':
        return this.companies;
      case 'saveCompanies': {
        const refusal = refusedCompanies(this.companies, params as Params<'saveCompanies'>);
        if (refusal) return { type: 'refused', refusal };
        const { companies, basedOn } = params as Params<'saveCompanies'>;
        this.companies = { version: basedOn + 1, companies };
        return this.#done(false);
      }
      case 'saveRules': {
        const { rules, basedOn } = params as Params<'saveRules'>;
        if (basedOn !== this.rules.version) {
          return { type: 'refused', refusal: { type: 'versionConflict', theirs: this.rules.version } };
        }
        this.rules = { version: basedOn + 1, rules };
        return this.#done(false);
      }
      case 'rehearseRules':
        return { lookedAt: 0, passedOver: 0, moves: [], next: null };
      case 'ruleDrift':
        return drift;
      case 'previewText': {
        const { text } = params as Params<'previewText'>;
        return `<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>')}</p>`;
      }
      case 'checkMailbox':
        return this.checks;
      case 'answerInvitation':
        return {
          name: 'invite.ics',
          mime: 'text/calendar; method=REPLY',
          size: 512,
          blob: (params as Params<'answerInvitation'>).answer.padEnd(64, '0'),
        };
      case 'settings':
        return this.settings;
      case 'saveSettings':
        this.settings = params as Settings;
        return this.settings;
      case 'saveAttachment':
        return '/home/anna/Downloads/file.pdf';
      case 'nested':
        return {
          from: { name: 'Dora Klein', email: 'dora@klein.example' },
          to: [{ name: 'Carl', email: 'carl@example.com' }],
          subject: 'Terms of delivery',
          at: NOW - DAY,
          body: {
            text: 'As agreed on the phone: free delivery.',
            quoted: null,
            signature: null,
            html: null,
            blockedImages: 0,
            links: [],
            missing: false,
            attachments: [
              { index: 0, name: 'terms.pdf', mime: 'application/pdf', size: 20_480, inline: false },
            ],
            blob: null,
          },
        };
      case 'source':
        return 'Subject: test';
      case 'testNotification':
        return true;
      case 'invite':
        return { code: 'QUIET-ROOM-4711', expiresAt: NOW + 7 * DAY };
      case 'discoverMailbox':
        return {
          provider: null,
          imap: { host: 'imap.example.com', port: 993, security: 'tls' },
          smtp: { host: 'smtp.example.com', port: 465, security: 'tls' },
          user: 'sales@example.com',
          signIn: 'password',
          foundBy: 'srv',
          elsewhere: false,
          guessed: false,
          appPasswordUrl: null,
        };
      case 'testMailbox':
      case 'testMailboxHere':
        return { steps: [], messages: 12, forecast: null };
      case 'connectMailbox':
      case 'hostMailbox':
      case 'moveMailbox':
        return account;
      default:
        return undefined;
    }
  }

  #readyState(): BootState {
    return {
      type: 'ready',
      me: this.me,
      team: this.team,
      connection: this.connection,
      settings: this.settings,
      sample: false,
    };
  }

  #counts(): Result<'counts'> {
    const views: View[] = [
      'today',
      'mine',
      'unassigned',
      'waiting',
      'quotesOut',
      'blocked',
      'snoozed',
      'closed',
      'leftOver',
      'escalated',
    ];
    const late = (scenes: Scene[]) =>
      scenes.filter(({ conversation }) => (conversation.followUp?.due ?? Infinity) < this.now).length;
    return [
      ...views.map((view) => ({
        view,
        inbox: null,
        count: this.#of(view).length,
        late: view === 'today' || view === 'mine' ? late(this.#of(view)) : 0,
      })),
      ...this.team.inboxes.map((inbox) => ({
        view: 'all' as const,
        inbox: inbox.id,
        count: this.#of('all').filter(({ conversation }) => conversation.inbox === inbox.id).length,
        late: 0,
      })),
    ];
  }

  #changePolicy(id: string, change: { [K in keyof InboxPolicy]?: InboxPolicy[K] | undefined }): Acted {
    const inboxes = this.team.inboxes.map((one) =>
      one.id === id ? { ...one, policy: { ...one.policy, ...change } as InboxPolicy } : one,
    );
    return this.#teamIs({ inboxes });
  }

  #teamIs(part: Partial<Team>): Acted {
    this.team = { ...this.team, ...part };
    this.emit({ event: 'team' });
    return this.#done(false);
  }

  #done(undoable: boolean, undoUntil: number | null = null): Acted {
    this.#command += 1;
    return { type: 'done', command: `command-${this.#command}`, undoable, undoUntil };
  }

  #act(id: string, body: CommandBody): Acted {
    const scene = this.scene(id);
    const { conversation } = scene;
    const other = otherEnd(scene, body, (end) => this.scene(end));
    const putBack = kept([scene, other]);
    switch (body.type) {
      case 'merge':
        merged(scene, other, this.me.id, this.now);
        break;
      case 'unmerge':
        unmerged(scene, other, this.me.id, this.now);
        break;
      case 'split':
        this.#undo.push(splitIn(this, scene, body.messages, `command-${this.#command + 1}`));
        return this.#done(true);
      case 'keepApart':
        conversation.apart = [...(conversation.apart ?? []), body.from];
        break;
      case 'claim':
        if (conversation.owner !== null && conversation.owner !== this.me.id)
          return {
            type: 'refused',
            refusal: {
              type: 'notOwner',
              owner: conversation.owner,
              since: conversation.ownedSince ?? this.now,
              mayCover: true,
            },
          };
        Object.assign(conversation, { owner: this.me.id, ownedSince: this.now, status: 'assigned' });
        scene.turn = 'ours';
        break;
      case 'assign':
        Object.assign(conversation, { owner: body.to, ownedSince: this.now, status: 'assigned' });
        break;
      case 'release':
        Object.assign(conversation, { owner: null, status: 'new' });
        scene.turn = 'nobody';
        break;
      case 'setNextStep':
        conversation.nextStep = body.text === '' ? null : { text: body.text, by: this.me.id, at: this.now };
        break;
      case 'scheduleFollowUp':
        conversation.followUp = {
          due: body.due,
          kind: { type: 'chosen' },
          text: body.text,
          by: this.me.id,
          zone: body.zone,
          fired: false,
          closesAt: null,
        };
        break;
      case 'completeFollowUp':
        conversation.followUp = null;
        break;
      case 'snooze':
        conversation.snoozed = { until: body.until, zone: body.zone, by: this.me.id, since: this.now };
        scene.turn = 'snoozed';
        break;
      case 'close':
        if (body.outcome === null) return { type: 'refused', refusal: { type: 'needsOutcome' } };
        conversation.closing = { outcome: body.outcome, reason: body.reason, at: this.now, by: this.me.id };
        conversation.status = statusAfter(body.outcome);
        scene.turn = 'over';
        break;
      case 'setStatus':
        conversation.status = body.status;
        break;
      case 'nameStatus':
        conversation.namedStatus = body.status ?? undefined;
        break;
      case 'escalate':
        conversation.escalation = {
          reason: { type: 'byHand', by: this.me.id, words: body.reason },
          since: this.now,
          step: 0,
          asked: [mira.id],
          until: null,
          acknowledged: null,
        };
        break;
      case 'acknowledgeEscalation':
        if (conversation.escalation) conversation.escalation.acknowledged = { by: this.me.id, at: this.now };
        break;
      case 'moveToInbox':
        conversation.inbox = body.inbox;
        break;
      case 'tag':
        conversation.tags = [...conversation.tags, body.tag];
        break;
      case 'untag':
        conversation.tags = conversation.tags.filter((tag) => tag !== body.tag);
        break;
      case 'setFields':
        setFields(conversation, body);
        break;
      case 'addNote':
      case 'suggestDraft':
        scene.thread.push({
          type: 'note',
          id: `${body.type}-${this.#command}-${id}`,
          by: this.me.id,
          at: this.now,
          text: body.text,
          mentions: body.type === 'addNote' ? body.mentions : [],
          suggestion: body.type === 'suggestDraft',
          pending: false,
        });
        break;
      case 'cancelSend': {
        const item = scene.thread.find(
          (candidate) => candidate.type === 'reply' && candidate.outbound.id === body.outbound,
        );
        if (item?.type === 'reply') {
          scene.thread = scene.thread.filter((candidate) => candidate !== item);
          this.drafts.set(id, item.outbound.draft);
        }
        break;
      }
      case 'sendNow': {
        const item = scene.thread.find(
          (candidate) => candidate.type === 'reply' && candidate.outbound.id === body.outbound,
        );
        if (item?.type === 'reply') Object.assign(item.outbound, { sendAt: this.now, notBefore: this.now });
        break;
      }
      case 'requestLock':
        if (conversation.lock)
          conversation.lock = { ...conversation.lock, asked: { by: this.me.id, at: this.now } };
        break;
      case 'acceptHandoff':
        Object.assign(conversation, { owner: this.me.id, handoff: null });
        scene.turn = 'ours';
        break;
      default:
        reviewed(conversation, body, this.me.id, this.now);
    }
    this.#undo.push(() => {
      putBack();
      this.emit({ event: 'changed', data: [id] });
    });
    this.emit({ event: 'changed', data: [id] });
    return this.#done(true);
  }

  #signOff(): Acted {
    const review = (this.review ??= begun(this));
    const { inboxes, rows, settled, tookMs } = reviewOf(this, review);
    review.signedOff = { by: this.me.id, at: this.now, inboxes, listed: rows.length, settled, tookMs };
    return this.#teamIs({ reviews: [review.signedOff] });
  }

  #compose({ conversation: id, draft, cover }: Params<'compose'>): Result<'compose'> {
    const { conversation } = this.scene(id);
    this.drafts.set(id, draft);
    if (draft.forwards !== undefined) return { saved: true, lock: { type: 'none' } };
    if (conversation.lock && conversation.lock.member !== this.me.id) {
      const { member, device, since } = conversation.lock;
      return { saved: true, lock: { type: 'theirs', refusal: { type: 'lockedBy', member, device, since } } };
    }
    if (conversation.owner !== null && conversation.owner !== this.me.id && !cover) {
      return {
        saved: true,
        lock: {
          type: 'theirs',
          refusal: {
            type: 'notOwner',
            owner: conversation.owner,
            since: conversation.ownedSince ?? 0,
            mayCover: true,
          },
        },
      };
    }
    if (!conversation.lock) {
      conversation.lock = {
        token: 9,
        member: this.me.id,
        device: 'd-anna',
        since: this.now,
        cover,
        asked: null,
      };
      this.emit({ event: 'changed', data: [id] });
    }
    return { saved: true, lock: { type: 'mine' } };
  }

  #send({ conversation: id, after, quote, sendAt, lastSeen }: Params<'send'>): Acted {
    const scene = this.scene(id);
    const newest = scene.conversation.lastMessage;
    if (newest && newest.direction === 'inbound' && newest.id !== lastSeen) {
      return { type: 'refused', refusal: { type: 'newerMessage', message: newest } };
    }
    const draft = this.drafts.get(id);
    if (!draft) return { type: 'refused', refusal: { type: 'invalid', field: 'text', why: 'empty' } };
    const notBefore = sendAt ?? this.now + 10_000;
    const acted = this.#done(true, notBefore);
    const sender = Object.assign(Object.create(Story.prototype) as Story, { scene });
    sender.out(this.me.id, draft.text, NOW - this.now, {
      id: acted.type === 'done' ? acted.command : '',
      state: { type: 'queued' },
      draft,
      after,
      quote,
      notBefore,
      ...(sendAt === undefined ? {} : { sendAt }),
    });
    scene.conversation.lock = null;
    this.drafts.delete(id);
    this.emit({ event: 'changed', data: [id] });
    return acted;
  }
}
