//! Commands that follow from time alone.

use baton_domain::{Actor, Command, CommandBody, ConversationId, DeviceId};
use baton_store::port::DueRow;
use uuid::Uuid;

use super::ids::{due_id, lapse_id};

/// In which conversation something is due.
pub(super) const fn place(row: &DueRow) -> ConversationId {
    match row {
        DueRow::Deadline { conversation, .. } | DueRow::Lease { conversation, .. } => *conversation,
    }
}

/// The command that something due leads to, on a conversation that has seen `version` events.
pub(super) fn command(row: &DueRow, version: u32) -> Command {
    let (id, at, body) = match *row {
        DueRow::Deadline { conversation, what, at } => (
            due_id(conversation, version, what, at),
            at,
            CommandBody::Due { what, at },
        ),
        DueRow::Lease {
            conversation,
            token,
            idle,
            at,
        } => (
            lapse_id(conversation, version, token, at),
            at,
            CommandBody::LockLapsed { token, idle },
        ),
    };
    Command {
        id,
        actor: Actor::Timer,
        device: DeviceId(Uuid::nil()),
        conversation: place(row),
        issued_at: at,
        last_seen: None,
        based_on: None,
        body,
    }
}
