//! What breaks, and how it heals.

use baton_domain::SECOND_MS;

use super::desk::Doom;
use super::provider::Trouble;
use super::{Happening, World};
use crate::cast::{PARTNERS_AT, SALES_AT};
use crate::plan::Fault;
use crate::rng::Rng;
use crate::tally::Tally;

impl World {
    /// Something breaks.
    pub(super) fn fault(&mut self, fault: Fault, rng: &mut Rng) {
        if !waits_for_its_moment(fault) {
            Tally::count(&mut self.tally.faults, fault.name());
        }
        let now = self.now();
        match fault {
            Fault::DesktopCrash(at) => {
                let doom = if rng.chance(50) {
                    Doom::BeforeWrite
                } else {
                    Doom::AfterWrite
                };
                self.doom(at, rng.chance(75).then_some(doom));
            }
            Fault::DesktopDisk(at) => self.doom(at, Some(Doom::WriteFails)),
            Fault::ServerCrash(at) => {
                self.say("The server is killed");
                self.kill_server(at);
                let wait = rng.between(200, 4000);
                self.agenda.after(wait, Happening::ServerStarts { server: at });
                let verdict = self.check.durable(self.model.log());
                self.judge(verdict);
            }
            Fault::PowerCut => {
                self.say("The power goes under the server");
                self.power_cut();
                for at in 0..self.servers.len() {
                    let wait = rng.between(1000, 8000);
                    self.agenda.after(wait, Happening::ServerStarts { server: at });
                }
            }
            Fault::HostCrash => {
                self.say("A mailbox's host is killed");
                let account = if rng.chance(30) { PARTNERS_AT } else { SALES_AT };
                if let Some(at) = self.host_at_work(account) {
                    self.kill_host(at);
                }
            }
            Fault::Disconnect(at) => {
                self.of_desk(at, "line breaks");
                self.break_line(at, None);
            }
            Fault::Lingering(at) => {
                self.of_desk(at, "line breaks, and holds what was said on it");
                self.break_line(at, Some(rng.between(1000, 5000)));
            }
            Fault::Partition(at) => {
                self.of_desk(at, "network is gone for a while");
                let wait = rng.between(5 * SECOND_MS, 90 * SECOND_MS);
                if let Some(desk) = self.desks.get_mut(at) {
                    desk.partition_until = now.plus_ms(wait);
                }
                self.agenda.after(wait, Happening::Heals { desk: at });
            }
            Fault::Lag(at) => {
                self.of_desk(at, "network is slow for a while");
                if let Some(desk) = self.desks.get_mut(at) {
                    desk.lag_until = now.plus_ms(rng.between(10 * SECOND_MS, 60 * SECOND_MS));
                }
            }
            Fault::ClockSkew(at) => {
                let by = rng.between(-20 * 60 * SECOND_MS, 20 * 60 * SECOND_MS);
                self.of_desk(at, &format!("clock is moved by {} s", by / SECOND_MS));
                if let Some(desk) = self.desks.get_mut(at) {
                    desk.skew_ms = by;
                }
                // Timers of a computer run on: it looks at its clock a moment later.
                self.tell_desk(at, baton_client::engine::Input::Tick);
            }
            Fault::SlowDisk => {
                self.say("The server's disk is slow for a while");
                self.pending.slow_disk_until = Some(now.plus_ms(rng.between(5 * SECOND_MS, 30 * SECOND_MS)));
            }
            Fault::FullDisk => self.pending.full_disk = true,
            Fault::DoubtfulDisk => self.pending.doubtful_disk = true,
            Fault::LostAnswer => self.pending.provider.push(Trouble::LostAnswer),
            Fault::BrokenBody => self.pending.provider.push(Trouble::BrokenBody),
            Fault::Rejection => self.pending.provider.push(Trouble::Rejection),
            Fault::Deferral => self.pending.provider.push(Trouble::Deferral),
            Fault::HostCrashBehindFence => self.pending.provider.push(Trouble::Killed),
            Fault::ServerPaused(at) => self.pause_server(at, rng.between(SECOND_MS, 90 * SECOND_MS)),
            Fault::StandstillBehindFence => self.pending.provider.push(Trouble::StandsStill),
            Fault::StoreCut(at) => self.cut_store(at, rng.between(SECOND_MS, 60 * SECOND_MS)),
            Fault::ServerClock(at) => self.move_clock(at, rng.between(-20 * 60 * SECOND_MS, 20 * 60 * SECOND_MS)),
            Fault::ServerChanged(at) => {
                self.of_desk(at, "line ends, and the next call goes to another server");
                let line = self.desks.get(at).and_then(|desk| desk.line);
                let server = line.and_then(|line| self.lines.get(&line)).map(|line| line.server);
                if let Some(desk) = self.desks.get_mut(at) {
                    desk.leaves = server;
                }
                self.break_line(at, None);
            }
            Fault::RightLost(_) | Fault::ReadingLost(_) | Fault::Watched | Fault::Away(_) => {
                self.rule(fault, true);
                let longest = if matches!(fault, Fault::Away(_)) { 900 } else { 90 };
                let wait = rng.between(15 * SECOND_MS, longest * SECOND_MS);
                self.agenda.after(wait, Happening::RuledBack { fault });
            }
        }
    }

