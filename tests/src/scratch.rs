//! A directory for one part of a test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Set to anything, this keeps the directories of a test for a look at the logs afterwards.
const KEEP: &str = "BATON_TEST_KEEP";

/// A directory that is removed on drop, unless `BATON_TEST_KEEP` is set.
#[derive(Debug)]
pub struct Scratch {
    place: TempDir,
}

impl Scratch {
    /// Creates a directory whose name starts with `label`.
    ///
    /// # Errors
    /// When the directory for temporary files cannot be written.
    pub fn new(label: &str) -> Result<Self> {
        let mut place = tempfile::Builder::new()
            .prefix(&format!("baton-{label}-"))
            .tempdir()
            .context("create a directory for a test")?;
        if std::env::var_os(KEEP).is_some() {
            place.disable_cleanup(true);
            eprintln!("kept: {}", place.path().display());
        }
        Ok(Self { place })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// A path inside it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Creates a directory inside with the given permissions (`0o700` and the like).
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn directory(&self, name: &str, mode: u32) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode))?;
        Ok(path)
    }

    /// Lets other users of this machine enter: servers give up root before they touch their files.
    ///
    /// # Errors
    /// When the permissions cannot be changed.
    pub fn let_others_enter(&self) -> Result<()> {
        std::fs::set_permissions(self.path(), PermissionsExt::from_mode(0o755)).context("open a directory to servers")
    }
}
