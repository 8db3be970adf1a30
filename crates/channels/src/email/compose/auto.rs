//! Whether a machine may answer a mail (RFC 3834).
//!
//! An automatic answer to another machine is how mail loops begin, and one to a list reaches hundreds of strangers. So nothing is
//! answered that does not plainly come from one person who wrote to us. Whether an answer is due at all, and that nobody gets two within a
//! week, is the domain's to say.

use baton_domain::Silence;
use mail_parser::{HeaderValue, Message, MessageParser};

use crate::email::address::{MailAddress, ascii_domain};
use crate::email::parse::ParsedMail;

/// Local parts behind which nobody reads.
const MACHINES: &[&str] = &[
    "mailer-daemon",
    "postmaster",
    "daemon",
    "listserv",
    "majordomo",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "bounce",
    "bounces",
    "notification",
    "notifications",
    "root",
    "nobody",
    "www-data",
];

/// Whom a machine may answer by what a mail says of itself, or why nobody.
///
/// The answer goes to the return path (RFC 3834, 4), never to Reply-To or From: those are claims.
///
/// # Errors
/// The reason for silence.
pub fn may_auto_reply(raw: &[u8], mail: &ParsedMail) -> Result<MailAddress, Silence> {
    let headers = MessageParser::default().parse_headers(raw).ok_or(Silence::Unreadable)?;
    let path = return_path(&headers).ok_or(Silence::NullSender)?;
    let submitted = value(&headers, "Auto-Submitted").unwrap_or_default();
    if !(submitted.is_empty() || submitted == "no" || submitted.starts_with("no ") || submitted.starts_with("no;")) {
        return Err(Silence::Automatic);
    }
    if mail.kind.is_automatic() && !matches!(mail.kind, crate::email::MailKind::List | crate::email::MailKind::Bulk) {
        return Err(Silence::Automatic);
    }
    let listed = headers.headers().iter().any(|header| {
        let name = header.name().to_ascii_lowercase();
        name.starts_with("list-") || name == "feedback-id" || name == "x-mailing-list"
    });
    let precedence = value(&headers, "Precedence").unwrap_or_default();
    if listed || mail.kind.is_automatic() || matches!(precedence.as_str(), "bulk" | "list" | "junk") {
        return Err(Silence::Bulk);
    }
    if value(&headers, "X-Auto-Response-Suppress").is_some_and(|value| value != "none") {
        return Err(Silence::Suppressed);
    }
    if value(&headers, "X-Spam-Flag").is_some_and(|value| value == "yes") {
        return Err(Silence::Spam);
    }
    let local = path.split('@').next().unwrap_or_default().to_lowercase();
    let machine = MACHINES.contains(&local.as_str())
        || local.starts_with("owner-")
        || local.ends_with("-request")
        || local.starts_with("bounce")
        || local.starts_with("noreply")
        || local.starts_with("no-reply");
    if machine {
        return Err(Silence::Machine);
    }
    if mail.baton_id.is_some() {
        return Err(Silence::Own);
    }
    let key = |address: &str| ascii_domain(address).to_lowercase();
    let name = mail
        .from
        .as_ref()
        .filter(|from| key(&from.address) == key(&path))
        .and_then(|from| from.name.clone());
    Ok(MailAddress { name, address: path })
}

/// Whether a mail is from somebody else, and to us by name. `ours` are all our addresses.
///
/// # Errors
/// The reason for silence.
pub fn is_theirs_to_us<'a>(
    senders: impl IntoIterator<Item = &'a str>,
    to: impl IntoIterator<Item = &'a str>,
    ours: &[&str],
) -> Result<(), Silence> {
    let key = |address: &str| ascii_domain(address.trim()).to_lowercase();
    let ours: Vec<String> = ours.iter().map(|own| key(own)).collect();
    let is_ours = |address: &str| ours.contains(&key(address));
    if senders.into_iter().any(is_ours) {
        Err(Silence::Own)
    } else if to.into_iter().any(is_ours) {
        Ok(())
    } else {
        Err(Silence::NotToUs)
    }
}

/// The envelope's sender, as the last server noted it; `None` for the null sender and where none was noted.
fn return_path(message: &Message<'_>) -> Option<String> {
    let noted = value_as_written(message, "Return-Path")?;
    let path = noted.trim().trim_matches(['<', '>']).trim().to_owned();
    path.contains('@').then_some(path)
}

fn value(message: &Message<'_>, name: &str) -> Option<String> {
    value_as_written(message, name).map(|value| value.trim().to_lowercase())
}

