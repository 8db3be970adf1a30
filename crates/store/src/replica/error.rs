//! What can go wrong with a replica, by what a person can do about it.

use sea_orm::DbErr;

/// Why the replica could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The file was sealed with another key, or is no replica.
    #[error("the replica can't be opened with this key")]
    WrongKey,
    /// This program was built without SQLCipher; it writes nothing in the clear.
    #[error("this build can't seal its database")]
    NotSealed,
    /// No room on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// Something kept in the database is not in its serial form.
    #[error("a row of the replica can't be read")]
    Unreadable(#[source] serde_json::Error),
    /// Anything else the database said.
    #[error("the replica's database failed")]
    Database(#[source] DbErr),
}

impl ReplicaError {
    /// What an error means while opening: there, what is "not a database" is one sealed with another key.
    pub(super) fn opening(error: DbErr) -> Self {
        let words = words(&error);
        if words.contains("file is not a database") || words.contains("(code: 26)") {
            Self::WrongKey
        } else {
            Self::from(error)
        }
    }
}

impl From<DbErr> for ReplicaError {
    fn from(error: DbErr) -> Self {
        let words = words(&error);
        if words.contains("disk is full") || words.contains("No space left") {
            Self::DiskFull
        } else {
            Self::Database(error)
        }
    }
}

impl From<serde_json::Error> for ReplicaError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// SQLite's codes do not survive sqlx's error types, its words do.
fn words(error: &DbErr) -> String {
    error.to_string()
}
