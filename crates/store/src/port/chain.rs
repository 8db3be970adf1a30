//! The hash chain over the log.
//!
//! An entry's hash covers the hash before it, the entry's header, and a *salted digest* of its payload, never the payload itself: text
//! and addresses can be erased (S9) and the chain still verifies. Every field is preceded by its length, so that no two entries
//! give the same bytes. The encoding is pinned by a test: a log written today must verify in ten years.

use baton_domain::{LogBody, LogEntry};
use sha2::{Digest as _, Sha256};

use super::Sealed;

/// The hash before the first entry.
pub const START: [u8; 32] = [0; 32];

/// Changes when the encoding does.
const RULE: &[u8] = b"baton log 1";

/// The payload of an entry as stored and digested.
///
/// # Errors
/// Never in practice: the body is plain data.
pub fn payload(body: &LogBody) -> Result<String, serde_json::Error> {
    serde_json::to_string(body)
}

/// The salted digest of a payload.
#[must_use]
pub fn digest(salt: [u8; 16], payload: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(payload.as_bytes());
    hash.finalize().into()
}

/// The chain's hash at an entry, given the hash before it and its payload's digest. The body of `entry` is only used for its
/// subject.
///
/// # Errors
/// Never in practice: the header is plain data.
pub fn link(before: [u8; 32], entry: &LogEntry, digest: [u8; 32]) -> Result<[u8; 32], serde_json::Error> {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    field(RULE);
    field(&before);
    field(&entry.number.to_be_bytes());
    field(&entry.at.0.to_be_bytes());
    field(&entry.issued_at.0.to_be_bytes());
    field(&serde_json::to_vec(&entry.actor)?);
    field(entry.command.0.as_bytes());
    field(&serde_json::to_vec(&entry.scope)?);
    field(&digest);
    Ok(hash.finalize().into())
}

/// Seals an entry onto the chain.
///
/// # Errors
/// Never in practice: the entry is plain data.
pub fn seal(before: [u8; 32], entry: LogEntry, salt: [u8; 16]) -> Result<Sealed, serde_json::Error> {
    let digest = digest(salt, &payload(&entry.body)?);
    let hash = link(before, &entry, digest)?;
    Ok(Sealed {
        entry,
        salt,
        digest,
        hash,
    })
}

/// Where a chain breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing or out of place.
    #[error("entry {0} is out of place")]
    Place(u64),
    /// The payload is not the one that was digested.
    #[error("the payload of entry {0} was changed")]
    Payload(u64),
    /// The header or an entry before it was changed.
    #[error("entry {0} does not follow from the one before it")]
    Link(u64),
}

/// Verifies that `entry` follows `number` and `before`; `payload` is its stored text, `None` once it was erased.
///
/// # Errors
/// Where and how the chain breaks.
pub fn verify(number: u64, before: [u8; 32], entry: &Sealed, payload: Option<&str>) -> Result<(), Broken> {
    let at = entry.entry.number;
    if at != number.saturating_add(1) {
        return Err(Broken::Place(at));
    }
    if payload.is_some_and(|text| digest(entry.salt, text) != entry.digest) {
        return Err(Broken::Payload(at));
    }
    if link(before, &entry.entry, entry.digest).ok() != Some(entry.hash) {
        return Err(Broken::Link(at));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use baton_domain::{Actor, CommandId, DocumentId, Scope, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn entry(number: u64) -> LogEntry {
        LogEntry {
            number,
            at: Timestamp(1_790_000_000_000),
            issued_at: Timestamp(1_789_999_999_000),
            actor: Actor::Operator,
            command: CommandId(Uuid::from_u128(7)),
            scope: Scope::Workspace,
            body: LogBody::DocumentRemoved {
                id: DocumentId(Uuid::from_u128(9)),
            },
        }
    }

    #[test]
    fn the_bytes_are_pinned() {
        let sealed = seal(START, entry(1), [3; 16]).unwrap();
        assert_eq!(
            payload(&sealed.entry.body).unwrap(),
            r#"{"type":"documentRemoved","id":"00000000-0000-0000-0000-000000000009"}"#
        );
        assert_eq!(
            hex::encode(sealed.digest),
            "39a693a9cce12e0b82996b33f8e8df170fb9a12d50d8c2c78382ad3ba913191e"
        );
        assert_eq!(
            hex::encode(sealed.hash),
            "1792233673b22f80a4b1c9d6174dbe3ac7a95a2aa979719da4424a83a4d4be22"
        );
    }

    #[test]
    fn an_erased_payload_leaves_the_chain_whole_and_a_changed_one_breaks_it() {
        let first = seal(START, entry(1), [3; 16]).unwrap();
        let second = seal(first.hash, entry(2), [4; 16]).unwrap();
        assert_eq!(verify(1, first.hash, &second, None), Ok(()));
        assert_eq!(verify(1, first.hash, &second, Some("{}")), Err(Broken::Payload(2)));
        assert_eq!(verify(0, first.hash, &second, None), Err(Broken::Place(2)));
        assert_eq!(verify(1, START, &second, None), Err(Broken::Link(2)));
        let mut later = second.clone();
        later.entry.at = Timestamp(1);
        assert_eq!(verify(1, first.hash, &later, None), Err(Broken::Link(2)));
    }
}
