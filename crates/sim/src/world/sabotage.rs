//! Bugs put in on purpose where a server meets its store.

use std::collections::BTreeMap;

use baton_domain::{
    Command, CommandBody, CommandId, Conversation, ConversationId, Deadline, DocumentId, Event, Lock, LogBody,
    OutboundState, Timestamp, Turns,
};
use baton_store::port::{Batch, ConversationRow, DueRow, Loaded, Needs, Sealed};

use super::World;
use crate::planted::Planted;

/// Who takes the head for what is written past every server.
const NOBODY: baton_store::port::model::Holder = u32::MAX;

/// What a server with a bug in it goes by.
#[derive(Debug, Default)]
pub(super) struct Bugs {
    /// The turns it read first.
    turns: Turns,
    /// Conversations as they were when it asked for the head and another had it.
    before: BTreeMap<ConversationId, Conversation>,
    /// Replies that came under a lock that stands no more, and that lock.
    under: Vec<(CommandId, ConversationId, Lock)>,
    /// When it noticed what was due.
    noticed: BTreeMap<ConversationId, Timestamp>,
}

impl World {
    /// A server asks for the head, and has to wait.
    pub(super) fn waits_with(&mut self, at: usize, needs: &Needs) {
        if !self.planted(Planted::DecidedBefore) {
            return;
        }
        let asked = needs.conversations.iter().chain(&needs.leases);
        let states: Vec<Conversation> = asked.filter_map(|id| self.model.conversation(*id).cloned()).collect();
        if let Some(server) = self.servers.get_mut(at) {
            for state in states {
                server.bugs.before.entry(state.id).or_insert(state);
            }
        }
    }

    /// A server has the head, and what it asked for.
    pub(super) fn spoil(&mut self, at: usize, needs: &Needs, loaded: &mut Loaded) {
        let Some(bug) = self.planted else { return };
        let model = &self.model;
        let Some(server) = self.servers.get_mut(at) else { return };
        let bugs = &mut server.bugs;
        match bug {
            Planted::OthersUnread => unread(&mut loaded.tail),
            Planted::TurnsKept => {
                if let Some(routing) = &mut loaded.routing {
                    if bugs.turns.is_empty() {
                        bugs.turns = std::mem::take(&mut routing.turns);
                    }
                    routing.turns.clone_from(&bugs.turns);
                }
            }
            Planted::MergeForgotten => loaded.conversations.values_mut().for_each(|state| state.merged = None),
            Planted::DecidedBefore => loaded.conversations.append(&mut bugs.before),
            Planted::TokenUsedAgain => {
                let asked = |(id, ..): &(CommandId, _, _)| needs.commands.contains(id);
                for (_, id, lock) in bugs.under.iter().filter(|under| asked(under)) {
                    if let Some(state) = model.conversation(*id) {
                        let mut state = state.clone();
                        state.lock = Some(lock.clone());
                        loaded.conversations.insert(*id, state);
                    }
                }
            }
            Planted::BreachAtTick => {
                for (id, noticed) in std::mem::take(&mut bugs.noticed) {
                    if let Some(state) = model.conversation(id) {
                        let mut state = state.clone();
                        let late = |clock: &&mut baton_domain::Clock| clock.runs() && !clock.breached;
                        for clock in state.clocks.iter_mut().filter(late).filter(|clock| clock.due < noticed) {
                            clock.due = noticed;
                        }
                        loaded.conversations.insert(id, state);
                    }
                }
            }
            Planted::WaitForgotten => {
                for id in &needs.whole {
                    if let Some(state) = loaded.conversations.get_mut(id) {
                        state.clocks.clear();
                    }
                }
            }
            Planted::AnsweredForgotten => loaded.hits.retain(|key, _| !key.is_automatic()),
            _ => {}
        }
    }

    /// What is due, as a server notices it.
    pub(super) fn notices(&mut self, at: usize, rows: &mut [DueRow]) {
        let noticed = self.now().plus_ms(1);
        let Some(server) = self
            .servers
            .get_mut(at)
            .filter(|_| self.planted == Some(Planted::BreachAtTick))
        else {
            return;
        };
        for row in rows {
            if let DueRow::Deadline {
                conversation,
                what: Deadline::ClockBreach,
                at,
            } = row
            {
                *at = noticed;
                server.bugs.noticed.insert(*conversation, noticed);
            }
        }
    }

    /// What others appended, as a server reads it.
    pub(super) fn misread(&self, tail: &mut [Sealed]) {
        if self.planted(Planted::OthersUnread) {
            unread(tail);
        }
    }

