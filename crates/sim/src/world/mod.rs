//! A team's life: the real machines, and a world around them that can be slow, lose things and break.
//!
//! Nothing here decides anything of the product's. Each file drives one kind of thing: `desk` an engine with its disk and its
//! line, `server` a referee on the shared store, `several` what goes wrong among
//! servers, `session` what a server says to one desktop, `host` a mailbox's host,
//! `provider` who carries its mail, `people` what somebody does next, `faults` what breaks, and `sabotage` what is broken on purpose.

mod besides;
mod desk;
mod disk;
mod ending;
mod errand;
mod faults;
mod host;
mod line;
mod people;
mod post;
mod provider;
mod reading;
mod ruling;
mod sabotage;
mod server;
mod session;
mod setup;
mod several;

use std::collections::BTreeMap;

use baton_domain::{AccountId, LogBody, SECOND_MS, Timestamp};
use baton_protocol::{ClientMessage, Cursor, ServerMessage};
use baton_store::port::model::Model;

use crate::agenda::Agenda;
use crate::cast::{Cast, START, customer};
use crate::check::{Broken, Check};
use crate::plan::{Doing, Fault, Size, Step};
use crate::planted::Planted;
use crate::rng::Rng;
use crate::tally::Tally;
use crate::words::Transcript;
use desk::Desk;
use host::Host;
use line::Line;
use post::Post;
use server::Server;

/// How long everything may take to come to rest once nothing breaks any more.
const REST_MS: i64 = 120 * SECOND_MS;
/// How many times that a reply may take which the provider wants to have later.
const RESTS: u32 = 30;

/// A connection between a desktop and a server.
type LineId = u64;

/// Something that comes.
#[derive(Debug)]
enum Happening {
    /// A step of the plan.
    Planned(usize),
    /// A desktop's call arrives, or does not.
    Dialled { desk: usize, call: u64 },
    /// Words arrive at a server.
    Said { line: LineId, message: Box<ClientMessage> },
    /// Words arrive at a desktop.
    Heard { line: LineId, message: Box<ServerMessage> },
    /// A desktop learns that its line is gone.
    LineGone { desk: usize, line: LineId },
    /// A server learns that a line is gone.
    Hangup { line: LineId },
    /// A draft arrives at a server, or an answer to one at a desktop.
    Draft {
        desk: usize,
        life: u32,
        errand: Box<errand::Errand>,
    },
    /// An engine wanted to be woken.
    Wake { desk: usize, life: u32, turn: u64 },
    /// A server's store is to begin.
    Begin { server: usize, life: u32 },
    /// A server's store has written.
    Written { server: usize, life: u32 },
    /// A server looks at what is due.
    Look { server: usize, life: u32, turn: u64 },
    /// A server reads what the others appended.
    Follow { server: usize, life: u32 },
    /// A server starts.
    ServerStarts { server: usize },
    /// A server that stood still goes on.
    Resumes { server: usize, life: u32 },
    /// A host goes on.
    Host { host: usize, life: u32, what: host::Next },
    /// What a host said arrives late.
    HostsWords { words: host::Words },
    /// A person goes on with what they began.
    Person { desk: usize, scene: Box<people::Scene> },
    /// Something that was slow or cut is well again.
    Heals { desk: usize },
    /// A rule made for a while ends.
    RuledBack { fault: Fault },
}

/// Faults that wait for their moment.
#[derive(Debug, Default)]
struct Pending {
    full_disk: bool,
    doubtful_disk: bool,
    slow_disk_until: Option<Timestamp>,
    provider: Vec<provider::Trouble>,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    agenda: Agenda<Happening>,
    seed: u64,
    plan: Vec<Step>,
    planted: Option<Planted>,
    cast: Cast,
    model: Model,
    servers: Vec<Server>,
    desks: Vec<Desk>,
    hosts: Vec<Host>,
    lines: BTreeMap<LineId, Line>,
    post: Post,
    check: Check,
    pending: Pending,
    chance: Rng,
    made: u64,
    durable: u64,
    /// What was said, for people.
    pub transcript: Transcript,
    /// What happened, in numbers.
    pub tally: Tally,
    broken: Option<Broken>,
}

impl World {
    /// A team before its first morning.
    #[must_use]
    pub fn new(seed: u64, size: Size, plan: Vec<Step>, planted: Option<Planted>, transcript: Transcript) -> Self {
        let cast = Cast::new(size.desktops);
        let mut ids = Rng::of(seed, "ids", 0);
        let model = Model::new(ids.uuid());
        let people = cast.people.clone();
        let mut world = Self {
            agenda: Agenda::new(START),
            seed,
            plan,
            planted,
            model,
            servers: (0..size.servers).map(|number| Server::new(number, seed)).collect(),
            desks: (0..)
                .zip(people)
                .map(|(at, person)| Desk::new(at, person, seed))
                .collect(),
            hosts: crate::cast::MAILBOXES
                .iter()
                .cycle()
                .take(crate::cast::MAILBOXES.len().saturating_mul(size.servers))
                .zip(0..)
                .map(|((account, ..), number)| Host::new(*account, number / crate::cast::MAILBOXES.len()))
                .collect(),
            lines: BTreeMap::new(),
            post: Post::default(),
            check: Check::default(),
            pending: Pending::default(),
            chance: Rng::of(seed, "world", 0),
            made: 0,
            durable: 0,
            transcript,
            tally: Tally::of_one(&Fault::kinds(size.servers)),
            broken: None,
            cast,
        };
        world.furnish();
        world
    }

