//! What rules do besides giving a lead to somebody, and what is passed on to people outside.
//!
//! A rule moves a lead once in a routing, at once and in one piece, and never back to an inbox it has moved it out of; it has a lead
//! escalated once and tells each person of it once, and only who may read it there. What is forwarded changes nothing else, and neither does
//! what an inbox answers by itself: that goes to whoever has just written, once a week, and does not say at noon that nobody is there.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    AutoReplyKind, CommandBody, CommandId, ConversationId, DAY_MS, Direction, EscalationReason, Event, InboxId,
    LogEntry, MemberId, Message, MessageId, MessageKind, Outbound, PassedOver, RouteStepKind, Routing, RuleAct, RuleId,
    Timestamp,
};

use super::rights::Rights;
use super::{Broken, Promise, because};
use crate::tally::Tally;

/// A move that is not whole yet.
#[derive(Debug, Clone, Copy)]
struct Going {
    command: CommandId,
    conversation: ConversationId,
    from: InboxId,
    to: InboxId,
    /// It has left, and has not come.
    left: bool,
}

/// What came of one command so far.
#[derive(Debug, Default)]
struct Run {
    command: Option<CommandId>,
    /// A forward or an automatic reply was accepted, or went on its way.
    aside: bool,
    /// Something else.
    other: bool,
}

/// What rules did, and what was forwarded.
#[derive(Debug, Default)]
pub(super) struct Acts {
    going: Option<Going>,
    moved: BTreeMap<ConversationId, CommandId>,
    left: BTreeSet<(ConversationId, InboxId)>,
    escalated: BTreeSet<(ConversationId, RuleId)>,
    /// What a conversation that was merged into another brought along: who was asked there is asked on.
    brought: BTreeSet<(ConversationId, RuleId)>,
    told: BTreeSet<(ConversationId, RuleId, MemberId)>,
    forwards: BTreeSet<MessageId>,
    automatic: BTreeSet<MessageId>,
    /// Who wrote last in a conversation, where that was a person who wrote just now.
    wrote: BTreeMap<ConversationId, String>,
    /// When an inbox answered an address by itself.
    answered: BTreeMap<(InboxId, String), Timestamp>,
    run: Run,
    /// What occurred, by kind.
    pub(super) occurred: BTreeMap<String, u64>,
}

impl Acts {
    /// Follows the log. `asked`: what somebody's desktop said, where it was a person.
    pub(super) fn read(
        &mut self,
        entry: &LogEntry,
        conversation: ConversationId,
        event: &Event,
        asked: Option<&CommandBody>,
        rights: &Rights,
    ) -> Result<(), Broken> {
        self.beside(entry, conversation, event, asked, rights)?;
        self.in_one_piece(entry, conversation, event)?;
        let wrong = |promise, how: String| Err(because(promise, format!("entry {}: {how}", entry.number)));
        match event {
            Event::Routed { routing } => return self.routed(entry, conversation, routing, rights),
            Event::MovedOut { to } => {
                // The entry is of where it was.
                let Some(from) = rights.lay_in(conversation, entry.number) else {
                    return wrong(Promise::Asked, format!("{conversation} leaves, and lay nowhere"));
                };
                self.going = Some(Going {
                    command: entry.command,
                    conversation,
                    from,
                    to: *to,
                    left: true,
                });
            }
            Event::Escalated {
                reason: EscalationReason::ByRule { rule, .. },
                ..
            } => {
                let key = (conversation, *rule);
                if !self.escalated.contains(&key) && !self.brought.contains(&key) {
                    return wrong(
                        Promise::Asked,
                        format!("{rule} has {conversation} escalated, and did not decide it"),
                    );
                }
                Tally::count(&mut self.occurred, "escalatedByRule");
            }
            Event::Absorbed { part } => {
                let both = self.escalated.iter().chain(&self.brought);
                let theirs = both.filter(|(of, _)| *of == part.conversation);
                let theirs: Vec<RuleId> = theirs.map(|(_, rule)| *rule).collect();
                self.brought.extend(theirs.into_iter().map(|rule| (conversation, rule)));
            }
            Event::Told { rule, members, .. } => {
                for member in members {
                    let reads = rights
                        .place(conversation)
                        .is_some_and(|inbox| rights.may_read(*member, inbox));
                    if !reads {
                        return wrong(Promise::Private, format!("{member} is told of what they may not read"));
                    }
                    if !self.told.insert((conversation, *rule, *member)) {
                        return wrong(Promise::Asked, format!("{rule} tells {member} of {conversation} again"));
                    }
                }
                Tally::count(&mut self.occurred, "toldByRule");
            }
            _ => {}
        }
        Ok(())
    }

