//! One key for everything on this disk, and what is made of it.
//!
//! The data key never seals anything itself: each use has a key of its own, derived by a name, so that a file moved from one
//! place to another does not open there.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Bytes of the nonce in front of what is sealed.
const NONCE: usize = 24;

/// Why something can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// Changed, cut short, or sealed for another place or with another key.
    #[error("what was sealed does not open with this key")]
    DoesNotOpen,
    /// The system gave no randomness.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// The key everything on this disk hangs on. It never prints.
#[derive(Clone)]
pub(crate) struct DataKey([u8; 32]);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

impl DataKey {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new one.
    pub(crate) fn random() -> Result<Self, SealError> {
        random().map(Self)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the replica's database is sealed with.
    pub(crate) fn replica(&self) -> [u8; 32] {
        blake3::derive_key("baton 2026 replica", &self.0)
    }

    /// What an embedded server is given.
    pub(crate) fn embedded(&self) -> [u8; 32] {
        blake3::derive_key("baton 2026 embedded server", &self.0)
    }

    /// What blobs are sealed with.
    pub(crate) fn blobs(&self) -> Sealer {
        Sealer(blake3::derive_key("baton 2026 blobs", &self.0))
    }

    /// What the session's token is sealed with, within the sealed database.
    pub(crate) fn tokens(&self) -> Sealer {
        Sealer(blake3::derive_key("baton 2026 session tokens", &self.0))
    }

    /// What the passwords of mailboxes hosted here are sealed with, within the sealed database.
    pub(crate) fn mailboxes(&self) -> Sealer {
        Sealer(blake3::derive_key("baton 2026 hosted mailboxes", &self.0))
    }
}

/// Seals bytes for one purpose.
#[derive(Clone)]
pub(crate) struct Sealer([u8; 32]);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Seals `plain` under `name`: it opens under the same name only.
    pub(crate) fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: plain,
            aad: name.as_bytes(),
        };
        let sealed = XChaCha20Poly1305::new(&self.0.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::DoesNotOpen)?;
        let mut out = Vec::with_capacity(NONCE.saturating_add(sealed.len()));
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what was sealed under `name`.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::DoesNotOpen)?;
        let payload = Payload {
            msg: sealed,
            aad: name.as_bytes(),
        };
        XChaCha20Poly1305::new(&self.0.into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealError::DoesNotOpen)
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_own_name_and_key_only() {
        let key = DataKey::new([7; 32]);
        let sealed = key.blobs().seal("a", b"Dear Carl").unwrap();
        assert_eq!(key.blobs().open("a", &sealed).unwrap(), b"Dear Carl");
        assert!(key.blobs().open("b", &sealed).is_err());
        assert!(key.tokens().open("a", &sealed).is_err());
        assert!(!sealed.windows(4).any(|four| four == b"Carl"));
    }

    #[test]
    fn what_was_changed_or_cut_short_does_not_open() {
        let key = DataKey::new([7; 32]);
        let mut sealed = key.blobs().seal("a", b"Dear Carl").unwrap();
        assert!(key.blobs().open("a", sealed.get(..20).unwrap()).is_err());
        *sealed.last_mut().unwrap() ^= 1;
        assert!(key.blobs().open("a", &sealed).is_err());
    }
}
