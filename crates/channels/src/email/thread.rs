//! The keys by which a mail finds its conversation.
//!
//! Ids first: every id in In-Reply-To and References is known or mentioned by some thread. Then our own signed token, in a Message-ID of
//! ours or in the address it was sent to. Then, only for the same contact within thirty days, the subject. This module makes the keys;
//! which conversation they open is the referee's to say.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::MailKind;
use super::parse::ParsedMail;
use super::subject;

/// Hex digits of the signature in our Message-IDs: 64 bits, against somebody who gets one try a mail.
const TOKEN_DIGITS: usize = 16;
/// Hex digits of the outbound message's id before it.
const ID_DIGITS: usize = 32;
/// Possible tokens of one text that are looked at.
const MAX_TOKENS: usize = 20;
/// Separates the mailbox from our token in a reply address: `sales+baton-...@example.com`.
const ADDRESS_MARK: &str = "+baton-";

/// What links a mail to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadKeys {
    /// Its own id; other mails may already mention it.
    pub own_id: Option<String>,
    /// Every id it mentions, most telling first: In-Reply-To, then References from the newest to the oldest.
    pub mentions: Vec<String>,
    /// Outbound messages of ours that it proves to answer, by a token only we could have made.
    pub answers: Vec<Uuid>,
    /// The subject without prefixes, in lower case; empty where there is none, which matches nothing.
    pub subject_key: String,
    /// Whether its subject says that it answers or forwards. Without this, a subject links nothing.
    pub subject_continues: bool,
}

/// The keys of a mail. `secret` is the workspace's, the one its Message-IDs are made with.
#[must_use]
pub fn thread_keys(mail: &ParsedMail, secret: &[u8]) -> ThreadKeys {
    let mut known: HashSet<&str> = mail.message_id.as_deref().into_iter().collect();
    let mentions: Vec<String> = mail
        .in_reply_to
        .iter()
        .chain(mail.references.iter().rev())
        .filter(|id| known.insert(id.as_str()))
        .cloned()
        .collect();
    let mut answers: Vec<Uuid> = Vec::new();
    let addresses = mail
        .to
        .iter()
        .chain(&mail.cc)
        .map(|to| to.address.as_str())
        .chain(mail.delivered_to.iter().map(String::as_str));
    // A report often quotes what it is about rather than naming it.
    let reported = match &mail.kind {
        MailKind::Bounce {
            original_message_id, ..
        } => Some((original_message_id.iter(), tokens_in(&mail.text))),
        _ => None,
    };
    let reported = reported
        .into_iter()
        .flat_map(|(named, quoted)| named.map(String::as_str).chain(quoted));
    let tokens = mentions
        .iter()
        .map(String::as_str)
        .chain(reported)
        .filter_map(|id| verify(id, secret))
        .chain(addresses.filter_map(|address| verify_address(address, secret)));
    for outbound in tokens {
        if !answers.contains(&outbound) {
            answers.push(outbound);
        }
    }
    ThreadKeys {
        own_id: mail.message_id.clone(),
        mentions,
        answers,
        subject_key: subject::key(&mail.subject),
        subject_continues: subject::is_reply_or_forward(&mail.subject),
    }
}

/// The Message-ID of an outbound message, without angle brackets: `<uuid>.<token>@<domain>`. The same inputs give the same id, so a
/// repeated attempt carries the id of the first.
#[must_use]
pub fn own_message_id(outbound: Uuid, secret: &[u8], domain: &str) -> String {
    format!("{}.{}@{}", outbound.as_simple(), token(outbound, secret), domain)
}

/// The outbound message whose Message-ID this is, if we made it. Angle brackets, other letter case and a rewritten domain don't matter.
#[must_use]
pub fn verify(message_id: &str, secret: &[u8]) -> Option<Uuid> {
    let local = message_id.trim().trim_matches(['<', '>']).split('@').next()?;
    let (id, found) = local.rsplit_once('.')?;
    checked(id, found, secret)
}

/// An address whose answers find the message even where the other side drops every header: `sales+baton-<uuid>.<token>@domain`.
/// `None` for an address without a domain.
#[must_use]
pub fn reply_address(mailbox: &str, outbound: Uuid, secret: &[u8]) -> Option<String> {
    let (local, domain) = mailbox.rsplit_once('@')?;
    Some(format!(
        "{local}{ADDRESS_MARK}{}.{}@{domain}",
        outbound.as_simple(),
        token(outbound, secret)
    ))
}

/// Whatever in a text could be the first half of a Message-ID of ours.
fn tokens_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .filter(|word| word.len() == ID_DIGITS + 1 + TOKEN_DIGITS && word.as_bytes().get(ID_DIGITS) == Some(&b'.'))
        .take(MAX_TOKENS)
}

fn verify_address(address: &str, secret: &[u8]) -> Option<Uuid> {
    let local = address.rsplit_once('@')?.0.to_lowercase();
    let (_, tagged) = local.rsplit_once(ADDRESS_MARK)?;
    let (id, found) = tagged.split_once('.')?;
    checked(id, found, secret)
}

