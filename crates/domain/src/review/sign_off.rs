//! The end of a review: who looked, at how much, and what was left.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DocumentId, InboxId, MemberId, Timestamp};

/// A reviewer's newest sign-off. A document of the log, scope workspace, one for each reviewer: the team sees it, those before it are in the
/// log, and two reviewers never stand in one another's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewSignOff {
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// Which inboxes.
    pub inboxes: Vec<InboxId>,
    /// How many conversations the list held.
    pub listed: u32,
    /// How many of them were settled.
    pub settled: u32,
    /// How long it took.
    #[ts(type = "number")]
    pub took_ms: i64,
}

impl ReviewSignOff {
    /// The id of a reviewer's document.
    #[must_use]
    pub fn document(by: MemberId) -> DocumentId {
        DocumentId::derive(by.0, "review")
    }

    /// How many were left as they were.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.listed.saturating_sub(self.settled)
    }
}
