//! Finding conversations by what was written in them.

use baton_domain::{ConversationId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A part of the words around a find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExcerptPart {
    /// The words.
    pub text: String,
    /// They are what was looked for.
    pub found: bool,
}

/// What wrote a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HitKind {
    /// A customer.
    Theirs,
    /// We did.
    Ours,
    /// A colleague, for colleagues.
    Note,
}

/// A conversation in which something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// Which.
    pub conversation: ConversationId,
    /// The newest message, reply or note that fits.
    pub message: MessageId,
    /// What wrote it.
    pub kind: HitKind,
    /// Its instant.
    pub at: Timestamp,
    /// Its author.
    pub from: String,
    /// Its subject line.
    pub subject: String,
    /// The words around what was found.
    pub excerpt: Vec<ExcerptPart>,
}

/// What was found, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hits {
    /// The conversations.
    pub hits: Vec<Hit>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// How many entries of the log are not in the index yet. What they say can't be found for the moment.
    #[ts(type = "number")]
    pub behind: u64,
}
