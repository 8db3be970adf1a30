//! What a referee appends: one atomic batch of typed writes.

use baton_domain::{
    AccountId, Actor, BlobId, CommandId, Conversation, ConversationId, Deadline, Document, DocumentId, DraftId,
    InboxId, LogEntry, MessageId, Timestamp,
};

use super::{Decided, DraftRow, Head, HostLease, ItemKey, ItemOutcome, LeaseRow, ThreadKey, TurnRow};

/// An entry with its place in the hash chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry.
    pub entry: LogEntry,
    /// Random bytes: without them nobody can guess an erased payload from its digest.
    pub salt: [u8; 16],
    /// The salted digest of the payload.
    pub digest: [u8; 32],
    /// The chain's hash at this entry.
    pub hash: [u8; 32],
}

/// One commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The number of the head it was decided at.
    pub expected: u64,
    /// The head after it.
    pub head: Head,
    /// New entries of the log.
    pub entries: Vec<Sealed>,
    /// Conversations as they are after it.
    pub conversations: Vec<ConversationRow>,
    /// New keys of the thread index.
    pub keys: Vec<KeyRow>,
    /// Keys that lead to a conversation no more, because the message that has them, or was the first to mention them, went on in another.
    /// They go before the new ones come.
    pub dropped_keys: Vec<DroppedKey>,
    /// New content digests.
    pub digests: Vec<DigestRow>,
    /// Items accounted for.
    pub items: Vec<ItemRow>,
    /// Items in quarantine that were tried again, with what became of them.
    pub settled: Vec<ItemRow>,
    /// How far folders have been read.
    pub cursors: Vec<FolderCursor>,
    /// Reply locks granted; one a conversation.
    pub leases: Vec<LeaseRow>,
    /// Reply locks ended.
    pub ended_leases: Vec<ConversationId>,
    /// Grants of hosts, and until when: one an account.
    pub hosts: Vec<HostLease>,
    /// Leads that were given in turn; one a rule and member.
    pub turns: Vec<TurnRow>,
    /// First answers.
    pub answers: Vec<AnswerRow>,
    /// Documents as they are after it.
    pub documents: Vec<Document>,
    /// Inboxes that promise something else from then on: their open conversations are due at once, to compute their clocks anew.
    pub retargeted: Vec<(InboxId, Timestamp)>,
    /// Documents removed.
    pub removed_documents: Vec<DocumentId>,
    /// Drafts that were sent.
    pub used_drafts: Vec<DraftId>,
    /// Texts of replies that were taken back: drafts again, unless their author has begun another.
    pub returned_drafts: Vec<DraftRow>,
}

impl Batch {
    /// A batch that changes nothing yet.
    #[must_use]
    pub const fn at(head: Head) -> Self {
        Self {
            expected: head.number,
            head,
            entries: Vec::new(),
            conversations: Vec::new(),
            keys: Vec::new(),
            dropped_keys: Vec::new(),
            digests: Vec::new(),
            items: Vec::new(),
            settled: Vec::new(),
            cursors: Vec::new(),
            leases: Vec::new(),
            ended_leases: Vec::new(),
            hosts: Vec::new(),
            turns: Vec::new(),
            answers: Vec::new(),
            documents: Vec::new(),
            retargeted: Vec::new(),
            removed_documents: Vec::new(),
            used_drafts: Vec::new(),
            returned_drafts: Vec::new(),
        }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.conversations.is_empty()
            && self.keys.is_empty()
            && self.dropped_keys.is_empty()
            && self.digests.is_empty()
            && self.items.is_empty()
            && self.settled.is_empty()
            && self.cursors.is_empty()
            && self.leases.is_empty()
            && self.ended_leases.is_empty()
            && self.hosts.is_empty()
            && self.turns.is_empty()
            && self.answers.is_empty()
            && self.documents.is_empty()
            && self.retargeted.is_empty()
            && self.removed_documents.is_empty()
            && self.used_drafts.is_empty()
            && self.returned_drafts.is_empty()
    }
}

/// A conversation's state with what the scheduler needs. The columns of lists are the store's own.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRow {
    /// Its state.
    pub conversation: Conversation,
    /// Its next deadline.
    pub wake: Option<(Timestamp, Deadline)>,
}

/// A key that leads to a conversation. Putting it again keeps the newest date, and "known" beats "mentioned".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub key: ThreadKey,
    /// Where it leads.
    pub conversation: ConversationId,
    /// Which message has it, or mentions it.
    pub message: MessageId,
    /// Only mentioned there.
    pub mentioned: bool,
    /// It is an outbound message of ours.
    pub ours: bool,
    /// The message's date.
    pub at: Timestamp,
}

/// A key that leads to a conversation no more, unless another message of it has it as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DroppedKey {
    /// The key.
    pub key: ThreadKey,
    /// Where it led.
    pub conversation: ConversationId,
    /// For which message.
    pub message: MessageId,
}

/// The content digest of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRow {
    /// The digest.
    pub digest: String,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which message.
    pub message: MessageId,
    /// Through which account it came.
    pub account: AccountId,
}

/// A line of an account's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Where it sits.
    pub key: ItemKey,
    /// How it was accounted for.
    pub outcome: ItemOutcome,
    /// Its raw bytes.
    pub blob: Option<BlobId>,
    /// When.
    pub at: Timestamp,
    /// Its flags, as IMAP writes them.
    pub flags: Vec<String>,
    /// When the mail server received it.
    pub internal_date: Timestamp,
}

/// How far a folder has been read. A host keeps no cursor of its own: a crash or a take-over repeats work and loses none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderCursor {
    /// The account.
    pub account: AccountId,
    /// The folder, decoded.
    pub folder: String,
    /// The UIDVALIDITY all of this is good in.
    pub uidvalidity: u32,
    /// The highest UID taken in.
    pub high: u32,
    /// The lowest UID taken in: a first sync goes down from the newest. 1 (or 0) when it is through.
    pub low: u32,
    /// The folder's HIGHESTMODSEQ once everything up to it is stored; 0 where the server has none.
    pub modseq: u64,
    /// Messages below this UID were there when the folder was first opened under these numbers.
    pub found_below: u32,
    /// Whether the folder had other numbers before.
    pub renumbered: bool,
    /// How many UIDs the server listed from `low` to `high`. The ledger has a line for each, or mail was lost.
    pub received: u32,
    /// The folder's UIDNEXT when it was last looked at; 0 where that is not known.
    pub uid_next: u32,
    /// Messages in the folder when it was last looked at.
    pub messages: u32,
    /// Whether it is the folder of sent mail.
    pub sent: bool,
}

impl FolderCursor {
    /// A cursor of a folder of incoming mail read from `low` to `high`, of which nothing else is known.
    #[must_use]
    pub const fn at(account: AccountId, folder: String, uidvalidity: u32, low: u32, high: u32) -> Self {
        Self {
            account,
            folder,
            uidvalidity,
            high,
            low,
            modseq: 0,
            found_below: 0,
            renumbered: false,
            received: 0,
            uid_next: 0,
            messages: 0,
            sent: false,
        }
    }
}

/// The first answer of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerRow {
    /// Which command.
    pub command: CommandId,
    /// Whose.
    pub actor: Actor,
    /// What became of it.
    pub decided: Decided,
    /// When.
    pub at: Timestamp,
}
