//! What to fetch next.
//!
//! New mail goes before old, INBOX before the sent folder, the newest of the old first. Batches are small, sizes are asked before
//! bodies, and a cursor moves only with the batch it covers. A message that can't be fetched is narrowed down to, set aside with its
//! reason, and never stops the others. After a renumbering (UIDVALIDITY) everything is read again, as history.

use std::collections::HashMap;

use baton_domain::{BlobId, Timestamp};

use super::backoff::Backoff;
use super::health::HealthState;
use super::port::{Arrived, FolderCursor, FolderProgress};
use crate::email::account::ConnectError;
use crate::email::imap::{Folder, FolderRole, MessageMeta, Opened};

/// Messages asked for at once; more make servers and the library lose some.
const MAX_BATCH: usize = 100;
/// The first batch of a mailbox: what fills the first screen.
const FIRST_BATCH: usize = 50;
/// Bytes fetched at once, unless a single message has more.
const MAX_GROUP_BYTES: u64 = 8 * 1024 * 1024;
/// The range of UIDs first asked for existing ones; it doubles where messages are sparse.
const FIRST_WINDOW: u32 = 5_000;
/// Listed messages from which on the range is wide enough.
const FULL_WINDOW: usize = 1_000;
/// How often the sent folder is looked at, and INBOX where the server doesn't tell.
const LOOK_MS: i64 = 60_000;
/// How often INBOX is looked at while another folder is read.
const INBOX_LOOK_MS: i64 = 10_000;
const POLL_MS: i64 = 30_000;
/// How often a single message may end the connection before it is set aside.
const LOST_STRIKES: u32 = 3;
/// How far a mail server's clock may be behind ours before new mail looks old to us.
const CLOCK_SKEW_MS: i64 = 60 * 60_000;
/// How often a single message may be refused, missing or unparsable before it is set aside.
const REFUSED_STRIKES: u32 = 2;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The host begins, with what was committed before.
    Started {
        /// The port's cursors.
        cursors: Vec<FolderCursor>,
        /// Since when the account is live.
        live_since: Timestamp,
    },
    /// Signed in.
    Connected {
        /// The folders there are.
        folders: Vec<Folder>,
        /// Whether the server tells of new mail by itself.
        pushes: bool,
    },
    /// A folder is open.
    Opened(Opened),
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
}

/// What to do. Each answer of the machine holds at most one that isn't [`Effect::Health`], and it gives exactly one input back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Connect, sign in, list the folders.
    Connect,
    /// Open a folder for reading.
    Open(String),
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
}

/// A folder that is followed.
#[derive(Debug)]
struct Track {
    folder: Folder,
    cursor: Option<FolderCursor>,
    exists: u32,
    /// New UIDs still to fetch, ascending.
    new: Vec<u32>,
    /// Old UIDs still to fetch, ascending; everything from `listed_from` up to the cursor's `lowest` that exists.
    old: Vec<u32>,
    listed_from: u32,
    window: u32,
    /// Whether it must be looked at for new mail.
    look: bool,
    /// Whether the port does not know of it yet.
    unsaved: bool,
}

impl Track {
    fn new(folder: Folder, cursor: Option<FolderCursor>) -> Self {
        Self { folder, cursor, exists: 0, new: Vec::new(), old: Vec::new(), listed_from: u32::MAX, window: FIRST_WINDOW, look: true, unsaved: false }
    }

    fn opened(&mut self, opened: Opened) {
        self.exists = opened.exists;
        let top = opened.uidnext.saturating_sub(1);
        match &self.cursor {
            Some(cursor) if cursor.uidvalidity == opened.uidvalidity => self.look = top > cursor.highest || !self.new.is_empty(),
            before => {
                self.cursor = Some(FolderCursor {
                    folder: self.folder.wire.clone(),
                    uidvalidity: opened.uidvalidity,
                    lowest: opened.uidnext.max(1),
                    highest: top,
                    received: 0,
                    found_below: opened.uidnext,
                    renumbered: before.is_some(),
                });
                (self.new, self.old, self.look, self.unsaved) = (Vec::new(), Vec::new(), false, true);
                (self.listed_from, self.window) = (opened.uidnext.max(1), FIRST_WINDOW);
            }
        }
        if let Some(cursor) = &self.cursor {
            self.listed_from = self.listed_from.min(cursor.lowest);
        }
    }

    fn has_work(&self) -> bool {
        self.look || self.unsaved || !self.new.is_empty() || self.cursor.as_ref().is_none_or(|cursor| !cursor.is_complete())
    }
}

