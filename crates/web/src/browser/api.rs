//! The engine's door over HTTP: one call, one stream.

use axum::extract::rejection::JsonRejection;
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{DefaultBodyLimit, Query, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use baton_client::Desktop;
use baton_protocol::{ApiError, ErrorCode, Reply, Request, UiEvent};
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Secret;

/// The largest request. Attachments travel in base64 inside one; mail servers take about 25 MB of them.
const LARGEST_BYTES: usize = 64 * 1024 * 1024;

#[derive(Clone)]
struct Door {
    desktop: Desktop,
    secret: Secret,
}

pub(super) fn router(desktop: Desktop, secret: Secret) -> Router {
    Router::new()
        .route("/api/call", post(call))
        .route("/api/events", get(events))
        .layer(DefaultBodyLimit::max(LARGEST_BYTES))
        .with_state(Door { desktop, secret })
}

async fn call(
    State(door): State<Door>,
    headers: HeaderMap,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Reply>, Failure> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !token.is_some_and(|token| door.secret.is(token)) {
        return Err(Failure::stranger());
    }
    let Json(request) = request.map_err(|rejection| Failure {
        status: rejection.status(),
        error: ApiError {
            code: ErrorCode::BadRequest,
            message: rejection.body_text(),
        },
    })?;
    Ok(Json(door.desktop.call(request).await?))
}

#[derive(Deserialize)]
struct EventsQuery {
    token: Option<String>,
}

async fn events(State(door): State<Door>, Query(query): Query<EventsQuery>, upgrade: WebSocketUpgrade) -> Response {
    // A browser sets no headers on a WebSocket of its own: the secret comes in the address.
    if !query.token.is_some_and(|token| door.secret.is(&token)) {
        return Failure::stranger().into_response();
    }
    // Subscribed before the answer: whatever happens after it reaches the window.
    let events = door.desktop.events();
    upgrade.on_upgrade(move |socket| forward(socket, events))
}

/// Sends every event until the window or the engine goes.
async fn forward(mut socket: WebSocket, mut events: broadcast::Receiver<UiEvent>) {
    loop {
        let event = tokio::select! {
            event = events.recv() => match event {
                Ok(event) => event,
                // The window was too slow to hear everything: it asks for everything again.
                Err(RecvError::Lagged(_)) => UiEvent::Boot,
                Err(RecvError::Closed) => return,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered below us; windows have nothing else to say here.
                Some(Ok(_)) => continue,
            },
        };
        let text = match serde_json::to_string(&event) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "an event could not be written");
                continue;
            }
        };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

/// An error as it is answered.
struct Failure {
    status: StatusCode,
    error: ApiError,
}

impl Failure {
    /// The answer to whoever does not know the secret.
    fn stranger() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: ApiError {
                code: ErrorCode::SignedOut,
                message: "open the address that was printed at the start".to_owned(),
            },
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let status = match error.code {
            ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, error }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.error)).into_response()
    }
}