    /// Lives the plan to its end and lets everything come to rest.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn live(&mut self) -> Result<(), Broken> {
        let lived = self.live_through();
        self.tally.accepted.append(&mut self.check.accepted);
        for (what, count) in self.check.occurred() {
            let known = self.tally.occurred.entry(what).or_insert(0);
            *known = known.saturating_add(count);
        }
        lived
    }

    fn live_through(&mut self) -> Result<(), Broken> {
        for at in 0..self.plan.len() {
            if let Some(step) = self.plan.get(at) {
                self.agenda.at(step.at, Happening::Planned(at));
            }
        }
        let end = self.plan.last().map_or(START, |step| step.at).plus_ms(SECOND_MS);
        self.run_until(end)?;
        self.heal_everything();
        for _ in 0..RESTS {
            let rest = self.now().plus_ms(REST_MS);
            self.run_until(rest)?;
            if self.check.mail.at_rest() {
                break;
            }
        }
        self.tally.virtual_ms = self.now().since_ms(START);
        self.ending()
    }

    fn run_until(&mut self, end: Timestamp) -> Result<(), Broken> {
        while self.agenda.next_at().is_some_and(|at| at <= end) {
            let Some(happening) = self.agenda.take() else { break };
            self.tally.steps = self.tally.steps.saturating_add(1);
            self.happen(happening);
            self.read_log();
            if let Some(broken) = self.broken.take() {
                return Err(broken);
            }
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) {
        let Some(happening) = self.unless_it_stands_still(happening) else {
            return;
        };
        match happening {
            Happening::Planned(at) => self.planned(at),
            Happening::Dialled { desk, call } => self.dialled(desk, call),
            Happening::Said { line, message } => self.said(line, *message),
            Happening::Heard { line, message } => self.heard(line, *message),
            Happening::LineGone { desk, line } => self.line_gone(desk, line),
            Happening::Hangup { line } => self.hung_up(line),
            Happening::Draft { desk, life, errand } => self.errand(desk, life, *errand),
            Happening::Wake { desk, life, turn } => self.wake(desk, life, turn),
            Happening::Begin { server, life } => self.begin(server, life),
            Happening::Written { server, life } => self.written(server, life),
            Happening::Look { server, life, turn } => self.look(server, life, turn),
            Happening::Follow { server, life } => self.follow(server, life),
            Happening::ServerStarts { server } => self.server_starts(server),
            Happening::Resumes { server, life } => self.resumes(server, life),
            Happening::Host { host, life, what } => self.host_goes_on(host, life, what),
            Happening::HostsWords { words } => self.hosts_words(words),
            Happening::Person { desk, scene } => self.scene(desk, *scene),
            Happening::Heals { desk } => self.heals(desk),
            Happening::RuledBack { fault } => self.rule(fault, false),
        }
    }

    fn planned(&mut self, at: usize) {
        let Some(step) = self.plan.get(at).cloned() else { return };
        let mut rng = Rng::of(self.seed, "step", step.number);
        match step.what {
            Doing::Person(who, deed) => self.deed(who, deed, &mut rng),
            Doing::Customer(number, letter) => {
                let words = self.post.write(self.agenda.now(), number, letter, &mut rng);
                self.say(&words);
                self.mail_came(customer(number).mailbox);
            }
            Doing::Fault(fault) => self.fault(fault, &mut rng),
            Doing::Evening => self.evening(),
            Doing::Morning => self.morning(),
        }
    }

    /// Reads what is durable and new in the log: into the checks, and onto the transcript.
    fn read_log(&mut self) {
        if self.check.read_to() >= self.durable {
            return;
        }
        let to = usize::try_from(self.durable).unwrap_or(usize::MAX);
        let log = self.model.log();
        let log = log.get(..to).unwrap_or(log);
        let read = usize::try_from(self.check.read_to()).unwrap_or(usize::MAX);
        let mut events = Vec::new();
        for sealed in log.get(read..).unwrap_or_default() {
            self.transcript.entry(&self.cast, &sealed.entry);
            self.tally.entries = self.tally.entries.saturating_add(1);
            if let LogBody::Conversation { event, .. } = &sealed.entry.body
                && host::wakes(event)
            {
                events.push(event.clone());
            }
        }
        let verdict = self.check.read(log);
        self.judge(verdict);
        for event in events {
            self.wake_hosts(&event);
        }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.agenda.now()
    }

    fn say(&mut self, words: &str) {
        if self.transcript.is_silent() {
            return;
        }
        let at = self.cast.clock(self.agenda.now());
        self.transcript.line(&at, words);
    }

    /// Notes a broken promise; the first counts.
    fn fail(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    fn judge(&mut self, verdict: Result<(), Broken>) {
        if let Err(broken) = verdict {
            self.fail(broken);
        }
    }

    fn planted(&self, bug: Planted) -> bool {
        self.planted == Some(bug)
    }

    fn made_up(&mut self) -> u64 {
        self.made = self.made.saturating_add(1);
        self.made
    }

    fn cursor(&self) -> Cursor {
        let head = self.model.head();
        Cursor {
            epoch: head.epoch,
            number: head.number,
            hash: hex::encode(head.hash),
        }
    }

    /// The hosts of an account: one in each server's process.
    fn hosts_of(&self, account: AccountId) -> Vec<usize> {
        let all = (0..).zip(&self.hosts);
        all.filter(|(_, host)| host.account == account)
            .map(|(at, _)| at)
            .collect()
    }
}
