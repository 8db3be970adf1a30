//! Routing within the decision that needs it: a live first message, a reopening that finds nobody, or a manager who asks for it.

use std::collections::BTreeSet;

use super::{Case, escalating, invalid, moving};
use crate::evolve::apply;
use crate::{
    Asked, Capabilities, Capability, Cause, Context, Conversation, Direction, EscalationReason, Event, Inbox, Invalid,
    LastMessage, Lead, MemberId, Message, MessageKind, OwnerChange, Refusal, Routed, Staff, Stamp, Standing, Status,
    Stayed, evolve,
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
        // What was here before stays here.
        let stays = before.map(|_| Stayed::CameBack);
        events.extend(routed(&after, Some(message), stamp, context, stays));
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

/// What the rules in force say about a conversation without an owner, which goes to another inbox where they say so, unless it `stays`.
pub(super) fn routed(
    state: &Conversation,
    message: Option<&Message>,
    stamp: Stamp,
    context: &Context<'_>,
    stays: Option<Stayed>,
) -> Vec<Event> {
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
    let lead = Lead::of(state, message, facts.acquaintance.returning, in_hours)
        .of_company(company, away)
        .among(context.inboxes.keys().copied(), stays);
    let staff = Staff {
        standing: context.standing(),
        loads: facts.loads,
        turns: facts.turns,
        open_with: facts.acquaintance.open_with,
        account_owner: company.and_then(|company| company.owner),
    };
    let routed = facts.rules.route(facts.version, lead, &staff);
    if let Some(there) = routed.routing.moved_to.and_then(|to| context.inboxes.get(&to)) {
        return moved(state, message, stamp, context, there, &routed);
    }
    let changes = routed.changes_to(state, staff.standing);
    let owner = routed.routing.owner;
    let asked = asked_for(&routed.asked, staff.standing);
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
    events.extend(asked);
    events
}

/// It goes to another inbox, as if somebody had moved it: what the rules of this one set and ask for holds there, and then the rules are
/// asked about it there. They move it no further.
fn moved(
    state: &Conversation,
    message: Option<&Message>,
    stamp: Stamp,
    context: &Context<'_>,
    there: &Inbox,
    routed: &Routed,
) -> Vec<Event> {
    let nobody = Capabilities::new();
    let context = Context {
        inbox: there,
        capabilities: &nobody,
        ..context.clone()
    };
    let standing = context.standing();
    let mut after = state.clone();
    let mut events: Vec<Event> = Vec::new();
    let mut happen = |after: &mut Conversation, more: Vec<Event>| {
        more.iter().for_each(|event| apply(after, stamp, event));
        events.extend(more);
    };
    let goes = vec![
        Event::Routed {
            routing: Box::new(routed.routing.clone()),
        },
        Event::MovedOut { to: there.id },
        Event::MovedIn {
            from: state.inbox,
            account: moving::account_in(state, there.id, context.accounts),
        },
    ];
    happen(&mut after, goes);
    let changes = routed.changes_to(&after, standing);
    happen(&mut after, changes);
    let settles = moving::unowned_in(&after, there);
    happen(&mut after, settles);
    happen(&mut after, asked_for(&routed.asked, standing));
    let more = self::routed(&after, message, stamp, &context, Some(Stayed::MovedOnce));
    happen(&mut after, more);
    events
}

/// What rules ask for besides. Who has left, or may not read it, is told nothing.
fn asked_for(asked: &[Asked], standing: Standing<'_>) -> Vec<Event> {
    let reads = |member: &MemberId| {
        let known = standing.members.get(member);
        known.is_some_and(|known| known.active) && standing.may(*member, Capability::Read)
    };
    let event = |asked: &Asked| match asked {
        Asked::Escalate { rule, name, words } => {
            let reason = EscalationReason::ByRule {
                rule: *rule,
                name: name.clone(),
                words: words.clone(),
            };
            Some(escalating::begun(reason, standing))
        }
        Asked::Tell { rule, name, members } => {
            let members: BTreeSet<MemberId> = members.iter().copied().filter(reads).collect();
            (!members.is_empty()).then(|| Event::Told {
                rule: *rule,
                name: name.clone(),
                members,
            })
        }
    };
    asked.iter().filter_map(event).collect()
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
            let stamp = super::stamp(self.command, self.context);
            routed(self.state, None, stamp, self.context, self.stays())
        };
        if events.is_empty() {
            Err(invalid("body", Invalid::NotNow))
        } else {
            Ok(events)
        }
    }

    /// Why no rule may move it while somebody asks for the rules.
    fn stays(&self) -> Option<Stayed> {
        if self.state.lock.is_some() || self.nothing_leaves().is_err() {
            Some(Stayed::InUse)
        } else if self.state.absorbs().next().is_some() {
            Some(Stayed::Merged)
        } else {
            None
        }
    }
}
