//! Raw bytes as a mail we can work with.
//!
//! Nothing is ever lost here: what can be read is read, however broken the rest, and what can't be read at all gives a reason under
//! which the raw bytes are kept in quarantine, to be tried again after an update.

mod leaves;
mod source;

use std::collections::HashSet;

use baton_domain::{CalendarInvitation, Protection, Timestamp};
use mail_parser::{Address, HeaderName, HeaderValue, Message, PartType};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::address::MailAddress;
use super::charset::text_of;
use super::kind::{self, MailKind};
use super::{invitation, plain, protection, quote};
use source::with_message;

/// Characters of the preview shown in a list.
const PREVIEW_CHARS: usize = 200;
/// Ids of one header that are kept, from its beginning and from its end: a long thread has some hundred, an attack any number.
const MAX_IDS: usize = 400;
/// Addresses of one header that are kept.
const MAX_ADDRESSES: usize = 2_000;

/// The header by which we recognise our own mail wherever a provider rewrote its Message-ID. Its value is the outbound message's id.
pub const BATON_ID_HEADER: &str = "X-Baton-Id";

/// Why a message can't be read. It is kept in quarantine under this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("the message is empty")]
    Empty,
    /// There is no header a mail could be recognised by.
    #[error("the message has no headers")]
    NoHeaders,
    /// Messages within messages without end.
    #[error("the message holds too many messages inside one another")]
    TooNested,
    /// The parser gave up.
    #[error("the message could not be taken apart")]
    ParserFailed,
}

/// A part that is not the body: a file, an inline image, a forwarded message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentInfo {
    /// Its place among the mail's attachments, from 0: what [`attachment`] takes.
    pub index: u32,
    /// The file name it carries, without any path; empty where it has none.
    pub name: String,
    /// The type its first bytes show, else the declared one. A name never decides.
    pub mime: String,
    /// The type its sender declared.
    pub declared_mime: String,
    /// Bytes after decoding.
    #[ts(type = "number")]
    pub size: u64,
    /// Whether it is meant to be shown within the text.
    pub inline: bool,
    /// The id by which HTML refers to it, without angle brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub content_id: Option<String>,
}

/// A mail, read. Every field that a broken mail lacks is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParsedMail {
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Every id of In-Reply-To.
    pub in_reply_to: Vec<String>,
    /// Every id of References, oldest first.
    pub references: Vec<String>,
    /// The first From address. A mail without one has none.
    pub from: Option<MailAddress>,
    /// Who sent it on behalf of `from`.
    pub sender: Option<MailAddress>,
    /// Where answers should go.
    pub reply_to: Vec<MailAddress>,
    /// To, groups opened.
    pub to: Vec<MailAddress>,
    /// Cc, groups opened.
    pub cc: Vec<MailAddress>,
    /// Bcc: seen in copies of sent mail only.
    pub bcc: Vec<MailAddress>,
    /// The addresses this copy was delivered to, as the servers on the way noted them, nearest first.
    pub delivered_to: Vec<String>,
    /// The subject, decoded, as written.
    pub subject: String,
    /// The Date header. It is the sender's claim.
    pub date_ms: Option<Timestamp>,
    /// The whole text, decoded; made from the HTML where there is no text. Quotes and signatures included.
    pub text: String,
    /// The HTML as received. It is hostile until [`super::html::render`] has been through it.
    pub html: Option<String>,
    /// Everything that isn't the body.
    pub attachments: Vec<AttachmentInfo>,
    /// Person, machine, bounce or list.
    pub kind: MailKind,
    /// The first words of what was newly written.
    pub preview: String,
    /// Our own mark, where this is our mail.
    pub baton_id: Option<String>,
    /// The calendar invitation it carries, its cancellation, or an answer to one.
    pub invitation: Option<CalendarInvitation>,
    /// What of it is signed or encrypted.
    pub protection: Vec<Protection>,
}

/// Reads a raw message.
///
/// # Errors
/// [`Unreadable`] where there is nothing in it to read; the caller keeps the bytes with that reason.
pub fn parse(raw: &[u8]) -> Result<ParsedMail, Unreadable> {
    with_message(raw, read)?
}

/// The decoded bytes of the attachment with this index, as its sender attached it.
#[must_use]
pub fn attachment(raw: &[u8], index: u32) -> Option<Vec<u8>> {
    with_message(raw, |message, raw| leaves::bytes(message, raw, index))
        .ok()
        .flatten()
}

/// Every inline image with a content id, decoded: what HTML means by `cid:`.
#[must_use]
pub fn inline_images(raw: &[u8]) -> Vec<(String, Vec<u8>)> {
    with_message(raw, leaves::inline_images).unwrap_or_default()
}

/// The calendar object of an invitation as it came: what [`super::invitation::reply`] answers.
#[must_use]
pub fn calendar(raw: &[u8]) -> Option<String> {
    with_message(raw, leaves::calendar).ok().flatten()
}

