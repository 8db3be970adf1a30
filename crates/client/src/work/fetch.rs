//! What is fetched in the background: raw messages, so that they open without a network; accounts' balances; a conversation
//! that was not understood.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use baton_domain::{BlobId, ConversationId};
use baton_protocol::ErrorCode;

use super::{Work, now};
use crate::blobs::BlobError;
use crate::engine::{Fetched, Input};

/// What may lie on this disk of conversations that are not mine, in bytes.
const BUDGET: u64 = 512 * 1024 * 1024;
/// Conversations asked about in one query.
const CHUNK: usize = 500;
/// Messages fetched before looking again what is wanted most.
const ROUND: u64 = 50;
/// Health changes often while a mailbox is read for the first time; balances need not.
const BALANCES_APART: Duration = Duration::from_secs(3);

/// Fetches raw messages: all of my own conversations, and the newest of the others within the budget.
pub(super) async fn bodies(work: Arc<Work>) {
    if work.embedded {
        // The server is in this program: what it has is here already.
        return;
    }
    loop {
        work.fetch_bodies.notified().await;
        if let Err(error) = round(&work).await {
            tracing::debug!(%error, "messages were not fetched");
        }
    }
}

async fn round(work: &Work) -> Result<(), BlobError> {
    let mine = work.look(|engine| engine.mine()).await;
    let mut gone = BTreeSet::new();
    for chunk in mine.chunks(CHUNK) {
        while fetch(work, Some(chunk), &mut gone).await? {}
    }
    work.blobs.shrink(BUDGET).await?;
    while work.blobs.size().await? < BUDGET && fetch(work, None, &mut gone).await? {}
    Ok(())
}

/// Fetches a round of what is wanted; false when nothing is left, or nothing can be had.
async fn fetch(work: &Work, of: Option<&[ConversationId]>, gone: &mut BTreeSet<BlobId>) -> Result<bool, BlobError> {
    let limit = ROUND.saturating_add(u64::try_from(gone.len()).unwrap_or(0));
    let mut wanted = work.store.wanted(of, limit).await?;
    wanted.retain(|wanted| !gone.contains(&wanted.blob));
    let any = !wanted.is_empty();
    for wanted in wanted {
        match work.http.blob(&wanted.blob).await {
            Ok(bytes) => {
                work.blobs.put(&wanted.blob, bytes, false, now()).await?;
            }
            // It may have been erased, or its inbox lost: the others can still be had.
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::NotPermitted) => {
                gone.insert(wanted.blob);
            }
            Err(_) => return Ok(false),
        }
    }
    Ok(any)
}

/// Raw messages of what is not read here any more go from this disk.
pub(super) async fn let_go(work: Arc<Work>) {
    if let Err(error) = work.blobs.let_go_unnamed().await {
        tracing::warn!(%error, "messages that are not read here any more were not removed");
    }
}

/// A blob from this disk, else from the server, which is then kept.
pub(super) async fn blob(work: &Work, id: &BlobId) -> Result<Option<Vec<u8>>, baton_protocol::ApiError> {
    let here = work.blobs.get(id, now()).await;
    let here = here.map_err(|cause| crate::net::error(ErrorCode::StoreUnavailable, cause.to_string()))?;
    if here.is_some() || work.look(|engine| engine.offline()).await {
        return Ok(here);
    }
    match work.http.blob(id).await {
        Ok(bytes) => {
            if !work.embedded
                && let Err(error) = work.blobs.put(id, bytes.clone(), false, now()).await
            {
                tracing::warn!(%error, "a message was not kept");
            }
            Ok(Some(bytes))
        }
        Err(error)
            if matches!(
                error.code,
                ErrorCode::Unreachable | ErrorCode::NotFound | ErrorCode::CertificateRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn balances(work: Arc<Work>) {
    loop {
        work.fetch_balances.notified().await;
        let rows = work.look(|engine| engine.health_rows()).await;
        for row in rows {
            if let Ok(balance) = work.http.balance(row.health.account).await
                && row.balance.as_ref() != Some(&balance)
            {
                work.input(Input::Balance(balance)).await;
            }
        }
        tokio::time::sleep(BALANCES_APART).await;
    }
}

/// A conversation's state and log, for one this version did not understand or has lost.
pub(super) async fn conversation(work: Arc<Work>, id: ConversationId) {
    let found = match work.http.conversation(id).await {
        Ok(found) => Fetched::Here(Box::new(found)),
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::NotPermitted) => Fetched::Gone,
        Err(error) => {
            tracing::warn!(%id, error = error.message, "a conversation could not be fetched");
            Fetched::Unreached
        }
    };
    work.input(Input::Refetched {
        conversation: id,
        found,
    })
    .await;
}

/// My draft in a conversation that was opened: another device of mine may have written it.
pub(super) async fn draft(work: Arc<Work>, id: ConversationId) {
    match work.http.draft(id).await {
        Ok(Some(draft)) => work.input(Input::DraftFound(Box::new(draft))).await,
        Ok(None) => {}
        Err(error) => tracing::debug!(%id, error = error.message, "a draft could not be looked for"),
    }
}
