//! The parts of a mail that aren't its body: files, images, messages within, what `winmail.dat` wraps, a calendar object.

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::AttachmentInfo;
use crate::email::charset::{bytes_of, text_of};
use crate::email::tnef;

/// Every leaf that isn't body text, in the order of the message.
fn parts<'a, 'x>(message: &'a Message<'x>) -> impl Iterator<Item = &'a MessagePart<'x>> {
    message.parts.iter().enumerate().filter_map(|(id, part)| {
        let id = u32::try_from(id).ok()?;
        let body = matches!(part.body, PartType::Text(_) | PartType::Html(_))
            && (message.text_body.contains(&id) || message.html_body.contains(&id));
        (!body && !part.is_multipart()).then_some(part)
    })
}

/// Every attachment, as it is listed. What `winmail.dat` holds stands behind all others, in its place: indexes stay what they are.
pub(super) fn list(message: &Message<'_>, raw: &[u8]) -> Vec<AttachmentInfo> {
    let mut found = Vec::new();
    let mut wrapped = Vec::new();
    let mut next = 0u32;
    for (part, index) in parts(message).zip(0u32..) {
        next = index.saturating_add(1);
        match unwrapped(part, raw) {
            Some(opened) => wrapped.push(opened),
            None => found.push(described(part, raw, index)),
        }
    }
    for (file, index) in wrapped.into_iter().flat_map(|opened| opened.files).zip(next..) {
        let declared_mime = file
            .mime
            .unwrap_or_else(|| "application/octet-stream".to_owned())
            .to_lowercase();
        let mime = infer::get(&file.bytes).map_or_else(
            || declared_mime.clone(),
            |kind| agreed(kind.mime_type(), &declared_mime),
        );
        found.push(AttachmentInfo {
            index,
            name: file_name(&file.name),
            size: file.bytes.len() as u64,
            inline: file.content_id.is_some() && mime.starts_with("image/"),
            mime,
            declared_mime,
            content_id: file.content_id,
        });
    }
    found
}

/// The bytes of the attachment with that index.
pub(super) fn bytes(message: &Message<'_>, raw: &[u8], index: u32) -> Option<Vec<u8>> {
    let index = index as usize;
    let own = parts(message).count();
    if let Some(part) = parts(message).nth(index) {
        return Some(bytes_of(part, raw));
    }
    parts(message)
        .filter_map(|part| unwrapped(part, raw))
        .flat_map(|opened| opened.files)
        .nth(index.checked_sub(own)?)
        .map(|file| file.bytes)
}

/// Every file that HTML can refer to.
pub(super) fn inline_images(message: &Message<'_>, raw: &[u8]) -> Vec<(String, Vec<u8>)> {
    let own = parts(message).filter_map(|part| {
        let id = part.content_id()?.trim_matches(['<', '>']).to_owned();
        Some((id, bytes_of(part, raw)))
    });
    let wrapped = parts(message)
        .filter_map(|part| unwrapped(part, raw))
        .flat_map(|opened| opened.files)
        .filter_map(|file| Some((file.content_id?, file.bytes)));
    own.chain(wrapped).collect()
}

/// The first calendar object that comes as a part of its own or as a file.
pub(super) fn calendar(message: &Message<'_>, raw: &[u8]) -> Option<String> {
    let part = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|ct| {
            let subtype = ct.subtype().unwrap_or_default();
            (ct.ctype().eq_ignore_ascii_case("text") && subtype.eq_ignore_ascii_case("calendar"))
                || (ct.ctype().eq_ignore_ascii_case("application") && subtype.eq_ignore_ascii_case("ics"))
        })
    })?;
    text_of(part, raw, None).or_else(|| String::from_utf8(bytes_of(part, raw)).ok())
}

/// The bodies in `winmail.dat`: text and HTML.
pub(super) fn wrapped_body(message: &Message<'_>, raw: &[u8]) -> (Option<String>, Option<String>) {
    parts(message)
        .find_map(|part| unwrapped(part, raw))
        .map(|opened| (opened.text, opened.html))
        .unwrap_or_default()
}

/// What a part that is `winmail.dat` holds; `None` for every other, and for one that can't be opened, which stays a file.
fn unwrapped(part: &MessagePart<'_>, raw: &[u8]) -> Option<tnef::Opened> {
    let declared = part.content_type().is_some_and(|ct| {
        ct.ctype().eq_ignore_ascii_case("application")
            && ct
                .subtype()
                .is_some_and(|sub| sub.eq_ignore_ascii_case("ms-tnef") || sub.eq_ignore_ascii_case("vnd.ms-tnef"))
    });
    let named = part
        .attachment_name()
        .is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    (declared || named).then(|| tnef::open(&bytes_of(part, raw))).flatten()
}

fn described(part: &MessagePart<'_>, raw: &[u8], index: u32) -> AttachmentInfo {
    let declared_mime = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |ct| format!("{}/{}", ct.ctype(), ct.subtype().unwrap_or("octet-stream")).to_lowercase(),
    );
    let bytes = match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Cow::Borrowed(bytes.as_ref()),
        _ => Cow::Owned(bytes_of(part, raw)),
    };
    let mime = infer::get(&bytes).map_or_else(
        || declared_mime.clone(),
        |kind| agreed(kind.mime_type(), &declared_mime),
    );
    let disposition_inline = part
        .content_disposition()
        .is_some_and(mail_parser::ContentType::is_inline);
    let content_id = part
        .content_id()
        .map(|id| id.trim_matches(['<', '>']).to_owned())
        .filter(|id| !id.is_empty());
    let named = part.attachment_name().map(file_name).filter(|name| !name.is_empty());
    AttachmentInfo {
        index,
        name: named.or_else(|| forwarded_name(part)).unwrap_or_default(),
        size: bytes.len() as u64,
        inline: disposition_inline || (content_id.is_some() && mime.starts_with("image/")),
        mime,
        declared_mime,
        content_id,
    }
}

/// A message within the message is a file with the name of its subject.
fn forwarded_name(part: &MessagePart<'_>) -> Option<String> {
    let PartType::Message(inner) = &part.body else {
        return None;
    };
    let subject: String = inner.subject().unwrap_or_default().chars().take(80).collect();
    let name = file_name(&subject.replace(['/', '\\', ':'], " "));
    (!name.is_empty()).then(|| format!("{name}.eml"))
}

/// Office files, and others, are archives inside: there the declared type says more than the first bytes.
fn agreed(sniffed: &str, declared: &str) -> String {
    let container = matches!(
        sniffed,
        "application/zip" | "application/x-ole-storage" | "application/gzip" | "text/xml" | "text/html"
    );
    let named = declared != "application/octet-stream" && !declared.starts_with("image/");
    if container && named {
        declared.to_owned()
    } else {
        sniffed.to_owned()
    }
}

/// A name without path, control characters and tricks of writing direction.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    last.chars()
        .filter(|c| !c.is_control() && !bidi(*c))
        .collect::<String>()
        .trim()
        .to_owned()
}
