//! What goes wrong among servers on one store: one stands still with the head or a mailbox in its hands, one can't reach the store
//! any more, one goes by another clock.
//!
//! The store protects itself as PostgreSQL is told to by Baton: who waits too long for the head is sent away, and who stands still
//! in the middle of a commit loses it.

use baton_domain::{SECOND_MS, Timestamp};
use baton_server::referee::Input;
use baton_store::port::{Batch, PortError};

use super::{Happening, World};

/// How long a server may hold the head and do nothing.
const IDLE_WITH_THE_HEAD_MS: i64 = 60 * SECOND_MS;
/// How long a server waits for the head.
const PATIENCE_MS: i64 = 20 * SECOND_MS;
/// The wait between two tries where nothing else is known.
const SOON_MS: i64 = 2;

/// A server's troubles.
#[derive(Debug)]
pub(super) struct Troubles {
    /// While it stands still: what it will find when it goes on, in order.
    stands_still: Option<Vec<Happening>>,
    since: Timestamp,
    until: Timestamp,
    /// Until when it can't reach the store.
    pub(super) cut_until: Timestamp,
    /// By how much its clock is wrong.
    pub(super) clock_ms: i64,
    /// Since when it waits for the head.
    waits_since: Option<Timestamp>,
    /// The store wrote what it was told to while the server stood still.
    wrote: bool,
}

impl Default for Troubles {
    fn default() -> Self {
        Self {
            stands_still: None,
            since: Timestamp(0),
            until: Timestamp(0),
            cut_until: Timestamp(0),
            clock_ms: 0,
            waits_since: None,
            wrote: false,
        }
    }
}

impl Troubles {
    /// Its program ended: whoever starts it again starts it well. The network and the clock are not its own.
    pub(super) fn killed(&mut self) {
        self.stands_still = None;
        self.waits_since = None;
        self.wrote = false;
    }

    /// Nothing breaks any more.
    pub(super) fn healed(&mut self, now: Timestamp) {
        self.cut_until = self.cut_until.min(now);
        self.clock_ms = 0;
    }

    /// Whether it can't reach the store.
    pub(super) fn is_cut(&self, now: Timestamp) -> bool {
        self.cut_until > now
    }

    /// Whether it does what it should.
    pub(super) fn is_well(&self, now: Timestamp) -> bool {
        self.stands_still.is_none() && !self.is_cut(now)
    }

    /// Since when it does what it should; `None` while it does not.
    pub(super) fn well_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.is_well(now).then(|| self.until.min(now).max(self.cut_until))
    }

    pub(super) fn wrote_meanwhile(&mut self) -> bool {
        std::mem::take(&mut self.wrote)
    }
}

impl World {
    /// Hands back what happens, unless it happens to a server that stands still: that finds it when it goes on.
    pub(super) fn unless_it_stands_still(&mut self, happening: Happening) -> Option<Happening> {
        let server = match &happening {
            Happening::Said { line, .. } | Happening::Hangup { line } => self.lines.get(line).map(|line| line.server),
            Happening::Host { host, .. } => self.hosts.get(*host).map(|host| host.server),
            Happening::Begin { server, .. }
            | Happening::Written { server, .. }
            | Happening::Look { server, .. }
            | Happening::Follow { server, .. } => Some(*server),
            _ => None,
        };
        let waiting = server
            .and_then(|server| self.servers.get_mut(server))
            .and_then(|server| server.trouble.stands_still.as_mut());
        match waiting {
            Some(waiting) => {
                waiting.push(happening);
                None
            }
            None => Some(happening),
        }
    }

