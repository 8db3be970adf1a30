//! Writing first: a conversation begun by us.
//!
//! It is somebody's from its first event on, and holds no message yet: the first one is a reply like any other, under the lock and
//! with its undo window. Nothing waits for an answer of ours, so no response clock runs.

use super::reply::plausible;
use super::{LINE_CHARS, invalid, text};
use crate::permission::grants;
use crate::{
    AccountMode, Address, Capability, Cause, Command, CommandBody, Context, Conversation, Event, Invalid, OwnerChange,
    Refusal, Source, Status,
};

pub(super) fn start(
    state: Option<&Conversation>,
    command: &Command,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let CommandBody::Start {
        inbox,
        account,
        to,
        subject,
    } = &command.body
    else {
        return Err(invalid("body", Invalid::NotNow));
    };
    // Nil stands for "about no conversation" in the log, and is none.
    if state.is_some() || context.inbox.id != *inbox || command.conversation.0.is_nil() {
        return Err(invalid("conversation", Invalid::NotNow));
    }
    let me = command
        .actor
        .member()
        .ok_or_else(|| invalid("actor", Invalid::Unknown))?;
    // Whoever starts it owns it, and its next move is theirs.
    if !grants(context.capabilities, Capability::Work) {
        return Err(Refusal::NotPermitted {
            needs: Capability::Work,
            inbox: Some(*inbox),
        });
    }
    let from = context.accounts.get(account).filter(|from| from.inbox == *inbox);
    let from = from.ok_or_else(|| invalid("account", Invalid::Unknown))?;
    if from.mode == AccountMode::Watch {
        return Err(invalid("account", Invalid::Watched));
    }
    let contact = Address {
        name: to.name.trim().to_owned(),
        email: to.email.trim().to_owned(),
    };
    let ours = context
        .accounts
        .values()
        .any(|own| own.own_address(&contact.email).is_some());
    if !plausible(&contact) || ours {
        return Err(invalid("to", Invalid::NotAnAddress));
    }
    let subject = text("subject", subject, LINE_CHARS)?;
    Ok(vec![
        Event::Created {
            number: context.next_conversation,
            inbox: *inbox,
            account: Some(*account),
            contact,
            subject,
            source: Source {
                channel: "email".to_owned(),
                address: from.address.clone(),
                at: context.now,
            },
            history: false,
        },
        Event::OwnerChanged {
            owner: Some(me),
            how: OwnerChange::Claimed,
            context: None,
        },
        Event::StatusChanged {
            status: Status::Assigned,
            cause: Cause::Ownership,
        },
    ])
}
