//! Whether the server lives, is ready, and how its mailboxes are doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use baton_protocol::{ErrorCode, PROTOCOL_VERSION, ServerHealth};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use crate::auth::Caller;
use crate::core::Core;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(health))
}

/// The process answers. For whatever restarts it when it does not.
#[utoipa::path(get, path = "/v1/live", tag = "health", security(()), responses((status = 204, description = "It lives")))]
async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The database answers, too. For whatever sends people elsewhere when it does not.
#[utoipa::path(get, path = "/v1/ready", tag = "health", security(()),
    responses((status = 204, description = "It is ready"), (status = 503, description = "The database does not answer")))]
async fn ready(State(core): State<Arc<Core>>) -> Answered<StatusCode> {
    if core.store.is_alive().await {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(
        ErrorCode::StoreUnavailable,
        "the database does not answer",
    ))
}

/// How the server and the mailboxes the caller reads are doing.
#[utoipa::path(get, path = "/v1/health", tag = "health",
    responses((status = 200, description = "The state", body = ServerHealth)))]
async fn health(State(core): State<Arc<Core>>, caller: Caller) -> Result<Json<ServerHealth>, Problem> {
    Ok(Json(ServerHealth {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        store: core.store.is_alive().await,
        head: core.feed.head().borrow().number,
        accounts: core.health_for(&core.readable(caller.member.id)),
    }))
}
