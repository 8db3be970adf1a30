//! A desktop: the real engine, with its disk, its clock and its line, and a program that can be killed between any two effects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton_client::Language;
use baton_client::engine::{Ask, Effect, Engine, Identity, Input, Ticket, Told};
use baton_domain::{Command, CommandId, ConversationId, LogBody, LogEntry, MessageId, SECOND_MS, Timestamp};
use baton_protocol::{Acted, ClientMessage, ServerMessage, UiEvent};
use baton_store::replica::Batch;
use jiff::tz::TimeZone;

use super::disk::Disk;
use super::errand::Errand;
use super::people::{Awaited, Writing};
use super::{Happening, LineId, World};
use crate::cast::Person;
use crate::check::{Promise, because};
use crate::planted::Planted;
use crate::rng::Rng;
use crate::tally::{Tally, kind};

/// How long a call into nowhere rings.
const RINGS_MS: i64 = 3 * SECOND_MS;

/// Where the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doom {
    /// Before the next write reaches the disk.
    BeforeWrite,
    /// After it did, and before anything that waits for it.
    AfterWrite,
    /// The disk says no.
    WriteFails,
}

impl Doom {
    /// Its name in the totals: it counts when it comes.
    const fn name(self) -> &'static str {
        match self {
            Self::BeforeWrite | Self::AfterWrite => "desktopCrash",
            Self::WriteFails => "desktopDisk",
        }
    }
}

/// A desktop.
#[derive(Debug)]
pub struct Desk {
    pub(super) at: usize,
    pub(super) person: Person,
    pub(super) engine: Option<Engine>,
    pub(super) disk: Disk,
    pub(super) life: u32,
    pub(super) skew_ms: i64,
    pub(super) line: Option<LineId>,
    /// The server its next call does not go to.
    pub(super) leaves: Option<usize>,
    pub(super) call: u64,
    pub(super) calling: bool,
    pub(super) asleep: bool,
    pub(super) unplugged: bool,
    pub(super) partition_until: Timestamp,
    pub(super) lag_until: Timestamp,
    pub(super) doom: Option<Doom>,
    effects: VecDeque<Effect>,
    /// Whether what is being carried out tells the person that something was not done.
    says_no: bool,
    /// Whether it is carried out because the person takes an act back.
    undoes: bool,
    wakes: u64,
    /// For when that is noted, in which life.
    wakes_at: Option<(u32, Timestamp)>,
    tickets: u64,
    pub(super) waiting: BTreeMap<Ticket, Awaited>,
    /// What the person has had on screen, by conversation.
    pub(super) screens: BTreeMap<ConversationId, BTreeSet<MessageId>>,
    /// The token of its first reply in each conversation, with the bug that says it again.
    pub(super) tokens: BTreeMap<ConversationId, u64>,
    /// The newest message as the person last saw it, by conversation.
    pub(super) on_screen: BTreeMap<ConversationId, Option<MessageId>>,
    /// What was on screen when the newest reply of theirs was sent, by conversation.
    pub(super) sent_on: BTreeMap<ConversationId, BTreeSet<MessageId>>,
    /// What the person began to write.
    pub(super) writing: BTreeMap<ConversationId, Writing>,
    /// Acts the desktop took, and that must be found again in the end.
    pub(super) taken: BTreeSet<CommandId>,
    /// Everything that was ever held, for the totals.
    held_once: BTreeSet<CommandId>,
    seed: u64,
}

impl Desk {
    /// A desktop that was never started.
    pub(super) fn new(at: usize, person: Person, seed: u64) -> Self {
        Self {
            at,
            person,
            engine: None,
            disk: Disk::default(),
            life: 0,
            skew_ms: 0,
            line: None,
            leaves: None,
            call: 0,
            calling: false,
            asleep: true,
            unplugged: false,
            partition_until: Timestamp(0),
            lag_until: Timestamp(0),
            doom: None,
            effects: VecDeque::new(),
            says_no: false,
            undoes: false,
            wakes: 0,
            wakes_at: None,
            tickets: 0,
            waiting: BTreeMap::new(),
            screens: BTreeMap::new(),
            tokens: BTreeMap::new(),
            on_screen: BTreeMap::new(),
            sent_on: BTreeMap::new(),
            writing: BTreeMap::new(),
            taken: BTreeSet::new(),
            held_once: BTreeSet::new(),
            seed,
        }
    }

    /// The time by this computer's clock.
    const fn local(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(self.skew_ms)
    }

