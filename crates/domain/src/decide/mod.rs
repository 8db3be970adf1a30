//! Judging commands.
//!
//! One function, [`decide`], for every command; the files beside it hold one topic each. All of them see a [`Case`]: the
//! state, the command and the context, and nothing else.

mod answering;
mod clocks;
mod closing;
mod document;
mod escalating;
mod filing;
mod incoming;
mod lock;
mod merging;
mod moving;
mod outbound;
mod ownership;
mod reply;
mod reviewing;
mod routing;
mod splitting;
mod standing;
mod starting;
mod timers;
mod work;
mod workflow;

pub use document::{DocumentContext, decide_document};
pub use merging::decide_other;
pub use standing::{Standing, left_behind, no_longer_stands};

use crate::permission::{Issuer, grants, issuer};
use crate::{
    Actor, Capability, Cause, Command, CommandBody, Context, Conversation, Direction, Event, FollowUp, Invalid,
    LastMessage, MemberId, MessageKind, NextStep, Refusal, Stamp, Status,
};

/// The longest note, next step or reason, in characters.
const TEXT_CHARS: usize = 50_000;
/// The longest label, in characters.
const TAG_CHARS: usize = 60;
/// The longest one-line text, in characters.
const LINE_CHARS: usize = 500;

/// Judges `command` on `state`: the events it leads to (none where the wish is already true), or why not.
///
/// # Errors
/// The refusal, typed, with what the window needs to offer the next best thing.
pub fn decide(state: Option<&Conversation>, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
    may_issue(command, context)?;
    let events = work(state, command, context)?;
    let stamp = stamp(command, context);
    // Where it lies afterwards, its clocks run by what that inbox promises.
    let moved = events.iter().find_map(|event| match event {
        Event::MovedOut { to } => context.inboxes.get(to),
        _ => None,
    });
    let inbox = moved.unwrap_or(context.inbox);
    let events = clocks::beside(state, Some(&command.body), events, stamp, inbox);
    let standing = Standing {
        inbox,
        ..context.standing()
    };
    Ok(escalating::beside(state, events, stamp, standing))
}

/// For judging what follows from the first of these events.
const fn stamp(command: &Command, context: &Context<'_>) -> Stamp {
    Stamp {
        number: context.next_event,
        at: context.now,
        actor: command.actor,
        conversation: command.conversation,
    }
}

/// What a command leads to, but for the clocks that follow the work.
fn work(state: Option<&Conversation>, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
    match &command.body {
        CommandBody::Receive { message, live, inbox } => {
            let mut events = incoming::receive(state, message, *live, *inbox, context);
            let begins = state.is_none_or(|state| state.status.is_over() || routing::waits_for_its_first(state));
            Ok(if *live && begins {
                events.extend(incoming::sorted(state, message, context));
                routing::then_routed(state, events, message, stamp(command, context), context)
            } else {
                events
            })
        }
        CommandBody::ExternalReply { message, live, inbox } => {
            Ok(incoming::external_reply(state, message, *live, *inbox, context))
        }
        CommandBody::Start { .. } => starting::start(state, command, context),
        _ => Case {
            state: state.ok_or(Refusal::Gone)?,
            command,
            context,
        }
        .decide_taking_offer(),
    }
}

fn may_issue(command: &Command, context: &Context<'_>) -> Result<(), Refusal> {
    match (command.actor, issuer(&command.body)) {
        (Actor::Member { .. }, Issuer::People(capability)) => {
            if grants(context.capabilities, capability) {
                Ok(())
            } else {
                Err(Refusal::NotPermitted {
                    needs: capability,
                    inbox: Some(context.inbox.id),
                })
            }
        }
        (Actor::Member { .. }, Issuer::Machines) => Err(invalid("body", Invalid::NotForPeople)),
        (Actor::Operator | Actor::Channel { .. } | Actor::Timer, Issuer::Machines)
        | (Actor::Operator, Issuer::People(_)) => Ok(()),
        (Actor::Channel { .. } | Actor::Timer, Issuer::People(capability)) => Err(Refusal::NotPermitted {
            needs: capability,
            inbox: Some(context.inbox.id),
        }),
    }
}

/// A command on a conversation that exists.
#[derive(Clone, Copy)]
struct Case<'a> {
    state: &'a Conversation,
    command: &'a Command,
    context: &'a Context<'a>,
}

