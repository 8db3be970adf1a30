//! What a group of commands needs loaded, and what the store answers.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    AccountId, Actor, CommandId, Conversation, ConversationId, Deadline, DeviceId, Document, DraftId, DraftText,
    HostGrant, InboxId, LeaseFacts, LogEntry, MemberId, MessageId, Refusal, Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ItemKey, RoutingLoaded, RoutingNeeds, Sealed, ThreadKey};

/// What a group of commands needs loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// The last number the referee knows: what other servers appended after it comes back as the tail. `None` for a referee
    /// that knows nothing yet: it gets no tail, but all documents.
    pub after: Option<u64>,
    /// Commands whose first answer, if there is one, is to be given again.
    pub commands: BTreeSet<CommandId>,
    /// Conversations. One that was merged into another brings that along, here and wherever one is loaded.
    pub conversations: BTreeSet<ConversationId>,
    /// Conversations that are needed with everything that was merged into them.
    pub whole: BTreeSet<ConversationId>,
    /// Conversations of which only the live facts of the reply lock are needed.
    pub leases: BTreeSet<ConversationId>,
    /// Accounts whose host is needed.
    pub hosts: BTreeSet<AccountId>,
    /// Keys of the thread index. The conversations they lead to are loaded too.
    pub keys: BTreeSet<ThreadKey>,
    /// Content digests of arriving messages. The conversations they lead to are loaded too.
    pub digests: BTreeSet<String>,
    /// Items of the ledger.
    pub items: BTreeSet<ItemKey>,
    /// Drafts that replies name.
    pub drafts: BTreeSet<DraftId>,
    /// All conversations in which somebody replies, or of which a reply has not left.
    pub replying: bool,
    /// Members whose open conversations are needed, all of them.
    pub owners: BTreeSet<MemberId>,
    /// Members whose drafts are needed, all of them, with the conversations they lie in.
    pub authors: BTreeSet<MemberId>,
    /// Conversations of which all drafts are needed.
    pub begun_in: BTreeSet<ConversationId>,
    /// Conversations whose whole log is needed.
    pub logs: BTreeSet<ConversationId>,
    /// Inboxes whose conversations are to be counted.
    pub counted: BTreeSet<InboxId>,
    /// What routing asks; `None` where nothing can be routed.
    pub routing: Option<Box<RoutingNeeds>>,
}

/// The head of a workspace's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// A restore starts a new one.
    pub epoch: Uuid,
    /// The number of the last entry; 0 before the first.
    pub number: u64,
    /// The chain's hash at that number.
    pub hash: [u8; 32],
    /// When the last entry was decided.
    pub last_at: Timestamp,
    /// The number the next new conversation gets.
    pub next_conversation: u32,
}

impl Head {
    /// The head of a log with nothing in it.
    #[must_use]
    pub const fn empty(epoch: Uuid) -> Self {
        Self {
            epoch,
            number: 0,
            hash: super::chain::START,
            last_at: Timestamp(0),
            next_conversation: 1,
        }
    }
}

/// What the store answers: the state at the head.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The head, now held.
    pub head: Head,
    /// The database's clock.
    pub now: Timestamp,
    /// What was appended after [`Needs::after`], in order.
    pub tail: Vec<Sealed>,
    /// All documents, for a referee that knows nothing yet.
    pub documents: Option<Vec<Document>>,
    /// First answers of commands that are known.
    pub answers: BTreeMap<CommandId, StoredAnswer>,
    /// The conversations asked for, and those that hits lead to.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// The live facts of the reply locks of all conversations asked for or loaded.
    pub leases: BTreeMap<ConversationId, LeaseRow>,
    /// Until when the last hosts of the accounts asked for have them.
    pub hosts: BTreeMap<AccountId, HostLease>,
    /// Hits of the thread index, at most [`HITS_PER_KEY`] a key, the newest first.
    pub hits: BTreeMap<ThreadKey, Vec<KeyHit>>,
    /// Messages with those digests.
    pub digests: BTreeMap<String, DigestHit>,
    /// Items that are in the ledger already.
    pub items: BTreeMap<ItemKey, ItemOutcome>,
    /// Drafts as saved.
    pub drafts: BTreeMap<DraftId, DraftRow>,
    /// The entries of the conversations whose log was asked for, the oldest first.
    pub logs: BTreeMap<ConversationId, Vec<LogEntry>>,
    /// How many conversations lie in the inboxes asked for; those without any may be left out.
    pub counts: BTreeMap<InboxId, u32>,
    /// What routing asked.
    pub routing: Option<RoutingLoaded>,
}

