//! What to fetch next.
//!
//! New mail goes before old, INBOX before the sent folder, the newest of the old first. Batches are small, sizes are asked before
//! bodies, and a cursor moves only with the batch it covers. A message that can't be fetched is narrowed down to, set aside with its
//! reason, and never stops the others. After a renumbering (UIDVALIDITY) everything is read again, as history.

mod batch;
mod track;

use std::collections::HashMap;

use baton_domain::{BlobId, MailboxRemark, Timestamp, is_nearly_full};

use super::backoff::Backoff;
use super::health::HealthState;
use super::port::{Arrived, FolderCursor, FolderProgress, Follows};
use crate::email::account::ConnectError;
use crate::email::imap::{Changes, Folder, FolderRole, Known, MessageMeta, Opened, Usage};
use batch::{Stage, Work};
use track::Track;

/// The first batch of a mailbox: what fills the first screen.
const FIRST_BATCH: usize = 50;
/// How often the sent folder is looked at, and INBOX where the server doesn't tell.
const LOOK_MS: i64 = 60_000;
/// How often INBOX is looked at while another folder is read.
const INBOX_LOOK_MS: i64 = 10_000;
const POLL_MS: i64 = 30_000;
/// How often flags are compared where the server doesn't tell which changed.
const FLAGS_LOOK_MS: i64 = 300_000;

/// How often the folders are listed and the mailbox's size is asked on a connection that stands.
const ROUND_MS: i64 = 3_600_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The host begins, with what was committed before.
    Started {
        /// The port's cursors.
        cursors: Vec<FolderCursor>,
        /// Since when the account is live.
        live_since: Timestamp,
        /// Folders of the team's own that are taken in.
        follows: Vec<Follows>,
    },
    /// Signed in.
    Connected {
        /// The folders there are.
        folders: Vec<Folder>,
        /// Whether the server tells of new mail by itself.
        pushes: bool,
        /// Folders that are taken in and called something else now: their names before and now.
        renamed: Vec<(String, String)>,
        /// How full the mailbox is, where the server says so.
        usage: Option<Usage>,
    },
    /// A folder is open.
    Opened {
        /// What the server says of it.
        opened: Opened,
        /// What changed since, where that came along.
        changes: Option<Changes>,
    },
    /// What changed in the open folder.
    Changed(Changes),
    /// What changed was told.
    Told,
    /// A folder is not there, or can't be opened.
    CannotOpen(String),
    /// The UIDs that exist in the range asked for.
    Listed(Vec<u32>),
    /// What is known of the messages asked for.
    Sized(Vec<MessageMeta>),
    /// Bodies that came, durable.
    Fetched {
        /// UID and blob of each.
        stored: Vec<(u32, BlobId)>,
        /// Whether the server spoke of new mail meanwhile.
        news: bool,
    },
    /// Of the messages that didn't come, those that exist.
    Confirmed(Vec<u32>),
    /// A fetch failed.
    FetchFailed {
        /// How.
        trouble: FetchTrouble,
        /// Random, `0..1000`.
        jitter: u16,
    },
    /// A batch is committed.
    Committed,
    /// The port can't, just now.
    PortAway {
        /// Why.
        reason: String,
        /// Random, `0..1000`.
        jitter: u16,
    },
    /// A folder's counts.
    Counted(Opened),
    /// A wait is over.
    Waited,
    /// The connection failed or ended.
    Lost {
        /// Why.
        error: ConnectError,
        /// Random, `0..1000`.
        jitter: u16,
    },
}

/// How a fetch failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchTrouble {
    /// The server said no; the session goes on.
    Refused(String),
    /// The answer could not be understood; the session is over.
    Unparsable,
    /// The connection ended.
    Lost(ConnectError),
    /// The connection ended in the middle of a large message of which more is known now than before.
    Interrupted(ConnectError),
}