    /// After a commit nothing is on its way between two inboxes.
    pub(super) fn whole(&self) -> Result<(), Broken> {
        self.going.map_or(Ok(()), |going| Err(in_pieces(&going)))
    }

    /// Whether that answers nobody: a message passed on to somebody outside, or an automatic reply.
    pub(super) fn is_aside(&self, id: MessageId) -> bool {
        self.forwards.contains(&id) || self.automatic.contains(&id)
    }

    fn routed(
        &mut self,
        entry: &LogEntry,
        conversation: ConversationId,
        routing: &Routing,
        rights: &Rights,
    ) -> Result<(), Broken> {
        let wrong = |promise, how: String| Err(because(promise, format!("entry {}: {how}", entry.number)));
        for act in &routing.trace.acts {
            if let RuleAct::Escalated { rule, anew: true } = act
                && !self.escalated.insert((conversation, *rule))
            {
                return wrong(Promise::Asked, format!("{rule} has {conversation} escalated again"));
            }
        }
        for step in &routing.trace.steps {
            if matches!(step.passed_over, Some(PassedOver::OffHours { .. })) {
                Tally::count(&mut self.occurred, "offHours");
            }
            match step.kind {
                RouteStepKind::OnCall if step.passed_over.is_none() => Tally::count(&mut self.occurred, "onCall"),
                RouteStepKind::AccountOwner if step.passed_over.is_none() => {
                    Tally::count(&mut self.occurred, "lookedAfter");
                }
                _ => {}
            }
        }
        if let (true, Some(owner)) = (routing.turn, rights.looks_after(conversation, entry.at)) {
            let how = format!("{conversation} goes by turn, and {owner} looks after that company and is there");
            return wrong(Promise::InTurn, how);
        }
        let Some(to) = routing.moved_to else { return Ok(()) };
        let Some(from) = rights.place(conversation) else {
            return wrong(Promise::Asked, format!("{conversation} is moved, and lies nowhere"));
        };
        if self.moved.insert(conversation, entry.command) == Some(entry.command) {
            return wrong(
                Promise::Asked,
                format!("rules move {conversation} twice in one routing"),
            );
        }
        if self.left.contains(&(conversation, to)) {
            return wrong(
                Promise::Asked,
                format!("rules move {conversation} back to where they had moved it out of"),
            );
        }
        self.left.insert((conversation, from));
        self.going = Some(Going {
            command: entry.command,
            conversation,
            from,
            to,
            left: false,
        });
        Tally::count(&mut self.occurred, "movedByRule");
        Ok(())
    }

    /// What is to go leaves next, and what has left comes next: never is it in two inboxes, or in none.
    fn in_one_piece(&mut self, entry: &LogEntry, conversation: ConversationId, event: &Event) -> Result<(), Broken> {
        let Some(going) = self.going.take() else {
            return match event {
                Event::MovedIn { .. } => Err(because(
                    Promise::Asked,
                    format!("entry {}: {conversation} comes, and never left", entry.number),
                )),
                _ => Ok(()),
            };
        };
        let goes_on = entry.command == going.command
            && conversation == going.conversation
            && match event {
                Event::MovedOut { to } => !going.left && *to == going.to,
                Event::MovedIn { from, .. } => going.left && *from == going.from,
                _ => false,
            };
        if goes_on { Ok(()) } else { Err(in_pieces(&going)) }
    }

