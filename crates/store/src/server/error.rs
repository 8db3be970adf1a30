//! What can go wrong with the server's store, and what that means to the port.

use std::path::PathBuf;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::blobs::BlobError;
use crate::port::PortError;

/// SQLite's "the database is full".
const SQLITE_FULL: u32 = 13;
/// PostgreSQL's "disk full".
const POSTGRES_DISK_FULL: &str = "53100";

/// Why the store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory can't be used.
    #[error("the data directory {path} can't be used")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database can't be reached.
    #[error("the database can't be reached")]
    Connect(#[source] DbErr),
    /// A key was given, and this build can't seal its database: nothing is written in the clear.
    #[error("this build has no SQLCipher, and a key was given")]
    NotSealed,
    /// The file was sealed with another key, or is no database.
    #[error("the database can't be opened with this key")]
    WrongKey,
    /// It could not be brought to the newest form.
    #[error("the database could not be brought up to date")]
    Migrate(#[source] DbErr),
    /// A statement failed.
    #[error("the database failed")]
    Query(#[source] DbErr),
    /// Something kept is not in its serial form.
    #[error("a row of the database can't be read: {0}")]
    Unreadable(String),
    /// There is no workspace, or not that one.
    #[error("the workspace does not exist")]
    NoWorkspace,
    /// A blob can't be written or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The backup can't be made or restored.
    #[error("{0}")]
    Backup(String),
}

impl StoreError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Query(error) | Self::Connect(error) | Self::Migrate(error) => code(error).is_some_and(is_full),
            Self::Blob(error) => error.is_disk_full(),
            Self::Directory { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Query(error)
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Query(error) => of_db(&error),
            StoreError::Unreadable(what) => Self::Unreadable(what),
            StoreError::NoWorkspace => Self::NoWorkspace,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// What a database's error means to the referee: try again later, or never in this form.
fn of_db(error: &DbErr) -> PortError {
    match code(error) {
        Some(code) if is_full(code) => PortError::Full(error.to_string()),
        // PostgreSQL: data exceptions and broken constraints. SQLite: constraint, mismatch, too big (and their extended codes).
        Some(Code::Postgres(class)) if class.starts_with("22") || class.starts_with("23") => {
            PortError::Rejected(error.to_string())
        }
        Some(Code::Sqlite(code)) if matches!(code & 0xff, 18..=20) => PortError::Rejected(error.to_string()),
        _ => PortError::Unavailable(error.to_string()),
    }
}

/// A database's own code.
#[derive(Debug, Clone, Copy)]
enum Code<'a> {
    Postgres(&'a str),
    Sqlite(u32),
}

fn is_full(code: Code<'_>) -> bool {
    match code {
        Code::Postgres(code) => code == POSTGRES_DISK_FULL,
        Code::Sqlite(code) => code & 0xff == SQLITE_FULL,
    }
}

fn code(error: &DbErr) -> Option<Code<'_>> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let SqlxError::Database(database) = &**error else {
        return None;
    };
    if let Some(postgres) = database.try_downcast_ref::<sea_orm::SqlxPostgresError>() {
        return Some(Code::Postgres(postgres.code()));
    }
    database.try_downcast_ref::<sea_orm::SqlxSqliteError>()?;
    database.code()?.parse().ok().map(Code::Sqlite)
}
