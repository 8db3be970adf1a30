//! How inboxes call what conversations go through.

use baton_domain::{AutoReplies, InboxId, Workflow};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What an inbox is for and how it calls its statuses; whoever leads the work may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaveWorkflow {
    /// Which.
    pub inbox: InboxId,
    /// Its workflow from now on.
    pub workflow: Workflow,
    /// What it was as the form was opened. Where it is something else by now the answer is
    /// [`VersionConflict`](baton_domain::Refusal::VersionConflict), and nothing is saved.
    pub before: Workflow,
}

/// What an inbox answers by itself; whoever leads the work may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaveAutoReplies {
    /// Which.
    pub inbox: InboxId,
    /// Its texts from now on; `None` for nothing.
    pub replies: Option<AutoReplies>,
    /// What they were as the form was opened; judged as with [`SaveWorkflow`].
    pub before: Option<AutoReplies>,
}