/// What to do. Each answer of the machine holds at most one that isn't [`Effect::Health`] or
/// [`Effect::Remarks`], and it gives exactly one input back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Connect, sign in, list the folders.
    Connect,
    /// Open a folder for reading.
    Open {
        /// Which.
        folder: String,
        /// What is known of it.
        known: Option<Known>,
    },
    /// Ask what changed in the open folder.
    Changes(Known),
    /// Tell what changed.
    Tell {
        /// In which folder.
        folder: String,
        /// Under which its UIDs are valid.
        uidvalidity: u32,
        /// What.
        changes: Changes,
    },
    /// List the folders again, and ask how full the mailbox is: a folder that is missing may be back.
    Relist,
    /// List the UIDs that exist from the first to the second, which may be `u32::MAX`.
    List(u32, u32),
    /// Ask for size, date and flags.
    Size(Vec<u32>),
    /// Fetch bodies and store them.
    Fetch(Vec<MessageMeta>),
    /// Ask which of these exist.
    Confirm(Vec<u32>),
    /// Commit a batch.
    Commit {
        /// The messages.
        batch: Vec<Arrived>,
        /// The cursor and where it stands.
        progress: FolderProgress,
    },
    /// Count a folder that isn't open.
    Count(String),
    /// Wait for the server to tell, at most so many milliseconds.
    Idle(i64),
    /// Wait, then ask the server whether there is news.
    Poll(i64),
    /// Wait without a connection.
    Sleep(i64),
    /// Wait until the account is changed.
    Rest,
    /// Tell how it is going.
    Health(HealthState),
    /// Tell what a person should know of the folders.
    Remarks(Vec<MailboxRemark>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Start,
    Connection,
    Opening(usize),
    ListOfNew(usize),
    ListOfOld(usize, u32),
    Work,
    Changes(usize),
    Telling(usize),
    Count(usize),
    Wait,
    Pause,
}

/// The machine.
#[derive(Debug)]
pub struct FolderSync {
    tracks: Vec<Track>,
    cursors: Vec<FolderCursor>,
    live_since: Timestamp,
    follows: Vec<Follows>,
    renamed: Vec<(String, String)>,
    /// Folders that got other numbers, and when that was seen.
    renumbered: Vec<(String, Timestamp)>,
    /// How full the mailbox is, and when that and the folders were asked.
    usage: Option<Usage>,
    asked_at: Timestamp,
    /// What was remarked last.
    remarks: Vec<MailboxRemark>,
    connected: bool,
    pushes: bool,
    open: Option<usize>,
    work: Option<Work>,
    /// Messages asked for at once, halved by failures and doubled by committed batches.
    cap: usize,
    /// Failures of single messages of the current batch.
    strikes: HashMap<u32, u32>,
    /// What the server said when it refused one of them.
    refusals: HashMap<u32, String>,
    /// What was fetched, by the names the provider gives its messages.
    by_provider_id: HashMap<u64, BlobId>,
    backoff: Backoff,
    expecting: Expecting,
    /// When INBOX was last looked at.
    inbox_seen: Timestamp,
    /// When flags were last compared.
    flags_seen: Timestamp,
    health: HealthState,
    trouble: Option<HealthState>,
}

impl Default for FolderSync {
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            cursors: Vec::new(),
            live_since: Timestamp(0),
            follows: Vec::new(),
            renamed: Vec::new(),
            renumbered: Vec::new(),
            usage: None,
            asked_at: Timestamp(0),
            remarks: Vec::new(),
            connected: false,
            pushes: false,
            open: None,
            work: None,
            cap: FIRST_BATCH,
            strikes: HashMap::new(),
            refusals: HashMap::new(),
            by_provider_id: HashMap::new(),
            backoff: Backoff::default(),
            expecting: Expecting::Start,
            inbox_seen: Timestamp(0),
            flags_seen: Timestamp(0),
            health: HealthState::Connecting,
            trouble: None,
        }
    }
}

