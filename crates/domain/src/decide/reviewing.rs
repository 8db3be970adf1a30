//! What a reviewer does to a lead (W10): asks its owner to look at it, or leaves it be until tomorrow.

use super::{Case, collect, invalid};
use crate::review::MOST_REASONS;
use crate::{Event, FoundFine, Invalid, Nudge, Oddity, Refusal, ReviewDay, ReviewReason};

impl Case<'_> {
    /// One a lead a day, whoever asks: a second is true already. The day is the inbox's.
    pub(super) fn nudge(&self) -> Result<Vec<Event>, Refusal> {
        let by = self.me()?;
        let policy = &self.context.inbox.policy;
        let to = self.state.owner.filter(|owner| *owner != by);
        let Some(to) = to.filter(|_| !self.state.status.is_over()) else {
            return Err(invalid("body", Invalid::NotNow));
        };
        let at = self.context.now;
        let last = self.state.nudged.as_ref();
        if last.is_some_and(|last| policy.calendar.timetable().same_day(last.at, at)) {
            return Ok(Vec::new());
        }
        let reason = ReviewDay::new(policy, at).reasons(self.state).into_iter().next();
        Ok(vec![Event::Nudged {
            nudge: Nudge { by, to, at, reason },
        }])
    }

    /// Covers what the reviewer saw, until the business day after the one they said it on: what was said without a network may be over
    /// before it arrives.
    pub(super) fn fine_until_tomorrow(&self, reasons: &[ReviewReason]) -> Result<Vec<Event>, Refusal> {
        let by = self.me()?;
        if self.state.status.is_over() {
            return Ok(Vec::new());
        }
        if reasons.is_empty() {
            return Err(invalid("reasons", Invalid::Empty));
        }
        if reasons.len() > MOST_REASONS {
            return Err(invalid("reasons", Invalid::TooLong));
        }
        let now = self.context.now;
        let said = self.command.issued_at.min(now);
        let until = self.context.inbox.policy.calendar.timetable().next_day_begins(said);
        let known = self.state.fine.as_ref();
        let same = known.is_some_and(|fine| fine.until == until && fine.reasons == reasons);
        if until <= now || same {
            return Ok(Vec::new());
        }
        Ok(vec![Event::FoundFine {
            fine: FoundFine {
                by,
                at: now,
                until,
                reasons: reasons.to_vec(),
            },
        }])
    }

    /// Somebody has looked at what left the usual path; nothing where nothing did. Lying still begins anew.
    pub(super) fn settle_exception(&self, what: Oddity) -> Vec<Event> {
        let state = self.state;
        let stands = match what {
            Oddity::Misrouted => state.corrections_to_look_at().next().is_some(),
            Oddity::Reopened => state.comeback_to_look_at().is_some(),
            Oddity::Stale => {
                let day = ReviewDay::new(&self.context.inbox.policy, self.context.now);
                day.stale_since(state).is_some()
            }
        };
        collect([stands.then_some(Event::ExceptionSettled { what })])
    }

    /// Not fine after all.
    pub(super) fn review_again(&self) -> Vec<Event> {
        self.state.fine.iter().map(|_| Event::FineTakenBack).collect()
    }
}
