//! The desktop as a shell holds it.

use std::sync::Arc;

use baton_protocol::{ApiError, ErrorCode, Reply, Request, UiEvent};
use tokio::sync::broadcast;

use super::{Config, EmbeddedServer, Shell, StartError};
use crate::installation::Installation;

/// A desktop without a window. Cloning gives another handle of the same one.
#[derive(Clone)]
pub struct Desktop {
    installation: Arc<Installation>,
}

impl std::fmt::Debug for Desktop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desktop(..)")
    }
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
        let installation = Installation::start(config, shell, embedded).await?;
        Ok(Self { installation })
    }

    /// Answers one request of the window.
    ///
    /// # Errors
    /// A code from the closed list, with words for a log. A refusal is not an error.
    pub async fn call(&self, request: Request) -> Result<Reply, ApiError> {
        let installation = self.installation.clone();
        // Whoever asked may go away (a closed window, a dropped connection); what was begun is finished all the same.
        let answered = tokio::spawn(async move { installation.call(request).await });
        answered.await.unwrap_or_else(|cause| {
            Err(ApiError {
                code: ErrorCode::Internal,
                message: cause.to_string(),
            })
        })
    }

    /// What the window is told unasked, from now on. A receiver that lagged asks again for what is on screen.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<UiEvent> {
        self.installation.events()
    }

    /// A button of a notification was pressed, or the notification itself (`open`).
    pub async fn on_notification(&self, key: &str, action: &str) {
        let installation = self.installation.clone();
        let (key, action) = (key.to_owned(), action.to_owned());
        let pressed = tokio::spawn(async move { installation.on_notification(&key, &action).await });
        if let Err(error) = pressed.await {
            tracing::error!(%error, "a notification's button was not heeded");
        }
    }

    /// How many conversations need me: late, answered, or offered to me.
    #[must_use]
    pub fn unread_badge(&self) -> u32 {
        self.installation.badge()
    }

    /// Stops: everything is on disk, the connection and an embedded server are closed.
    pub async fn stop(&self) {
        self.installation.stop().await;
    }
}
