//! Commands that follow from time alone.

use baton_domain::{Actor, Command, CommandBody, ConversationId, DeviceId};
use baton_store::port::DueRow;
use uuid::Uuid;

use super::ids::{due_id, lapse_id};

/// The command that something due leads to.
pub(super) fn command(row: &DueRow) -> Command {
    let (id, conversation, at, body): (_, ConversationId, _, _) = match *row {
        DueRow::Deadline { conversation, what, at } => (
            due_id(conversation, what, at),
            conversation,
            at,
            CommandBody::Due { what, at },
        ),
        DueRow::Lease {
            conversation,
            token,
            idle,
            at,
        } => (
            lapse_id(conversation, token, at),
            conversation,
            at,
            CommandBody::LockLapsed { token, idle },
        ),
    };
    Command {
        id,
        actor: Actor::Timer,
        device: DeviceId(Uuid::nil()),
        conversation,
        issued_at: at,
        last_seen: None,
        based_on: None,
        body,
    }
}
