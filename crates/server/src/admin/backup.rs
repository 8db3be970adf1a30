//! Backup and restore.
//!
//! A backup is a directory: a consistent copy of the database, every blob it names, and the key that opens the sealed passwords. It
//! is as secret as the data itself and is made for its owner only. A restore begins a new epoch: desktops that come back take a fresh
//! snapshot and keep what they have not sent, and what was on its way out is held until it is found or a person decides.

use std::path::Path;

use baton_store::server::{self as store, StoreError, StoreOptions};

use super::Words;
use crate::core::Core;
use crate::private;
use crate::seal::KEY_FILE;

/// Why a backup was not restored. The data is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is none, or the disk or the database said no.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A file could not be put in place.
    #[error("a file could not be put in place: {0}")]
    Io(#[from] std::io::Error),
}

pub(super) async fn make(core: &Core, to: &Path) -> Words {
    let made = async {
        private::directory(to).map_err(|error| format!("{} can't be made: {error}", to.display()))?;
        core.store.backup(to).await.map_err(|error| match error {
            StoreError::Backup(words) => words,
            error => crate::core::told(&error),
        })?;
        let key = core.store.data().join(KEY_FILE);
        if key.is_file() {
            std::fs::copy(&key, to.join(KEY_FILE)).map_err(|error| format!("the key can't be copied: {error}"))?;
        }
        let log = core.feed.head().borrow().number;
        Ok(format!("{} holds everything up to entry {log}. Keep it as safe as the data: it opens the mailboxes.", to.display()))
    };
    made.await
}

/// Puts a backup in the place of the data, which must not be in use by a running server. What was there is kept beside it.
///
/// # Errors
/// When the backup is none or the disk says no.
pub async fn restore(data: &Path, database_url: Option<&str>, from: &Path) -> Result<String, RestoreError> {
    let options = StoreOptions {
        data: data.to_owned(),
        database_url: database_url.map(str::to_owned),
        key: None,
        workspace: None,
    };
    let before = store::restore(from, options).await?;
    private::directory(data)?;
    // The backup's key opens the backup's passwords, whatever key was there before.
    let key = from.join(KEY_FILE);
    if key.is_file() {
        private::replace(&data.join(KEY_FILE), &std::fs::read(key)?)?;
    }
    let kept = before.map(|place| format!("\nWhat was there before is kept in {}.", place.display())).unwrap_or_default();
    Ok(format!(
        "{} is restored, with a new epoch. Replies it does not know as sent are held until they are found or you decide.{kept}",
        data.display()
    ))
}
