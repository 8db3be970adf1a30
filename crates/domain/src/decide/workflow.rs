//! What an inbox's workflow decides: how something may end in it, by which of its statuses it goes, and what goes on elsewhere in it.

use super::{Case, collect, invalid};
use crate::{
    Category, Cause, Conversation, Deadline, Event, Inbox, Invalid, Outcome, Refusal, Status, StatusId, Workflow,
    WorkflowKind,
};

impl Case<'_> {
    pub(super) const fn workflow(&self) -> &Workflow {
        &self.context.inbox.policy.workflow
    }

    /// An outcome that a person may close with in this inbox.
    pub(super) fn taken_here(&self, outcome: Outcome) -> Result<Outcome, Refusal> {
        if outcome == Outcome::Imported {
            return Err(invalid("outcome", Invalid::NotForPeople));
        }
        if self.workflow().kind.takes(outcome) {
            Ok(outcome)
        } else {
            Err(invalid("outcome", Invalid::NotHere))
        }
    }

    /// One of the inbox's statuses, by hand. Only one that stands for where the conversation is: nobody moves it by naming it.
    pub(super) fn name_status(&self, id: Option<&StatusId>) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        let workflow = self.workflow();
        if id.is_some_and(|id| workflow.find(id).is_none()) {
            return Err(invalid("status", Invalid::Unknown));
        }
        let choices = workflow.choices(self.state.status);
        // One that is hidden, or stands for something else, is not among them. The first is what it is without a word.
        let place = id.map_or(Some(0), |id| choices.iter().position(|choice| choice.id == *id));
        let place = place.ok_or_else(|| invalid("status", Invalid::NotNow))?;
        let status = id.filter(|_| place > 0).cloned();
        if self.state.named_status == status {
            return Ok(Vec::new());
        }
        let shown = choices.into_iter().nth(place).map(Box::new);
        Ok(vec![Event::StatusNamed { status, shown }])
    }

    /// Handled, by hand. Closed too early it can be put back while they may still object.
    pub(super) fn resolve(&self) -> Result<Vec<Event>, Refusal> {
        let closing = self.state.closing.as_ref();
        let handled = closing.filter(|closing| closing.outcome.status() == Status::Resolved);
        match handled.filter(|_| self.state.status == Status::Closed) {
            Some(closing) if self.context.now < closing.at.plus_ms(crate::RESOLVED_FOR_MS) => {
                Ok(collect([self.status(Status::Resolved, Cause::Person)]))
            }
            Some(_) => Err(invalid("status", Invalid::NotNow)),
            None => self.close(Some(Outcome::Solved), None),
        }
    }

    /// Nobody objected to what was handled.
    pub(super) fn closes_for_good(&self, at: crate::Timestamp) -> Vec<Event> {
        let came = Event::CameDue {
            what: Deadline::Resolved,
            at,
        };
        collect([Some(came), self.status(Status::Closed, Cause::Deadline)])
    }

    pub(super) fn fits_in(&self, there: &Inbox, events: &[Event]) -> Vec<Event> {
        fits_in(self.state, there, events)
    }
}

/// What an inbox of another kind does not know is what comes nearest there, and what was for support has arrived there. `events`
/// are those of the move.
pub(super) fn fits_in(state: &Conversation, there: &Inbox, events: &[Event]) -> Vec<Event> {
    let kind = there.policy.workflow.kind;
    let moved = events.iter().rev().find_map(|event| match event {
        Event::StatusChanged { status, .. } => Some(*status),
        _ => None,
    });
    let status = moved.unwrap_or(state.status);
    let fitting = kind.fitting(status);
    let arrived = kind == WorkflowKind::Support && state.category == Category::Support;
    collect([
        (fitting != status).then_some(Event::StatusChanged {
            status: fitting,
            cause: Cause::Ownership,
        }),
        arrived.then_some(Event::FieldsChanged {
            category: Some(Category::Unsorted),
            priority: None,
            value: None,
            company: None,
            subject: None,
            details: Box::default(),
        }),
    ])
}
