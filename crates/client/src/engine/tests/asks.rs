//! What people ask in the office, in short.

use baton_domain::{Address, CommandBody, CommandId, ConversationId, DraftText};
use baton_protocol::{Acted, HeldResolution};

use super::office::Office;
use crate::engine::Ask;

pub(super) fn reply_text(text: &str) -> DraftText {
    DraftText {
        to: vec![Address {
            name: "Carl".to_owned(),
            email: "carl@customer.example".to_owned(),
        }],
        subject: "Re: 40 lamps".to_owned(),
        text: text.to_owned(),
        ..DraftText::default()
    }
}

pub(super) fn note(text: &str) -> CommandBody {
    CommandBody::AddNote {
        text: text.to_owned(),
        mentions: Vec::new(),
    }
}

pub(super) fn step(text: &str) -> CommandBody {
    CommandBody::SetNextStep { text: text.to_owned() }
}

impl Office {
    pub(super) fn looks(&mut self, desk: usize, conversation: Option<ConversationId>) {
        let seen = conversation.and_then(|id| self.on_screen(desk, id));
        self.ask(desk, Ask::Looking { conversation, seen });
        self.settle();
    }

    pub(super) fn resolve(&mut self, desk: usize, id: CommandId, how: HeldResolution) -> Acted {
        let ticket = self.ask(desk, Ask::ResolveHeld { id, how });
        self.settle();
        self.acted(desk, ticket)
    }
}
