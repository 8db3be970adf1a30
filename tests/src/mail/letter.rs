//! A letter as an independent client sees it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

/// A letter in a mailbox, read by Python's `imaplib` and `email`.
#[derive(Clone, Debug, Deserialize)]
pub struct Letter {
    /// Its number in the folder.
    pub uid: u32,
    /// Its flags, such as `\Seen` or `\Answered`.
    pub flags: Vec<String>,
    /// Every header by its lower-case name, decoded; several of one name in their order.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The plain text, decoded; empty when there is none.
    pub text: String,
    /// The names of the attachments.
    pub attachments: Vec<String>,
}

impl Letter {
    /// The first header of that name, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(&name.to_ascii_lowercase())
            .and_then(|values| values.first())
            .map_or("", String::as_str)
    }

    /// The subject, decoded.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    /// The Message-ID with its angle brackets.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.header("message-id").trim()
    }

    /// The Message-ID this letter answers, with its angle brackets.
    #[must_use]
    pub fn in_reply_to(&self) -> &str {
        self.header("in-reply-to").trim()
    }

    /// The Message-IDs of the thread, oldest first.
    #[must_use]
    pub fn references(&self) -> Vec<&str> {
        self.header("references").split_whitespace().collect()
    }
}

/// An old letter to be filed into a mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct Seed {
    raw: String,
    internal_date_ms: i64,
    flags: Vec<String>,
}

impl Seed {
    /// A letter that came at `internal_date_ms` (UTC, epoch) and carries `flags` (`\Seen`, `\Answered` ...).
    #[must_use]
    pub fn new(raw: &[u8], internal_date_ms: i64, flags: &[&str]) -> Self {
        Self {
            raw: BASE64.encode(raw),
            internal_date_ms,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }
}
