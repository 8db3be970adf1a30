//! What the window may call: the engine's one door, and a word that it can be used.

use baton_protocol::{ApiError, Reply, Request};
use tauri::{AppHandle, State};

use crate::engine::Engine;
use crate::{measure, window};

/// Passes a request of the window to the engine.
///
/// # Errors
/// Those of the engine.
#[tauri::command]
pub async fn call(engine: State<'_, Engine>, request: Request) -> Result<Reply, ApiError> {
    engine.call(request).await
}

/// The first list can be used.
#[tauri::command]
pub fn ready(app: AppHandle) {
    measure::report_ready();
    window::ready(&app);
}