    /// What the log says is not what is kept beside it.
    pub(super) fn tamper(&self, batch: &mut Batch) {
        let (acknowledged, follow_up) = (
            self.planted(Planted::AcknowledgementLost),
            self.planted(Planted::FollowUpKept),
        );
        if !acknowledged && !follow_up {
            return;
        }
        for row in &mut batch.conversations {
            let id = row.conversation.id;
            let happens = |wanted: fn(&Event) -> bool| {
                batch.entries.iter().any(|sealed| match &sealed.entry.body {
                    LogBody::Conversation { conversation, event } => *conversation == id && wanted(event),
                    _ => false,
                })
            };
            let Some(before) = self.model.conversation(id) else {
                continue;
            };
            if acknowledged && happens(|event| matches!(event, Event::EscalationAcknowledged { .. })) {
                row.conversation.escalation.clone_from(&before.escalation);
            }
            let answered = happens(|event| matches!(event, Event::MessageReceived { live: true, .. }));
            if follow_up && answered && happens(|event| matches!(event, Event::FollowUpSet { follow_up: None, .. })) {
                row.conversation.follow_up.clone_from(&before.follow_up);
            }
            row.wake = baton_domain::next_deadline(&row.conversation);
        }
    }

    /// A desktop says a reply under the first lock it ever had there.
    pub(super) fn under_an_old_lock(&mut self, at: usize, command: &mut Command) {
        if !self.planted(Planted::TokenUsedAgain) {
            return;
        }
        if let (CommandBody::Reply { token, .. }, Some(desk)) = (&mut command.body, self.desks.get_mut(at)) {
            *token = *desk.tokens.entry(command.conversation).or_insert(*token);
        }
    }

    /// Where bugs meet a command. Without one it goes through as it is.
    pub(super) fn at_the_door(&mut self, server: usize, mut command: Command) -> Vec<Command> {
        let Some(bug) = self.planted else {
            return vec![command];
        };
        let state = self.model.conversation(command.conversation);
        let newest = state.and_then(|state| state.last_message.as_ref()).map(|last| last.id);
        match (bug, &command.body) {
            (Planted::NewerIgnored, _) | (Planted::ClosedUnseen, CommandBody::Close { .. }) => {
                command.last_seen = command.last_seen.and(newest);
            }
            (Planted::TokenUsedAgain, CommandBody::Reply { token, .. }) => {
                let stands = state.and_then(|state| state.lock.as_ref());
                if let (Some(member), true) = (command.actor.member(), stands.is_none_or(|lock| lock.token != *token)) {
                    let lock = Lock {
                        token: *token,
                        member,
                        device: command.device,
                        since: command.issued_at,
                        cover: true,
                        asked: None,
                    };
                    let under = (command.id, command.conversation, lock);
                    if let Some(server) = self.servers.get_mut(server) {
                        server.bugs.under.push(under);
                    }
                }
            }
            _ => {}
        }
        let again = (bug == Planted::TwiceUnderNewId && self.chance.chance(5)).then(|| Command {
            id: CommandId(self.chance.uuid()),
            ..command.clone()
        });
        [command].into_iter().chain(again).collect()
    }

    /// After a power cut what left last waits in the queue again.
    pub(super) fn restore_queue(&mut self) {
        if !self.planted(Planted::QueueRestored) {
            return;
        }
        let now = self.now();
        let left = |outbound: &baton_domain::Outbound| match outbound.state {
            OutboundState::Sent { at, .. } => Some((at, outbound.id)),
            _ => None,
        };
        let newest = |state: &Conversation| state.outbound.iter().filter_map(left).max();
        let Some(mut state) = self.model.conversations().max_by_key(|state| newest(state)).cloned() else {
            return;
        };
        let Some((_, id)) = newest(&state) else { return };
        for outbound in state.outbound.iter_mut().filter(|outbound| outbound.id == id) {
            outbound.state = OutboundState::Queued;
            outbound.not_before = now;
        }
        let Some(loaded) = self.model.begin(NOBODY, &Needs::default()) else {
            return;
        };
        let mut batch = Batch::at(loaded.head);
        batch.conversations.push(ConversationRow {
            wake: baton_domain::next_deadline(&state),
            conversation: state,
        });
        if self.model.append(NOBODY, batch).is_ok() {
            self.sync();
        }
    }
}

/// What others appended is read, and nothing is learned from it.
fn unread(tail: &mut [Sealed]) {
    for sealed in tail {
        if matches!(sealed.entry.body, LogBody::Conversation { .. }) {
            sealed.entry.body = LogBody::DocumentRemoved {
                id: DocumentId(uuid::Uuid::nil()),
            };
        }
    }
}
