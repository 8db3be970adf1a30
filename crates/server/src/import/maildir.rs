//! Maildir: one file a message, in `cur` and `new`, also of the folders below (Maildir++).

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use baton_domain::Timestamp;

/// A message's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// The folder, `INBOX` for the Maildir itself.
    pub folder: String,
    /// When it arrived, by its file.
    pub at: Option<Timestamp>,
}

/// All messages of a Maildir, in the order of their names, which begins with the time of delivery.
///
/// # Errors
/// When it is no Maildir, or can't be read.
pub fn messages(root: &Path) -> io::Result<Vec<Found>> {
    if !root.join("cur").is_dir() {
        let why = format!("{} has no directory `cur`: this is not a Maildir", root.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut found = Vec::new();
    folder(root, "INBOX", &mut found)?;
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for path in folders {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(name) = name.strip_prefix('.')
            && path.join("cur").is_dir()
        {
            folder(&path, name, &mut found)?;
        }
    }
    Ok(found)
}

fn folder(path: &Path, name: &str, found: &mut Vec<Found>) -> io::Result<()> {
    let mut files = Vec::new();
    for part in ["cur", "new"] {
        let Ok(entries) = std::fs::read_dir(path.join(part)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    for path in files {
        let at = std::fs::metadata(&path)?
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .map(Timestamp);
        found.push(Found {
            path,
            folder: name.to_owned(),
            at,
        });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_all_folders_are_found_in_order() {
        let root = tempfile::tempdir().unwrap();
        for part in ["cur", "new", "tmp", ".Sent/cur"] {
            std::fs::create_dir_all(root.path().join(part)).unwrap();
        }
        for file in ["cur/2.b:2,S", "new/1.a", "tmp/0.unfinished", ".Sent/cur/3.c:2,"] {
            std::fs::write(root.path().join(file), "Subject: x\n\nx").unwrap();
        }
        let names: Vec<_> = messages(root.path())
            .unwrap()
            .into_iter()
            .map(|found| format!("{} {}", found.folder, found.path.file_name().unwrap().to_string_lossy()))
            .collect();
        assert_eq!(names, ["INBOX 1.a", "INBOX 2.b:2,S", "Sent 3.c:2,"]);
    }

    #[test]
    fn another_directory_is_refused_in_words() {
        let root = tempfile::tempdir().unwrap();
        assert!(messages(root.path()).unwrap_err().to_string().contains("not a Maildir"));
    }
}
