//! A mailbox's host, in a server's process: the real outbox machine, and what it asks of the server.

use std::collections::{BTreeMap, BTreeSet};

use baton_channels::email::host::outbox::{Effect, Input, Outbox, Report};
use baton_channels::email::host::{JobState, OutboundJob, PortError};
use baton_channels::email::smtp::{Envelope, Outcome};
use baton_channels::email::{MailAddress, Outgoing, compose};
use baton_domain::{
    AccountId, Actor, Command, CommandBody, CommandId, DeviceId, Event, HostGrant, MessageId, Outbound, OutboundState,
    SECOND_MS, SessionId, Timestamp,
};
use baton_protocol::Answer;
use baton_server::referee::{Fault, HostAsk, Input as RefereeInput, Reply};
use uuid::Uuid;

use super::server::Waiter;
use super::{Happening, World};
use crate::cast::SALES_AT;
use crate::planted::Planted;
use crate::tally::Tally;

/// What a host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Looks for new mail.
    Look,
    /// Asks its outbox what to do.
    Outbox,
    /// The connection to the provider stands: the fence is next.
    Fence,
    /// The body is offered.
    Body,
    /// The provider says what became of it.
    Verdict,
    /// The sent folder was looked at.
    Probed,
    /// The copy was filed.
    Filed,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    pub(super) account: AccountId,
    /// In whose process it runs.
    pub(super) server: usize,
    pub(super) life: u32,
    /// The machine it runs on: another has to wait until its grant runs out.
    machine: u32,
    pub(super) grant: Option<HostGrant>,
    /// Until when it knows that it holds the account, where it can't renew its grant; `None` while it does.
    knows_until: Option<Timestamp>,
    asking: bool,
    outbox: Option<Outbox>,
    job: Option<OutboundJob>,
    report: Option<Report>,
    waits: Option<Waits>,
    held: BTreeMap<MessageId, Timestamp>,
    pub(super) outcome: Option<Outcome<PortError>>,
    asleep: bool,
    pub(super) reading: bool,
    /// Replies that were under way when a host of this account died: for a planted bug.
    interrupted: BTreeSet<MessageId>,
}

/// What a host says about a reply, on its way to a server.
#[derive(Debug)]
pub struct Words {
    host: usize,
    life: u32,
    command: Box<Command>,
    under: Option<HostGrant>,
}

/// How long a grant keeps another machine away.
const GRANTED_MS: i64 = 10 * SECOND_MS;
/// How soon a host asks again that another is before.
const WAITS_MS: i64 = 2 * SECOND_MS;

/// What a host waits for from the referee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Fence,
    Report,
}

impl Host {
    /// A host that was never started.
    pub(super) const fn new(account: AccountId, server: usize) -> Self {
        Self {
            account,
            server,
            life: 0,
            machine: 0,
            grant: None,
            knows_until: None,
            asking: false,
            outbox: None,
            job: None,
            report: None,
            waits: None,
            held: BTreeMap::new(),
            outcome: None,
            asleep: true,
            reading: false,
            interrupted: BTreeSet::new(),
        }
    }
}

impl World {
    /// A host goes on.
    pub(super) fn host_goes_on(&mut self, at: usize, life: u32, what: Next) {
        if self.hosts.get(at).is_none_or(|host| host.life != life) {
            return;
        }
        match what {
            Next::Look => self.read_mail(at),
            Next::Outbox => self.outbox_ready(at),
            Next::Fence => self.fence(at),
            Next::Body => self.offer_body(at),
            Next::Verdict => self.verdict(at),
            Next::Probed => {
                let found = self
                    .job_of(at)
                    .is_some_and(|(account, job)| self.post.filed(account, job.id));
                self.tell_outbox(at, Input::Probed(found));
            }
            Next::Filed => self.file(at),
        }
    }

    pub(super) fn host_after(&mut self, at: usize, ms: i64, what: Next) {
        let life = self.hosts.get(at).map_or(0, |host| host.life);
        self.agenda.after(ms, Happening::Host { host: at, life, what });
    }

    pub(super) fn job_of(&self, at: usize) -> Option<(AccountId, OutboundJob)> {
        let host = self.hosts.get(at)?;
        Some((host.account, host.job.clone()?))
    }

