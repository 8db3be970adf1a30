//! What the window shows, as pure functions of a state, a time, a zone and a viewer.
//!
//! "Due" and "overdue" are never stored: they are read off the state and the clock, so that they are right offline too.

mod allowed;
mod details;
mod exceptions;
mod list;
mod place;
mod review;
mod search;
mod thread;

pub use allowed::{Judge, allowed, assignable, movable};
pub use details::used_details;
pub use exceptions::exceptions;
pub use list::{Listed, page};
pub(crate) use list::{at, replying};
pub(crate) use place::views;
pub use place::{Placement, Viewer, clock, due_at, place, snoozed, trouble, turn, unread};
pub use review::{FrozenRow, freeze, settled};
pub use search::{Haystack, Needle};
pub use thread::{PendingNote, thread};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
