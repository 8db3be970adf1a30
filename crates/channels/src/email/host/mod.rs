//! The host of an email account: whichever process holds the account's lease and credentials.
//!
//! Two machines decide, without IO: [`sync`] what to fetch next, [`outbox`] what to do with each outgoing message. [`run`] carries
//! their decisions out, over IMAP, SMTP and the [`HostPort`] that the server or the desktop provides. The host keeps no cursor of its
//! own: what is committed through the port is all that counts, so a crash or a takeover repeats work and never loses it.

mod backoff;
mod driver;
mod health;
pub mod outbox;
mod port;
pub mod sameness;
mod sending;
pub(in crate::email) mod session;
pub mod sync;
pub mod wire;

pub use driver::{HostEnd, run};
pub use health::{AccountHealth, HealthState};
pub use port::{Arrived, FolderCursor, FolderProgress, Follows, HostPort, JobState, OutboundJob, PortError, Returned};
