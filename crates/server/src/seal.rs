//! Secrets at rest (S5): the password of a mailbox lies in the database only sealed, with a key that is not in the database.
//!
//! The key is a file beside the data that nobody but its owner may read, or is given by the desktop, which keeps it in the
//! operating system's keyring. What is sealed is bound to the place it lies in: a sealed value copied into another row does
//! not open.

use std::path::Path;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::private;

/// The file with the key, in the data directory.
pub const KEY_FILE: &str = "server.key";

/// Bytes of a nonce of XChaCha20-Poly1305: long enough to be drawn at random for every value.
const NONCE: usize = 24;

/// Why a value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file could not be read or made.
    #[error("the key file can't be used: {0}")]
    File(#[from] std::io::Error),
    /// The key file holds something else.
    #[error("{KEY_FILE} is not 64 hex digits: put back the file that belongs to this data, or a backup")]
    NotAKey,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Random,
    /// The value was sealed with another key, for another place, or was changed.
    #[error("the sealed value does not open with this key")]
    DoesNotOpen,
}

/// Where a sealed value lies. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
}

impl Place<'_> {
    fn bound(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(field.as_bytes());
        }
        bytes
    }
}

/// The key that seals secrets. It never prints.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl From<[u8; 32]> for SealKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl SealKey {
    /// The key of a directory, made on first use. Servers that share the directory, and start at once, get the same.
    ///
    /// # Errors
    /// When the file can't be read or made, or holds no key.
    pub fn of_directory(data: &Path) -> Result<Self, SealError> {
        let path = data.join(KEY_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::from_hex(text.trim()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|_| SealError::Random)?;
                match private::write_new_whole(&path, format!("{}\n", hex::encode(bytes)).as_bytes()) {
                    // Another server was first: its key is everybody's.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        Self::from_hex(std::fs::read_to_string(&path)?.trim())
                    }
                    written => written.map(|()| Self(bytes)).map_err(SealError::File),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn from_hex(text: &str) -> Result<Self, SealError> {
        let bytes = hex::decode(text).map_err(|_| SealError::NotAKey)?;
        Ok(Self(bytes.try_into().map_err(|_| SealError::NotAKey)?))
    }

    /// Seals `plain` for `place`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Random)?;
        let payload = Payload {
            msg: plain,
            aad: &place.bound(),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// When it was sealed with another key or for another place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::DoesNotOpen)?;
        let payload = Payload {
            msg: body,
            aad: &place.bound(),
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealError::DoesNotOpen)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place {
        table: "account_secret",
        row: "7",
        column: "sealed",
    };

    #[test]
    fn what_is_sealed_opens_in_its_place() {
        let key = SealKey::from([7; 32]);
        let sealed = key.seal(HERE, b"open sesame").unwrap();
        assert_eq!(key.open(HERE, &sealed).unwrap(), b"open sesame");
        assert!(!sealed.windows(4).any(|bytes| bytes == b"open"));
    }

    #[test]
    fn a_sealed_value_opens_in_no_other_row_and_with_no_other_key() {
        let key = SealKey::from([7; 32]);
        let sealed = key.seal(HERE, b"open sesame").unwrap();
        assert!(key.open(Place { row: "8", ..HERE }, &sealed).is_err());
        assert!(SealKey::from([8; 32]).open(HERE, &sealed).is_err());
        assert!(key.open(HERE, b"short").is_err());
    }

    #[test]
    fn the_key_of_a_directory_is_made_once_and_is_private() {
        let data = tempfile::tempdir().unwrap();
        let first = SealKey::of_directory(data.path()).unwrap();
        assert_eq!(SealKey::of_directory(data.path()).unwrap().0, first.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(data.path().join(KEY_FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn servers_that_start_at_once_on_one_directory_have_one_key() {
        let shared = tempfile::tempdir().unwrap();
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SealKey::of_directory(shared.path()).unwrap().0))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "they have several");
        let left = std::fs::read_dir(shared.path()).unwrap().count();
        assert_eq!(left, 1, "something beside the key was left");
    }

    #[test]
    fn a_key_file_with_something_else_in_it_is_refused() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(KEY_FILE), "hello").unwrap();
        assert!(matches!(SealKey::of_directory(data.path()), Err(SealError::NotAKey)));
    }
}
