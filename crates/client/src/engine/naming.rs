//! How a conversation's inbox calls where it stands.

use baton_domain::{CommandBody, Conversation, ShownStatus, Workflow};

use super::state::Engine;
use crate::views::Judge;

impl Engine {
    /// What it is shown as. Of an inbox that is not known here: as Baton calls it.
    pub(super) fn shown_status(&self, conversation: &Conversation) -> ShownStatus {
        let named = conversation.named_status.as_ref();
        match self.documents.inboxes.get(&conversation.inbox) {
            Some(inbox) => inbox.policy.workflow.shown(conversation.status, named),
            None => Workflow::default().shown(conversation.status, named),
        }
    }

    /// What I may say that it is, the one it is included; empty where that is all.
    pub(super) fn statuses(&self, judge: &Judge<'_>) -> Vec<ShownStatus> {
        let conversation = judge.conversation;
        let now = self.shown_status(conversation);
        let mut choices = judge.context.inbox.policy.workflow.choices(conversation.status);
        choices.retain(|choice| {
            let status = Some(choice.id.clone());
            choice.id == now.id || judge.outcome(CommandBody::NameStatus { status }).is_ok()
        });
        if choices.len() > 1 { choices } else { Vec::new() }
    }
}
