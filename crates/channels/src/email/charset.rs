//! The bytes behind a part, and text whose charset nobody declared, or declared wrongly.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding as TransferEncoding, MessagePart, MimeHeaders, PartType};

/// Bytes a guess looks at.
const MAX_GUESS: usize = 64 * 1024;

/// A part's bytes after its transfer encoding, before any charset: what the sender attached.
pub(super) fn bytes_of(part: &MessagePart<'_>, raw: &[u8]) -> Vec<u8> {
    if let PartType::Binary(bytes) | PartType::InlineBinary(bytes) = &part.body {
        return bytes.to_vec();
    }
    let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
    let Some(body) = raw.get(range) else {
        return part.contents().to_vec();
    };
    let decoded = match part.encoding {
        TransferEncoding::None => Some(body.to_vec()),
        TransferEncoding::Base64 => base64_decode(body),
        TransferEncoding::QuotedPrintable => quoted_printable_decode(body),
    };
    decoded.unwrap_or_else(|| part.contents().to_vec())
}

/// A text part as text. Where no usable charset is declared, or one that the bytes contradict, it is guessed from the bytes and from
/// where the sender is at home: `top` is the last label of their domain.
pub(super) fn text_of(part: &MessagePart<'_>, raw: &[u8], top: Option<&str>) -> Option<String> {
    let (PartType::Text(text) | PartType::Html(text)) = &part.body else {
        return None;
    };
    let named = part
        .content_type()
        .and_then(|ct| ct.attribute("charset"))
        .map(|name| name.trim().to_ascii_lowercase());
    let declared = named
        .as_deref()
        .filter(|name| {
            !matches!(
                *name,
                "us-ascii" | "ascii" | "unknown-8bit" | "x-unknown" | "8bit" | "7bit"
            )
        })
        .filter(|name| charset_decoder(name.as_bytes()).is_some());
    let escapes = declared.is_none() && (text.contains("\x1b$") || text.contains("\x1b("));
    let broken = text.contains(char::REPLACEMENT_CHARACTER) || (declared.is_none() && !text.is_ascii()) || escapes;
    let doubtful = matches!(declared, None | Some("utf-8" | "utf8"));
    if broken && doubtful {
        let bytes = bytes_of(part, raw);
        if (escapes || std::str::from_utf8(&bytes).is_err()) && !mostly_utf8(&bytes) {
            return Some(guessed(&bytes, top).into_owned());
        }
        if declared.is_none()
            && let Ok(text) = std::str::from_utf8(&bytes)
        {
            return Some(text.to_owned());
        }
    }
    Some(text.to_string())
}

/// Bytes in a charset that nobody named, as text.
pub(super) fn guessed<'a>(bytes: &'a [u8], top: Option<&str>) -> Cow<'a, str> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes.get(..MAX_GUESS.min(bytes.len())).unwrap_or_default(), true);
    let home = top
        .filter(|top| !top.is_empty() && top.bytes().all(|byte| byte.is_ascii_lowercase()))
        .map(str::as_bytes);
    let encoding: &'static Encoding = detector.guess(home, Utf8Detection::Allow);
    encoding.decode_without_bom_handling(bytes).0
}

/// Whether bytes are UTF-8 with a flaw, a cut at the end for one, rather than something else.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good = good.saturating_add(chunk.valid().chars().filter(|c| !c.is_ascii()).count());
        bad = bad.saturating_add(usize::from(!chunk.invalid().is_empty()));
    }
    bad > 0 && good > bad.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_nobody_named_is_guessed_from_its_bytes() {
        let latin = b"Sehr geehrte Damen und Herren, wir h\xe4tten gern zw\xf6lf St\xfchle f\xfcr 12 \x80";
        assert!(guessed(latin, Some("de")).ends_with("zwölf Stühle für 12 €"));
        let russian =
            b"\xc7\xe4\xf0\xe0\xe2\xf1\xf2\xe2\xf3\xe9\xf2\xe5, \xed\xf3\xe6\xed\xfb \xf1\xf2\xf3\xeb\xfc\xff";
        assert_eq!(guessed(russian, Some("ru")), "Здравствуйте, нужны стулья");
        let japanese = b"\x1b$B$3$s$K$A$O\x1b(B";
        assert_eq!(guessed(japanese, None), "こんにちは");
        let chinese =
            b"\xc4\xe3\xba\xc3\xa3\xac\xce\xd2\xc3\xc7\xd0\xe8\xd2\xaa\xb6\xfe\xca\xae\xb0\xd1\xd2\xce\xd7\xd3";
        assert_eq!(guessed(chinese, Some("cn")), "你好，我们需要二十把椅子");
    }

    #[test]
    fn text_cut_within_a_letter_stays_what_it_is() {
        assert!(mostly_utf8(b"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6 \xc3"));
        assert!(!mostly_utf8(b"St\xfchle f\xfcr"));
    }
}
