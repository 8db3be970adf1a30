//! The engine as the window sees it: there at once, answering as soon as it has started.

use std::sync::Arc;
use std::time::Duration;

use baton_client::{Config, Desktop, EmbeddedServer, Shell};
use baton_protocol::{ApiError, ErrorCode, Reply, Request, UiEvent};
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};

use crate::notifications::{Answer, OPEN};
use crate::window;

/// The one event that the window listens to; its payload is a [`UiEvent`].
const EVENT: &str = "baton";

/// How long quitting may take. What must not be lost is on disk long before.
const LONGEST_STOP: Duration = Duration::from_secs(3);

/// What the engine is given by the program around it.
pub struct Parts {
    /// What it may ask of the program.
    pub shell: Arc<dyn Shell>,
    /// The server it may start inside the program.
    pub embedded: Arc<dyn EmbeddedServer>,
}

type Started = Option<Result<Desktop, ApiError>>;

/// The engine, starting or started.
#[derive(Clone)]
pub struct Engine(watch::Receiver<Started>);

impl Engine {
    /// Starts it beside whatever the caller does next, and tells the window every event. Must be called within a Tokio
    /// runtime.
    pub fn start(app: AppHandle, config: Config, parts: Parts, sample: bool) -> Self {
        let (started, engine) = watch::channel(None);
        tokio::spawn(async move {
            let outcome = start(app, config, parts, sample).await;
            if let Err(error) = &outcome {
                tracing::error!("the engine did not start: {}", error.message);
            }
            started.send_replace(Some(outcome));
        });
        Self(engine)
    }

    /// Answers a request of the window, once it has started.
    ///
    /// # Errors
    /// Those of [`Desktop::call`], or why it could not start.
    pub async fn call(&self, request: Request) -> Result<Reply, ApiError> {
        self.desktop().await?.call(request).await
    }

    /// The engine itself, once it has started.
    async fn desktop(&self) -> Result<Desktop, ApiError> {
        let mut engine = self.0.clone();
        match engine.wait_for(Option::is_some).await {
            Ok(started) => started.clone().unwrap_or_else(|| Err(broken_off())),
            Err(_) => Err(broken_off()),
        }
    }

    /// Stops it, and waits for that, but not for long.
    pub fn stop(&self) {
        let Some(Ok(desktop)) = self.0.borrow().clone() else {
            return;
        };
        tauri::async_runtime::block_on(async {
            if tokio::time::timeout(LONGEST_STOP, desktop.stop()).await.is_err() {
                tracing::warn!("the engine took too long to stop");
            }
        });
    }
}

async fn start(app: AppHandle, config: Config, parts: Parts, sample: bool) -> Result<Desktop, ApiError> {
    let desktop = Desktop::start(config, parts.shell, Some(parts.embedded))
        .await
        .map_err(|error| ApiError {
            code: ErrorCode::StoreUnavailable,
            message: format!("{:#}", anyhow::Error::new(error)),
        })?;
    // Before the window can ask its first question: whatever changes after the answer reaches it.
    tokio::spawn(forward_events(desktop.events(), app));
    if sample {
        baton_web::start::begin_with_sample(&desktop).await?;
    }
    Ok(desktop)
}

fn broken_off() -> ApiError {
    ApiError {
        code: ErrorCode::Internal,
        message: "the engine ended while it started".to_owned(),
    }
}

/// Tells the window every event of the engine.
async fn forward_events(mut events: broadcast::Receiver<UiEvent>, app: AppHandle) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // The window was too slow to hear everything: it asks for everything again.
            Err(RecvError::Lagged(_)) => UiEvent::Boot,
            Err(RecvError::Closed) => return,
        };
        tell(&app, &event);
    }
}

/// Tells the window one event.
pub fn tell(app: &AppHandle, event: &UiEvent) {
    if let Err(error) = app.emit_to(window::MAIN, EVENT, event) {
        tracing::debug!(%error, "the window could not be told");
    }
}

/// Tells the engine which button of a notification was pressed, and shows the window where that is what the button asks.
pub fn forward_answers(engine: &Engine, app: AppHandle, mut answers: mpsc::UnboundedReceiver<Answer>) {
    let engine = engine.clone();
    tokio::spawn(async move {
        while let Some(answer) = answers.recv().await {
            if answer.action == OPEN {
                window::raise(&app);
            }
            if let Ok(desktop) = engine.desktop().await {
                desktop.on_notification(&answer.key, &answer.action).await;
            }
        }
    });
}
