//! Another matter in the same thread: what the customer wrote about it becomes a conversation of its own.
//!
//! The command is the conversation's it is split off; the new one has the command's id. Whoever owns the one owns the other: they are
//! talking with this customer. Without an owner it is routed as anything new. The wait of those messages goes along, counted from when
//! they came, and with its clock where that counted from one of them: what that clock said stays said, and one wait is late once. Where
//! others wait here as well, a clock runs on for them. What we had answered already waits in neither.

use std::collections::BTreeSet;

use super::{Case, clocks, collect, escalating, invalid, routing, stamp};
use crate::evolve::apply;
use crate::merging::said_by;
use crate::splitting::{self, Came, Rest};
use crate::{
    Capability, Cause, Clock, Conversation, ConversationId, Event, Invalid, MemberId, MessageId, MessageKind,
    OwnerChange, Refusal, SaidAnew, Source, Stamp, Standing, Status, Timestamp, evolve,
};

/// How many messages go at once.
const MOST: usize = 100;

impl Case<'_> {
    /// Lets some of what the customer wrote go on in a conversation of its own.
    pub(super) fn split(&self, messages: &[MessageId]) -> Result<Vec<Event>, Refusal> {
        if self.command.conversation.0 == self.command.id.0 || self.context.others.contains_key(&self.splits_into()) {
            return Err(invalid("id", Invalid::NotNow));
        }
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        self.nobody_replies()?;
        self.nothing_leaves()?;
        let gone: BTreeSet<MessageId> = messages.iter().copied().collect();
        match gone.len() {
            0 => return Err(invalid("messages", Invalid::Empty)),
            many if many > MOST => return Err(invalid("messages", Invalid::TooMany)),
            many if self.splits(&gone).count() != many => return Err(invalid("messages", Invalid::Unknown)),
            _ => {}
        }
        let rest = Rest::of(self.context.log, &gone).ok_or_else(|| invalid("messages", Invalid::NotNow))?;
        let messages: Vec<MessageId> = self.splits(&gone).map(|came| came.message.id).collect();
        let newest = rest.newest.last_message.as_ref().map(|last| last.id);
        let waits = rest.newest.unanswered_since;
        let mut events = self.withdraw_offer();
        events.extend(self.own_lock_given_back());
        events.push(Event::SplitOff {
            messages,
            into: self.splits_into(),
            number: self.context.next_conversation,
            rest: Box::new(rest),
        });
        match (self.state.unanswered_since, waits) {
            (Some(_), None) if !self.state.status.is_over() => {
                events.extend(newest.map(|message| Event::NoReplyNeeded { message }));
                // Nothing is known of before that message, and nobody has it.
                if self.state.owner.is_none() && self.state.before_message.is_none() {
                    events.push(Event::StatusChanged {
                        status: Status::New,
                        cause: Cause::Ownership,
                    });
                }
            }
            // Who waited longest goes: for the others it counts from when they wrote.
            (Some(before), Some(since)) if since > before => {
                events.extend(self.response().and_then(|clock| self.clock(&clock, since)));
            }
            _ => {}
        }
        Ok(events)
    }

    /// The conversation that begins with it.
    fn splits_into(&self) -> ConversationId {
        ConversationId(self.command.id.0)
    }

    /// Those of them that are here, and that a person wrote, in the order they came.
    fn splits<'b>(&'b self, gone: &'b BTreeSet<MessageId>) -> impl Iterator<Item = Came<'b>> {
        splitting::received(self.context.log).filter(|came| {
            gone.contains(&came.message.id) && matches!(came.message.kind, MessageKind::Human | MessageKind::Bulk)
        })
    }

    /// The clock that waits for our answer here, with all said that has come by now.
    fn response(&self) -> Option<Clock> {
        let open = |clock: &&Clock| clock.is_open() && clock.kind.is_response();
        let clock = self.state.clocks.iter().find(open).cloned();
        clock.map(|clock| said_by(clock, self.context.now))
    }

    /// Another of its kind, for who has waited since then.
    fn clock(&self, like: &Clock, since: Timestamp) -> Option<Event> {
        let policy = &self.context.inbox.policy;
        let rule = policy.sla.rule_for(self.state)?;
        let table = policy.calendar.timetable();
        let clock = Clock::start(like.kind, since, self.context.now, rule, &policy.sla, &table)?;
        Some(Event::ClockStarted { clock: Box::new(clock) })
    }

    /// What happens in the new one.
    pub(super) fn split_off(&self, messages: &[MessageId]) -> Vec<(ConversationId, Vec<Event>)> {
        let gone: BTreeSet<MessageId> = messages.iter().copied().collect();
        let into = self.splits_into();
        let waited = splitting::waits_here(self.context.log);
        let said_anew = |came: &Came<'_>| SaidAnew {
            message: came.message.id.in_conversation(into),
            came: came.at,
            waits: came.live && waited.is_some_and(|since| came.at >= since),
        };
        let said: Vec<SaidAnew> = self.splits(&gone).map(|came| said_anew(&came)).collect();
        let Some(first) = self.splits(&gone).next() else {
            return Vec::new();
        };
        let mut events = vec![self.begins_with(&first)];
        events.extend(self.splits(&gone).map(|came| {
            let mut message = came.message.clone();
            message.id = message.id.in_conversation(into);
            message.facts.new_subject = false;
            Event::MessageReceived {
                message: Box::new(message),
                live: said_anew(&came).waits,
            }
        }));
        let since = splitting::waits_since(&said);
        events.push(Event::SplitFrom {
            conversation: self.state.id,
            number: self.state.number,
            messages: said,
        });
        let (company, details) = (self.state.company.clone(), self.state.details.of_the_customer());
        if company.is_some() || !details.is_empty() {
            events.push(Event::FieldsChanged {
                category: None,
                priority: None,
                value: None,
                company,
                subject: None,
                details: Box::new(details),
            });
        }
        let stamp = Stamp {
            conversation: into,
            ..stamp(self.command, self.context)
        };
        let keeps = |owner: &MemberId| self.context.standing().may(*owner, Capability::Work);
        if let Some(owner) = self.state.owner.filter(keeps) {
            events.extend(collect([
                Some(Event::OwnerChanged {
                    owner: Some(owner),
                    how: OwnerChange::Split,
                    context: None,
                }),
                Some(Event::StatusChanged {
                    status: Status::Assigned,
                    cause: Cause::Ownership,
                }),
            ]));
        } else if let Some(begun) = folded(&events, stamp) {
            let newest = self.splits(&gone).last();
            let newest = newest.map(|came| came.message);
            // Whoever split it off has put it here.
            let stays = Some(crate::Stayed::Placed);
            events.extend(routing::routed(&begun, newest, stamp, self.context, stays));
        }
        // Where no clock counted, it counts from now.
        if let (Some(since), Some(clock)) = (since, self.response()) {
            let same_wait = self.state.unanswered_since == Some(since);
            events.extend(if same_wait {
                Some(Event::ClockStarted { clock: Box::new(clock) })
            } else {
                self.clock(&clock, since)
            });
        }
        let inbox = self.context.inbox;
        let events = clocks::beside(None, None, events, stamp, inbox);
        let standing = Standing {
            inbox,
            ..self.context.standing()
        };
        vec![(into, escalating::beside(None, events, stamp, standing))]
    }

    fn begins_with(&self, first: &Came<'_>) -> Event {
        let through = first.message.account.or(self.state.account);
        let address = through
            .and_then(|id| self.context.accounts.get(&id))
            .map(|account| account.address.clone());
        let nobody = first.message.from.email.trim().is_empty();
        let contact = if nobody {
            &self.state.contact
        } else {
            &first.message.from
        };
        Event::Created {
            number: self.context.next_conversation,
            inbox: self.state.inbox,
            account: self.state.account,
            contact: contact.clone(),
            subject: first.message.subject.clone(),
            source: Source {
                channel: "email".to_owned(),
                address: address.unwrap_or_default(),
                at: first.message.at,
            },
            history: false,
        }
    }
}

fn folded(events: &[Event], stamp: Stamp) -> Option<Conversation> {
    let (first, then) = events.split_first()?;
    let mut state = evolve(None, stamp, first)?;
    for event in then {
        apply(&mut state, stamp, event);
    }
    Some(state)
}
