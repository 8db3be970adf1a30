//! The data directory: whose it is, who uses it now, and where its parts lie.
//!
//! One process works on a data directory at a time. It holds a lock on a file, which ends with it however it ends. A command of
//! the operator that finds the lock held speaks to the process that holds it (see [`crate::admin`]).

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::private;

/// Why a data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It can't be made or read.
    #[error("the data directory {path} can't be used: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("{0} is in use by a running baton-server")]
    InUse(PathBuf),
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Takes a data directory, making it if it is missing.
    ///
    /// # Errors
    /// When it can't be used, or another process uses it.
    pub fn take(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io {
            path: path.to_owned(),
            source,
        };
        private::directory(path).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(|source| DataError::Io {
                path: path.clone(),
                source,
            })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(DataError::Io { path, source }),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SQLite file with the log.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database(&self.path)
    }

    /// The directory of blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        blobs(&self.path)
    }
}

/// The SQLite file of a data directory.
#[must_use]
pub fn database(data: &Path) -> PathBuf {
    data.join("baton.db")
}

/// The blobs of a data directory.
#[must_use]
pub fn blobs(data: &Path) -> PathBuf {
    data.join("blobs")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_it_at_a_time_and_it_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDir::take(&path).unwrap();
        assert!(matches!(DataDir::take(&path), Err(DataError::InUse(_))));
        drop(first);
        DataDir::take(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
