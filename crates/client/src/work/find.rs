//! Finding: what the replica knows, and as soon as it answers, what the server knows.

use std::time::Duration;

use baton_protocol::{Hit, ListPage, Searched};
use baton_store::search::Find;

use super::Work;
use crate::engine::find::hit;

/// How long the server may take to find something. Somebody types meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

impl Work {
    /// The conversations in which something is found. Without the server it is what is here, and that is said.
    pub(crate) async fn search(&self, text: &str, limit: u32) -> ListPage {
        let (rows, zone, offline) = self
            .look(|engine| (engine.search(text, limit), engine.zone_name(), engine.offline()))
            .await;
        if text.trim().is_empty() {
            return rows;
        }
        // Nobody waits for a server of which it is known that it isn't there.
        let searched = if offline {
            Searched::Offline
        } else {
            let asked = self.http.search(text, zone.as_deref(), limit);
            match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(found)) => {
                    let page = self.look(|engine| engine.with_hits(rows, found.hits, limit)).await;
                    return said(page, Searched::Everything);
                }
                Ok(Err(error)) => tracing::debug!(code = ?error.code, "the server did not search"),
                Err(_) => tracing::debug!("the server did not search in time"),
            }
            Searched::Unanswered
        };
        let hits = self.hits_here(text, limit).await;
        said(self.look(|engine| engine.with_hits(rows, hits, limit)).await, searched)
    }

    /// What the index of this replica finds.
    async fn hits_here(&self, text: &str, limit: u32) -> Vec<Hit> {
        let (criteria, among) = self.look(|engine| engine.looks_for(text)).await;
        let find = Find {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            before: None,
        };
        let admits = |conversation| among.as_ref().is_none_or(|among| among.contains(&conversation));
        match self.store.find(&criteria, find, admits).await {
            Ok(found) => found.into_iter().map(hit).collect(),
            Err(error) => {
                tracing::warn!(%error, "what is here was not searched");
                Vec::new()
            }
        }
    }
}

fn said(page: ListPage, searched: Searched) -> ListPage {
    ListPage {
        searched: Some(searched),
        ..page
    }
}
