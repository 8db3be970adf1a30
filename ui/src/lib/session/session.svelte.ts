/** Who I am, who the others are, and how the engine is connected: what every part of the window reads. */
import type { ApiFailure } from '$lib/api/backend';
import { asFailure, type Backend } from '$lib/api/backend';
import type { Account } from '$lib/api/types/Account';
import type { Boot } from '$lib/api/types/Boot';
import type { Connection } from '$lib/api/types/Connection';
import type { ConversationId } from '$lib/api/types/ConversationId';
import type { Exception } from '$lib/api/types/Exception';
import type { HealthRow } from '$lib/api/types/HealthRow';
import type { Held } from '$lib/api/types/Held';
import type { Inbox } from '$lib/api/types/Inbox';
import type { InboxId } from '$lib/api/types/InboxId';
import type { Member } from '$lib/api/types/Member';
import type { MemberId } from '$lib/api/types/MemberId';
import type { Present } from '$lib/api/types/Present';
import type { Settings } from '$lib/api/types/Settings';
import type { Team } from '$lib/api/types/Team';
import type { UiEvent } from '$lib/api/types/UiEvent';
import { clock } from '$lib/time/clock.svelte';
import { zone } from '$lib/time/zone.svelte';
import type { People } from '$lib/words/people';
import { language } from './language.svelte';
import { applyTheme } from './theme';

const NO_TEAM: Team = { workspace: '', members: [], inboxes: [], accounts: [], reviews: [] };

const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  notifications: true,
  quietFromMinute: null,
  quietToMinute: null,
  contextPane: true,
  zone: null,
  language: null,
  imagesFrom: [],
};

export class Session implements People {
  boot = $state.raw<Boot | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  team = $state.raw<Team>(NO_TEAM);
  connection = $state.raw<Connection>({ state: { type: 'connecting' }, server: '', waiting: 0, held: 0 });
  settings = $state.raw<Settings>(DEFAULT_SETTINGS);
  held = $state.raw<Held[]>([]);
  health = $state.raw<HealthRow[]>([]);
  exceptions = $state.raw<Exception[]>([]);
  /** Where everybody is; only what was said last counts. */
  present = $state.raw<Map<MemberId, Present>>(new Map());

  readonly #members = $derived(new Map(this.team.members.map((member) => [member.id, member])));
  readonly #inboxes = $derived(new Map(this.team.inboxes.map((inbox) => [inbox.id, inbox])));

  constructor(readonly backend: Backend) {}

  get state(): Boot['state'] | null {
    return this.boot?.state ?? null;
  }

  get ready(): boolean {
    return this.state?.type === 'ready';
  }

  get me(): MemberId {
    return this.state?.type === 'ready' ? this.state.me.id : '';
  }

  get self(): Member | null {
    return this.state?.type === 'ready' ? (this.member(this.me) ?? this.state.me) : null;
  }

  get sample(): boolean {
    return this.state?.type === 'ready' && this.state.sample;
  }

  /** How many messages could not be read, in all mailboxes. */
  get quarantined(): number {
    return this.health.reduce((sum, row) => sum + (row.balance?.quarantined ?? 0), 0);
  }

  /** Whether I say how far Baton acts on a mailbox. */
  get leads(): boolean {
    return this.admin || this.self?.role === 'manager';
  }

  /** Whether I lead an inbox, and so its daily review. */
  get reviews(): boolean {
    const mine = (inbox: Inbox) =>
      inbox.access.some(({ member, capabilities }) => member === this.me && capabilities.includes('manage'));
    return this.leads || this.team.inboxes.some(mine);
  }

  /** Whether I look after mailboxes. */
  get admin(): boolean {
    return this.self?.role === 'admin';
  }

  get offline(): boolean {
    return this.connection.state.type === 'offline';
  }

  member(id: MemberId): Member | undefined {
    return this.#members.get(id);
  }

  inbox(id: InboxId): Inbox | undefined {
    return this.#inboxes.get(id);
  }

  inboxName = (id: InboxId | null): string =>
    (id === null ? undefined : this.inbox(id))?.name ?? this.team.workspace;

  account(id: string | null): Account | undefined {
    return this.team.accounts.find((account) => account.id === id);
  }

  /** Whether an address is one of ours: an account's, an alias, or a member's. */
  isOurs(email: string): boolean {
    const wanted = email.toLowerCase();
    return (
      this.team.accounts.some((account) =>
        [account.address, ...account.aliases].some((address) => address.toLowerCase() === wanted),
      ) || this.team.members.some((member) => member.email.toLowerCase() === wanted)
    );
  }

  /** Who else looks at a conversation. */
  lookingAt(conversation: ConversationId): MemberId[] {
    return [...this.present.values()]
      .filter((present) => present.looking === conversation && present.member !== this.me)
      .map((present) => present.member);
  }

  async start(): Promise<void> {
    try {
      this.take(await this.backend.call('boot'));
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Where we are now, after a boot, a set-up or an unlock. */
  take(boot: Boot): void {
    clock.set(boot.now);
    this.failure = null;
    this.boot = boot;
    if (boot.state.type !== 'ready') return;
    this.team = boot.state.team;
    this.connection = boot.state.connection;
    this.applySettings(boot.state.settings);
    void this.#refresh();
  }

  hear(event: UiEvent): void {
    switch (event.event) {
      case 'connection':
        this.connection = event.data;
        break;
      case 'presence': {
        const present = new Map(this.present);
        for (const one of event.data) present.set(one.member, one);
        this.present = present;
        break;
      }
      case 'held':
        this.held = event.data;
        break;
      case 'health':
        this.health = event.data;
        break;
      case 'team':
        void this.#reload('team', (team) => (this.team = team));
        break;
      case 'tick':
        clock.set(event.data);
        break;
      case 'boot':
      case 'changed':
      case 'focus':
        break;
    }
  }

  async saveSettings(change: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.applySettings({ ...before, ...change });
    try {
      this.applySettings(await this.backend.call('saveSettings', this.settings));
    } catch (error) {
      this.applySettings(before);
      throw error;
    }
  }

  /** Whether somebody's remote images are shown without asking. */
  showsImagesOf(email: string): boolean {
    return this.settings.imagesFrom.includes(email.toLowerCase());
  }

  /** From now on somebody's remote images are shown without asking, or wait again. */
  async showImagesOf(email: string, shown: boolean): Promise<void> {
    const address = email.toLowerCase();
    const others = this.settings.imagesFrom.filter((other) => other !== address);
    await this.saveSettings({ imagesFrom: shown ? [...others, address].sort() : others });
  }

  private applySettings(settings: Settings): void {
    this.settings = settings;
    language.choose(settings.language);
    zone.choose(settings.zone);
    applyTheme(settings.theme);
  }

  async #refresh(): Promise<void> {
    await Promise.all([
      this.#reload('held', (held) => (this.held = held)),
      this.#reload('health', (health) => (this.health = health)),
      this.refreshExceptions(),
    ]);
  }

  refreshExceptions(): Promise<void> {
    return this.#reload('exceptions', (exceptions) => (this.exceptions = exceptions));
  }

  /** Asks again for something that is shown when it comes; what is on screen stays if it doesn't. */
  async #reload<M extends 'team' | 'held' | 'health' | 'exceptions'>(
    method: M,
    take: (result: Awaited<ReturnType<typeof this.backend.call<M>>>) => void,
  ): Promise<void> {
    try {
      take(await this.backend.call(method, ...([] as never)));
    } catch {
      // The connection line says what is wrong.
    }
  }
}