    /// A server's program stands still. What it told the store to write is written, or not yet.
    pub(super) fn pause_server(&mut self, at: usize, ms: i64) {
        let now = self.now();
        let up = |server: &&mut super::server::Server| server.ready() && server.trouble.stands_still.is_none();
        let Some(server) = self.servers.get_mut(at).filter(up) else {
            return;
        };
        server.trouble.stands_still = Some(Vec::new());
        server.trouble.since = now;
        server.trouble.until = now.plus_ms(ms);
        let life = server.life;
        self.say(&format!("Server {at} stands still"));
        self.agenda.after(ms, Happening::Resumes { server: at, life });
        self.hosts_lose_touch(at);
        if self.chance.chance(50)
            && let Some(batch) = self.batch_of(at)
        {
            let holder = self.holder(at);
            let wrote = self.model.append(holder, *batch).is_ok();
            if wrote {
                self.sync();
                self.found_slowly();
            }
            if let Some(server) = self.servers.get_mut(at) {
                server.trouble.wrote = wrote;
            }
        }
    }

    /// A server that stood still goes on with what it finds, in the order in which it came.
    pub(super) fn resumes(&mut self, at: usize, life: u32) {
        let now = self.now();
        let Some(server) = self.servers.get_mut(at).filter(|server| server.life == life) else {
            return;
        };
        let Some(found) = server.trouble.stands_still.take() else {
            return;
        };
        server.trouble.until = now;
        self.say(&format!("Server {at} goes on"));
        for happening in found {
            self.happen(happening);
        }
    }

    /// A server can't reach the store any more.
    pub(super) fn cut_store(&mut self, at: usize, ms: i64) {
        let now = self.now();
        self.hosts_lose_touch(at);
        if let Some(server) = self.servers.get_mut(at) {
            server.trouble.cut_until = now.plus_ms(ms);
        }
        self.say(&format!("Server {at} can't reach the store"));
    }

    /// The commit a server was in: it reached the store, or did not, and nobody is told.
    pub(super) fn cut_while_writing(&mut self, at: usize, batch: Batch) {
        let holder = self.holder(at);
        if self.chance.chance(50) && self.model.append(holder, batch).is_ok() {
            self.sync();
            self.found_slowly();
        }
        self.model.rollback(holder);
        self.store_away(at);
    }

    /// What the driver of a referee says when its store does not answer.
    pub(super) fn store_away(&mut self, at: usize) {
        let error = PortError::Unavailable("the store can't be reached".to_owned());
        self.tell_referee(at, Input::StoreFailed { error });
    }

    pub(super) fn got_the_head(&mut self, at: usize) {
        if let Some(server) = self.servers.get_mut(at) {
            server.trouble.waits_since = None;
        }
    }

    /// Another server has the head. One that stands still with it loses it in the end; whoever waits too long is sent away.
    pub(super) fn waits_for_the_head(&mut self, at: usize, life: u32) {
        let now = self.now();
        let Some(server) = self.servers.get_mut(at) else { return };
        let tired_at = server.trouble.waits_since.get_or_insert(now).plus_ms(PATIENCE_MS);
        if tired_at <= now {
            server.trouble.waits_since = None;
            self.drop_needs(at);
            return self.store_away(at);
        }
        let holder = self.model.holder();
        let stands = |server: &&super::server::Server| server.trouble.stands_still.is_some();
        let still = holder
            .and_then(|holder| usize::try_from(holder).ok())
            .and_then(|holder| self.servers.get(holder))
            .filter(stands);
        let soon = now.plus_ms(SOON_MS);
        let again = match (holder, still) {
            (Some(holder), Some(still)) => {
                let lost_at = still.trouble.since.plus_ms(IDLE_WITH_THE_HEAD_MS);
                let goes_on = still.trouble.until;
                if lost_at <= now {
                    self.model.rollback(holder);
                }
                lost_at.min(goes_on).min(tired_at).max(soon)
            }
            _ => soon,
        };
        self.agenda.at(again, Happening::Begin { server: at, life });
    }

    /// A server's clock is moved.
    pub(super) fn move_clock(&mut self, at: usize, by_ms: i64) {
        self.say(&format!("The clock of server {at} is moved by {} s", by_ms / SECOND_MS));
        if let Some(server) = self.servers.get_mut(at) {
            server.trouble.clock_ms = by_ms;
        }
    }

    /// What time it is on a server.
    pub(super) fn time_on(&self, at: usize) -> Timestamp {
        let wrong = self.servers.get(at).map_or(0, |server| server.trouble.clock_ms);
        self.now().plus_ms(wrong)
    }
}