/// A batch on its way.
#[derive(Debug)]
struct Work {
    track: usize,
    folder: String,
    uids: Vec<u32>,
    /// New mail, or old.
    new: bool,
    stage: Stage,
    /// Known and still to fetch.
    metas: Vec<MessageMeta>,
    arrived: Vec<Arrived>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Sizing,
    Fetching(usize),
    Confirming(Vec<u32>),
    Committing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Start,
    Connection,
    Opening(usize),
    ListOfNew(usize),
    ListOfOld(usize, u32),
    Work,
    Count(usize),
    Wait,
    Pause,
}

/// The machine.
#[derive(Debug)]
pub struct Sync {
    tracks: Vec<Track>,
    cursors: Vec<FolderCursor>,
    live_since: Timestamp,
    connected: bool,
    pushes: bool,
    open: Option<usize>,
    work: Option<Work>,
    /// Messages asked for at once, halved by failures and doubled by committed batches.
    cap: usize,
    /// Failures of single messages of the current batch.
    strikes: HashMap<u32, u32>,
    backoff: Backoff,
    expecting: Expecting,
    /// When INBOX was last looked at.
    inbox_seen: Timestamp,
    health: HealthState,
    trouble: Option<HealthState>,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            cursors: Vec::new(),
            live_since: Timestamp(0),
            connected: false,
            pushes: false,
            open: None,
            work: None,
            cap: FIRST_BATCH,
            strikes: HashMap::new(),
            backoff: Backoff::default(),
            expecting: Expecting::Start,
            inbox_seen: Timestamp(0),
            health: HealthState::Connecting,
            trouble: None,
        }
    }
}