    /// Kills a host. It starts again by itself when its server is there.
    pub(super) fn kill_host(&mut self, at: usize) {
        let Some(host) = self.hosts.get_mut(at) else { return };
        let under_way = host.job.as_ref().map(|job| job.id);
        host.life = host.life.wrapping_add(1);
        host.grant = None;
        host.knows_until = None;
        host.asking = false;
        host.outbox = None;
        host.report = None;
        host.waits = None;
        host.outcome = None;
        host.reading = false;
        host.held.clear();
        host.job = None;
        if let Some(id) = under_way {
            // Whether the body had been offered, nobody can tell afterwards.
            host.interrupted.insert(id);
            self.check.mail.excuse(id);
        }
        // Now and then it is another machine that goes on.
        if self.chance.chance(30)
            && let Some(host) = self.hosts.get_mut(at)
        {
            host.machine = host.machine.wrapping_add(1);
        }
        let wait = self.chance.between(500, 3000);
        self.host_after(at, wait, Next::Look);
        self.host_after(at, wait, Next::Outbox);
    }

    /// The grant under which a host works. One that has none asks for it, and goes on when it has it.
    pub(super) fn must_host(&mut self, at: usize) -> Option<HostGrant> {
        if self.lease_ran_out(at) {
            self.kill_host(at);
            return None;
        }
        let server = self.server_of(at);
        let host = self.hosts.get_mut(at)?;
        if host.grant.is_some() || host.asking {
            return host.grant;
        }
        let (life, account, machine) = (host.life, host.account, format!("{} {}", host.server, host.machine));
        self.well_hosts_renew(account);
        let host = self.hosts.get_mut(at)?;
        let ask = HostAsk {
            account,
            session: SessionId::derive(account.0, &machine),
            lifetime_ms: GRANTED_MS,
        };
        host.asking = true;
        let waiter = Waiter::Grant { host: at, life };
        let asked =
            server.is_some_and(|server| self.ask_referee(server, waiter, |ticket| RefereeInput::Host { ticket, ask }));
        if !asked {
            self.granted(at, life, Ok(Reply::Hosted(None)));
        }
        None
    }

    /// What became of a host's wish to be one.
    pub(super) fn granted(&mut self, at: usize, life: u32, outcome: Result<Reply, Fault>) {
        let Some(host) = self.hosts.get_mut(at).filter(|host| host.life == life) else {
            return;
        };
        host.asking = false;
        let wait = match outcome {
            Ok(Reply::Hosted(Some(granted))) => {
                host.grant = Some(granted.host.grant());
                host.knows_until = None;
                1
            }
            Ok(Reply::Hosted(None)) => {
                Tally::count(&mut self.tally.mail, "host waits");
                if self.needless(at) {
                    // Work wakes it.
                    return;
                }
                WAITS_MS
            }
            _ => SECOND_MS,
        };
        self.host_after(at, wait, Next::Look);
        self.host_after(at, wait, Next::Outbox);
    }

    /// The hosts in a server's process.
    pub(super) fn hosts_on(&self, server: usize) -> Vec<usize> {
        let all = (0..).zip(&self.hosts);
        all.filter(|(_, host)| host.server == server)
            .map(|(at, _)| at)
            .collect()
    }

    /// The server in whose process a host runs, if that is up.
    pub(super) fn server_of(&self, at: usize) -> Option<usize> {
        let server = self.hosts.get(at)?.server;
        self.servers
            .get(server)
            .is_some_and(super::server::Server::ready)
            .then_some(server)
    }

    /// Whoever hosts an account, or the first who could.
    pub(super) fn host_at_work(&self, account: AccountId) -> Option<usize> {
        let hosts = self.hosts_of(account);
        let at_work = |at: &&usize| self.hosts.get(**at).is_some_and(|host| host.grant.is_some());
        hosts.iter().find(at_work).or_else(|| hosts.first()).copied()
    }

    /// Whether a host has nothing to ask for: another of its account is at work, and nothing is left undone.
    pub(super) fn needless(&self, at: usize) -> bool {
        let Some(host) = self.hosts.get(at).filter(|host| host.grant.is_none()) else {
            return false;
        };
        let granted = self
            .hosts
            .iter()
            .any(|other| other.account == host.account && other.grant.is_some());
        granted && !self.unread_mail(host.account) && !self.replies_wait(host.account)
    }

