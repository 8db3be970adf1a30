//! Blobs: raw messages and files, in a directory, named by the SHA-256 of their bytes.
//!
//! A blob is durable before any commit names it: written beside, synced, renamed, and its directory synced. Many small ones are
//! synced together and share the syncs of their directories. With a key they are sealed; the name is still that of the bytes, and reading checks it.

mod partial;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_domain::BlobId;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

pub use partial::Appended;

/// Where blobs are written before they have their name.
const BESIDE: &str = "incoming";
/// The first bytes of a sealed blob.
const SEALED: &[u8; 8] = b"batonB1\n";
/// How many files are synced side by side.
const SYNCING: usize = 8;
/// From so many files on they are synced as one.
const MANY: usize = 32;
/// More directories than these are synced as one.
const FEW_DIRECTORIES: usize = 4;
/// The length of a nonce.
const NONCE_BYTES: usize = 24;

/// Why a blob can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes are not what their name says.
    #[error("the bytes are not those of {0}")]
    Mismatch(BlobId),
    /// The file is sealed with another key, or damaged.
    #[error("the blob {0} can't be opened")]
    Damaged(BlobId),
    /// The disk said no.
    #[error("a blob's file failed")]
    Io(#[from] io::Error),
}

impl BlobError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// The blobs of a data directory. Its calls wait for the disk: call them from where waiting is allowed.
#[derive(Clone)]
pub struct Blobs {
    root: Arc<Path>,
    key: Option<[u8; 32]>,
    written: Arc<AtomicU64>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs")
            .field("root", &self.root)
            .field("sealed", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

impl Blobs {
    /// Opens the blobs in `root`, and clears what a crash left half written.
    ///
    /// # Errors
    /// Where the directory can't be used.
    pub fn open(root: PathBuf, key: Option<[u8; 32]>) -> Result<Self, BlobError> {
        let beside = root.join(BESIDE);
        fs::create_dir_all(&beside)?;
        for digit in "0123456789abcdef".chars() {
            fs::create_dir_all(root.join(digit.to_string()))?;
        }
        for left in fs::read_dir(&beside)?.flatten() {
            let part = left
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(partial::PART));
            // Another server may be writing into the same directory at this moment, and a part is gone on with later.
            let given_up_s = if part { partial::ABANDONED_S } else { 3600 };
            if partial::age_s(&left).is_some_and(|age| age > given_up_s) {
                fs::remove_file(left.path())?;
            }
        }
        sync_directory(&root)?;
        Ok(Self {
            root: root.into(),
            key,
            written: Arc::default(),
        })
    }

    /// Whether it is there.
    #[must_use]
    pub fn has(&self, id: &BlobId) -> bool {
        self.path(id).is_file()
    }

    /// Keeps these bytes, durably, and gives their name.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError> {
        let id = BlobId::of(bytes);
        self.write(&[(id.clone(), bytes)])?;
        Ok(id)
    }

    /// Keeps these blobs, durably, all or an error: each file is synced, each directory once for all.
    ///
    /// # Errors
    /// When one's bytes are not those of its name (none is kept then), or the disk says no.
    pub fn put_many(&self, blobs: &[(BlobId, &[u8])]) -> Result<(), BlobError> {
        if let Some((id, _)) = blobs.iter().find(|(id, bytes)| BlobId::of(bytes) != *id) {
            return Err(BlobError::Mismatch(id.clone()));
        }
        self.write(blobs)
    }

