//! When two arrivals are one message.
//!
//! Message-ID, From, Date and the folded text agree; without a Message-ID: From, Date, Subject and text. What servers and lists add on the
//! way (Received, Delivered-To, footers, subject prefixes) never counts. The SHA-256 of the raw bytes names the blob; it is not this.

use sha2::{Digest as _, Sha256};

use super::parse::ParsedMail;
use super::subject;

/// Changes when the rule changes, so that digests of two rules never meet.
const RULE: &str = "baton mail identity 1";

/// The digest of what makes a message itself, as 64 lower-case hex digits. Equal digests are one message.
#[must_use]
pub fn digest(mail: &ParsedMail) -> String {
    let mut hash = Sha256::new();
    field(&mut hash, RULE);
    match &mail.message_id {
        Some(id) => {
            field(&mut hash, "id");
            field(&mut hash, id);
        }
        None => {
            field(&mut hash, "subject");
            field(&mut hash, &subject::key(&mail.subject));
        }
    }
    field(
        &mut hash,
        &mail.from.as_ref().map(super::MailAddress::key).unwrap_or_default(),
    );
    field(
        &mut hash,
        &mail.date_ms.map(|date| date.0.to_string()).unwrap_or_default(),
    );
    field(&mut hash, &folded(&mail.text));
    hex::encode(hash.finalize())
}

/// Every field with its length before it: no two lists of fields give the same bytes.
fn field(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

/// The text without what transport changes: line ends, wrapping, white space, `>From`, invisible characters, and the footer of a list.
fn folded(text: &str) -> String {
    let mut words = Vec::new();
    for line in without_list_footer(text).lines() {
        let line = if line.starts_with(">From ") {
            line.get(1..).unwrap_or(line)
        } else {
            line
        };
        words.extend(line.split_whitespace());
    }
    let mut joined = words.join(" ");
    joined.retain(|c| !matches!(c, '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{200c}' | '\u{200d}'));
    joined
}

/// Mailman puts a rule of underscores above its footer, Google Groups a signature mark; both end the text.
fn without_list_footer(text: &str) -> &str {
    let mut end = text.len();
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let rule = trimmed.len() >= 40 && trimmed.bytes().all(|byte| byte == b'_');
        if rule || trimmed == "--" {
            let next = lines.peek().map(|next| next.to_lowercase()).unwrap_or_default();
            let names_list = next.contains("mailing list")
                || next.contains("you received this message because")
                || next.contains("list info");
            if names_list {
                end = at;
            }
        }
        at += line.len();
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::email::parse;

    fn of(raw: &str) -> String {
        digest(&parse(raw.replace('\n', "\r\n").as_bytes()).unwrap())
    }

    const MAIL: &str = "Message-ID: <1@example.com>\nFrom: Carl <carl@example.com>\nTo: sales@baton.test\nDate: Mon, 2 Nov 2026 10:00:00 +0100\nSubject: Chairs\n\nDo you have\nchairs?\n";

    #[test]
    fn what_transport_adds_does_not_count() {
        let other = MAIL
            .replace("Message-ID", "Received: by mx.example.com; Mon, 2 Nov 2026 10:00:01 +0100\nDelivered-To: info@baton.test\nMessage-ID")
            .replace("Subject: Chairs", "Subject: [sales] Re: Chairs")
            .replace("10:00:00 +0100", "09:00:00 +0000")
            .replace("have\nchairs?", "have chairs?\n\n_______________________________________________\nSales mailing list\nSales@lists.example.com");
        assert_eq!(of(MAIL), of(&other));
    }

    #[test]
    fn the_same_id_with_another_text_is_another_message() {
        assert_ne!(of(MAIL), of(&MAIL.replace("chairs?", "tables?")));
        assert_ne!(of(MAIL), of(&MAIL.replace("carl@", "dora@")));
        assert_ne!(of(MAIL), of(&MAIL.replace("10:00:00", "10:00:01")));
    }

    #[test]
    fn without_an_id_the_subject_counts_without_its_prefixes() {
        let bare = MAIL.replace("Message-ID: <1@example.com>\n", "");
        assert_eq!(of(&bare), of(&bare.replace("Chairs", "Re: chairs")));
        assert_ne!(of(&bare), of(&bare.replace("Chairs", "Tables")));
        assert_ne!(of(&bare), of(MAIL));
    }

    #[test]
    fn the_rule_is_pinned() {
        insta::assert_snapshot!(of(MAIL));
    }
}
