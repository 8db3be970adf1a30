//! The window and the desktop's engine: every request, answer and event of the UI.
//!
//! Two thin shells carry these: Tauri's IPC and the loopback web shell. The UI knows one function, `call(method, params)`,
//! whose types follow from [`Request`] and [`Reply`] by their common method names, and one stream of [`UiEvent`]s.

mod acts;
mod details;
mod exceptions;
mod lists;
mod opened;
mod people;
mod review;
mod settings;
mod setup;
mod workflow;

pub use acts::*;
pub use details::*;
pub use exceptions::*;
pub use lists::*;
pub use opened::*;
pub use people::*;
pub use review::*;
pub use settings::*;
pub use setup::*;
pub use workflow::*;

use baton_domain::{
    Account, AccountId, AccountMode, Address, AfterReply, BlobId, BusinessCalendar, CommandBody, CommandId, Companies,
    ConversationId, DraftText, EscalationPath, FolderChoice, Forecast, FoundBy, Inbox, InboxId, InvitationAnswer,
    Member, MessageId, Money, Outcome, OutgoingFile, ReviewSignOff, RuleSet, SignInHint, Signature, SlaPolicy,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountHealth, ApiError, Balance, CompaniesKept, ConnectionReport, FolderCheck, Invitation, Invite, MailProblem,
    MailServer, MailboxSettings, MailboxTrial, ProviderClient, Quarantined, Rehearsal, Retried, RuleDrift,
    RulesInForce, SessionInfo,
};

