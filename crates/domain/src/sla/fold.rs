//! How events move the clocks of a conversation.

use super::{Clock, ClockEnd, ClockKind, Pause};
use crate::{Cause, Conversation, Event, Stamp, Timestamp};

/// What an event does to the clocks of a state it was folded into already.
pub(crate) fn fold(state: &mut Conversation, stamp: Stamp, event: &Event) {
    match event {
        Event::ClockStarted { clock } | Event::ClockRetargeted { clock } => put(state, (**clock).clone()),
        Event::ClockPaused { clock } => with(state, *clock, |clock| {
            clock.pauses.push(Pause {
                since: stamp.at,
                until: None,
            });
        }),
        Event::ClockResumed {
            clock,
            since,
            half_at,
            warn_at,
            due,
        } => with(state, *clock, |clock| {
            clock.resume(since.unwrap_or(stamp.at));
            (clock.half_at, clock.warn_at, clock.due) = (*half_at, *warn_at, *due);
        }),
        Event::ClockWarned { clock, .. } => with(state, *clock, |clock| clock.warned = true),
        Event::ClockBreached { clock, .. } => with(state, *clock, |clock| clock.breached = true),
        Event::BreachWithdrawn { clock, answered } => {
            if let Some(clock) = state.clocks.iter_mut().find(|other| other.kind == *clock) {
                clock.breached = false;
                clock.end = Some(met(*answered));
            }
        }
        Event::ClockDropped { clock } => state.clocks.retain(|other| other.kind != *clock),
        Event::OwnerChanged { owner: Some(_), .. } => {
            end(state, met(stamp.at), |kind| kind == ClockKind::Owner);
            begin_anew(state, |kind| kind == ClockKind::Owner);
        }
        // Their message begins every wait anew.
        Event::Reopened {
            cause: Cause::CustomerWrote,
        } => begin_anew(state, |_| true),
        // Seen later than it was sent, it counts from when it was sent.
        Event::OutsideReply { message, .. } if state.unanswered_since.is_none() => {
            end(state, met(message.at.min(stamp.at)), ClockKind::is_response);
        }
        Event::NoReplyNeeded { .. } => {
            end(state, ClockEnd::NotNeeded, ClockKind::is_response);
            // It had ended before they wrote, and has again: then, as it was.
            if let Some(closed_at) = state.closing.as_ref().map(|closing| closing.at) {
                end(state, met(closed_at), |kind| kind == ClockKind::Resolution);
            }
            owes_nothing(state);
        }
        Event::Closed { closing } => {
            end(state, met(closing.at), |kind| kind == ClockKind::Resolution);
            owes_nothing(state);
        }
        Event::StatusChanged { .. } | Event::FieldsChanged { .. } => owes_nothing(state),
        _ => {}
    }
}

/// What was not needed would go on if it were needed after all; after this it is another wait.
fn begin_anew(state: &mut Conversation, which: impl Fn(ClockKind) -> bool) {
    let not_needed = |clock: &Clock| clock.end == Some(ClockEnd::NotNeeded) && which(clock.kind);
    state.clocks.retain(|clock| !not_needed(clock));
}

/// What is over, or is no lead, owes nothing. Not asked after every event: a reply taken back opens first its clock and then,
/// by the next event, the conversation.
fn owes_nothing(state: &mut Conversation) {
    if state.status.is_over() || !state.category.has_duties() {
        end(state, ClockEnd::NotNeeded, |_| true);
    }
}

/// A reply of ours counts, and may be taken back: it meets the clock that waited for it, and remembers that clock as it was.
pub(crate) fn answered(state: &mut Conversation, at: Timestamp) {
    let waited = |clock: &&Clock| clock.kind.is_response() && clock.is_open();
    let response = state.clocks.iter().find(waited).cloned();
    if let Some(provisional) = &mut state.provisional {
        provisional.response = response;
    }
    end(state, met(at), ClockKind::is_response);
}

/// A reply did not leave: the clock it had met runs on as before, its deadline where it was. Unless they wrote again, and that
/// waited too long already: one wait is late once.
pub(crate) fn restore_response(state: &mut Conversation, response: Option<Clock>) {
    let late = |clock: &Clock| clock.kind.is_response() && clock.is_open() && clock.breached;
    if let Some(response) = response.filter(|_| !state.clocks.iter().any(late)) {
        put(state, response);
    }
}

const fn met(at: Timestamp) -> ClockEnd {
    ClockEnd::Met { at }
}

fn put(state: &mut Conversation, clock: Clock) {
    state.clocks.retain(|other| !other.kind.shares_place(clock.kind));
    state.clocks.push(clock);
}

fn with(state: &mut Conversation, kind: ClockKind, change: impl FnOnce(&mut Clock)) {
    let open = |clock: &&mut Clock| clock.kind == kind && clock.is_open();
    if let Some(clock) = state.clocks.iter_mut().find(open) {
        change(clock);
    }
}

fn end(state: &mut Conversation, how: ClockEnd, which: impl Fn(ClockKind) -> bool) {
    let open = state.clocks.iter_mut().filter(|clock| clock.is_open());
    for clock in open.filter(|clock| which(clock.kind)) {
        clock.end = Some(match how {
            ClockEnd::Met { at } => met(at.max(clock.started)),
            ClockEnd::NotNeeded => how,
        });
    }
}
