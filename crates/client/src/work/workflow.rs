//! How an inbox calls what conversations go through. The server decides and keeps it.

use baton_protocol::{Acted, ApiError, SaveWorkflow};

use super::Work;

impl Work {
    /// What an inbox is for and how it calls its statuses, where that is still what the form showed at first.
    pub(crate) async fn save_workflow(&self, save: SaveWorkflow) -> Result<Acted, ApiError> {
        let SaveWorkflow {
            inbox,
            workflow,
            before,
        } = save;
        self.change_policy(
            inbox,
            |policy| policy.workflow == before,
            |policy| policy.workflow = workflow,
        )
        .await
    }
}