impl Case<'_> {
    /// Moving the work on is taking it, for somebody it was offered to.
    fn decide_taking_offer(&self) -> Result<Vec<Event>, Refusal> {
        use CommandBody as C;
        if self.command.actor.member().is_some() && !matches!(self.command.body, C::Unmerge { .. }) {
            merging::goes_on_elsewhere(self.state)?;
        }
        let events = self.decide()?;
        let moves_on = matches!(
            self.command.body,
            C::SetStatus { .. }
                | C::NameStatus { .. }
                | C::CompleteFollowUp
                | C::Block { .. }
                | C::Unblock
                | C::Snooze { .. }
                | C::NoReplyNeeded
                | C::NotALead
                | C::Close { .. }
        );
        let taken = self.command.actor.member().and_then(|me| self.take_offer(me));
        let mut events = match taken {
            Some(mut taken) if moves_on && !events.is_empty() => {
                taken.extend(
                    events
                        .into_iter()
                        .filter(|event| !matches!(event, Event::HandoffEnded { .. })),
                );
                taken
            }
            _ => events,
        };
        events.extend(self.not_theirs_any_more(&events));
        Ok(events)
    }

    fn decide(&self) -> Result<Vec<Event>, Refusal> {
        use CommandBody as C;
        match &self.command.body {
            C::Claim => self.claim(),
            C::Assign { to, context } => self.assign(*to, context.as_ref()),
            C::Release => self.release(),
            C::Route => self.route(),
            C::HandOff { to, context } => self.hand_off(*to, context.as_ref()),
            C::AcceptHandoff => self.accept_handoff(),
            C::DeclineHandoff { reason } => self.decline_handoff(reason.as_deref()),
            C::SettleUnseen { message, by } => self.settle_unseen(*message, *by),
            C::ClaimOutsideReply { message } => self.claim_outside_reply(*message),

            C::Follow => self.follow(),
            C::Unfollow => self.unfollow(),
            C::SetStatus { status } => self.set_status(*status),
            C::NameStatus { status } => self.name_status(status.as_ref()),
            C::SetFields {
                category,
                priority,
                value,
                company,
                subject,
                details,
            } => self.set_fields(
                *category,
                *priority,
                value.as_ref(),
                company.as_deref(),
                subject.as_deref(),
                details,
            ),
            C::Tag { tag } => self.tag(tag),
            C::Untag { tag } => self.untag(tag),
            C::SetNextStep { text } => self.set_next_step(text),
            C::ScheduleFollowUp { due, zone, text } => self.schedule_follow_up(*due, zone.as_deref(), text.as_deref()),
            C::CompleteFollowUp => self.complete_follow_up(),
            C::Escalate { reason } => self.escalate(reason),
            C::AcknowledgeEscalation => self.acknowledge_escalation(),
            C::Block { on, address, text } => self.block(*on, address.as_deref(), text),
            C::Unblock => Ok(self.unblock_events()),
            C::Snooze { until, zone, reason } => self.snooze(*until, zone.as_deref(), reason.as_deref()),
            C::Wake => Ok(self.wake(Cause::Person)),
            C::AddNote { text, mentions } => self.add_note(text, mentions),
            C::SuggestDraft { text } => self.suggest(text),

            C::TakeLock { cover } => self.take_lock(*cover),
            C::ReleaseLock { token } => Ok(self.release_lock(*token)),
            C::RequestLock => self.request_lock(),
            C::AnswerRequest { answer } => self.answer_request(*answer),
            C::TakeOver => self.take_over(),

            C::Reply { .. } => self.reply(),
            C::Forward { draft, digest } => self.forward(*draft, digest),
            C::CancelSend { outbound } => self.cancel_send(*outbound),
            C::SettleUnknown { outbound, how } => self.settle_unknown(*outbound, *how),
            C::OutboundSending { outbound, attempt } => self.outbound_sending(*outbound, *attempt),
            C::OutboundReturned {
                outbound,
                reason,
                not_before,
            } => self.outbound_returned(*outbound, reason, *not_before),
            C::OutboundSent { outbound, reply } => self.outbound_sent(*outbound, reply),
            C::OutboundFailed { outbound, reason } => self.outbound_failed(*outbound, reason),
            C::OutboundUnknown { outbound, reason } => self.outbound_unknown(*outbound, reason),
            C::SendNow { outbound } => self.send_now(*outbound),
            C::OutboundFiled { outbound } => self.outbound_filed(*outbound),

            C::AnswerAutomatically {
                message,
                subject,
                arrived,
                to,
                last,
            } => self.answer_automatically(*message, subject, *arrived, to, *last),
            C::Filed {
                message,
                at,
                folder,
                becomes,
                live,
            } => self.filed(*message, *at, folder, becomes, *live),
            C::Nudge => self.nudge(),
            C::FineUntilTomorrow { reasons } => self.fine_until_tomorrow(reasons),
            C::ReviewAgain => Ok(self.review_again()),
            C::SettleException { what } => Ok(self.settle_exception(*what)),
            C::MoveToInbox { inbox, owner } => self.move_to(*inbox, *owner),
            C::Merge { into } => self.merge(*into),
            C::Unmerge { from } => self.unmerge(*from),
            C::KeepApart { from } => self.keep_apart(*from),
            C::Split { messages } => self.split(messages),
            C::NoReplyNeeded => self.no_reply_needed(),
            C::NotALead => self.not_a_lead(),
            C::Close { outcome, reason } => self.close(*outcome, reason.as_deref()),
            C::Reopen => Ok(self.reopen()),

            C::Due { what, at } => Ok(self.due(*what, *at)),
            C::LockLapsed { token, idle } => Ok(self.lock_lapsed(*token, *idle)),

            C::Start { .. }
            | C::Receive { .. }
            | C::ExternalReply { .. }
            | C::PutDocument { .. }
            | C::RemoveDocument { .. } => Err(invalid("body", Invalid::NotNow)),
        }
    }

    /// The person who asks; an operator acts for nobody.
    fn me(&self) -> Result<MemberId, Refusal> {
        self.command
            .actor
            .member()
            .ok_or_else(|| invalid("actor", Invalid::Unknown))
    }

    /// Moving the work on is the owner's, or a manager's; anybody's who may work while it has no owner.
    fn owner_or_manager(&self) -> Result<(), Refusal> {
        let Some(me) = self.command.actor.member() else {
            return Ok(());
        };
        match self.state.owner {
            None => Ok(()),
            Some(owner) if owner == me || self.offered_to(me) || self.may(Capability::Manage) => Ok(()),
            Some(owner) => Err(self.not_owner(owner)),
        }
    }

    fn not_owner(&self, owner: MemberId) -> Refusal {
        Refusal::NotOwner {
            owner,
            since: self.state.owned_since.unwrap_or(self.state.created_at),
            may_cover: self.context.inbox.policy.reply != crate::ReplyPolicy::OwnerOnly,
        }
    }

    fn may(&self, capability: Capability) -> bool {
        matches!(self.command.actor, Actor::Operator) || grants(self.context.capabilities, capability)
    }

    fn offered_to(&self, member: MemberId) -> bool {
        self.state.handoff.as_ref().is_some_and(|offer| offer.to == member)
    }

    /// Refuses what would take the conversation out of sight over a message its author has not seen.
    fn nothing_unseen(&self) -> Result<(), Refusal> {
        match self.unseen() {
            None => Ok(()),
            Some(last) if last.direction == Direction::Inbound => Err(Refusal::NewerMessage { message: last.clone() }),
            Some(last) => Err(Refusal::AlreadyAnswered {
                by: last.by,
                at: last.at,
            }),
        }
    }

    /// The newest message, if it was not on the author's screen and is not their own. Auto-replies, bounces and notes never
    /// hold anything back.
    fn unseen(&self) -> Option<&LastMessage> {
        let me = self.command.actor.member()?;
        self.state
            .last_message
            .as_ref()
            .filter(|last| matches!(last.kind, MessageKind::Human | MessageKind::Bulk))
            .filter(|last| self.command.last_seen != Some(last.id))
            .filter(|last| last.by != Some(me))
    }

    fn status(&self, status: Status, cause: Cause) -> Option<Event> {
        (self.state.status != status).then_some(Event::StatusChanged { status, cause })
    }

    fn follow_up(&self, follow_up: Option<FollowUp>, cause: Cause) -> Option<Event> {
        (self.state.follow_up != follow_up).then_some(Event::FollowUpSet { follow_up, cause })
    }

    fn next_step(&self, step: Option<NextStep>, cause: Cause) -> Option<Event> {
        let same = self.state.next_step_text() == step.as_ref().map(|step| step.text.as_str());
        (!same).then_some(Event::NextStepSet { step, cause })
    }
}

fn invalid(field: &str, why: Invalid) -> Refusal {
    Refusal::Invalid {
        field: field.to_owned(),
        why,
    }
}

/// A text somebody wrote: not empty, not endless, without blanks around it.
fn text(field: &str, text: &str, most: usize) -> Result<String, Refusal> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        Err(invalid(field, Invalid::Empty))
    } else if trimmed.chars().count() > most {
        Err(invalid(field, Invalid::TooLong))
    } else {
        Ok(trimmed.to_owned())
    }
}

fn collect<const N: usize>(events: [Option<Event>; N]) -> Vec<Event> {
    events.into_iter().flatten().collect()
}
