//! What can go wrong with the search index. Nothing is ever lost with it: it is made again from the log.

use std::path::PathBuf;

use sea_orm::sqlx;

/// Why the index could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A key was given, and this build can't seal: nothing is written in the clear.
    #[error("this build has no SQLCipher, and a key was given")]
    NotSealed,
    /// A file that can't be used can't be thrown away either.
    #[error("{path} can't be removed")]
    Remove {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Text could not be made ready, because the program ends.
    #[error("the program stops")]
    Stopping,
    /// A statement failed.
    #[error("the search index failed: {0}")]
    Query(#[from] sqlx::Error),
}
