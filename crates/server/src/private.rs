//! Files and directories that only their owner may read.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Makes a directory that only its owner may enter, or takes that right from others where it exists.
///
/// # Errors
/// When it can't be made or changed.
pub fn directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Writes a new file that only its owner may read, and waits until it is on the disk.
///
/// # Errors
/// When it exists already, or can't be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a new file that only its owner may read, whole or not at all: whoever finds it, also on another machine, finds all of it.
///
/// # Errors
/// When it exists already, or can't be written.
pub fn write_new_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let mut aside = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
    aside.write_all(bytes)?;
    aside.as_file().sync_all()?;
    aside.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Makes a new file that only its owner may read.
///
/// # Errors
/// When it exists already, or can't be made.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Puts a file that only its owner may read in place of another, in one step.
///
/// # Errors
/// When it can't be written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&aside);
    write_new(&aside, bytes)?;
    std::fs::rename(&aside, path)
}
