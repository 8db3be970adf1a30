//! The HTTP interface: the routes, what guards them all, and their description for programs at `/openapi.json`.
//!
//! Handlers convert, ask and convert back; what is allowed is decided by the member's rights on every call, and what happens
//! by the referee.

mod accounts;
mod blobs;
mod commands;
mod companies;
mod conversations;
mod error;
mod extract;
mod health;
mod hosts;
mod people;
mod rules;
mod search;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use baton_protocol::ErrorCode;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use commands::from_session;
pub use error::Problem;

use crate::core::Core;
use crate::sync;

/// The largest JSON body.
const JSON_BYTES: usize = 4 << 20;

/// How long a request may take. Blobs and the socket are apart: they have rules of their own.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one may take that asks a far mail server.
const MAIL_PATIENCE: Duration = Duration::from_secs(150);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton sync server",
        description = "A shared sales inbox: one owner, one next step, one due date, and exactly one reply. Live changes travel over the WebSocket at /v1/sync."
    ),
    components(schemas(baton_protocol::SyncRefusal, baton_protocol::Present, baton_domain::WordsIn)),
    tags(
        (name = "people", description = "Signing in, inviting, rights"),
        (name = "work", description = "Conversations, commands, drafts, documents, blobs"),
        (name = "mailboxes", description = "Channel accounts"),
        (name = "health", description = "How the server is doing")
    )
)]
struct Described;

/// The routes and their description.
fn described() -> (Router<Arc<Core>>, utoipa::openapi::OpenApi) {
    let quick = OpenApiRouter::new()
        .merge(people::router())
        .merge(commands::router())
        .merge(conversations::router())
        .merge(rules::router())
        .merge(companies::router())
        .merge(search::router())
        .merge(health::router())
        .merge(hosts::router())
        .layer(middleware::from_fn(async |request: Request, next: Next| {
            within(PATIENCE, request, next).await
        }));
    let patient = accounts::router().layer(middleware::from_fn(async |request: Request, next: Next| {
        within(MAIL_PATIENCE, request, next).await
    }));
    let json = quick.merge(patient).layer(DefaultBodyLimit::max(JSON_BYTES));
    let (router, mut openapi) = OpenApiRouter::with_openapi(Described::openapi())
        .merge(json)
        .merge(blobs::router())
        .routes(routes!(sync::upgrade))
        .split_for_parts();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    openapi
        .components
        .get_or_insert_default()
        .security_schemes
        .insert("session".to_owned(), scheme.into());
    openapi.security = Some(vec![SecurityRequirement::new("session", Vec::<String>::new())]);
    say_what_all_may_answer(&mut openapi);
    (router, openapi)
}

/// Every route that wants a session may say that there is none.
fn say_what_all_may_answer(openapi: &mut utoipa::openapi::OpenApi) {
    let signed_out = ResponseBuilder::new()
        .description("Not signed in, or not any more")
        .content(
            "application/json",
            Content::new(Some(Ref::from_schema_name("ApiError"))),
        )
        .build();
    for item in openapi.paths.paths.values_mut() {
        let all = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
            &mut item.head,
        ];
        // A route with security of its own is one that wants none.
        for operation in all
            .into_iter()
            .flatten()
            .filter(|operation| operation.security.is_none())
        {
            let answer = signed_out.clone().into();
            operation.responses.responses.entry("401".to_owned()).or_insert(answer);
        }
    }
}

/// The description of the interface, as `/openapi.json` gives it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().1
}

/// The whole interface.
pub fn router(core: Arc<Core>) -> Router {
    let (router, openapi) = described();
    let openapi = Arc::new(openapi);
    router
        .route("/openapi.json", get(async move || Json(openapi.as_ref().clone())))
        .fallback(async || Problem::not_found())
        .layer(middleware::from_fn(guarded))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            // The path and nothing else: queries and headers may hold what is nobody's business.
            tracing::debug_span!("http", method = %request.method(), path = request.uri().path())
        }))
        .with_state(core)
}

/// Headers every answer carries. Nothing here is meant for a browser's cache or another site's frame.
async fn guarded(request: Request, next: Next) -> Response {
    let upgrade = request.method() == Method::GET && request.uri().path() == "/v1/sync";
    let mut response = next.run(request).await;
    if upgrade {
        return response;
    }
    let headers = response.headers_mut();
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A request that takes too long is answered instead of held.
async fn within(patience: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ErrorCode::StoreUnavailable, "this took too long").into_response(),
    }
}
