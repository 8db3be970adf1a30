//! What a desktop that hosts a mailbox asks: the lease, and every call of the channel's port.
//!
//! Only the desktop of the member the account is hosted by may take the lease, and nothing said under another grant than the
//! current one counts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_channels::email::host::sameness::Sighting;
use baton_channels::email::host::wire::{
    Condition, Delivery, GRANT_HEADER, Grant, Heard, Job, Nothing, Said, Sighted, Take, Taken, Word,
};
use baton_channels::email::host::{FolderCursor, HostPort as _, PortError};
use baton_domain::{Account, AccountId, MessageId};
use baton_protocol::{ApiError, ErrorCode};
use baton_store::server::Readable;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use super::extract::Body;
use crate::auth::Caller;
use crate::core::Core;
use crate::hosting::remote;

/// How long one waits for news of replies; then it asks again.
const NEWS: Duration = Duration::from_secs(20);

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(take, release))
        .routes(routes!(prove))
        .routes(routes!(cursors))
        .routes(routes!(mail))
        .routes(routes!(sighted))
        .routes(routes!(outgoing))
        .routes(routes!(news))
        .routes(routes!(say))
        .routes(routes!(condition))
}

/// A host with its grant, and the account it speaks of.
struct Host {
    caller: Caller,
    account: Account,
    grant: Grant,
}

impl FromRequestParts<Arc<Core>> for Host {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, core).await?;
        let grant = parts
            .headers
            .get(GRANT_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(Grant::from_header)
            .ok_or_else(|| Problem::new(ErrorCode::BadRequest, "a host names its grant"))?;
        // The account stands right behind the prefix in every route here.
        let account = parts
            .uri
            .path()
            .strip_prefix("/v1/accounts/")
            .and_then(|rest| rest.split('/').next())
            .and_then(|id| id.parse().ok())
            .and_then(|id| core.directory.account(AccountId(id)))
            .ok_or_else(Problem::not_found)?;
        Ok(Self { caller, account, grant })
    }
}

impl Host {
    fn port(&self, core: &Arc<Core>) -> Result<Arc<crate::hosting::Port>, PortError> {
        remote::port(core, &self.caller, &self.account, &self.grant)
    }
}

/// Take an account's lease for this desktop, or keep it.
#[utoipa::path(put, path = "/v1/accounts/{id}/host", tag = "mailboxes", request_body = Take,
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "Whether it is held", body = Heard<Taken>),
        (status = 404, description = "No such mailbox", body = ApiError)))]
async fn take(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Body(take): Body<Take>,
) -> Answered<Json<Heard<Taken>>> {
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    let first = take.grant.is_none();
    let taken = remote::take(&core, &caller, &account, take.grant).await;
    if first && matches!(taken, Ok(Taken::Held { .. })) {
        remote::begins(&core, &account);
    }
    Ok(Json(taken.into()))
}

/// Give an account's lease back, so that another host need not wait for it to run out.
#[utoipa::path(delete, path = "/v1/accounts/{id}/host", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 204, description = "Given back, if it was held"),
        (status = 404, description = "No such mailbox", body = ApiError)))]
async fn release(State(core): State<Arc<Core>>, caller: Caller, Path(id): Path<AccountId>) -> Answered<StatusCode> {
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    remote::release(&core, &caller, &account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show which messages of the samples are in the mailbox. The grant that comes back is good for the rest.
#[utoipa::path(post, path = "/v1/accounts/{id}/host/sightings", tag = "mailboxes", request_body = Vec<Sighting>,
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "The grant to go on with", body = Heard<Grant>)))]
async fn prove(State(core): State<Arc<Core>>, host: Host, Body(sightings): Body<Vec<Sighting>>) -> Json<Heard<Grant>> {
    let proved = remote::prove(&core, &host.caller, &host.account, &host.grant, &sightings).await;
    Json(proved.into())
}

/// How far the account's folders are read.
#[utoipa::path(get, path = "/v1/accounts/{id}/host/cursors", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "The cursors", body = Heard<Vec<FolderCursor>>)))]
async fn cursors(State(core): State<Arc<Core>>, host: Host) -> Json<Heard<Vec<FolderCursor>>> {
    let answer = async { host.port(&core)?.cursors().await };
    Json(answer.await.into())
}

