//! What a host needs from the process it runs in. The server implements it over its referee, the desktop over its connection to one.

use async_trait::async_trait;
use baton_domain::{BlobId, MessageId, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::health::AccountHealth;
use crate::email::graph::Names;
use crate::email::imap::{Changes, FolderRole};
use crate::email::smtp::Envelope;

/// How far a folder has been received: every message with `lowest <= uid <= highest` was committed. A first sync starts at the newest
/// and moves `lowest` down to 1; new mail moves `highest` up. The port stores it as it is and gives the last one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderCursor {
    /// The folder's name on the wire.
    pub folder: String,
    /// Under which the UIDs are valid. Another one voids the rest.
    pub uidvalidity: u32,
    /// The lowest committed UID; 1 when nothing older is left.
    pub lowest: u32,
    /// The highest committed UID.
    pub highest: u32,
    /// UIDs the server listed that were committed so far, as whatever became of them.
    pub received: u32,
    /// Messages below this UID were there when the folder was first opened under these numbers.
    pub found_below: u32,
    /// Whether the folder had other numbers before: then what was found is history, whatever its date.
    pub renumbered: bool,
    /// The folder's UIDNEXT when it was last opened.
    pub uid_next: u32,
    /// Every change of flags and every removal up to this HIGHESTMODSEQ was told; 0 where the server counts none.
    pub modseq: u64,
}

impl FolderCursor {
    /// Whether everything the folder held has been committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.lowest <= 1
    }
}

/// A folder of the team's own that is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Follows {
    /// Its name for people.
    pub name: String,
    /// What came in before and was there when the folder was first opened is history.
    pub since: Timestamp,
}

/// Where a folder stands once a batch is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderProgress {
    /// The cursor to store, in the transaction of the batch.
    pub cursor: FolderCursor,
    /// What the folder is for.
    pub role: FolderRole,
    /// Messages in the folder, as far as known.
    pub total: u32,
}

/// A message of a folder. The same one may arrive again, after a crash or a renumbering; where it sits names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arrived {
    /// The folder's name on the wire.
    pub folder: String,
    /// What the folder is for.
    pub role: FolderRole,
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// Its UID.
    pub uid: u32,
    /// When the server got it; now where the server doesn't say.
    pub internal_date: Timestamp,
    /// Its flags there.
    pub flags: Vec<String>,
    /// Its raw bytes, durable already. None where they could not be fetched.
    pub blob: Option<BlobId>,
    /// Why it could not be fetched.
    pub unreadable: Option<String>,
    /// It was listed, and moved or deleted by somebody before it could be read.
    pub gone: bool,
    /// Its size in bytes.
    pub size: u32,
    /// Whether it is history: it arrived before the account went live, or was found again.
    pub history: bool,
}

/// What is to be done with an outgoing message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// To be sent.
    Queued,
    /// Its body had been offered, or was about to be, when a host died. Never sent again: looked for.
    Sending,
    /// Sent; its copy is still to be filed.
    Unfiled,
}

/// An outgoing message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundJob {
    /// Its id.
    pub id: MessageId,
    /// Which attempt this is. With the id it is the token of every report.
    pub attempt: u32,
    /// How often a provider asked for patience with it already.
    pub given_back: u32,
    /// The message, byte by byte.
    pub raw: Bytes,
    /// From and for whom.
    pub envelope: Envelope,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// What is to be done.
    pub state: JobState,
}

/// Why a message went back into the queue: it was certainly not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// What stood in the way, in the server's or the system's words.
    pub reason: String,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Whether the provider asked for patience with this very message (4xx): what its author should see. Otherwise the account as a
    /// whole is in trouble, and its health says so.
    pub asked_to_wait: bool,
}

/// Why the port could not do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error)]
#[serde(tag = "kind", content = "why", rename_all = "camelCase")]
pub enum PortError {
    /// Another host has the account now. This one ends.
    #[error("another host has this account now")]
    LeaseLost,
    /// Not now: no connection, no disk. It is tried again.
    #[error("not now: {0}")]
    Unavailable(String),
    /// No, and asking again changes nothing: cancelled, settled already.
    #[error("refused: {0}")]
    Refused(String),
}

/// The process around a host.
#[async_trait]
pub trait HostPort: Send + Sync + 'static {
    /// The last committed cursor of every folder.
    async fn cursors(&self) -> Result<Vec<FolderCursor>, PortError>;

    /// Takes raw messages and gives their names, in this order. They are durable before [`Self::receive`] commits what names them. One call
    /// for many, so that one sync of the disk serves them all.
    async fn put_blobs(&self, messages: Vec<Vec<u8>>) -> Result<Vec<BlobId>, PortError>;

    /// Commits messages and the folder's cursor with or after them. Without messages only the cursor moves. While the cursor says that more
    /// of the folder follows, a process may return before the commit is through, if it keeps the order of the batches and tries one that
    /// failed again before the next.
    async fn receive(&self, batch: Vec<Arrived>, progress: FolderProgress) -> Result<(), PortError>;

    /// What a folder says now of messages that were committed: their flags, or that they are not there any more. It comes before the
    /// cursor that says that it was told. A process that keeps no such thing leaves it.
    async fn sighted(&self, folder: &str, uidvalidity: u32, changes: Changes) -> Result<(), PortError> {
        let _ = (folder, uidvalidity, changes);
        Ok(())
    }

    /// The next message that is due, if any. Until it is reported on, the same one may come again.
    async fn next_outbound(&self) -> Result<Option<OutboundJob>, PortError>;

    /// Ends when [`Self::next_outbound`] may have something. It may end early; the host also asks by itself.
    async fn outbound_woken(&self);

    /// The fence: committed before the first byte of the body is offered. From then on the message can't be cancelled, and nobody sends
    /// it again by himself. A refusal means that it is not to be sent.
    async fn outbound_sending(&self, id: MessageId, attempt: u32) -> Result<(), PortError>;

    /// It was certainly not taken, before the fence or behind it (the server refused it for now, or the connection ended before the
    /// final dot): it is queued again.
    async fn outbound_returned(&self, id: MessageId, attempt: u32, returned: Returned) -> Result<(), PortError>;

    /// The provider took it, with these words.
    async fn outbound_sent(&self, id: MessageId, attempt: u32, reply: String) -> Result<(), PortError>;

    /// The provider refused it for good.
    async fn outbound_failed(&self, id: MessageId, attempt: u32, code: u16, text: String) -> Result<(), PortError>;

    /// Nobody knows whether it was taken, and it was not found in the sent folder.
    async fn outbound_unknown(&self, id: MessageId, attempt: u32, reason: String) -> Result<(), PortError>;

    /// Its copy lies in the sent folder.
    async fn filed(&self, id: MessageId) -> Result<(), PortError>;

    /// How the account is doing. Told whenever it changes.
    async fn health(&self, health: AccountHealth);

    /// Whether this host still holds the account, by a clock that counts suspend. Asked right before the final dot; must not wait.
    fn lease_ok(&self) -> bool;

    /// Since when the account is live. What arrived before is history.
    fn live_since(&self) -> Timestamp;

    /// Folders of the team's own that are taken in, and since when each is followed.
    fn follows(&self) -> Vec<Follows> {
        Vec::new()
    }

    /// Where the numbers of messages are kept that their provider only names. A process without such a place hosts no such mailbox.
    fn names(&self) -> Option<&dyn Names> {
        None
    }
}
