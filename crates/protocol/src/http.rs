//! Desktop and server, over HTTP: signing in, drafts, blobs, accounts, health.

use baton_domain::{
    AccountId, AccountMode, Capability, CommandId, Conversation, ConversationId, DeviceId, Document, DraftId,
    DraftText, InboxId, LogEntry, Member, MemberId, Role, Timestamp,
};
pub use baton_domain::{
    ConnectionReport, FolderChoice, FolderForecast, FolderPlan, Forecast, MailProblem, MailProblemKind, MailServer,
    MailboxRemark, ProbeStep, ProbeStepKind, Security,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The header that says where a piece of an upload begins, and where the next one does.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// The header that says how long an upload is as a whole.
pub const UPLOAD_LENGTH: &str = "upload-length";

/// The closed list of error codes. The window has one table from code to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The request can't be understood.
    BadRequest,
    /// Not signed in, or not any more.
    SignedOut,
    /// The address and the password do not belong together.
    WrongPassword,
    /// Too many attempts: wait.
    TooManyAttempts,
    /// Signed in, but not allowed.
    NotPermitted,
    /// No such thing.
    NotFound,
    /// An invitation that was used or has run out.
    InvitationGone,
    /// The bytes are not what their name says.
    DigestMismatch,
    /// Larger than allowed.
    TooLarge,
    /// No room on the server's disk.
    DiskFull,
    /// The database did not answer.
    StoreUnavailable,
    /// The server can't be reached.
    Unreachable,
    /// The server's certificate is not trusted.
    CertificateRefused,
    /// This and the server's version do not fit together.
    UpdateNeeded,
    /// The keyring of this computer can't be used.
    KeyringUnavailable,
    /// The mailbox could not be reached or signed in to; the details are a connection report.
    MailboxRefused,
    /// A defect of ours.
    Internal,
}

/// An error, on HTTP and to the window alike. A refusal is not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// What kind.
    pub code: ErrorCode,
    /// For a log and a developer, in English. Never shown as the only words.
    pub message: String,
}

/// Sign in with address and password.
#[derive(Debug, Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The member's address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Which installation.
    pub device: DeviceId,
    /// What to call it in the list of sessions.
    pub device_name: String,
}

/// A session. The token is a bearer token: 256 random bits, shown once, kept hashed on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The bearer token.
    pub token: String,
    /// Who signed in.
    pub member: Member,
    /// The workspace's name.
    pub workspace: String,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Which.
    pub id: baton_domain::SessionId,
    /// The device's name.
    pub device_name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Whether it is this one.
    pub current: bool,
}

/// Invite somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// An invitation: the code is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The code to join with.
    pub code: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Join with an invitation.
#[derive(Debug, Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// The code.
    pub code: String,
    /// The password to sign in with from now on.
    pub password: String,
    /// Which installation.
    pub device: DeviceId,
    /// What to call it.
    pub device_name: String,
}

/// A draft as saved; `GET`/`PUT /v1/drafts/{conversation}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Which.
    pub id: DraftId,
    /// Where.
    pub conversation: ConversationId,
    /// Whose.
    pub member: MemberId,
    /// What it says.
    pub text: DraftText,
    /// Counts the author's saves: an older one never replaces a newer one.
    #[ts(type = "number")]
    pub revision: u64,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// A conversation with its entries; `GET /v1/conversations/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationWithEntries {
    /// Its state.
    pub conversation: Conversation,
    /// Its log.
    pub entries: Vec<LogEntry>,
}

/// A page of conversations; `GET /v1/conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationPage {
    /// Newest first.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// A mailbox to connect: with its password, on its way to where secrets are sealed.
#[derive(Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailboxSettings {
    /// The address customers write to.
    pub address: String,
    /// The name they read beside it.
    pub name: String,
    /// Who to sign in as, often the address.
    pub user: String,
    /// The password, or app password; empty where one signs in on the provider's page.
    pub password: String,
    /// The sign-in on the provider's page, in place of a password.
    #[serde(default)]
    pub sign_in: Option<ProviderSignIn>,
    /// Where mail is read.
    pub imap: MailServer,
    /// Where mail is sent.
    pub smtp: MailServer,
    /// A certificate authority to trust beside the system's, as PEM.
    pub extra_ca: Option<String>,
    /// The address of Microsoft Graph, where the mailbox is reached by it and not by the two servers above, as
    /// `https://graph.microsoft.com/v1.0`. It takes no password.
    #[serde(default)]
    pub graph: Option<String>,
}

impl std::fmt::Debug for MailboxSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailboxSettings")
            .field("address", &self.address)
            .field("imap", &self.imap)
            .field("smtp", &self.smtp)
            .finish_non_exhaustive()
    }
}

/// A sign-in made on the provider's page, on its way to where it is sealed.
#[derive(Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProviderSignIn {
    /// Made through this program a moment ago; it keeps the tokens, and the window never sees them.
    Held {
        /// Which.
        id: String,
    },
    /// The tokens themselves, as the program that made them writes them.
    Tokens {
        /// Their text.
        text: String,
    },
}