    /// A forward or an automatic reply leaves, and nothing else comes of it: nobody's wait ends, no lock, no owner, no status, no date.
    fn beside(
        &mut self,
        entry: &LogEntry,
        conversation: ConversationId,
        event: &Event,
        asked: Option<&CommandBody>,
        rights: &Rights,
    ) -> Result<(), Broken> {
        let wrong = |how: &str| {
            let how = format!("entry {}: {how}", entry.number);
            Err(because(Promise::AnswersNobody, how))
        };
        let by_forward = matches!(asked, Some(CommandBody::Forward { .. }));
        let aside = match event {
            Event::ReplyQueued { outbound } if outbound.is_forward() => {
                if !by_forward {
                    return wrong("a message is passed on that nobody asked to be");
                }
                self.forwards.insert(outbound.id);
                true
            }
            Event::ReplyQueued { outbound } if outbound.automatic.is_some() => {
                self.answers_by_itself(entry, conversation, outbound, rights)?;
                true
            }
            Event::OutboundSending { outbound, .. } => self.is_aside(*outbound),
            Event::OutboundSent { outbound, .. } if self.is_aside(*outbound) => {
                let forward = self.forwards.contains(outbound);
                let what = if forward { "forwarded" } else { "answeredByItself" };
                Tally::count(&mut self.occurred, what);
                true
            }
            Event::MessageReceived { message, live } => {
                self.somebody_wrote(conversation, message, *live);
                false
            }
            _ => false,
        };
        if by_forward && !aside {
            return wrong("something else comes of passing a message on");
        }
        let run = &mut self.run;
        if run.command != Some(entry.command) {
            *run = Run {
                command: Some(entry.command),
                ..Run::default()
            };
        }
        run.aside |= aside;
        run.other |= !aside;
        if run.aside && run.other {
            return wrong("what answers nobody changes something else on its way");
        }
        Ok(())
    }

    fn somebody_wrote(&mut self, conversation: ConversationId, message: &Message, live: bool) {
        let person = live && message.direction == Direction::Inbound && message.kind == MessageKind::Human;
        if person {
            self.wrote.insert(conversation, message.from.email.to_lowercase());
        } else {
            self.wrote.remove(&conversation);
        }
    }

    /// It goes to whoever has just written, once a week from an inbox, and says whether somebody is there.
    fn answers_by_itself(
        &mut self,
        entry: &LogEntry,
        conversation: ConversationId,
        outbound: &Outbound,
        rights: &Rights,
    ) -> Result<(), Broken> {
        let wrong = |how: String| {
            let how = format!("entry {}: an automatic reply {how}", entry.number);
            Err(because(Promise::AnswersNobody, how))
        };
        if let Some(member) = entry.actor.member() {
            return wrong(format!("is said by {member}"));
        }
        let to: Vec<String> = outbound.draft.to.iter().map(|to| to.email.to_lowercase()).collect();
        let wrote = self.wrote.remove(&conversation);
        if wrote.as_slice() != to.as_slice() {
            return wrong(format!("goes to {to:?}, and {wrote:?} had just written"));
        }
        let expected = if at_work(entry.at) {
            AutoReplyKind::Acknowledgement
        } else {
            AutoReplyKind::OutOfHours
        };
        if outbound.automatic != Some(expected) {
            return wrong(format!("is {:?}, and the hour is for {expected:?}", outbound.automatic));
        }
        let (Some(inbox), Some(to)) = (rights.place(conversation), wrote) else {
            return wrong("leaves a conversation that lies nowhere".to_owned());
        };
        let before = self.answered.insert((inbox, to), entry.at);
        if let Some(before) = before.filter(|before| entry.at.since_ms(*before) < 7 * DAY_MS) {
            return wrong(format!("is the second within the week, after {}", before.0));
        }
        self.automatic.insert(outbound.id);
        Ok(())
    }
}

/// Whether the team's hours, which are the same in every life, are open: 9 to 17 on weekdays in Berlin.
fn at_work(at: Timestamp) -> bool {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else {
        return false;
    };
    let Ok(local) = instant.in_tz("Europe/Berlin") else {
        return false;
    };
    (9..17).contains(&local.hour()) && local.weekday().to_monday_one_offset() <= 5
}

