//! A small office: desktops without windows, the rules as the referee, a network that can be cut, disks that survive a crash.

use std::collections::{BTreeMap, VecDeque};

use baton_domain::{
    Access, Account, AccountId, AccountMode, Actor, Address, Capability, Command, CommandBody, CommandId, Context,
    Conversation, ConversationId, DeviceId, Direction, Document, DocumentBody, Event, Inbox, InboxId, InboxPolicy,
    LeaseFacts, LogBody, LogEntry, Member, MemberId, Message, MessageId, MessageKind, Role, SavedDraft, Scope, Stamp,
    Timestamp, decide, decide_other, evolve,
};
use baton_protocol::{
    Acted, Answer, ClientMessage, ComposeLock, ConversationWithEntries, Cursor, Draft, ErrorCode, HeldReason,
    ServerMessage, UiEvent,
};
use jiff::tz::TimeZone;
use uuid::Uuid;

pub(super) use super::asks::{note, reply_text, step};
use super::disk::{Disk, about};
use crate::engine::{Ask, Effect, Engine, Fetched, Identity, Incoming, Input, Ticket, Told};
use crate::{Language, Notification};

/// Monday 2026-11-23, 10:00 UTC.
pub(super) const MONDAY: i64 = 1_795_428_000_000;
pub(super) const ANNA: usize = 0;
pub(super) const BEN: usize = 1;

pub(super) fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(super) fn member(desk: usize) -> MemberId {
    MemberId(uuid(100 + desk as u128))
}

pub(super) const INBOX: u128 = 50;
/// Both read it and may assign there; Ben works there too.
pub(super) const OTHER: u128 = 55;
const ACCOUNT: u128 = 60;

pub(super) struct Desk {
    pub(super) engine: Engine,
    pub(super) disk: Disk,
    starts: u8,
    online: bool,
    said: VecDeque<ClientMessage>,
    pub(super) told: BTreeMap<Ticket, Told>,
    pub(super) notifications: Vec<Notification>,
    pub(super) withdrawn: Vec<String>,
    pub(super) events: Vec<UiEvent>,
    pub(super) renewals: u32,
    /// How often a draft was offered to the server.
    pub(super) offered: u32,
    /// How often this desk wanted another connection.
    pub(super) reconnects: u32,
    /// Commands this desk has said, in order.
    pub(super) submitted: Vec<CommandBody>,
    wake_at: Option<Timestamp>,
    place: u64,
    tickets: u64,
    // Work of the drivers that waits for the network.
    saves: VecDeque<Draft>,
}

pub(super) struct Office {
    pub(super) now: Timestamp,
    epoch: u128,
    pub(super) log: Vec<LogEntry>,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    pub(super) documents: Vec<Document>,
    leases: BTreeMap<ConversationId, LeaseFacts>,
    drafts: BTreeMap<(ConversationId, MemberId), Draft>,
    pub(super) done: BTreeMap<CommandId, Answer>,
    pub(super) desks: Vec<Desk>,
    ids: u128,
    /// Answers are not given while this is set: the server is slow, or dies before it speaks.
    pub(super) mute: bool,
    /// Whoever connects while this is set is promised a snapshot, and gets nothing.
    pub(super) only_promises: bool,
    pub(super) unreached: bool,
    /// Drafts are answered with this while it is set, though the line stands.
    pub(super) refuses: Option<ErrorCode>,
}

fn engine(desk: usize, starts: u8, disk: &Disk) -> Engine {
    let identity = Identity {
        me: member(desk),
        device: DeviceId(uuid(200 + desk as u128)),
        server: "https://baton.example.com".to_owned(),
        zone: TimeZone::UTC,
        language: Language::English,
        version: "1".to_owned(),
        seed: [u8::try_from(desk).unwrap() * 16 + starts; 32],
    };
    Engine::new(disk.load(), identity)
}

impl Office {
    /// Anna and Ben, both at their desks and connected.
    pub(super) fn open() -> Self {
        Self::under(InboxPolicy::default())
    }