/// What the window asks. Each method's answer is the variant of [`Reply`] with the same name.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(
    tag = "method",
    content = "params",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// Where are we: first run, locked, or at work.
    Boot,
    /// First run: what to begin with.
    Setup(Setup),
    /// The keyring can't be used: a choice of the person.
    Unlock(Unlock),
    /// Which mail servers does this address use?
    DiscoverMailbox {
        /// The address.
        address: String,
        /// Whether Mozilla's directory is asked, too. It learns the address's domain.
        directory: bool,
    },
    /// Try a mailbox without connecting it.
    TestMailbox(MailboxSettings),
    /// Sign in to a mailbox on its provider's page, in a browser of this computer. Answered when the browser came back.
    SignInMailbox {
        /// The address.
        address: String,
        /// Where, and through which client.
        client: ProviderClient,
    },
    /// Sign in to a connected mailbox anew: on its provider's page, or with this password.
    ReconnectMailbox {
        /// Which.
        account: AccountId,
        /// The password; `None` for the provider's page.
        password: Option<String>,
    },
    /// Test a connected mailbox from end to end: a message to itself leaves, comes back and is deleted again.
    TryMailbox {
        /// Which.
        account: AccountId,
    },
    /// Connect a mailbox to the running workspace.
    ConnectMailbox {
        /// The mailbox.
        mailbox: MailboxSettings,
        /// How far Baton acts on it.
        mode: AccountMode,
        /// Folders of it that are taken in beside the one mail arrives in.
        #[serde(default)]
        #[ts(optional, as = "Option<Vec<FolderChoice>>")]
        folders: Vec<FolderChoice>,
    },
    /// Try a mailbox from this very computer.
    TestMailboxHere(MailboxSettings),
    /// Connect a mailbox that this desktop hosts: how to sign in to it stays on this computer.
    HostMailbox {
        /// The mailbox.
        mailbox: MailboxSettings,
        /// How far Baton acts on it.
        mode: AccountMode,
        /// Folders of it that are taken in beside the one mail arrives in.
        #[serde(default)]
        #[ts(optional, as = "Option<Vec<FolderChoice>>")]
        folders: Vec<FolderChoice>,
    },
    /// Have a mailbox hosted by this desktop from now on, or by the server.
    MoveMailbox {
        /// Which.
        account: AccountId,
        /// How to reach it.
        mailbox: MailboxSettings,
        /// By this desktop.
        here: bool,
    },
    /// A page of a view.
    List(ListQuery),
    /// The counts of all views.
    Counts,
    /// One conversation with its thread.
    Open {
        /// Which.
        conversation: ConversationId,
    },
    /// Begin a conversation with somebody who has not written; needs the server. Asked again with the same id, after an answer that was
    /// lost, it is begun once.
    Begin {
        /// The conversation to begin: a random id of whoever asks.
        conversation: ConversationId,
        /// The inbox it lies in.
        inbox: InboxId,
        /// The account it is written from.
        account: AccountId,
        /// The customer.
        to: Address,
        /// What it is about.
        subject: String,
    },
    /// The conversations with that address, newest first: so that nobody begins a second one unawares.
    With {
        /// The address.
        email: String,
    },
    /// A message's body, made safe.
    Body {
        /// Which.
        message: MessageId,
        /// Show the images it loads from elsewhere.
        remote_images: bool,
    },
    /// A message attached to a message.
    Nested {
        /// To which message.
        message: MessageId,
        /// Which attachment.
        index: u32,
        /// Show the images it loads from elsewhere.
        remote_images: bool,
    },
    /// The answer to a calendar invitation, as a file for the reply that carries it.
    AnswerInvitation {
        /// The message with the invitation.
        message: MessageId,
        /// What I answer.
        answer: InvitationAnswer,
    },
    /// What a draft begins with that passes a message on.
    Forward {
        /// Which message.
        message: MessageId,
    },
    /// An attachment's bytes, into a new file of the downloads folder. The window names no path: it can write nowhere else.
    SaveAttachment {
        /// Of which message.
        message: MessageId,
        /// Which.
        index: u32,
    },
    /// The raw source of a message.
    Source {
        /// Which.
        message: MessageId,
    },
    /// Do something in a conversation.
    Act {
        /// Where.
        conversation: ConversationId,
        /// What.
        body: CommandBody,
        /// The newest message on screen.
        last_seen: Option<MessageId>,
    },
    /// Take the last act of mine back.
    Undo,
    /// What I look at.
    Looking {
        /// Which; `None` for none.
        conversation: Option<ConversationId>,
        /// The newest message that was on screen for a second in the focused window.
        seen: Option<MessageId>,
    },
    /// The draft as typed. The first character takes the reply lock.
    Compose {
        /// Where.
        conversation: ConversationId,
        /// What it says now.
        draft: DraftText,
        /// In the owner's place.
        cover: bool,
    },
    /// Throw the draft away and give the lock back.
    Discard {
        /// Where.
        conversation: ConversationId,
    },
    /// Attach bytes (dropped, pasted or chosen) to the draft.
    Attach {
        /// Where.
        conversation: ConversationId,
        /// The file name.
        name: String,
        /// The bytes, in base64.
        base64: String,
    },
    /// Send the draft.
    Send {
        /// Where.
        conversation: ConversationId,
        /// What happens after it.
        after: AfterReply,
        /// As a quote.
        quote: Option<Money>,
        /// Close with it.
        close: Option<Outcome>,
        /// When it leaves, where that is not at once.
        #[serde(default)]
        #[ts(optional)]
        send_at: Option<Timestamp>,
        /// The newest message that was on screen.
        last_seen: Option<MessageId>,
    },
    /// Actions that were refused, and replies that were held.
    Held,
    /// What to do with one of them.
    ResolveHeld {
        /// Which.
        id: CommandId,
        /// What.
        how: HeldResolution,
    },
    /// Find conversations.
    Search {
        /// What for.
        text: String,
        /// How many at most.
        limit: u32,
    },
    /// Everybody, the inboxes, the accounts.
    Team,
    /// Invite somebody.
    Invite(Invite),
    /// What stands below my replies; `None` for the signature of the address they leave from.
    SaveSignature {
        /// The text.
        text: Option<String>,
    },
    /// What stands below replies from an account's addresses; an admin may.
    SaveAccountSignatures {
        /// Of which account.
        account: AccountId,
        /// All there are.
        signatures: Vec<Signature>,
    },
    /// The folders of a connected mailbox, counted, with what each most likely means; an admin may.
    MailboxFolders {
        /// Of which account.
        account: AccountId,
    },
    /// Which folders of a mailbox are taken in, and what lying in each means; an admin may.
    SaveAccountFolders {
        /// Of which account.
        account: AccountId,
        /// All there are.
        folders: Vec<FolderChoice>,
    },
    /// A text as the HTML that goes out beside it, made safe.
    PreviewText {
        /// The text.
        text: String,
    },
    /// Where I am signed in.
    Sessions,
    /// Sign a session out.
    RevokeSession {
        /// Which.
        session: baton_domain::SessionId,
    },
    /// How the channels are doing.
    Health,
    /// Hold an account's books against the mailbox itself; an admin may. Nothing is changed there.
    CheckMailbox {
        /// Which.
        account: AccountId,
    },
    /// What could not be read.
    Quarantine,
    /// The raw source of something that could not be read.
    QuarantineSource {
        /// Its bytes.
        blob: BlobId,
    },
    /// Read once more what could not be read; an admin may.
    QuarantineRetry,
    /// How far Baton acts on an account.
    SetAccountMode {
        /// Which.
        account: AccountId,
        /// How far.
        mode: AccountMode,
    },
    /// What an inbox promises; whoever leads the work may.
    SaveTargets {
        /// Which.
        inbox: InboxId,
        /// What.
        sla: SlaPolicy,
        /// What it promised when the form was opened. Where it promises something else by now the answer is
        /// [`VersionConflict`](baton_domain::Refusal::VersionConflict), and nothing is saved.
        before: SlaPolicy,
    },
    /// When people of an inbox are at work; whoever leads the work may say.
    SaveHours {
        /// Which.
        inbox: InboxId,
        /// When.
        calendar: BusinessCalendar,
        /// When they were as the form was opened; judged as with [`Request::SaveTargets`].
        before: BusinessCalendar,
    },
    /// Whom an inbox asks to see to what is late; whoever leads the work may say.
    SaveEscalation {
        /// Which.
        inbox: InboxId,
        /// Whom, in order.
        path: EscalationPath,
        /// Whom it asked as the form was opened; judged as with [`Request::SaveTargets`].
        before: EscalationPath,
    },
    /// How an inbox calls what conversations go through; whoever leads the work may say.
    SaveWorkflow(SaveWorkflow),
    /// What an inbox answers by itself; whoever leads the work may say.
    SaveAutoReplies(SaveAutoReplies),
    /// After how many business days without anything happening a conversation is an exception; whoever leads the work may say.
    SaveStaleDays {
        /// In which inbox.
        inbox: InboxId,
        /// How many.
        days: u8,
        /// How many they were as the form was opened; judged as with [`Request::SaveTargets`].
        before: u8,
    },
    /// When somebody is there, and who stands in for them.
    SaveAvailability(SaveAvailability),
    /// Who is on call in an inbox.
    SaveOnCall(SaveOnCall),
    /// A rota as it will be.
    PreviewOnCall(PreviewOnCall),
    /// The routing rules in force.
    Rules,
    /// Puts other routing rules in force; whoever leads the work may.
    SaveRules {
        /// All of them.
        rules: RuleSet,
        /// The version they were made from.
        based_on: u32,
    },
    /// What the newest change of the routing rules did since: one page.
    RuleDrift {
        /// Where the page begins; `None` for the first.
        after: Option<String>,
    },
    /// What a draft of the routing rules would have done with past conversations: one page.
    RehearseRules {
        /// The draft.
        rules: RuleSet,
        /// Where the page begins; `None` for the first.
        after: Option<String>,
    },
    /// The companies the team deals with.
    Companies,
    /// Keeps another list of companies; whoever leads the work may.
    SaveCompanies {
        /// All of them.
        companies: Companies,
        /// The version of the list it was made from.
        based_on: u32,
    },
    /// What a new inbox promises: a beginning for one that promises nothing.
    UsualTargets,
    /// What left the usual path and needs a person.
    Exceptions,
    /// What was said of conversations before: topics, regions and the like.
    UsedDetails,
    /// The daily review: the one of today goes on, or a list is frozen now.
    Review {
        /// A new list, also where there is one.
        anew: bool,
    },
    /// Ends the review, where the team sees it.
    SignOffReview,
    /// What I chose.
    Settings,
    /// Choose.
    SaveSettings(Settings),
    /// Show me a notification, so that I know it works.
    TestNotification,
    /// Open a link in the system's browser, after its true target was shown.
    OpenLink {
        /// The target.
        url: String,
    },
    /// Sign out: the replica goes.
    SignOut,
}

