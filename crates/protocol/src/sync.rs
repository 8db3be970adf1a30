//! Desktop and server, over the WebSocket: snapshot, frames, commands, presence and leases.

use baton_domain::{
    Command, CommandId, Conversation, ConversationId, DeviceId, Document, LogEntry, MemberId, Refusal, Scope, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// The version of this protocol. A server and a desktop that differ say so instead of guessing.
pub const PROTOCOL_VERSION: u32 = 1;

/// A place in the log. Where it does not match what the server knows, the replica takes a fresh snapshot and keeps its
/// outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// The log's epoch: a restore starts a new one.
    #[schema(value_type = String)]
    #[ts(type = "string")]
    pub epoch: Uuid,
    /// The number of the last entry applied.
    #[ts(type = "number")]
    pub number: u64,
    /// The log's hash at that number, in hex.
    pub hash: String,
}

/// What a desktop says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClientMessage {
    /// First: who I am and how far I have read. (The session's bearer token travels in the HTTP upgrade.)
    Hello {
        /// [`PROTOCOL_VERSION`].
        protocol: u32,
        /// Which installation.
        device: DeviceId,
        /// How far it has read; `None` for a new replica.
        cursor: Option<Cursor>,
        /// The scopes whose snapshot it holds.
        scopes: Vec<Scope>,
    },
    /// Do this.
    Submit {
        /// What.
        command: Box<Command>,
    },
    /// What the person at this desktop looks at, and whether they write. Never stored.
    Presence {
        /// What they look at; `None` for nothing.
        looking: Option<ConversationId>,
        /// Whether the window has the focus and they did something lately.
        active: bool,
    },
    /// I still hold this reply lock.
    Renew {
        /// Where.
        conversation: ConversationId,
        /// The token.
        #[ts(type = "number")]
        token: u64,
        /// When its holder last typed.
        active_at: Timestamp,
    },
    /// This notification was shown or handled here: the others stay silent or withdraw it.
    Notified {
        /// Its key.
        key: String,
        /// Handled, not only shown.
        handled: bool,
    },
    /// Are you there?
    Ping,
}

/// One member's presence in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Present {
    /// Who.
    pub member: MemberId,
    /// Where; `None` when they look at none.
    pub looking: Option<ConversationId>,
    /// Whether they are at their desk.
    pub active: bool,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerMessage {
    /// You are welcome. What follows is frames from your cursor, or a snapshot.
    Welcome {
        /// The log's epoch.
        #[ts(type = "string")]
        epoch: Uuid,
        /// Who you are.
        member: MemberId,
        /// The server's time, for the offset.
        now: Timestamp,
        /// The number of the last entry.
        #[ts(type = "number")]
        head: u64,
        /// The scopes you may read.
        scopes: Vec<Scope>,
        /// Whether a snapshot follows.
        snapshot: bool,
    },
    /// The state of these scopes at a number. Comes in parts; the replica replaces what it has for them at the first and
    /// moves its cursor after the last.
    Snapshot {
        /// Which scopes.
        scopes: Vec<Scope>,
        /// The number it is the state at.
        cursor: Cursor,
        /// 0 for the first part.
        part: u32,
        /// Whether it is the last part.
        last: bool,
        /// Documents.
        documents: Vec<Document>,
        /// Conversations, newest first.
        conversations: Vec<Conversation>,
        /// Entries of those conversations, oldest first in each.
        entries: Vec<LogEntry>,
    },
    /// Everything of yours in (from, to]. The cursor moves to `to` even when it is empty.
    Frame {
        /// After this number.
        #[ts(type = "number")]
        from: u64,
        /// Up to and with this one.
        to: Cursor,
        /// In order.
        entries: Vec<LogEntry>,
    },
    /// You may not read this any more: your copy goes.
    ScopeLost {
        /// What.
        scope: Scope,
    },
    /// What became of a command.
    Answer {
        /// Which.
        command: CommandId,
        /// What.
        answer: Answer,
    },
    /// Who is where. Full at first, then changes.
    Presence {
        /// Who.
        present: Vec<Present>,
    },
    /// A notification was shown or handled on another device of yours.
    Notified {
        /// Its key.
        key: String,
        /// Handled, not only shown.
        handled: bool,
    },
    /// How an inbox's accounts are doing.
    Health {
        /// All you may see.
        accounts: Vec<crate::AccountHealth>,
    },
    /// The server can't go on with you.
    Refused {
        /// Why.
        why: SyncRefusal,
    },
    /// I am.
    Pong {
        /// The server's time.
        now: Timestamp,
    },
}

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SyncRefusal {
    /// The session was revoked or ran out: sign in again.
    SignedOut,
    /// The member has left: the replica goes.
    MemberRemoved,
    /// The desktop is too old.
    UpdateDesktop,
    /// The server is too old.
    UpdateServer,
    /// Too far behind to keep up: connect again.
    TooSlow,
    /// Messages that are not of this protocol.
    Malformed,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// Done. The entries are (from, to]; equal numbers mean the wish was already true.
    Done {
        /// The last entry before it.
        #[ts(type = "number")]
        from: u64,
        /// Its last entry.
        #[ts(type = "number")]
        to: u64,
    },
    /// Refused, with the reason.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}
