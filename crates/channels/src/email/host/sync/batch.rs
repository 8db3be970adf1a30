//! One batch on its way: sizes, bodies, and the commit that moves the cursor; and how a message that can't be fetched is narrowed down to.

use baton_domain::{BlobId, Timestamp};

use super::track::is_history;
use super::{Effect, Expecting, FetchTrouble, FolderSync};
use crate::email::host::port::{Arrived, FolderProgress};
use crate::email::imap::{FolderRole, MAX_MESSAGE_BYTES, MessageMeta};

/// Messages asked for at once. Each is looked for among the answers, so that one that is lost is asked for again.
pub(super) const MAX_BATCH: usize = 400;
/// Bytes fetched at once, unless a single message has more.
pub(super) const MAX_GROUP_BYTES: u64 = 8 * 1024 * 1024;
/// Messages remembered by the names their provider gives them.
const REMEMBERED: usize = 100_000;
/// How often a single message may end the connection before it is set aside.
const LOST_STRIKES: u32 = 3;
/// How often a single message may be refused, missing or unparsable before it is set aside.
const REFUSED_STRIKES: u32 = 2;

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) track: usize,
    pub(super) folder: String,
    pub(super) uids: Vec<u32>,
    /// New mail, or old.
    pub(super) new: bool,
    pub(super) stage: Stage,
    /// Known and still to fetch.
    pub(super) metas: Vec<MessageMeta>,
    pub(super) arrived: Vec<Arrived>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Sizing,
    Fetching(usize),
    Confirming(Vec<u32>),
    Committing,
}

impl FolderSync {
    pub(super) fn begin(&mut self, track: usize, uids: Vec<u32>, new: bool) -> Effect {
        let stage = if uids.is_empty() {
            Stage::Committing
        } else {
            Stage::Sizing
        };
        let folder = self
            .tracks
            .get(track)
            .map(|track| track.folder.wire.clone())
            .unwrap_or_default();
        self.work = Some(Work {
            track,
            folder,
            uids,
            new,
            stage,
            metas: Vec::new(),
            arrived: Vec::new(),
        });
        self.work_on()
    }