/// What the engine answers.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(
    tag = "method",
    content = "result",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Reply {
    /// To [`Request::Boot`].
    Boot(Boot),
    /// To [`Request::Setup`]: as after a new boot.
    Setup(Boot),
    /// To [`Request::Unlock`]: as after a new boot.
    Unlock(Boot),
    /// To [`Request::DiscoverMailbox`].
    DiscoverMailbox(Discovered),
    /// To [`Request::TestMailbox`].
    TestMailbox(ConnectionReport),
    /// To [`Request::TryMailbox`].
    TryMailbox(MailboxTrial),
    /// To [`Request::SignInMailbox`].
    SignInMailbox(SignInEnd),
    /// To [`Request::ReconnectMailbox`].
    ReconnectMailbox(SignInEnd),
    /// To [`Request::ConnectMailbox`].
    ConnectMailbox(Account),
    /// To [`Request::TestMailboxHere`].
    TestMailboxHere(ConnectionReport),
    /// To [`Request::HostMailbox`].
    HostMailbox(Account),
    /// To [`Request::MoveMailbox`].
    MoveMailbox(Account),
    /// To [`Request::List`].
    List(ListPage),
    /// To [`Request::Counts`].
    Counts(Vec<ViewCount>),
    /// To [`Request::Open`].
    Open(Box<Opened>),
    /// To [`Request::Begin`].
    Begin(Begun),
    /// To [`Request::With`].
    With(Vec<Row>),
    /// To [`Request::Body`].
    Body(Body),
    /// To [`Request::Nested`].
    Nested(Box<Nested>),
    /// To [`Request::AnswerInvitation`].
    AnswerInvitation(OutgoingFile),
    /// To [`Request::Forward`].
    Forward(Box<Forwarding>),
    /// To [`Request::SaveAttachment`]: where it was written.
    SaveAttachment(String),
    /// To [`Request::Source`].
    Source(String),
    /// To [`Request::Act`].
    Act(Acted),
    /// To [`Request::Undo`].
    Undo(Acted),
    /// To [`Request::Looking`].
    Looking,
    /// To [`Request::Compose`].
    Compose(Composed),
    /// To [`Request::Discard`].
    Discard,
    /// To [`Request::Attach`].
    Attach(OutgoingFile),
    /// To [`Request::Send`].
    Send(Acted),
    /// To [`Request::Held`].
    Held(Vec<Held>),
    /// To [`Request::ResolveHeld`].
    ResolveHeld(Acted),
    /// To [`Request::Search`].
    Search(ListPage),
    /// To [`Request::Team`].
    Team(Team),
    /// To [`Request::Invite`].
    Invite(Invitation),
    /// To [`Request::SaveSignature`].
    SaveSignature,
    /// To [`Request::SaveAccountSignatures`].
    SaveAccountSignatures(Acted),
    /// To [`Request::MailboxFolders`].
    MailboxFolders(Forecast),
    /// To [`Request::SaveAccountFolders`].
    SaveAccountFolders(Acted),
    /// To [`Request::PreviewText`].
    PreviewText(String),
    /// To [`Request::Sessions`].
    Sessions(Vec<SessionInfo>),
    /// To [`Request::RevokeSession`].
    RevokeSession,
    /// To [`Request::Health`].
    Health(Vec<HealthRow>),
    /// To [`Request::CheckMailbox`]: folder by folder.
    CheckMailbox(Vec<FolderCheck>),
    /// To [`Request::Quarantine`].
    Quarantine(Vec<Quarantined>),
    /// To [`Request::QuarantineSource`]: as text, whatever it is.
    QuarantineSource(String),
    /// To [`Request::QuarantineRetry`].
    QuarantineRetry(Retried),
    /// To [`Request::SetAccountMode`].
    SetAccountMode(Acted),
    /// To [`Request::SaveTargets`].
    SaveTargets(Acted),
    /// To [`Request::SaveHours`].
    SaveHours(Acted),
    /// To [`Request::SaveEscalation`].
    SaveEscalation(Acted),
    /// To [`Request::SaveWorkflow`].
    SaveWorkflow(Acted),
    /// To [`Request::SaveAutoReplies`].
    SaveAutoReplies(Acted),
    /// To [`Request::SaveStaleDays`].
    SaveStaleDays(Acted),
    /// To [`Request::SaveAvailability`].
    SaveAvailability(Acted),
    /// To [`Request::SaveOnCall`].
    SaveOnCall(Acted),
    /// To [`Request::PreviewOnCall`].
    PreviewOnCall(OnCallPreview),
    /// To [`Request::Rules`].
    Rules(RulesInForce),
    /// To [`Request::SaveRules`].
    SaveRules(Acted),
    /// To [`Request::RuleDrift`].
    RuleDrift(RuleDrift),
    /// To [`Request::RehearseRules`].
    RehearseRules(Rehearsal),
    /// To [`Request::Companies`].
    Companies(CompaniesKept),
    /// To [`Request::SaveCompanies`].
    SaveCompanies(Acted),
    /// To [`Request::UsualTargets`].
    UsualTargets(SlaPolicy),
    /// To [`Request::Exceptions`].
    Exceptions(Vec<Exception>),
    /// To [`Request::UsedDetails`].
    UsedDetails(UsedDetails),
    /// To [`Request::Review`].
    Review(Review),
    /// To [`Request::SignOffReview`].
    SignOffReview(Acted),
    /// To [`Request::Settings`].
    Settings(Settings),
    /// To [`Request::SaveSettings`].
    SaveSettings(Settings),
    /// To [`Request::TestNotification`]: whether a notification service took it.
    TestNotification(bool),
    /// To [`Request::OpenLink`].
    OpenLink,
    /// To [`Request::SignOut`]: as after a new boot.
    SignOut(Boot),
}

