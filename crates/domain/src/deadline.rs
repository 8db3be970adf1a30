//! Deadlines: when a conversation needs attention by itself.

use crate::{Clock, Conversation, Deadline, Escalation, FollowUp, Timestamp};

/// The next deadline of a conversation and what it is; `None` when nothing happens without somebody acting.
///
/// The referee's scheduler wakes at it, and the desktop reminds by the same function, offline too.
#[must_use]
pub fn next_deadline(conversation: &Conversation) -> Option<(Timestamp, Deadline)> {
    deadlines(conversation).min_by_key(|(at, _)| *at)
}

/// Every deadline that stands.
pub fn deadlines(conversation: &Conversation) -> impl Iterator<Item = (Timestamp, Deadline)> + '_ {
    let follow_up = conversation.follow_up.as_ref().and_then(follow_up_deadline);
    let snooze = conversation
        .snoozed
        .as_ref()
        .and_then(|snooze| snooze.until)
        .map(|until| (until, Deadline::Snooze));
    let handoff = conversation
        .handoff
        .as_ref()
        .map(|offer| (offer.until, Deadline::Handoff));
    let escalation = conversation.escalation.as_ref();
    let escalation = escalation
        .and_then(Escalation::lapses)
        .map(|until| (until, Deadline::Escalation));
    let clocks = conversation.clocks.iter().flat_map(Clock::deadlines);
    let open = !conversation.status.is_over();
    [follow_up, snooze, handoff, escalation]
        .into_iter()
        .flatten()
        .chain(clocks)
        .filter(move |_| open)
        .chain(conversation.closes_at().map(|at| (at, Deadline::Resolved)))
}

fn follow_up_deadline(follow_up: &FollowUp) -> Option<(Timestamp, Deadline)> {
    if follow_up.fired {
        follow_up.closes_at.map(|at| (at, Deadline::Closing))
    } else {
        Some((follow_up.due, Deadline::FollowUp))
    }
}