    pub(super) fn under(policy: InboxPolicy) -> Self {
        use Capability::{Assign, Comment, Read, SendOnBehalf, Work};
        let all = [Read, Comment, Work, Assign, SendOnBehalf];
        let person = |desk: usize, name: &str| Member {
            id: member(desk),
            name: name.to_owned(),
            email: format!("{}@example.com", name.to_lowercase()),
            role: Role::Rep,
            active: true,
            absent_until: None,
            backup: None,
            hours: None,
            signature: None,
        };
        let access = |desk| Access {
            member: member(desk),
            capabilities: all.into(),
        };
        let sales = Inbox {
            id: InboxId(uuid(INBOX)),
            name: "Sales".to_owned(),
            access: vec![access(ANNA), access(BEN)],
            policy,
        };
        let looks_in = Access {
            member: member(ANNA),
            capabilities: [Read, Assign].into(),
        };
        let other = Inbox {
            id: InboxId(uuid(OTHER)),
            name: "Other".to_owned(),
            access: vec![looks_in, access(BEN)],
            policy: InboxPolicy::default(),
        };
        let account = Account {
            id: AccountId(uuid(ACCOUNT)),
            inbox: InboxId(uuid(INBOX)),
            address: "sales@example.com".to_owned(),
            name: "Lumen".to_owned(),
            aliases: Vec::new(),
            live_since: Timestamp(0),
            mode: AccountMode::Together,
            hosted_by: None,
            signatures: Vec::new(),
            folders: Vec::new(),
        };
        let bodies = [
            DocumentBody::Member(person(ANNA, "Anna")),
            DocumentBody::Member(person(BEN, "Ben")),
            DocumentBody::Inbox(sales),
            DocumentBody::Inbox(other),
            DocumentBody::Account(account),
        ];
        let documents = bodies.map(|body| Document {
            id: body.id(),
            version: 1,
            body,
        });
        let mut office = Self {
            now: Timestamp(MONDAY),
            epoch: 1,
            log: Vec::new(),
            conversations: BTreeMap::new(),
            documents: documents.into(),
            leases: BTreeMap::new(),
            drafts: BTreeMap::new(),
            done: BTreeMap::new(),
            desks: Vec::new(),
            ids: 1000,
            mute: false,
            only_promises: false,
            unreached: false,
            refuses: None,
        };
        for desk in [ANNA, BEN] {
            let disk = Disk::default();
            office.desks.push(Desk {
                engine: engine(desk, 0, &disk),
                disk,
                starts: 0,
                online: false,
                said: VecDeque::new(),
                told: BTreeMap::new(),
                notifications: Vec::new(),
                withdrawn: Vec::new(),
                events: Vec::new(),
                renewals: 0,
                offered: 0,
                reconnects: 0,
                submitted: Vec::new(),
                wake_at: None,
                place: 0,
                tickets: 0,
                saves: VecDeque::new(),
            });
            office.input(desk, Input::Started);
            office.connect(desk);
        }
        office.advance(5_000);
        office
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        uuid(self.ids)
    }

    fn cursor(&self) -> Cursor {
        Cursor {
            epoch: uuid(self.epoch),
            number: self.log.len() as u64,
            hash: format!("{:x}", self.log.len()),
        }
    }

    // Drivers.

    pub(super) fn input(&mut self, desk: usize, input: Input) {
        let now = self.now;
        let effects = self.desks[desk].engine.handle(now, input);
        self.carry_out(desk, effects);
    }

