//! Whether a machine may answer a mail (RFC 3834).
//!
//! An automatic answer to another machine is how mail loops begin, and one to a list reaches hundreds of strangers. So nothing is
//! answered that does not plainly come from one person who wrote to us, and nobody is answered twice within a week.

use baton_domain::{DAY_MS, Timestamp};
use mail_parser::{HeaderValue, Message, MessageParser};

use crate::email::address::{MailAddress, ascii_domain};
use crate::email::parse::ParsedMail;

/// How long one sender gets no second automatic answer (RFC 3834, 2: "once in several days").
pub const ONCE_IN_MS: i64 = 7 * DAY_MS;

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

/// Why a mail gets no automatic answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// A machine wrote it.
    #[error("a machine wrote it")]
    Automatic,
    /// Its return path is empty or missing: there is nobody to answer.
    #[error("it has no return path")]
    NullSender,
    /// It came through a list, or went to many.
    #[error("it came through a list or went to many")]
    Bulk,
    /// Its sender's program asked for silence.
    #[error("its sender asked for no automatic answers")]
    Suppressed,
    /// Nobody reads behind its sender's address.
    #[error("nobody reads behind its sender's address")]
    Machine,
    /// We wrote it ourselves.
    #[error("it is our own")]
    Own,
    /// None of our addresses stands in To or Cc.
    #[error("it was not addressed to us")]
    NotToUs,
    /// Its sender was answered within the week.
    #[error("its sender was answered within the week")]
    AnsweredLately,
    /// It can't be read.
    #[error("it can't be read")]
    Unreadable,
}

/// Whom a machine may answer, or why nobody. `ours` are all our addresses; `last` is when this sender last got an automatic answer.
///
/// The answer goes to the return path (RFC 3834, 4), never to Reply-To or From: those are claims.
///
/// # Errors
/// The reason for silence.
pub fn may_auto_reply(
    raw: &[u8],
    mail: &ParsedMail,
    ours: &[String],
    last: Option<Timestamp>,
    now: Timestamp,
) -> Result<MailAddress, Silence> {
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
    let key = |address: &str| ascii_domain(address).to_lowercase();
    let is_ours = |address: &str| ours.iter().any(|own| key(own) == key(address));
    if mail.baton_id.is_some() || is_ours(&path) || mail.from.as_ref().is_some_and(|from| is_ours(&from.address)) {
        return Err(Silence::Own);
    }
    if !mail.to.iter().chain(&mail.cc).any(|to| is_ours(&to.address)) {
        return Err(Silence::NotToUs);
    }
    if last.is_some_and(|last| now.since_ms(last) < ONCE_IN_MS) {
        return Err(Silence::AnsweredLately);
    }
    let name = mail
        .from
        .as_ref()
        .filter(|from| key(&from.address) == key(&path))
        .and_then(|from| from.name.clone());
    Ok(MailAddress { name, address: path })
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

    const NOW: Timestamp = Timestamp(1_793_613_600_000);

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
        let mail = parse(raw.as_bytes()).unwrap();
        let ours = ["sales@baton.test".to_owned(), "info@bücher.example".to_owned()];
        let answer = may_auto_reply(raw.as_bytes(), &mail, &ours, None, NOW);
        assert_eq!(answer.map(drop), gives, "{headers}");
    }

    #[test]
    fn only_a_person_who_wrote_to_us_is_answered() {
        use Silence::{Automatic, Bulk, Machine, NotToUs, NullSender, Own, Suppressed};
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
        let mail = parse(raw).unwrap();
        let ours = ["sales@baton.test".to_owned()];
        assert_eq!(may_auto_reply(raw, &mail, &ours, None, NOW), Err(Silence::NullSender));
    }

    #[test]
    fn nobody_is_answered_twice_within_a_week_and_the_answer_goes_to_the_return_path() {
        let raw = b"Return-Path: <carl@example.com>\r\nFrom: Carl <Carl@Example.com>\r\nReply-To: victim@example.org\r\nTo: sales@baton.test\r\n\r\nhi\r\n";
        let mail = parse(raw).unwrap();
        let ours = ["sales@baton.test".to_owned()];
        let ask = |last: Option<i64>| may_auto_reply(raw, &mail, &ours, last.map(|ago| NOW.plus_ms(-ago)), NOW);
        assert_eq!(ask(None), Ok(MailAddress::named("Carl", "carl@example.com")));
        assert_eq!(ask(Some(ONCE_IN_MS - 1)), Err(Silence::AnsweredLately));
        assert!(ask(Some(ONCE_IN_MS)).is_ok());
    }
}
