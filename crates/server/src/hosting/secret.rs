//! A mailbox's settings and password, sealed for the row they lie in.

use baton_domain::AccountId;

use super::mailbox::Mailbox;
use crate::seal::{Place, SealError, SealKey};

fn place(row: &str) -> Place<'_> {
    Place {
        table: "account_secret",
        row,
        column: "sealed",
    }
}

/// Seals a mailbox for its account's row.
///
/// # Errors
/// When there is no randomness.
pub fn seal(key: &SealKey, account: AccountId, mailbox: &Mailbox) -> Result<Vec<u8>, SealError> {
    let plain = serde_json::to_vec(mailbox).map_err(|_| SealError::DoesNotOpen)?;
    key.seal(place(&account.to_string()), &plain)
}

/// Opens a mailbox from its account's row.
///
/// # Errors
/// When it was sealed with another key.
pub fn open(key: &SealKey, account: AccountId, sealed: &[u8]) -> Result<Mailbox, SealError> {
    let plain = key.open(place(&account.to_string()), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)
}
