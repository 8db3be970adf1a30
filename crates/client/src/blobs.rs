//! Raw messages and files on this disk: each sealed by itself, named by the SHA-256 of what is in it.

use std::path::{Path, PathBuf};

use baton_domain::{BlobId, Timestamp};
use baton_store::replica::{BlobRow, ReplicaError, ReplicaStore};

use crate::seal::{SealError, Sealer};

/// Why a blob can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    /// The disk.
    #[error("the file can't be used")]
    File(#[from] std::io::Error),
    /// The seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The replica that lists the blobs.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The work was given up.
    #[error("the disk work was interrupted")]
    Interrupted,
}

impl BlobError {
    /// Whether there is no room on the disk: then it can be made.
    pub(crate) fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::File(error) => matches!(error.kind(), StorageFull | QuotaExceeded),
            Self::Replica(error) => matches!(error, ReplicaError::DiskFull),
            Self::Seal(_) | Self::Interrupted => false,
        }
    }
}

/// The blobs of one replica.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    dir: PathBuf,
    sealer: Sealer,
    store: ReplicaStore,
}

impl Blobs {
    pub(crate) fn new(dir: PathBuf, sealer: Sealer, store: ReplicaStore) -> Self {
        Self { dir, sealer, store }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let name = id.as_str();
        let shelf: String = name.chars().take(2).collect();
        self.dir.join(shelf).join(name)
    }

    /// The bytes, if they are here and whole. What does not open any more is taken for gone, and will be fetched again.
    pub(crate) async fn get(&self, id: &BlobId, now: Timestamp) -> Result<Option<Vec<u8>>, BlobError> {
        if !self.store.use_blob(id, now).await? {
            return Ok(None);
        }
        self.peek(id).await
    }

    /// The same, which counts for no use of it.
    pub(crate) async fn peek(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        let (path, sealer, name) = (self.path(id), self.sealer.clone(), id.clone());
        let read = move || {
            let plain = sealer.open(name.as_str(), &std::fs::read(path)?)?;
            Ok::<_, BlobError>((BlobId::of(&plain) == name).then_some(plain))
        };
        match aside(read).await {
            Ok(Some(plain)) => Ok(Some(plain)),
            Ok(None) | Err(BlobError::File(_) | BlobError::Seal(_)) => {
                self.store.remove_blob(id).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps bytes. With `kept` they stay whatever the budget says: they are nowhere else yet.
    pub(crate) async fn put(&self, id: &BlobId, plain: Vec<u8>, kept: bool, now: Timestamp) -> Result<(), BlobError> {
        let (path, sealer, name) = (self.path(id), self.sealer.clone(), id.clone());
        let size = aside(move || {
            let sealed = sealer.seal(name.as_str(), &plain)?;
            write_whole(&path, &sealed)?;
            Ok(sealed.len())
        })
        .await?;
        let row = BlobRow {
            id: id.clone(),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            kept,
            used_at: now,
        };
        Ok(self.store.put_blob(row).await?)
    }

    /// How many bytes lie here.
    pub(crate) async fn size(&self) -> Result<u64, BlobError> {
        Ok(self.store.blobs().await?.iter().map(|row| row.size).sum())
    }

    /// Lets go of what was not needed for longest, until `budget` bytes are left.
    pub(crate) async fn shrink(&self, budget: u64) -> Result<(), BlobError> {
        let rows = self.store.blobs().await?;
        let mut size: u64 = rows.iter().map(|row| row.size).sum();
        for row in rows.into_iter().filter(|row| !row.kept) {
            if size <= budget {
                break;
            }
            self.remove(&row.id).await?;
            size = size.saturating_sub(row.size);
        }
        Ok(())
    }

    /// Removes what nothing here names any more: it belongs to conversations that are not read here now.
    pub(crate) async fn let_go_unnamed(&self) -> Result<(), BlobError> {
        for id in self.store.unnamed_blobs().await? {
            self.remove(&id).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: &BlobId) -> Result<(), BlobError> {
        self.store.remove_blob(id).await?;
        let path = self.path(id);
        // A file that is gone already is what was wanted.
        let _ = aside(move || Ok(std::fs::remove_file(path)?)).await;
        Ok(())
    }

    /// Removes all of them.
    pub(crate) async fn clear(&self) {
        let dir = self.dir.clone();
        // Nothing there is as good as removed.
        let _ = aside(move || Ok(std::fs::remove_dir_all(dir)?)).await;
    }
}

/// A file appears under its name only when it is whole.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(path);
    std::fs::create_dir_all(dir)?;
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)?;
    std::fs::rename(part, path)
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| BlobError::Interrupted)?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use baton_domain::{
        Actor, Address, CommandId, ConversationId, Direction, Event, LogBody, LogEntry, Message, MessageId,
        MessageKind, Scope,
    };
    use baton_store::replica::Place;
    use uuid::Uuid;

    use super::*;
    use crate::seal::DataKey;

    async fn blobs(dir: &Path) -> Blobs {
        let key = DataKey::new([7; 32]);
        let store = ReplicaStore::open(Place::Memory, &key.replica()).await.unwrap();
        Blobs::new(dir.to_owned(), key.blobs(), store)
    }

    #[tokio::test]
    async fn a_blob_lies_sealed_and_comes_back_whole() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(dir.path()).await;
        let id = BlobId::of(b"From: Carl");
        assert_eq!(blobs.get(&id, Timestamp(1)).await.unwrap(), None);
        blobs
            .put(&id, b"From: Carl".to_vec(), false, Timestamp(1))
            .await
            .unwrap();
        assert_eq!(blobs.get(&id, Timestamp(2)).await.unwrap().unwrap(), b"From: Carl");
        let raw = std::fs::read(blobs.path(&id)).unwrap();
        assert!(!raw.windows(4).any(|four| four == b"Carl"));
    }