/// Deliver messages whose bytes were uploaded, and move the folder's cursor in the same commit.
#[utoipa::path(post, path = "/v1/accounts/{id}/host/mail", tag = "mailboxes", request_body = Delivery,
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "Committed, or why not", body = Heard<Nothing>)))]
async fn mail(State(core): State<Arc<Core>>, host: Host, Body(delivery): Body<Delivery>) -> Json<Heard<Nothing>> {
    let answer = async {
        let port = host.port(&core)?;
        // A name alone gives nobody a message: the bytes must have come from this member.
        let brought = Readable {
            member: Some(host.caller.member.id),
            ..Readable::default()
        };
        for blob in delivery.batch.iter().filter_map(|item| item.blob.as_ref()) {
            let theirs = core.store.reads_blob(&brought, blob).await;
            if !theirs.map_err(|error| PortError::Unavailable(error.to_string()))? {
                return Err(PortError::Unavailable(format!("the bytes of {blob} were not uploaded")));
            }
        }
        port.receive(delivery.batch, delivery.progress).await.map(nothing)
    };
    Json(answer.await.into())
}

/// Say what a folder says now of messages that were delivered: their flags, or that they are not there any more.
#[utoipa::path(post, path = "/v1/accounts/{id}/host/changes", tag = "mailboxes", request_body = Sighted,
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "Noted, or why not", body = Heard<Nothing>)))]
async fn sighted(State(core): State<Arc<Core>>, host: Host, Body(said): Body<Sighted>) -> Json<Heard<Nothing>> {
    let answer = async {
        let port = host.port(&core)?;
        port.sighted(&said.folder, said.uidvalidity, said.changes)
            .await
            .map(nothing)
    };
    Json(answer.await.into())
}

/// The next reply to send, if one is due.
#[utoipa::path(get, path = "/v1/accounts/{id}/host/outgoing", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "What to do next", body = Heard<Option<Job>>)))]
async fn outgoing(State(core): State<Arc<Core>>, host: Host) -> Json<Heard<Option<Job>>> {
    let answer = async {
        let job = host.port(&core)?.next_outbound().await?;
        Ok::<_, PortError>(job.map(|job| Job {
            id: job.id,
            attempt: job.attempt,
            given_back: job.given_back,
            raw: BASE64.encode(&job.raw),
            envelope: job.envelope,
            message_id: job.message_id,
            state: job.state,
        }))
    };
    Json(answer.await.into())
}

/// Wait until there may be something to send. It may end early.
#[utoipa::path(get, path = "/v1/accounts/{id}/host/outgoing/news", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "Ask", body = Heard<Nothing>)))]
async fn news(State(core): State<Arc<Core>>, host: Host) -> Json<Heard<Nothing>> {
    let answer = async {
        let port = host.port(&core)?;
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = port.outbound_woken() => {}
            () = tokio::time::sleep(NEWS) => {}
        }
        Ok::<_, PortError>(Nothing {})
    };
    Json(answer.await.into())
}

/// Say what became of a reply; the fence is one of the words.
#[utoipa::path(post, path = "/v1/accounts/{id}/host/outgoing/{message}", tag = "mailboxes", request_body = Said,
    params(("id" = String, Path, description = "Which mailbox"), ("message" = String, Path, description = "Which reply"),
        ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "Committed, or why not", body = Heard<Nothing>)))]
async fn say(
    State(core): State<Arc<Core>>,
    host: Host,
    Path(ids): Path<(AccountId, MessageId)>,
    Body(said): Body<Said>,
) -> Json<Heard<Nothing>> {
    let answer = async {
        let (port, attempt, message) = (host.port(&core)?, said.attempt, ids.1);
        let said = match said.word {
            Word::Sending { command } => port.fence(message, attempt, command).await,
            Word::Returned { returned } => port.outbound_returned(message, attempt, returned).await,
            Word::Sent { reply } => port.outbound_sent(message, attempt, reply).await,
            Word::Failed { code, text } => port.outbound_failed(message, attempt, code, text).await,
            Word::Unknown { reason } => port.outbound_unknown(message, attempt, reason).await,
            Word::Filed => port.filed(message).await,
        };
        said.map(nothing)
    };
    Json(answer.await.into())
}

/// Say how the account is doing.
#[utoipa::path(put, path = "/v1/accounts/{id}/host/condition", tag = "mailboxes", request_body = Condition,
    params(("id" = String, Path, description = "Which mailbox"), ("baton-host" = String, Header, description = "The grant")),
    responses((status = 200, description = "Shown, or why not", body = Heard<Nothing>)))]
async fn condition(State(core): State<Arc<Core>>, host: Host, Body(said): Body<Condition>) -> Json<Heard<Nothing>> {
    let answer = async { remote::tell_condition(&*host.port(&core)?, &said).await.map(nothing) };
    Json(answer.await.into())
}

fn nothing((): ()) -> Nothing {
    Nothing {}
}
