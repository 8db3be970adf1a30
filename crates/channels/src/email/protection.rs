//! What of a mail is signed or encrypted.
//!
//! It is said, not judged: no signature is checked here, and an encrypted text stays the file that it is.

use baton_domain::Protection;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::charset::bytes_of;

/// Bytes at the beginning of a cryptographic message in which its kind stands.
const HEAD: usize = 64;
/// `1.2.840.113549.1.7.2` and `.3`: signed and enveloped data, without the last number.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

/// Every kind of protection in the mail, each once, from the outside in.
pub(super) fn of(message: &Message<'_>, raw: &[u8]) -> Vec<Protection> {
    let mut found = Vec::new();
    for part in &message.parts {
        if let Some(kind) = by_type(part, raw).or_else(|| in_text(part))
            && !found.contains(&kind)
        {
            found.push(kind);
        }
    }
    found
}

fn by_type(part: &MessagePart<'_>, raw: &[u8]) -> Option<Protection> {
    let content = part.content_type()?;
    let subtype = content.subtype()?.to_ascii_lowercase();
    let attribute = |name: &str| content.attribute(name).unwrap_or_default().to_ascii_lowercase();
    match (content.ctype().to_ascii_lowercase().as_str(), subtype.as_str()) {
        ("multipart", "signed") if attribute("protocol").contains("pgp") => Some(Protection::PgpSigned),
        ("multipart", "signed") => Some(Protection::SmimeSigned),
        ("multipart", "encrypted") => Some(Protection::PgpEncrypted),
        ("application", "pkcs7-mime" | "x-pkcs7-mime") => {
            let kind = attribute("smime-type");
            let bytes = bytes_of(part, raw);
            let head = bytes.get(..HEAD.min(bytes.len())).unwrap_or_default();
            let written = head
                .windows(PKCS7.len() + 1)
                .find(|window| window.starts_with(PKCS7))
                .and_then(|window| window.last().copied());
            match (kind.as_str(), written) {
                ("signed-data", _) | (_, Some(2)) => Some(Protection::SmimeSigned),
                ("certs-only" | "compressed-data", _) => None,
                _ => Some(Protection::SmimeEncrypted),
            }
        }
        _ => None,
    }
}

fn in_text(part: &MessagePart<'_>) -> Option<Protection> {
    let PartType::Text(text) = &part.body else { return None };
    if !text.contains("-----BEGIN PGP ") {
        return None;
    }
    text.lines().find_map(|line| match line.trim_end() {
        "-----BEGIN PGP MESSAGE-----" => Some(Protection::PgpEncrypted),
        "-----BEGIN PGP SIGNED MESSAGE-----" => Some(Protection::PgpSigned),
        _ => None,
    })
}
