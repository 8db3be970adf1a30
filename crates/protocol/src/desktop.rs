//! The window and the desktop's engine: every request, answer and event of the UI.
//!
//! Two thin shells carry these: Tauri's IPC and the loopback web shell. The UI knows one function, `call(method, params)`,
//! whose types follow from [`Request`] and [`Reply`] by their common method names, and one stream of [`UiEvent`]s.

use baton_domain::{
    Account, Address, AfterReply, BlobId, CommandBody, CommandId, Conversation, ConversationId, DraftText, Inbox,
    InboxId, LogEntry, Member, MemberId, MessageId, Money, Outcome, OutgoingFile, Phase, Priority, Refusal, Status,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountHealth, ApiError, Balance, ConnectionReport, Invitation, Invite, MailServer, MailboxSettings, Quarantined,
    SessionInfo,
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
    },
    /// Try a mailbox without connecting it.
    TestMailbox(MailboxSettings),
    /// Connect a mailbox to the running workspace.
    ConnectMailbox(MailboxSettings),
    /// A page of a view.
    List(ListQuery),
    /// The counts of all views.
    Counts,
    /// One conversation with its thread.
    Open {
        /// Which.
        conversation: ConversationId,
    },
    /// A message's body, made safe.
    Body {
        /// Which.
        message: MessageId,
        /// Show the images it loads from elsewhere.
        remote_images: bool,
    },
    /// An attachment's bytes, into a file the system may open.
    SaveAttachment {
        /// Of which message.
        message: MessageId,
        /// Which.
        index: u32,
        /// Where to; `None` for the downloads folder.
        path: Option<String>,
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
    /// Where I am signed in.
    Sessions,
    /// Sign a session out.
    RevokeSession {
        /// Which.
        session: baton_domain::SessionId,
    },
    /// How the channels are doing.
    Health,
    /// What could not be read.
    Quarantine,
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
    /// To [`Request::ConnectMailbox`].
    ConnectMailbox(Account),
    /// To [`Request::List`].
    List(ListPage),
    /// To [`Request::Counts`].
    Counts(Vec<ViewCount>),
    /// To [`Request::Open`].
    Open(Box<Opened>),
    /// To [`Request::Body`].
    Body(Body),
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
    /// To [`Request::Sessions`].
    Sessions(Vec<SessionInfo>),
    /// To [`Request::RevokeSession`].
    RevokeSession,
    /// To [`Request::Health`].
    Health(Vec<HealthRow>),
    /// To [`Request::Quarantine`].
    Quarantine(Vec<Quarantined>),
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

/// First run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Setup {
    /// Try it with a sample inbox.
    Sample,
    /// Connect a mailbox of my own: this computer serves it.
    Mailbox {
        /// My name.
        name: String,
        /// The mailbox.
        mailbox: Box<MailboxSettings>,
    },
    /// Join a team's server.
    Join {
        /// Its address, e.g. https://baton.example.com.
        server: String,
        /// My address.
        email: String,
        /// My password.
        password: String,
        /// The code of an invitation, when I was invited and have no password yet.
        invitation: Option<String>,
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
    /// Whether these are known, or only a guess to edit.
    pub guessed: bool,
    /// The provider wants an app password: where to make one.
    pub app_password_url: Option<String>,
}

/// The views on the left (V1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// Overdue, due today, answered and mine, unassigned.
    Today,
    /// I own it, and it is not over.
    Mine,
    /// Nobody owns it.
    Unassigned,
    /// The next move is the customer's.
    Waiting,
    /// The customer has our offer.
    QuotesOut,
    /// A colleague's input is awaited.
    Blocked,
    /// Out of sight for a while.
    Snoozed,
    /// Over.
    Closed,
    /// All that is not over.
    All,
    /// Unanswered when the mailbox was connected.
    LeftOver,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    /// Which view.
    pub view: View,
    /// Only this inbox.
    pub inbox: Option<InboxId>,
    /// Only this owner.
    pub owner: Option<MemberId>,
    /// In which order; `None` for the view's own.
    pub sort: Option<Sort>,
    /// From which row on.
    pub offset: u32,
    /// How many at most.
    pub limit: u32,
}

/// Orders of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// What is due first.
    Due,
    /// What happened last first.
    Newest,
    /// What has waited longest first.
    Oldest,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ListPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: u32,
    /// The groups, in order, with how many rows each has in all.
    pub groups: Vec<GroupCount>,
}

