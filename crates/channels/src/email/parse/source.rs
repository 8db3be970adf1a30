//! Raw bytes as the parser takes them: bounded, with what careless programs leave out put right.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser};
use memchr::{memchr_iter, memchr2_iter, memmem};

use super::Unreadable;
use crate::email::charset::guessed;

/// Messages inside messages, as a whole, before a mail counts as an attack on its reader. Digests have some dozens.
const MAX_NESTED_MESSAGES: usize = 400;
/// Bytes of headers whose charset is guessed.
const MAX_RAW_HEADERS: usize = 1024 * 1024;

/// Takes the message apart and hands it over with the bytes its offsets refer to; a panic anywhere in between is a reason, not an end.
/// Empty lines before the headers, which some stores leave, are skipped.
pub(super) fn with_message<T>(raw: &[u8], then: impl FnOnce(&Message<'_>, &[u8]) -> T) -> Result<T, Unreadable> {
    let raw = raw.trim_ascii_start();
    if raw.is_empty() {
        return Err(Unreadable::Empty);
    }
    if nested_messages(raw) > MAX_NESTED_MESSAGES {
        return Err(Unreadable::TooNested);
    }
    let raw = without_envelope_line(raw);
    let raw = in_utf8(raw);
    catch_unwind(AssertUnwindSafe(|| {
        MessageParser::default().parse(&raw).map(|message| then(&message, &raw))
    }))
    .map_err(|_| Unreadable::ParserFailed)?
    .ok_or(Unreadable::NoHeaders)
}

/// Messages that an mbox file or an old server prefixed with its `From carl@example.com Sat ...` line are read without it.
/// The result has the same length, so that offsets stay true: the line becomes part of an ignorable header.
fn without_envelope_line(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.starts_with(b"From ") {
        return Cow::Borrowed(raw);
    }
    let mut bytes = raw.to_vec();
    if let Some(space) = bytes.get_mut(4) {
        *space = b':';
    }
    // `From:` would be an address; `Frow:` is a header nobody reads.
    if let Some(letter) = bytes.get_mut(3) {
        *letter = b'w';
    }
    Cow::Owned(bytes)
}

/// An upper bound for messages inside messages, from the words that can declare one: `rfc822` and `digest`.
fn nested_messages(raw: &[u8]) -> usize {
    let ends_with = |end: usize, word: &[u8]| {
        let found = end.checked_sub(word.len()).and_then(|start| raw.get(start..end));
        found.is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    // Their rarest letters are looked for, which is many times faster than looking at every byte: mail is mostly base64.
    let messages = memmem::find_iter(raw, b"822").filter(|at| ends_with(at + 3, b"rfc822"));
    let digests = memchr2_iter(b'g', b'G', raw).filter(|at| ends_with(at + 4, b"digest"));
    messages.count() + digests.count()
}

/// Where the headers end: before the first empty line.
fn end_of_headers(raw: &[u8]) -> usize {
    memchr_iter(b'\n', raw)
        .find_map(|at| {
            let rest = raw.get(at + 1..)?;
            if rest.starts_with(b"\n") {
                Some(at)
            } else if rest.starts_with(b"\r\n") {
                // The line's own end belongs to the gap, too.
                Some(at - usize::from(at > 0 && raw.get(at - 1) == Some(&b'\r')))
            } else {
                None
            }
        })
        .unwrap_or(raw.len())
}

/// Raw eight-bit headers in a charset of their own, as careless programs write them, are read as what they most likely are. The bytes
/// handed on are the changed ones, so offsets stay true.
fn in_utf8(raw: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let end = end_of_headers(&raw);
    let Some((headers, body)) = raw.split_at_checked(end) else {
        return raw;
    };
    if end > MAX_RAW_HEADERS || std::str::from_utf8(headers).is_ok() {
        return raw;
    }
    let read: String = headers
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| match std::str::from_utf8(line) {
            Ok(line) => Cow::Borrowed(line),
            Err(_) => guessed(line, None),
        })
        .collect();
    let mut bytes = read.into_bytes();
    bytes.extend_from_slice(body);
    Cow::Owned(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use crate::email::parse;

    #[test]
    fn raw_eight_bit_headers_are_read() {
        let raw = b"From: J\xf6rg M\xfcller <joerg@example.com>\r\nTo: K\xc3\xb6ln <k@baton.test>\r\nSubject: St\xfchle f\xfcr das B\xfcro\r\n\r\nhi\r\n";
        let mail = parse(raw).unwrap();
        assert_eq!(mail.subject, "Stühle für das Büro");
        assert_eq!(mail.from.unwrap().name.unwrap(), "Jörg Müller");
        assert_eq!(mail.to.first().unwrap().name.as_deref(), Some("Köln"));
        assert_eq!(mail.text.trim(), "hi");
    }

    #[test]
    fn headers_end_before_the_first_empty_line() {
        let ends = [
            (b"a: b\r\n\r\nbody\n\nmore".as_slice(), 4),
            (b"a: b\n\nbody\r\n\r\nmore", 4),
            (b"a: b\n\r\nbody", 4),
            (b"a: b\r\nc: d\r\n", 12),
            (b"", 0),
        ];
        for (raw, end) in ends {
            assert_eq!(super::end_of_headers(raw), end, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn messages_inside_messages_are_counted_in_any_case() {
        let raw = b"Content-Type: message/RFC822\r\n multipart/Digest message/rfc822 822 rfc digestif";
        assert_eq!(super::nested_messages(raw), 4);
    }

    #[test]
    fn a_header_with_ids_without_end_costs_little() {
        let ids: String = (0..50_000).map(|n| format!(" <{n}@example.com>\r\n")).collect();
        let mail = parse(format!("From: a@b.example\r\nReferences:{ids}Subject: x\r\n\r\nhi\r\n").as_bytes()).unwrap();
        assert_eq!(mail.references.len(), 400);
        assert_eq!(mail.references.first().unwrap(), "0@example.com");
        assert_eq!(mail.references.last().unwrap(), "49999@example.com");
    }
}
