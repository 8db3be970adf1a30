//! What a server says to one desktop: welcome, a snapshot or what it lacks, and then whatever happens, by what it may read.

use std::sync::Arc;

use baton_domain::{ConversationId, DeviceId, Event, LogBody, LogEntry, MemberId, Scope};
use baton_protocol::{ClientMessage, Cursor, Present, ServerMessage};
use baton_server::referee::{DocumentSet, Input};
use baton_server::sync::scopes::scopes;
use baton_store::port::Renewal;
use baton_store::server::Readable;

use super::server::Waiter;
use super::{LineId, World};
use crate::planted::Planted;

/// Conversations in one part of a snapshot: few, so that there are several parts.
const PART: usize = 4;

/// A desktop's session on a server.
#[derive(Debug, Clone)]
pub struct Session {
    member: MemberId,
    device: DeviceId,
    /// What it may read, as far as it was told.
    readable: Readable,
    /// The scopes it has, up to `at`.
    held: Vec<Scope>,
    /// Scopes it has and may not read any more.
    lost: Vec<Scope>,
    /// Everything of `held` up to this number was sent; `None` for a replica with nothing.
    at: Option<u64>,
    looking: Option<ConversationId>,
    active: bool,
    /// The documents by which it has all that it may read.
    settled_by: Option<Arc<DocumentSet>>,
}

impl Session {
    /// The scopes it may read and has nothing of.
    fn gained(&self) -> Vec<Scope> {
        let mut gained = scopes(&self.readable);
        gained.retain(|scope| !self.held.contains(scope));
        gained
    }

    /// Its rights are looked at again.
    fn look_at_rights(&mut self, readable: Readable) {
        let (held, lost) = self.held.drain(..).partition(|scope| readable.may_read(*scope));
        self.held = held;
        self.lost.extend::<Vec<Scope>>(lost);
        self.readable = readable;
    }
}

impl World {
    /// A server hears something on a line.
    pub(super) fn session_hears(&mut self, id: LineId, message: ClientMessage) {
        let Some(server) = self.lines.get(&id).map(|line| line.server) else {
            return;
        };
        match message {
            ClientMessage::Hello {
                device, cursor, scopes, ..
            } => self.hello(id, device, cursor, scopes),
            ClientMessage::Submit { command } => {
                let Some(session) = self.session(server, id).cloned() else {
                    return;
                };
                let mut command = command;
                // The server says who asks, from where.
                command.actor = baton_domain::Actor::Member { id: session.member };
                command.device = session.device;
                for command in self.at_the_door(server, *command) {
                    let command = Box::new(command);
                    let waiter = Waiter::Desk {
                        line: id,
                        command: command.clone(),
                    };
                    self.ask_referee(server, waiter, |ticket| Input::Submit {
                        ticket,
                        command,
                        under: None,
                    });
                }
            }
            ClientMessage::Presence { looking, active } => {
                if let Some(session) = self.session(server, id) {
                    session.looking = looking;
                    session.active = active;
                }
                self.tell_presence(server, id);
            }
            ClientMessage::Renew {
                conversation,
                token,
                active_at,
            } => {
                let now = self.now();
                if self
                    .servers
                    .get(server)
                    .is_some_and(|server| server.trouble.is_cut(now))
                {
                    return;
                }
                if let Some(Session { member, device, .. }) = self.session(server, id).cloned() {
                    self.model.set_now(now);
                    self.model.renew(Renewal {
                        conversation,
                        token,
                        member,
                        device,
                        active_at,
                    });
                    self.sync();
                }
            }
            ClientMessage::Notified { .. } => {}
            ClientMessage::Ping => {
                let now = self.time_on(server);
                self.say_to_desk(id, ServerMessage::Pong { now });
            }
        }
    }

    fn session(&mut self, server: usize, id: LineId) -> Option<&mut Session> {
        self.servers.get_mut(server)?.sessions.get_mut(&id)
    }

    pub(super) fn end_session(&mut self, server: usize, id: LineId) {
        if let Some(server) = self.servers.get_mut(server) {
            server.sessions.remove(&id);
        }
    }

    fn hello(&mut self, id: LineId, device: DeviceId, cursor: Option<Cursor>, has: Vec<Scope>) {
        let Some((desk, server)) = self.lines.get(&id).map(|line| (line.desk, line.server)) else {
            return;
        };
        let Some(member) = self.desks.get(desk).map(|desk| desk.person.id) else {
            return;
        };
        let now = self.now();
        let cut = |server: &super::server::Server| server.trouble.is_cut(now);
        let Some(readable) = self
            .readable(server, member)
            .filter(|_| !self.servers.get(server).is_some_and(cut))
        else {
            return self.hung_up(id);
        };
        let head = self.cursor();
        let known = cursor.filter(|cursor| self.known(cursor));
        let mut session = Session {
            member,
            device,
            readable: readable.clone(),
            held: if known.is_some() { has } else { Vec::new() },
            lost: Vec::new(),
            at: known.map(|cursor| cursor.number),
            looking: None,
            active: false,
            settled_by: None,
        };
        session.look_at_rights(readable.clone());
        let welcome = ServerMessage::Welcome {
            epoch: head.epoch,
            member,
            now: self.time_on(server),
            head: head.number,
            scopes: scopes(&readable),
            snapshot: !session.gained().is_empty(),
        };
        if let Some(server) = self.servers.get_mut(server) {
            server.sessions.insert(id, session);
        }
        self.say_to_desk(id, welcome);
        self.advance(server, id, &head);
        self.tell_presence(server, id);
    }

    fn readable(&self, server: usize, member: MemberId) -> Option<Readable> {
        Some(self.servers.get(server)?.documents()?.readable(member))
    }

