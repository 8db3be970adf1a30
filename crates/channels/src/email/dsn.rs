//! Bounces: delivery reports in their standard form (RFC 3464), and the common ones without.

use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MimeHeaders, PartType};

use super::address::MailAddress;
use super::charset::bytes_of;
use super::kind::{BounceAction, MailKind};
use super::parse::header_text;

/// The mail as a bounce, if it is one.
pub(super) fn read(message: &Message<'_>, raw: &[u8], from: Option<&MailAddress>, text: &str) -> Option<MailKind> {
    standard(message, raw).or_else(|| homespun(message, raw, from, text))
}

/// `multipart/report; report-type=delivery-status`, or at least a part that is one.
fn standard(message: &Message<'_>, raw: &[u8]) -> Option<MailKind> {
    let status_part = message
        .parts
        .iter()
        .find(|part| is_type(part, "message", &["delivery-status", "global-delivery-status"]))?;
    let fields = Fields::read(&String::from_utf8_lossy(&bytes_of(status_part, raw)));
    let action = match fields.get("action").unwrap_or("failed").to_ascii_lowercase().as_str() {
        "delayed" => BounceAction::Delayed,
        "delivered" => BounceAction::Delivered,
        "relayed" => BounceAction::Relayed,
        "expanded" => BounceAction::Expanded,
        _ => BounceAction::Failed,
    };
    Some(MailKind::Bounce {
        original_message_id: original_id(message, raw)
            .or_else(|| fields.get("x-original-message-id").and_then(angle_id)),
        original_subject: original_header(message, raw, "subject:", |returned| {
            returned.subject().map(str::to_owned)
        }),
        recipient: fields
            .get("final-recipient")
            .or_else(|| fields.get("original-recipient"))
            .map(after_type),
        status: fields.get("status").and_then(status_code),
        action,
        diagnostic: fields.get("diagnostic-code").map(after_type),
    })
}

/// Bounces of servers that never heard of the standard: sent by the mail system itself, with the failed address in a header or the text.
fn homespun(message: &Message<'_>, raw: &[u8], from: Option<&MailAddress>, text: &str) -> Option<MailKind> {
    let failed = header_text(message, "X-Failed-Recipients");
    let local = from.map(|from| from.key()).unwrap_or_default();
    let local = local.split('@').next().unwrap_or_default();
    let nobody = message
        .header_raw("Return-Path")
        .is_some_and(|path| path.trim() == "<>");
    let system = nobody
        || matches!(
            local,
            "mailer-daemon" | "postmaster" | "mail-daemon" | "mailerdaemon" | "mail.delivery" | "bounce" | "bounces"
        )
        || local.starts_with("microsoftexchange");
    let subject = message.subject().unwrap_or_default().to_lowercase();
    let says_so = [
        "undeliver",
        "delivery status notification",
        "delivery failure",
        "failure notice",
        "mail delivery failed",
        "returned mail",
        "mail system error",
        "delivery has failed",
        "unzustellbar",
        "nicht zustellbar",
        "delivery incomplete",
        "delivery delayed",
        "message delayed",
        "warning: could not send",
        "could not be delivered",
        "unable to deliver",
        "zustellung fehlgeschlagen",
        "zustellung verzögert",
        "non remis",
        "échec",
        "no se pudo entregar",
        "no se puede entregar",
        "no entregado",
        "mancata consegna",
        "non recapitabile",
        "niet bezorgd",
        "onbestelbaar",
        "kan inte levereras",
        "kunne ikke leveres",
        "não entregue",
        "não é possível entregar",
        "niedostarczon",
        "nedoručiteln",
        "недоставлен",
        "не доставлен",
        "退信",
        "配信不能",
    ]
    .iter()
    .any(|words| subject.contains(words));
    if failed.is_none() && !(system && says_so) {
        return None;
    }
    let lower = text.to_lowercase();
    let delayed = subject.contains("delay")
        || subject.contains("delivery incomplete")
        || subject.starts_with("warning: could not send")
        || [
            "will be retried",
            "will continue trying",
            "will retry",
            "will keep trying",
            "you do not need to resend",
            "do not need to resend your message",
            "wird weiterhin versucht",
        ]
        .iter()
        .any(|words| lower.contains(words));
    let recipient = failed
        .map(|list| list.split(',').next().unwrap_or_default().trim().to_owned())
        .or_else(|| angle_address(text))
        .or_else(|| bare_address(text));
    Some(MailKind::Bounce {
        original_message_id: original_id(message, raw),
        original_subject: original_header(message, raw, "subject:", |returned| {
            returned.subject().map(str::to_owned)
        }),
        recipient: recipient.filter(|address| !address.is_empty()),
        status: text
            .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '#' | '[' | ']'))
            .find_map(status_code),
        action: if delayed {
            BounceAction::Delayed
        } else {
            BounceAction::Failed
        },
        diagnostic: text
            .lines()
            .map(str::trim)
            .find(|line| starts_with_smtp_code(line))
            .map(str::to_owned),
    })
}

