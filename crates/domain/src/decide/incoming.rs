//! What arrives: a customer's message, an automatic answer, a bounce, or a reply of ours that did not go through Baton.
//!
//! History is threaded and searchable, and starts nothing: no status moves, no follow-up, no reopening, nothing newer.

use super::outbound::cancelled;
use super::work::chase;
use crate::evolve::apply;
use crate::{
    Actor, Address, CancelReason, Cause, Closing, Company, Context, Conversation, Details, Event, FollowUpKind,
    InboxId, Message, MessageKind, Outbound, OutboundState, Outcome, OwnerChange, Source, Stamp, Status,
};

/// A message from the customer, or from a machine of theirs.
pub(super) fn receive(
    state: Option<&Conversation>,
    message: &Message,
    live: bool,
    inbox: InboxId,
    context: &Context<'_>,
) -> Vec<Event> {
    let received = Event::MessageReceived {
        message: Box::new(message.clone()),
        live,
    };
    let Some(state) = state else {
        let contact = message
            .reply_to
            .first()
            .filter(|_| message.from.email.is_empty())
            .unwrap_or(&message.from)
            .clone();
        return begun(message, contact, live, inbox, received, context);
    };
    if !live {
        return vec![received];
    }
    match message.kind {
        MessageKind::Human | MessageKind::Bulk => from_the_customer(state, message, received, context),
        MessageKind::AutoReply => {
            let mut events = vec![received];
            // A server that says "delayed" or "delivered" speaks for itself: nobody is away.
            if message.facts.report.is_none() {
                events.extend(postponed(state, message, context));
            }
            events
        }
        MessageKind::Bounce => {
            let mut events = vec![received];
            if state.owner.is_some() && !state.status.is_over() && state.status != Status::Assigned {
                events.push(Event::StatusChanged {
                    status: Status::Assigned,
                    cause: Cause::CustomerWrote,
                });
            }
            events
        }
    }
}

/// What a first message says of its author, where nobody has said it yet: the language they write, and the company they write for.
pub(super) fn sorted(state: Option<&Conversation>, message: &Message, context: &Context<'_>) -> Option<Event> {
    if !matches!(message.kind, MessageKind::Human | MessageKind::Bulk) {
        return None;
    }
    let nothing = Details::default();
    let known = state.map_or(&nothing, |state| &state.details);
    // A form writes from its own address for everybody: whom to answer says who it is.
    let whom = message.reply_to.first().filter(|_| message.from.email.is_empty());
    let author = state.map_or(whom.unwrap_or(&message.from), |state| &state.contact);
    let company = context.companies.and_then(|companies| companies.of(&author.email));
    let mut details = company.map(Company::details).unwrap_or_default();
    details.language.clone_from(&message.facts.language);
    let details = Box::new(details.beside(known));
    let name = company.map(|company| company.name.clone());
    let company = name.filter(|_| state.is_none_or(|state| state.company.is_none()));
    (company.is_some() || !details.is_empty()).then_some(Event::FieldsChanged {
        category: None,
        priority: None,
        value: None,
        company,
        subject: None,
        details,
    })
}

/// A reply seen in Sent that Baton did not send.
pub(super) fn external_reply(
    state: Option<&Conversation>,
    message: &Message,
    live: bool,
    inbox: InboxId,
    context: &Context<'_>,
) -> Vec<Event> {
    let seen = Event::OutsideReply {
        message: Box::new(message.clone()),
        live,
    };
    let Some(state) = state else {
        let contact = message.to.first().cloned().unwrap_or_default();
        return begun(message, contact, live, inbox, seen, context);
    };
    if !live || state.was_written_before_theirs(message) {
        return vec![seen];
    }
    let mut events: Vec<Event> = state
        .outbound
        .iter()
        .filter(|outbound| outbound.state == OutboundState::Queued && !outbound.is_aside())
        .flat_map(|outbound| cancelled(state, outbound.id, CancelReason::AnsweredOutside))
        .collect();
    let state = &with(state, &events, message, context);
    events.push(seen);
    if state.owner.is_some() && !state.status.is_over() {
        events.push(Event::StatusChanged {
            status: Status::Waiting,
            cause: Cause::OutsideReply,
        });
        // What is being chased is chased anew, everywhere.
        let chases = context.inbox.policy.workflow.kind.chases_by_itself() || state.cadence().is_some();
        let follow_up = Some(chase(context, state, context.now, 1));
        if chases
            && state
                .follow_up
                .as_ref()
                .is_none_or(|current| current.kind != FollowUpKind::Owed)
        {
            events.push(Event::FollowUpSet {
                follow_up,
                cause: Cause::OutsideReply,
            });
        }
    }
    events
}