fn value_as_written(message: &Message<'_>, name: &str) -> Option<String> {
    let raw = message.header_raw(name)?;
    let first = raw.lines().next().unwrap_or_default().trim().to_owned();
    let empty = message
        .header(name)
        .is_none_or(|value| matches!(value, HeaderValue::Empty))
        && first.is_empty();
    (!empty).then_some(first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::email::parse;

    fn judged(raw: &[u8]) -> Result<MailAddress, Silence> {
        let mail = parse(raw).unwrap();
        let ours = ["sales@baton.test", "info@bücher.example"];
        let path = may_auto_reply(raw, &mail)?;
        let from = mail.from.iter().map(|from| from.address.as_str());
        let to = mail.to.iter().chain(&mail.cc).map(|to| to.address.as_str());
        is_theirs_to_us(from.chain([path.address.as_str()]), to, &ours)?;
        Ok(path)
    }

    /// Carl's enquiry with other headers before it, or instead of its own.
    fn check(headers: &str, gives: Result<(), Silence>) {
        let given = |name: &str| {
            headers
                .lines()
                .any(|line| line.to_lowercase().starts_with(&format!("{name}:")))
        };
        let usual = [
            ("return-path", "Return-Path: <carl@example.com>"),
            ("from", "From: Carl <carl@example.com>"),
            ("to", "To: Sales <sales@baton.test>"),
            ("subject", "Subject: Chairs"),
        ];
        let mut raw = String::new();
        for line in headers
            .lines()
            .chain(usual.iter().filter(|(name, _)| !given(name)).map(|(_, line)| *line))
        {
            raw.push_str(line);
            raw.push_str("\r\n");
        }
        raw.push_str("\r\nDo you have chairs?\r\n");
        let answer = judged(raw.as_bytes());
        assert_eq!(answer.map(drop), gives, "{headers}");
    }

    #[test]
    fn only_a_person_who_wrote_to_us_is_answered() {
        use Silence::{Automatic, Bulk, Machine, NotToUs, NullSender, Own, Spam, Suppressed};
        for (headers, gives) in [
            ("", Ok(())),
            ("Auto-Submitted: no", Ok(())),
            ("To: x@example.com\nCc: SALES@baton.test", Ok(())),
            ("To: info@xn--bcher-kva.example", Ok(())),
            ("X-Auto-Response-Suppress: None", Ok(())),
            ("Precedence: first-class", Ok(())),
            ("Auto-Submitted: auto-replied", Err(Automatic)),
            ("Auto-Submitted: auto-generated", Err(Automatic)),
            (
                "Auto-Submitted: auto-notified; owner-email=\"a@b.example\"",
                Err(Automatic),
            ),
            ("Subject: Out of office: Chairs", Err(Automatic)),
            ("Return-Path: <>", Err(NullSender)),
            ("Return-Path: ", Err(NullSender)),
            ("List-Id: <chairs.example.com>", Err(Bulk)),
            ("List-Unsubscribe: <https://example.com/u>", Err(Bulk)),
            ("List-Help: <mailto:help@example.com>", Err(Bulk)),
            ("Precedence: bulk", Err(Bulk)),
            ("Precedence: Junk", Err(Bulk)),
            ("Precedence: list", Err(Bulk)),
            ("Feedback-ID: 1:2:3", Err(Bulk)),
            ("X-Auto-Response-Suppress: All", Err(Suppressed)),
            ("X-Auto-Response-Suppress: OOF, AutoReply", Err(Suppressed)),
            ("X-Spam-Flag: YES", Err(Spam)),
            ("X-Spam-Flag: NO", Ok(())),
            ("Return-Path: <noreply@example.com>", Err(Machine)),
            ("Return-Path: <owner-chairs@example.com>", Err(Machine)),
            ("Return-Path: <chairs-request@example.com>", Err(Machine)),
            ("Return-Path: <bounces+carl=example.com@mail.example>", Err(Machine)),
            ("Return-Path: <sales@baton.test>", Err(Own)),
            ("From: sales@baton.test", Err(Own)),
            ("X-Baton-Id: 0190a000-0000-7000-8000-000000000001", Err(Own)),
            ("To: undisclosed-recipients:;", Err(NotToUs)),
            ("To: others@example.com", Err(NotToUs)),
        ] {
            check(headers, gives);
        }
    }

    #[test]
    fn a_mail_without_a_return_path_is_not_answered() {
        let raw = b"From: carl@example.com\r\nTo: sales@baton.test\r\n\r\nhi\r\n";
        assert_eq!(judged(raw), Err(Silence::NullSender));
    }

    #[test]
    fn the_answer_goes_to_the_return_path() {
        let raw = b"Return-Path: <carl@example.com>\r\nFrom: Carl <Carl@Example.com>\r\nReply-To: victim@example.org\r\nTo: sales@baton.test\r\n\r\nhi\r\n";
        assert_eq!(judged(raw), Ok(MailAddress::named("Carl", "carl@example.com")));
    }
}
