//! The keys things are found by.

use baton_domain::{AccountId, InboxId, MessageId};
use sha2::{Digest as _, Sha256};

/// The longest text an index row keeps as it is; longer ones are kept as their digest.
const PLAIN_BYTES: usize = 200;

/// A key by which an arriving message finds its conversation.
///
/// Four kinds share one index: a Message-ID (known or only mentioned), one of our own outbound messages, a contact with a
/// normalised subject, and whom an inbox has answered by itself, which leads no message anywhere but says when that was. The text form is what is stored; it is pinned by a test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadKey(String);

impl ThreadKey {
    /// A Message-ID, without angle brackets.
    #[must_use]
    pub fn header(id: &str) -> Self {
        Self(bounded("h", id))
    }

    /// One of our own outbound messages.
    #[must_use]
    pub fn outbound(id: MessageId) -> Self {
        Self(format!("m:{}", id.0.as_simple()))
    }

    /// A contact and a normalised subject; `None` where there is no subject: that matches nothing.
    #[must_use]
    pub fn subject(contact: &str, subject: &str) -> Option<Self> {
        let (contact, subject) = (contact.trim().to_lowercase(), subject.trim());
        (!contact.is_empty() && !subject.is_empty()).then(|| Self(bounded("s", &format!("{contact} {subject}"))))
    }

    /// That an inbox has answered an address by itself.
    #[must_use]
    pub fn automatic(inbox: InboxId, address: &str) -> Self {
        Self(bounded(
            "a",
            &format!("{} {}", inbox.0.as_simple(), address.trim().to_lowercase()),
        ))
    }

    /// Whether it says that.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.0.starts_with("a:") || self.0.starts_with("a#")
    }

    /// The stored form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key with that stored form.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }
}

/// Long texts, and those a database might refuse, are kept as their digest: an index has limits, Message-IDs have none.
fn bounded(kind: &str, text: &str) -> String {
    if text.len() <= PLAIN_BYTES && !text.chars().any(char::is_control) {
        format!("{kind}:{text}")
    } else {
        format!("{kind}#{}", hex::encode(Sha256::digest(text.as_bytes())))
    }
}

/// Where an item sits in a mailbox. UIDs are only good within one UIDVALIDITY (RFC 3501, 2.3.1.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    /// The account.
    pub account: AccountId,
    /// The folder, decoded.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// The item's UID.
    pub uid: u32,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_pinned() {
        assert_eq!(ThreadKey::header("a@x").as_str(), "h:a@x");
        assert_eq!(
            ThreadKey::outbound(MessageId(uuid::Uuid::nil())).as_str(),
            "m:00000000000000000000000000000000"
        );
        assert_eq!(
            ThreadKey::subject(" Carl@Example.com", "chairs").unwrap().as_str(),
            "s:carl@example.com chairs"
        );
        assert_eq!(
            ThreadKey::automatic(InboxId(uuid::Uuid::nil()), " Carl@Example.com").as_str(),
            "a:00000000000000000000000000000000 carl@example.com"
        );
        assert_eq!(
            ThreadKey::header("a\0b").as_str(),
            "h#59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138"
        );
    }

    #[test]
    fn a_long_id_fits_the_index_and_stays_itself() {
        let long = "x".repeat(5000);
        assert!(ThreadKey::header(&long).as_str().len() < 80);
        assert_eq!(ThreadKey::header(&long), ThreadKey::header(&long));
        assert_ne!(ThreadKey::header(&long), ThreadKey::header(&"y".repeat(5000)));
    }

    #[test]
    fn no_subject_is_no_key() {
        assert_eq!(ThreadKey::subject("carl@example.com", ""), None);
    }
}