fn begun(
    message: &Message,
    contact: Address,
    live: bool,
    inbox: InboxId,
    first: Event,
    context: &Context<'_>,
) -> Vec<Event> {
    let address = message
        .account
        .and_then(|id| context.accounts.get(&id))
        .map(|account| account.address.clone());
    let created = Event::Created {
        number: context.next_conversation,
        inbox,
        account: message.account,
        contact,
        subject: message.subject.clone(),
        source: Source {
            channel: "email".to_owned(),
            address: address.unwrap_or_default(),
            at: message.at,
        },
        history: !live,
    };
    let mut events = vec![created, first];
    if !live {
        let closing = Closing {
            outcome: Outcome::Imported,
            reason: None,
            at: message.at,
            by: None,
        };
        events.push(Event::Closed { closing });
    }
    events
}

fn from_the_customer(state: &Conversation, message: &Message, received: Event, context: &Context<'_>) -> Vec<Event> {
    // A reply still in its undo window, or waiting for its time, comes back: its author has not read this.
    let in_window = |outbound: &&Outbound| {
        let in_window = outbound.state == OutboundState::Queued && context.now < outbound.not_before;
        outbound.scheduled() || in_window && !outbound.is_aside()
    };
    let mut events: Vec<Event> = state
        .outbound
        .iter()
        .filter(in_window)
        .flat_map(|outbound| cancelled(state, outbound.id, CancelReason::CustomerWrote))
        .collect();
    let state = &with(state, &events, message, context);
    events.push(received);
    if state.snoozed.is_some() {
        events.push(Event::Woken {
            cause: Cause::CustomerWrote,
        });
    }
    if state.status.is_over() {
        events.extend(reopened(state, context));
        return events;
    }
    if state.cadence().is_some() {
        events.push(Event::FollowUpSet {
            follow_up: None,
            cause: Cause::CustomerWrote,
        });
    }
    let status = match (state.owner, state.status) {
        (None, _) => Status::New,
        // Whoever was asked still owes us the answer; the customer's question is ours all the same, and its clock runs.
        (Some(_), Status::NeedsInput) => Status::NeedsInput,
        (Some(_), _) => Status::Assigned,
    };
    events.push(Event::StatusChanged {
        status,
        cause: Cause::CustomerWrote,
    });
    events
}

/// The state once `events` have happened, for judging what follows from the message itself.
fn with(state: &Conversation, events: &[Event], message: &Message, context: &Context<'_>) -> Conversation {
    let actor = message
        .account
        .map_or(Actor::Operator, |account| Actor::Channel { account });
    let stamp = Stamp {
        number: context.next_event,
        at: context.now,
        actor,
        conversation: state.id,
    };
    let mut state = state.clone();
    for event in events {
        apply(&mut state, stamp, event);
    }
    state
}

/// The last owner gets it back; if they are away, who stands in for them; else it is new.
fn reopened(state: &Conversation, context: &Context<'_>) -> Vec<Event> {
    let here = |id| Some(id).filter(|id| context.standing().can_take(*id));
    let last = state.owner.or(state.last_owner);
    let backup = last
        .and_then(|id| context.members.get(&id))
        .and_then(|member| member.backup);
    let owner = last.and_then(here).or_else(|| backup.and_then(here));
    let mut events = vec![Event::Reopened {
        cause: Cause::CustomerWrote,
    }];
    if owner != state.owner {
        events.push(Event::OwnerChanged {
            owner,
            how: OwnerChange::Reopened,
            context: None,
        });
    }
    let status = if owner.is_some() { Status::Assigned } else { Status::New };
    events.push(Event::StatusChanged {
        status,
        cause: Cause::CustomerWrote,
    });
    events
}

/// An out-of-office answer is no answer: the chase waits for the stated return, or one step longer.
fn postponed(state: &Conversation, message: &Message, context: &Context<'_>) -> Option<Event> {
    let current = state.cadence()?;
    let calendar = &context.inbox.policy.calendar;
    let step = context.inbox.policy.cadence_days.first().copied().unwrap_or(2);
    let back = message.facts.returns_on.as_deref();
    // A return that is past already postpones nothing: then it is one step.
    let due = back
        .and_then(|day| calendar.opening_on(day))
        .or(message.returns_at)
        .filter(|at| *at > context.now)
        .unwrap_or_else(|| calendar.add_business_days(current.due, step));
    let mut follow_up = current.clone();
    follow_up.due = due.max(current.due);
    follow_up.fired = false;
    follow_up.closes_at = current.closes_at.map(|_| calendar.add_business_days(follow_up.due, 1));
    (follow_up != *current).then_some(Event::FollowUpSet {
        follow_up: Some(follow_up),
        cause: Cause::OutOfOffice,
    })
}