impl Sync {
    /// What to do after what happened.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let effect = match input {
            Input::Started { cursors, live_since } => {
                (self.cursors, self.live_since) = (cursors, live_since);
                self.next(now)
            }
            Input::Connected { folders, pushes } => {
                self.connected(folders, pushes);
                self.next(now)
            }
            Input::Opened(opened) => {
                self.opened(opened);
                self.next(now)
            }
            Input::CannotOpen(reply) => self.cannot_open(now, reply),
            Input::Listed(uids) => {
                self.listed(uids);
                self.next(now)
            }
            Input::Sized(metas) => {
                if let Some(work) = &mut self.work {
                    let gone: Vec<u32> = work.uids.iter().copied().filter(|uid| !metas.iter().any(|meta| meta.uid == *uid)).collect();
                    work.metas = metas;
                    work.stage = if gone.is_empty() { Stage::Fetching(0) } else { Stage::Confirming(gone) };
                }
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
                self.trouble = Some(HealthState::RefereeAway { reason, retry_at: now.plus_ms(pause) });
                self.expecting = Expecting::Pause;
                Effect::Sleep(pause)
            }
            Input::Counted(opened) => {
                self.counted(opened);
                self.next(now)
            }
            Input::Waited => {
                if self.expecting == Expecting::Wait {
                    self.tracks.iter_mut().for_each(|track| track.look = true);
                }
                self.next(now)
            }
            Input::Lost { error, jitter } => self.lost(now, error, jitter),
        };
        let mut effects = Vec::with_capacity(2);
        let health = self.current_health(&effect);
        if health != self.health {
            self.health = health.clone();
            effects.push(Effect::Health(health));
        }
        effects.push(effect);
        effects
    }

    fn connected(&mut self, folders: Vec<Folder>, pushes: bool) {
        (self.connected, self.pushes, self.open) = (true, pushes, None);
        let inbox = folders.iter().find(|folder| folder.role == FolderRole::Inbox).cloned();
        let inbox = inbox.unwrap_or_else(|| Folder { wire: "INBOX".to_owned(), name: "INBOX".to_owned(), role: FolderRole::Inbox });
        let sent = folders.into_iter().find(|folder| folder.role == FolderRole::Sent);
        let mut known: Vec<Track> = std::mem::take(&mut self.tracks);
        for folder in std::iter::once(inbox).chain(sent) {
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
        self.trouble = None;
        // Where the folders changed, a batch may belong to one that is gone.
        let tracks = &self.tracks;
        self.work = self.work.take().filter(|work| tracks.get(work.track).is_some_and(|track| track.folder.wire == work.folder));
    }

    fn current_health(&self, effect: &Effect) -> HealthState {
        if let Some(trouble) = &self.trouble {
            return trouble.clone();
        }
        let first_sync = self.tracks.first().and_then(|inbox| Some((inbox.cursor.as_ref()?, inbox.exists)));
        match (first_sync, effect) {
            (_, Effect::Connect) if self.tracks.is_empty() => HealthState::Connecting,
            (Some((cursor, exists)), _) if !cursor.is_complete() => {
                HealthState::FirstSync { received: cursor.received, total: exists.max(cursor.received) }
            }
            (Some(_), _) => HealthState::Ready,
            (None, _) => self.health.clone(),
        }
    }

    fn opened(&mut self, opened: Opened) {
        let Expecting::Opening(at) = self.expecting else { return };
        self.open = Some(at);
        let Some(track) = self.tracks.get_mut(at) else { return };
        let renumbered = track.cursor.as_ref().is_some_and(|cursor| cursor.uidvalidity != opened.uidvalidity);
        track.opened(opened);
        if renumbered {
            self.work = self.work.take().filter(|work| work.track != at);
        }
    }

    fn cannot_open(&mut self, now: Timestamp, reply: String) -> Effect {
        let Expecting::Opening(at) = self.expecting else { return self.next(now) };
        let Some(track) = self.tracks.get(at) else { return self.next(now) };
        if track.folder.role == FolderRole::Inbox {
            let folder = if reply.is_empty() { track.folder.name.clone() } else { format!("{} ({reply})", track.folder.name) };
            return self.lost(now, ConnectError::FolderMissing { folder }, 0);
        }
        self.tracks.remove(at);
        self.work = self.work.take().filter(|work| work.track != at);
        self.next(now)
    }

    fn listed(&mut self, uids: Vec<u32>) {
        match self.expecting {
            Expecting::ListOfNew(at) => {
                if let Some(track) = self.tracks.get_mut(at) {
                    let highest = track.cursor.as_ref().map_or(0, |cursor| cursor.highest);
                    // `n:*` gives the last message even where it lies below n (RFC 3501, 6.4.8).
                    track.new = uids.into_iter().filter(|uid| *uid > highest).collect();
                    track.look = false;
                }
            }
            Expecting::ListOfOld(at, from) => {
                if let Some(track) = self.tracks.get_mut(at) {
                    let below = track.listed_from;
                    let mut older: Vec<u32> = uids.into_iter().filter(|uid| (from..below).contains(uid)).collect();
                    if older.len() < FULL_WINDOW {
                        track.window = track.window.saturating_mul(2);
                    }
                    older.append(&mut track.old);
                    (track.old, track.listed_from) = (older, from);
                }
            }
            _ => {}
        }
    }

    fn counted(&mut self, opened: Opened) {
        let Expecting::Count(at) = self.expecting else { return };
        if let Some(track) = self.tracks.get_mut(at) {
            let same = track.cursor.as_ref().is_some_and(|cursor| {
                cursor.uidvalidity == opened.uidvalidity && opened.uidnext > 0 && opened.uidnext.saturating_sub(1) <= cursor.highest && cursor.is_complete()
            });
            track.look = !same;
            // Counted and changed: opened next, not counted again.
            if !same && self.open == Some(at) {
                self.open = None;
            }
        }
        self.expecting = if self.tracks.get(at).is_some_and(|track| track.look) { Expecting::Opening(at) } else { Expecting::Wait };
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
        } else if now.since_ms(self.inbox_seen) >= INBOX_LOOK_MS && let Some(inbox) = self.tracks.first_mut() {
            // Reading old sent mail must not hold up what arrives.
            (inbox.look, self.inbox_seen) = (true, now);
        }
        let counted_changed = if let Expecting::Opening(at) = self.expecting { Some(at) } else { None };
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
            let Some(cursor) = &track.cursor else { return self.open(at) };
            if track.look {
                self.expecting = Expecting::ListOfNew(at);
                return Effect::List(cursor.highest.saturating_add(1), u32::MAX);
            }
            if !track.new.is_empty() {
                let uids = track.new.iter().copied().take(self.cap).collect();
                return self.begin(at, uids, true);
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
            // Nothing older exists: say so, so that nobody looks again.
            return self.begin(at, Vec::new(), false);
        }
        if self.open != Some(0) {
            return self.open(0);
        }
        self.backoff.reset();
        self.expecting = Expecting::Wait;
        if self.pushes { Effect::Idle(LOOK_MS) } else { Effect::Poll(POLL_MS) }
    }

    fn open(&mut self, at: usize) -> Effect {
        self.expecting = Expecting::Opening(at);
        self.open = None;
        Effect::Open(self.tracks.get(at).map(|track| track.folder.wire.clone()).unwrap_or_default())
    }

    fn begin(&mut self, track: usize, uids: Vec<u32>, new: bool) -> Effect {
        let stage = if uids.is_empty() { Stage::Committing } else { Stage::Sizing };
        let folder = self.tracks.get(track).map(|track| track.folder.wire.clone()).unwrap_or_default();
        self.work = Some(Work { track, folder, uids, new, stage, metas: Vec::new(), arrived: Vec::new() });
        self.work_on()
    }

    fn work_on(&mut self) -> Effect {
        self.expecting = Expecting::Work;
        let Some(work) = &mut self.work else { return Effect::Sleep(0) };
        match &work.stage {
            Stage::Sizing => Effect::Size(work.uids.clone()),
            Stage::Confirming(missing) => Effect::Confirm(missing.clone()),
            Stage::Fetching(_) if work.metas.is_empty() => {
                work.stage = Stage::Committing;
                self.commit()
            }
            Stage::Fetching(_) => {
                let mut bytes = 0u64;
                let fits = |meta: &&MessageMeta| {
                    bytes += u64::from(meta.size);
                    bytes <= MAX_GROUP_BYTES
                };
                let group = work.metas.iter().take(self.cap.max(1)).take_while(fits).count().max(1);
                work.stage = Stage::Fetching(group);
                Effect::Fetch(work.metas.iter().take(group).cloned().collect())
            }
            Stage::Committing => self.commit(),
        }
    }

    fn fetched(&mut self, now: Timestamp, stored: Vec<(u32, BlobId)>, news: bool) {
        if !stored.is_empty() {
            self.backoff.reset();
        }
        if news && let Some(track) = self.open.and_then(|at| self.tracks.get_mut(at)) {
            track.look = true;
        }
        let Some(mut work) = self.work.take() else { return };
        let Stage::Fetching(group) = work.stage else {
            self.work = Some(work);
            return;
        };
        let rest = work.metas.split_off(group.min(work.metas.len()));
        let asked = std::mem::replace(&mut work.metas, rest);
        let mut missing = Vec::new();
        for meta in asked {
            match stored.iter().find(|(uid, _)| *uid == meta.uid) {
                Some((_, blob)) => {
                    let arrived = self.arrived(now, &work, meta.uid, Some(&meta), Some(blob.clone()), None);
                    work.arrived.extend(arrived);
                }
                None => {
                    missing.push(meta.uid);
                    work.metas.push(meta);
                }
            }
        }
        work.stage = Stage::Fetching(0);
        if missing.len() == group {
            // Nothing of what was asked came: those that exist are asked for one by one, and set aside when that fails too.
            work.stage = Stage::Confirming(missing);
        }
        self.work = Some(work);
    }

    /// Messages that did not come: those that don't exist any more are nobody's loss; the others count a strike.
    fn confirmed(&mut self, now: Timestamp, existing: &[u32]) {
        let Some(mut work) = self.work.take() else { return };
        if let Stage::Confirming(missing) = std::mem::replace(&mut work.stage, Stage::Fetching(0)) {
            work.metas.retain(|meta| !missing.contains(&meta.uid) || existing.contains(&meta.uid));
            for uid in missing.into_iter().filter(|uid| existing.contains(uid)) {
                self.cap = 1;
                let meta = work.metas.iter().find(|meta| meta.uid == uid).cloned();
                if meta.is_none() || self.strike(uid) >= REFUSED_STRIKES {
                    work.metas.retain(|meta| meta.uid != uid);
                    let reason = "the server lists the message and does not hand it over".to_owned();
                    let aside = self.arrived(now, &work, uid, meta.as_ref(), None, Some(reason));
                    work.arrived.extend(aside);
                }
            }
        }
        self.work = Some(work);
    }

    fn fetch_failed(&mut self, now: Timestamp, trouble: FetchTrouble, jitter: u16) -> Effect {
        if let Some(mut work) = self.work.take() {
            let asked: Vec<u32> = match &work.stage {
                Stage::Fetching(group) => work.metas.iter().take(*group).map(|meta| meta.uid).collect(),
                _ => work.uids.clone(),
            };
            match asked.as_slice() {
                [uid] => {
                    let uid = *uid;
                    let allowed = if matches!(trouble, FetchTrouble::Lost(_)) { LOST_STRIKES } else { REFUSED_STRIKES };
                    if self.strike(uid) >= allowed {
                        let reason = match &trouble {
                            FetchTrouble::Refused(reply) => format!("the server does not hand it over: {reply}"),
                            FetchTrouble::Unparsable => "the server's answer can't be understood".to_owned(),
                            FetchTrouble::Lost(error) => format!("every attempt ended the connection: {error}"),
                        };
                        let meta = work.metas.iter().find(|meta| meta.uid == uid).cloned();
                        let aside = self.arrived(now, &work, uid, meta.as_ref(), None, Some(reason));
                        work.arrived.extend(aside);
                        work.metas.retain(|meta| meta.uid != uid);
                        if work.stage == Stage::Sizing {
                            work.stage = Stage::Fetching(0);
                        }
                    }
                    self.work = Some(work);
                }
                several => {
                    self.cap = (several.len() / 2).max(1);
                    // A batch that fails before its sizes are known is taken again, smaller; one that is half fetched goes on.
                    self.work = (work.stage != Stage::Sizing).then_some(work);
                }
            }
        }
        match trouble {
            FetchTrouble::Refused(_) => self.next(now),
            FetchTrouble::Unparsable => {
                (self.connected, self.open) = (false, None);
                self.next(now)
            }
            FetchTrouble::Lost(error) => self.lost(now, error, jitter),
        }
    }

    /// One more failure of this message; how many there are.
    fn strike(&mut self, uid: u32) -> u32 {
        let count = self.strikes.entry(uid).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    fn arrived(&self, now: Timestamp, work: &Work, uid: u32, meta: Option<&MessageMeta>, blob: Option<BlobId>, unreadable: Option<String>) -> Option<Arrived> {
        let track = self.tracks.get(work.track)?;
        let cursor = track.cursor.as_ref()?;
        let internal_date = meta.and_then(|meta| meta.internal_date).unwrap_or(now);
        Some(Arrived {
            folder: track.folder.wire.clone(),
            role: track.folder.role,
            uidvalidity: cursor.uidvalidity,
            uid,
            internal_date,
            flags: meta.map(|meta| meta.flags.clone()).unwrap_or_default(),
            blob,
            unreadable,
            size: meta.map_or(0, |meta| meta.size),
            history: self.is_history(cursor, uid, internal_date),
        })
    }

    /// What was found when the folder was first opened is judged by its date, and after a renumbering not even by that. What came later is
    /// new, unless it is an old message that somebody moved here.
    fn is_history(&self, cursor: &FolderCursor, uid: u32, internal_date: Timestamp) -> bool {
        // Servers count in whole seconds.
        let live = self.live_since.0.div_euclid(1000) * 1000;
        if uid < cursor.found_below { cursor.renumbered || internal_date.0 < live } else { internal_date.0 < live - CLOCK_SKEW_MS }
    }

    fn commit(&mut self) -> Effect {
        self.expecting = Expecting::Work;
        let progress = self.work.as_ref().and_then(|work| Some((work, self.progress(work)?)));
        match progress {
            Some((work, progress)) => Effect::Commit { batch: work.arrived.clone(), progress },
            None => {
                self.work = None;
                Effect::Sleep(0)
            }
        }
    }

    fn progress(&self, work: &Work) -> Option<FolderProgress> {
        let track = self.tracks.get(work.track)?;
        let mut cursor = track.cursor.clone()?;
        if work.new {
            cursor.highest = work.uids.iter().copied().max().unwrap_or(0).max(cursor.highest);
        } else {
            let last = track.old.len() <= work.uids.len();
            let reached = if last { track.listed_from } else { work.uids.iter().copied().min().unwrap_or(cursor.lowest) };
            cursor.lowest = reached.min(cursor.lowest);
        }
        cursor.received = cursor.received.saturating_add(u32::try_from(work.arrived.len()).unwrap_or(u32::MAX));
        let total = track.exists.max(cursor.received);
        Some(FolderProgress { cursor, role: track.folder.role, total })
    }

    fn committed(&mut self) {
        self.backoff.reset();
        self.strikes.clear();
        self.trouble = None;
        let Some(work) = self.work.take() else { return };
        let progress = self.progress(&work);
        if let (Some(track), Some(progress)) = (self.tracks.get_mut(work.track), progress) {
            (track.cursor, track.unsaved) = (Some(progress.cursor), false);
            let list = if work.new { &mut track.new } else { &mut track.old };
            list.retain(|uid| !work.uids.contains(uid));
        }
        self.cap = self.cap.saturating_mul(2).min(MAX_BATCH);
    }

    fn lost(&mut self, now: Timestamp, error: ConnectError, jitter: u16) -> Effect {
        (self.connected, self.open, self.expecting) = (false, None, Expecting::Pause);
        match self.backoff.pause_for(&error, jitter) {
            Some(pause) => {
                self.trouble = Some(HealthState::Waiting { error, retry_at: now.plus_ms(pause) });
                Effect::Sleep(pause)
            }
            None => {
                self.trouble = Some(HealthState::NeedsChange { error });
                Effect::Rest
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
