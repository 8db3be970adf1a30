//! What entries of the log change in the index.

use std::collections::BTreeSet;
use std::sync::Arc;

use baton_channels::email::parse as mail;
use baton_domain::{BlobId, Conversation, ConversationId, LogBody, LogEntry, MessageId};
use baton_store::search::{Changes, Piece, Talk, writings};

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
    let mut gone = Vec::new();
    let mut left = Vec::new();
    for (id, writing) in writings(entries) {
        let Some(writing) = writing else {
            gone.push(id);
            continue;
        };
        let text = match writing.blob() {
            Some(blob) => text_of(core, blob)?,
            None => None,
        };
        left.push(writing.piece(id, text, |member| {
            core.directory.member(member).map(|member| member.name)
        }));
    }
    Ok((left, gone))
}

/// The whole text of a message, from where it was just read or from its blob.
fn text_of(core: &Core, blob: &BlobId) -> Result<Option<String>, Failed> {
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