    fn start(&mut self) -> Engine {
        self.life = self.life.saturating_add(1);
        let number = u64::from(self.life).wrapping_add(u64::try_from(self.at).unwrap_or(0) << 32);
        let identity = Identity {
            me: self.person.id,
            device: self.person.device,
            server: "https://baton.example".to_owned(),
            zone: TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC),
            language: Language::English,
            version: "1".to_owned(),
            seed: Rng::of(self.seed, "engine", number).bytes32(),
        };
        Engine::new(self.disk.load(), identity)
    }
}

impl World {
    /// Starts a desktop's program on what is on its disk.
    pub(super) fn start_desk(&mut self, at: usize) {
        let forgets = self.planted(Planted::OutboxLost);
        let turns_round = self.planted(Planted::OutOfOrder);
        let Some(desk) = self.desks.get_mut(at) else { return };
        if forgets {
            desk.disk.outbox.clear();
        }
        if turns_round {
            desk.disk.turn_outbox_round();
        }
        let engine = desk.start();
        desk.engine = Some(engine);
        desk.asleep = false;
        self.tell_desk(at, Input::Started);
        self.dial(at);
    }

    /// Kills a desktop's program and starts it again a moment later.
    pub(super) fn restart_desk(&mut self, at: usize) {
        self.drop_line(at);
        let Some(desk) = self.desks.get_mut(at) else { return };
        desk.engine = None;
        desk.effects.clear();
        desk.waiting.clear();
        desk.writing.clear();
        desk.on_screen.clear();
        desk.calling = false;
        desk.call = desk.call.wrapping_add(1);
        desk.doom = None;
        if !desk.asleep {
            self.start_desk(at);
        }
    }

    /// Tells an engine what happened, and does what it wants.
    pub(super) fn tell_desk(&mut self, at: usize, input: Input) {
        let now = self.now();
        let Some(desk) = self.desks.get_mut(at).filter(|desk| !desk.asleep) else {
            return;
        };
        let local = desk.local(now);
        let Some(engine) = &mut desk.engine else { return };
        let effects = engine.handle(local, input);
        let no = |effect: &Effect| {
            matches!(
                effect,
                Effect::Answer(_, Told::Failed(_) | Told::Acted(Acted::Refused { .. }))
            )
        };
        desk.says_no = effects.iter().any(no);
        desk.effects.extend(effects);
        let life = desk.life;
        loop {
            let Some(desk) = self
                .desks
                .get_mut(at)
                .filter(|desk| desk.life == life && desk.engine.is_some())
            else {
                return;
            };
            let Some(effect) = desk.effects.pop_front() else { return };
            self.carry_out(at, effect);
        }
    }

    fn carry_out(&mut self, at: usize, effect: Effect) {
        match effect {
            Effect::Persist(batch) => self.persist(at, *batch),
            Effect::Send(message) => self.desk_says(at, *message),
            Effect::Reconnect => {
                self.drop_line(at);
                self.lost(at, 0);
                self.dial(at);
            }
            Effect::Hurry => {
                let idle = self
                    .desks
                    .get(at)
                    .is_some_and(|desk| desk.line.is_none() && !desk.calling);
                if idle {
                    self.dial(at);
                }
            }
            Effect::SaveDraft { draft, .. } => self.send_errand(at, Errand::Save(draft)),
            Effect::Refetch(conversation) => self.send_errand(at, Errand::Fetch(conversation)),
            Effect::Answer(ticket, told) => self.told(at, ticket, told),
            Effect::WakeAt(local) => {
                let Some(desk) = self.desks.get_mut(at) else { return };
                let when = local.plus_ms(desk.skew_ms.saturating_neg());
                if desk.wakes_at == Some((desk.life, when)) {
                    return;
                }
                desk.wakes_at = Some((desk.life, when));
                desk.wakes = desk.wakes.wrapping_add(1);
                let (life, turn) = (desk.life, desk.wakes);
                self.agenda.at(when, Happening::Wake { desk: at, life, turn });
            }
            Effect::Emit(UiEvent::Held(held)) => {
                let Some(desk) = self.desks.get_mut(at) else { return };
                for one in held.iter().filter(|one| desk.held_once.insert(one.id)) {
                    Tally::count(&mut self.tally.held, &kind(&one.why));
                }
            }
            // Files, bodies and what the window shows are not lived here.
            Effect::DeleteDraft(_)
            | Effect::FetchBalances
            | Effect::FetchBodies
            | Effect::LetGoOfBodies
            | Effect::Emit(_)
            | Effect::Notify(_)
            | Effect::Withdraw(_)
            | Effect::Badge(_)
            | Effect::End(_) => {}
        }
    }