/// The Message-ID of the returned message: whole, as headers, or quoted in the text.
fn original_id(message: &Message<'_>, raw: &[u8]) -> Option<String> {
    let returned = original_header(message, raw, "message-id:", |returned| {
        returned.message_id().map(str::to_owned)
    });
    if let Some(id) = returned {
        let id = id.trim_matches(['<', '>', ' ']);
        return (!id.is_empty() && !id.contains(char::is_whitespace)).then(|| id.to_owned());
    }
    // What answers nothing names nothing: a bounce's own In-Reply-To is the last hint.
    match message.header(HeaderName::InReplyTo) {
        Some(HeaderValue::Text(id)) => Some(id.to_string()),
        Some(HeaderValue::TextList(list)) => list.first().map(ToString::to_string),
        _ => None,
    }
}

/// A header of the returned message, wherever the report has put it. `label` is how its line begins in text, in lower case.
fn original_header(
    message: &Message<'_>,
    raw: &[u8],
    label: &str,
    of: impl Fn(&Message<'_>) -> Option<String>,
) -> Option<String> {
    for part in &message.parts {
        if let PartType::Message(inner) = &part.body
            && let Some(found) = of(inner)
        {
            return Some(found);
        }
        if is_type(part, "text", &["rfc822-headers"])
            || is_type(part, "message", &["rfc822", "global", "global-headers"])
        {
            let bytes = bytes_of(part, raw);
            let headers = MessageParser::default().parse_headers(&bytes);
            if let Some(found) = headers.as_ref().and_then(&of) {
                return Some(found);
            }
        }
    }
    let quoted = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.as_ref()),
        _ => None,
    });
    quoted.flat_map(str::lines).find_map(|line| {
        let line = line.trim_start_matches(['>', ' ', '\t', '|']);
        let begins = line
            .get(..label.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(label));
        let value = line.get(label.len()..).filter(|_| begins)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    })
}

fn is_type(part: &mail_parser::MessagePart<'_>, main: &str, subs: &[&str]) -> bool {
    part.content_type().is_some_and(|ct| {
        ct.ctype().eq_ignore_ascii_case(main)
            && ct
                .subtype()
                .is_some_and(|sub| subs.iter().any(|s| sub.eq_ignore_ascii_case(s)))
    })
}

/// Fields of all groups of a delivery status; of several recipients the first one that failed counts.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(text: &str) -> Self {
        let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for line in text.lines() {
            if line.trim().is_empty() {
                groups.push(Vec::new());
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = groups.last_mut().and_then(|group| group.last_mut()) {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':')
                && let Some(group) = groups.last_mut()
            {
                group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let failed = |group: &Vec<(String, String)>| {
            group
                .iter()
                .any(|(name, value)| name == "action" && value.eq_ignore_ascii_case("failed"))
        };
        let has_action = |group: &Vec<(String, String)>| group.iter().any(|(name, _)| name == "action");
        let recipient = groups
            .iter()
            .find(|group| failed(group))
            .or_else(|| groups.iter().find(|group| has_action(group)))
            .cloned();
        let mut fields = recipient.unwrap_or_default();
        fields.extend(groups.into_iter().flatten());
        Self(fields)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// `rfc822; carl@example.com` without its type.
fn after_type(value: &str) -> String {
    value
        .split_once(';')
        .map_or(value, |(_, rest)| rest)
        .trim()
        .trim_matches(['<', '>'])
        .to_owned()
}

/// An enhanced status code (RFC 3463): class 2, 4 or 5, subject, detail.
fn status_code(text: &str) -> Option<String> {
    let text = text.split_whitespace().next()?.trim_end_matches(['.', ',', ';', ':']);
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(number) && matches!(parts.first(), Some(&("2" | "4" | "5"))))
        .then(|| text.to_owned())
}

fn starts_with_smtp_code(line: &str) -> bool {
    let mut bytes = line.bytes();
    matches!(bytes.next(), Some(b'4' | b'5'))
        && bytes.next().is_some_and(|b| b.is_ascii_digit())
        && bytes.next().is_some_and(|b| b.is_ascii_digit())
        && matches!(bytes.next(), Some(b' ' | b'-'))
}

fn angle_id(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('<')?;
    let (id, _) = rest.split_once('>')?;
    let id = id.trim();
    (!id.is_empty() && !id.contains(char::is_whitespace)).then(|| id.to_owned())
}

/// The first address of a text, where none stands in angle brackets.
fn bare_address(text: &str) -> Option<String> {
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    finder.links(text).next().map(|link| link.as_str().to_owned())
}

fn angle_address(text: &str) -> Option<String> {
    text.split('<')
        .skip(1)
        .filter_map(|chunk| chunk.split_once('>'))
        .map(|(inside, _)| inside.trim())
        .find(|inside| inside.contains('@') && !inside.contains(char::is_whitespace) && inside.len() < 255)
        .map(str::to_owned)
}
