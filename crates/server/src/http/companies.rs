//! The companies the team deals with, over HTTP: everybody reads the list; whoever leads the work changes it as a whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, DocumentBody};
use baton_protocol::{ApiError, CompaniesKept, PutCompanies, Submitted};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::error::Answered;
use super::extract::Body;
use crate::auth::Caller;
use crate::core::Core;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(companies, put_companies))
}

/// The companies the team deals with, with the version of the list.
#[utoipa::path(get, path = "/v1/companies", tag = "work",
    responses((status = 200, description = "The list", body = CompaniesKept)))]
async fn companies(State(core): State<Arc<Core>>, _caller: Caller) -> Json<CompaniesKept> {
    Json(core.directory.companies())
}

/// Keep another list of companies. It names the version it was made from: where another is kept now it is refused, and nothing is
/// overwritten. A refusal is an answer too: the status says only whether it was judged.
#[utoipa::path(put, path = "/v1/companies", tag = "work", request_body = PutCompanies,
    responses((status = 200, description = "Judged: done or refused", body = Submitted),
        (status = 503, description = "Not judged: the same may be sent again", body = ApiError)))]
async fn put_companies(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(put): Body<PutCompanies>,
) -> Answered<Json<Submitted>> {
    let id = CommandId(Uuid::now_v7());
    let command = Command {
        id,
        actor: Actor::Member { id: caller.member.id },
        device: caller.device,
        conversation: ConversationId(Uuid::nil()),
        issued_at: core.now(),
        last_seen: None,
        based_on: Some(put.based_on),
        body: CommandBody::PutDocument {
            document: Box::new(DocumentBody::Companies(put.companies)),
        },
    };
    let answer = core.referee.submit(command).await?;
    Ok(Json(Submitted { command: id, answer }))
}