impl std::fmt::Debug for ProviderSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Held { .. } => "Held",
            Self::Tokens { .. } => "Tokens",
        })
    }
}

/// Where one signs in to a mailbox, and through which registration of the team.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderClient {
    /// Which provider.
    pub provider: ProviderName,
    /// At Microsoft the team's directory; without one any.
    pub tenant: Option<String>,
    /// The id of the team's client.
    pub client_id: String,
    /// Its secret, where the provider gives one to desktop programs.
    pub client_secret: Option<String>,
}

impl std::fmt::Debug for ProviderClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderClient")
            .field("provider", &self.provider)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A provider on whose page one signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProviderName {
    /// Google: Gmail and Google Workspace.
    Google,
    /// Microsoft 365 and Outlook.com, to read by IMAP and send by SMTP.
    Microsoft,
    /// The same, to read and send by Microsoft Graph. A token for the one does not open the other.
    MicrosoftGraph,
    /// Any other that follows the standards.
    Other {
        /// The page on which one signs in.
        auth_url: String,
        /// Where tokens are made.
        token_url: String,
        /// What is asked for.
        scopes: Vec<String>,
    },
}

/// How a mailbox is signed in to; `GET /v1/accounts/{id}/sign-in`. No secrets but the team's client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInWay {
    /// Its address.
    pub address: String,
    /// On which provider's page; `None` where it is a password.
    pub client: Option<ProviderClient>,
    /// When somebody will have to sign in again, as far as that can be known.
    pub ends_at: Option<Timestamp>,
}

/// Sign in to a mailbox anew; `PUT /v1/accounts/{id}/sign-in`. Exactly one of the two.
#[derive(Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetSignIn {
    /// A password.
    #[serde(default)]
    pub password: Option<String>,
    /// A sign-in on the provider's page.
    #[serde(default)]
    pub sign_in: Option<ProviderSignIn>,
}

impl std::fmt::Debug for SetSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetSignIn")
    }
}

/// Connect a mailbox; `POST /v1/accounts`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddAccount {
    /// The mailbox.
    pub mailbox: MailboxSettings,
    /// The inbox its mail lands in; `None` makes one named after the address.
    pub inbox: Option<InboxId>,
    /// How far Baton acts on it.
    pub mode: AccountMode,
    /// Folders of it that are taken in beside the one mail arrives in.
    #[serde(default)]
    pub folders: Vec<FolderChoice>,
}

/// Connect a mailbox that the caller's own desktop hosts; `POST /v1/accounts/hosted`. How to sign in to it stays on that desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddHosted {
    /// The address customers write to.
    pub address: String,
    /// The name they read beside it.
    pub name: String,
    /// The inbox its mail lands in; `None` makes one named after the address.
    pub inbox: Option<InboxId>,
    /// How far Baton acts on it.
    pub mode: AccountMode,
    /// Folders of it that are taken in beside the one mail arrives in.
    #[serde(default)]
    pub folders: Vec<FolderChoice>,
}

/// Say who hosts a mailbox from now on; `PUT /v1/accounts/{id}/hosting`. Nothing of its mail or its replies is lost on the way.
#[derive(Debug, Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "by", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MoveHosting {
    /// The server, with this mailbox: it is tested first, and its password is sealed there.
    Server {
        /// How to reach it.
        mailbox: Box<MailboxSettings>,
    },
    /// The caller's desktop. What the server knew of the password is forgotten.
    Desktop,
}

/// Give a member access to an inbox; `PUT /v1/inboxes/{id}/access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetAccess {
    /// Who.
    pub member: MemberId,
    /// What; empty takes all away.
    pub capabilities: Vec<Capability>,
}

/// How a channel account is doing, in a form the window puts in words (V5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountHealth {
    /// Which.
    pub account: AccountId,
    /// Its address.
    pub address: String,
    /// What it does now.
    pub state: HealthState,
    /// When mail was last read without trouble.
    pub last_success: Option<Timestamp>,
    /// When a message was last handed to the provider, since the server started.
    pub last_sent: Option<Timestamp>,
    /// When somebody will have to sign in on the provider's page again, as far as that can be known.
    pub sign_in_ends: Option<Timestamp>,
    /// How many messages wait to be sent.
    pub waiting_to_send: u32,
    /// What its provider takes; absent until it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sending: Option<SendLimits>,
    /// What a person should know of it although it works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<MailboxRemark>>")]
    pub remarks: Vec<MailboxRemark>,
}

/// What a provider takes, as it says before a message is offered: to be told before one is written, not after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendLimits {
    /// The most bytes a message may have, with its files encoded; `None` where it doesn't say.
    #[ts(type = "number | null")]
    pub max_bytes: Option<u64>,
    /// Whether addresses may have letters beyond ASCII before the `@`.
    pub foreign_letters: bool,
    /// Whether it can be asked to say that a message was delivered.
    pub receipts: bool,
}

/// A mailbox tested from end to end; `POST /v1/accounts/{id}/trial`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailboxTrial {
    /// The steps taken, in order.
    pub steps: Vec<TrialStep>,
}