    /// Whether a cursor is a place of this log.
    fn known(&self, cursor: &Cursor) -> bool {
        let head = self.model.head();
        let at = cursor.number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let hash = at
            .and_then(|at| self.model.log().get(at))
            .map(|sealed| hex::encode(sealed.hash));
        cursor.epoch == head.epoch && hash.as_ref() == Some(&cursor.hash)
    }

    /// Sends the snapshot of scopes that are new.
    fn snapshot(&mut self, id: LineId, gained: &[Scope], head: &Cursor) {
        let leaks = self.planted(Planted::ScopeLeak);
        let whole = gained.contains(&Scope::Workspace);
        let mut conversations: Vec<_> = self
            .model
            .conversations()
            .filter(|conversation| leaks || gained.contains(&Scope::Inbox { id: conversation.inbox }))
            .cloned()
            .collect();
        conversations.sort_by_key(|conversation| std::cmp::Reverse((conversation.updated_at, conversation.id)));
        let parts = conversations.chunks(PART).map(<[_]>::to_vec).collect::<Vec<_>>();
        let parts = if parts.is_empty() { vec![Vec::new()] } else { parts };
        let count = parts.len();
        for (part, conversations) in (0..).zip(parts) {
            let entries = self
                .model
                .log()
                .iter()
                .map(|sealed| &sealed.entry)
                .filter(|entry| match &entry.body {
                    baton_domain::LogBody::Conversation { conversation, .. } => {
                        conversations.iter().any(|one| one.id == *conversation)
                    }
                    _ => false,
                })
                .cloned()
                .collect();
            let first = part == 0;
            let documents = if first && whole {
                self.model.documents().cloned().collect()
            } else {
                Vec::new()
            };
            let last = usize::try_from(part).unwrap_or(usize::MAX).saturating_add(1) >= count;
            let message = ServerMessage::Snapshot {
                scopes: gained.to_vec(),
                cursor: head.clone(),
                part,
                last,
                documents,
                conversations,
                entries,
            };
            self.say_to_desk(id, message);
        }
    }

    /// Tells every desktop of a server what was appended.
    pub(super) fn fan_out(&mut self, server: usize, head: &Cursor) {
        let ids: Vec<LineId> = self
            .servers
            .get(server)
            .map(|server| server.sessions.keys().copied().collect())
            .unwrap_or_default();
        for id in ids {
            self.advance(server, id, head);
        }
    }

    /// Sends a desktop what it lacks up to `head`: the end of what it may not read any more, what it has so far, and the
    /// snapshot of what it gained.
    fn advance(&mut self, server: usize, id: LineId, head: &Cursor) {
        let Some(documents) = self.servers.get(server).and_then(|server| server.documents().cloned()) else {
            return;
        };
        let Some(session) = self.session(server, id) else {
            return;
        };
        if session
            .settled_by
            .as_ref()
            .is_some_and(|by| Arc::ptr_eq(by, &documents))
        {
            return self.frame(server, id, head);
        }
        let readable = documents.readable(session.member);
        session.look_at_rights(readable);
        session.settled_by = Some(documents);
        let (lost, gained) = (std::mem::take(&mut session.lost), session.gained());
        for scope in lost {
            self.say_to_desk(id, ServerMessage::ScopeLost { scope });
        }
        if gained.is_empty() {
            return self.frame(server, id, head);
        }
        // A snapshot is read from the store, which may be further on than what this server has told.
        let head = self.cursor();
        self.frame(server, id, &head);
        self.snapshot(id, &gained, &head);
        if let Some(session) = self.session(server, id) {
            session.held.extend(gained);
            session.at = Some(head.number);
        }
    }

    fn frame(&mut self, server: usize, id: LineId, head: &Cursor) {
        let leaks = self.planted(Planted::ScopeLeak);
        let gap = self.planted(Planted::Gap) && self.chance.chance(3);
        let untold = self.planted(Planted::MoveUntold);
        let Some(session) = self.session(server, id) else {
            return;
        };
        let Some(from) = session.at.filter(|at| *at < head.number) else {
            return;
        };
        session.at = Some(head.number);
        let held = session.held.clone();
        let skip = usize::try_from(from).unwrap_or(usize::MAX);
        let mut entries: Vec<_> = self
            .model
            .log()
            .iter()
            .skip(skip)
            .map(|sealed| &sealed.entry)
            .filter(|entry| entry.number <= head.number)
            .filter(|entry| leaks || held.contains(&entry.scope))
            .cloned()
            .collect();
        if gap {
            entries.pop();
        }
        if untold {
            let of_it = |entry: &LogEntry| {
                matches!(
                    &entry.body,
                    LogBody::Conversation {
                        event: Event::MovedOut { .. },
                        ..
                    }
                )
            };
            entries.retain(|entry| !of_it(entry));
        }
        self.say_to_desk(
            id,
            ServerMessage::Frame {
                from,
                to: head.clone(),
                entries,
            },
        );
    }

    /// Tells everybody on a server where somebody looks, and them where the others do.
    fn tell_presence(&mut self, server: usize, _id: LineId) {
        let Some(sessions) = self.servers.get(server).map(|server| &server.sessions) else {
            return;
        };
        let place = |id| self.model.conversation(id).map(|one| one.inbox);
        let present_to = |listener: &Session| {
            let present = sessions.values().map(|session| Present {
                member: session.member,
                looking: session
                    .looking
                    .filter(|id| place(*id).is_some_and(|inbox| listener.readable.inboxes.contains(&inbox))),
                active: session.active,
            });
            present.collect()
        };
        let told: Vec<(LineId, Vec<Present>)> = sessions
            .iter()
            .map(|(line, listener)| (*line, present_to(listener)))
            .collect();
        for (line, present) in told {
            self.say_to_desk(line, ServerMessage::Presence { present });
        }
    }
}
