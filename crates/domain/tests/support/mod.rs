//! A small team in one process: Anna and Ben the reps, Mira the manager, Carl the customer.
//!
//! It is the shortest referee there can be: one conversation, commands in order, numbers from one. What it does to the
//! rules' contexts is what the real referee does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code
)]

pub mod sla;
pub mod transcript;

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::*;
use uuid::Uuid;

pub const ANNA: MemberId = MemberId(Uuid::from_u128(0xA));
pub const BEN: MemberId = MemberId(Uuid::from_u128(0xB));
pub const MIRA: MemberId = MemberId(Uuid::from_u128(0xC));
pub const SALES: InboxId = InboxId(Uuid::from_u128(0x51));
pub const SALES_AT: AccountId = AccountId(Uuid::from_u128(0x52));
pub const SUPPORT: InboxId = InboxId(Uuid::from_u128(0x61));
pub const SUPPORT_AT: AccountId = AccountId(Uuid::from_u128(0x62));
pub const LEAD: ConversationId = ConversationId(Uuid::from_u128(0x1042));

pub fn berlin(text: &str) -> Timestamp {
    let zoned: jiff::Zoned = format!("{text}[Europe/Berlin]").parse().unwrap();
    Timestamp(zoned.timestamp().as_millisecond())
}

pub struct Team {
    pub now: Timestamp,
    pub state: Option<Conversation>,
    /// Which conversation that is, or will be.
    pub at: ConversationId,
    /// The team's other conversations.
    pub others: Vec<Conversation>,
    pub log: Vec<(Stamp, Event)>,
    pub members: BTreeMap<MemberId, Member>,
    pub inbox: Inbox,
    /// Another inbox: Ben works there too, Anna may only look and pass things on, and it promises the usual.
    pub support: Inbox,
    pub accounts: BTreeMap<AccountId, Account>,
    pub lease: Option<LeaseFacts>,
    pub draft: Option<SavedDraft>,
    pub next_id: u128,
    /// The rules in force, with their version.
    pub rules: Option<(RuleSet, u32)>,
    pub loads: BTreeMap<MemberId, u32>,
    pub turns: Turns,
    pub acquaintance: Acquaintance,
    pub companies: Option<Companies>,
}

impl Team {
    /// A team on Thursday 26 November 2026, 15:20 in Berlin.
    pub fn new() -> Self {
        let member = |id: MemberId, name: &str, role, backup| Member {
            id,
            name: name.to_owned(),
            email: format!("{}@baton.example", name.to_lowercase()),
            role,
            active: true,
            absent_until: None,
            backup,
            hours: None,
            signature: None,
        };
        let members = [
            member(ANNA, "Anna", Role::Rep, Some(BEN)),
            member(BEN, "Ben", Role::Rep, Some(ANNA)),
            member(MIRA, "Mira", Role::Manager, None),
        ];
        use Capability::{Assign, Comment, Read, SendAs, Work};
        let capabilities: BTreeSet<_> = [Read, Comment, Work, Assign, SendAs].into();
        let access = |member| Access {
            member,
            capabilities: capabilities.clone(),
        };
        let policy = InboxPolicy {
            calendar: BusinessCalendar::weekdays("Europe/Berlin"),
            ..InboxPolicy::default()
        };
        let account = Account {
            id: SALES_AT,
            inbox: SALES,
            address: "sales@baton.example".to_owned(),
            name: "Sales".to_owned(),
            aliases: Vec::new(),
            live_since: Timestamp(0),
            mode: AccountMode::Together,
            hosted_by: None,
            signatures: Vec::new(),
            folders: Vec::new(),
        };
        let support_at = Account {
            id: SUPPORT_AT,
            inbox: SUPPORT,
            address: "support@baton.example".to_owned(),
            name: "Support".to_owned(),
            ..account.clone()
        };
        Self {
            now: berlin("2026-11-26T15:20"),
            state: None,
            at: LEAD,
            others: Vec::new(),
            log: Vec::new(),
            members: members.into_iter().map(|member| (member.id, member)).collect(),
            inbox: Inbox {
                id: SALES,
                name: "Sales".to_owned(),
                access: vec![access(ANNA), access(BEN)],
                policy,
            },
            support: Inbox {
                id: SUPPORT,
                name: "Support".to_owned(),
                access: vec![
                    access(BEN),
                    Access {
                        member: ANNA,
                        capabilities: [Read, Assign].into(),
                    },
                ],
                policy: InboxPolicy {
                    calendar: BusinessCalendar::weekdays("Europe/Berlin"),
                    ..InboxPolicy::default()
                },
            },
            accounts: [(SALES_AT, account), (SUPPORT_AT, support_at)].into(),
            lease: None,
            draft: None,
            next_id: 1000,
            rules: None,
            loads: BTreeMap::new(),
            turns: Turns::new(),
            acquaintance: Acquaintance::default(),
            companies: None,
        }
    }

