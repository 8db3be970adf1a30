//! A reply as bytes.
//!
//! The same input gives the same bytes, on every machine and at every attempt: boundaries and the date come from the input, never from a
//! clock or a die. What a header may not hold is refused with its name, never repaired in silence.

pub mod auto;
mod html;

use baton_domain::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use sha2::{Digest as _, Sha256};

use super::address::{MailAddress, ascii_domain};
use super::parse::{BATON_ID_HEADER, ParsedMail};
pub use html::{image_marker, text_to_html};

/// Characters of a References header. RFC 5322 2.1.1 allows 998 in a line, and servers exist that unfold before they measure.
const MAX_REFERENCES: usize = 950;

/// A file to go with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingAttachment {
    /// Its file name.
    pub name: String,
    /// Its media type, `type/subtype`.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Set for an image that the HTML shows by `cid:`: where the text says [`image_marker`], or where HTML that was given says so.
    pub content_id: Option<String>,
}

/// An answer to an invitation (RFC 5546), beside the text: calendars take it from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarAnswer {
    /// The iCalendar object, `METHOD:REPLY`.
    pub ics: String,
}

/// How a reader leaves a sequence without writing to anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Where a POST without cookies or redirects takes them off (RFC 8058). HTTPS only.
    pub url: String,
    /// Where a mail does, for readers that can't post.
    pub mailto: Option<String>,
}

/// Everything a message is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its Message-ID without angle brackets, fixed before the first attempt: [`super::own_message_id`].
    pub message_id: String,
    /// The outbound message's id, our own mark in `X-Baton-Id`.
    pub baton_id: String,
    /// Its Date.
    pub date: Timestamp,
    /// In whose name it is written.
    pub from: MailAddress,
    /// Who wrote it, where that isn't `from`: sent on their behalf (RFC 5322, 3.6.2).
    pub sender: Option<MailAddress>,
    /// Where answers should go, where that isn't `from`.
    pub reply_to: Vec<MailAddress>,
    /// To. To, Cc and Bcc together have at least one.
    pub to: Vec<MailAddress>,
    /// Cc.
    pub cc: Vec<MailAddress>,
    /// Bcc: envelope only, never a header.
    pub bcc: Vec<MailAddress>,
    /// The subject.
    pub subject: String,
    /// The text as typed.
    pub text: String,
    /// HTML to go beside it; made from the text where there is none.
    pub html: Option<String>,
    /// The ids of the message it answers.
    pub in_reply_to: Vec<String>,
    /// The chain it belongs to, oldest first: [`references_for_reply`].
    pub references: Vec<String>,
    /// Files.
    pub attachments: Vec<OutgoingAttachment>,
    /// The answer to an invitation it carries.
    pub calendar: Option<CalendarAnswer>,
    /// Whether no person wrote it (RFC 3834, 5): then its envelope has no return address, either.
    pub automatic: bool,
    /// For a sequence: how to leave it.
    pub unsubscribe: Option<Unsubscribe>,
}

impl Outgoing {
    /// Everyone the message is delivered to, each once.
    #[must_use]
    pub fn envelope_to(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let mut envelope = Vec::new();
        for recipient in self.to.iter().chain(&self.cc).chain(&self.bcc) {
            let address = ascii_domain(&recipient.address);
            let key = address.to_lowercase();
            if !keys.contains(&key) {
                keys.push(key);
                envelope.push(address);
            }
        }
        envelope
    }
}

/// Why a message can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A header would hold a line break or another control character.
    #[error("{field} holds a line break or another control character")]
    ControlCharacter {
        /// The header's name.
        field: &'static str,
    },
    /// An address no server could deliver to.
    #[error("{address:?} in {field} is not a mail address")]
    BadAddress {
        /// The header's name.
        field: &'static str,
        /// The address as given.
        address: String,
    },
    /// An id that is not `something@somewhere`.
    #[error("{id:?} in {field} is not a message id")]
    BadMessageId {
        /// The header's name.
        field: &'static str,
        /// The id as given.
        id: String,
    },
    /// Nobody to send it to.
    #[error("the message has no recipient")]
    NoRecipient,
    /// A media type that isn't one.
    #[error("{mime:?} is not a media type")]
    BadMediaType {
        /// The type as given.
        mime: String,
    },
    /// A link for leaving a sequence that programs could not follow.
    #[error("{url:?} is no HTTPS link to leave by")]
    BadUnsubscribe {
        /// The link as given.
        url: String,
    },
    /// The bytes could not be written.
    #[error("the message could not be written")]
    Write,
}

