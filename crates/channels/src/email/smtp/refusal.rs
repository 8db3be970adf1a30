//! Why a provider did not take a message, from its reply.
//!
//! The enhanced status code (RFC 3463) says more than the three digits, and its words sometimes more than either: large providers use
//! `5.7.1` for everything. What is said in words is only read where the codes leave it open. The reply itself is always kept beside
//! what is made of it here.

use baton_domain::SendProblem as P;

/// An enhanced status code: class, subject, detail.
type Status = (u8, u16, u16);

/// What a reply means; `None` where it is no reply of a server. It begins with the three digits, as the outbox writes it.
#[must_use]
pub fn meaning(reply: &str) -> Option<P> {
    let code: u16 = reply.get(..3)?.parse().ok().filter(|code| (400..600).contains(code))?;
    let words = reply.to_lowercase();
    let said = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let status = reply.split_whitespace().find_map(status);
    Some(match status {
        Some((_, 1, 0 | 1 | 4)) => P::NoSuchMailbox,
        Some((_, 1, 2)) => P::NoSuchDomain,
        Some((_, 1, 3)) => P::BadAddress,
        Some((_, 1, 6)) => P::MailboxMoved,
        Some((_, 1, 7 | 8)) => P::SenderRefused,
        Some((_, 1, 10)) => P::TakesNoMail,
        Some((5, 2, 1)) => P::MailboxDisabled,
        // Gmail says 4.2.1 of a mailbox that gets mail faster than it may.
        Some((_, 2, 1)) => P::Busy,
        Some((_, 2, 2)) => P::MailboxFull,
        Some((_, 2, 3) | (_, 3, 4)) => P::TooLarge,
        Some((_, 3, _)) => P::Busy,
        // Microsoft 365 says so of addresses a domain doesn't have.
        Some((5, 4, 1)) if said(&["access denied", "recipient address rejected"]) => P::NoSuchMailbox,
        Some((_, 4, 4)) => P::NoSuchDomain,
        Some((_, 4, 5)) => P::LimitReached,
        Some((_, 4, 6)) => P::Loop,
        Some((_, 4, _)) => P::Unreachable,
        Some((_, 5, 3)) => P::TooManyRecipients,
        Some((_, 6, 7 | 9)) => P::ForeignLetters,
        Some((_, 6, _)) => P::ContentRefused,
        Some((_, 7, 8 | 9 | 14)) => P::SignIn,
        Some((_, 7, 30)) if said(&["basic"]) => P::SignIn,
        Some((_, 7, 20..=26)) => P::NotAuthenticated,
        Some((_, 7, 27)) => P::SenderRefused,
        Some((_, 7, 28)) => P::LimitReached,
        Some((_, 7, 60)) => P::SendAsDenied,
        Some((_, 7, 501..=503)) => P::Spam,
        _ => in_words(code, &said),
    })
}

/// Where the codes leave it open.
fn in_words(code: u16, said: &dyn Fn(&[&str]) -> bool) -> P {
    let later = code < 500;
    if said(&["sendasdenied", "send as", "not owned by user", "not allowed to send as"]) {
        return P::SendAsDenied;
    }
    if said(&["greylist", "graylist", "postgrey"]) {
        return P::Greylisted;
    }
    if said(&["dmarc", "spf", "dkim", "unauthenticated"]) {
        return P::NotAuthenticated;
    }
    if said(&[
        "spam",
        "blacklist",
        "blocklist",
        "blocked using",
        "reputation",
        "unsolicited",
        "virus",
    ]) {
        return P::Spam;
    }
    if said(&[
        "rate limit",
        "too many",
        "quota exceeded",
        "limit exceeded",
        "try again later, closing",
    ]) {
        return P::LimitReached;
    }
    if said(&["mailbox full", "over quota", "mailbox is full"]) {
        return P::MailboxFull;
    }
    if said(&[
        "user unknown",
        "unknown user",
        "no such user",
        "does not exist",
        "user not found",
        "unknown recipient",
    ]) {
        return P::NoSuchMailbox;
    }
    match code {
        530 | 534 | 535 | 538 => P::SignIn,
        552 => P::TooLarge,
        553 => P::BadAddress,
        551 => P::MailboxMoved,
        521 | 556 => P::TakesNoMail,
        452 => P::MailboxFull,
        450 | 451 if said(&["4.7.1", "later"]) => P::Greylisted,
        _ if later => P::Busy,
        _ if said(&["5.7.", "policy", "denied", "not permitted", "not allowed", "relay"]) => P::Policy,
        550 if !said(&["5."]) => P::NoSuchMailbox,
        _ => P::Other,
    }
}

