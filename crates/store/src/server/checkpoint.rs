//! Folding the write-ahead log back into the SQLite file, beside the commits instead of inside one of them.
//!
//! Left to itself SQLite does it in whichever commit makes the log long enough, and that commit's author waits for megabytes that
//! others wrote. Here a connection of its own does it a moment after commits; a commit does so only where this does not keep up.
//! It never makes anybody wait (`PASSIVE`), and a commit is as durable without it.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

/// The longest the log grows before a commit folds it back itself, in pages of 4 KiB.
pub(super) const LONGEST: u32 = 16_384;
/// How long commits are gathered before the log is looked at.
const GATHERED: Duration = Duration::from_millis(200);

/// Whoever folds the log of one file back. Ends with the last handle of its store.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkpoints(Option<Arc<Running>>);

#[derive(Debug)]
struct Running {
    committed: Arc<Notify>,
    connection: DatabaseConnection,
    task: AbortOnDropHandle<()>,
}

impl Checkpoints {
    /// Begins with a connection of its own.
    pub(super) fn on(connection: DatabaseConnection) -> Self {
        let committed = Arc::new(Notify::new());
        let (told, own) = (Arc::clone(&committed), connection.clone());
        let task = tokio::spawn(async move {
            loop {
                told.notified().await;
                tokio::time::sleep(GATHERED).await;
                if let Err(error) = own.execute_unprepared("pragma wal_checkpoint(passive)").await {
                    // The disk is full, say: a later one, or a commit, sees to it.
                    tracing::debug!(%error, "the write-ahead log was not folded back");
                }
            }
        });
        Self(Some(Arc::new(Running {
            committed,
            connection,
            task: AbortOnDropHandle::new(task),
        })))
    }

    /// Ends. What is left in the log is for whoever closes the file last.
    ///
    /// # Errors
    /// When the connection can't be closed.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        let Some(running) = &self.0 else { return Ok(()) };
        running.task.abort();
        running.connection.clone().close().await
    }

    /// Something was committed.
    pub(super) fn committed(&self) {
        if let Some(running) = &self.0 {
            running.committed.notify_one();
        }
    }
}
