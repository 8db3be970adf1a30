//! Drafts on their way to the server, one after the other, their files first.

use std::collections::BTreeSet;
use std::sync::Arc;

use baton_domain::{BlobId, ConversationId};
use baton_protocol::{ApiError, Draft, ErrorCode};
use tokio::sync::mpsc;

use super::{Work, now};
use crate::engine::Input;
use crate::net::error;

/// Something to do with a draft on the server.
#[derive(Debug)]
pub(super) enum DraftJob {
    Save(Box<Draft>, Vec<BlobId>),
    Delete(ConversationId),
}

pub(super) async fn run(work: Arc<Work>, mut jobs: mpsc::UnboundedReceiver<DraftJob>) {
    let mut uploaded = BTreeSet::new();
    while let Some(job) = jobs.recv().await {
        match job {
            DraftJob::Save(draft, files) => {
                let (conversation, revision) = (draft.conversation, draft.revision);
                let result = save(&work, *draft, files, &mut uploaded).await;
                if let Err(error) = &result {
                    tracing::debug!(%conversation, code = ?error.code, error = error.message, "a draft was not saved");
                }
                work.input(Input::DraftSaved {
                    conversation,
                    revision,
                    result,
                })
                .await;
            }
            DraftJob::Delete(conversation) => {
                if let Err(error) = work.http.delete_draft(conversation).await {
                    tracing::debug!(%conversation, error = error.message, "a draft was not removed from the server");
                }
            }
        }
    }
}

async fn save(
    work: &Work,
    mut draft: Draft,
    files: Vec<BlobId>,
    uploaded: &mut BTreeSet<BlobId>,
) -> Result<(), ApiError> {
    for file in files {
        if uploaded.contains(&file) {
            continue;
        }
        let bytes = work.blobs.get(&file, now()).await;
        let bytes = bytes.map_err(|cause| error(ErrorCode::StoreUnavailable, cause.to_string()))?;
        // What is not here was attached on another device, and is on the server.
        if let Some(bytes) = bytes {
            work.http.put_blob(&file, bytes).await?;
            if let Err(error) = work.store.keep_blob(&file, false).await {
                tracing::warn!(%error, "that a file is on the server now could not be noted");
            }
        }
        uploaded.insert(file);
    }
    let standing = work.http.save_draft(&draft).await?;
    if standing.text == draft.text {
        return Ok(());
    }
    // Another device of mine saved later by its own clock. What is typed here, now, is what I mean.
    draft.revision = standing.revision.saturating_add(1);
    let standing = work.http.save_draft(&draft).await?;
    if standing.text == draft.text {
        Ok(())
    } else {
        Err(error(
            ErrorCode::StoreUnavailable,
            "the draft is being written on another device",
        ))
    }
}