/// The raw message.
///
/// # Errors
/// [`ComposeError`] names the field that can't be sent as it is.
pub fn compose(mail: &Outgoing) -> Result<Vec<u8>, ComposeError> {
    check(mail)?;
    let mut builder = MessageBuilder::new()
        .header("Date", HeaderType::Date(Date::new(mail.date.0.div_euclid(1000))))
        .header("From", address(&mail.from));
    if let Some(sender) = mail.sender.as_ref().filter(|sender| sender.key() != mail.from.key()) {
        builder = builder.header("Sender", address(sender));
    }
    builder = builder.header(
        "Message-ID",
        HeaderType::MessageId(MessageId::new(mail.message_id.as_str())),
    );
    for (name, list) in [("Reply-To", &mail.reply_to), ("To", &mail.to), ("Cc", &mail.cc)] {
        if !list.is_empty() {
            builder = builder.header(
                name,
                HeaderType::Address(Address::new_list(list.iter().map(mailbox).collect())),
            );
        }
    }
    if mail.to.is_empty() && mail.cc.is_empty() {
        builder = builder.header("To", HeaderType::Raw(Raw::new("undisclosed-recipients:;")));
    }
    for (name, ids) in [
        ("In-Reply-To", mail.in_reply_to.clone()),
        ("References", shortened(&mail.references)),
    ] {
        if !ids.is_empty() {
            builder = builder.header(name, HeaderType::MessageId(MessageId::new_list(ids.into_iter())));
        }
    }
    builder = builder
        .header("Subject", HeaderType::Text(Text::new(mail.subject.as_str())))
        .header(BATON_ID_HEADER, HeaderType::Raw(Raw::new(mail.baton_id.as_str())))
        .header("MIME-Version", HeaderType::Raw(Raw::new("1.0")));
    if mail.automatic {
        // The second is for Exchange, whose out-of-office assistant knows nothing of the first.
        builder = builder
            .header("Auto-Submitted", HeaderType::Raw(Raw::new("auto-replied")))
            .header("X-Auto-Response-Suppress", HeaderType::Raw(Raw::new("All")));
    }
    if let Some(leave) = &mail.unsubscribe {
        let mailto = leave.mailto.iter().map(|address| format!("<mailto:{address}>"));
        let ways: Vec<String> = std::iter::once(format!("<{}>", leave.url)).chain(mailto).collect();
        builder = builder
            .header("List-Unsubscribe", HeaderType::Raw(Raw::new(ways.join(", "))))
            .header(
                "List-Unsubscribe-Post",
                HeaderType::Raw(Raw::new("List-Unsubscribe=One-Click")),
            );
    }
    builder.body(body(mail)).write_to_vec().map_err(|_| ComposeError::Write)
}

/// In-Reply-To and References of an answer to `parent` (RFC 5322, 3.6.4): the parent's chain and the parent itself. A parent without a
/// Message-ID gets neither.
#[must_use]
pub fn references_for_reply(parent: &ParsedMail) -> (Vec<String>, Vec<String>) {
    let Some(id) = &parent.message_id else {
        return (Vec::new(), Vec::new());
    };
    let chain = match (parent.references.as_slice(), parent.in_reply_to.as_slice()) {
        ([], [only]) => vec![only.clone()],
        (references, _) => references.to_vec(),
    };
    let mut references: Vec<String> = chain.into_iter().filter(|reference| reference != id).collect();
    references.push(id.clone());
    (vec![id.clone()], shortened(&references))
}

/// The first id, which names the thread, and as many of the last as fit.
fn shortened(references: &[String]) -> Vec<String> {
    let cost = |id: &String| id.len() + 3;
    let Some((first, rest)) = references.split_first() else {
        return Vec::new();
    };
    let mut left = MAX_REFERENCES.saturating_sub(cost(first));
    let mut kept: Vec<String> = rest
        .iter()
        .rev()
        .take_while(|id| {
            let fits = cost(id) <= left;
            left = left.saturating_sub(cost(id));
            fits
        })
        .cloned()
        .collect();
    kept.push(first.clone());
    kept.reverse();
    kept
}

fn check(mail: &Outgoing) -> Result<(), ComposeError> {
    let control = |field: &'static str, text: &str| {
        if text.chars().any(char::is_control) {
            Err(ComposeError::ControlCharacter { field })
        } else {
            Ok(())
        }
    };
    control("Subject", &mail.subject)?;
    control(BATON_ID_HEADER, &mail.baton_id)?;
    if !mail.baton_id.is_ascii() {
        return Err(ComposeError::ControlCharacter { field: BATON_ID_HEADER });
    }
    for (field, list) in [
        ("From", std::slice::from_ref(&mail.from)),
        ("Sender", mail.sender.as_slice()),
        ("Reply-To", &mail.reply_to),
        ("To", &mail.to),
        ("Cc", &mail.cc),
        ("Bcc", &mail.bcc),
    ] {
        for one in list {
            control(field, one.name.as_deref().unwrap_or_default())?;
            if !is_deliverable(&one.address) {
                return Err(ComposeError::BadAddress {
                    field,
                    address: one.address.clone(),
                });
            }
        }
    }
    if mail.to.is_empty() && mail.cc.is_empty() && mail.bcc.is_empty() {
        return Err(ComposeError::NoRecipient);
    }
    if let Some(leave) = &mail.unsubscribe {
        let followed = url::Url::parse(&leave.url).is_ok_and(|url| url.scheme() == "https")
            && leave
                .url
                .chars()
                .all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ','));
        if !followed {
            return Err(ComposeError::BadUnsubscribe { url: leave.url.clone() });
        }
        if let Some(bad) = leave
            .mailto
            .iter()
            .find(|address| !is_deliverable(address) || !address.is_ascii())
        {
            return Err(ComposeError::BadAddress {
                field: "List-Unsubscribe",
                address: bad.clone(),
            });
        }
    }
    for (field, ids) in [
        ("Message-ID", std::slice::from_ref(&mail.message_id)),
        ("In-Reply-To", &mail.in_reply_to),
        ("References", &mail.references),
    ] {
        if let Some(bad) = ids.iter().find(|id| !is_message_id(id, field == "Message-ID")) {
            return Err(ComposeError::BadMessageId { field, id: bad.clone() });
        }
    }
    for file in &mail.attachments {
        control("Content-Disposition", &file.name)?;
        control("Content-ID", file.content_id.as_deref().unwrap_or_default())?;
        let token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        let multipart = file.mime.starts_with("multipart/") || file.mime.starts_with("message/");
        if multipart
            || !file
                .mime
                .split_once('/')
                .is_some_and(|(main, sub)| token(main) && token(sub))
        {
            return Err(ComposeError::BadMediaType {
                mime: file.mime.clone(),
            });
        }
    }
    Ok(())
}