    /// A team with Carl's enquiry in New.
    pub fn with_enquiry() -> Self {
        let mut team = Self::new();
        team.carl("Could you quote forty seats?");
        team
    }

    /// A team that promises the usual, on Thursday 26 November 2026 at ten.
    pub fn with_targets() -> Self {
        let mut team = Self::new();
        team.inbox.policy.sla = SlaPolicy::usual();
        team.now = berlin("2026-11-26T10:00");
        team
    }

    pub fn conversation(&self) -> &Conversation {
        self.state.as_ref().unwrap()
    }

    pub fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    /// Decides and folds.
    pub fn run(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let lies_in_support = self.state.as_ref().is_some_and(|state| state.inbox == SUPPORT);
        let inbox = if lies_in_support { &self.support } else { &self.inbox };
        let inboxes = [&self.inbox, &self.support]
            .map(|inbox| (inbox.id, inbox.clone()))
            .into();
        let others = self.others.iter().map(|other| (other.id, other.clone())).collect();
        let capabilities = command
            .actor
            .member()
            .map(|id| inbox.capabilities_of(&self.members[&id]))
            .unwrap_or_default();
        let here = |(stamp, _): &&(Stamp, Event)| stamp.conversation == command.conversation;
        let log: Vec<(Stamp, Event)> = match command.body {
            CommandBody::Split { .. } => self.log.iter().filter(here).cloned().collect(),
            _ => Vec::new(),
        };
        let context = Context {
            now: self.now,
            capabilities: &capabilities,
            inbox,
            inboxes: &inboxes,
            members: &self.members,
            accounts: &self.accounts,
            companies: self.companies.as_ref(),
            next_event: self.log.len() as u64 + 1,
            next_conversation: 1042 + self.others.len() as u32,
            lease: self.lease,
            draft: self.draft.as_ref(),
            routing: self.rules.as_ref().map(|(rules, version)| RoutingFacts {
                rules,
                version: *version,
                loads: &self.loads,
                turns: &self.turns,
                acquaintance: self.acquaintance,
            }),
            others: &others,
            log: &log,
            header_id: "reply@baton.example",
        };
        let events = decide(self.state.as_ref(), command, &context)?;
        let beside = self
            .state
            .as_ref()
            .map(|state| decide_other(state, command, &context))
            .unwrap_or_default();
        for event in &events {
            let number = self.log.len() as u64 + 1;
            let stamp = Stamp {
                number,
                at: self.now,
                actor: command.actor,
                conversation: command.conversation,
            };
            self.state = evolve(self.state.take(), stamp, event);
            if matches!(event, Event::LockGranted { .. }) {
                let lifetime = self.inbox.policy.lock_lifetime_ms;
                self.lease = Some(LeaseFacts {
                    expires: self.now.plus_ms(lifetime),
                    active_at: self.now,
                });
            }
            if let Event::Routed { routing } = event
                && let (Some(rule), Some(owner), true) = (routing.rule, routing.owner, routing.turn)
            {
                self.turns.insert((rule, owner), number);
            }
            self.log.push((stamp, event.clone()));
        }
        for (conversation, events) in beside {
            for event in events {
                let stamp = Stamp {
                    number: self.log.len() as u64 + 1,
                    at: self.now,
                    actor: command.actor,
                    conversation,
                };
                let at = self.others.iter().position(|other| other.id == conversation);
                let other = at.map(|at| self.others.swap_remove(at));
                self.others.extend(evolve(other, stamp, &event));
                self.log.push((stamp, event));
            }
        }
        Ok(events)
    }

    /// What follows is about another conversation: one there is, or one that begins.
    pub fn turn_to(&mut self, id: ConversationId) {
        self.others.extend(self.state.take());
        let at = self.others.iter().position(|other| other.id == id);
        self.state = at.map(|at| self.others.swap_remove(at));
        self.at = id;
    }

    /// Another conversation.
    pub fn other(&self, id: ConversationId) -> &Conversation {
        self.others.iter().find(|other| other.id == id).unwrap()
    }

    /// What the documents as they are now no longer allow ends.
    pub fn documents_changed(&mut self) -> Vec<Event> {
        let standing = Standing {
            now: self.now,
            inbox: &self.inbox,
            members: &self.members,
            accounts: &self.accounts,
        };
        let events = no_longer_stands(self.conversation(), standing);
        for event in &events {
            let stamp = Stamp {
                number: self.log.len() as u64 + 1,
                at: self.now,
                actor: Actor::Operator,
                conversation: LEAD,
            };
            self.state = evolve(self.state.take(), stamp, event);
            self.log.push((stamp, event.clone()));
        }
        events
    }

