//! The server's store: SQLite in WAL mode by default, PostgreSQL where a URL says so; the same code on both.
//!
//! A [`ServerStore`] is one workspace's log and projections behind the storage port ([`crate::port::Sequencer`]), the queries the
//! server's shells ask, and its blobs. What is not in the log (drafts, sessions, passwords, sealed secrets) is written by short
//! statements of its own, never inside a commit.

mod backup;
mod blobs;
mod connect;
mod convert;
mod entity;
mod error;
mod firsts;
mod load;
mod mail;
mod names;
mod notify;
mod people;
#[cfg(test)]
mod plan;
mod read;
mod readers;
mod routing;
mod sequencer;
mod snapshot;
mod versions;
mod write;

#[cfg(test)]
mod tests;

pub use backup::restore;
pub use blobs::{Appended, BlobError, Blobs};
pub use connect::{ServerStore, StoreOptions};
pub use error::StoreError;
pub use mail::{FolderLedger, HostRow, OutboundRow, QuarantinedRow, Sighting};
pub use names::{NamedRow, NumberedFolder, PlaceRow};
pub use people::{InvitationRow, NewSession, SessionRow};
pub use read::{ConversationFilter, ConversationKey, OwnerFilter, Readable};
pub use snapshot::{Page, Snapshot};
