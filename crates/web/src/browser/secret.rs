//! The secret of one start.

use subtle::ConstantTimeEq;

/// 256 random bits, new at every start, in hex.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// The secret itself, for the address that is printed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether somebody knows it. Takes as long for a near miss as for a wild guess.
    #[must_use]
    pub fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_its_own_secret() {
        let (first, second) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        assert!(first.is(first.reveal()));
        assert!(!first.is(second.reveal()));
        assert!(!first.is(""));
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::fresh().unwrap();
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
