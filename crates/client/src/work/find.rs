//! Finding: what the replica knows, and as soon as it answers, what the server knows.

use std::time::Duration;

use baton_protocol::{ListPage, Searched};

use super::Work;

/// How long the server may take to find something. Somebody types meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

impl Work {
    /// The conversations in which something is found. Without the server it is what their rows say, and that is said.
    pub(crate) async fn search(&self, text: &str, limit: u32) -> ListPage {
        let (mut local, zone, offline) = self
            .look(|engine| (engine.search(text, limit), engine.zone_name(), engine.offline()))
            .await;
        if text.trim().is_empty() {
            return local;
        }
        // Nobody waits for a server of which it is known that it isn't there.
        if offline {
            local.searched = Some(Searched::Offline);
            return local;
        }
        let asked = self.http.search(text, zone.as_deref(), limit);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(found)) => return self.look(|engine| engine.with_hits(local, found.hits, limit)).await,
            Ok(Err(error)) => tracing::debug!(code = ?error.code, "the server did not search"),
            Err(_) => tracing::debug!("the server did not search in time"),
        }
        local.searched = Some(Searched::Unanswered);
        local
    }
}