/// The groups of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Its date has passed.
    Overdue,
    /// Its date is today.
    DueToday,
    /// The customer answered and it is mine.
    YourTurn,
    /// Offered to me.
    Offered,
    /// Nobody owns it.
    Unassigned,
    /// Everything else.
    Rest,
}

/// How many rows a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GroupCount {
    /// Which.
    pub group: Group,
    /// How many.
    pub count: u32,
}

/// How many a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ViewCount {
    /// Which view.
    pub view: View,
    /// Only this inbox; `None` for all.
    pub inbox: Option<InboxId>,
    /// How many.
    pub count: u32,
    /// How many of them are late.
    pub late: u32,
}

/// Whose move it is, and why; the window puts it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Turn {
    /// Nobody took it yet.
    Nobody,
    /// Ours: the customer wrote.
    Ours,
    /// Ours: the customer answered our offer.
    AnsweredQuote,
    /// Ours: we owe something.
    Owed,
    /// Ours: no answer came and it is time to ask again.
    Chase,
    /// Ours: the cadence proposes to close.
    ProposeClose,
    /// The customer's.
    Customer,
    /// A colleague's.
    Colleague,
    /// Offered to somebody.
    Offered,
    /// Out of sight.
    Snoozed,
    /// Nobody's: it is over.
    Over,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Which.
    pub id: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// In which group of the view.
    pub group: Group,
    /// In which inbox.
    pub inbox: InboxId,
    /// The customer.
    pub contact: Address,
    /// Their company.
    pub company: Option<String>,
    /// What it is about.
    pub subject: String,
    /// One line: the newest message.
    pub preview: String,
    /// The owner.
    pub owner: Option<MemberId>,
    /// The status.
    pub status: Status,
    /// The phase.
    pub phase: Phase,
    /// Whose move it is.
    pub turn: Turn,
    /// When something is due.
    pub due: Option<Timestamp>,
    /// The instant the list shows otherwise: the newest message's.
    pub at: Timestamp,
    /// How urgent.
    pub priority: Priority,
    /// What it may be worth.
    pub value: Option<Money>,
    /// Whether I have not seen its newest message.
    pub unread: bool,
    /// Whether any message carries a file.
    pub has_attachment: bool,
    /// Who is replying.
    pub replying: Option<MemberId>,
    /// I have an unsent draft in it.
    pub draft: bool,
    /// An action of mine in it waits for the network, or was held.
    pub pending: bool,
    /// A reply in it is in doubt or failed.
    pub trouble: bool,
}

/// A conversation on screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// Its state, with what waits for the network already in it.
    pub conversation: Conversation,
    /// Whose move it is.
    pub turn: Turn,
    /// Its thread, oldest first.
    pub thread: Vec<ThreadItem>,
    /// My draft in it.
    pub draft: Option<DraftText>,
    /// What I may do here, by name of the command; with the reason where not.
    pub allowed: Vec<Allowed>,
    /// Who may be given it.
    pub assignable: Vec<MemberId>,
    /// The newest message: what a command carries as last seen.
    pub last_message: Option<MessageId>,
    /// When a chase would be due, by the inbox's cadence, if a reply left now.
    pub next_chase: Timestamp,
    /// Other conversations with the same customer or company.
    pub related: Vec<Row>,
    /// Actions of mine in it that wait for the network or for an answer.
    pub pending: Vec<PendingAction>,
    /// Actions of mine in it that were held.
    pub held: Vec<Held>,
    /// Whether any of it could not be understood by this version: then nothing can be done in it.
    pub update_needed: bool,
}

/// Whether I may do something, for greying out. The server decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// What.
    pub action: Action,
    /// Why not; `None` when I may.
    pub refusal: Option<Refusal>,
}

/// What a person can do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Become the owner.
    Claim,
    /// Make somebody the owner.
    Assign,
    /// Give it back.
    Release,
    /// Offer it to a colleague.
    HandOff,
    /// Answer the customer.
    Reply,
    /// Answer in the owner's place.
    Cover,
    /// Write a note.
    Note,
    /// Snooze.
    Snooze,
    /// Set a follow-up.
    FollowUp,
    /// Close.
    Close,
    /// Open again.
    Reopen,
    /// No reply needed.
    NoReplyNeeded,
    /// Not a lead.
    NotALead,
    /// Wait for a colleague.
    Block,
    /// Take the reply lock from its holder.
    TakeOver,
    /// Suggest a text to whoever is replying.
    Suggest,
}