/// How many conversations one key of the thread index is looked up in.
pub const HITS_PER_KEY: usize = 16;

/// What became of a command the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Decided {
    /// Done; its entries are (from, to].
    Done {
        /// The last entry before it.
        from: u64,
        /// Its last entry.
        to: u64,
    },
    /// Refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// The first answer of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Whose command it was: nobody else is told.
    pub actor: Actor,
    /// What became of it.
    pub decided: Decided,
}

/// A conversation a key leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHit {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Which message has the key, or mentions it.
    pub message: MessageId,
    /// Only mentioned there.
    pub mentioned: bool,
    /// It is an outbound message of ours.
    pub ours: bool,
    /// The date of the newest message with the key there.
    pub at: Timestamp,
}

/// A message we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestHit {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which.
    pub message: MessageId,
    /// Through which account it came first.
    pub account: AccountId,
}

/// How an item of a mailbox was accounted for (L10): everything received is one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ItemOutcome {
    /// It became a message.
    Imported {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// It is a message we have.
    Duplicate {
        /// Where.
        conversation: ConversationId,
        /// Which.
        of: MessageId,
    },
    /// It could not be read; its bytes are kept.
    Quarantined {
        /// Why.
        why: String,
    },
    /// A rule ignores it.
    Ignored {
        /// Which.
        rule: String,
    },
}

/// The live facts of a reply lock, with what a renewal needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRow {
    /// Where.
    pub conversation: ConversationId,
    /// The fencing token: the number of the event that granted it.
    pub token: u64,
    /// Who.
    pub member: MemberId,
    /// On which device.
    pub device: DeviceId,
    /// When it runs out unless renewed.
    pub expires: Timestamp,
    /// When its holder last typed.
    pub active_at: Timestamp,
    /// How far a renewal moves its expiry, in milliseconds.
    pub lifetime_ms: i64,
    /// After this long without a keystroke it is released, in milliseconds.
    pub idle_ms: i64,
}

impl LeaseRow {
    /// What a decision is judged by.
    #[must_use]
    pub const fn facts(&self) -> LeaseFacts {
        LeaseFacts {
            expires: self.expires,
            active_at: self.active_at,
        }
    }

    /// When the scheduler must look at it, and whether because it lay idle.
    #[must_use]
    pub fn lapses(&self) -> (Timestamp, bool) {
        let idle = self.active_at.plus_ms(self.idle_ms);
        if idle < self.expires {
            (idle, true)
        } else {
            (self.expires, false)
        }
    }
}

/// Until when a host has its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostLease {
    /// The grant.
    pub grant: HostGrant,
    /// When it runs out unless renewed.
    pub expires: Timestamp,
}

/// A draft as saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// Which.
    pub id: DraftId,
    /// Where.
    pub conversation: ConversationId,
    /// Whose.
    pub member: MemberId,
    /// What it says.
    pub text: DraftText,
    /// Counts the author's saves.
    pub revision: u64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// Whether every attached file's bytes are there. Filled in by the store when it loads a draft.
    pub files_present: bool,
}

/// Something that falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueRow {
    /// A conversation's deadline.
    Deadline {
        /// Where.
        conversation: ConversationId,
        /// Which.
        what: Deadline,
        /// When.
        at: Timestamp,
    },
    /// A reply lock ran out or lay idle.
    Lease {
        /// Where.
        conversation: ConversationId,
        /// Its token.
        token: u64,
        /// It lay idle.
        idle: bool,
        /// When.
        at: Timestamp,
    },
}

/// What is due, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueList {
    /// Due now, the earliest first.
    pub rows: Vec<DueRow>,
    /// The store's time.
    pub now: Timestamp,
    /// When the next thing after `now` falls due.
    pub next: Option<Timestamp>,
}

/// What was appended after a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// The log's epoch.
    pub epoch: Uuid,
    /// In order.
    pub entries: Vec<Sealed>,
}

/// What `found` is merged into; and what was merged into the `whole` ones of it, and into these.
pub(crate) fn related(
    found: &BTreeMap<ConversationId, Conversation>,
    whole: &BTreeSet<ConversationId>,
) -> BTreeSet<ConversationId> {
    let into = found.values().filter_map(|state| state.merged.as_ref());
    let mut related: BTreeSet<ConversationId> = into.map(|merged| merged.into).collect();
    let mut next: Vec<ConversationId> = whole.iter().copied().collect();
    while let Some(state) = next.pop().and_then(|id| found.get(&id)) {
        for part in state.absorbs() {
            if related.insert(part) {
                next.push(part);
            }
        }
    }
    related
}
