//! Passwords: Argon2id, hashed aside from the tasks that serve others, and never more at once than the machine can bear.
//!
//! Whether an address is known can't be told from how long an answer takes: for an unknown one a hash of nothing is checked.

use std::sync::Arc;

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// A password has at least this many characters. Length is what guards; there are no rules about its letters.
pub const MIN_CHARS: usize = 8;

/// And at most this many bytes: hashing a novel only costs time.
pub const MAX_BYTES: usize = 1024;

/// Why a password could not be set or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short to guard anything.
    #[error("a password has at least {MIN_CHARS} characters")]
    TooShort,
    /// Longer than makes sense.
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// The hash could not be computed.
    #[error("the password could not be hashed")]
    Hash,
}

/// Checks and hashes passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    nobody: Arc<str>,
}

impl Passwords {
    /// A checker that computes at most `at_once` hashes at a time.
    ///
    /// # Errors
    /// When the hash that stands for unknown addresses can't be computed.
    pub fn new(at_once: usize) -> Result<Self, PasswordError> {
        let nobody = hash_now("nobody has this password")?;
        Ok(Self {
            at_once: Arc::new(Semaphore::new(at_once.max(1))),
            nobody: nobody.into(),
        })
    }

    /// The hash to keep, as a PHC string.
    ///
    /// # Errors
    /// When the password is too short or too long.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if password.chars().count() < MIN_CHARS {
            return Err(PasswordError::TooShort);
        }
        if password.len() > MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        let password = password.to_owned();
        self.aside(move || hash_now(&password)).await?
    }

    /// Whether `password` belongs to `hash`. Without a hash (nobody is known by that address) it takes as long and is no.
    pub async fn matches(&self, password: &str, hash: Option<&str>) -> bool {
        let known = hash.is_some();
        if password.len() > MAX_BYTES {
            return false;
        }
        let hash: Arc<str> = hash.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let password = password.to_owned();
        let matches = self.aside(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        matches.await.unwrap_or(false) && known
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _turn = self.at_once.acquire().await.map_err(|_| PasswordError::Hash)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Hash)
    }
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new(1).unwrap();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"));
        assert!(passwords.matches("correct horse", Some(&hash)).await);
        assert!(!passwords.matches("battery staple", Some(&hash)).await);
    }

    #[tokio::test]
    async fn nobody_signs_in_with_the_password_of_nobody() {
        let passwords = Passwords::new(1).unwrap();
        assert!(!passwords.matches("nobody has this password", None).await);
    }

    #[tokio::test]
    async fn a_short_password_is_refused() {
        let passwords = Passwords::new(1).unwrap();
        assert_eq!(passwords.hash("seven77").await, Err(PasswordError::TooShort));
    }
}