    /// Whether something is left to be done about a reply of an account.
    fn replies_wait(&self, account: AccountId) -> bool {
        let now = self.now();
        self.model
            .conversations()
            .flat_map(|conversation| &conversation.outbound)
            .filter(|outbound| outbound.account == account)
            .any(|outbound| match outbound.state {
                OutboundState::Sending => true,
                OutboundState::Queued => outbound.not_before <= now,
                OutboundState::Sent { .. } => !outbound.filed,
                _ => false,
            })
    }

    /// How much longer a host waits that another is before: as long as a grant lives that nobody renews.
    pub(super) fn stands_back(&mut self, at: usize) -> i64 {
        let Some(host) = self.hosts.get(at).filter(|host| host.grant.is_none()) else {
            return 0;
        };
        let granted = self
            .hosts
            .iter()
            .any(|other| other.account == host.account && other.grant.is_some());
        // Now and then it does not know, and asks all the same.
        if granted && !self.chance.chance(5) {
            GRANTED_MS
        } else {
            0
        }
    }

    /// Whether a host does not know any more that it is one: it could not renew its grant in time.
    pub(super) fn lease_ran_out(&self, at: usize) -> bool {
        let now = self.now();
        let Some(host) = self.hosts.get(at) else { return false };
        let server = self.servers.get(host.server);
        let could = server.and_then(|server| server.trouble.well_since(now));
        host.knows_until
            .is_some_and(|until| until <= now && could.is_none_or(|since| since >= until))
    }

    /// Hosts that are well have renewed their grants all the while.
    fn well_hosts_renew(&mut self, account: AccountId) {
        let now = self.now();
        self.model.set_now(now);
        for at in self.hosts_of(account) {
            let ran_out = self.lease_ran_out(at);
            let well = self.server_of(at).and_then(|server| self.servers.get(server));
            let well = well.is_some_and(|server| server.trouble.is_well(now));
            let Some(host) = self.hosts.get_mut(at).filter(|_| well) else {
                continue;
            };
            if let Some(grant) = host.grant
                && !ran_out
                && self.model.renewed_meanwhile(grant, GRANTED_MS)
            {
                host.knows_until = None;
            }
        }
    }

    /// A server stands still, or can't reach the store: from now on its hosts renew nothing, and what they have under way others may
    /// find.
    pub(super) fn hosts_lose_touch(&mut self, server: usize) {
        let now = self.now();
        let hosts = self.hosts_on(server);
        for account in crate::cast::MAILBOXES.map(|(account, ..)| account) {
            self.well_hosts_renew(account);
        }
        for at in hosts {
            let Some(host) = self.hosts.get_mut(at) else { continue };
            host.knows_until = host.grant.map(|_| now.plus_ms(GRANTED_MS));
            if let Some(job) = &host.job {
                self.check.mail.excuse(job.id);
            }
        }
    }

    /// The host's server went, and with it whatever the host was waiting for.
    pub(super) fn host_unanswered(&mut self, at: usize) {
        self.kill_host(at);
    }

    /// Something was appended: a reply may leave soon, or again.
    pub(super) fn wake_hosts(&mut self, event: &Event) {
        let (account, when) = match event {
            Event::ReplyQueued { outbound } => (Some(outbound.account), outbound.not_before),
            Event::OutboundReturned { not_before, .. } => (None, not_before.unwrap_or(self.now())),
            Event::OutboundSettled { .. } | Event::OutboundSending { .. } => (None, self.now()),
            _ => return,
        };
        for at in 0..self.hosts.len() {
            if account.is_none() || account == self.hosts.get(at).map(|host| host.account) {
                let life = self.hosts.get(at).map_or(0, |host| host.life);
                let later = self.stands_back(at);
                self.agenda.at(
                    when.plus_ms(later.saturating_add(5)),
                    Happening::Host {
                        host: at,
                        life,
                        what: Next::Outbox,
                    },
                );
            }
        }
    }

    fn outbox_ready(&mut self, at: usize) {
        if self.needless(at) {
            return;
        }
        let Some(host) = self.hosts.get_mut(at) else { return };
        if host.grant.is_none() {
            self.must_host(at);
            return;
        }
        let busy = host.job.is_some() && host.waits.is_some() || host.outcome.is_some();
        if busy || !host.asleep && host.outbox.is_some() {
            return;
        }
        let files_sent = host.account == SALES_AT;
        host.outbox.get_or_insert_with(|| Outbox::new(files_sent));
        self.tell_outbox(at, Input::Ready);
    }