    /// Ben works on here, but may not send any more: or whoever else.
    pub fn may_only_read(&mut self, member: MemberId) {
        for access in self.inbox.access.iter_mut().filter(|access| access.member == member) {
            access.capabilities = [Capability::Read, Capability::Comment].into();
        }
    }

    pub fn command(&mut self, actor: Actor, body: CommandBody) -> Command {
        let device = actor.member().map_or(Uuid::nil(), |member| member.0);
        Command {
            id: CommandId(self.id()),
            actor,
            device: DeviceId(device),
            conversation: self.at,
            issued_at: self.now,
            last_seen: self
                .state
                .as_ref()
                .and_then(|state| state.last_message.as_ref())
                .map(|last| last.id),
            based_on: None,
            body,
        }
    }

    pub fn try_as(&mut self, member: MemberId, body: CommandBody) -> Result<Vec<Event>, Refusal> {
        let command = self.command(Actor::Member { id: member }, body);
        self.run(&command)
    }

    pub fn act(&mut self, member: MemberId, body: CommandBody) -> Vec<Event> {
        self.try_as(member, body).unwrap()
    }

    pub fn refused(&mut self, member: MemberId, body: CommandBody) -> Refusal {
        self.try_as(member, body).unwrap_err()
    }

    pub fn system(&mut self, body: CommandBody) -> Result<Vec<Event>, Refusal> {
        let actor = match body {
            CommandBody::Due { .. } | CommandBody::LockLapsed { .. } => Actor::Timer,
            _ => Actor::Channel { account: SALES_AT },
        };
        let command = self.command(actor, body);
        self.run(&command)
    }

    pub fn message(&mut self, text: &str) -> Message {
        let id = self.id();
        Message {
            id: MessageId(id),
            direction: Direction::Inbound,
            kind: MessageKind::Human,
            from: Address {
                name: "Carl Brandt".to_owned(),
                email: "carl@acme.example".to_owned(),
            },
            to: vec![Address {
                name: String::new(),
                email: "sales@baton.example".to_owned(),
            }],
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: "Forty seats".to_owned(),
            at: self.now,
            header_id: Some(format!("{id}@acme.example")),
            references: Vec::new(),
            preview: text.to_owned(),
            blob: None,
            size: 0,
            attachments: Vec::new(),
            account: Some(SALES_AT),
            returns_at: None,
            bounced: None,
            facts: baton_domain::MessageFacts::default(),
        }
    }

    /// Carl writes.
    pub fn carl(&mut self, text: &str) -> MessageId {
        let message = self.message(text);
        self.receive(message, true)
    }

    pub fn receive(&mut self, message: Message, live: bool) -> MessageId {
        let id = message.id;
        self.system(CommandBody::Receive {
            message: Box::new(message),
            live,
            inbox: SALES,
        })
        .unwrap();
        id
    }

    pub fn token(&self) -> u64 {
        self.conversation().lock.as_ref().map_or(0, |lock| lock.token)
    }

    pub fn reply_body(&mut self, member: MemberId, after: AfterReply) -> CommandBody {
        let text = DraftText {
            to: vec![Address {
                name: "Carl Brandt".to_owned(),
                email: "carl@acme.example".to_owned(),
            }],
            subject: "Re: Forty seats".to_owned(),
            text: "Gladly.".to_owned(),
            ..DraftText::default()
        };
        let id = DraftId(self.id());
        let digest = text.digest();
        self.draft = Some(SavedDraft {
            id,
            member,
            text,
            files_present: true,
        });
        CommandBody::Reply {
            draft: id,
            digest,
            token: self.token(),
            after,
            quote: None,
            close: None,
            send_at: None,
        }
    }

    /// Types and sends.
    pub fn reply(&mut self, member: MemberId, after: AfterReply) -> MessageId {
        self.act(member, CommandBody::TakeLock { cover: false });
        let body = self.reply_body(member, after);
        self.act(member, body);
        self.conversation().outbound.last().unwrap().id
    }

    /// The provider takes it.
    pub fn delivered(&mut self, outbound: MessageId) {
        self.now = self.now.max(self.conversation().outbound(outbound).unwrap().not_before);
        let attempt = self.conversation().outbound(outbound).unwrap().attempt + 1;
        self.system(CommandBody::OutboundSending { outbound, attempt }).unwrap();
        self.system(CommandBody::OutboundSent {
            outbound,
            reply: "250 ok".to_owned(),
        })
        .unwrap();
    }

    /// Time passes to the next deadline, and it fires.
    pub fn until_deadline(&mut self) -> (Timestamp, Deadline) {
        let (at, what) = next_deadline(self.conversation()).expect("something is due");
        self.now = self.now.max(at);
        self.system(CommandBody::Due { what, at }).unwrap();
        (at, what)
    }
}

pub const CHASE: AfterReply = AfterReply::FollowUpIfNoAnswer { due: None };
