//! What entries of the log say of what can be found, and the pieces that are made of it: the same for a server and for a replica.

use std::collections::BTreeMap;

use baton_domain::{
    Actor, Address, BlobId, ConversationId, Event, LogBody, LogEntry, MemberId, Message, MessageId, Outbound, Timestamp,
};

use super::{Piece, PieceKind};

/// Something that was written, as the log has it: the text of a message is in its blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    conversation: ConversationId,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Message(PieceKind, Box<Message>),
    Reply(Box<Outbound>),
    Note(Timestamp, Actor, String),
}

/// What these entries wrote, with `None` for what is no more. The later entry counts: a reply may be queued and cancelled among them.
#[must_use]
pub fn writings(entries: Vec<LogEntry>) -> BTreeMap<MessageId, Option<Writing>> {
    let mut writings = BTreeMap::new();
    for entry in entries {
        let LogBody::Conversation { conversation, event } = entry.body else {
            continue;
        };
        let (id, what) = match event {
            Event::MessageReceived { message, .. } => (message.id, What::Message(PieceKind::Theirs, message)),
            Event::OutsideReply { message, .. } => (message.id, What::Message(PieceKind::Ours, message)),
            Event::ReplyQueued { outbound } => (outbound.id, What::Reply(outbound)),
            Event::NoteAdded { note, text, .. } => (note, What::Note(entry.issued_at, entry.actor, text)),
            Event::OutboundCancelled { outbound, .. } => {
                writings.insert(outbound, None);
                continue;
            }
            // It is found where it goes on.
            Event::SplitOff { messages, .. } => {
                writings.extend(messages.into_iter().map(|message| (message, None)));
                continue;
            }
            _ => continue,
        };
        writings.insert(id, Some(Writing { conversation, what }));
    }
    writings
}

/// Whether an event changes what can be found.
pub(crate) fn writes(event: &Event) -> bool {
    matches!(
        event,
        Event::MessageReceived { .. }
            | Event::OutsideReply { .. }
            | Event::ReplyQueued { .. }
            | Event::NoteAdded { .. }
            | Event::OutboundCancelled { .. }
            | Event::SplitOff { .. }
    )
}

impl Writing {
    /// Where the raw message lies, of one that was received.
    #[must_use]
    pub fn blob(&self) -> Option<&BlobId> {
        match &self.what {
            What::Message(_, message) => message.blob.as_ref(),
            What::Reply(_) | What::Note(..) => None,
        }
    }

    /// As it is indexed. `text` is the whole text of a message, where it could be read: what can't be taken apart is still found by what
    /// the log says of it. `name` names a colleague.
    #[must_use]
    pub fn piece(self, id: MessageId, text: Option<String>, name: impl FnOnce(MemberId) -> Option<String>) -> Piece {
        let conversation = self.conversation;
        match self.what {
            What::Message(kind, message) => {
                let files = message.attachments.iter().filter(|file| !file.inline);
                Piece {
                    id,
                    conversation,
                    kind,
                    at: message.at,
                    from: written(&message.from),
                    to: all(&message.to, &message.cc),
                    files: files.map(|file| file.name.clone()).collect(),
                    subject: message.subject,
                    text: text.unwrap_or(message.preview),
                }
            }
            What::Reply(outbound) => {
                let draft = outbound.draft;
                Piece {
                    id,
                    conversation,
                    kind: PieceKind::Ours,
                    at: outbound.queued_at,
                    from: written(&outbound.from),
                    to: all(&draft.to, &draft.cc),
                    subject: draft.subject,
                    text: draft.text,
                    files: draft.files.into_iter().map(|file| file.name).collect(),
                }
            }
            What::Note(at, author, text) => Piece {
                id,
                conversation,
                kind: PieceKind::Note,
                at,
                from: match author {
                    Actor::Member { id, .. } => name(id).unwrap_or_default(),
                    _ => String::new(),
                },
                to: String::new(),
                subject: String::new(),
                text,
                files: Vec::new(),
            },
        }
    }
}

fn all(to: &[Address], cc: &[Address]) -> String {
    let all: Vec<_> = to.iter().chain(cc).map(written).collect();
    all.join(" ")
}

fn written(address: &Address) -> String {
    format!("{} {}", address.name, address.email).trim().to_owned()
}
