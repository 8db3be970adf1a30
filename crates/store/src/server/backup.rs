//! Backup of a server on SQLite, and its restore.
//!
//! A backup is a directory with a consistent copy of the database and every blob it may name. A restored log has a new epoch: replicas
//! take a fresh snapshot and keep their outboxes. What was on its way out when the backup was made may have left since: the referee
//! holds all of it as *unknown* before anything else happens.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use uuid::Uuid;

use super::connect::{BLOBS, FILE, ServerStore, StoreOptions};
use super::entity::workspace;
use super::error::StoreError;

impl ServerStore {
    /// Writes a backup into `target`, a directory that must be empty or missing. Work goes on meanwhile.
    ///
    /// # Errors
    /// On PostgreSQL, whose own tools do it; or when the disk or the database says no.
    pub async fn backup(&self, target: &Path) -> Result<(), StoreError> {
        if self.is_shared() {
            return Err(StoreError::Backup(
                "PostgreSQL is backed up with its own tools; the blobs lie in the data directory".to_owned(),
            ));
        }
        if target.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::Backup(format!("{} is not empty", target.display())));
        }
        fs::create_dir_all(target).map_err(at(target))?;
        let file = target.join(FILE);
        let name = file
            .to_str()
            .ok_or_else(|| StoreError::Backup("the target's name is no text".to_owned()))?;
        self.reader
            .execute_unprepared(&format!("vacuum into '{}'", name.replace('\'', "''")))
            .await?;
        // Blobs after the database: whatever it names was durable before, and blobs are never changed.
        let (from, to) = (self.blobs.root().to_owned(), target.join(BLOBS));
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to)).await;
        copied
            .map_err(|error| StoreError::Backup(error.to_string()))?
            .map_err(at(target))
    }
}

/// Puts a backup in the place of a data directory's contents, with a new epoch. What was there is kept beside it and its place returned.
/// The server must not be running.
///
/// # Errors
/// When the backup is none, or the disk or the database says no; the data directory is then as it was.
pub async fn restore(backup: &Path, options: StoreOptions) -> Result<Option<PathBuf>, StoreError> {
    if options.database_url.is_some() {
        return Err(StoreError::Backup(
            "PostgreSQL is restored with its own tools, and then `new-epoch`".to_owned(),
        ));
    }
    if !backup.join(FILE).is_file() {
        return Err(StoreError::Backup(format!("{} is no backup", backup.display())));
    }
    let data = options.data.clone();
    let fresh = beside(&data, "restoring");
    fs::create_dir_all(&fresh).map_err(at(&fresh))?;
    fs::copy(backup.join(FILE), fresh.join(FILE)).map_err(at(&fresh))?;
    copy(&backup.join(BLOBS), &fresh.join(BLOBS)).map_err(at(&fresh))?;
    let store = ServerStore::open(StoreOptions {
        data: fresh.clone(),
        ..options
    })
    .await?;
    store.new_epoch().await?;
    store.close().await;
    let kept = if data.exists() {
        let kept = beside(&data, "before-restore");
        fs::rename(&data, &kept).map_err(at(&data))?;
        // Blobs that came after the backup are still wanted: mail that is taken in again names them.
        copy(&kept.join(BLOBS), &fresh.join(BLOBS)).map_err(at(&fresh))?;
        carry_over(&kept, &fresh).map_err(at(&fresh))?;
        Some(kept)
    } else {
        None
    };
    fs::rename(&fresh, &data).map_err(at(&data))?;
    Ok(kept)
}

impl ServerStore {
    /// Starts a new epoch in every workspace, and marks what is on its way out to be held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn new_epoch(&self) -> Result<(), StoreError> {
        let all = workspace::Entity::find().all(&self.writer).await?;
        for row in all {
            use sea_orm::{ColumnTrait as _, QueryFilter as _};
            workspace::Entity::update_many()
                .col_expr(workspace::Column::Epoch, Expr::value(Uuid::new_v4()))
                .col_expr(workspace::Column::Restored, Expr::value(true))
                .filter(workspace::Column::Id.eq(row.id))
                .exec(&self.writer)
                .await?;
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::Directory { path, source }
}

fn beside(data: &Path, what: &str) -> PathBuf {
    let name = data
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    data.with_file_name(format!("{name}.{what}-{}", Uuid::new_v4().as_simple()))
}

/// Copies a directory of blobs; those that are there already are left alone.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if !target.exists() {
            // A name only ever stands for the same bytes: a second link to them is a copy.
            if fs::hard_link(entry.path(), &target).is_err() {
                fs::copy(entry.path(), &target)?;
            }
        }
    }
    Ok(())
}

/// Everything of the data directory that is neither the database nor blobs (keys, certificates) stays.
fn carry_over(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        let database = name.to_string_lossy().starts_with(FILE);
        if !database && name != BLOBS && entry.file_type()?.is_file() && !target.exists() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