    fn persist(&mut self, at: usize, batch: Batch) {
        let Some(desk) = self.desks.get_mut(at) else { return };
        let doom = desk.doom.take();
        if let Some(doom) = doom {
            Tally::count(&mut self.tally.faults, doom.name());
        }
        if !matches!(doom, Some(Doom::BeforeWrite | Doom::WriteFails)) {
            for (id, row) in &batch.held {
                if row.is_none() {
                    // The person chose one of the ways out: what is done then has an id of its own.
                    desk.taken.remove(id);
                }
            }
            for (id, row) in &batch.outbox {
                if let Some(row) = row {
                    desk.taken.insert(*id);
                    if desk.undoes {
                        self.check.takes_back(*id);
                    }
                    self.check.took(*id, desk.life, row.place);
                } else if (desk.says_no || desk.undoes) && !batch.held.contains_key(id) {
                    // Refused to the person's face, or taken back, before the referee heard of it.
                    desk.taken.remove(id);
                }
            }
            desk.disk.write(batch);
        }
        let name = desk.person.name.clone();
        match doom {
            None => {}
            Some(Doom::WriteFails) => {
                self.say(&format!("{name}'s disk does not write; Baton starts again"));
                self.restart_desk(at);
            }
            Some(Doom::BeforeWrite | Doom::AfterWrite) => {
                self.say(&format!("{name}'s Baton is killed and starts again"));
                self.restart_desk(at);
            }
        }
    }

    fn desk_says(&mut self, at: usize, message: ClientMessage) {
        let mut message = message;
        if let ClientMessage::Submit { command } = &mut message {
            self.under_an_old_lock(at, command);
            self.note_issued(at, command);
        }
        self.say_to_server(at, message);
    }

    /// Notes what a desktop asks, the first time it does, with what its person had on screen.
    fn note_issued(&mut self, at: usize, command: &Command) {
        let Some(desk) = self.desks.get(at) else { return };
        let replies = matches!(command.body, baton_domain::CommandBody::Reply { .. });
        let seen = if replies { &desk.sent_on } else { &desk.screens };
        let nothing = BTreeSet::new();
        let seen = seen.get(&command.conversation).unwrap_or(&nothing);
        let verdict = self.check.issued(at, command, seen);
        self.judge(verdict);
    }

    /// A server said something.
    pub(super) fn desk_hears(&mut self, at: usize, message: ServerMessage) {
        self.check_private(at, &message);
        if let ServerMessage::Answer { command, answer } = &message {
            self.check.answered(*command, answer);
        }
        self.tell_desk(at, Input::Server(Box::new(message.into())));
    }

    /// Nobody is told what they may not read, by a rule that is not the product's own.
    fn check_private(&mut self, at: usize, message: &ServerMessage) {
        let readable = |inbox| self.cast.may_read(at, inbox);
        // What is told late was told of where it lay then.
        let hidden = |id, number| self.check.lay_in(id, number).is_some_and(|inbox| !readable(inbox));
        let never = |id| {
            let mut places = self.check.ever_in(id).peekable();
            places.peek().is_some() && !places.any(readable)
        };
        let leaked = match message {
            ServerMessage::Frame { entries, .. } => entries.iter().any(|entry| match &entry.body {
                LogBody::Conversation { conversation, .. } => hidden(*conversation, entry.number),
                _ => false,
            }),
            ServerMessage::Snapshot {
                conversations, entries, ..
            } => {
                let of_another = |entry: &LogEntry| match &entry.body {
                    LogBody::Conversation { conversation, .. } => {
                        !conversations.iter().any(|one| one.id == *conversation)
                    }
                    _ => false,
                };
                let mut inboxes = conversations.iter().map(|conversation| conversation.inbox);
                inboxes.any(|inbox| !readable(inbox)) || entries.iter().any(of_another)
            }
            ServerMessage::Presence { present } => present.iter().filter_map(|present| present.looking).any(never),
            _ => false,
        };
        if leaked {
            let name = self.desks.get(at).map_or("", |desk| desk.person.name.as_str());
            self.fail(because(
                Promise::Private,
                format!("{name} is told what only Mira may read"),
            ));
        }
    }

