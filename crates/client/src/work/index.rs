//! What is here is indexed in the background, so that it is found without a server too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_channels::email::parse;
use baton_domain::{BlobId, MemberId};
use baton_protocol::ConnectionState;
use baton_store::replica::{Indexed, Round};

use super::Work;
use crate::blobs::BlobError;

/// Entries whose conversations are indexed at a time: their texts are in memory together.
const ROUND: u32 = 100;
/// Between two rounds: whatever a person does comes first.
const BREATH: Duration = Duration::from_millis(20);
/// How long what comes one after another is gathered.
const GATHER: Duration = Duration::from_millis(200);
/// While a snapshot fills the replica: how long until the next look. It is waited for, and both write.
const FILLING: Duration = Duration::from_millis(500);
/// After something failed: how long until the next attempt.
const AGAIN: Duration = Duration::from_secs(5);

/// Indexes what waits, the newest first, for as long as the desktop runs.
pub(super) async fn run(work: Arc<Work>) {
    if work.embedded {
        // The server is in this program, and its index with it.
        return;
    }
    loop {
        let wait = match round(&work).await {
            Ok(true) => BREATH,
            Ok(false) => {
                work.store.to_index().await;
                GATHER
            }
            Err(error) => {
                tracing::warn!(%error, "what is here was not indexed");
                AGAIN
            }
        };
        tokio::time::sleep(wait).await;
        while work.look(|engine| filling(&engine.connection().state)).await {
            tokio::time::sleep(FILLING).await;
        }
    }
}

const fn filling(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::Snapshot { .. })
}

/// Indexes some of what waits; false when nothing does.
async fn round(work: &Work) -> Result<bool, BlobError> {
    let mut round = work.store.unindexed(ROUND).await?;
    if round.is_empty() {
        work.store.tidy().await?;
        return Ok(false);
    }
    let names = work.look(|engine| engine.member_names()).await;
    let pieces = pieces(work, &mut round, &names).await?;
    // What was read before something was forgotten is read again.
    work.store.index(&round, pieces).await?;
    Ok(true)
}

async fn pieces(work: &Work, round: &mut Round, names: &BTreeMap<MemberId, String>) -> Result<Vec<Indexed>, BlobError> {
    let mut pieces = Vec::new();
    for waiting in &mut round.waiting {
        for (id, (writing, whole)) in std::mem::take(&mut waiting.writings) {
            let text = match writing.blob().filter(|_| whole) {
                Some(blob) => text_of(work, blob).await?,
                None => None,
            };
            let piece = writing.piece(id, text, |member| names.get(&member).cloned());
            pieces.push(Indexed { piece, whole });
        }
    }
    Ok(pieces)
}

/// The text of a raw message. One that can't be taken apart has none.
async fn text_of(work: &Work, blob: &BlobId) -> Result<Option<String>, BlobError> {
    let Some(raw) = work.blobs.peek(blob).await? else {
        return Ok(None);
    };
    let text = move || parse::parse(&raw).ok().map(|mail| mail.text);
    tokio::task::spawn_blocking(text)
        .await
        .map_err(|_| BlobError::Interrupted)
}