/// `5.1.1`, whatever stands around it.
fn status(word: &str) -> Option<Status> {
    let mut parts = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(class, "4" | "5") {
        return None;
    }
    Some((class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_providers_say_is_understood() {
        for (reply, means) in [
            // Postfix
            (
                "550 nobody@x.example: 5.1.1 <nobody@x.example>: Recipient address rejected: User unknown",
                P::NoSuchMailbox,
            ),
            (
                "450 4.2.0 <c@x.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch",
                P::Greylisted,
            ),
            ("552 5.3.4 Message size exceeds fixed limit", P::TooLarge),
            ("454 4.7.1 <c@x.example>: Relay access denied", P::Busy),
            ("554 5.7.1 <c@x.example>: Relay access denied", P::Policy),
            (
                "553 5.7.1 <boss@x.example>: Sender address rejected: not owned by user anna",
                P::SendAsDenied,
            ),
            // Gmail
            (
                "550 5.1.1 The email account that you tried to reach does not exist.",
                P::NoSuchMailbox,
            ),
            (
                "552 5.2.2 The email account that you tried to reach is over quota.",
                P::MailboxFull,
            ),
            ("550 5.4.5 Daily user sending limit exceeded.", P::LimitReached),
            (
                "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail",
                P::LimitReached,
            ),
            (
                "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
                P::NotAuthenticated,
            ),
            ("535 5.7.8 Username and Password not accepted.", P::SignIn),
            // Microsoft 365
            ("550 5.4.1 Recipient address rejected: Access denied.", P::NoSuchMailbox),
            (
                "554 5.2.252 SendAsDenied; anna@x.example not allowed to send as sales@x.example",
                P::SendAsDenied,
            ),
            (
                "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
                P::SendAsDenied,
            ),
            (
                "550 5.7.30 Basic authentication is not supported for Client Submission.",
                P::SignIn,
            ),
            ("550 5.7.502 Access denied, banned sender", P::Spam),
            // Others
            ("550 5.1.10 Recipient address has null MX", P::TakesNoMail),
            (
                "553 5.6.7 the server can't deliver to jürgen@x.example",
                P::ForeignLetters,
            ),
            (
                "554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org",
                P::Spam,
            ),
            ("550 no such user here", P::NoSuchMailbox),
            ("452 4.5.3 Too many recipients", P::TooManyRecipients),
            ("421 Service not available, closing transmission channel", P::Busy),
            ("554 Transaction failed", P::Other),
        ] {
            assert_eq!(meaning(reply), Some(means), "{reply}");
        }
    }

    #[test]
    fn what_no_server_said_means_nothing() {
        for words in [
            "",
            "it can't be sent as it is: To",
            "smtp.example.com did not answer in time",
            "250 ok",
        ] {
            assert_eq!(meaning(words), None, "{words}");
        }
    }

    #[test]
    fn a_version_or_an_address_is_no_status() {
        assert_eq!(status("192.0.2.1"), None);
        assert_eq!(status("2.0.0"), None);
        assert_eq!(status("(5.7.1);"), Some((5, 7, 1)));
        assert_eq!(status("#5.1.1"), Some((5, 1, 1)));
    }
}
