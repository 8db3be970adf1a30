//! The desktop's replica on disk: one SQLCipher database, written by one connection in immediate transactions.
//!
//! What the engine wants written arrives as a [`Batch`], which is applied whole or not at all: a frame's entries, the states they
//! lead to and the cursor never part. Nothing is ever written in the clear: a library without SQLCipher, or another key, is
//! refused at [`ReplicaStore::open`].

mod batch;
mod entity;
mod error;
mod read;
mod search;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use baton_migrations::replica::ReplicaMigrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use crate::whole::keep_whole;

pub use batch::{Batch, Forget, Row};
pub use error::ReplicaError;
pub use read::{BlobRow, Loaded, ShownRow, Wanted};
pub use search::{Indexed, Round, Waiting};

/// How long a connection waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages of the database that a connection keeps in memory, in KiB with a minus.
const CACHE: &str = "-2000";
/// The same for the writer while much is written at once. What comes from the server lies in the database in the order in which it came,
/// but its indexes go by ids: with every part of a snapshot their pages are written to again, all over.
const FILLING_CACHE: &str = "-65536";
/// Pages of the write-ahead log after which they are copied into the database, for the same reason; a page has 4 KiB.
const CHECKPOINT_PAGES: &str = "4000";
/// Connections that read beside the writer.
const READERS: u32 = 2;

/// Where a replica lies.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In this file.
    File(&'a Path),
    /// In memory only: gone when it is closed.
    Memory,
}

/// An open replica.
#[derive(Debug, Clone)]
pub struct ReplicaStore {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// The writer has its large cache.
    filling: Arc<AtomicBool>,
    /// How often something was forgotten: what was read to be indexed before that is not written any more.
    forgotten: Arc<AtomicU64>,
    /// Told when something waits to be indexed.
    to_index: Arc<Notify>,
}

impl ReplicaStore {
    /// Opens the replica, makes it where there is none, and brings it up to date.
    ///
    /// # Errors
    /// [`ReplicaError::WrongKey`] when the file was sealed with another key, [`ReplicaError::NotSealed`] when this program was
    /// built without SQLCipher.
    pub async fn open(place: Place<'_>, key: &[u8; 32]) -> Result<Self, ReplicaError> {
        let writer = connect(place, key, 1).await?;
        let row = writer
            .query_one_raw(sql("PRAGMA cipher_version"))
            .await
            .map_err(ReplicaError::opening)?;
        let version: Option<String> = row.and_then(|row| row.try_get_by_index(0).ok());
        if version.is_none_or(|version| version.is_empty()) {
            return Err(ReplicaError::NotSealed);
        }
        ReplicaMigrator::up(&writer, None)
            .await
            .map_err(ReplicaError::opening)?;
        let reader = match place {
            Place::File(_) => connect(place, key, READERS).await?,
            // A database in memory belongs to its connection.
            Place::Memory => writer.clone(),
        };
        Ok(Self {
            writer,
            reader,
            filling: Arc::default(),
            forgotten: Arc::default(),
            to_index: Arc::default(),
        })
    }

    /// Closes it; the write-ahead log is folded back into the file.
    ///
    /// # Errors
    /// When the last write fails.
    pub async fn close(self) -> Result<(), ReplicaError> {
        self.reader.close().await.map_err(ReplicaError::from)?;
        self.writer.close().await.map_err(ReplicaError::from)
    }
}

async fn connect(place: Place<'_>, key: &[u8; 32], connections: u32) -> Result<DatabaseConnection, ReplicaError> {
    // A raw key: no pass phrase is stretched, so opening costs nothing.
    let pragma = format!("\"x'{}'\"", hex(key));
    let url = match place {
        Place::File(_) => "sqlite://replica?mode=rwc",
        Place::Memory => "sqlite::memory:",
    };
    let file = match place {
        Place::File(path) => Some(path.to_owned()),
        Place::Memory => None,
    };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .sqlx_logging(false)
        .sqlcipher_key(pragma)
        .map_sqlx_sqlite_opts(move |options| {
            // Set here and not in the address: a path may hold any character.
            let options = match &file {
                Some(path) => options.filename(path).pragma("journal_mode", "WAL"),
                None => options,
            };
            options
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                .pragma("synchronous", "NORMAL")
                .pragma("temp_store", "MEMORY")
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                .pragma("cache_size", CACHE)
        });
    if matches!(place, Place::File(_)) {
        keep_whole(&mut options);
    }
    Database::connect(options).await.map_err(ReplicaError::opening)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn sql(statement: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, statement)
}

#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod tests;