    /// A desktop's program is killed at its next write, or now.
    fn doom(&mut self, at: usize, doom: Option<Doom>) {
        match doom {
            Some(doom) => {
                if let Some(desk) = self.desks.get_mut(at) {
                    desk.doom = Some(doom);
                }
            }
            None => {
                Tally::count(&mut self.tally.faults, "desktopCrash");
                self.of_desk(at, "Baton is killed and starts again");
                self.restart_desk(at);
            }
        }
    }

    fn of_desk(&mut self, at: usize, what: &str) {
        let name = self
            .desks
            .get(at)
            .map(|desk| desk.person.name.clone())
            .unwrap_or_default();
        self.say(&format!("{name}'s {what}"));
    }

    /// A network is back. What was said into the void was said on a line that does not live any more.
    pub(super) fn heals(&mut self, at: usize) {
        self.break_line(at, None);
    }

    /// Lids are closed.
    pub(super) fn evening(&mut self) {
        self.say("Everybody closes the lid");
        for at in 0..self.desks.len() {
            self.drop_line(at);
            if let Some(desk) = self.desks.get_mut(at) {
                desk.asleep = true;
                desk.calling = false;
                desk.writing.clear();
                desk.call = desk.call.wrapping_add(1);
            }
        }
    }

    /// Lids are opened; on the first morning the program is started.
    pub(super) fn morning(&mut self) {
        self.say("Everybody is at their desk");
        for at in 0..self.desks.len() {
            let Some(desk) = self.desks.get_mut(at) else { continue };
            if desk.engine.is_none() {
                self.start_desk(at);
            } else if desk.asleep {
                desk.asleep = false;
                self.lost(at, 0);
                self.dial(at);
            }
        }
    }

    /// Nothing breaks any more, everybody is at their desk and plugged in.
    pub(super) fn heal_everything(&mut self) {
        self.say("Nothing breaks any more");
        let now = self.now();
        self.pending = super::Pending::default();
        for at in 0..self.desks.len() {
            if let Some(desk) = self.desks.get_mut(at) {
                desk.partition_until = now;
                desk.lag_until = now;
                desk.unplugged = false;
                desk.doom = None;
                desk.writing.clear();
            }
        }
        self.morning();
        for at in 0..self.servers.len() {
            if let Some(server) = self.servers.get_mut(at) {
                server.trouble.healed(now);
            }
            self.agenda.after(1, Happening::ServerStarts { server: at });
        }
    }
}

/// What is noted now and breaks something at the next occasion: it counts when it does.
const fn waits_for_its_moment(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::DesktopCrash(_)
            | Fault::DesktopDisk(_)
            | Fault::FullDisk
            | Fault::DoubtfulDisk
            | Fault::LostAnswer
            | Fault::BrokenBody
            | Fault::Rejection
            | Fault::Deferral
            | Fault::HostCrashBehindFence
            | Fault::StandstillBehindFence
    )
}