    /// Keeps these bytes, durably, all or an error, and gives their names in the same order.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn put_all(&self, all: &[Vec<u8>]) -> Result<Vec<BlobId>, BlobError> {
        let named: Vec<(BlobId, &[u8])> = all.iter().map(|bytes| (BlobId::of(bytes), bytes.as_slice())).collect();
        self.write(&named)?;
        Ok(named.into_iter().map(|(id, _)| id).collect())
    }

    /// Keeps blobs whose names are those of their bytes.
    fn write(&self, blobs: &[(BlobId, &[u8])]) -> Result<(), BlobError> {
        let mut written = Vec::new();
        for (id, bytes) in blobs {
            if !self.has(id) {
                let beside = self.beside();
                let mut file = File::create_new(&beside)?;
                file.write_all(&self.sealed(id, bytes)?)?;
                written.push((beside, file, id));
            }
        }
        let files: Vec<&File> = written.iter().map(|(_, file, _)| file).collect();
        sync_all(&files)?;
        let mut directories = BTreeSet::new();
        for (beside, _, id) in &written {
            let path = self.path(id);
            fs::rename(beside, &path)?;
            directories.extend(path.parent().map(Path::to_owned));
        }
        sync_directories(&self.root, &directories)
    }

    /// The bytes, checked against their name; `None` where there is no such blob.
    ///
    /// # Errors
    /// When the file is damaged, or the disk says no.
    pub fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        let bytes = match fs::read(self.path(id)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let bytes = self.opened(id, bytes)?;
        if BlobId::of(&bytes) == *id {
            Ok(Some(bytes))
        } else {
            Err(BlobError::Damaged(id.clone()))
        }
    }

    /// A path beside the blobs to stream an upload into, on the same file system.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        let unique = uuid::Uuid::new_v4();
        self.root.join(BESIDE).join(format!("{count}-{unique}"))
    }

    /// The directory all of them lie in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let name = id.as_str();
        self.root.join(name.get(..1).unwrap_or("0")).join(name)
    }

    fn sealed<'a>(&self, id: &BlobId, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, BlobError> {
        let Some(key) = &self.key else {
            return Ok(Cow::Borrowed(bytes));
        };
        let cipher = XChaCha20Poly1305::new(&Key::from(*key));
        let sealed = cipher
            .encrypt(
                &nonce(key, id),
                Payload {
                    msg: bytes,
                    aad: id.as_str().as_bytes(),
                },
            )
            .map_err(|_| BlobError::Damaged(id.clone()))?;
        Ok(Cow::Owned([SEALED.as_slice(), &nonce(key, id), &sealed].concat()))
    }

    fn opened(&self, id: &BlobId, bytes: Vec<u8>) -> Result<Vec<u8>, BlobError> {
        let Some(key) = &self.key else { return Ok(bytes) };
        // What was kept before there was a key is read as it is: its name says whether it is whole.
        let Some(rest) = bytes.strip_prefix(SEALED.as_slice()) else {
            return Ok(bytes);
        };
        let (nonce, sealed) = rest
            .split_at_checked(NONCE_BYTES)
            .ok_or_else(|| BlobError::Damaged(id.clone()))?;
        let nonce = XNonce::try_from(nonce).map_err(|_| BlobError::Damaged(id.clone()))?;
        XChaCha20Poly1305::new(&Key::from(*key))
            .decrypt(
                &nonce,
                Payload {
                    msg: sealed,
                    aad: id.as_str().as_bytes(),
                },
            )
            .map_err(|_| BlobError::Damaged(id.clone()))
    }
}

/// The nonce follows from the key and the bytes' own digest: other bytes never meet the same nonce, and the same bytes give the same file.
fn nonce(key: &[u8; 32], id: &BlobId) -> XNonce {
    let mut hash = Sha256::new();
    hash.update(b"baton blob nonce 1");
    hash.update(key);
    hash.update(id.as_str().as_bytes());
    let mut nonce = [0; NONCE_BYTES];
    for (slot, byte) in nonce.iter_mut().zip(hash.finalize()) {
        *slot = byte;
    }
    XNonce::from(nonce)
}

