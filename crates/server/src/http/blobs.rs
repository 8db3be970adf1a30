//! Blobs over HTTP: raw messages and files, named by the SHA-256 of their bytes.
//!
//! Knowing a name gives no right: a blob is read by whoever reads an inbox where a message, a reply or a draft names it. What comes
//! back was written by strangers, so no browser ever gets to interpret it.
//!
//! Bytes come in one request, or in pieces: `HEAD …/upload` says how many are durable, `PATCH …/upload` takes the next ones. An upload
//! that was cut goes on where it was, also after a restart of either side; its digest is checked when the last piece is there.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use baton_domain::{BlobId, Capability, ConversationId, DraftText};
use baton_protocol::{ApiError, ErrorCode, UPLOAD_LENGTH, UPLOAD_OFFSET};
use baton_store::server::{Appended, BlobError, Readable};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use crate::auth::Caller;
use crate::core::Core;

/// The largest blob: more than any mail server takes.
pub const LARGEST: usize = 64 << 20;

/// The largest blob that comes in pieces: as much as the channels take at all.
const LARGEST_IN_PIECES: u64 = 256 << 20;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(read, there, keep))
        .routes(routes!(so_far, piece))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// Where a blob is named.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Named {
    /// The conversation whose draft names it; needed only for a colleague's unsent file.
    #[param(value_type = Option<String>)]
    conversation: Option<ConversationId>,
}

/// The bytes.
#[utoipa::path(get, path = "/v1/blobs/{sha256}", tag = "work", params(("sha256" = String, Path, description = "Its name"), Named),
    responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "No such blob, or not readable", body = ApiError)))]
async fn read(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<BlobId>,
    Query(named): Query<Named>,
) -> Answered<Response> {
    may_read(&core, &caller, &id, named.conversation).await?;
    let blobs = core.store.blobs().clone();
    let wanted = id.clone();
    let bytes = aside(move || blobs.get(&wanted))
        .await?
        .ok_or_else(Problem::not_found)?;
    let length = bytes.len();
    Ok(opaque(&id, length, Body::from(bytes)))
}

/// Whether it is there: what was uploaded before need not be sent again.
#[utoipa::path(head, path = "/v1/blobs/{sha256}", tag = "work", params(("sha256" = String, Path, description = "Its name"), Named),
    responses((status = 200, description = "It is there"), (status = 404, description = "No such blob, or not readable")))]
async fn there(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<BlobId>,
    Query(named): Query<Named>,
) -> Answered<StatusCode> {
    may_read(&core, &caller, &id, named.conversation).await?;
    let blobs = core.store.blobs().clone();
    if aside(move || Ok(blobs.has(&id))).await? {
        Ok(StatusCode::OK)
    } else {
        Err(Problem::not_found())
    }
}

/// Keep these bytes; they are durable when this answers. The name must be the SHA-256 of the bytes.
#[utoipa::path(put, path = "/v1/blobs/{sha256}", tag = "work",
    params(("sha256" = String, Path, description = "The SHA-256 of the bytes, in lower-case hex")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "Kept"),
        (status = 413, description = "Larger than 64 MiB", body = ApiError),
        (status = 422, description = "The bytes are not what their name says", body = ApiError),
        (status = 507, description = "No room on the server's disk", body = ApiError)))]
async fn keep(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<BlobId>,
    bytes: Result<Bytes, BytesRejection>,
) -> Answered<StatusCode> {
    let bytes = bytes?;
    may_upload(&core, &caller)?;
    let blobs = core.store.blobs().clone();
    let name = id.clone();
    aside(move || blobs.put_many(&[(name, &bytes)])).await?;
    core.store.brought_blob(caller.member.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many bytes of the caller's own upload are durable. What others brought is not told.
#[utoipa::path(head, path = "/v1/blobs/{sha256}/upload", tag = "work",
    params(("sha256" = String, Path, description = "The SHA-256 of the whole")),
    responses((status = 204, description = "The header upload-offset says where the next piece begins")))]
async fn so_far(State(core): State<Arc<Core>>, caller: Caller, Path(id): Path<BlobId>) -> Answered<Response> {
    may_upload(&core, &caller)?;
    let blobs = core.store.blobs().clone();
    let offset = aside(move || blobs.uploaded(&id, caller.member.id)).await?;
    Ok(standing(StatusCode::NO_CONTENT, offset))
}

/// Take the next piece of an upload. It is durable when this answers; with the last one the whole is held against its name.
#[utoipa::path(patch, path = "/v1/blobs/{sha256}/upload", tag = "work",
    params(("sha256" = String, Path, description = "The SHA-256 of the whole"),
        ("upload-offset" = u64, Header, description = "Where the piece begins"),
        ("upload-length" = u64, Header, description = "How long the whole is")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "That was the last piece: it is kept"),
        (status = 204, description = "Taken; upload-offset says where the next one begins"),
        (status = 409, description = "The upload stands elsewhere; upload-offset says where"),
        (status = 413, description = "Larger than 256 MiB", body = ApiError),
        (status = 422, description = "The whole is not what its name says; nothing is kept", body = ApiError),
        (status = 507, description = "No room on the server's disk", body = ApiError)))]
