//! A server: the real referee over the modelled store, with a disk that takes its time, refuses, or loses its answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use baton_domain::{Capabilities, Command, CommandId, InboxId, MemberId, SECOND_MS, Timestamp};
use baton_protocol::{Answer, ServerMessage};
use baton_server::referee::{DocumentSet, Effect, Fault, Input, Referee, Reply, Ticket};
use baton_store::port::{Batch, DueRow, Needs, PortError};

use super::sabotage::Bugs;
use super::session::Session;
use super::several::Troubles;
use super::{Happening, LineId, World};
use crate::planted::Planted;
use crate::rng::Rng;
use crate::tally::{Tally, kind};

/// By what a workspace knows its own Message-IDs.
pub const SECRET: [u8; 32] = [7; 32];
/// How late a server hears of the others' appends when a notification is lost.
const SLOW_LOOK_MS: i64 = 5 * SECOND_MS;
/// How much that is due one look takes.
const DUE_AT_ONCE: usize = 128;
/// The shortest wait between two looks.
const LOOK_MS: i64 = 20;
/// The shortest wait between two looks that find the same.
const SAME_AGAIN_MS: i64 = SECOND_MS;

/// Who waits for an answer of the referee.
#[derive(Debug, Clone)]
pub enum Waiter {
    /// Nobody: the server itself began.
    Opening,
    /// A desktop.
    Desk { line: LineId, command: Box<Command> },
    /// A host, about a message that leaves.
    Report { host: usize, life: u32 },
    /// A host, about mail it brought.
    Mail { host: usize, life: u32 },
    /// A host that wants to be one.
    Grant { host: usize, life: u32 },
    /// The house is being furnished.
    Setup,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    at: usize,
    pub(super) life: u32,
    pub(super) referee: Option<Referee>,
    opened: bool,
    waiting: BTreeMap<Ticket, Waiter>,
    tickets: u64,
    needs: Option<Needs>,
    batch: Option<Box<Batch>>,
    pub(super) trouble: Troubles,
    looks: u64,
    look_at: Timestamp,
    found: Vec<DueRow>,
    pub(super) bugs: Bugs,
    pub(super) sessions: BTreeMap<LineId, Session>,
    entropy: Rng,
}

impl Server {
    /// A server that was never started.
    pub(super) fn new(at: usize, seed: u64) -> Self {
        Self {
            at,
            life: 0,
            referee: None,
            opened: false,
            waiting: BTreeMap::new(),
            tickets: 0,
            needs: None,
            batch: None,
            trouble: Troubles::default(),
            looks: 0,
            look_at: Timestamp(i64::MAX),
            found: Vec::new(),
            bugs: Bugs::default(),
            sessions: BTreeMap::new(),
            entropy: Rng::of(seed, "entropy", u64::try_from(at).unwrap_or(0)),
        }
    }

    /// Whether it takes calls.
    pub(super) const fn ready(&self) -> bool {
        self.referee.is_some() && self.opened
    }

    fn ticket(&mut self, waiter: Waiter) -> Ticket {
        self.tickets = self.tickets.wrapping_add(1);
        self.waiting.insert(Ticket(self.tickets), waiter);
        Ticket(self.tickets)
    }

    /// The documents it knows.
    pub(super) fn documents(&self) -> Option<&Arc<DocumentSet>> {
        self.referee.as_ref().map(Referee::documents)
    }
}

impl World {
    /// Starts a server's program.
    pub(super) fn server_starts(&mut self, at: usize) {
        let now = self.now();
        let Some(server) = self.servers.get_mut(at).filter(|server| server.referee.is_none()) else {
            return;
        };
        let header_ids = Box::new(|id: baton_domain::MessageId, domain: &str| {
            baton_channels::email::own_message_id(id.0, &SECRET, domain)
        });
        server.life = server.life.wrapping_add(1);
        server.referee = Some(Referee::new(header_ids));
        server.opened = false;
        let ticket = server.ticket(Waiter::Opening);
        self.model.set_now(now);
        self.model.grace();
        self.tell_referee(at, Input::Open { ticket });
    }

    /// Kills a server's program. What its store had in hand is written or not; nobody is told.
    pub(super) fn kill_server(&mut self, at: usize) {
        let holder = self.holder(at);
        let Some(server) = self.servers.get_mut(at) else { return };
        server.referee = None;
        server.opened = false;
        server.life = server.life.wrapping_add(1);
        server.waiting.clear();
        server.needs = None;
        server.look_at = Timestamp(i64::MAX);
        server.found.clear();
        server.trouble.killed();
        let batch = server.batch.take();
        let lines: Vec<LineId> = server.sessions.keys().copied().collect();
        match batch {
            Some(batch) if self.chance.chance(50) => {
                // Rejected only where the head moved, which nobody could do while this server had it.
                if self.model.append(holder, *batch).is_ok() {
                    self.sync();
                    self.found_slowly();
                }
            }
            _ => self.model.rollback(holder),
        }
        for line in lines {
            self.hung_up(line);
        }
        for host in self.hosts_on(at) {
            self.host_unanswered(host);
        }
    }

