/** Connecting a mailbox: an address, its servers as found, a test told step by step, and the connection itself. */
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { AccountMode } from '$lib/api/types/AccountMode';
import type { ConnectionReport } from '$lib/api/types/ConnectionReport';
import type { Discovered } from '$lib/api/types/Discovered';
import type { MailboxSettings } from '$lib/api/types/MailboxSettings';
import type { MailProblem } from '$lib/api/types/MailProblem';
import type { MailServer } from '$lib/api/types/MailServer';
import { chosenBefore, rowsOf, type FolderRow } from './folders';

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$|^[^\s@]+@localhost$/;

/** Where Microsoft Graph is reached. */
const GRAPH = 'https://graph.microsoft.com/v1.0';

export class MailboxSetup {
  name = $state('');
  address = $state('');
  password = $state('');
  /** Who to sign in as; empty for the address. */
  user = $state('');
  imap = $state<MailServer>({ host: '', port: 993, security: 'tls' });
  smtp = $state<MailServer>({ host: '', port: 465, security: 'tls' });
  extraCa = $state('');
  /** A mailbox begins by being watched; more is asked for. */
  mode = $state<AccountMode>('watch');

  /** The team's own client at Google or Microsoft, where one signs in on the provider's page. */
  clientId = $state('');
  clientSecret = $state('');
  tenant = $state('');
  /** Microsoft’s other door, for where IMAP or SMTP is switched off. */
  graph = $state(false);
  /** A sign-in that went well: by which name the program holds its tokens, and for which door they are. */
  #tokens = $state.raw<{ held: string; graph: boolean } | null>(null);
  signInEnds = $state<number | null>(null);
  signingIn = $state(false);
  signInProblem = $state.raw<MailProblem | null>(null);

  discovered = $state.raw<Discovered | null>(null);
  /** Which address the servers belong to. */
  discoveredFor = $state('');
  discovering = $state(false);
  /** The servers are shown for editing. */
  editing = $state(false);
  testing = $state(false);
  report = $state.raw<ConnectionReport | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  /** What is to become of the team's own folders, beginning with what is proposed. */
  folders = $state<FolderRow[]>([]);

  readonly domain = $derived(this.address.trim().split('@').pop() ?? '');
  readonly addressOk = $derived(ADDRESS.test(this.address.trim()));
  /** The provider on whose page one can sign in, by the servers. */
  readonly provider = $derived.by(() => {
    const host = this.imap.host.trim().toLowerCase();
    if (/(^|\.)(gmail|googlemail)\.com$/.test(host)) return 'google' as const;
    if (/(^|\.)(office365|outlook)\.com$/.test(host)) return 'microsoft' as const;
    return null;
  });
  /** Graph numbers no messages; the server does, so only the server reads such a mailbox. */
  readonly byGraph = $derived.by(() => this.graph && this.provider === 'microsoft' && !this.here());
  /** The tokens of a sign-in that opens the chosen door, by name; empty where there are none. */
  readonly held = $derived.by(() => {
    const tokens = this.#tokens;
    return tokens !== null && tokens.graph === this.byGraph ? tokens.held : '';
  });
  readonly complete = $derived(
    this.addressOk &&
      (this.password !== '' || this.held !== '') &&
      this.imap.host.trim() !== '' &&
      this.smtp.host.trim() !== '',
  );
  readonly passed = $derived(
    this.report !== null && this.report.steps.every((step) => step.problem === null),
  );

  /** The settings that were tried last, word for word. */
  #tried = $state.raw('');
  /** Which mailbox the folders are of. */
  #foldersOf = '';
  /** How many messages connecting takes in, as the last test counted them; 0 where there are none, or nobody counted. */
  readonly takenIn = $derived(
    (this.report?.forecast?.folders ?? [])
      .filter((folder) => folder.planned === 'takenIn')
      .reduce((sum, folder) => sum + (folder.messages ?? 0), 0) +
      this.folders
        .filter((folder) => folder.choice !== 'left')
        .reduce((sum, folder) => sum + (folder.messages ?? 0), 0),
  );
  /** The test went well, nothing was changed since, and it counted messages: what that means is shown before it is done. */
  readonly foreseen = $derived(
    this.passed && this.takenIn > 0 && this.#tried === JSON.stringify(this.settings()),
  );