    pub(super) fn tell_outbox(&mut self, at: usize, input: Input) {
        let now = self.now();
        let Some(host) = self.hosts.get_mut(at) else { return };
        host.asleep = false;
        let Some(outbox) = &mut host.outbox else { return };
        for effect in outbox.handle(now, input) {
            self.for_outbox(at, effect);
        }
    }

    fn for_outbox(&mut self, at: usize, effect: Effect) {
        let wait = self.chance.between(20, 200);
        match effect {
            Effect::Ask if self.lease_ran_out(at) => self.kill_host(at),
            Effect::Ask => {
                let input = if self.server_reaches(at) {
                    Input::Job(self.next_job(at))
                } else {
                    Input::PortAway {
                        reason: "the server is away".to_owned(),
                        jitter: 500,
                    }
                };
                self.tell_outbox(at, input);
            }
            Effect::Deliver(job) => {
                self.take_job(at, job);
                self.host_after(at, wait, Next::Fence);
            }
            Effect::Probe(job) => {
                self.take_job(at, job);
                self.host_after(at, wait, Next::Probed);
            }
            Effect::File(job) => {
                self.take_job(at, job);
                self.host_after(at, wait, Next::Filed);
            }
            Effect::Report(job, report) => self.report(at, job, report),
            Effect::WaitForWork(ms) => {
                self.rest_host(at);
                // Work wakes it; only what waits for a time of its own needs one.
                let now = self.now();
                if let Some(until) = self.next_for(at).filter(|until| *until > now) {
                    self.host_after(at, until.since_ms(now).max(1), Next::Outbox);
                }
                let soon = ms < 15 * SECOND_MS;
                if soon {
                    self.host_after(at, ms, Next::Outbox);
                }
            }
            Effect::Sleep(ms) => {
                self.rest_host(at);
                self.host_after(at, ms, Next::Outbox);
            }
            Effect::Rest | Effect::Health(_) => {}
        }
    }

    /// Whether a host's server answers what is there to send.
    fn server_reaches(&self, at: usize) -> bool {
        let now = self.now();
        let server = self.server_of(at).and_then(|server| self.servers.get(server));
        server.is_some_and(|server| !server.trouble.is_cut(now))
    }

    fn rest_host(&mut self, at: usize) {
        if let Some(host) = self.hosts.get_mut(at) {
            host.job = None;
            host.asleep = true;
        }
    }

    fn take_job(&mut self, at: usize, job: OutboundJob) {
        if let Some(host) = self.hosts.get_mut(at) {
            host.job = Some(job);
        }
    }

    /// When the next reply of an account may leave.
    fn next_for(&self, at: usize) -> Option<Timestamp> {
        let host = self.hosts.get(at)?;
        let queued = self
            .model
            .conversations()
            .flat_map(|conversation| &conversation.outbound);
        let queued = queued.filter(|one| one.account == host.account && one.state == OutboundState::Queued);
        queued
            .map(|one| {
                host.held
                    .get(&one.id)
                    .map_or(one.not_before, |held| one.not_before.max(*held))
            })
            .min()
    }

