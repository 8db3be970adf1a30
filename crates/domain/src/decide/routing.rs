//! Routing within the decision that needs it: a live first message, a reopening that finds nobody, or a manager who asks for it.

use super::{Case, invalid};
use crate::evolve::apply;
use crate::{
    Cause, Context, Conversation, Direction, Event, Invalid, LastMessage, Lead, Message, MessageKind, OwnerChange,
    Refusal, Staff, Stamp, Status, evolve,
};

/// `events`, just decided for a message, with what the rules add once it stands without an owner. Machines' answers are not routed,
/// nor is what has an owner. Without rules in force nothing is added.
pub(super) fn then_routed(
    before: Option<&Conversation>,
    mut events: Vec<Event>,
    message: &Message,
    stamp: Stamp,
    context: &Context<'_>,
) -> Vec<Event> {
    if context.routing.is_none() || !matches!(message.kind, MessageKind::Human | MessageKind::Bulk) {
        return events;
    }
    let mut after = before.cloned();
    for event in &events {
        match &mut after {
            Some(state) => apply(state, stamp, event),
            None => after = evolve(None, stamp, event),
        }
    }
    if let Some(after) = after {
        events.extend(routed(&after, Some(message), context));
    }
    events
}

/// Whether nobody of theirs has written yet: machines began it, or somebody of ours outside Baton, and it has no owner. Their first
/// message makes it a lead.
pub(super) fn waits_for_its_first(state: &Conversation) -> bool {
    let only_others = |last: &LastMessage| match last.direction {
        // The first message stands as the newest until somebody writes, whatever other machines say.
        Direction::Inbound => matches!(last.kind, MessageKind::AutoReply | MessageKind::Bounce),
        Direction::Outside => true,
        _ => false,
    };
    state.owner.is_none() && state.last_message.as_ref().is_some_and(only_others)
}

/// What the rules in force say about a conversation without an owner.
pub(super) fn routed(state: &Conversation, message: Option<&Message>, context: &Context<'_>) -> Vec<Event> {
    let Some(facts) = context.routing.filter(|facts| facts.rules.in_force()) else {
        return Vec::new();
    };
    if state.owner.is_some() || state.status.is_over() {
        return Vec::new();
    }
    let in_hours = context.inbox.policy.calendar.is_open(context.now);
    let company = context
        .companies
        .and_then(|companies| companies.of(&state.contact.email));
    let away = |owner| {
        let known = context.members.get(&owner);
        known.is_none_or(|member| !member.active || !member.available(context.now))
    };
    let lead = Lead::of(state, message, facts.acquaintance.returning, in_hours).of_company(company, away);
    let staff = Staff {
        standing: context.standing(),
        loads: facts.loads,
        turns: facts.turns,
        open_with: facts.acquaintance.open_with,
        account_owner: company.and_then(|company| company.owner),
    };
    let routed = facts.rules.route(facts.version, lead, &staff);
    let changes = routed.changes_to(state, staff.standing);
    let owner = routed.routing.owner;
    let mut events = vec![Event::Routed {
        routing: Box::new(routed.routing),
    }];
    events.extend(changes);
    if owner.is_some() {
        events.push(Event::OwnerChanged {
            owner,
            how: OwnerChange::Routed,
            context: None,
        });
        if state.status == Status::New {
            events.push(Event::StatusChanged {
                status: Status::Assigned,
                cause: Cause::Ownership,
            });
        }
    }
    events
}

impl Case<'_> {
    /// By the rules in force once more, by hand: for what waits without an owner.
    pub(super) fn route(&self) -> Result<Vec<Event>, Refusal> {
        if let Some(owner) = self.state.owner {
            return Err(self.not_owner(owner));
        }
        let events = if self.state.status.is_over() {
            Vec::new()
        } else {
            routed(self.state, None, self.context)
        };
        if events.is_empty() {
            Err(invalid("body", Invalid::NotNow))
        } else {
            Ok(events)
        }
    }
}