fn in_pieces(going: &Going) -> Broken {
    let how = format!(
        "{} is to go from {} to {}, and does not in one piece",
        going.conversation, going.from, going.to
    );
    because(Promise::Asked, how)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use baton_domain::{Actor, LogBody, Scope, Timestamp};
    use uuid::Uuid;

    use super::*;

    const LEAD: ConversationId = ConversationId(Uuid::from_u128(1));
    const HERE: InboxId = InboxId(Uuid::from_u128(2));
    const THERE: InboxId = InboxId(Uuid::from_u128(3));

    fn read(acts: &mut Acts, command: u128, event: Event) -> Result<(), Broken> {
        let entry = LogEntry {
            number: 1,
            command: CommandId(Uuid::from_u128(command)),
            actor: Actor::Operator,
            at: Timestamp(0),
            issued_at: Timestamp(0),
            scope: Scope::Inbox { id: HERE },
            body: LogBody::Conversation {
                conversation: LEAD,
                event: event.clone(),
            },
        };
        acts.read(&entry, LEAD, &event, None, &Rights::default())
    }

    fn going(left: bool) -> Acts {
        Acts {
            going: Some(Going {
                command: CommandId(Uuid::from_u128(7)),
                conversation: LEAD,
                from: HERE,
                to: THERE,
                left,
            }),
            ..Acts::default()
        }
    }

    #[test]
    fn what_has_left_comes_next_and_nothing_else() {
        let comes = |from| Event::MovedIn { from, account: None };
        assert_eq!(read(&mut going(true), 7, comes(HERE)), Ok(()));
        assert_eq!(
            read(&mut going(true), 7, comes(THERE)).unwrap_err().promise,
            Promise::Asked
        );
        assert_eq!(
            read(&mut going(true), 8, comes(HERE)).unwrap_err().promise,
            Promise::Asked
        );
        assert_eq!(
            read(&mut going(false), 7, comes(HERE)).unwrap_err().promise,
            Promise::Asked
        );
        assert_eq!(going(true).whole().unwrap_err().promise, Promise::Asked);
        assert_eq!(
            read(&mut Acts::default(), 7, comes(HERE)).unwrap_err().promise,
            Promise::Asked
        );
    }

    #[test]
    fn nobody_is_told_of_what_they_may_not_read() {
        let told = Event::Told {
            rule: RuleId(Uuid::from_u128(4)),
            name: "Told of".to_owned(),
            members: [MemberId(Uuid::from_u128(5))].into(),
        };
        assert_eq!(
            read(&mut Acts::default(), 7, told).unwrap_err().promise,
            Promise::Private
        );
    }

    #[test]
    fn nothing_else_comes_of_what_moves_a_forward() {
        let forward = MessageId(Uuid::from_u128(6));
        let mut acts = Acts {
            forwards: [forward].into(),
            ..Acts::default()
        };
        let sent = || Event::OutboundSent {
            outbound: forward,
            reply: "250".to_owned(),
        };
        assert_eq!(read(&mut acts, 7, sent()), Ok(()));
        assert_eq!(acts.occurred.get("forwarded"), Some(&1));
        let other = Event::Followed {
            member: MemberId(Uuid::from_u128(5)),
        };
        assert_eq!(read(&mut acts, 8, other.clone()), Ok(()));
        assert_eq!(read(&mut acts, 9, sent()), Ok(()));
        assert_eq!(read(&mut acts, 9, other).unwrap_err().promise, Promise::AnswersNobody);
    }

    #[test]
    fn a_rule_has_a_lead_escalated_only_as_it_was_decided() {
        let escalated = Event::Escalated {
            reason: EscalationReason::ByRule {
                rule: RuleId(Uuid::from_u128(4)),
                name: String::new(),
                words: String::new(),
            },
            step: 0,
            asked: BTreeSet::new(),
            until: None,
        };
        assert_eq!(
            read(&mut Acts::default(), 7, escalated).unwrap_err().promise,
            Promise::Asked
        );
    }
}