    pub(super) fn work_on(&mut self) -> Effect {
        self.expecting = Expecting::Work;
        let Some(work) = &mut self.work else {
            return Effect::Sleep(0);
        };
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

    /// Sizes are known. What is too large is set aside before a byte of it is fetched; what has no size may be gone.
    pub(super) fn sized(&mut self, now: Timestamp, metas: Vec<MessageMeta>) {
        let Some(mut work) = self.work.take() else { return };
        let known = |uid: &u32| metas.iter().any(|meta| meta.uid == *uid);
        let gone: Vec<u32> = work.uids.iter().copied().filter(|uid| !known(uid)).collect();
        let (large, metas): (Vec<_>, Vec<_>) = metas.into_iter().partition(|meta| meta.size > MAX_MESSAGE_BYTES);
        for meta in large {
            let reason = format!(
                "the message has {} bytes; Baton reads up to {MAX_MESSAGE_BYTES}",
                meta.size
            );
            let aside = self.arrived(now, &work, meta.uid, Some(&meta), None, Some(reason));
            work.arrived.extend(aside);
        }
        // Where the provider names its messages, one that was fetched from another folder is not fetched again.
        let (known, metas): (Vec<_>, Vec<_>) = metas.into_iter().partition(|meta| self.fetched_before(meta).is_some());
        for meta in known {
            let blob = self.fetched_before(&meta).cloned();
            let arrived = self.arrived(now, &work, meta.uid, Some(&meta), blob, None);
            work.arrived.extend(arrived);
        }
        work.metas = metas;
        work.stage = if gone.is_empty() {
            Stage::Fetching(0)
        } else {
            Stage::Confirming(gone)
        };
        self.work = Some(work);
    }

    fn fetched_before(&self, meta: &MessageMeta) -> Option<&BlobId> {
        self.by_provider_id.get(&meta.provider_id?)
    }

    pub(super) fn fetched(&mut self, now: Timestamp, stored: Vec<(u32, BlobId)>, news: bool) {
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
                    if let Some(id) = meta.provider_id.filter(|_| self.by_provider_id.len() < REMEMBERED) {
                        self.by_provider_id.insert(id, blob.clone());
                    }
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

    /// Messages that did not come: those that don't exist any more are accounted for as gone; the others count a strike.
    pub(super) fn confirmed(&mut self, now: Timestamp, existing: &[u32]) {
        let Some(mut work) = self.work.take() else { return };
        if let Stage::Confirming(missing) = std::mem::replace(&mut work.stage, Stage::Fetching(0)) {
            for uid in missing.iter().copied().filter(|uid| !existing.contains(uid)) {
                let meta = work.metas.iter().find(|meta| meta.uid == uid).cloned();
                let gone = self.arrived(now, &work, uid, meta.as_ref(), None, None);
                work.arrived
                    .extend(gone.map(|arrived| Arrived { gone: true, ..arrived }));
            }
            work.metas
                .retain(|meta| !missing.contains(&meta.uid) || existing.contains(&meta.uid));
            for uid in missing.into_iter().filter(|uid| existing.contains(uid)) {
                self.cap = 1;
                let meta = work.metas.iter().find(|meta| meta.uid == uid).cloned();
                if meta.is_none() || self.strike(uid) >= REFUSED_STRIKES {
                    work.metas.retain(|meta| meta.uid != uid);
                    let reason = match self.refusals.get(&uid) {
                        Some(reply) => format!("the server does not hand it over: {reply}"),
                        None => "the server lists the message and does not hand it over".to_owned(),
                    };
                    let aside = self.arrived(now, &work, uid, meta.as_ref(), None, Some(reason));
                    work.arrived.extend(aside);
                }
            }
        }
        self.work = Some(work);
    }

    pub(super) fn fetch_failed(&mut self, now: Timestamp, trouble: FetchTrouble, jitter: u16) -> Effect {
        if let FetchTrouble::Interrupted(error) = trouble {
            self.backoff.reset();
            return self.lost(now, error, jitter);
        }
        if let Some(mut work) = self.work.take() {
            let asked: Vec<u32> = match &work.stage {
                Stage::Fetching(group) => work.metas.iter().take(*group).map(|meta| meta.uid).collect(),
                _ => work.uids.clone(),
            };
            match asked.as_slice() {
                // It may be gone: that is asked first.
                [uid] if matches!(trouble, FetchTrouble::Refused(_)) => {
                    if let FetchTrouble::Refused(reply) = &trouble {
                        self.refusals.insert(*uid, reply.clone());
                    }
                    work.stage = Stage::Confirming(vec![*uid]);
                    self.work = Some(work);
                }
                [uid] => {
                    let uid = *uid;
                    let allowed = if matches!(trouble, FetchTrouble::Lost(_)) {
                        LOST_STRIKES
                    } else {
                        REFUSED_STRIKES
                    };
                    if self.strike(uid) >= allowed {
                        let reason = match &trouble {
                            FetchTrouble::Refused(reply) => format!("the server does not hand it over: {reply}"),
                            FetchTrouble::Unparsable => "the server's answer can't be understood".to_owned(),
                            FetchTrouble::Lost(error) | FetchTrouble::Interrupted(error) => {
                                format!("every attempt ended the connection: {error}")
                            }
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
            FetchTrouble::Lost(error) | FetchTrouble::Interrupted(error) => self.lost(now, error, jitter),
        }
    }

    /// One more failure of this message; how many there are.
    fn strike(&mut self, uid: u32) -> u32 {
        let count = self.strikes.entry(uid).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    fn arrived(
        &self,
        now: Timestamp,
        work: &Work,
        uid: u32,
        meta: Option<&MessageMeta>,
        blob: Option<BlobId>,
        unreadable: Option<String>,
    ) -> Option<Arrived> {
        let track = self.tracks.get(work.track)?;
        let cursor = track.cursor.as_ref()?;
        let internal_date = meta.and_then(|meta| meta.internal_date).unwrap_or(now);
        Some(Arrived {
            folder: track.folder.wire.clone(),
            role: role_of(track.folder.role, meta),
            uidvalidity: cursor.uidvalidity,
            uid,
            internal_date,
            flags: meta.map(|meta| meta.flags.clone()).unwrap_or_default(),
            blob,
            unreadable,
            gone: false,
            size: meta.map_or(0, |meta| meta.size),
            history: is_history(cursor, self.followed_since(&track.folder), uid, internal_date),
        })
    }

    pub(super) fn commit(&mut self) -> Effect {
        self.expecting = Expecting::Work;
        let progress = self.work.as_ref().and_then(|work| Some((work, self.progress(work)?)));
        match progress {
            Some((work, progress)) => Effect::Commit {
                batch: work.arrived.clone(),
                progress,
            },
            None => {
                self.work = None;
                Effect::Sleep(0)
            }
        }
    }

    fn progress(&self, work: &Work) -> Option<FolderProgress> {
        let track = self.tracks.get(work.track)?;
        track.progress(&work.uids, work.new, work.arrived.len())
    }

    pub(super) fn committed(&mut self) {
        self.backoff.reset();
        self.strikes.clear();
        self.refusals.clear();
        self.trouble = None;
        if let Some(work) = self.work.take()
            && let Some(track) = self.tracks.get_mut(work.track)
        {
            track.committed(&work.uids, work.new, work.arrived.len());
        }
        self.cap = self.cap.saturating_mul(2).min(MAX_BATCH);
    }
}

/// What a message is: its folder says so, or, where a folder has everything, its labels.
fn role_of(folder: FolderRole, meta: Option<&MessageMeta>) -> FolderRole {
    match folder {
        FolderRole::All if meta.is_some_and(MessageMeta::is_sent) => FolderRole::Sent,
        FolderRole::All => FolderRole::Inbox,
        role => role,
    }
}
