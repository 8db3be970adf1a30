//! Commands over HTTP: the same as over the socket, for programs that have none.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use baton_domain::{Actor, Command};
use baton_protocol::{ApiError, Submitted};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Answered;
use super::extract::Body;
use crate::auth::Caller;
use crate::core::Core;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(submit))
}

/// Do something. Who asks and from which device is set from the session, whatever was sent. A refusal is an answer too: the
/// status says only whether the command was judged.
#[utoipa::path(post, path = "/v1/commands", tag = "work", request_body = Command,
    responses((status = 200, description = "Judged: done or refused", body = Submitted),
        (status = 503, description = "Not judged: the same command may be sent again", body = ApiError)))]
async fn submit(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(command): Body<Command>,
) -> Answered<Json<Submitted>> {
    let command = from_session(command, &caller);
    let id = command.id;
    let answer = core.referee.submit(command).await?;
    Ok(Json(Submitted { command: id, answer }))
}

/// A command with its author set from the session.
pub(crate) fn from_session(mut command: Command, caller: &Caller) -> Command {
    command.actor = Actor::Member { id: caller.member.id };
    command.device = caller.device;
    command
}