/// Syncs files. Few are synced one by one, side by side: a journal makes those that wait together durable in one go. Many are synced with
/// all else that their file system has to write, which takes one turn of its journal instead of one for each.
fn sync_all(files: &[&File]) -> io::Result<()> {
    match files {
        [first, ..] if files.len() >= MANY && sync_file_system(first)? => return Ok(()),
        _ => {}
    }
    let share = files.len().div_ceil(SYNCING).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = files
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().try_for_each(|file| file.sync_all())))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a sync panicked")))
        })
    })
}

/// Makes renames in these directories durable.
fn sync_directories(root: &Path, directories: &BTreeSet<PathBuf>) -> Result<(), BlobError> {
    if directories.len() > FEW_DIRECTORIES && sync_file_system(&File::open(root)?)? {
        return Ok(());
    }
    for directory in directories {
        sync_directory(directory)?;
    }
    Ok(())
}

/// Syncs everything on the file system that this file lies on; false where there is no such call. An error of an earlier write of any
/// file of it is told here, as `syncfs` does since Linux 5.8.
#[cfg(target_os = "linux")]
fn sync_file_system(file: &File) -> io::Result<bool> {
    rustix::fs::syncfs(file)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// A rename is durable once its directory is. Windows has no such call, and needs none.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn blobs(key: Option<[u8; 32]>) -> (tempfile::TempDir, Blobs) {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().join("blobs"), key).unwrap();
        (directory, blobs)
    }

    #[test]
    fn bytes_come_back_as_they_went_in_sealed_or_not() {
        for key in [None, Some([7; 32])] {
            let (_directory, blobs) = blobs(key);
            let id = blobs.put(b"a letter from Carl").unwrap();
            assert!(blobs.has(&id));
            assert_eq!(blobs.get(&id).unwrap().unwrap(), b"a letter from Carl");
            assert_eq!(blobs.put(b"a letter from Carl").unwrap(), id);
        }
    }

    #[test]
    fn nothing_of_a_sealed_blob_is_readable_and_another_key_opens_nothing() {
        let (directory, blobs) = blobs(Some([7; 32]));
        let id = blobs.put(b"a letter from Carl").unwrap();
        let on_disk = fs::read(blobs.path(&id)).unwrap();
        assert!(!on_disk.windows(6).any(|window| window == b"letter"));
        let other = Blobs::open(directory.path().join("blobs"), Some([8; 32])).unwrap();
        assert!(matches!(other.get(&id), Err(BlobError::Damaged(_))));
    }

    #[test]
    fn bytes_under_a_wrong_name_are_refused_and_nothing_of_the_group_is_kept() {
        let (_directory, blobs) = blobs(None);
        let right = BlobId::of(b"right");
        let group: [(BlobId, &[u8]); 2] = [(right.clone(), b"right"), (BlobId::of(b"other"), b"wrong")];
        assert!(matches!(blobs.put_many(&group), Err(BlobError::Mismatch(_))));
        assert!(!blobs.has(&right));
    }

    #[test]
    fn many_are_kept_as_well_as_few_and_named_in_their_order() {
        let (_directory, blobs) = blobs(Some([7; 32]));
        let letters: Vec<Vec<u8>> = (0..MANY * 2).map(|n| format!("letter {n}").into_bytes()).collect();
        let ids = blobs.put_all(&letters).unwrap();
        assert_eq!(ids.len(), letters.len());
        for (id, letter) in ids.iter().zip(&letters) {
            assert_eq!(&blobs.get(id).unwrap().unwrap(), letter);
        }
        let left = fs::read_dir(blobs.root().join(BESIDE)).unwrap().count();
        assert_eq!(left, 0, "nothing is left half written");
    }

    #[test]
    fn a_damaged_file_is_noticed() {
        let (_directory, blobs) = blobs(None);
        let id = blobs.put(b"whole").unwrap();
        fs::write(blobs.path(&id), b"broken").unwrap();
        assert!(matches!(blobs.get(&id), Err(BlobError::Damaged(_))));
        assert!(blobs.get(&BlobId::of(b"never seen")).unwrap().is_none());
    }
}