/// An item of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadItem {
    /// A message that came in, or went out outside Baton.
    Message {
        /// The message.
        message: Box<baton_domain::Message>,
        /// Other ways the same message came.
        also: Vec<String>,
    },
    /// A reply of ours.
    Reply {
        /// The reply, with where it stands.
        outbound: Box<baton_domain::Outbound>,
    },
    /// A note.
    Note {
        /// Its id.
        id: MessageId,
        /// Who.
        by: Option<MemberId>,
        /// When.
        at: Timestamp,
        /// The text.
        text: String,
        /// Who is mentioned.
        mentions: Vec<MemberId>,
        /// It is a text suggested to whoever is replying.
        suggestion: bool,
        /// It waits for the network.
        pending: bool,
    },
    /// Things that happened, folded into one line.
    Events {
        /// In order.
        entries: Vec<LogEntry>,
    },
}

/// A message's body, made safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// The visible text.
    pub text: String,
    /// The quoted text below it, folded.
    pub quoted: Option<String>,
    /// The signature, folded.
    pub signature: Option<String>,
    /// A complete, sanitised document for a sandboxed frame, where the message has HTML worth showing.
    pub html: Option<String>,
    /// How many remote images were not loaded.
    pub blocked_images: u32,
    /// Its links, in order of appearance.
    pub links: Vec<BodyLink>,
    /// The body is not on this computer yet, and there is no network.
    pub missing: bool,
    /// Files.
    pub attachments: Vec<baton_domain::Attachment>,
    /// The raw source.
    pub blob: Option<BlobId>,
}

/// A link of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BodyLink {
    /// What the reader sees.
    pub shown: String,
    /// Where it leads.
    pub target: String,
    /// Why it looks like a trick, in English for the details; `None` when it does not.
    pub suspicious: Option<String>,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Acted {
    /// Done.
    Done {
        /// The command, for undo.
        command: CommandId,
        /// Whether `undo` can take it back.
        undoable: bool,
        /// For a reply: until when it can be taken back.
        undo_until: Option<Timestamp>,
    },
    /// It waits for the network; what can be foreseen shows already.
    Pending {
        /// The command.
        command: CommandId,
    },
    /// Refused, with the reason; nothing is lost.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// What became of a keystroke in the composer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Composed {
    /// Whether the text is safe on this computer.
    pub saved: bool,
    /// Who may send.
    pub lock: ComposeLock,
}

/// Who may send what is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ComposeLock {
    /// Nothing typed yet, nobody.
    None,
    /// Me.
    Mine,
    /// Asked for; the answer comes as a change.
    Asked,
    /// Somebody else: I can suggest, or ask for it.
    Theirs {
        /// Why I can't.
        refusal: Refusal,
    },
    /// Unknown while offline: it is taken when the network is back.
    Offline,
}

/// An action that was refused after the person had moved on, or a reply that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The command.
    pub id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// What it is about.
    pub subject: String,
    /// What was asked.
    pub body: CommandBody,
    /// The text of a reply.
    pub draft: Option<DraftText>,
    /// Why it was held.
    pub why: HeldReason,
    /// When its author acted.
    pub issued_at: Timestamp,
}

/// Why an action was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum HeldReason {
    /// The server refused it.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Written offline, and the conversation changed hands meanwhile.
    OwnerChanged {
        /// Who has it.
        owner: Option<MemberId>,
    },
    /// Written offline, and something was written meanwhile.
    Newer {
        /// What.
        refusal: Refusal,
    },
    /// Written offline more than a day ago.
    TooOld,
    /// An earlier action of mine in the same conversation was refused.
    Behind {
        /// Which.
        command: CommandId,
    },
}

/// The three ways out of the held list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HeldResolution {
    /// Do it all the same, on what is known now.
    Retry,
    /// Keep the text as a note.
    MakeNote,
    /// Drop it.
    Discard,
}

/// An action that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PendingAction {
    /// The command.
    pub id: CommandId,
    /// What was asked.
    pub body: CommandBody,
    /// When.
    pub issued_at: Timestamp,
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

/// What a person chose on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Light, dark, or as the system.
    pub theme: Theme,
    /// Whether native notifications are shown.
    pub notifications: bool,
    /// Quiet from (minutes after local midnight).
    pub quiet_from_minute: Option<u16>,
    /// Quiet until.
    pub quiet_to_minute: Option<u16>,
    /// Whether the context pane is open.
    pub context_pane: bool,
    /// The zone dates are shown and chosen in (IANA); `None` as the system.
    pub zone: Option<String>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
