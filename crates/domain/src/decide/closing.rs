//! How a conversation ends, and begins again.

use super::{Case, collect, invalid, text};
use crate::{Category, Cause, Closing, Direction, Event, Invalid, Outcome, Refusal, Status};

impl Case<'_> {
    /// A lead needs an outcome; nothing is closed over an unseen message or over a colleague who is replying.
    pub(super) fn close(&self, outcome: Option<Outcome>, reason: Option<&str>) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        self.nobody_replies()?;
        let outcome = match outcome {
            Some(outcome) => self.taken_here(outcome)?,
            None if self.state.category.has_duties() => return Err(Refusal::NeedsOutcome),
            None => self.workflow().kind.without_asking(self.state.category),
        };
        if self
            .state
            .closing
            .as_ref()
            .is_some_and(|closing| closing.outcome == outcome)
        {
            return Ok(Vec::new());
        }
        let reason = reason
            .filter(|reason| !reason.trim().is_empty())
            .map(|reason| text("reason", reason, 2000))
            .transpose()?;
        let closing = Closing {
            outcome,
            reason,
            at: self.context.now,
            by: self.command.actor.member(),
        };
        let mut events = self.withdraw_offer();
        events.extend(self.own_lock_given_back());
        events.push(Event::Closed { closing });
        Ok(events)
    }

    /// Not a lead: no claim, no clock, no step asked.
    pub(super) fn not_a_lead(&self) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        self.nobody_replies()?;
        if self.state.category == Category::Vendor && self.state.status.is_over() {
            return Ok(Vec::new());
        }
        let vendor = Event::FieldsChanged {
            category: Some(Category::Vendor),
            priority: None,
            value: None,
            company: None,
            subject: None,
            details: Box::default(),
        };
        let closing = Closing {
            outcome: self.workflow().kind.without_asking(Category::Vendor),
            reason: None,
            at: self.context.now,
            by: self.command.actor.member(),
        };
        let mut events = self.withdraw_offer();
        events.extend(self.own_lock_given_back());
        events.push(vendor);
        events.push(Event::Closed { closing });
        Ok(events)
    }

    pub(super) fn reopen(&self) -> Vec<Event> {
        if !self.state.status.is_over() {
            return Vec::new();
        }
        let status = if self.state.owner.is_some() {
            Status::Assigned
        } else {
            Status::New
        };
        collect([
            Some(Event::Reopened { cause: Cause::Person }),
            self.status(status, Cause::Person),
        ])
    }

    /// The newest message needs no answer: status and outcome are what they were before it.
    pub(super) fn no_reply_needed(&self) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        let last = self
            .state
            .last_message
            .as_ref()
            .filter(|last| last.direction == Direction::Inbound);
        match (last, self.state.unanswered_since) {
            (Some(last), Some(_)) if self.state.owner.is_some() || self.state.before_message.is_some() => {
                Ok(vec![Event::NoReplyNeeded { message: last.id }])
            }
            (Some(_), Some(_)) => Err(invalid("body", Invalid::NotNow)),
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn own_lock_given_back(&self) -> Option<Event> {
        self.state.lock.as_ref().map(|_| Event::LockReleased {
            why: crate::LockEnd::Released,
        })
    }
}
