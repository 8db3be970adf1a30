//! Where the data key is kept: in the operating system's keyring, or in a file that a passphrase opens. Never in the clear.
//!
//! A keyring may be locked, absent or waiting for a person, and each of these looks alike from here: a locked one even reads
//! as if it were empty. So it is asked on a thread of its own with a limit to its time, and it counts as usable only after a
//! key was written and read back.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::seal::{DataKey, SealError, Sealer, random};

/// The name keyrings list our entries under.
const SERVICE: &str = "Baton";
/// What the passphrase's file is sealed under.
const NAME: &str = "data key";
/// The least a passphrase must have, in characters.
pub(crate) const PASSPHRASE_CHARS: usize = 8;

/// Argon2id at 64 MiB, three passes: RFC 9106's second recommendation with one lane.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// No keyring, or it refuses.
    #[error("the keyring can't be used: {0}")]
    Keyring(String),
    /// It gave no answer in time: it may be waiting to be unlocked.
    #[error("the keyring did not answer in time; it may be locked")]
    TimedOut,
    /// The keyring works and has no key, but there is data sealed with one.
    #[error("the keyring has no key for the data on this computer; it may be locked")]
    Missing,
    /// The passphrase is not the one the key was sealed with.
    #[error("this is not the passphrase")]
    WrongPassphrase,
    /// Too short to protect anything.
    #[error("a passphrase has at least {PASSPHRASE_CHARS} characters")]
    TooShort,
    /// The file with the sealed key can't be read or written.
    #[error("the file with the sealed key can't be used")]
    File(#[source] std::io::Error),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The places a key may be kept in for one data directory.
#[derive(Debug, Clone)]
pub(crate) struct KeyPlaces {
    dir: PathBuf,
    timeout: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealedKey {
    memory_kib: u32,
    passes: u32,
    salt: String,
    sealed: String,
}

impl KeyPlaces {
    pub(crate) fn new(dir: &Path, timeout_ms: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            timeout: Duration::from_millis(timeout_ms),
        }
    }

    fn sealed_file(&self) -> PathBuf {
        self.dir.join("key.sealed")
    }

    /// Whether a passphrase opens the data here.
    pub(crate) fn passphrase_set(&self) -> bool {
        self.sealed_file().exists()
    }

    /// The key from the keyring. A new one is made only where there is no data yet.
    pub(crate) async fn keyring_key(&self, data_exists: bool) -> Result<DataKey, KeyError> {
        let entry = self.entry_name()?;
        let (tell, told) = tokio::sync::oneshot::channel();
        // A thread of its own: some keyrings block for ever, and some must not be asked from a runtime's thread.
        let asked = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            // Whoever asked may have given up.
            let _ = tell.send(ask_keyring(&entry, data_exists));
        });
        asked.map_err(KeyError::File)?;
        match tokio::time::timeout(self.timeout, told).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(KeyError::Keyring("it ended without an answer".to_owned())),
            Err(_) => Err(KeyError::TimedOut),
        }
    }

    /// The keyring's entry belongs to this directory, wherever it is moved.
    fn entry_name(&self) -> Result<String, KeyError> {
        let file = self.dir.join("key.name");
        match fs::read_to_string(&file) {
            Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
            _ => {
                let bytes: [u8; 16] = random()?;
                let name = format!("data key {}", hex::encode(bytes));
                fs::write(&file, &name).map_err(KeyError::File)?;
                Ok(name)
            }
        }
    }

    /// The key behind a passphrase: opened where one was sealed, sealed anew where there is no data yet.
    pub(crate) async fn passphrase_key(&self, passphrase: String, data_exists: bool) -> Result<DataKey, KeyError> {
        let file = self.sealed_file();
        if !file.exists() && data_exists {
            return Err(KeyError::Missing);
        }
        let work = move || {
            if file.exists() {
                open(&file, &passphrase)
            } else {
                seal(&file, &passphrase)
            }
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| KeyError::Keyring("the passphrase was not tried".to_owned()))?
    }
}

