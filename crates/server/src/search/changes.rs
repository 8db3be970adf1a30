//! What entries of the log change in the index.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton_channels::email::parse as mail;
use baton_domain::{
    Actor, Address, Conversation, ConversationId, Event, LogBody, LogEntry, Message, MessageId, Outbound, Timestamp,
};
use baton_store::search::{Changes, Piece, PieceKind, Talk};

use super::Failed;
use crate::core::Core;

/// What a batch of entries changes. Messages are taken apart on a thread of their own.
pub(super) async fn of(core: &Arc<Core>, entries: Vec<LogEntry>) -> Result<Changes, Failed> {
    let touched: BTreeSet<ConversationId> = entries.iter().filter_map(conversation_of).collect();
    let talks = core.store.conversations_by_id(touched).await?;
    let talks = talks
        .iter()
        .map(|conversation: &Conversation| Talk::from(conversation))
        .collect();
    let core = Arc::clone(core);
    let read = move || pieces(&core, entries);
    let (pieces, gone) = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| Failed::Stopping)??;
    Ok(Changes { talks, pieces, gone })
}

fn conversation_of(entry: &LogEntry) -> Option<ConversationId> {
    match &entry.body {
        LogBody::Conversation { conversation, .. } => Some(*conversation),
        LogBody::DocumentPut { .. } | LogBody::DocumentRemoved { .. } => None,
    }
}

fn pieces(core: &Core, entries: Vec<LogEntry>) -> Result<(Vec<Piece>, Vec<MessageId>), Failed> {
    // A reply that was queued and cancelled in the same batch is gone: the later entry counts.
    let mut pieces: BTreeMap<MessageId, Option<Piece>> = BTreeMap::new();
    for entry in entries {
        let LogBody::Conversation { conversation, event } = entry.body else {
            continue;
        };
        match event {
            Event::MessageReceived { message, .. } => {
                let piece = received(core, conversation, &message, PieceKind::Theirs)?;
                pieces.insert(message.id, Some(piece));
            }
            Event::OutsideReply { message, .. } => {
                let piece = received(core, conversation, &message, PieceKind::Ours)?;
                pieces.insert(message.id, Some(piece));
            }
            Event::ReplyQueued { outbound } => {
                pieces.insert(outbound.id, Some(reply(conversation, &outbound)));
            }
            Event::OutboundCancelled { outbound, .. } => {
                pieces.insert(outbound, None);
            }
            // It is found where it goes on.
            Event::SplitOff { messages, .. } => pieces.extend(messages.into_iter().map(|message| (message, None))),
            Event::NoteAdded { note, text, .. } => {
                let from = author(core, entry.actor);
                pieces.insert(note, Some(of_note(conversation, note, entry.issued_at, from, text)));
            }
            _ => {}
        }
    }
    let mut gone = Vec::new();
    let mut left = Vec::new();
    for (id, piece) in pieces {
        match piece {
            Some(piece) => left.push(piece),
            None => gone.push(id),
        }
    }
    Ok((left, gone))
}

fn received(core: &Core, conversation: ConversationId, message: &Message, kind: PieceKind) -> Result<Piece, Failed> {
    // What can't be taken apart is still found by what the log says of it.
    let text = text_of(core, message)?.unwrap_or_else(|| message.preview.clone());
    let to: Vec<_> = message.to.iter().chain(&message.cc).map(written).collect();
    let files = message.attachments.iter().filter(|file| !file.inline);
    Ok(Piece {
        id: message.id,
        conversation,
        kind,
        at: message.at,
        from: written(&message.from),
        to: to.join(" "),
        subject: message.subject.clone(),
        text,
        files: files.map(|file| file.name.clone()).collect(),
    })
}

/// The whole text of a message, from where it was just read or from its blob.
fn text_of(core: &Core, message: &Message) -> Result<Option<String>, Failed> {
    let Some(blob) = &message.blob else { return Ok(None) };
    if let Some(text) = core.search.texts.take(blob) {
        return Ok(Some(text));
    }
    let raw = core
        .store
        .blobs()
        .get(blob)
        .map_err(baton_store::server::StoreError::from)?;
    Ok(raw.and_then(|raw| mail::parse(&raw).ok()).map(|mail| mail.text))
}

fn reply(conversation: ConversationId, outbound: &Outbound) -> Piece {
    let draft = &outbound.draft;
    let to: Vec<_> = draft.to.iter().chain(&draft.cc).map(written).collect();
    Piece {
        id: outbound.id,
        conversation,
        kind: PieceKind::Ours,
        at: outbound.queued_at,
        from: written(&outbound.from),
        to: to.join(" "),
        subject: draft.subject.clone(),
        text: draft.text.clone(),
        files: draft.files.iter().map(|file| file.name.clone()).collect(),
    }
}

fn of_note(conversation: ConversationId, id: MessageId, at: Timestamp, from: String, text: String) -> Piece {
    Piece {
        id,
        conversation,
        kind: PieceKind::Note,
        at,
        from,
        to: String::new(),
        subject: String::new(),
        text,
        files: Vec::new(),
    }
}

fn author(core: &Core, actor: Actor) -> String {
    let Actor::Member { id, .. } = actor else {
        return String::new();
    };
    core.directory.member(id).map(|member| member.name).unwrap_or_default()
}

fn written(address: &Address) -> String {
    format!("{} {}", address.name, address.email).trim().to_owned()
}
