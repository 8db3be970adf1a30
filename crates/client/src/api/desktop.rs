//! The desktop as a shell holds it.

use std::sync::Arc;

use baton_protocol::{ApiError, ErrorCode, Reply, Request, UiEvent};
use tokio::sync::broadcast;

use super::{Config, EmbeddedServer, Shell, StartError};

/// How many events a slow window may lag behind before it has to ask for everything again.
const EVENTS: usize = 1024;

/// A desktop without a window. Cloning gives another handle of the same one.
#[derive(Clone)]
pub struct Desktop {
    events: broadcast::Sender<UiEvent>,
}

impl Desktop {
    /// Starts a desktop on its data directory. Where a replica is there already it is at work at once, with or without a
    /// network.
    ///
    /// # Errors
    /// Only when the directory can't be used; everything else is a boot state for the window.
    pub async fn start(
        config: Config,
        shell: Arc<dyn Shell>,
        embedded: Option<Arc<dyn EmbeddedServer>>,
    ) -> Result<Self, StartError> {
        let _ = (config, shell, embedded);
        Ok(Self {
            events: broadcast::Sender::new(EVENTS),
        })
    }

    /// Answers one request of the window.
    ///
    /// # Errors
    /// A code from the closed list, with words for a log. A refusal is not an error.
    pub async fn call(&self, request: Request) -> Result<Reply, ApiError> {
        let _ = request;
        Err(ApiError {
            code: ErrorCode::BadRequest,
            message: "nothing is set up".to_owned(),
        })
    }

    /// What the window is told unasked, from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<UiEvent> {
        self.events.subscribe()
    }

    /// A button of a notification was pressed, or the notification itself (`open`).
    pub async fn on_notification(&self, key: &str, action: &str) {
        let _ = (key, action);
    }

    /// How many conversations need me.
    #[must_use]
    pub fn unread_badge(&self) -> u32 {
        0
    }

    /// Stops: everything is on disk, the connection and an embedded server are closed.
    pub async fn stop(&self) {}
}
