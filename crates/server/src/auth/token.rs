//! Bearer tokens and invitation codes: random, opaque, and kept only as digests.
//!
//! A token says nothing and can't be forged; it is looked up by its SHA-256, so a stolen database opens no session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The digest a token is kept as.
pub type TokenDigest = [u8; 32];

/// A token or code on its way to the one who will use it. It never prints.
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no randomness from the operating system")]
pub struct NoRandomness;

/// The alphabet of invitation codes: no letter that is taken for another one when it is read out.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl Secret {
    /// A bearer token: 256 random bits.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn token() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// An invitation code: 100 random bits in groups of five that can be read out, e.g. `K7Q2M-...`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn code() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let letters = bytes.iter().filter_map(|byte| CODE_LETTERS.get(usize::from(byte & 31)));
        let mut code = String::new();
        for (at, letter) in letters.enumerate() {
            if at > 0 && at % 5 == 0 {
                code.push('-');
            }
            code.push(char::from(*letter));
        }
        Ok(Self(code))
    }

    /// The text, for its one showing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        digest(&self.0)
    }
}

/// What is kept of a token.
#[must_use]
pub fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

/// What is kept of an invitation code, however it was typed.
#[must_use]
pub fn code_digest(code: &str) -> TokenDigest {
    let clean: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    digest(&clean)
}

/// Whether two digests are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ_and_carry_256_bits() {
        let (one, other) = (Secret::token().unwrap(), Secret::token().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.reveal()).unwrap().len(), 32);
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = Secret::code().unwrap();
        assert_eq!(code.reveal().len(), 23);
        let typed = code.reveal().to_lowercase().replace('-', " ");
        assert!(same(&code_digest(&typed), &code_digest(code.reveal())));
        assert!(!same(&code_digest("AAAAA"), &code_digest(code.reveal())));
    }

    #[test]
    fn a_secret_does_not_print() {
        let token = Secret::token().unwrap();
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
