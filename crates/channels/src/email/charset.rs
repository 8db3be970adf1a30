//! The bytes behind a part, and text whose charset nobody declared.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, MessagePart, MimeHeaders, PartType};

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
        Encoding::None => Some(body.to_vec()),
        Encoding::Base64 => base64_decode(body),
        Encoding::QuotedPrintable => quoted_printable_decode(body),
    };
    decoded.unwrap_or_else(|| part.contents().to_vec())
}

/// A text part as text. Where no usable charset is declared and the bytes aren't UTF-8 they are read as Windows-1252,
/// which is what undeclared eight-bit mail nearly always is.
pub(super) fn text_of(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    let (PartType::Text(text) | PartType::Html(text)) = &part.body else {
        return None;
    };
    let declared = part
        .content_type()
        .and_then(|ct| ct.attribute("charset"))
        .and_then(|name| charset_decoder(name.as_bytes()));
    if declared.is_none() && text.contains(char::REPLACEMENT_CHARACTER) {
        let bytes = bytes_of(part, raw);
        if std::str::from_utf8(&bytes).is_err()
            && let Some(decode) = charset_decoder(b"windows-1252")
        {
            return Some(decode(&bytes));
        }
    }
    Some(text.to_string())
}
