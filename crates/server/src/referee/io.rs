//! What goes into the referee and what comes out.

use baton_domain::{AccountId, Command, Host, HostGrant, LogEntry, MessageId, SessionId, Timestamp};
use baton_protocol::{Answer, Cursor};
use baton_store::port::{Batch, DueRow, FolderCursor, Loaded, Needs, PortError, Tail};

use super::arrival::{Arrival, Received};

/// Who waits for an answer. Made by the driver, meaningless to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Makes the Message-ID of a reply from its id and the domain of the account it leaves through. The same inputs give the same id.
pub type HeaderIds = Box<dyn Fn(MessageId, &str) -> String + Send + Sync>;

/// What the referee is told.
#[derive(Debug)]
pub enum Input {
    /// Begin: load the documents and the head.
    Open {
        /// Who waits for it.
        ticket: Ticket,
    },
    /// Somebody asks something. The actor is already who they really are.
    Submit {
        /// Who waits for the answer.
        ticket: Ticket,
        /// What they ask.
        command: Box<Command>,
        /// Where a host says it: its grant. It counts only while that stands.
        under: Option<HostGrant>,
    },
    /// A host brings mail. Its raw bytes are durable, and read as far as they can be.
    Receive {
        /// Who waits for the answer.
        ticket: Ticket,
        /// In the order in which they are to be taken in.
        arrivals: Vec<Arrival>,
        /// How far the folder is read once all of them are in.
        progress: Option<FolderCursor>,
        /// Where a host brings it: its grant. It counts only while that stands.
        under: Option<HostGrant>,
    },
    /// Somebody wants to host an account.
    Host {
        /// Who waits for the answer.
        ticket: Ticket,
        /// Which, and who.
        ask: HostAsk,
    },
    /// A host has shown that it sees the mailbox its predecessor saw.
    Shown {
        /// Who waits for the answer.
        ticket: Ticket,
        /// Its grant.
        grant: HostGrant,
    },
    /// A host gives its grant back.
    Release {
        /// Who waits for the answer.
        ticket: Ticket,
        /// The grant.
        grant: HostGrant,
    },
    /// These are due.
    Tick {
        /// What.
        due: Vec<DueRow>,
    },
    /// What other servers appended, read without the head.
    Tail {
        /// What.
        tail: Tail,
    },
    /// The head is ours; this is the state at it.
    Began {
        /// The state.
        loaded: Box<Loaded>,
        /// Fresh randomness for this commit.
        entropy: [u8; 32],
    },
    /// The batch is durable.
    Appended,
    /// The store could not begin, or did not append.
    StoreFailed {
        /// Why.
        error: PortError,
    },
}

/// A wish to host an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostAsk {
    /// Which.
    pub account: AccountId,
    /// The server or desktop that wants to.
    pub session: SessionId,
    /// How long the grant lives without a renewal, in milliseconds.
    pub lifetime_ms: i64,
}

/// A wish to host that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostGranted {
    /// The host it makes.
    pub host: Host,
    /// Who had the account before.
    pub before: Option<Host>,
}

/// What the referee wants done.
#[derive(Debug)]
pub enum Effect {
    /// Take the head and load this; answered by [`Input::Began`] or [`Input::StoreFailed`].
    Begin(Box<Needs>),
    /// Append this and let the head go; answered by [`Input::Appended`] or [`Input::StoreFailed`].
    Append(Box<Batch>),
    /// Let the head go: there is nothing to write. Not answered.
    Rollback,
    /// Tell whoever waits.
    Answer {
        /// Who.
        ticket: Ticket,
        /// What became of it, or why that can't be told.
        outcome: Result<Reply, Fault>,
    },
    /// Tell everybody what was appended. It is durable.
    Publish {
        /// After this number.
        from: u64,
        /// Up to and with this place.
        to: Cursor,
        /// What.
        entries: Vec<LogEntry>,
    },
    /// Something falls due then: be awake.
    WakeAt(Timestamp),
}

/// What became of what was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Of a command.
    Command(Answer),
    /// Of a delivery of mail.
    Received(Received),
    /// The referee knows the log.
    Opened,
    /// What was granted; `None` while another hosts the account.
    Hosted(Option<HostGranted>),
    /// The grant does not stand any more, by whomever it was given back or replaced.
    Released,
    /// Whether the host that has shown something still is one.
    Shown(bool),
}

/// Why it can't be told what became of it. Asking again with the same id is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store can't be reached now.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// No room on the disk.
    #[error("no room on the disk: {0}")]
    Full(String),
    /// It came from a host whose grant does not stand any more: nothing of it was done.
    #[error("another host has the account")]
    NotHost,
    /// The store refuses to write it, now and later.
    #[error("the store refuses it: {0}")]
    Rejected(String),
}

impl From<PortError> for Fault {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Full(why) => Self::Full(why),
            PortError::Rejected(why) | PortError::Unreadable(why) => Self::Rejected(why),
            other @ (PortError::Unavailable(_) | PortError::HeadMoved | PortError::NoWorkspace) => {
                Self::Unavailable(other.to_string())
            }
        }
    }
}
