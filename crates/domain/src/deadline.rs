//! Deadlines: when a conversation needs attention by itself.

use crate::{Conversation, Deadline, Timestamp};

/// The next deadline of a conversation and what it is; `None` when nothing happens without somebody acting.
#[must_use]
pub fn next_deadline(conversation: &Conversation) -> Option<(Timestamp, Deadline)> {
    let _ = conversation;
    None
}
