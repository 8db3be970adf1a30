//! Sync over a WebSocket: what a desktop lacks, then whatever happens, as it happens.
//!
//! A connection has a place in the log and reads on from there at its own pace. Nothing is kept for it: one that can't keep up is
//! cut, comes back with its cursor, and lacks nothing.

mod connection;
pub mod feed;
mod parts;
pub mod presence;
mod progress;
mod relay;
pub mod scopes;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

use crate::auth::Caller;
use crate::core::Core;
pub use relay::{Relay, Shown, carry};

/// The largest message a desktop may send. Files go another way.
const LARGEST: usize = 2 << 20;

/// What a socket reads at once. The buffer is held by every connection, and zeroed whenever one looks for words that are not there:
/// larger ones cost more than they save.
const READ: usize = 4 << 10;

/// A WebSocket: what a desktop lacks, then whatever happens, as it happens. Messages are JSON; the first is the desktop's `hello`.
#[utoipa::path(get, path = "/v1/sync", tag = "work",
    responses((status = 101, description = "The socket is open")))]
pub async fn upgrade(State(core): State<Arc<Core>>, caller: Caller, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(READ)
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a socket was not opened"))
        .on_upgrade(move |socket| connection::serve(core, caller, socket))
}
