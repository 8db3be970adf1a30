//! The storage port: what a referee needs loaded and what it appends, as plain data.
//!
//! The order of a commit is the port's contract, the same for every implementation. [`Sequencer::begin`] takes the head of
//! the workspace's log, which nobody else can have until [`Sequencer::append`] or [`Sequencer::rollback`] lets it go; only then
//! does it read. What it answers is therefore the state as it stands at the head, and nothing can be appended between that
//! reading and the append that follows. `append` writes a whole [`Batch`] or nothing of it.
//!
//! Three implementations exist: SQLite, PostgreSQL (both [`crate::server::ServerStore`]) and the [`model`] that the simulator
//! runs. One set of contract tests holds all three to the same behaviour.

use async_trait::async_trait;
use baton_domain::{ConversationId, DeviceId, HostGrant, MemberId, Timestamp};

mod batch;
pub mod chain;
mod key;
mod loaded;
pub mod model;
mod routing;

pub use batch::*;
pub use key::*;
pub use loaded::*;
pub use routing::*;

/// Why the store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// It can't be reached, is busy or has no room. The same may succeed later. After an append nobody knows whether it was
    /// written: the next [`Sequencer::begin`] tells.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// No room on the disk. Nothing was written.
    #[error("no room on the disk: {0}")]
    Full(String),
    /// The batch can't be written, now or later: something in it is refused. Nothing was written.
    #[error("the store refuses the batch: {0}")]
    Rejected(String),
    /// The head is not where the batch expects it. Nothing was written.
    #[error("the head of the log has moved")]
    HeadMoved,
    /// What is stored can't be read back: a defect, or another version's data.
    #[error("stored data can't be read: {0}")]
    Unreadable(String),
    /// There is no such workspace.
    #[error("the workspace does not exist")]
    NoWorkspace,
}

impl PortError {
    /// Whether trying the same again later makes sense.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full(_) | Self::HeadMoved)
    }
}

/// A holder says that it still holds a reply lock. Renewals are not in the log: they move one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// Where.
    pub conversation: ConversationId,
    /// The fencing token.
    pub token: u64,
    /// Who.
    pub member: MemberId,
    /// On which device.
    pub device: DeviceId,
    /// When its holder last typed. It never moves back, nor past the store's clock.
    pub active_at: Timestamp,
}

/// The log of one workspace with its projections, as its referee sees it.
#[async_trait]
pub trait Sequencer: Send + Sync {
    /// The head, held.
    type Tx: Send;

    /// Takes the head and loads what `needs` names, as it stands at the head.
    ///
    /// # Errors
    /// When the store can't be reached or read; the head is then free.
    async fn begin(&self, needs: &Needs) -> Result<(Self::Tx, Loaded), PortError>;

    /// Writes the batch durably and lets the head go.
    ///
    /// # Errors
    /// When it was not written, or ([`PortError::Unavailable`]) when that can't be told; the head is then free.
    async fn append(&self, tx: Self::Tx, batch: Batch) -> Result<(), PortError>;

    /// Lets the head go; nothing was written.
    async fn rollback(&self, tx: Self::Tx);

    /// Moves the expiry of a reply lock; false when the lock is not held with that token by that device any more. It does not
    /// take the head.
    ///
    /// # Errors
    /// When the store can't be reached.
    async fn renew(&self, renewal: Renewal) -> Result<bool, PortError>;

    /// Moves the time at which a host's grant runs out; false when it has run out, or is not the account's any more. It does not take
    /// the head.
    ///
    /// # Errors
    /// When the store can't be reached.
    async fn renew_host(&self, grant: HostGrant, lifetime_ms: i64) -> Result<bool, PortError>;

    /// What is due at the store's time, and when the next thing falls due after it. It does not take the head.
    ///
    /// # Errors
    /// When the store can't be reached.
    async fn due(&self, limit: usize) -> Result<DueList, PortError>;

    /// What was appended after number `after`, without taking the head: for those who only follow.
    ///
    /// # Errors
    /// When the store can't be reached.
    async fn tail(&self, after: u64) -> Result<Tail, PortError>;
}
