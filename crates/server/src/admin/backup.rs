//! Backup and restore.
//!
//! A backup is one file: a tar archive of a consistent copy of the database, every blob it names, and the key that opens the sealed
//! passwords. It is as secret as the data itself and is made for its owner only. A restore begins a new epoch: desktops that come back
//! take a fresh snapshot and keep what they have not sent, and what was on its way out is held until it is found or a person decides.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use baton_store::server::{self as store, ServerStore, StoreError, StoreOptions};

use super::Words;
use crate::core::{Core, told};
use crate::private;
use crate::seal::KEY_FILE;

/// Why a backup was not made or restored. The data is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database or the disk said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file can't be read or written.
    #[error("{path} can't be used: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is something already.
    #[error("{0} is there already: name another file, or put it aside")]
    Exists(PathBuf),
    /// It is no backup.
    #[error("{0} is no backup of baton-server")]
    NoBackup(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

pub(super) async fn make(core: &Core, to: &Path) -> Words {
    let log = core.feed.head().borrow().number;
    write(core, to).await.map_err(|error| told(&error))?;
    Ok(format!(
        "{} holds everything up to entry {log}. Keep it as safe as the data: it opens the mailboxes.",
        to.display()
    ))
}

async fn write(core: &Core, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    // Beside the data: there blobs are linked instead of copied.
    let aside = aside(core.store.data())?;
    let copy = aside.path().join("copy");
    core.store.backup(&copy).await?;
    let key = core.store.data().join(KEY_FILE);
    let (from, to) = (copy, to.to_owned());
    let packed = tokio::task::spawn_blocking(move || {
        if key.is_file() {
            std::fs::copy(&key, from.join(KEY_FILE)).map_err(at(&key))?;
        }
        let packed = pack(&from, &to);
        if packed.is_err() {
            let _ = std::fs::remove_file(&to);
        }
        packed.map_err(at(&to))
    });
    packed
        .await
        .map_err(|error| at(core.store.data())(io::Error::other(error)))?
}

fn pack(from: &Path, to: &Path) -> io::Result<()> {
    let mut archive = tar::Builder::new(BufWriter::new(private::create_new(to)?));
    archive.append_dir_all(".", from)?;
    let mut file = archive.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()
}

/// Puts a backup in the place of the data, which must not be in use by a running server. What was there is kept beside it.
///
/// # Errors
/// When the backup is none or the disk says no; the data is as it was.
pub async fn restore(data: &Path, database_url: Option<&str>, from: &Path) -> Result<String, BackupError> {
    let aside = aside(data)?;
    let unpacked = aside.path().join("backup");
    std::fs::create_dir(&unpacked).map_err(at(&unpacked))?;
    let file = File::open(from).map_err(at(from))?;
    let is_archive = tar::Archive::new(BufReader::new(file)).unpack(&unpacked).is_ok();
    if !is_archive || !crate::data::database(&unpacked).is_file() {
        return Err(BackupError::NoBackup(from.to_owned()));
    }
    let options = StoreOptions {
        data: data.to_owned(),
        blobs: None,
        database_url: database_url.map(str::to_owned),
        key: None,
        workspace: None,
    };
    // What is put aside is looked through for blobs, also where there was nothing yet.
    let blobs = crate::data::blobs(data);
    std::fs::create_dir_all(&blobs).map_err(at(&blobs))?;
    let before = store::restore(&unpacked, options).await?;
    private::directory(data).map_err(at(data))?;
    // The backup's key opens the backup's passwords, whatever key was there before.
    let key = unpacked.join(KEY_FILE);
    if key.is_file() {
        let bytes = std::fs::read(&key).map_err(at(&key))?;
        private::replace(&data.join(KEY_FILE), &bytes).map_err(at(data))?;
    }
    let kept = before
        .map(|place| format!("\nWhat was there before is kept in {}.", place.display()))
        .unwrap_or_default();
    Ok(format!(
        "{} is restored, with a new epoch. Replies it does not know as sent are held until they are found or you decide.{kept}",
        data.display()
    ))
}

/// Begins a new epoch: for a database that was put back by its own tools.
///
/// # Errors
/// When the database can't be opened or written.
pub async fn new_epoch(data: &Path, database_url: Option<&str>) -> Result<String, BackupError> {
    let options = StoreOptions {
        data: data.to_owned(),
        blobs: None,
        database_url: database_url.map(str::to_owned),
        key: None,
        workspace: None,
    };
    let store = ServerStore::open(options).await?;
    let begun = store.new_epoch().await;
    store.close().await;
    begun?;
    Ok("A new epoch begins with the next start. Replies not known as sent are held until they are found or you decide.".to_owned())
}

/// A private directory on the data's file system, gone when it is dropped.
fn aside(data: &Path) -> Result<tempfile::TempDir, BackupError> {
    let parent = data.parent().unwrap_or(data);
    tempfile::Builder::new()
        .prefix(".baton-")
        .tempdir_in(parent)
        .map_err(at(parent))
}
