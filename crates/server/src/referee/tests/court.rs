//! A court: one or more referees on one modelled store, driven by hand. Anna and Ben are reps, Mira runs the place, Carl is the customer.

use std::collections::{BTreeMap, VecDeque};

use baton_domain::{
    Access, Account, AccountId, AccountMode, Actor, Address, Attachment, BlobId, Capability, Command, CommandBody,
    CommandId, Conversation, ConversationId, DeviceId, DocumentBody, Inbox, InboxId, InboxPolicy, LogEntry, Member,
    MemberId, MessageId, Role, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::model::Model;
use baton_store::port::{Batch, FolderCursor, PortError};
use uuid::Uuid;

use crate::referee::{
    Arrival, ArrivalKind, Asked, Effect, Fault, FolderRole, Input, ParsedArrival, Received, Referee, Reply, Ticket,
};

pub(super) const MIRA: MemberId = MemberId(Uuid::from_u128(0xa1));
pub(super) const ANNA: MemberId = MemberId(Uuid::from_u128(0xa2));
pub(super) const BEN: MemberId = MemberId(Uuid::from_u128(0xa3));
pub(super) const SALES: InboxId = InboxId(Uuid::from_u128(0xb1));
pub(super) const SUPPORT: InboxId = InboxId(Uuid::from_u128(0xb2));
pub(super) const SALES_MAIL: AccountId = AccountId(Uuid::from_u128(0xc1));
pub(super) const SUPPORT_MAIL: AccountId = AccountId(Uuid::from_u128(0xc2));
/// Monday 2026-11-02 09:00 UTC.
pub(super) const MONDAY: Timestamp = Timestamp(1_793_610_000_000);

pub(super) fn device(of: MemberId) -> DeviceId {
    DeviceId(Uuid::from_u128(of.0.as_u128() << 8))
}

pub(super) fn documents() -> Vec<DocumentBody> {
    let member = |id, name: &str, role| {
        DocumentBody::Member(Member {
            id,
            name: name.to_owned(),
            email: format!("{}@baton.test", name.to_lowercase()),
            role,
            active: true,
            absent_until: None,
            backup: None,
            hours: None,
            signature: None,
        })
    };
    let works = |member| Access {
        member,
        capabilities: [
            Capability::Read,
            Capability::Comment,
            Capability::Work,
            Capability::Assign,
            Capability::SendOnBehalf,
        ]
        .into(),
    };
    let inbox = |id, name: &str| {
        DocumentBody::Inbox(Inbox {
            id,
            name: name.to_owned(),
            access: vec![works(ANNA), works(BEN)],
            policy: InboxPolicy::default(),
        })
    };
    let account = |id, inbox, address: &str| {
        DocumentBody::Account(Account {
            id,
            inbox,
            address: address.to_owned(),
            name: "Baton Chairs".to_owned(),
            aliases: Vec::new(),
            live_since: MONDAY,
            mode: AccountMode::Together,
            hosted_by: None,
            signatures: Vec::new(),
            folders: Vec::new(),
        })
    };
    vec![
        member(MIRA, "Mira", Role::Admin),
        member(ANNA, "Anna", Role::Rep),
        member(BEN, "Ben", Role::Rep),
        inbox(SALES, "Sales"),
        inbox(SUPPORT, "Support"),
        account(SALES_MAIL, SALES, "sales@baton.test"),
        account(SUPPORT_MAIL, SUPPORT, "support@baton.test"),
    ]
}

pub(super) fn put(document: DocumentBody) -> Command {
    let id = CommandId(Uuid::new_v5(&document.id().0, b"put"));
    Command {
        id,
        actor: Actor::Operator,
        device: DeviceId(Uuid::nil()),
        conversation: ConversationId(Uuid::nil()),
        issued_at: MONDAY,
        last_seen: None,
        based_on: None,
        body: CommandBody::PutDocument {
            document: Box::new(document),
        },
    }
}

pub(super) struct Court {
    pub(super) model: Model,
    pub(super) referees: Vec<Referee>,
    pub(super) answers: BTreeMap<Ticket, Result<Reply, Fault>>,
    pub(super) published: Vec<Vec<LogEntry>>,
    pub(super) batches: Vec<Batch>,
    /// Errors the store gives to the next appends.
    pub(super) faults: VecDeque<PortError>,
    pub(super) now: Timestamp,
    tickets: u64,
    commands: u128,
}

impl Court {
    pub(super) fn empty(servers: usize) -> Self {
        let mut model = Model::new(Uuid::from_u128(0xe0));
        model.set_now(MONDAY);
        let referee = || Referee::new(Box::new(|id, domain| format!("{}@{domain}", id.0.as_simple())));
        Self {
            model,
            referees: (0..servers).map(|_| referee()).collect(),
            answers: BTreeMap::new(),
            published: vec![Vec::new(); servers],
            batches: Vec::new(),
            faults: VecDeque::new(),
            now: MONDAY,
            tickets: 0,
            commands: 0,
        }
    }

    /// A court with the team's documents.
    pub(super) fn new() -> Self {
        Self::with_servers(1)
    }

    pub(super) fn with_servers(servers: usize) -> Self {
        let mut court = Self::empty(servers);
        for server in 0..servers {
            let ticket = court.ticket();
            court.tell(server, Input::Open { ticket });
        }
        for document in documents() {
            let done = court.ask(put(document));
            assert!(matches!(done, Answer::Done { .. }), "{done:?}");
        }
        court
    }

    pub(super) fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.model.set_now(self.now);
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// Ids go on behind those another court gave out.
    pub(super) fn skip_ids(&mut self) {
        self.commands += 1000;
    }

    pub(super) fn command(&mut self, of: MemberId, conversation: ConversationId, body: CommandBody) -> Command {
        self.commands += 1;
        Command {
            id: CommandId(Uuid::from_u128(0xf000 + self.commands)),
            actor: Actor::Member { id: of },
            device: device(of),
            conversation,
            issued_at: self.now,
            last_seen: self
                .model
                .conversation(conversation)
                .and_then(|state| state.last_message.as_ref())
                .map(|last| last.id),
            based_on: None,
            body,
        }
    }

    /// Tells a referee something and does everything it wants, to the end.
    pub(super) fn tell(&mut self, server: usize, input: Input) {
        let mut effects: VecDeque<Effect> = self.referees[server].handle(input).into();
        while let Some(effect) = effects.pop_front() {
            if let Some(next) = self.carry_out(server, effect) {
                effects.extend(self.referees[server].handle(next));
            }
        }
    }

    /// Does one thing, and gives what the referee is to be told of it.
    pub(super) fn carry_out(&mut self, server: usize, effect: Effect) -> Option<Input> {
        let holder = u32::try_from(server).unwrap();
        match effect {
            Effect::Begin(needs) => {
                let loaded = self.model.begin(holder, &needs).expect("nobody else has the head");
                Some(Input::Began {
                    loaded: Box::new(loaded),
                    entropy: [5; 32],
                })
            }
            Effect::Append(batch) => {
                self.batches.push((*batch).clone());
                if let Some(error) = self.faults.pop_front() {
                    self.model.rollback(holder);
                    return Some(Input::StoreFailed { error });
                }
                match self.model.append(holder, *batch) {
                    Ok(()) => {
                        self.model.sync();
                        Some(Input::Appended)
                    }
                    Err(error) => Some(Input::StoreFailed { error }),
                }
            }
            Effect::Rollback => {
                self.model.rollback(holder);
                None
            }
            Effect::Answer { ticket, outcome } => {
                assert!(self.answers.insert(ticket, outcome).is_none(), "answered twice");
                None
            }
            Effect::Publish { from, to, entries } => {
                assert_eq!(
                    to.number - from,
                    u64::try_from(entries.len()).unwrap(),
                    "a gap in what is published"
                );
                self.published[server].extend(entries);
                None
            }
            Effect::WakeAt(_) => None,
        }
    }

    /// Submits and gives the answer.
    pub(super) fn ask(&mut self, command: Command) -> Answer {
        self.ask_at(0, command)
    }

    pub(super) fn ask_at(&mut self, server: usize, command: Command) -> Answer {
        let ticket = self.ticket();
        self.tell(
            server,
            Input::Submit {
                ticket,
                command: Box::new(command),
                under: None,
            },
        );
        self.answer(ticket)
    }

    pub(super) fn answer(&mut self, ticket: Ticket) -> Answer {
        match self.answers.remove(&ticket) {
            Some(Ok(Reply::Command(answer))) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Submits all of them so that they wait together, in order, and gives the answers.
    pub(super) fn ask_together(&mut self, commands: Vec<Command>) -> Vec<Result<Reply, Fault>> {
        // The first takes the head; what comes while it is held waits for the next commit.
        let first = self.ticket();
        let mut held = self.referees[0].handle(Input::Open { ticket: first });
        let begin = held.pop().expect("it wants the head");
        let tickets: Vec<Ticket> = commands.iter().map(|_| self.ticket()).collect();
        for (ticket, command) in tickets.iter().zip(commands) {
            assert!(
                self.referees[0]
                    .handle(Input::Submit {
                        ticket: *ticket,
                        command: Box::new(command),
                        under: None,
                    })
                    .is_empty()
            );
        }
        let began = self.carry_out(0, begin).unwrap();
        self.tell(0, began);
        tickets
            .iter()
            .map(|ticket| self.answers.remove(ticket).expect("every one is answered"))
            .collect()
    }

    pub(super) fn receive(&mut self, arrivals: Vec<Arrival>, progress: Option<FolderCursor>) -> Received {
        self.receive_at(0, arrivals, progress)
    }

    pub(super) fn receive_at(
        &mut self,
        server: usize,
        arrivals: Vec<Arrival>,
        progress: Option<FolderCursor>,
    ) -> Received {
        let ticket = self.ticket();
        self.tell(
            server,
            Input::Receive {
                ticket,
                arrivals,
                progress,
                under: None,
            },
        );
        match self.answers.remove(&ticket) {
            Some(Ok(Reply::Received(received))) => received,
            other => panic!("{other:?}"),
        }
    }

    /// Lets everything fire that is due now.
    pub(super) fn tick(&mut self) {
        let due = self.model.due(100).rows;
        self.tell(0, Input::Tick { due });
    }

    /// The one conversation there is.
    pub(super) fn only(&self) -> Conversation {
        let all: Vec<_> = self.model.conversations().collect();
        assert_eq!(
            all.len(),
            1,
            "{:?}",
            all.iter().map(|state| &state.subject).collect::<Vec<_>>()
        );
        all[0].clone()
    }
}

pub(super) fn address(email: &str) -> Address {
    Address {
        name: String::new(),
        email: email.to_owned(),
    }
}

/// A letter: who, what about, when; the rest is set where it matters.
pub(super) fn letter(uid: u32, from: &str, subject: &str, at: Timestamp) -> Arrival {
    let header_id = format!("{uid}@example.com");
    Arrival {
        filed: None,
        account: SALES_MAIL,
        folder: "INBOX".to_owned(),
        role: FolderRole::Inbox,
        uidvalidity: 7,
        uid,
        internal_date: at.plus_ms(1000),
        flags: Vec::new(),
        resync: false,
        asked: Asked::TakeIn,
        blob: Some(BlobId::of(header_id.as_bytes())),
        size: 500,
        parsed: Ok(ParsedArrival {
            from: address(from),
            to: vec![address("sales@baton.test")],
            cc: Vec::new(),
            reply_to: Vec::new(),
            delivered_to: Vec::new(),
            subject: subject.to_owned(),
            subject_key: subject.trim_start_matches("Re: ").to_lowercase(),
            date: Some(at),
            preview: "Do you have chairs?".to_owned(),
            attachments: Vec::<Attachment>::new(),
            kind: ArrivalKind::Human,
            return_path: Ok(address(from)),
            header_id: Some(header_id.clone()),
            mentions: Vec::new(),
            references: Vec::new(),
            answers: Vec::new(),
            quoted_from: None,
            own: None,
            claims: None,
            digest: BlobId::of(header_id.as_bytes()).as_str().to_owned(),
            about: None,
            facts: baton_domain::MessageFacts::default(),
        }),
    }
}

/// Changes what was read of a letter.
pub(super) fn but(mut arrival: Arrival, change: impl FnOnce(&mut ParsedArrival)) -> Arrival {
    change(arrival.parsed.as_mut().unwrap());
    arrival
}

/// A letter that answers others, the nearest last.
pub(super) fn answering(arrival: Arrival, ids: &[&str]) -> Arrival {
    let references: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    but(arrival, |parsed| {
        parsed.mentions = references.iter().rev().cloned().collect();
        parsed.references = references;
    })
}

/// The id of the message that an item becomes.
pub(super) fn message_of(arrival: &Arrival) -> MessageId {
    MessageId(crate::referee::item_id(&arrival.key()).0)
}