fn ask_keyring(name: &str, data_exists: bool) -> Result<DataKey, KeyError> {
    let refused = |error: keyring::Error| KeyError::Keyring(error.to_string());
    if let Err(error) = keyring::Entry::store_status() {
        return Err(KeyError::Keyring(error.to_string()));
    }
    let entry = keyring::Entry::new(SERVICE, name).map_err(refused)?;
    match entry.get_secret() {
        Ok(secret) => key_of(&secret),
        Err(keyring::Error::NoEntry) if data_exists => Err(KeyError::Missing),
        Err(keyring::Error::NoEntry) => {
            let key = DataKey::random()?;
            entry.set_secret(key.bytes()).map_err(refused)?;
            // Only what comes back is kept.
            let back = key_of(&entry.get_secret().map_err(refused)?)?;
            if back.bytes() == key.bytes() {
                Ok(key)
            } else {
                Err(KeyError::Keyring("it does not keep what it is given".to_owned()))
            }
        }
        Err(error) => Err(refused(error)),
    }
}

fn key_of(secret: &[u8]) -> Result<DataKey, KeyError> {
    let bytes = <[u8; 32]>::try_from(secret).map_err(|_| KeyError::Keyring("its entry is not a key".to_owned()))?;
    Ok(DataKey::new(bytes))
}

fn seal(file: &Path, passphrase: &str) -> Result<DataKey, KeyError> {
    if passphrase.chars().count() < PASSPHRASE_CHARS {
        return Err(KeyError::TooShort);
    }
    let key = DataKey::random()?;
    let salt: [u8; 16] = random()?;
    let sealed = stretched(passphrase, &salt, MEMORY_KIB, PASSES)?.seal(NAME, key.bytes())?;
    let content = SealedKey {
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: BASE64.encode(salt),
        sealed: BASE64.encode(sealed),
    };
    let text = serde_json::to_string(&content).map_err(|error| KeyError::File(error.into()))?;
    let mut out = fs::File::create_new(file).map_err(KeyError::File)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(KeyError::File)?;
    Ok(key)
}

fn open(file: &Path, passphrase: &str) -> Result<DataKey, KeyError> {
    let text = fs::read_to_string(file).map_err(KeyError::File)?;
    let content: SealedKey = serde_json::from_str(&text).map_err(|error| KeyError::File(error.into()))?;
    let decode = |text: &str| {
        BASE64
            .decode(text)
            .map_err(|error| KeyError::File(std::io::Error::other(error)))
    };
    let (salt, sealed) = (decode(&content.salt)?, decode(&content.sealed)?);
    let sealer = stretched(passphrase, &salt, content.memory_kib, content.passes)?;
    let key = sealer.open(NAME, &sealed).map_err(|_| KeyError::WrongPassphrase)?;
    key_of(&key)
}

fn stretched(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Sealer, KeyError> {
    let bad = |error: argon2::Error| KeyError::Keyring(error.to_string());
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(bad)?;
    let mut key = [0_u8; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(bad)?;
    Ok(Sealer::new(key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_passphrase_seals_a_key_and_only_it_opens_it() {
        let dir = tempfile::tempdir().unwrap();
        let places = KeyPlaces::new(dir.path(), 1000);
        assert!(!places.passphrase_set());
        let key = places.passphrase_key("correct horse".to_owned(), false).await.unwrap();
        assert!(places.passphrase_set());
        let again = places.passphrase_key("correct horse".to_owned(), true).await.unwrap();
        assert_eq!(key.bytes(), again.bytes());
        let wrong = places
            .passphrase_key("battery staple".to_owned(), true)
            .await
            .unwrap_err();
        assert!(matches!(wrong, KeyError::WrongPassphrase));
    }

    #[tokio::test]
    async fn a_short_passphrase_and_one_for_data_of_another_key_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let places = KeyPlaces::new(dir.path(), 1000);
        let short = places.passphrase_key("horse".to_owned(), false).await.unwrap_err();
        assert!(matches!(short, KeyError::TooShort));
        let other = places
            .passphrase_key("correct horse".to_owned(), true)
            .await
            .unwrap_err();
        assert!(matches!(other, KeyError::Missing));
        assert!(!places.passphrase_set());
    }
}