    fn carry_out(&mut self, at: usize, effects: Vec<Effect>) {
        let mut refetch = Vec::new();
        let mut reconnect = false;
        let desk = &mut self.desks[at];
        for (place, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::Persist(batch) => {
                    assert_eq!(place, 0, "what is kept comes before everything else");
                    desk.disk.apply(&batch);
                }
                Effect::Send(message) if desk.online => desk.said.push_back(*message),
                Effect::SaveDraft { draft, .. } => desk.saves.push_back(*draft),
                Effect::Refetch(id) => refetch.push(id),
                Effect::Reconnect => {
                    desk.reconnects += 1;
                    reconnect = true;
                }
                Effect::Emit(event) => desk.events.push(event),
                Effect::Notify(notification) => desk.notifications.push(notification),
                Effect::Withdraw(key) => desk.withdrawn.push(key),
                Effect::Answer(ticket, told) => {
                    assert!(desk.told.insert(ticket, told).is_none(), "answered once");
                }
                Effect::WakeAt(at) => desk.wake_at = Some(at),
                _ => {}
            }
        }
        for id in refetch {
            let found = self
                .conversations
                .get(&id)
                .cloned()
                .map(|conversation| ConversationWithEntries {
                    conversation,
                    entries: self
                        .log
                        .iter()
                        .filter(|entry| about(entry) == Some(id))
                        .cloned()
                        .collect(),
                });
            let found = match found {
                _ if self.unreached => Fetched::Unreached,
                Some(found) => Fetched::Here(Box::new(found)),
                None => Fetched::Gone,
            };
            let conversation = id;
            self.input(at, Input::Refetched { conversation, found });
        }
        if reconnect && self.desks[at].online {
            self.cut(at);
            self.connect(at);
        }
    }

    /// Everything that is under way arrives.
    pub(super) fn settle(&mut self) {
        for _ in 0..1000 {
            let mut quiet = true;
            for desk in 0..self.desks.len() {
                while let Some(message) = self.desks[desk].said.pop_front() {
                    quiet = false;
                    self.hear(desk, message);
                }
                if let Some(draft) = self.desks[desk].saves.pop_front() {
                    quiet = false;
                    let (conversation, revision) = (draft.conversation, draft.revision);
                    self.desks[desk].offered += 1;
                    let result = if let Some(code) = self.refuses {
                        Err(baton_protocol::ApiError {
                            code,
                            message: String::new(),
                        })
                    } else if self.desks[desk].online {
                        self.drafts.insert((conversation, draft.member), draft);
                        Ok(())
                    } else {
                        Err(baton_protocol::ApiError {
                            code: ErrorCode::Unreachable,
                            message: String::new(),
                        })
                    };
                    self.input(
                        desk,
                        Input::DraftSaved {
                            conversation,
                            revision,
                            result,
                        },
                    );
                }
            }
            if quiet {
                return;
            }
        }
        panic!("the office never comes to rest");
    }

    /// Time passes; whoever wants to be woken is.
    pub(super) fn advance(&mut self, ms: i64) {
        let until = self.now.plus_ms(ms);
        self.settle();
        while let Some((at, desk)) = (0..self.desks.len())
            .filter_map(|desk| Some((self.desks[desk].wake_at?, desk)))
            .filter(|(at, _)| *at <= until)
            .min()
        {
            self.now = self.now.max(at);
            self.desks[desk].wake_at = None;
            self.input(desk, Input::Tick);
            self.settle();
        }
        self.now = until;
    }

    /// The computers sleep, or the test's clock is moved: nobody is woken in between.
    pub(super) fn jump(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        for desk in 0..self.desks.len() {
            self.input(desk, Input::Tick);
        }
        self.advance(10_000);
    }

    pub(super) fn cut(&mut self, desk: usize) {
        self.desks[desk].online = false;
        self.desks[desk].said.clear();
        let next = self.now.plus_ms(5_000);
        self.input(desk, Input::Disconnected { error: None, next });
        self.settle();
    }

    pub(super) fn connect(&mut self, desk: usize) {
        self.desks[desk].online = true;
        self.input(desk, Input::Connected);
        self.settle();
    }

    /// The program dies without a word, and is started again on what is on its disk.
    pub(super) fn crash(&mut self, desk: usize) {
        let starts = self.desks[desk].starts + 1;
        let state = &mut self.desks[desk];
        state.engine = engine(desk, starts, &state.disk);
        state.starts = starts;
        state.online = false;
        state.said.clear();
        state.saves.clear();
        self.input(desk, Input::Started);
    }

    // The server.

    fn hear(&mut self, desk: usize, message: ClientMessage) {
        match message {
            ClientMessage::Hello { cursor, .. } => self.welcome(desk, cursor),
            ClientMessage::Submit { command } => self.submit(desk, *command),
            ClientMessage::Renew {
                conversation,
                active_at,
                ..
            } => {
                self.desks[desk].renewals += 1;
                let expires = self.now.plus_ms(45_000);
                self.leases.insert(conversation, LeaseFacts { expires, active_at });
            }
            ClientMessage::Notified { .. } | ClientMessage::Presence { .. } => {}
            ClientMessage::Ping => {
                let now = self.now;
                self.push(desk, ServerMessage::Pong { now });
            }
        }
    }

    fn push(&mut self, desk: usize, message: ServerMessage) {
        if self.desks[desk].online {
            // Over the wire and back: what travels is what was meant.
            let text = serde_json::to_string(&message).unwrap();
            let incoming: Incoming = crate::engine::decode(&text).unwrap();
            assert_eq!(incoming.message.as_ref(), Some(&message));
            self.input(desk, Input::Server(Box::new(incoming)));
        }
    }

    fn welcome(&mut self, desk: usize, cursor: Option<Cursor>) {
        let known = cursor.filter(|cursor| cursor.epoch == uuid(self.epoch) && cursor.number <= self.log.len() as u64);
        let inbox = |id| Scope::Inbox { id: InboxId(uuid(id)) };
        let scopes = vec![Scope::Workspace, inbox(INBOX), inbox(OTHER)];
        let welcome = ServerMessage::Welcome {
            epoch: uuid(self.epoch),
            member: member(desk),
            now: self.now,
            head: self.log.len() as u64,
            scopes: scopes.clone(),
            snapshot: known.is_none() || self.only_promises,
        };
        self.push(desk, welcome);
        if self.only_promises {
            self.desks[desk].place = self.log.len() as u64;
            return;
        }
        match known {
            Some(cursor) => {
                self.desks[desk].place = cursor.number;
                self.frame(desk);
            }
            None => {
                let half = self.conversations.len() / 2;
                let all: Vec<_> = self.conversations.values().cloned().collect();
                for (part, chunk) in [&all[..half], &all[half..]].into_iter().enumerate() {
                    let ids: Vec<_> = chunk.iter().map(|c| c.id).collect();
                    let mine = |e: &&LogEntry| about(e).is_some_and(|id| ids.contains(&id));
                    let snapshot = ServerMessage::Snapshot {
                        scopes: scopes.clone(),
                        cursor: self.cursor(),
                        part: u32::try_from(part).unwrap(),
                        last: part == 1,
                        documents: if part == 0 { self.documents.clone() } else { Vec::new() },
                        conversations: chunk.to_vec(),
                        entries: self.log.iter().filter(mine).cloned().collect(),
                    };
                    self.push(desk, snapshot);
                }
                self.desks[desk].place = self.log.len() as u64;
            }
        }
    }

    pub(super) fn frame(&mut self, desk: usize) {
        let from = self.desks[desk].place;
        if from == self.log.len() as u64 || !self.desks[desk].online {
            return;
        }
        let entries = self.log[usize::try_from(from).unwrap()..].to_vec();
        let to = self.cursor();
        self.desks[desk].place = to.number;
        self.push(desk, ServerMessage::Frame { from, to, entries });
    }

    fn submit(&mut self, desk: usize, command: Command) {
        self.desks[desk].submitted.push(command.body.clone());
        let id = command.id;
        let answer = match self.done.get(&id) {
            Some(answer) => answer.clone(),
            None => self.judge(&command),
        };
        if self.mute {
            return;
        }
        for desk in 0..self.desks.len() {
            self.frame(desk);
        }
        self.push(desk, ServerMessage::Answer { command: id, answer });
    }

    fn judge(&mut self, command: &Command) -> Answer {
        if matches!(command.body, CommandBody::PutDocument { .. }) {
            return self.judge_document(command);
        }
        let state = self.conversations.get(&command.conversation);
        let documents = |pick: fn(&DocumentBody) -> bool| self.documents.iter().filter(move |d| pick(&d.body));
        let members: BTreeMap<_, _> = documents(|_| true)
            .filter_map(|d| match &d.body {
                DocumentBody::Member(member) => Some((member.id, member.clone())),
                _ => None,
            })
            .collect();
        let accounts: BTreeMap<_, _> = documents(|_| true)
            .filter_map(|d| match &d.body {
                DocumentBody::Account(account) => Some((account.id, account.clone())),
                _ => None,
            })
            .collect();
        let inboxes: BTreeMap<_, _> = documents(|_| true)
            .filter_map(|d| match &d.body {
                DocumentBody::Inbox(inbox) => Some((inbox.id, inbox.clone())),
                _ => None,
            })
            .collect();
        let inbox = &inboxes[&state.map_or(InboxId(uuid(INBOX)), |state| state.inbox)];
        let who = command.actor.member();
        let capabilities = who.map(|who| inbox.capabilities_of(&members[&who])).unwrap_or_default();
        let draft = who
            .and_then(|who| self.drafts.get(&(command.conversation, who)))
            .map(|draft| SavedDraft {
                id: draft.id,
                member: draft.member,
                text: draft.text.clone(),
                files_present: true,
            });
        let header_id = format!("{}@example.com", command.id);
        let log = self.log_of(command.conversation);
        let context = Context {
            now: self.now,
            capabilities: &capabilities,
            inbox,
            inboxes: &inboxes,
            members: &members,
            accounts: &accounts,
            companies: None,
            next_event: self.log.len() as u64 + 1,
            next_conversation: 1000 + u32::try_from(self.conversations.len()).unwrap(),
            lease: self.leases.get(&command.conversation).copied(),
            draft: draft.as_ref(),
            others: &self.conversations,
            log: &log,
            routing: super::routing::facts(&self.documents),
            header_id: &header_id,
        };
        match decide(state, command, &context) {
            Err(refusal) => Answer::Refused { refusal },
            Ok(events) => {
                let beside = state.map(|state| decide_other(state, command, &context));
                let from = self.log.len() as u64;
                for event in events {
                    self.append(command, event);
                }
                for (conversation, events) in beside.unwrap_or_default() {
                    let there = Command {
                        conversation,
                        ..command.clone()
                    };
                    for event in events {
                        self.append(&there, event);
                    }
                }
                let answer = Answer::Done {
                    from,
                    to: self.log.len() as u64,
                };
                self.done.insert(command.id, answer.clone());
                answer
            }
        }
    }

    fn append(&mut self, command: &Command, event: Event) {
        let number = self.log.len() as u64 + 1;
        let stamp = Stamp {
            number,
            at: self.now,
            actor: command.actor,
            conversation: command.conversation,
        };
        if let Event::LockGranted { .. } = event {
            let facts = LeaseFacts {
                expires: self.now.plus_ms(45_000),
                active_at: self.now,
            };
            self.leases.insert(command.conversation, facts);
        }
        let before = self.conversations.remove(&command.conversation);
        let lay_in = before.as_ref().map(|state| state.inbox);
        let state = evolve(before, stamp, &event).unwrap();
        let left = lay_in.filter(|_| matches!(event, Event::MovedOut { .. }));
        let id = left.unwrap_or(state.inbox);
        self.conversations.insert(command.conversation, state);
        self.log.push(LogEntry {
            number,
            at: self.now,
            issued_at: command.issued_at,
            actor: command.actor,
            command: command.id,
            scope: Scope::Inbox { id },
            body: LogBody::Conversation {
                conversation: command.conversation,
                event,
            },
        });
    }

    /// Somebody who is no desk acts: a channel, a timer.
    pub(super) fn outside(&mut self, conversation: ConversationId, actor: Actor, body: CommandBody) {
        let command = Command {
            id: CommandId(self.id()),
            actor,
            device: DeviceId(uuid(1)),
            conversation,
            issued_at: self.now,
            last_seen: None,
            based_on: None,
            body,
        };
        let answer = self.judge(&command);
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
        for desk in 0..self.desks.len() {
            self.frame(desk);
        }
        self.settle();
    }

    /// The log begins anew after a restore; `keep` entries were in the backup.
    pub(super) fn restore(&mut self, keep: usize) {
        self.epoch += 1;
        self.log.truncate(keep);
        self.done.clear();
        self.conversations.clear();
        for entry in self.log.clone() {
            let LogBody::Conversation { conversation, event } = &entry.body else {
                continue;
            };
            let stamp = Stamp {
                number: entry.number,
                at: entry.at,
                actor: entry.actor,
                conversation: *conversation,
            };
            let state = evolve(self.conversations.remove(conversation), stamp, event).unwrap();
            self.conversations.insert(*conversation, state);
        }
    }

    // What happens in the office.

    /// Carl writes; without a conversation it is a new enquiry.
    pub(super) fn carl_writes(&mut self, conversation: Option<ConversationId>, text: &str) -> ConversationId {
        let id = conversation.unwrap_or_else(|| ConversationId(self.id()));
        let message = Message {
            id: MessageId(self.id()),
            direction: Direction::Inbound,
            kind: MessageKind::Human,
            from: Address {
                name: "Carl".to_owned(),
                email: "carl@customer.example".to_owned(),
            },
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: "40 lamps".to_owned(),
            at: self.now,
            header_id: Some(format!("{}@customer.example", self.ids)),
            references: Vec::new(),
            preview: text.to_owned(),
            blob: None,
            size: 10,
            attachments: Vec::new(),
            account: Some(AccountId(uuid(ACCOUNT))),
            returns_at: None,
            bounced: None,
            facts: baton_domain::MessageFacts::default(),
        };
        let body = CommandBody::Receive {
            message: Box::new(message),
            live: true,
            inbox: InboxId(uuid(INBOX)),
        };
        let account = AccountId(uuid(ACCOUNT));
        self.outside(id, Actor::Channel { account }, body);
        id
    }

    pub(super) fn ask(&mut self, desk: usize, ask: Ask) -> Ticket {
        self.desks[desk].tickets += 1;
        let ticket = Ticket(self.desks[desk].tickets);
        self.input(
            desk,
            Input::Ui {
                ticket,
                ask: Box::new(ask),
            },
        );
        ticket
    }

    pub(super) fn told(&self, desk: usize, ticket: Ticket) -> Option<&Told> {
        self.desks[desk].told.get(&ticket)
    }

    /// Acts with everything on screen, and waits for what becomes of it.
    pub(super) fn act(&mut self, desk: usize, conversation: ConversationId, body: CommandBody) -> Acted {
        let last_seen = self.on_screen(desk, conversation);
        let ticket = self.ask(
            desk,
            Ask::Act {
                conversation,
                body,
                last_seen,
            },
        );
        self.settle();
        self.acted(desk, ticket)
    }

    pub(super) fn acted(&self, desk: usize, ticket: Ticket) -> Acted {
        match self.told(desk, ticket) {
            Some(Told::Acted(acted)) => acted.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn on_screen(&self, desk: usize, id: ConversationId) -> Option<MessageId> {
        let state = self.desks[desk].engine.state(id)?;
        state.last_message.as_ref().map(|last| last.id)
    }

    pub(super) fn types(&mut self, desk: usize, conversation: ConversationId, text: &str) -> ComposeLock {
        let draft = reply_text(text);
        let ticket = self.ask(
            desk,
            Ask::Compose {
                conversation,
                draft,
                cover: false,
            },
        );
        self.settle();
        match self.told(desk, ticket) {
            Some(Told::Composed(composed)) => composed.lock.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn sends(&mut self, desk: usize, conversation: ConversationId) -> Ticket {
        let last_seen = self.on_screen(desk, conversation);
        self.sends_having_seen(desk, conversation, last_seen)
    }

    pub(super) fn sends_having_seen(
        &mut self,
        desk: usize,
        conversation: ConversationId,
        last_seen: Option<MessageId>,
    ) -> Ticket {
        let ticket = self.ask(
            desk,
            Ask::Send {
                conversation,
                plan: crate::engine::SendPlan {
                    after: baton_domain::AfterReply::NothingMore,
                    quote: None,
                    close: None,
                    send_at: None,
                },
                last_seen,
            },
        );
        self.settle();
        ticket
    }

    pub(super) fn held(&self, desk: usize) -> Vec<(CommandBody, HeldReason)> {
        let list = self.desks[desk].engine.held_list();
        list.into_iter().map(|held| (held.body, held.why)).collect()
    }

    pub(super) fn shown(&self, desk: usize, id: ConversationId) -> &Conversation {
        self.desks[desk].engine.state(id).unwrap()
    }

    pub(super) fn real(&self, id: ConversationId) -> &Conversation {
        &self.conversations[&id]
    }

    /// What every desk must agree on once all is quiet.
    pub(super) fn all_agree(&self) {
        for (number, desk) in self.desks.iter().enumerate() {
            // What was counted change by change is what is counted anew.
            let mut anew = engine(number, 15, &desk.disk);
            anew.handle(self.now, Input::Started);
            assert_eq!(anew.counts(), desk.engine.counts());
            assert_eq!(anew.badge(), desk.engine.badge());
            for (id, real) in &self.conversations {
                assert_eq!(desk.engine.state(*id), Some(real));
                assert_eq!(desk.disk.conversations.get(id), Some(real));
            }
            assert_eq!(desk.disk.entries.len(), self.log.len());
        }
    }
}