/// Whether a server could be asked to deliver there. Non-ASCII letters are allowed; whether the server takes them shows at delivery.
#[must_use]
pub fn is_deliverable(address: &str) -> bool {
    !address
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
        && address.parse::<lettre::Address>().is_ok()
}

/// Our own ids must be perfect; those we pass on only must not break the header they go into.
fn is_message_id(id: &str, ours: bool) -> bool {
    let clean = !id.is_empty() && id.len() < 900 && id.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'));
    clean && (!ours || (id.split('@').count() == 2 && !id.starts_with('@') && !id.ends_with('@')))
}

fn address(of: &MailAddress) -> HeaderType<'_> {
    HeaderType::Address(mailbox(of))
}

fn mailbox(of: &MailAddress) -> Address<'_> {
    Address::new_address(
        of.name.as_deref().filter(|name| !name.trim().is_empty()),
        ascii_domain(&of.address),
    )
}

/// Text, HTML and an invitation's answer as alternatives, images of the HTML around them, files around it all.
fn body(mail: &Outgoing) -> MimePart<'_> {
    let (inline, files): (Vec<_>, Vec<_>) = mail.attachments.iter().partition(|file| is_shown(mail, file));
    let html = mail
        .html
        .clone()
        .unwrap_or_else(|| html::illustrated(&mail.text, &inline));
    let boundary = |level: &str| {
        let digest = Sha256::digest(format!("{level} {} {}", mail.message_id, mail.baton_id).as_bytes());
        format!("=_baton_{level}_{}", hex::encode(digest.get(..12).unwrap_or_default()))
    };
    let multipart = |kind: &str, level: &str, parts: Vec<MimePart<'static>>| {
        MimePart::new(
            ContentType::new(kind.to_owned()).attribute("boundary", boundary(level)),
            BodyPart::Multipart(parts),
        )
    };
    let text = MimePart::new("text/plain", mail.text.replace("\r\n", "\n").replace('\n', "\r\n"));
    let html = MimePart::new("text/html", html);
    let calendar = mail.calendar.iter().map(|answer| {
        let kind = ContentType::new("text/calendar")
            .attribute("method", "REPLY")
            .attribute("charset", "utf-8");
        MimePart::new(kind, answer.ics.replace("\r\n", "\n").replace('\n', "\r\n"))
    });
    // The richest last (RFC 2046, 5.1.4): programs with a calendar show the last part they know.
    let alternatives = [text, html].into_iter().chain(calendar).collect();
    let mut whole = multipart("multipart/alternative", "alternative", alternatives);
    if !inline.is_empty() {
        let parts = std::iter::once(whole)
            .chain(inline.into_iter().map(|file| file_part(file, true)))
            .collect();
        whole = multipart("multipart/related", "related", parts);
    }
    if !files.is_empty() {
        let parts = std::iter::once(whole)
            .chain(files.into_iter().map(|file| file_part(file, false)))
            .collect();
        whole = multipart("multipart/mixed", "mixed", parts);
    }
    whole
}

/// Whether an image stands in the HTML. One the text doesn't mention goes along as a file, so that it is seen.
fn is_shown(mail: &Outgoing, file: &OutgoingAttachment) -> bool {
    match (&file.content_id, &mail.html) {
        (None, _) => false,
        (Some(id), Some(html)) => html.contains(&format!("cid:{id}")),
        (Some(_), None) => mail.text.contains(&image_marker(&file.name)),
    }
}

fn file_part(file: &OutgoingAttachment, shown: bool) -> MimePart<'static> {
    let part = MimePart::new(file.mime.clone(), BodyPart::Binary(file.bytes.clone().into()));
    match file.content_id.as_ref().filter(|_| shown) {
        Some(id) => {
            let disposition = ContentType::new("inline").attribute("filename", file.name.clone());
            part.header("Content-Disposition", HeaderType::ContentType(disposition))
                .cid(id.clone())
        }
        None => part.attachment(file.name.clone()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