fn checked(id: &str, found: &str, secret: &[u8]) -> Option<Uuid> {
    let outbound = Uuid::try_parse(id).ok()?;
    let expected = token(outbound, secret);
    let found = found.to_lowercase();
    let differs = expected
        .bytes()
        .zip(found.bytes())
        .fold(expected.len() ^ found.len(), |sum, (a, b)| sum | usize::from(a ^ b));
    (differs == 0).then_some(outbound)
}

fn token(outbound: Uuid, secret: &[u8]) -> String {
    let key = blake3::derive_key("baton 2026 message-id token", secret);
    let mut hex = blake3::keyed_hash(&key, outbound.as_bytes()).to_hex().to_string();
    hex.truncate(TOKEN_DIGITS);
    hex
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::email::parse;

    const OURS: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

    #[test]
    fn our_own_id_is_recognised_and_a_made_up_one_is_not() {
        let id = own_message_id(OURS, b"secret", "baton.test");
        assert_eq!(verify(&id, b"secret"), Some(OURS));
        assert_eq!(verify(&format!("<{}>", id.to_uppercase()), b"secret"), Some(OURS));
        assert_eq!(
            verify(&id.replace("baton.test", "rewritten.example"), b"secret"),
            Some(OURS)
        );
        assert_eq!(verify(&id, b"other"), None);
        assert_eq!(verify(&id.replacen("0123", "0124", 1), b"secret"), None);
        assert_eq!(verify("nonsense", b"secret"), None);
        insta::assert_snapshot!(id);
    }

    #[test]
    fn every_mentioned_id_is_a_key_and_the_nearest_comes_first() {
        let ours = own_message_id(OURS, b"secret", "baton.test");
        let raw = format!(
            "From: carl@example.com\r\nMessage-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\nReferences: <a@x> <{ours}>\r\n <b@x>\r\nSubject: AW: Chairs\r\n\r\nhi\r\n"
        );
        let keys = thread_keys(&parse(raw.as_bytes()).unwrap(), b"secret");
        assert_eq!(keys.own_id.as_deref(), Some("c@x"));
        assert_eq!(keys.mentions, ["b@x", ours.as_str(), "a@x"]);
        assert_eq!(keys.answers, [OURS]);
        assert_eq!((keys.subject_key.as_str(), keys.subject_continues), ("chairs", true));
    }

    #[test]
    fn answers_of_every_common_program_name_what_they_answer() {
        let ours = own_message_id(OURS, b"secret", "baton.test");
        let headers = [
            // Outlook and Exchange: both headers, a Thread-Index of their own.
            format!("References: <a@x> <{ours}>\r\nIn-Reply-To: <{ours}>\r\nThread-Index: AQHb\r\nSubject: AW: Chairs"),
            // Apple Mail: one header folded behind its name.
            format!("In-Reply-To:\r\n <{ours}>\r\nReferences:\r\n <{ours}>\r\nSubject: Re: Chairs"),
            // Some phones: In-Reply-To only, without brackets.
            format!("In-Reply-To: {ours}\r\nSubject: Re: Chairs"),
            // Old webmail: References shortened to the last.
            format!("References: <{ours}>\r\nSubject: RE: Chairs"),
            // Gateways that rewrite the domain, or the case.
            format!("In-Reply-To: <{}>\r\nSubject: Re: Chairs", ours.to_uppercase()),
            // Words before the id, as RFC 822 allowed.
            format!("In-Reply-To: Your message of Monday <{ours}>\r\nSubject: Re: Chairs"),
        ];
        for header in headers {
            let raw = format!("From: carl@example.com\r\nTo: sales@baton.test\r\n{header}\r\n\r\nhi\r\n");
            let keys = thread_keys(&parse(raw.as_bytes()).unwrap(), b"secret");
            assert_eq!(keys.answers, [OURS], "{header}");
            assert_eq!(keys.subject_key, "chairs");
        }
    }

    #[test]
    fn a_bounce_that_only_quotes_our_id_proves_it() {
        let ours = own_message_id(OURS, b"secret", "baton.test");
        let raw = format!(
            "From: MAILER-DAEMON@mx.example.com\r\nSubject: failure notice\r\n\r\nSorry, carl@example.com is unknown.\r\nid={ours}; 550\r\n"
        );
        assert_eq!(thread_keys(&parse(raw.as_bytes()).unwrap(), b"secret").answers, [OURS]);
    }

    #[test]
    fn an_answer_to_our_tagged_address_is_recognised_without_headers() {
        let to = reply_address("sales@baton.test", OURS, b"secret").unwrap();
        let raw = format!("From: carl@example.com\r\nTo: {to}\r\nSubject: chairs\r\n\r\nhi\r\n");
        assert_eq!(thread_keys(&parse(raw.as_bytes()).unwrap(), b"secret").answers, [OURS]);
    }
}