    /// The power goes under the store and every server.
    pub(super) fn power_cut(&mut self) {
        for at in 0..self.servers.len() {
            let holder = self.holder(at);
            if let Some(batch) = self.servers.get_mut(at).and_then(|server| server.batch.take()) {
                // Written and not synced: gone with the power.
                self.model.append(holder, *batch).ok();
            }
            self.model.crash();
            self.kill_server(at);
        }
        self.restore_queue();
        let verdict = self.check.durable(self.model.log());
        self.judge(verdict);
    }

    pub(super) fn sync(&mut self) {
        self.model.sync();
        self.durable = self.model.head().number;
    }

    #[allow(clippy::unused_self, reason = "who asks, asks the world")]
    pub(super) fn holder(&self, at: usize) -> baton_store::port::model::Holder {
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Asks the referee of a server that is up; false where there is none.
    pub(super) fn ask_referee(&mut self, at: usize, waiter: Waiter, input: impl FnOnce(Ticket) -> Input) -> bool {
        let Some(server) = self
            .servers
            .get_mut(at)
            .filter(|server| server.ready() || matches!(waiter, Waiter::Setup))
        else {
            return false;
        };
        let ticket = server.ticket(waiter);
        self.tell_referee(at, input(ticket));
        true
    }

    /// Tells a referee what happened, and does what it wants.
    pub(super) fn tell_referee(&mut self, at: usize, input: Input) {
        let Some(referee) = self.servers.get_mut(at).and_then(|server| server.referee.as_mut()) else {
            return;
        };
        let effects = referee.handle(input);
        for effect in effects {
            self.for_referee(at, effect);
        }
    }

    fn for_referee(&mut self, at: usize, effect: Effect) {
        let now = self.now();
        let holder = self.holder(at);
        let life = self.servers.get(at).map_or(0, |server| server.life);
        match effect {
            Effect::Begin(needs) => {
                if let Some(server) = self.servers.get_mut(at) {
                    server.needs = Some(*needs);
                }
                self.agenda.after(1, Happening::Begin { server: at, life });
            }
            Effect::Append(mut batch) => {
                self.tamper(&mut batch);
                if let Some(server) = self.servers.get_mut(at) {
                    server.batch = Some(batch);
                }
                let slow = self.pending.slow_disk_until.is_some_and(|until| until > now);
                let wait = if slow {
                    self.chance.between(300, 2500)
                } else {
                    self.chance.between(1, 4)
                };
                self.agenda.after(wait, Happening::Written { server: at, life });
                if self.planted(Planted::EarlyAnswer) {
                    self.answer_early(at);
                }
            }
            Effect::Rollback => self.model.rollback(holder),
            Effect::Answer { ticket, outcome } => {
                let waiter = self
                    .servers
                    .get_mut(at)
                    .and_then(|server| server.waiting.remove(&ticket));
                if let Some(waiter) = waiter {
                    self.answer(at, waiter, outcome);
                }
            }
            Effect::Publish { to, .. } => self.fan_out(at, &to),
            Effect::WakeAt(when) => {
                // The deadline is the database's, and the server naps by its own clock; the slow look stands behind it.
                let late = self
                    .servers
                    .get(at)
                    .map_or(0, |server| server.trouble.clock_ms.saturating_neg());
                self.look_by(at, when.plus_ms(late.min(SLOW_LOOK_MS)));
            }
        }
    }

    /// A server's store takes the head and loads.
    pub(super) fn begin(&mut self, at: usize, life: u32) {
        let now = self.now();
        let holder = self.holder(at);
        let planted_kept = self.planted(Planted::RightsKept);
        let Some(server) = self.servers.get_mut(at).filter(|server| server.life == life) else {
            return;
        };
        let Some(mut needs) = server.needs.take() else { return };
        if server.trouble.is_cut(now) {
            return self.store_away(at);
        }
        if planted_kept {
            needs.replying = false;
        }
        let entropy = server.entropy.bytes32();
        self.model.set_now(now);
        match self.model.begin(holder, &needs) {
            Some(mut loaded) => {
                self.got_the_head(at);
                self.spoil(at, &needs, &mut loaded);
                let loaded = Box::new(loaded);
                self.tell_referee(at, Input::Began { loaded, entropy });
            }
            None => {
                self.waits_with(at, &needs);
                if let Some(server) = self.servers.get_mut(at) {
                    server.needs = Some(needs);
                }
                self.waits_for_the_head(at, life);
            }
        }
    }

    /// A server's store has written, or not.
    pub(super) fn written(&mut self, at: usize, life: u32) {
        let holder = self.holder(at);
        let Some(server) = self.servers.get_mut(at).filter(|server| server.life == life) else {
            return;
        };
        if server.trouble.wrote_meanwhile() {
            self.notify(at);
            return self.tell_referee(at, Input::Appended);
        }
        let Some(batch) = server.batch.take() else { return };
        if self
            .servers
            .get(at)
            .is_some_and(|server| server.trouble.is_cut(self.now()))
        {
            return self.cut_while_writing(at, *batch);
        }
        if std::mem::take(&mut self.pending.full_disk) {
            Tally::count(&mut self.tally.faults, "fullDisk");
            self.model.rollback(holder);
            self.say("The server's disk is full: nothing is written");
            let error = PortError::Full("no space left on device".to_owned());
            return self.tell_referee(at, Input::StoreFailed { error });
        }
        let input = match self.model.append(holder, *batch) {
            Ok(()) => {
                self.sync();
                self.notify(at);
                if std::mem::take(&mut self.pending.doubtful_disk) {
                    Tally::count(&mut self.tally.faults, "doubtfulDisk");
                    self.say("The server's disk writes, and its answer is lost");
                    self.found_slowly();
                    Input::StoreFailed {
                        error: PortError::Unavailable("the answer is lost".to_owned()),
                    }
                } else {
                    Input::Appended
                }
            }
            Err(error) => Input::StoreFailed { error },
        };
        self.tell_referee(at, input);
    }

    /// A notification wakes the other servers; now and then it is lost, and the slow look stands behind it.
    fn notify(&mut self, at: usize) {
        for other in (0..self.servers.len()).filter(|other| *other != at) {
            let wait = if self.chance.chance(10) {
                SLOW_LOOK_MS
            } else {
                self.chance.between(1, 30)
            };
            self.follow_after(other, wait);
        }
    }

    pub(super) fn follow_after(&mut self, at: usize, wait: i64) {
        let life = self.servers.get(at).map_or(0, |server| server.life);
        self.agenda.after(wait, Happening::Follow { server: at, life });
    }

    /// What was written when nobody could tell of it: the slow look of every server finds it.
    pub(super) fn found_slowly(&mut self) {
        for at in 0..self.servers.len() {
            self.follow_after(at, SLOW_LOOK_MS);
        }
    }

    /// A server reads what the others appended.
    pub(super) fn follow(&mut self, at: usize, life: u32) {
        let Some(server) = self.servers.get(at).filter(|server| server.life == life) else {
            return;
        };
        let Some(known) = server.referee.as_ref().and_then(Referee::cursor) else {
            return;
        };
        let cut_until = server.trouble.cut_until;
        if server.trouble.is_cut(self.now()) {
            self.agenda
                .at(cut_until.plus_ms(SLOW_LOOK_MS), Happening::Follow { server: at, life });
            return;
        }
        let mut tail = self.model.tail(known.number);
        self.misread(&mut tail.entries);
        if !tail.entries.is_empty() {
            self.tell_referee(at, Input::Tail { tail });
        }
    }

    /// The planted bug: desktops hear of what is not on the disk yet.
    fn answer_early(&mut self, at: usize) {
        let Some(server) = self.servers.get(at) else { return };
        let Some(batch) = &server.batch else { return };
        let done: Vec<(CommandId, Answer)> = batch
            .answers
            .iter()
            .filter_map(|row| match row.decided {
                baton_store::port::Decided::Done { from, to } => Some((row.command, Answer::Done { from, to })),
                baton_store::port::Decided::Refused { .. } => None,
            })
            .collect();
        let early: Vec<(LineId, CommandId, Answer)> = server
            .waiting
            .values()
            .filter_map(|waiter| match waiter {
                Waiter::Desk { line, command } => {
                    let answer = done.iter().find(|(id, _)| *id == command.id)?;
                    Some((*line, command.id, answer.1.clone()))
                }
                _ => None,
            })
            .collect();
        for (line, command, answer) in early {
            self.say_to_desk(line, ServerMessage::Answer { command, answer });
        }
    }

    fn answer(&mut self, at: usize, waiter: Waiter, outcome: Result<Reply, Fault>) {
        match (waiter, outcome) {
            (Waiter::Opening, Ok(_)) => {
                if let Some(server) = self.servers.get_mut(at) {
                    server.opened = true;
                }
                let now = self.now();
                self.look_by(at, now);
                let life = self.servers.get(at).map_or(0, |server| server.life);
                self.follow(at, life);
            }
            (Waiter::Opening, Err(_)) => {
                // A server that can't read its log ends, and whoever keeps it running starts it again.
                self.kill_server(at);
                self.agenda.after(SECOND_MS, Happening::ServerStarts { server: at });
            }
            (Waiter::Desk { line, command }, Ok(Reply::Command(answer))) => {
                self.refusal_in_words(&command, &answer);
                self.say_to_desk(
                    line,
                    ServerMessage::Answer {
                        command: command.id,
                        answer,
                    },
                );
            }
            // Not judged: the line is cut, the desktop comes back and asks again.
            (Waiter::Desk { line, .. }, _) => self.hung_up(line),
            (Waiter::Report { host, life }, outcome) => self.reported(host, life, outcome),
            (Waiter::Mail { host, life }, outcome) => self.mail_taken(host, life, outcome),
            (Waiter::Grant { host, life }, outcome) => self.granted(host, life, outcome),
            (Waiter::Setup, _) => {}
        }
    }

    fn refusal_in_words(&mut self, command: &Command, answer: &Answer) {
        if !matches!(answer, Answer::Refused { .. }) {
            return;
        }
        let number = self
            .model
            .conversation(command.conversation)
            .map_or(0, |conversation| conversation.number);
        if let Answer::Refused { refusal } = answer {
            let who = command
                .actor
                .member()
                .map(|member| self.cast.name(member).to_owned())
                .unwrap_or_default();
            if !self.transcript.is_silent() {
                let words = crate::words::refused(&self.cast, refusal);
                let what = crate::words::asked(&self.cast, &command.body);
                self.say(&format!("{who} {what} #{number} ... refused: {words}"));
            }
            let fleeting = matches!(command.body, baton_domain::CommandBody::TakeLock { .. });
            if fleeting {
                Tally::count(&mut self.tally.refused, "takeLock");
                let name = kind(refusal);
                Tally::count(&mut self.tally.refusals, &name);
            }
        }
    }

    /// A server is to look at what is due by then.
    pub(super) fn look_by(&mut self, at: usize, when: Timestamp) {
        if self.planted(Planted::Overslept) {
            return;
        }
        let Some(server) = self.servers.get_mut(at).filter(|server| server.referee.is_some()) else {
            return;
        };
        if when >= server.look_at {
            return;
        }
        server.look_at = when;
        server.looks = server.looks.wrapping_add(1);
        let (life, turn) = (server.life, server.looks);
        self.agenda.at(when, Happening::Look { server: at, life, turn });
    }

    /// A server looks at what is due.
    pub(super) fn look(&mut self, at: usize, life: u32, turn: u64) {
        let now = self.now();
        let Some(server) = self
            .servers
            .get_mut(at)
            .filter(|server| server.life == life && server.looks == turn)
        else {
            return;
        };
        server.look_at = Timestamp(i64::MAX);
        if server.trouble.is_cut(now) {
            let again = server.trouble.cut_until.plus_ms(SLOW_LOOK_MS);
            return self.look_by(at, again);
        }
        self.model.set_now(now);
        let list = self.model.due(DUE_AT_ONCE);
        let same = list.rows == server.found;
        server.found.clone_from(&list.rows);
        let soonest = if list.rows.is_empty() || !same {
            LOOK_MS
        } else {
            SAME_AGAIN_MS
        };
        let again = if list.rows.is_empty() {
            list.next
        } else {
            Some(now.plus_ms(soonest))
        };
        if let Some(again) = again {
            self.look_by(at, again.max(now.plus_ms(soonest)));
        }
        let mut due = list.rows;
        self.notices(at, &mut due);
        if !due.is_empty() {
            self.tell_referee(at, Input::Tick { due });
        }
    }

    /// A server gives up what it asked the store for.
    pub(super) fn drop_needs(&mut self, at: usize) {
        if let Some(server) = self.servers.get_mut(at) {
            server.needs = None;
        }
    }

    /// A server's batch, taken out of its hands.
    pub(super) fn batch_of(&mut self, at: usize) -> Option<Box<Batch>> {
        self.servers.get_mut(at)?.batch.take()
    }

    /// What a member may do in an inbox, by the documents as any server knows them.
    pub(super) fn capabilities(&self, member: MemberId, inbox: InboxId) -> Capabilities {
        let documents = self.servers.iter().find_map(Server::documents);
        documents
            .map(|documents| documents.capabilities(member, inbox))
            .unwrap_or_default()
    }

    /// A server that is up and answers, for whoever can choose.
    pub(super) fn some_server(&self) -> Option<usize> {
        let now = self.now();
        self.servers
            .iter()
            .find(|server| server.ready() && server.trouble.is_well(now))
            .map(|server| server.at)
    }
}
