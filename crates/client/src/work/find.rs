//! Finding: what the replica knows, and as soon as it answers, what the server knows.

use std::time::Duration;

use baton_protocol::ListPage;

use super::Work;

/// How long the server may take to find something. Somebody types meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

impl Work {
    /// The conversations in which something is found. Without the server it is what their rows say.
    pub(crate) async fn search(&self, text: &str, limit: u32) -> ListPage {
        let (local, zone) = self
            .look(|engine| (engine.search(text, limit), engine.zone_name()))
            .await;
        if text.trim().is_empty() {
            return local;
        }
        let asked = self.http.search(text, zone.as_deref(), limit);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(found)) => self.look(|engine| engine.with_hits(local, found.hits, limit)).await,
            Ok(Err(error)) => {
                tracing::debug!(code = ?error.code, "the server did not search");
                local
            }
            Err(_) => local,
        }
    }
}
