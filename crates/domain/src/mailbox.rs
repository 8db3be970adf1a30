//! What a team is told about a mail server: where it listens, what is wrong with it, and how a connection test went.
//!
//! The words are the window's; here is what they are made of. Whoever speaks to a mail server says it in these terms, so that a
//! problem reads the same at first run, in the settings, in a terminal and in the health of an account.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{FolderUse, Timestamp};

/// How the connection to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Security {
    /// TLS from the first byte: ports 993 and 465 (RFC 8314).
    Tls,
    /// TLS after a command: ports 143 and 587. Without it there is no connection; nothing is ever sent in the open instead.
    StartTls,
    /// None: only to this very computer.
    Plain,
}

/// Where a mail server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailServer {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How it is secured.
    pub security: Security,
}

impl MailServer {
    /// A server with these.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16, security: Security) -> Self {
        Self {
            host: host.into(),
            port,
            security,
        }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// `host:port`.
impl std::fmt::Display for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What a provider wants instead of, or beside, the ordinary password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SignInHint {
    /// The password one uses on the web.
    Password,
    /// A password made for one program, in the provider's security settings.
    AppPassword,
    /// Access by IMAP has to be switched on in the provider's settings first.
    EnableImap,
    /// Only the provider's own sign-in page (OAuth).
    OAuth,
}

/// Who knew the servers of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FoundBy {
    /// Our own table of the big providers.
    Table,
    /// The domain itself, on its `autoconfig` page.
    Autoconfig,
    /// The domain itself, by SRV records.
    Srv,
    /// The domain's MX records name a provider that we know.
    Mx,
    /// Mozilla's directory.
    Directory,
    /// Nobody: these are the usual names.
    Guess,
}

/// What is wrong with a mail server, so that the window can say it in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailProblem {
    /// Which kind.
    pub kind: MailProblemKind,
    /// Host and port.
    pub server: String,
    /// What the other side said, if anything.
    pub said: Option<String>,
}

/// The kinds of trouble with a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum MailProblemKind {
    /// The name does not exist.
    NameNotFound,
    /// Nobody listens there.
    Refused,
    /// No answer.
    TimedOut,
    /// It offers no TLS.
    NoTls,
    /// Without TLS only this very computer is spoken to; that one is elsewhere.
    Unencrypted,
    /// Its certificate is not trusted.
    Certificate,
    /// Its certificate has run out.
    CertificateExpired,
    /// Its certificate is not valid yet: often our own clock is wrong.
    CertificateNotYetValid,
    /// Its certificate belongs to another name.
    CertificateWrongName,
    /// It does not accept the password.
    WrongPassword,
    /// It wants a password made for one program.
    AppPasswordNeeded,
    /// It takes no passwords any more, only the provider's own sign-in page.
    PasswordsOff,
    /// It does not accept the sign-in that was made on the provider's page.
    TokenRefused,
    /// The sign-in on the provider's page was revoked or has run out: sign in again.
    SignInEnded,
    /// The person said no on the provider's page.
    ConsentDenied,
    /// An admin must allow access at the provider first.
    AdminMustConsent,
    /// The provider does not accept the team's client id.
    ClientRefused,
    /// Reading by IMAP is switched off for this mailbox.
    ImapDisabled,
    /// Sending by SMTP is switched off for this mailbox.
    SmtpDisabled,
    /// It offers no way of signing in that we know.
    NoLoginOffered,
    /// It can't just now: too many connections, or maintenance.
    Busy,
    /// A folder is missing.
    FolderMissing,
    /// It closed the connection.
    Disconnected,
    /// It said something that is not the protocol.
    Protocol,
    /// It refuses this sender or recipient.
    Rejected,
    /// No room on our disk.
    DiskFull,
}

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeStep {
    /// Which.
    pub step: ProbeStepKind,
    /// Host and port.
    pub server: String,
    /// What is wrong; `None` when it went well.
    pub problem: Option<MailProblem>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// The steps of a connection test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProbeStepKind {
    /// Find the server that reads mail and connect.
    ImapConnect,
    /// Secure that connection.
    ImapTls,
    /// Sign in.
    ImapLogin,
    /// See the folders.
    ImapFolders,
    /// Find the server that sends mail and connect.
    SmtpConnect,
    /// Secure that connection.
    SmtpTls,
    /// Sign in.
    SmtpLogin,
    /// Reach Microsoft Graph.
    GraphConnect,
    /// Sign in there and see the folders.
    GraphMailbox,
}

/// What a connection test found; `POST /v1/accounts/test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReport {
    /// The steps made, in order; the first that fails is the last.
    pub steps: Vec<ProbeStep>,
    /// How many messages the inbox folder holds.
    pub messages: Option<u32>,
    /// What connecting it would take in; `None` where it could not be counted. Counting changes nothing at the provider.
    pub forecast: Option<Forecast>,
}

/// What the first sync of a mailbox will take in: the dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// Its folders: what is taken in first, then what stays where it is, most messages first.
    pub folders: Vec<FolderForecast>,
    /// Messages that came in within the last [`LEFT_OVER_DAYS`] days: those of them that nobody has answered become the list *Left
    /// over*. `None` where the server could not say.
    pub recent: Option<u32>,
    /// Folders that were not counted, because there are too many of them.
    pub uncounted: u32,
}

/// A folder of a mailbox, before the first sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderForecast {
    /// Its name for people.
    pub name: String,
    /// What becomes of what is in it.
    pub planned: FolderPlan,
    /// How many messages it holds; `None` where the server does not let it be counted.
    pub messages: Option<u32>,
    /// Whether it may be taken in, with an owner, a tag or as done.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub offered: bool,
    /// What it most likely means, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub proposed: Option<FolderUse>,
}

/// What connecting a mailbox does with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FolderPlan {
    /// Its messages become conversations.
    TakenIn,
    /// Its messages are ours: they are shown in their conversations and answer what they answer.
    Ours,
    /// It stays where it is, and is not read.
    Left,
}

/// What a person should know of a mailbox although it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MailboxRemark {
    /// A folder that is taken in is not there any more. What was read of it stays.
    FolderGone {
        /// Its name for people.
        folder: String,
        /// A folder with the same numbers: it may only be called something else now.
        perhaps: Option<String>,
    },
    /// The server gave a folder other numbers: it was read again as history, and nothing of it is there twice.
    FolderRenumbered {
        /// Its name for people.
        folder: String,
        /// When that was seen.
        at: Timestamp,
    },
    /// The provider will soon take no more mail for it, or takes none already: from [`NEARLY_FULL_PERCENT`] on.
    NearlyFull {
        /// What it holds, in bytes.
        #[ts(type = "number")]
        used: u64,
        /// What it may hold, in bytes.
        #[ts(type = "number")]
        limit: u64,
    },
}

/// How full a mailbox may be before a person is told, in percent of what it may hold: where many large files come in, the rest is
/// gone within days.
pub const NEARLY_FULL_PERCENT: u64 = 90;

/// Whether somebody should know how full a mailbox is. One without a limit is never full.
#[must_use]
pub const fn is_nearly_full(used: u64, limit: u64) -> bool {
    limit > 0 && used.saturating_mul(100) >= limit.saturating_mul(NEARLY_FULL_PERCENT)
}

/// How far back what nobody answered is listed as *Left over* when a mailbox is connected, in days.
pub const LEFT_OVER_DAYS: i64 = 30;
