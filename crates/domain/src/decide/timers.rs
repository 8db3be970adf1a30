//! Deadlines that came. Each fires once, is stamped with the deadline, and says nothing if it does not stand any more.

use super::escalating::waits_for_a_person;
use super::work::needs_a_person;
use super::{Case, clocks};
use crate::deadline::deadlines;
use crate::{
    Cause, Closing, Deadline, Event, FollowUp, FollowUpKind, HandoffEnd, Outcome, OwnerChange, Status, Timestamp,
};

impl Case<'_> {
    pub(super) fn due(&self, what: Deadline, at: Timestamp) -> Vec<Event> {
        if what == Deadline::Targets {
            // Nothing but the clocks, which follow every command.
            return Vec::new();
        }
        let stands = self.context.now >= at && deadlines(self.state).any(|one| one == (at, what));
        if !stands {
            return Vec::new();
        }
        match what {
            Deadline::FollowUp => self.follow_up_due(at),
            Deadline::Closing => self.closes(at),
            Deadline::Resolved => self.closes_for_good(at),
            Deadline::Snooze => {
                let mut events = vec![Event::CameDue { what, at }];
                events.extend(self.wake(Cause::Deadline));
                events
            }
            Deadline::Handoff => self.handoff_lapsed(),
            Deadline::Escalation => self.escalation_lapsed(at),
            Deadline::ClockWarning | Deadline::ClockBreach | Deadline::Targets => clocks::came(self.state, what, at),
        }
    }

    fn follow_up_due(&self, at: Timestamp) -> Vec<Event> {
        let mut events = vec![Event::CameDue {
            what: Deadline::FollowUp,
            at,
        }];
        events.extend(self.wake(Cause::Deadline));
        let chasing = self
            .state
            .follow_up
            .as_ref()
            .is_some_and(|follow_up| matches!(follow_up.kind, FollowUpKind::Chase { .. } | FollowUpKind::Closing));
        if chasing || matches!(self.state.status, Status::Waiting | Status::QuoteSent) {
            events.extend(self.status(Status::FollowUpDue, Cause::Deadline));
        }
        let fired = self.state.follow_up.clone().map(|follow_up| FollowUp {
            fired: true,
            ..follow_up
        });
        if fired.as_ref().is_some_and(waits_for_a_person) {
            events.extend(self.asked_before_closing());
        }
        events
    }

    /// A proposal to close that nobody touched: no response. A reply under way, or one that has not left, is a touch, and
    /// the proposal stands a day longer. What came to weigh too much meanwhile is asked of people first.
    fn closes(&self, at: Timestamp) -> Vec<Event> {
        if needs_a_person(&self.context.inbox.policy, self.state) {
            let mut follow_up = self.state.follow_up.clone();
            if let Some(follow_up) = &mut follow_up {
                follow_up.closes_at = None;
            }
            let mut events = vec![Event::FollowUpSet {
                follow_up,
                cause: Cause::Deadline,
            }];
            events.extend(self.asked_before_closing());
            return events;
        }
        if self.state.lock.is_some() || self.state.outbound.iter().any(|outbound| !outbound.settled()) {
            let later = self
                .context
                .inbox
                .policy
                .calendar
                .add_business_days(self.context.now, 1);
            let mut follow_up = self.state.follow_up.clone();
            if let Some(follow_up) = &mut follow_up {
                follow_up.closes_at = Some(later);
            }
            return vec![Event::FollowUpSet {
                follow_up,
                cause: Cause::Deadline,
            }];
        }
        let closing = Closing {
            outcome: Outcome::NoResponse,
            reason: None,
            at,
            by: None,
        };
        vec![
            Event::CameDue {
                what: Deadline::Closing,
                at,
            },
            Event::Closed { closing },
        ]
    }

    /// Nobody took it in time: it stays with the giver, or goes to who stands in for them while they are away.
    fn handoff_lapsed(&self) -> Vec<Event> {
        let mut events = vec![Event::HandoffEnded {
            how: HandoffEnd::Lapsed,
            reason: None,
        }];
        let here = |id| {
            self.context
                .members
                .get(&id)
                .is_some_and(|member| member.available(self.context.now))
        };
        let giver = self.state.handoff.as_ref().map(|offer| offer.from);
        let backup = giver
            .and_then(|id| self.context.members.get(&id))
            .and_then(|member| member.backup);
        if let (Some(giver), Some(backup)) = (giver, backup)
            && !here(giver)
            && self.context.standing().can_take(backup)
        {
            let context = self.state.handoff.as_ref().map(|offer| offer.context.clone());
            events.push(Event::OwnerChanged {
                owner: Some(backup),
                how: OwnerChange::Assigned,
                context,
            });
        }
        events
    }
}