/// What the engine tells the window unasked.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(
    tag = "event",
    content = "data",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum UiEvent {
    /// These conversations changed: ask again for what is on screen.
    Changed(Vec<ConversationId>),
    /// The connection, or what waits, changed.
    Connection(Connection),
    /// Who is where.
    Presence(Vec<crate::Present>),
    /// Actions were held, or are not any more.
    Held(Vec<Held>),
    /// How the channels are doing.
    Health(Vec<HealthRow>),
    /// Show this conversation: a notification or a link was clicked.
    Focus(ConversationId),
    /// Members, inboxes or accounts changed.
    Team,
    /// Where we are changed, e.g. signed out from elsewhere: boot again.
    Boot,
    /// The clock passed a deadline: times and views may read differently.
    Tick(Timestamp),
}

/// Where we are.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Boot {
    /// In which state.
    pub state: BootState,
    /// The program's version.
    pub version: String,
    /// Now, by the engine's clock.
    pub now: Timestamp,
}

/// The states a desktop can be in.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BootState {
    /// Nothing set up yet.
    FirstRun,
    /// The keyring can't be used, and nothing was chosen instead.
    Locked {
        /// Why, in English, for the details line.
        reason: String,
        /// Whether data sealed with a passphrase exists: then it is asked for, else it is a choice.
        passphrase_set: bool,
    },
    /// The session ended: sign in again. What waits is kept.
    SignedOut {
        /// Where.
        address: String,
        /// As whom.
        email: String,
    },
    /// At work.
    Ready {
        /// Who I am.
        me: Box<Member>,
        /// Everybody and everything shared.
        team: Box<Team>,
        /// The connection.
        connection: Connection,
        /// What I chose.
        settings: Settings,
        /// Whether the workspace is the sample.
        sample: bool,
    },
}