    #[tokio::test]
    async fn a_damaged_file_is_taken_for_gone() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(dir.path()).await;
        let id = BlobId::of(b"From: Carl");
        blobs
            .put(&id, b"From: Carl".to_vec(), false, Timestamp(1))
            .await
            .unwrap();
        std::fs::write(blobs.path(&id), b"garbage").unwrap();
        assert_eq!(blobs.get(&id, Timestamp(2)).await.unwrap(), None);
        assert_eq!(blobs.size().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_budget_takes_what_was_not_needed_for_longest_and_never_what_is_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(dir.path()).await;
        let ids: Vec<BlobId> = [b"one", b"two", b"six"]
            .iter()
            .map(|bytes| BlobId::of(*bytes))
            .collect();
        let [one, two, six] = <[BlobId; 3]>::try_from(ids).unwrap();
        blobs.put(&one, b"one".to_vec(), true, Timestamp(1)).await.unwrap();
        blobs.put(&two, b"two".to_vec(), false, Timestamp(2)).await.unwrap();
        blobs.put(&six, b"six".to_vec(), false, Timestamp(3)).await.unwrap();
        let each = blobs.size().await.unwrap() / 3;
        blobs.shrink(2 * each).await.unwrap();
        assert!(blobs.get(&one, Timestamp(9)).await.unwrap().is_some());
        assert!(blobs.get(&two, Timestamp(9)).await.unwrap().is_none());
        assert!(blobs.get(&six, Timestamp(9)).await.unwrap().is_some());
    }

    fn letter(blob: &BlobId) -> LogEntry {
        let message = Message {
            id: MessageId(Uuid::from_u128(3)),
            direction: Direction::Inbound,
            kind: MessageKind::Human,
            from: Address::default(),
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: String::new(),
            at: Timestamp(1),
            header_id: None,
            references: Vec::new(),
            preview: String::new(),
            blob: Some(blob.clone()),
            size: 3,
            attachments: Vec::new(),
            account: None,
            returns_at: None,
            bounced: None,
            facts: baton_domain::MessageFacts::default(),
        };
        LogEntry {
            number: 1,
            at: Timestamp(1),
            issued_at: Timestamp(1),
            actor: Actor::Operator,
            command: CommandId(Uuid::from_u128(2)),
            scope: Scope::Workspace,
            body: LogBody::Conversation {
                conversation: ConversationId(Uuid::from_u128(1)),
                event: Event::MessageReceived {
                    message: Box::new(message),
                    live: true,
                },
            },
        }
    }

    #[tokio::test]
    async fn what_nothing_names_any_more_goes_and_what_is_nowhere_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(dir.path()).await;
        let [named, unnamed, draft] = [b"one", b"two", b"six"].map(|bytes| BlobId::of(bytes));
        for (id, kept) in [(&named, false), (&unnamed, false), (&draft, true)] {
            blobs.put(id, b"bytes".to_vec(), kept, Timestamp(1)).await.unwrap();
        }
        let mut batch = baton_store::replica::Batch::default();
        batch.entries.insert(1, letter(&named));
        blobs.store.apply(&batch).await.unwrap();
        blobs.let_go_unnamed().await.unwrap();
        let left: Vec<BlobId> = blobs
            .store
            .blobs()
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.id)
            .collect();
        assert_eq!(left.len(), 2);
        assert!(left.contains(&named) && left.contains(&draft));
        assert!(!blobs.path(&unnamed).exists() && blobs.path(&named).exists());
    }
}