impl FolderSync {
    /// What to do after what happened.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let effect = match input {
            Input::Started {
                cursors,
                live_since,
                follows,
            } => {
                (self.cursors, self.live_since, self.follows) = (cursors, live_since, follows);
                self.next(now)
            }
            Input::Connected {
                folders,
                pushes,
                renamed,
                usage,
            } => {
                self.connected(folders, pushes, renamed);
                (self.usage, self.asked_at) = (usage, now);
                self.next(now)
            }
            Input::Opened { opened, changes } => {
                self.opened(now, opened, changes);
                self.next(now)
            }
            Input::Changed(changes) => {
                if let Expecting::Changes(at) = self.expecting
                    && let Some(track) = self.tracks.get_mut(at)
                {
                    track.changed(changes);
                }
                self.next(now)
            }
            Input::Told => {
                if let Expecting::Telling(at) = self.expecting
                    && let Some(track) = self.tracks.get_mut(at)
                    && let Some(changes) = track.changes.take()
                {
                    track.told(changes.modseq);
                }
                self.next(now)
            }
            Input::CannotOpen(reply) => self.cannot_open(now, reply),
            Input::Listed(uids) => {
                self.listed(uids);
                self.next(now)
            }
            Input::Sized(metas) => {
                self.sized(now, metas);
                self.next(now)
            }
            Input::Fetched { stored, news } => {
                self.fetched(now, stored, news);
                self.next(now)
            }
            Input::Confirmed(existing) => {
                self.confirmed(now, &existing);
                self.next(now)
            }
            Input::FetchFailed { trouble, jitter } => self.fetch_failed(now, trouble, jitter),
            Input::Committed => {
                self.committed();
                self.next(now)
            }
            Input::PortAway { reason, jitter } => {
                let pause = self.backoff.pause_ms(jitter);
                self.trouble = Some(HealthState::RefereeAway {
                    reason,
                    retry_at: now.plus_ms(pause),
                });
                self.expecting = Expecting::Pause;
                Effect::Sleep(pause)
            }
            Input::Counted(opened) => {
                self.counted(opened);
                self.next(now)
            }
            Input::Waited => {
                if self.expecting == Expecting::Wait {
                    // Only a wait that ended well shows that the connection holds.
                    self.backoff.reset();
                    self.tracks.iter_mut().for_each(|track| track.look = true);
                    self.check_flags(now);
                    let missing = |remark: &MailboxRemark| matches!(remark, MailboxRemark::FolderGone { .. });
                    let late = now.since_ms(self.asked_at) >= ROUND_MS;
                    if self.connected && (late || self.remarks.iter().any(missing)) {
                        self.expecting = Expecting::Connection;
                        return vec![Effect::Relist];
                    }
                }
                self.next(now)
            }
            Input::Lost { error, jitter } => self.lost(now, error, jitter),
        };
        let mut effects = Vec::with_capacity(3);
        let health = self.current_health(&effect);
        if health != self.health {
            self.health = health.clone();
            effects.push(Effect::Health(health));
        }
        let remarks = self.current_remarks();
        if remarks != self.remarks {
            self.remarks.clone_from(&remarks);
            effects.push(Effect::Remarks(remarks));
        }
        effects.push(effect);
        effects
    }

    /// What is out of the ordinary with the folders. While nothing is known of them, what was known stands.
    fn current_remarks(&self) -> Vec<MailboxRemark> {
        if self.tracks.is_empty() || !self.connected {
            return self.remarks.clone();
        }
        // Where one folder has every message, what a team sorted into others is there as well.
        let has_all = self.tracks.iter().any(|track| track.folder.role == FolderRole::All);
        let gone = self.follows.iter().filter(|one| {
            let here = |track: &Track| track.folder.name == one.name;
            !has_all && !self.tracks.iter().any(here)
        });
        let gone = gone.map(|one| MailboxRemark::FolderGone {
            folder: one.name.clone(),
            perhaps: self
                .renamed
                .iter()
                .find(|(before, _)| *before == one.name)
                .map(|(_, now)| now.clone()),
        });
        let renumbered = self
            .renumbered
            .iter()
            .map(|(folder, at)| MailboxRemark::FolderRenumbered {
                folder: folder.clone(),
                at: *at,
            });
        let full = self
            .usage
            .filter(|usage| is_nearly_full(usage.used, usage.limit))
            .map(|Usage { used, limit }| MailboxRemark::NearlyFull { used, limit });
        gone.chain(renumbered).chain(full).collect()
    }

    /// After a wait the open folder is asked what changed: at once where that costs nothing, else now and then.
    fn check_flags(&mut self, now: Timestamp) {
        let Some(track) = self.open.and_then(|at| self.tracks.get_mut(at)) else {
            return;
        };
        let told = track.cursor.as_ref().is_some_and(|cursor| cursor.modseq > 0);
        if told || now.since_ms(self.flags_seen) >= FLAGS_LOOK_MS {
            (track.check, self.flags_seen) = (true, now);
        }
    }

    fn connected(&mut self, folders: Vec<Folder>, pushes: bool, renamed: Vec<(String, String)>) {
        self.renamed = renamed;
        (self.connected, self.pushes, self.open) = (true, pushes, None);
        let mut known: Vec<Track> = std::mem::take(&mut self.tracks);
        for folder in followed(folders, &self.follows) {
            let track = match known.iter().position(|track| track.folder == folder) {
                Some(at) => known.swap_remove(at),
                None => {
                    let cursor = self.cursors.iter().find(|cursor| cursor.folder == folder.wire).cloned();
                    Track::new(folder, cursor)
                }
            };
            self.tracks.push(track);
        }
        self.tracks.iter_mut().for_each(|track| track.look = true);
        // One that is missing may come back: it is gone on with where it stopped.
        known.into_iter().for_each(|track| self.put_by(track));
        self.trouble = None;
        // Where the folders changed, a batch may belong to one that is gone.
        let tracks = &self.tracks;
        self.work = self.work.take().filter(|work| {
            tracks
                .get(work.track)
                .is_some_and(|track| track.folder.wire == work.folder)
        });
    }

    fn current_health(&self, effect: &Effect) -> HealthState {
        if let Some(trouble) = &self.trouble {
            return trouble.clone();
        }
        if self.tracks.is_empty() {
            return match effect {
                Effect::Connect => HealthState::Connecting,
                _ => self.health.clone(),
            };
        }
        if !self.tracks.iter().any(|track| track.cursor.is_some()) {
            return self.health.clone();
        }
        let cursors = || self.tracks.iter().filter_map(|track| track.cursor.as_ref());
        let unread = |track: &Track| track.cursor.as_ref().map_or(track.look, |cursor| !cursor.is_complete());
        // A last batch that is not committed yet is not here yet.
        let finishing = matches!(self.health, HealthState::FirstSync { .. }) && self.work.is_some();
        if finishing || self.tracks.iter().any(unread) {
            let received = cursors().map(|cursor| cursor.received).sum();
            let total = self.tracks.iter().map(|track| {
                let received = track.cursor.as_ref().map_or(0, |cursor| cursor.received);
                track.exists.max(received)
            });
            return HealthState::FirstSync {
                received,
                total: total.sum(),
            };
        }
        HealthState::Ready
    }

    fn opened(&mut self, now: Timestamp, opened: Opened, changes: Option<Changes>) {
        let Expecting::Opening(at) = self.expecting else { return };
        self.open = Some(at);
        let Some(track) = self.tracks.get_mut(at) else { return };
        let renumbered = track
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.uidvalidity != opened.uidvalidity);
        // Where the cursor has no numbers, it was we who wanted it read again.
        let told = renumbered && track.cursor.as_ref().is_some_and(|cursor| cursor.uidvalidity > 0);
        let folder = track.folder.name.clone();
        track.opened(opened, changes);
        if told {
            self.renumbered.retain(|(known, _)| *known != folder);
            self.renumbered.push((folder, now));
        }
        if renumbered {
            self.work = self.work.take().filter(|work| work.track != at);
        }
    }

    fn cannot_open(&mut self, now: Timestamp, reply: String) -> Effect {
        let Expecting::Opening(at) = self.expecting else {
            return self.next(now);
        };
        let Some(track) = self.tracks.get(at) else {
            return self.next(now);
        };
        if matches!(track.folder.role, FolderRole::Inbox | FolderRole::All) {
            let folder = if reply.is_empty() {
                track.folder.name.clone()
            } else {
                format!("{} ({reply})", track.folder.name)
            };
            return self.lost(now, ConnectError::FolderMissing { folder }, 0);
        }
        let track = self.tracks.remove(at);
        self.put_by(track);
        self.work = self.work.take().filter(|work| work.track != at);
        if let Some(work) = self.work.as_mut().filter(|work| work.track > at) {
            work.track -= 1;
        }
        self.next(now)
    }

    /// Remembers how far a folder was read that can't be read just now.
    fn put_by(&mut self, track: Track) {
        if let Some(cursor) = track.cursor.filter(|_| !track.unsaved) {
            self.cursors.retain(|known| known.folder != cursor.folder);
            self.cursors.push(cursor);
        }
    }

    fn listed(&mut self, uids: Vec<u32>) {
        match self.expecting {
            Expecting::ListOfNew(at) => {
                if let Some(track) = self.tracks.get_mut(at) {
                    track.listed_new(uids);
                }
            }
            Expecting::ListOfOld(at, from) => {
                if let Some(track) = self.tracks.get_mut(at) {
                    track.listed_old(uids, from);
                }
            }
            _ => {}
        }
    }

    fn counted(&mut self, opened: Opened) {
        let Expecting::Count(at) = self.expecting else { return };
        if let Some(track) = self.tracks.get_mut(at) {
            let same = track.cursor.as_ref().is_some_and(|cursor| {
                cursor.uidvalidity == opened.uidvalidity
                    && opened.uidnext > 0
                    && opened.uidnext.saturating_sub(1) <= cursor.highest
                    && opened.modseq <= cursor.modseq
                    && cursor.is_complete()
            });
            track.look = !same;
            // Counted and changed: opened next, not counted again.
            if !same && self.open == Some(at) {
                self.open = None;
            }
        }
        self.expecting = if self.tracks.get(at).is_some_and(|track| track.look) {
            Expecting::Opening(at)
        } else {
            Expecting::Wait
        };
    }

    /// Since when what comes into a folder is new.
    fn followed_since(&self, folder: &Folder) -> Timestamp {
        let own = self.follows.iter().find(|one| one.name == folder.name);
        let own = own.filter(|_| matches!(folder.role, FolderRole::Other | FolderRole::Aside));
        own.map_or(self.live_since, |own| own.since.max(self.live_since))
    }

    /// The next thing to do, from everything known.
    fn next(&mut self, now: Timestamp) -> Effect {
        if let Some(work) = &self.work
            && work.stage == Stage::Committing
        {
            return self.commit();
        }
        if !self.connected {
            self.expecting = Expecting::Connection;
            return Effect::Connect;
        }
        if let Some(track) = self.work.as_ref().map(|work| work.track) {
            if self.open != Some(track) {
                return self.open(track);
            }
            return self.work_on();
        }
        if self.open.is_none_or(|at| at == 0) {
            self.inbox_seen = now;
        } else if now.since_ms(self.inbox_seen) >= INBOX_LOOK_MS
            && let Some(inbox) = self.tracks.first_mut()
        {
            // Reading old sent mail must not hold up what arrives.
            (inbox.look, self.inbox_seen) = (true, now);
        }
        let counted_changed = if let Expecting::Opening(at) = self.expecting {
            Some(at)
        } else {
            None
        };
        for at in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(at) else { continue };
            if !track.has_work() {
                continue;
            }
            if self.open != Some(at) {
                let known = !track.unsaved && track.cursor.as_ref().is_some_and(FolderCursor::is_complete);
                // A folder that was read to the end is counted from outside before it is opened again.
                if self.open.is_some() && known && track.new.is_empty() && counted_changed != Some(at) {
                    self.expecting = Expecting::Count(at);
                    return Effect::Count(track.folder.wire.clone());
                }
                return self.open(at);
            }
            let Some(cursor) = &track.cursor else {
                return self.open(at);
            };
            if track.look {
                self.expecting = Expecting::ListOfNew(at);
                return Effect::List(cursor.highest.saturating_add(1), u32::MAX);
            }
            if !track.new.is_empty() {
                let uids = track.new.iter().copied().take(self.cap).collect();
                return self.begin(at, uids, true);
            }
            if let Some(changes) = &track.changes {
                self.expecting = Expecting::Telling(at);
                return Effect::Tell {
                    folder: track.folder.wire.clone(),
                    uidvalidity: cursor.uidvalidity,
                    changes: changes.clone(),
                };
            }
            if !track.old.is_empty() {
                let uids = track.old.iter().rev().copied().take(self.cap).collect();
                return self.begin(at, uids, false);
            }
            if track.listed_from > 1 {
                let from = track.listed_from.saturating_sub(track.window).max(1);
                self.expecting = Expecting::ListOfOld(at, from);
                return Effect::List(from, track.listed_from.saturating_sub(1));
            }
            if !cursor.is_complete() || track.unsaved {
                // Nothing older exists, or something is known of the folder that is not kept yet: say so.
                return self.begin(at, Vec::new(), false);
            }
        }
        if let Some(known) = self.due_for_check() {
            return Effect::Changes(known);
        }
        if self.open != Some(0) {
            return self.open(0);
        }
        self.expecting = Expecting::Wait;
        if self.pushes {
            Effect::Idle(LOOK_MS)
        } else {
            Effect::Poll(POLL_MS)
        }
    }

    /// The open folder, if it is to be asked what changed.
    fn due_for_check(&mut self) -> Option<Known> {
        let at = self.open?;
        let track = self.tracks.get_mut(at).filter(|track| track.check)?;
        self.expecting = Expecting::Changes(at);
        track.known()
    }

    fn open(&mut self, at: usize) -> Effect {
        self.expecting = Expecting::Opening(at);
        self.open = None;
        let track = self.tracks.get(at);
        Effect::Open {
            folder: track.map(|track| track.folder.wire.clone()).unwrap_or_default(),
            known: track.and_then(Track::known),
        }
    }

    fn lost(&mut self, now: Timestamp, error: ConnectError, jitter: u16) -> Effect {
        (self.connected, self.open, self.expecting) = (false, None, Expecting::Pause);
        match self.backoff.pause_for(&error, jitter) {
            Some(pause) => {
                self.trouble = Some(HealthState::Waiting {
                    error,
                    retry_at: now.plus_ms(pause),
                });
                Effect::Sleep(pause)
            }
            None => {
                self.trouble = Some(HealthState::NeedsChange { error });
                Effect::Rest
            }
        }
    }
}

/// The folders that are followed, the one that mail arrives in first. Where one has every message once that one is enough.
fn followed(folders: Vec<Folder>, follows: &[Follows]) -> Vec<Folder> {
    if let Some(all) = folders.iter().find(|folder| folder.role == FolderRole::All) {
        return vec![all.clone()];
    }
    let inbox = folders.iter().find(|folder| folder.role == FolderRole::Inbox).cloned();
    let inbox = inbox.unwrap_or_else(|| Folder {
        wire: "INBOX".to_owned(),
        name: "INBOX".to_owned(),
        role: FolderRole::Inbox,
    });
    let sent = folders.iter().find(|folder| folder.role == FolderRole::Sent).cloned();
    // Answers are known before what they answer: nobody shall be told of a question that was settled.
    let own = |folder: &Folder| {
        matches!(folder.role, FolderRole::Other | FolderRole::Aside)
            && follows.iter().any(|one| one.name == folder.name)
    };
    std::iter::once(inbox)
        .chain(sent)
        .chain(folders.into_iter().filter(own))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