/// How a sign-in on a provider's page ended.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SignInEnd {
    /// Well. The program holds the tokens until the mailbox is connected.
    SignedIn {
        /// By which name the program holds them.
        held: String,
        /// When somebody will have to sign in again, as far as that can be known.
        ends_at: Option<Timestamp>,
    },
    /// Not, and this is why.
    Failed {
        /// Who has to do what.
        problem: MailProblem,
    },
}

/// What to do without a keyring.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Unlock {
    /// The keyring may work now.
    Retry,
    /// Seal the key with this passphrase, or open it with it.
    Passphrase {
        /// The passphrase.
        passphrase: String,
    },
    /// Keep everything in memory only; it is gone when Baton closes.
    MemoryOnly,
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Retry => "Retry",
            Self::Passphrase { .. } => "Passphrase",
            Self::MemoryOnly => "MemoryOnly",
        })
    }
}

/// What is known of an address's mail servers.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    /// The provider's name, if it is a known one.
    pub provider: Option<String>,
    /// Where mail is read.
    pub imap: MailServer,
    /// Where mail is sent.
    pub smtp: MailServer,
    /// Who to sign in as.
    pub user: String,
    /// What to sign in with.
    pub sign_in: SignInHint,
    /// Who knew.
    pub found_by: FoundBy,
    /// Whether an answer that nobody signed put a server into another domain than the address's: a person looks at it before a
    /// password goes there.
    pub elsewhere: bool,
    /// Whether these are known, or only a guess to edit.
    pub guessed: bool,
    /// The provider wants an app password: where to make one.
    pub app_password_url: Option<String>,
}

/// The connection to the server, for the words at the foot of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// In which state.
    pub state: ConnectionState,
    /// The server's address; empty for the one in this program.
    pub server: String,
    /// How many actions wait for it.
    pub waiting: u32,
    /// How many were held.
    pub held: u32,
}

/// States of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConnectionState {
    /// On the way.
    Connecting,
    /// Taking a snapshot.
    Snapshot {
        /// How many conversations are here.
        done: u32,
    },
    /// Up to date.
    Online,
    /// No network, or no server.
    Offline {
        /// Since when.
        since: Timestamp,
        /// When it tries again.
        next: Timestamp,
        /// What is wrong, when it is known.
        error: Option<ApiError>,
    },
}

/// Everybody and everything shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// The company.
    pub workspace: String,
    /// Members, those who left included: their names stay.
    pub members: Vec<Member>,
    /// Inboxes I may read.
    pub inboxes: Vec<Inbox>,
    /// Channel accounts.
    pub accounts: Vec<Account>,
    /// Each reviewer's newest sign-off of the daily review, the newest first.
    pub reviews: Vec<ReviewSignOff>,
}

/// A channel account's health with its balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HealthRow {
    /// How it is doing.
    pub health: AccountHealth,
    /// Received = accounted for.
    pub balance: Option<Balance>,
}