fn read(message: &Message<'_>, raw: &[u8]) -> Result<ParsedMail, Unreadable> {
    let known = message.headers().iter().any(|header| !header.name.is_other());
    if !known && message.headers().len() < 2 {
        return Err(Unreadable::NoHeaders);
    }
    let from = addresses(message.from()).into_iter().next();
    let home = from.as_ref().map(MailAddress::domain).unwrap_or_default();
    let top = home.rsplit('.').next();
    let (text, html) = bodies(message, raw, top);
    let kind = kind::classify(message, raw, from.as_ref(), &text);
    Ok(ParsedMail {
        message_id: ids(message.header(HeaderName::MessageId)).into_iter().next(),
        in_reply_to: ids(message.header(HeaderName::InReplyTo)),
        references: ids(message.header(HeaderName::References)),
        sender: addresses(message.sender()).into_iter().next(),
        reply_to: addresses(message.reply_to()),
        to: message.all_to().flat_map(|list| addresses(Some(list))).collect(),
        cc: message.all_cc().flat_map(|list| addresses(Some(list))).collect(),
        bcc: message.all_bcc().flat_map(|list| addresses(Some(list))).collect(),
        delivered_to: delivered_to(message),
        subject: message.subject().map(clean_line).unwrap_or_default(),
        date_ms: message
            .date()
            .filter(|date| date.is_valid())
            .map(|date| Timestamp(date.to_timestamp().saturating_mul(1000))),
        preview: preview(&text),
        attachments: leaves::list(message, raw),
        invitation: leaves::calendar(message, raw).and_then(|calendar| invitation::read(&calendar)),
        protection: protection::of(message, raw),
        baton_id: header_text(message, BATON_ID_HEADER),
        from,
        text,
        html,
        kind,
    })
}

/// Text of any header, unfolded and trimmed.
pub(super) fn header_text(message: &Message<'_>, name: &str) -> Option<String> {
    message
        .header(name.to_owned())
        .and_then(HeaderValue::as_text)
        .map(clean_line)
        .filter(|text| !text.is_empty())
}

fn clean_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ids(value: Option<&HeaderValue<'_>>) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Some(HeaderValue::Text(text)) => vec![text.as_ref()],
        Some(HeaderValue::TextList(list)) => list.iter().map(AsRef::as_ref).collect(),
        _ => return Vec::new(),
    };
    // The first names the thread, the last what is answered.
    let dropped = MAX_IDS / 2..texts.len().saturating_sub(MAX_IDS / 2);
    let mut known: HashSet<String> = HashSet::new();
    let mut ids = Vec::with_capacity(texts.len().min(MAX_IDS));
    for (at, text) in texts.iter().enumerate() {
        if texts.len() > MAX_IDS && dropped.contains(&at) {
            continue;
        }
        // Folding inside an id and stray spaces are the work of broken clients; ids hold neither.
        let id: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>'))
            .collect();
        if !id.is_empty() && known.insert(id.clone()) {
            ids.push(id);
        }
    }
    ids
}

fn addresses(list: Option<&Address<'_>>) -> Vec<MailAddress> {
    let Some(list) = list else { return Vec::new() };
    list.iter()
        .take(MAX_ADDRESSES)
        .filter_map(|addr| {
            let address = addr.address()?.trim().trim_matches(['<', '>']).to_owned();
            let name = addr
                .name()
                .map(clean_line)
                .filter(|name| !name.is_empty() && *name != address);
            (!address.is_empty()).then_some(MailAddress { name, address })
        })
        .collect()
}

fn delivered_to(message: &Message<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for header in message.headers() {
        let name = header.name();
        if ["Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
            && let Some(text) = header.value.as_text()
        {
            let address = text.trim().trim_matches(['<', '>']).to_lowercase();
            if address.contains('@') && !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

/// Text and HTML of the body. Several parts of one kind are read one after the other.
fn bodies(message: &Message<'_>, raw: &[u8], top: Option<&str>) -> (String, Option<String>) {
    let part = |id: &u32| message.parts.get(*id as usize);
    let mut texts = Vec::new();
    for part in message.text_body.iter().filter_map(part) {
        match &part.body {
            PartType::Text(_) => texts.extend(text_of(part, raw, top)),
            PartType::Html(_) => texts.extend(text_of(part, raw, top).map(|html| plain::text_of_html(&html))),
            _ => {}
        }
    }
    let mut html = Vec::new();
    let mut any_html = false;
    for part in message.html_body.iter().filter_map(part) {
        match &part.body {
            PartType::Html(_) => {
                any_html = true;
                html.extend(text_of(part, raw, top));
            }
            PartType::Text(_) => html.extend(text_of(part, raw, top).map(|text| super::compose::text_to_html(&text))),
            _ => {}
        }
    }
    if texts.iter().all(|text| text.trim().is_empty()) && any_html {
        texts = html.iter().map(|html| plain::text_of_html(html)).collect();
    }
    let mut html = any_html.then(|| html.join("\n"));
    if html.is_none() && texts.iter().all(|text| text.trim().is_empty()) {
        // A mail whose whole body lies in winmail.dat.
        let (text, inner) = leaves::wrapped_body(message, raw);
        texts = text
            .or_else(|| inner.as_deref().map(plain::text_of_html))
            .into_iter()
            .collect();
        html = inner;
    }
    let text = texts.join("\n").replace("\r\n", "\n").replace('\0', "");
    (text, html)
}

fn preview(text: &str) -> String {
    let visible = quote::visible(text);
    let source = if visible.trim().is_empty() {
        text
    } else {
        visible.as_str()
    };
    let mut preview = String::new();
    let mut chars = 0;
    for word in source.split_whitespace() {
        if chars > 0 {
            preview.push(' ');
            chars += 1;
        }
        for c in word.chars() {
            if chars >= PREVIEW_CHARS {
                return preview;
            }
            preview.push(c);
            chars += 1;
        }
    }
    preview
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
