//! Finding over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use baton_protocol::{ApiError, ErrorCode, Hits};
use baton_store::search::{Find, Query, Who};
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use crate::auth::Caller;
use crate::core::Core;
use crate::search::Failed;

/// Conversations in a page at most.
const PAGE: u16 = 200;
/// Nobody types more than this.
const QUERY_BYTES: usize = 2048;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct Wanted {
    /// Words, phrases and operators, as the user guide describes them: `renewal from:carl after:2026-10`.
    q: String,
    /// More letters may follow the last word.
    #[serde(default)]
    typing: bool,
    /// The zone whose days are meant, e.g. Europe/Berlin; UTC when left out.
    zone: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// How many at most: 50 by default, 200 at most.
    limit: Option<u16>,
}

/// Conversations in which something is found, the newest find first, among those the caller reads.
#[utoipa::path(get, path = "/v1/search", tag = "work", params(Wanted),
    responses((status = 200, description = "A page", body = Hits),
        (status = 503, description = "The index is not open yet", body = ApiError)))]
async fn search(
    State(core): State<Arc<Core>>,
    caller: Caller,
    wanted: Result<Parameters<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Answered<Json<Hits>> {
    let Parameters(wanted) = wanted?;
    if wanted.q.len() > QUERY_BYTES {
        return Err(Problem::new(ErrorCode::TooLarge, "a search has at most 2 KiB of text"));
    }
    let zone = match wanted.zone.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| Problem::new(ErrorCode::BadRequest, "there is no such zone"))?,
    };
    let before = wanted.before.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| Problem::new(ErrorCode::BadRequest, "`before` is the `next` of the page before"))?;
    let who = Who {
        member: caller.member.id,
        inboxes: core.readable(caller.member.id).inboxes,
        zone,
    };
    let find = Find {
        limit: usize::from(wanted.limit.unwrap_or(50).clamp(1, PAGE)),
        before,
    };
    let query = Query::parse(&wanted.q, wanted.typing);
    let found = core.search.find(&core, &query, &who, find).await;
    found.map(Json).map_err(|error| match error {
        Failed::NotOpen | Failed::Stopping => Problem::new(ErrorCode::StoreUnavailable, error.to_string()),
        Failed::Index(_) | Failed::Store(_) => {
            tracing::warn!(%error, "a search failed");
            Problem::new(ErrorCode::StoreUnavailable, "the search index can't be read")
        }
    })
}
