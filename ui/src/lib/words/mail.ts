/** Mailboxes in words: what is wrong with one, how one is doing, and the steps of a connection test. */
import { m } from '$lib/paraglide/messages.js';
import type { AccountHealth } from '$lib/api/types/AccountHealth';
import type { MailboxRemark } from '$lib/api/types/MailboxRemark';
import type { MailProblem } from '$lib/api/types/MailProblem';
import type { MailProblemKind } from '$lib/api/types/MailProblemKind';
import type { ProbeStepKind } from '$lib/api/types/ProbeStepKind';
import type { QuarantineCause } from '$lib/api/types/QuarantineCause';
import type { Security } from '$lib/api/types/Security';
import { clock } from '$lib/time/clock.svelte';
import { bytes, countdown, number, stamp } from '$lib/time/format';

const problems: Record<MailProblemKind, (server: { server: string }) => string> = {
  nameNotFound: m.problem_name_not_found,
  refused: m.problem_refused,
  timedOut: m.problem_timed_out,
  noTls: m.problem_no_tls,
  unencrypted: m.problem_unencrypted,
  certificate: m.problem_certificate,
  certificateExpired: m.problem_certificate_expired,
  certificateNotYetValid: m.problem_certificate_not_yet_valid,
  certificateWrongName: m.problem_certificate_wrong_name,
  wrongPassword: m.problem_wrong_password,
  appPasswordNeeded: m.problem_app_password_needed,
  passwordsOff: m.problem_passwords_off,
  tokenRefused: m.problem_token_refused,
  signInEnded: m.problem_sign_in_ended,
  consentDenied: m.problem_consent_denied,
  adminMustConsent: m.problem_admin_must_consent,
  clientRefused: m.problem_client_refused,
  imapDisabled: m.problem_imap_disabled,
  smtpDisabled: m.problem_smtp_disabled,
  noLoginOffered: m.problem_no_login_offered,
  busy: m.problem_busy,
  folderMissing: m.problem_folder_missing,
  disconnected: m.problem_disconnected,
  protocol: m.problem_protocol,
  rejected: m.problem_rejected,
  diskFull: m.problem_disk_full,
};

/** Why something could not be read; the ledger has other reasons in its own words. */
export const quarantineWords: Record<QuarantineCause, () => string> = {
  empty: m.quarantine_cause_empty,
  noHeaders: m.quarantine_cause_no_headers,
  tooNested: m.quarantine_cause_too_nested,
  broken: m.quarantine_cause_broken,
};

/** What happened, to what, and what to do. */
export const problemWords = (problem: MailProblem): string =>
  problems[problem.kind]({ server: problem.server });

export const stepName: Record<ProbeStepKind, () => string> = {
  imapConnect: m.step_imap_connect,
  imapTls: m.step_imap_tls,
  imapLogin: m.step_imap_login,
  imapFolders: m.step_imap_folders,
  smtpConnect: m.step_smtp_connect,
  smtpTls: m.step_smtp_tls,
  smtpLogin: m.step_smtp_login,
  graphConnect: m.step_graph_connect,
  graphMailbox: m.step_graph_mailbox,
};

/** Every step of a test, in order: by Microsoft Graph there are others. */
export const stepsOf = (graph: boolean): ProbeStepKind[] =>
  (Object.keys(stepName) as ProbeStepKind[]).filter((step) => step.startsWith('graph') === graph);

export const securityName: Record<Security, () => string> = {
  tls: m.security_tls,
  startTls: m.security_start_tls,
  plain: m.security_plain,
};

const ofPassword: MailProblemKind[] = ['wrongPassword', 'appPasswordNeeded', 'passwordsOff'];
const ofProvider: MailProblemKind[] = [
  'signInEnded',
  'consentDenied',
  'adminMustConsent',
  'clientRefused',
  'tokenRefused',
];

const problemOf = (health: AccountHealth): MailProblemKind | null =>
  health.state.type === 'stopped' || health.state.type === 'retrying' ? health.state.problem.kind : null;

/** Whether signing in anew may help: with a password, or on the provider's page. */
export function needsSignIn(health: AccountHealth): 'password' | 'provider' | null {
  const kind = problemOf(health);
  if (kind === null) return null;
  return ofProvider.includes(kind) ? 'provider' : ofPassword.includes(kind) ? 'password' : null;
}

const SOON = 14 * 86_400_000;

/** When somebody must sign in again, where that is near: a sign-in that is used is often prolonged by itself. */
export const signInEndsSoon = (health: AccountHealth, now: number = clock.now): number | null =>
  health.signInEnds !== null && health.signInEnds - now < SOON ? health.signInEnds : null;

/** What a person should know of a mailbox although it works, and what to do about it. */
export function remarkWords(remark: MailboxRemark): string {
  switch (remark.type) {
    case 'folderGone':
      return remark.perhaps === null
        ? m.remark_folder_gone({ folder: remark.folder })
        : m.remark_folder_renamed({ folder: remark.folder, perhaps: remark.perhaps });
    case 'folderRenumbered':
      return m.remark_folder_renumbered({ folder: remark.folder, time: stamp(remark.at) });
    case 'nearlyFull':
      return m.remark_nearly_full({
        // What is over its limit is full.
        percent: Math.min(100, Math.floor((remark.used / remark.limit) * 100)),
        used: bytes(remark.used),
        limit: bytes(remark.limit),
      });
  }
}

export interface HealthWords {
  text: string;
  tone: 'ok' | 'busy' | 'warn' | 'late';
}

/** How an account is doing. */
export function healthWords(health: AccountHealth, unseen = false): HealthWords {
  const state = health.state;
  switch (state.type) {
    case 'connecting':
      return { text: m.health_connecting(), tone: 'busy' };
    case 'firstSync':
      return {
        text: m.health_first_sync({ done: number(state.done), total: number(state.total) }),
        tone: 'busy',
      };
    case 'upToDate':
      return (health.remarks ?? []).length > 0 || unseen
        ? { text: m.health_remarks(), tone: 'warn' }
        : { text: m.health_up_to_date(), tone: 'ok' };
    case 'retrying':
      return {
        text: m.health_retrying({ problem: problemWords(state.problem), next: countdown(state.next) }),
        tone: 'warn',
      };
    case 'stopped':
      return { text: problemWords(state.problem), tone: 'late' };
    case 'hostAway': {
      const text =
        state.since === null
          ? m.health_host_never({ name: state.name })
          : m.health_host_away({ name: state.name, since: stamp(state.since) });
      // Five minutes are a walk to another room; after that somebody should know.
      const late = health.waitingToSend > 0 && state.since !== null && clock.now - state.since > 300_000;
      return { text, tone: late ? 'late' : 'warn' };
    }
  }
}
