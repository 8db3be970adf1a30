/** Connecting a mailbox: an address, its servers as found, a test told step by step, and the connection itself. */
import { asFailure, type ApiFailure, type Backend } from '$lib/api/backend';
import type { ConnectionReport } from '$lib/api/types/ConnectionReport';
import type { Discovered } from '$lib/api/types/Discovered';
import type { MailboxSettings } from '$lib/api/types/MailboxSettings';
import type { MailServer } from '$lib/api/types/MailServer';

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$|^[^\s@]+@localhost$/;

export class MailboxSetup {
  name = $state('');
  address = $state('');
  password = $state('');
  /** Who to sign in as; empty for the address. */
  user = $state('');
  imap = $state<MailServer>({ host: '', port: 993, security: 'tls' });
  smtp = $state<MailServer>({ host: '', port: 465, security: 'tls' });
  extraCa = $state('');

  discovered = $state.raw<Discovered | null>(null);
  /** Which address the servers belong to. */
  discoveredFor = $state('');
  discovering = $state(false);
  /** The servers are shown for editing. */
  editing = $state(false);
  testing = $state(false);
  report = $state.raw<ConnectionReport | null>(null);
  failure = $state.raw<ApiFailure | null>(null);

  readonly addressOk = $derived(ADDRESS.test(this.address.trim()));
  readonly complete = $derived(
    this.addressOk && this.password !== '' && this.imap.host.trim() !== '' && this.smtp.host.trim() !== '',
  );
  readonly passed = $derived(
    this.report !== null && this.report.steps.every((step) => step.problem === null),
  );

  constructor(readonly backend: Backend) {}

  /** Looks for the servers of the address; those somebody edited stay. */
  async discover(): Promise<void> {
    const address = this.address.trim();
    if (!this.addressOk || address === this.discoveredFor || this.discovering) return;
    this.discovering = true;
    this.failure = null;
    try {
      const found = await this.backend.call('discoverMailbox', { address });
      this.discovered = found;
      this.discoveredFor = address;
      this.imap = { ...found.imap };
      this.smtp = { ...found.smtp };
      this.editing = found.guessed;
    } catch (error) {
      this.failure = asFailure(error);
      this.editing = true;
    } finally {
      this.discovering = false;
    }
  }

  /** Tries the mailbox. Answers whether every step went well. */
  async test(): Promise<boolean> {
    this.testing = true;
    this.report = null;
    this.failure = null;
    try {
      this.report = await this.backend.call('testMailbox', this.settings());
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
      password: this.password,
      imap: { ...this.imap, host: this.imap.host.trim(), port: Number(this.imap.port) },
      smtp: { ...this.smtp, host: this.smtp.host.trim(), port: Number(this.smtp.port) },
      extraCa: this.extraCa.trim() === '' ? null : this.extraCa,
    };
  }
}