    /// The engine wanted to be woken.
    pub(super) fn wake(&mut self, at: usize, life: u32, turn: u64) {
        if self
            .desks
            .get(at)
            .is_some_and(|desk| desk.life == life && desk.wakes == turn)
        {
            if let Some(desk) = self.desks.get_mut(at) {
                desk.wakes_at = None;
            }
            self.tell_desk(at, Input::Tick);
        }
    }

    /// Calls a server.
    pub(super) fn dial(&mut self, at: usize) {
        let now = self.now();
        let wait = self.chance.between(20, 150);
        let dead = self.cut(at);
        let Some(desk) = self
            .desks
            .get_mut(at)
            .filter(|desk| !desk.asleep && desk.engine.is_some())
        else {
            return;
        };
        desk.call = desk.call.wrapping_add(1);
        desk.calling = true;
        let call = desk.call;
        let at_once = desk.unplugged;
        let wait = if dead && !at_once { RINGS_MS } else { wait };
        self.agenda.at(now.plus_ms(wait), Happening::Dialled { desk: at, call });
    }

    /// A call arrives, or does not.
    pub(super) fn dialled(&mut self, at: usize, call: u64) {
        let cut = self.cut(at);
        let Some(desk) = self.desks.get_mut(at).filter(|desk| desk.call == call && !desk.asleep) else {
            return;
        };
        desk.calling = false;
        let leaves = desk.leaves.take();
        let up: Vec<usize> = (0..)
            .zip(&self.servers)
            .filter(|(at, server)| server.ready() && Some(*at) != leaves)
            .map(|(at, _)| at)
            .collect();
        let server = self.chance.pick(&up).copied().filter(|_| !cut);
        let Some(server) = server else {
            let pause = self.chance.between(1000, 4000);
            let waits = self.desks.get(at).is_some_and(|desk| desk.unplugged);
            self.lost(at, pause);
            if !waits {
                // Nothing comes of it until the cable is back, and then it dials.
                self.redial(at, pause);
            }
            return;
        };
        let line = self.open_line(at, server);
        if let Some(desk) = self.desks.get_mut(at) {
            desk.line = Some(line);
        }
        self.tell_desk(at, Input::Connected);
    }

    /// Tries again after a pause.
    fn redial(&mut self, at: usize, pause: i64) {
        let Some(desk) = self
            .desks
            .get_mut(at)
            .filter(|desk| desk.line.is_none() && !desk.calling)
        else {
            return;
        };
        desk.call = desk.call.wrapping_add(1);
        desk.calling = true;
        let call = desk.call;
        self.agenda.after(pause, Happening::Dialled { desk: at, call });
    }

    /// The engine learns that there is no connection.
    pub(super) fn lost(&mut self, at: usize, pause: i64) {
        let now = self.now();
        let Some(local) = self.desks.get(at).map(|desk| desk.local(now)) else {
            return;
        };
        self.tell_desk(
            at,
            Input::Disconnected {
                error: None,
                next: local.plus_ms(pause),
            },
        );
    }

    /// A desktop learns that its line is gone.
    pub(super) fn line_gone(&mut self, at: usize, line: LineId) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.near = false;
        }
        let Some(desk) = self.desks.get_mut(at).filter(|desk| desk.line == Some(line)) else {
            return;
        };
        desk.line = None;
        self.lost(at, 500);
        self.redial(at, 500);
    }

    /// Asks an engine for something in its person's name.
    pub(super) fn ask(&mut self, at: usize, ask: Ask, awaited: Awaited) {
        let Some(desk) = self
            .desks
            .get_mut(at)
            .filter(|desk| !desk.asleep && desk.engine.is_some())
        else {
            return;
        };
        desk.tickets = desk.tickets.wrapping_add(1);
        desk.undoes = matches!(ask, Ask::Undo);
        let ticket = Ticket(desk.tickets);
        desk.waiting.insert(ticket, awaited);
        self.tell_desk(
            at,
            Input::Ui {
                ticket,
                ask: Box::new(ask),
            },
        );
        if let Some(desk) = self.desks.get_mut(at) {
            desk.undoes = false;
        }
    }

    fn told(&mut self, at: usize, ticket: Ticket, told: Told) {
        let Some(awaited) = self.desks.get_mut(at).and_then(|desk| desk.waiting.remove(&ticket)) else {
            return;
        };
        if let Told::Acted(Acted::Refused { refusal }) = &told {
            let (what, why) = (awaited.kind.clone(), kind(refusal));
            Tally::count(&mut self.tally.refused, &what);
            Tally::count(&mut self.tally.refusals, &why);
        }
        self.person_told(at, awaited, told);
    }
}