async fn piece(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<BlobId>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Answered<Response> {
    let bytes = bytes?;
    may_upload(&core, &caller)?;
    let (offset, total) = (number(&headers, UPLOAD_OFFSET)?, number(&headers, UPLOAD_LENGTH)?);
    if total > LARGEST_IN_PIECES {
        return Err(Problem::new(ErrorCode::TooLarge, "larger than 256 MiB"));
    }
    let (blobs, name, member) = (core.store.blobs().clone(), id.clone(), caller.member.id);
    let taken = aside(move || blobs.append(&name, member, offset, total, &bytes)).await?;
    Ok(match taken {
        Appended::More(offset) => standing(StatusCode::NO_CONTENT, offset),
        Appended::Elsewhere(offset) => standing(StatusCode::CONFLICT, offset),
        Appended::Whole => {
            core.store.brought_blob(member, &id).await?;
            standing(StatusCode::CREATED, total)
        }
    })
}

fn may_upload(core: &Core, caller: &Caller) -> Answered<()> {
    let works = core.directory.inboxes().iter().any(|inbox| {
        let capabilities = inbox.capabilities_of(&caller.member);
        capabilities.contains(&Capability::Comment) || capabilities.contains(&Capability::Work)
    });
    if works {
        Ok(())
    } else {
        Err(Problem::not_permitted("uploading needs an inbox to work in"))
    }
}

fn number(headers: &HeaderMap, name: &str) -> Answered<u64> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let number = value.and_then(|value| value.trim().parse().ok());
    number.ok_or_else(|| Problem::new(ErrorCode::BadRequest, format!("the header {name} says no number")))
}

fn standing(status: StatusCode, offset: u64) -> Response {
    (status, [(UPLOAD_OFFSET, offset.to_string())]).into_response()
}

/// Whether somebody may have a blob. Every step is a look into an index.
///
/// # Errors
/// Not found, whether it is not there or not theirs.
async fn may_read(core: &Core, caller: &Caller, id: &BlobId, draft_of: Option<ConversationId>) -> Answered<()> {
    let readable = core.readable(caller.member.id);
    if core.store.reads_blob(&readable, id).await? {
        return Ok(());
    }
    if let Some(conversation) = draft_of
        && core
            .inbox_of(conversation)
            .await
            .is_some_and(|inbox| readable.inboxes.contains(&inbox))
        && draft_carries(core, conversation, id).await?
    {
        return Ok(());
    }
    let accounts = core.store.quarantined_blob(id).await?;
    let inboxes = accounts
        .into_iter()
        .filter_map(|account| core.directory.account(account))
        .map(|account| account.inbox);
    if inboxes.into_iter().any(|inbox| readable.inboxes.contains(&inbox)) {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

/// Whether a draft there names a file that its own author brought: naming alone gives nobody anything.
async fn draft_carries(core: &Core, conversation: ConversationId, id: &BlobId) -> Answered<bool> {
    let drafts = core.store.drafts_of(conversation).await?;
    let naming = drafts
        .iter()
        .filter(|draft| draft.text.files.iter().any(|file| file.blob == *id));
    for draft in naming {
        let author = Readable {
            member: Some(draft.member),
            ..Readable::default()
        };
        if core.store.reads_blob(&author, id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Files that somebody names in a draft and may read are theirs to send, without being brought once more.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn named_in_draft(core: &Core, caller: &Caller, draft: &DraftText) -> Answered<()> {
    let readable = core.readable(caller.member.id);
    for file in &draft.files {
        if core.store.reads_blob(&readable, &file.blob).await? {
            core.store.brought_blob(caller.member.id, &file.blob).await?;
        }
    }
    Ok(())
}

/// Bytes that nothing is to interpret.
fn opaque(id: &BlobId, length: usize, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert("content-disposition", HeaderValue::from_static("attachment"));
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{id}\"")) {
        headers.insert(ETAG, tag);
    }
    response
}

/// The disk is waited for aside from the tasks that serve others.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, BlobError> + Send + 'static) -> Answered<T> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(&error))?;
    done.map_err(Problem::from)
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        if error.is_disk_full() {
            return Self::new(ErrorCode::DiskFull, "no room on the server's disk");
        }
        match error {
            BlobError::Mismatch(_) => Self::new(ErrorCode::DigestMismatch, "the bytes are not what their name says"),
            BlobError::Damaged(_) | BlobError::Io(_) => Self::internal(&error),
        }
    }
}
