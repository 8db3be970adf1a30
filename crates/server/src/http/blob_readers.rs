//! Who may read which blob: an index of the log, kept in memory.
//!
//! It holds sixteen bytes of a blob's name and the inbox of whatever names it. It is built from the log when it is first needed and
//! follows it from then on.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use baton_domain::{BlobId, Event, InboxId, LogBody, LogEntry, MemberId, Scope};
use baton_store::server::{Readable, StoreError};

use crate::core::Core;

/// Uploads remembered: who brought the bytes may have them back until a draft or a message names them.
const UPLOADS: usize = 4096;

/// Entries read at a time while it is built.
const PAGE: u64 = 2000;

#[derive(Debug, Default)]
struct Index {
    named: HashSet<(u128, InboxId)>,
    uploads: VecDeque<(u128, MemberId)>,
}

/// Who may read which blob.
#[derive(Debug, Default)]
pub struct BlobReaders {
    index: Mutex<Index>,
    built: AtomicBool,
    building: tokio::sync::Mutex<()>,
}

impl BlobReaders {
    /// Notes the blobs an entry names.
    pub fn note(&self, entry: &LogEntry) {
        let Scope::Inbox { id: inbox } = entry.scope else {
            return;
        };
        let LogBody::Conversation { event, .. } = &entry.body else {
            return;
        };
        let blobs: Vec<&BlobId> = match event {
            Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => {
                message.blob.iter().collect()
            }
            Event::ReplyQueued { outbound } => outbound.draft.files.iter().map(|file| &file.blob).collect(),
            _ => return,
        };
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.named.extend(blobs.into_iter().map(|blob| (key(blob), inbox)));
    }

    /// Notes that a member brought these bytes.
    pub fn uploaded(&self, member: MemberId, blob: &BlobId) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.uploads.push_back((key(blob), member));
        if index.uploads.len() > UPLOADS {
            index.uploads.pop_front();
        }
    }

    /// Whether a member may read a blob.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn reads(
        &self,
        core: &Core,
        member: MemberId,
        readable: &Readable,
        blob: &BlobId,
    ) -> Result<bool, StoreError> {
        if !self.built.load(Ordering::Acquire) {
            let _turn = self.building.lock().await;
            if !self.built.load(Ordering::Acquire) {
                self.build(core).await?;
                self.built.store(true, Ordering::Release);
            }
        }
        let key = key(blob);
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let named = readable
            .inboxes
            .iter()
            .any(|inbox| index.named.contains(&(key, *inbox)));
        Ok(named || index.uploads.contains(&(key, member)))
    }

    /// Entries were missed: it is built again when it is needed next.
    pub fn forget(&self) {
        self.built.store(false, Ordering::Release);
    }

    async fn build(&self, core: &Core) -> Result<(), StoreError> {
        let everything = Readable {
            inboxes: core.directory.inboxes().into_iter().map(|inbox| inbox.id).collect(),
            member: None,
        };
        let head = core.feed.head().borrow().number;
        let mut after = 0;
        loop {
            let page = core.store.entries_between(after, head, &everything, PAGE).await?;
            for sealed in &page {
                self.note(&sealed.entry);
            }
            match page.last() {
                Some(last) if u64::try_from(page.len()).unwrap_or(u64::MAX) >= PAGE => after = last.entry.number,
                _ => return Ok(()),
            }
        }
    }
}

/// The first half of the digest: as good as all of it against chance, and nobody chooses a digest.
fn key(blob: &BlobId) -> u128 {
    blob.as_str()
        .get(..32)
        .and_then(|half| u128::from_str_radix(half, 16).ok())
        .unwrap_or_default()
}