impl MailboxTrial {
    /// Whether every step went well.
    #[must_use]
    pub fn went_well(&self) -> bool {
        self.steps.iter().all(|step| step.failed.is_none())
    }
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialStep {
    /// Which.
    pub step: TrialStepKind,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// Why it failed, in words; `None` where it went well.
    pub failed: Option<String>,
}

/// What a test from end to end does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TrialStepKind {
    /// The mailbox is connected.
    Connected,
    /// The provider takes a message to the mailbox itself.
    Sent,
    /// It comes back.
    Arrived,
    /// Its copy turns up in the sent folder.
    Copied,
    /// Both are deleted again.
    Removed,
}

/// What a channel account does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum HealthState {
    /// Connecting.
    Connecting,
    /// Reading the mailbox for the first time, newest first.
    FirstSync {
        /// So many are here.
        done: u32,
        /// Of so many.
        total: u32,
    },
    /// Connected and up to date.
    UpToDate,
    /// Not connected; it tries again by itself.
    Retrying {
        /// Why.
        problem: MailProblem,
        /// When it tries again.
        next: Timestamp,
    },
    /// Not connected; a person must act.
    Stopped {
        /// Why.
        problem: MailProblem,
    },
    /// The desktop that hosts it is away: what is to be sent waits for it.
    HostAway {
        /// Whose desktop.
        name: String,
        /// Since when; `None` when it never was there.
        since: Option<Timestamp>,
    },
}

/// The balance of a channel account (L10): received = accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// Which.
    pub account: AccountId,
    /// Items seen.
    pub received: u32,
    /// Became a message.
    pub imported: u32,
    /// The same as another.
    pub duplicates: u32,
    /// Could not be read; kept with their raw source.
    pub quarantined: u32,
    /// Ignored by a rule.
    pub ignored: u32,
    /// The same, folder by folder.
    #[serde(default)]
    pub folders: Vec<FolderBalance>,
}

/// The balance of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderBalance {
    /// Its name, for people.
    pub folder: String,
    /// UIDs the server listed so far.
    pub received: u32,
    /// Became a message.
    pub imported: u32,
    /// The same as another.
    pub duplicates: u32,
    /// Could not be read; kept with their raw source.
    pub quarantined: u32,
    /// Ignored by a rule.
    pub ignored: u32,
    /// Messages in the folder when it was last looked at.
    pub messages: u32,
    /// Whether it was read to its oldest message.
    pub complete: bool,
}

impl FolderBalance {
    /// Whether everything received is accounted for.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        let accounted = self
            .imported
            .saturating_add(self.duplicates)
            .saturating_add(self.quarantined)
            .saturating_add(self.ignored);
        accounted == self.received
    }
}

/// A folder's balance held against the mailbox itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderCheck {
    /// Its name, for people.
    pub folder: String,
    /// Messages the mailbox has there now.
    pub in_mailbox: u32,
    /// Messages of the mailbox that the host has not read yet.
    pub waiting: u32,
    /// UIDs the host has dealt with that the ledger lacks: lost mail. The first thousand.
    pub missing: Vec<u32>,
    /// Lines of messages that somebody has moved or deleted since.
    pub gone: u32,
    /// Whether the folder has other numbers than those the ledger knows; then it is about to be read again.
    pub renumbered: bool,
}

/// What became of a second try to read quarantined items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retried {
    /// Items tried.
    pub tried: u32,
    /// Became messages.
    pub imported: u32,
    /// Are the same as another.
    pub duplicates: u32,
    /// Ignored by a rule.
    pub ignored: u32,
    /// Still can't be read.
    pub quarantined: u32,
}

/// The usual reasons why an item can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum QuarantineCause {
    /// There is nothing in it.
    Empty,
    /// It has no header a mail could be recognised by.
    NoHeaders,
    /// Messages within messages without end.
    TooNested,
    /// It could not be taken apart.
    Broken,
}

/// An item that could not be read; `GET /v1/quarantine`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quarantined {
    /// The account it came through.
    pub account: AccountId,
    /// The folder.
    pub folder: String,
    /// Its UID there.
    pub uid: u32,
    /// Why it could not be read, as the ledger has it, in English.
    pub why: String,
    /// The same as one of the usual reasons, for who reads another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cause: Option<QuarantineCause>,
    /// The raw bytes, if they could be fetched.
    pub blob: Option<baton_domain::BlobId>,
    /// When.
    pub at: Timestamp,
}

/// The state of the server; `GET /v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerHealth {
    /// The program's version.
    pub version: String,
    /// The sync protocol it speaks.
    pub protocol: u32,
    /// Whether its database answers.
    pub store: bool,
    /// The number of the log's last entry.
    #[ts(type = "number")]
    pub head: u64,
    /// How its accounts are doing.
    pub accounts: Vec<AccountHealth>,
}

/// A direct command over HTTP; `POST /v1/commands`. The server sets the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submitted {
    /// Which command.
    pub command: CommandId,
    /// What became of it.
    pub answer: crate::Answer,
}

/// The kinds of documents listed by `GET /v1/documents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Documents {
    /// All the caller may read.
    pub documents: Vec<Document>,
}