    /// The most pressing reply of an account, as its port chooses it.
    fn next_job(&mut self, at: usize) -> Option<OutboundJob> {
        let now = self.now();
        let again = self.planted(Planted::SendsAgain);
        let host = self.hosts.get_mut(at)?;
        host.held.retain(|_, until| *until > now);
        let mut best: Option<(u8, &Outbound, JobState)> = None;
        for outbound in self
            .model
            .conversations()
            .flat_map(|conversation| &conversation.outbound)
        {
            if outbound.account != host.account {
                continue;
            }
            let (rank, state) = match outbound.state {
                OutboundState::Sending => (0, JobState::Sending),
                OutboundState::Queued if outbound.not_before <= now && !host.held.contains_key(&outbound.id) => {
                    (1, JobState::Queued)
                }
                OutboundState::Sent { .. } if !outbound.filed => (2, JobState::Unfiled),
                _ => continue,
            };
            if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                best = Some((rank, outbound, state));
            }
        }
        let (_, outbound, mut state) = best?;
        if again && state == JobState::Sending {
            state = JobState::Queued;
        }
        let attempt = outbound
            .attempt
            .saturating_add(u32::from(outbound.state == OutboundState::Queued));
        let raw = compose(&outgoing(outbound)).unwrap_or_default();
        let to = outbound
            .draft
            .to
            .iter()
            .chain(&outbound.draft.cc)
            .map(|address| address.email.clone())
            .collect();
        Some(OutboundJob {
            id: outbound.id,
            attempt,
            given_back: outbound.given_back.as_ref().map_or(0, |given| given.times),
            raw: raw.into(),
            envelope: Envelope {
                from: Some(outbound.from.email.clone()),
                to,
                report: None,
            },
            message_id: outbound.header_id.clone(),
            state,
        })
    }

    /// The fence: committed before the first byte of the body is offered.
    fn fence(&mut self, at: usize) {
        let Some((_, job)) = self.job_of(at) else { return };
        let interrupted = self
            .hosts
            .get(at)
            .is_some_and(|host| host.interrupted.contains(&job.id));
        if self.planted(Planted::NoFence) || self.planted(Planted::SendsAgain) && interrupted {
            return self.host_after(at, 10, Next::Body);
        }
        let body = CommandBody::OutboundSending {
            outbound: job.id,
            attempt: job.attempt,
        };
        let name = format!("sending {}", job.attempt);
        if !self.submit_report(at, &job, &name, body, Waits::Fence) {
            let away = PortError::Unavailable("the server is away".to_owned());
            self.tell_outbox(
                at,
                Input::Delivered {
                    outcome: Outcome::Stopped(away),
                    jitter: 500,
                },
            );
        }
    }

    fn submit_report(&mut self, at: usize, job: &OutboundJob, name: &str, body: CommandBody, waits: Waits) -> bool {
        let Some(server) = self.server_of(at) else { return false };
        let Some((account, life, grant)) = self.hosts.get(at).map(|host| (host.account, host.life, host.grant)) else {
            return false;
        };
        let has = |conversation: &&baton_domain::Conversation| conversation.outbound(job.id).is_some();
        let Some(conversation) = self.model.conversations().find(has).map(|conversation| conversation.id) else {
            return false;
        };
        let command = Box::new(Command {
            id: CommandId::derive(job.id.0, name),
            actor: Actor::Channel { account },
            device: DeviceId(Uuid::nil()),
            conversation,
            issued_at: self.now(),
            last_seen: None,
            based_on: None,
            body,
        });
        if let Some(host) = self.hosts.get_mut(at) {
            host.waits = Some(waits);
        }
        if let Some(grant) = grant {
            self.check.said_under(command.id, grant);
        }
        let words = Words {
            host: at,
            life,
            command,
            under: grant.filter(|_| !self.planted(Planted::StaleHost)),
        };
        if self.chance.chance(3) {
            // They are on their way for long, and whoever said them may be gone when they arrive.
            if self.chance.chance(50) {
                self.kill_host(at);
            }
            let wait = self.chance.between(SECOND_MS, 30 * SECOND_MS);
            self.agenda.after(wait, Happening::HostsWords { words });
            return true;
        }
        self.hand_over(server, words)
    }

    /// What a host said long ago arrives.
    pub(super) fn hosts_words(&mut self, words: Words) {
        let (at, life) = (words.host, words.life);
        let said = self.server_of(at).is_some_and(|server| self.hand_over(server, words));
        if !said {
            self.reported(at, life, Err(Fault::Unavailable("the server is away".to_owned())));
        }
    }

    fn hand_over(&mut self, server: usize, words: Words) -> bool {
        let Words {
            host,
            life,
            command,
            under,
        } = words;
        self.ask_referee(server, Waiter::Report { host, life }, |ticket| RefereeInput::Submit {
            ticket,
            command,
            under,
        })
    }

    /// The referee's word on a fence or a report.
    pub(super) fn reported(&mut self, at: usize, life: u32, outcome: Result<Reply, Fault>) {
        let stale = matches!(&outcome, Err(Fault::NotHost));
        if stale {
            Tally::count(&mut self.tally.mail, "stale host");
        }
        let Some(host) = self.hosts.get_mut(at).filter(|host| host.life == life) else {
            return;
        };
        if stale {
            return self.kill_host(at);
        }
        let waits = host.waits.take();
        let refused = matches!(&outcome, Ok(Reply::Command(Answer::Refused { .. })));
        match (waits, outcome) {
            (Some(Waits::Fence), Ok(_)) if !refused => self.host_after(at, 40, Next::Body),
            (Some(Waits::Fence), Ok(_)) => {
                let error = PortError::Refused("not to be sent".to_owned());
                self.tell_outbox(
                    at,
                    Input::Delivered {
                        outcome: Outcome::Stopped(error),
                        jitter: 500,
                    },
                );
            }
            (Some(Waits::Fence), Err(fault)) => {
                // If it was committed the host finds the reply on its way, and knows that it never offered it: no excuse.
                let error = PortError::Unavailable(fault.to_string());
                self.tell_outbox(
                    at,
                    Input::Delivered {
                        outcome: Outcome::Stopped(error),
                        jitter: 500,
                    },
                );
            }
            (Some(Waits::Report), Ok(_)) => {
                self.tell_outbox(at, if refused { Input::ReportRefused } else { Input::Reported });
            }
            (Some(Waits::Report), Err(fault)) => {
                self.tell_outbox(
                    at,
                    Input::PortAway {
                        reason: fault.to_string(),
                        jitter: 500,
                    },
                );
            }
            (None, _) => {}
        }
    }

    fn report(&mut self, at: usize, job: OutboundJob, report: Report) {
        let (id, attempt) = (job.id, job.attempt);
        let (name, body) = match &report {
            Report::Returned(returned) => {
                if let Some(host) = self.hosts.get_mut(at) {
                    host.held.insert(id, returned.not_before);
                }
                (
                    "returned",
                    CommandBody::OutboundReturned {
                        outbound: id,
                        reason: returned.reason.clone(),
                        not_before: returned.asked_to_wait.then_some(returned.not_before),
                    },
                )
            }
            Report::Sent(reply) => (
                "sent",
                CommandBody::OutboundSent {
                    outbound: id,
                    reply: reply.clone(),
                },
            ),
            Report::Failed(code, text) => (
                "failed",
                CommandBody::OutboundFailed {
                    outbound: id,
                    reason: format!("{code} {text}"),
                },
            ),
            Report::Unknown(reason) => (
                "unknown",
                CommandBody::OutboundUnknown {
                    outbound: id,
                    reason: reason.clone(),
                },
            ),
            Report::Filed => ("filed", CommandBody::OutboundFiled { outbound: id }),
        };
        Tally::count(&mut self.tally.mail, name);
        let name = format!("{name} {attempt} {}", job.given_back);
        self.take_job(at, job.clone());
        if !self.submit_report(at, &job, &name, body, Waits::Report) {
            self.tell_outbox(
                at,
                Input::PortAway {
                    reason: "the server is away".to_owned(),
                    jitter: 500,
                },
            );
        }
    }
}

/// Whether something is to be sent, or done about a reply, because of it.
pub(super) const fn wakes(event: &Event) -> bool {
    matches!(
        event,
        Event::ReplyQueued { .. }
            | Event::OutboundReturned { .. }
            | Event::OutboundSettled { .. }
            | Event::OutboundSending { .. }
    )
}

fn outgoing(outbound: &Outbound) -> Outgoing {
    let address = |address: &baton_domain::Address| MailAddress {
        name: None,
        address: address.email.clone(),
    };
    Outgoing {
        message_id: outbound.header_id.clone(),
        baton_id: outbound.id.to_string(),
        date: outbound.date(),
        from: address(&outbound.from),
        sender: None,
        reply_to: Vec::new(),
        to: outbound.draft.to.iter().map(address).collect(),
        cc: outbound.draft.cc.iter().map(address).collect(),
        bcc: Vec::new(),
        subject: outbound.draft.subject.clone(),
        text: outbound.draft.text.clone(),
        html: None,
        in_reply_to: outbound.in_reply_to.iter().cloned().collect(),
        references: outbound.references.clone(),
        attachments: Vec::new(),
        calendar: None,
        automatic: outbound.automatic.is_some(),
        unsubscribe: None,
    }
}
