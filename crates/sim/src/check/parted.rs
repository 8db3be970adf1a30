//! What goes on in a conversation of its own is said there anew, every message of it, with the same command.

use std::collections::BTreeMap;

use baton_domain::{CommandId, ConversationId, Event, LogEntry, MessageId};

use super::{Broken, Promise, because};

/// What was split off and not said anew yet.
#[derive(Debug, Default)]
pub struct Parted {
    by: Option<CommandId>,
    owed: BTreeMap<MessageId, ConversationId>,
    /// With which entry the team first had what was split off, by the message's id where it went.
    came: BTreeMap<MessageId, u64>,
}

impl Parted {
    /// Follows the log.
    pub(super) fn moved(&mut self, entry: &LogEntry, place: ConversationId, event: &Event) -> Result<(), Broken> {
        if self.by != Some(entry.command) {
            self.whole()?;
        }
        match event {
            Event::SplitOff { messages, into, .. } => {
                self.by = Some(entry.command);
                let there = messages.iter().map(|message| (message.in_conversation(*into), *into));
                self.owed.extend(there);
            }
            Event::MessageReceived { message, .. } if self.owed.get(&message.id) == Some(&place) => {
                self.owed.remove(&message.id);
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes with which entries what goes `into` another had come.
    pub(super) fn had_come(&mut self, into: ConversationId, messages: impl Iterator<Item = (u64, MessageId)>) {
        self.came
            .extend(messages.map(|(number, id)| (id.in_conversation(into), number)));
    }

    /// With which entry the team first had a message: said anew it is no newer than it was.
    pub(super) fn came(&self, message: MessageId) -> Option<u64> {
        self.came.get(&message).copied()
    }

    /// Between two commits nothing is owed.
    pub(super) fn whole(&self) -> Result<(), Broken> {
        let Some((message, into)) = self.owed.first_key_value() else {
            return Ok(());
        };
        let how = format!("message {message} was split off into {into}, and is not there");
        Err(because(Promise::Together, how))
    }
}
