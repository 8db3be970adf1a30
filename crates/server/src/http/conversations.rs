//! Conversations, drafts and documents over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use baton_domain::{Capability, Conversation, ConversationId, InboxId, MemberId, Phase, Status};
use baton_protocol::{ApiError, ConversationPage, ConversationWithEntries, Documents, Draft, ErrorCode};
use baton_store::port::DraftRow;
use baton_store::server::{ConversationFilter, ConversationKey, OwnerFilter};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use super::extract::Body;
use crate::auth::Caller;
use crate::core::Core;

/// Conversations in a page at most.
const PAGE: u16 = 200;

/// The longest draft text, in bytes.
const DRAFT_BYTES: usize = 1 << 20;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(draft, save_draft, discard_draft))
        .routes(routes!(documents))
}

/// Which conversations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct Which {
    /// Only of this inbox.
    #[param(value_type = Option<String>)]
    inbox: Option<InboxId>,
    /// Only of this owner.
    #[param(value_type = Option<String>)]
    owner: Option<MemberId>,
    /// Only in this status.
    #[param(inline)]
    status: Option<Status>,
    /// Only in this phase.
    #[param(inline)]
    phase: Option<Phase>,
    /// Only with this customer, by their address.
    contact: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// How many at most: 50 by default, 200 at most.
    limit: Option<u16>,
}

/// A page of conversations the caller reads, the newest first.
#[utoipa::path(get, path = "/v1/conversations", tag = "work", params(Which),
    responses((status = 200, description = "A page", body = ConversationPage)))]
async fn list(
    State(core): State<Arc<Core>>,
    caller: Caller,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Answered<Json<ConversationPage>> {
    let Query(which) = which?;
    let mut inboxes = core.readable(caller.member.id).inboxes;
    if let Some(inbox) = which.inbox {
        inboxes.retain(|one| *one == inbox);
    }
    let after = which.before.as_deref().map(str::parse::<ConversationKey>).transpose();
    let after = after.map_err(|_| Problem::new(ErrorCode::BadRequest, "`before` is the `next` of the page before"))?;
    let filter = ConversationFilter {
        inboxes,
        statuses: which.status.into_iter().collect(),
        phases: which.phase.into_iter().collect(),
        owner: which.owner.map(OwnerFilter::Member),
        contact: which.contact,
        after,
    };
    let limit = which.limit.unwrap_or(50).clamp(1, PAGE);
    let (conversations, next) = core.store.conversations(&filter, u64::from(limit)).await?;
    Ok(Json(ConversationPage {
        conversations,
        next: next.map(|next| next.to_string()),
    }))
}

/// A conversation of an inbox the caller may see.
async fn readable(core: &Core, caller: &Caller, id: ConversationId, needs: Capability) -> Answered<Conversation> {
    let conversation = core.store.conversation(id).await?.ok_or_else(Problem::not_found)?;
    let capabilities = core.directory.capabilities(&caller.member, conversation.inbox);
    if !capabilities.contains(&Capability::Read) {
        return Err(Problem::not_found());
    }
    if !capabilities.contains(&needs) {
        return Err(Problem::not_permitted("you may read this inbox, not more"));
    }
    Ok(conversation)
}

/// A conversation with its log.
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "work", params(("id" = String, Path, description = "Which")),
    responses((status = 200, description = "The conversation", body = ConversationWithEntries),
        (status = 404, description = "No such conversation, or not readable", body = ApiError)))]
async fn one(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Answered<Json<ConversationWithEntries>> {
    let conversation = readable(&core, &caller, id, Capability::Read).await?;
    // Whoever reads it reads all of it, also what was said while it lay in another inbox.
    let sealed = core.store.entries_of(id).await?;
    let entries = sealed.into_iter().map(|sealed| sealed.entry).collect();
    Ok(Json(ConversationWithEntries { conversation, entries }))
}

/// The caller's draft in a conversation.
#[utoipa::path(get, path = "/v1/drafts/{conversation}", tag = "work",
    params(("conversation" = String, Path, description = "Where")),
    responses((status = 200, description = "The draft", body = Draft), (status = 404, description = "None", body = ApiError)))]
async fn draft(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answered<Json<Draft>> {
    readable(&core, &caller, conversation, Capability::Read).await?;
    let draft = core.store.draft(conversation, caller.member.id).await?;
    draft.map(|row| Json(shown(row))).ok_or_else(Problem::not_found)
}

/// Save the caller's draft as typed. An older revision never replaces a newer one: the answer is the draft that stands.
#[utoipa::path(put, path = "/v1/drafts/{conversation}", tag = "work", request_body = Draft,
    params(("conversation" = String, Path, description = "Where")),
    responses((status = 200, description = "The draft that stands", body = Draft),
        (status = 404, description = "No such conversation, or not readable", body = ApiError),
        (status = 413, description = "Too long", body = ApiError)))]
async fn save_draft(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Body(draft): Body<Draft>,
) -> Answered<Json<Draft>> {
    readable(&core, &caller, conversation, Capability::Read).await?;
    if draft.text.text.len() > DRAFT_BYTES {
        return Err(Problem::new(ErrorCode::TooLarge, "a draft has at most 1 MiB of text"));
    }
    super::blobs::named_in_draft(&core, &caller, &draft.text).await?;
    let row = DraftRow {
        id: draft.id,
        conversation,
        member: caller.member.id,
        text: draft.text,
        revision: draft.revision,
        saved_at: core.now(),
        files_present: false,
    };
    core.store.put_draft(&row).await?;
    let stands = core.store.draft(conversation, caller.member.id).await?;
    stands.map(|row| Json(shown(row))).ok_or_else(Problem::not_found)
}

fn shown(row: DraftRow) -> Draft {
    Draft {
        id: row.id,
        conversation: row.conversation,
        member: row.member,
        text: row.text,
        revision: row.revision,
        saved_at: row.saved_at,
    }
}

/// Throw the caller's draft away.
#[utoipa::path(delete, path = "/v1/drafts/{conversation}", tag = "work",
    params(("conversation" = String, Path, description = "Where")),
    responses((status = 204, description = "It is gone")))]
async fn discard_draft(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answered<StatusCode> {
    if let Some(draft) = core.store.draft(conversation, caller.member.id).await? {
        core.store.drop_draft(draft.id, caller.member.id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The documents the caller reads: the workspace, members, inboxes, mailboxes.
#[utoipa::path(get, path = "/v1/documents", tag = "work",
    responses((status = 200, description = "All of them", body = Documents)))]
async fn documents(State(core): State<Arc<Core>>, caller: Caller) -> Json<Documents> {
    let readable = core.readable(caller.member.id);
    let all = core.directory.documents();
    let theirs = all
        .all()
        .values()
        .filter(|document| readable.may_read(document.body.scope()));
    let documents = theirs.cloned().collect();
    Json(Documents { documents })
}
