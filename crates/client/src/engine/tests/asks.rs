//! What people ask in the office, in short.

use baton_domain::{Address, CommandBody, DraftText};

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