  #attempt = 0;

  /** `here` says whether the mailbox is to be read and sent from this computer. */
  constructor(
    readonly backend: Backend,
    readonly here: () => boolean = () => false,
  ) {}

  /** Looks for the servers of the address; those somebody edited stay. Mozilla's directory is asked only if told so. */
  async discover(directory = false): Promise<void> {
    const address = this.address.trim();
    if (!this.addressOk || this.discovering || (address === this.discoveredFor && !directory)) return;
    this.discovering = true;
    this.failure = null;
    try {
      const found = await this.backend.call('discoverMailbox', { address, directory });
      this.discovered = found;
      this.discoveredFor = address;
      this.imap = { ...found.imap };
      this.smtp = { ...found.smtp };
      this.user = found.user === address ? '' : found.user;
      // What nobody vouched for is looked at before a password goes there.
      this.editing = found.guessed || found.elsewhere;
    } catch (error) {
      this.failure = asFailure(error);
      this.editing = true;
    } finally {
      this.discovering = false;
    }
  }

  /** Opens the provider's page in the browser and waits until it comes back. A further attempt ends the one before. */
  async signInAtProvider(): Promise<void> {
    if (this.provider === null) return;
    const attempt = ++this.#attempt;
    const graph = this.byGraph;
    this.signingIn = true;
    this.signInProblem = null;
    this.failure = null;
    this.#tokens = null;
    try {
      const end = await this.backend.call('signInMailbox', {
        address: this.address.trim(),
        client: {
          provider: { type: graph ? 'microsoftGraph' : this.provider },
          tenant: this.tenant.trim() || null,
          clientId: this.clientId.trim(),
          clientSecret: this.clientSecret.trim() || null,
        },
      });
      if (attempt !== this.#attempt) return;
      if (end.type === 'failed') {
        this.signInProblem = end.problem;
      } else {
        this.#tokens = { held: end.held, graph };
        this.signInEnds = end.endsAt;
      }
    } catch (error) {
      if (attempt === this.#attempt) this.failure = asFailure(error);
    } finally {
      if (attempt === this.#attempt) this.signingIn = false;
    }
  }

  /** Which of Microsoft’s doors is meant. A sign-in for the one does not open the other. */
  chooseGraph(graph: boolean): void {
    this.graph = graph;
    this.report = null;
  }

  /** Tries the mailbox, from the server or from this computer. Answers whether every step went well. */
  async test(): Promise<boolean> {
    this.testing = true;
    this.report = null;
    this.failure = null;
    this.#tried = JSON.stringify(this.settings());
    try {
      this.report = await this.backend.call(this.here() ? 'testMailboxHere' : 'testMailbox', this.settings());
      const forecast = this.report.forecast?.folders;
      const mailbox = `${this.address.trim()} ${this.imap.host.trim()}`;
      const before = mailbox === this.#foldersOf ? this.folders : [];
      this.folders = forecast === undefined ? before : chosenBefore(rowsOf(forecast), before);
      this.#foldersOf = mailbox;
      if (!this.passed) this.editing = true;
      return this.passed;
    } catch (error) {
      this.failure = asFailure(error);
      return false;
    } finally {
      this.testing = false;
    }
  }

  settings(): MailboxSettings {
    const address = this.address.trim();
    return {
      address,
      name: this.name.trim(),
      user: this.user.trim() || address,
      password: this.held === '' ? this.password : '',
      signIn: this.held === '' ? null : { type: 'held', id: this.held },
      imap: { ...this.imap, host: this.imap.host.trim(), port: Number(this.imap.port) },
      smtp: { ...this.smtp, host: this.smtp.host.trim(), port: Number(this.smtp.port) },
      extraCa: this.extraCa.trim() === '' ? null : this.extraCa,
      graph: this.byGraph ? GRAPH : null,
    };
  }
}
