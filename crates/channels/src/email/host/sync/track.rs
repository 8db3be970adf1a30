//! One folder that is followed: how far it is received, and what is known to be left.

use std::collections::HashSet;

use baton_domain::Timestamp;

use crate::email::host::port::{FolderCursor, FolderProgress};
use crate::email::imap::{Changes, Folder, Known, Opened};

/// The range of UIDs first asked for existing ones; it doubles where messages are sparse.
const FIRST_WINDOW: u32 = 5_000;
/// Listed messages from which on the range is wide enough.
const FULL_WINDOW: usize = 1_000;
/// How far a mail server's clock may be behind ours before new mail looks old to us.
pub(super) const CLOCK_SKEW_MS: i64 = 60 * 60_000;

/// A folder that is followed.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) folder: Folder,
    pub(super) cursor: Option<FolderCursor>,
    pub(super) exists: u32,
    /// New UIDs still to fetch, ascending.
    pub(super) new: Vec<u32>,
    /// Old UIDs still to fetch, ascending; everything from `listed_from` up to the cursor's `lowest` that exists.
    pub(super) old: Vec<u32>,
    pub(super) listed_from: u32,
    pub(super) window: u32,
    /// Whether it must be looked at for new mail.
    pub(super) look: bool,
    /// Whether the port does not know of it yet.
    pub(super) unsaved: bool,
    /// Whether it must be asked what changed.
    pub(super) check: bool,
    /// What changed and is still to be told.
    pub(super) changes: Option<Changes>,
}

impl Track {
    pub(super) fn new(folder: Folder, cursor: Option<FolderCursor>) -> Self {
        Self {
            folder,
            cursor,
            exists: 0,
            new: Vec::new(),
            old: Vec::new(),
            listed_from: u32::MAX,
            window: FIRST_WINDOW,
            look: true,
            unsaved: false,
            check: false,
            changes: None,
        }
    }

    pub(super) fn opened(&mut self, opened: Opened, changes: Option<Changes>) {
        self.exists = opened.exists;
        let top = opened.uidnext.saturating_sub(1);
        match &mut self.cursor {
            Some(cursor) if cursor.uidvalidity == opened.uidvalidity => {
                self.look = top > cursor.highest || !self.new.is_empty();
                cursor.uid_next = opened.uidnext;
                if cursor.modseq == 0 && !cursor.is_complete() {
                    // Flags of what is still to be fetched come with it.
                    cursor.modseq = opened.modseq;
                }
                self.check = changes.is_none();
                if let Some(changes) = changes {
                    self.changed(changes);
                }
            }
            before => {
                self.cursor = Some(FolderCursor {
                    folder: self.folder.wire.clone(),
                    uidvalidity: opened.uidvalidity,
                    lowest: opened.uidnext.max(1),
                    highest: top,
                    received: 0,
                    found_below: opened.uidnext,
                    renumbered: before.is_some(),
                    uid_next: opened.uidnext,
                    modseq: opened.modseq,
                });
                (self.new, self.old, self.look, self.unsaved) = (Vec::new(), Vec::new(), false, true);
                (self.listed_from, self.window) = (opened.uidnext.max(1), FIRST_WINDOW);
                (self.check, self.changes) = (false, None);
            }
        }
        if let Some(cursor) = &self.cursor {
            self.listed_from = self.listed_from.min(cursor.lowest);
        }
    }

    /// It was asked what changed.
    pub(super) fn changed(&mut self, changes: Changes) {
        self.check = false;
        let known = self.cursor.as_ref().map_or(0, |cursor| cursor.modseq);
        if changes.is_empty() {
            self.told(changes.modseq);
        } else if changes.modseq > known || changes.only.is_some() {
            self.changes = Some(changes);
        }
    }

    /// What changed is told: the cursor says so from its next commit on.
    pub(super) fn told(&mut self, modseq: u64) {
        if let Some(cursor) = &mut self.cursor
            && modseq > cursor.modseq
        {
            (cursor.modseq, self.unsaved) = (modseq, true);
        }
    }

    /// What is known of the folder, to ask what changed.
    pub(super) fn known(&self) -> Option<Known> {
        self.cursor.as_ref().map(|cursor| Known {
            uidvalidity: cursor.uidvalidity,
            modseq: cursor.modseq,
            lowest: cursor.lowest,
            highest: cursor.highest,
        })
    }

    pub(super) fn has_work(&self) -> bool {
        self.look
            || self.unsaved
            || self.changes.is_some()
            || !self.new.is_empty()
            || self.cursor.as_ref().is_none_or(|cursor| !cursor.is_complete())
    }

    /// The UIDs above the committed ones.
    pub(super) fn listed_new(&mut self, uids: Vec<u32>) {
        let highest = self.cursor.as_ref().map_or(0, |cursor| cursor.highest);
        // `n:*` gives the last message even where it lies below n (RFC 3501, 6.4.8).
        self.new = uids.into_iter().filter(|uid| *uid > highest).collect();
        self.look = false;
    }

    /// The UIDs from `from` up to what was listed before.
    pub(super) fn listed_old(&mut self, uids: Vec<u32>, from: u32) {
        let below = self.listed_from;
        let mut older: Vec<u32> = uids.into_iter().filter(|uid| (from..below).contains(uid)).collect();
        if older.len() < FULL_WINDOW {
            self.window = self.window.saturating_mul(2);
        }
        older.append(&mut self.old);
        (self.old, self.listed_from) = (older, from);
    }

    /// Where the folder stands once a batch of these UIDs, with so many messages, is committed.
    pub(super) fn progress(&self, uids: &[u32], new: bool, messages: usize) -> Option<FolderProgress> {
        let mut cursor = self.cursor.clone()?;
        if new {
            cursor.highest = uids.iter().copied().max().unwrap_or(0).max(cursor.highest);
        } else {
            let last = self.old.len() <= uids.len();
            let reached = if last {
                self.listed_from
            } else {
                uids.iter().copied().min().unwrap_or(cursor.lowest)
            };
            cursor.lowest = reached.min(cursor.lowest);
        }
        let messages = u32::try_from(messages).unwrap_or(u32::MAX);
        cursor.received = cursor.received.saturating_add(messages);
        let total = self.exists.max(cursor.received);
        Some(FolderProgress {
            cursor,
            role: self.folder.role,
            total,
        })
    }

    /// A batch is committed.
    pub(super) fn committed(&mut self, uids: &[u32], new: bool, messages: usize) {
        if let Some(progress) = self.progress(uids, new, messages) {
            (self.cursor, self.unsaved) = (Some(progress.cursor), false);
        }
        let list = if new { &mut self.new } else { &mut self.old };
        let done: HashSet<u32> = uids.iter().copied().collect();
        list.retain(|uid| !done.contains(uid));
    }
}

/// Whether a message is history. What was found when the folder was first opened is judged by its date, and after a renumbering not
/// even by that. What came later is new, unless it is an old message that somebody moved here.
pub(super) fn is_history(cursor: &FolderCursor, live_since: Timestamp, uid: u32, internal_date: Timestamp) -> bool {
    // Servers count in whole seconds.
    let live = live_since.0.div_euclid(1000) * 1000;
    if uid < cursor.found_below {
        cursor.renumbered || internal_date.0 < live
    } else {
        internal_date.0 < live - CLOCK_SKEW_MS
    }
}
