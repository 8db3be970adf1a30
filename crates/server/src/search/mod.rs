//! Finding what was written: the index, and the task that reads the log into it.
//!
//! Nothing waits for it. A command is decided and durable whether or not the index has read it, and a find says how far behind
//! the index is. Each server keeps an index of its own beside its blobs, whatever database the log is in.

mod changes;
mod texts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_domain::BlobId;
use baton_protocol::{ExcerptPart, Hit, HitKind, Hits};
use baton_store::search::{
    Changes, Criteria, Excerpt, Find, Found, Names, PieceKind, Query, SearchError, SearchIndex, Who,
};
use baton_store::server::StoreError;
use tokio::sync::watch;
use uuid::Uuid;

use self::texts::Texts;
use crate::core::Core;

/// The index's file in the data directory.
const FILE: &str = "search.db";
/// Entries read at a time. The texts of two such batches are in memory at once.
const BATCH: u64 = 500;
/// How long what is committed one after another is gathered before it is read: a transaction of the index for each commit would cost the
/// commits more than it brings anybody who searches.
const GATHER: Duration = Duration::from_millis(50);
/// After something failed: how long until the next attempt.
const AGAIN: Duration = Duration::from_secs(5);

/// Why nothing could be found, or the index not written.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The index.
    #[error(transparent)]
    Index(#[from] SearchError),
    /// What it is made of.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is being opened.
    #[error("the search index is not open yet")]
    NotOpen,
    /// Reading messages was interrupted by the end of the program.
    #[error("the server stops")]
    Stopping,
}

/// The index of a running server.
#[derive(Debug)]
pub struct Search {
    file: PathBuf,
    key: Option<[u8; 32]>,
    open: watch::Sender<Option<Open>>,
    texts: Texts,
}

/// An open index, and how far it has come.
#[derive(Debug, Clone)]
struct Open {
    index: SearchIndex,
    epoch: Uuid,
    number: u64,
}

impl Search {
    /// The index in a data directory. It is opened by the task that writes it.
    #[must_use]
    pub fn in_directory(data: &std::path::Path, key: Option<[u8; 32]>) -> Self {
        Self {
            file: data.join(FILE),
            key,
            open: watch::Sender::new(None),
            texts: Texts::default(),
        }
    }

    /// The text of a message that is being taken in, so that it need not be read and taken apart a second time.
    pub fn read_already(&self, blob: BlobId, text: String) {
        self.texts.keep(blob, text);
    }

    /// How far it has come; `None` before it is open.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.open.borrow().as_ref().map(|open| open.number)
    }

    /// What fits, as far as `who` may read it.
    ///
    /// # Errors
    /// When the index can't be read, or is not open yet.
    pub async fn find(&self, core: &Core, query: &Query, who: &Who, find: Find) -> Result<Hits, Failed> {
        let open = self.open.borrow().clone().ok_or(Failed::NotOpen)?;
        let (members, inboxes) = (core.directory.members(), core.directory.inboxes());
        let names = Names {
            members: &members,
            inboxes: &inboxes,
        };
        let found = open.index.find(&Criteria::of(query, who, names), find).await?;
        let full = found.len() == find.limit;
        // The index may be behind: what was moved meanwhile is read only by those who read where it lies now.
        let lie = core
            .store
            .inboxes_by_id(found.iter().map(|found| found.conversation))
            .await?;
        let read = |found: &Found| {
            lie.get(&found.conversation)
                .is_some_and(|inbox| who.inboxes.contains(inbox))
        };
        Ok(Hits {
            next: found.last().filter(|_| full).map(|last| last.key.to_string()),
            hits: found.into_iter().filter(read).map(hit).collect(),
            behind: core.referee.head().number.saturating_sub(open.number),
        })
    }
}

fn hit(found: Found) -> Hit {
    Hit {
        conversation: found.conversation,
        message: found.message,
        kind: match found.kind {
            PieceKind::Theirs => HitKind::Theirs,
            PieceKind::Ours => HitKind::Ours,
            PieceKind::Note => HitKind::Note,
        },
        at: found.at,
        from: found.from,
        subject: found.subject,
        excerpt: parts(&found.excerpt),
    }
}

fn parts(excerpt: &Excerpt) -> Vec<ExcerptPart> {
    let part = |(text, found): (&str, bool)| ExcerptPart {
        text: text.to_owned(),
        found,
    };
    excerpt.parts().into_iter().map(part).collect()
}

/// Reads the log into the index, for as long as the server runs.
pub async fn keep(core: Arc<Core>) {
    let mut head = core.feed.head();
    loop {
        let done = tokio::select! {
            () = core.stop.cancelled() => break,
            done = catch_up(&core) => done,
        };
        let wait = async {
            match done {
                // The task's own look at the head comes first, so nothing is missed between looking and waiting.
                Ok(()) => {
                    let reached = core.search.number();
                    let _ = head.wait_for(|head| Some(head.number) != reached).await;
                    tokio::time::sleep(GATHER).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the search index is behind");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => break,
            () = wait => {}
        }
    }
    let open = core.search.open.send_replace(None);
    if let Some(open) = open {
        open.index.close().await;
    }
}

/// Reads until nothing is left to read. While a batch is written the next one is read.
async fn catch_up(core: &Arc<Core>) -> Result<(), Failed> {
    let epoch = core.referee.head().epoch;
    let open = opened(core, epoch).await?;
    let mut read = batch_after(core, open.number).await?;
    while let Some((changes, last)) = read {
        let (written, next) = tokio::join!(open.index.apply(changes, last), batch_after(core, last));
        written?;
        core.search.open.send_replace(Some(Open {
            number: last,
            ..open.clone()
        }));
        if core.referee.head().epoch != epoch {
            return Ok(());
        }
        read = next?;
    }
    Ok(())
}

/// What the entries after that number change, and the last of them; `None` where there is none.
async fn batch_after(core: &Arc<Core>, number: u64) -> Result<Option<(Changes, u64)>, Failed> {
    // What is committed and not yet announced comes with the next announcement.
    if core.referee.head().number <= number {
        return Ok(None);
    }
    let entries = core.store.entries_after(number, BATCH).await?;
    let Some(last) = entries.last().map(|sealed| sealed.entry.number) else {
        return Ok(None);
    };
    let entries = entries.into_iter().map(|sealed| sealed.entry).collect();
    Ok(Some((changes::of(core, entries).await?, last)))
}

/// The index of that epoch: after a restore it begins again.
async fn opened(core: &Core, epoch: Uuid) -> Result<Open, Failed> {
    let open = core.search.open.borrow().clone();
    if let Some(open) = open {
        if open.epoch == epoch {
            return Ok(open);
        }
        core.search.open.send_replace(None);
        open.index.close().await;
    }
    let index = SearchIndex::open(&core.search.file, core.search.key, epoch).await?;
    let number = index.place().await?.number;
    let open = Open { index, epoch, number };
    core.search.open.send_replace(Some(open.clone()));
    Ok(open)
}
