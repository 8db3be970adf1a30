//! Who or what wrote a mail: a person, a machine that answers, a server that gives it back, or a list.
//!
//! A bounce belongs to the message it answers, an automatic answer reopens nothing and meets no clock. When in doubt a mail is a
//! person's: a lead taken for a machine is worse than a machine taken for a lead.

use jiff::civil::Date;
use mail_parser::{HeaderName, HeaderValue, Message};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::address::MailAddress;
use super::parse::header_text;
use super::{dates, dsn};

/// What a delivery report says happened (RFC 3464, 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum BounceAction {
    /// It will not arrive.
    Failed,
    /// It has not arrived yet; the server goes on trying.
    Delayed,
    /// It arrived.
    Delivered,
    /// It went on to a server that sends no reports.
    Relayed,
    /// It went on to several addresses.
    Expanded,
}

/// The kind of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MailKind {
    /// A person wrote it, or nothing says otherwise.
    Human,
    /// An automatic answer: out of office, receipt, acknowledgement.
    AutoReply {
        /// The day the writer says they are back, as YYYY-MM-DD.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        returns_on: Option<String>,
    },
    /// A server reports on a message of ours.
    Bounce {
        /// The Message-ID it reports on, without angle brackets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        original_message_id: Option<String>,
        /// The subject of what it reports on, where it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        original_subject: Option<String>,
        /// Whom it could not reach.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        recipient: Option<String>,
        /// The enhanced status code, e.g. `5.1.1`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        status: Option<String>,
        /// What happened.
        action: BounceAction,
        /// The server's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        diagnostic: Option<String>,
    },
    /// It came through a mailing list.
    List,
    /// A machine sent it to many: newsletter, notification.
    Bulk,
}

impl MailKind {
    /// Whether a machine wrote it, so that nothing may answer it by itself (RFC 3834).
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        !matches!(self, Self::Human)
    }
}

/// How automatic answers begin their subject when their headers say nothing; from Exchange, Gmail and others.
const AUTO_SUBJECTS: &[&str] = &[
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "out of office",
    "out-of-office",
    "automatische antwort",
    "abwesenheitsnotiz",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "automaattinen vastaus",
    "resposta automática",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "automatikus válasz",
    "автоответ",
    "автоматический ответ",
    "нет на месте",
    "otomatik yanıt",
    "ofis dışında",
    "poza biurem",
    "mimo kancelář",
    "házon kívül",
    "ikke til stede",
    "poissa toimistosta",
    "fora do escritório",
    "ich bin nicht im büro",
    "自動応答",
    "自动答复",
    "自動回覆",
    "부재중",
    "자동 회신",
    "自動返信",
    "自动回复",
];

/// Words that begin such subjects and a person's as well: they count on something that answers.
const ABSENCE_SUBJECTS: &[&str] = &[
    "abwesend",
    "abwesenheit",
    "absence",
    "absent",
    "afwezig",
    "assenza",
    "ausencia",
    "ausente",
    "fravær",
    "frånvar",
    "nepřítomnost",
    "niet aanwezig",
    "nieobecność",
    "vacation",
    "不在",
    "外出",
];

pub(super) fn classify(message: &Message<'_>, raw: &[u8], from: Option<&MailAddress>, text: &str) -> MailKind {
    if let Some(bounce) = dsn::read(message, raw, from, text) {
        return bounce;
    }
    let header = |name: &str| header_text(message, name).map(|value| value.to_lowercase());
    if answers_by_itself(message, &header) {
        return MailKind::AutoReply {
            returns_on: dates::return_day(text, sent(message)).map(|day| day.to_string()),
        };
    }
    let precedence = header("Precedence").unwrap_or_default();
    let has = |name: HeaderName<'static>| {
        message
            .header(name)
            .is_some_and(|value| !matches!(value, HeaderValue::Empty))
    };
    if has(HeaderName::ListId) || has(HeaderName::ListPost) || precedence == "list" {
        return MailKind::List;
    }
    if has(HeaderName::ListUnsubscribe)
        || matches!(precedence.as_str(), "bulk" | "junk")
        || header("Feedback-ID").is_some()
    {
        return MailKind::Bulk;
    }
    MailKind::Human
}

/// The day of the mail where its writer was, as its date header says.
fn sent(message: &Message<'_>) -> Option<dates::Sent> {
    let date = message.date().filter(|date| date.is_valid())?;
    let day = Date::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
    )
    .ok()?;
    let minutes = i32::from(date.tz_hour) * 60 + i32::from(date.tz_minute);
    Some(dates::Sent {
        day,
        offset_minutes: if date.tz_before_gmt { -minutes } else { minutes },
    })
}

/// RFC 3834: `Auto-Submitted: auto-replied`, and what programs write that don't know it. `auto-generated` alone is how web forms and
/// shops send real enquiries, so it counts only on something that answers.
fn answers_by_itself(message: &Message<'_>, header: &dyn Fn(&str) -> Option<String>) -> bool {
    let submitted = header("Auto-Submitted").unwrap_or_default();
    let answers = message
        .header(HeaderName::InReplyTo)
        .is_some_and(|value| !matches!(value, HeaderValue::Empty));
    if submitted.starts_with("auto-replied") || (submitted.starts_with("auto-generated") && answers) {
        return true;
    }
    if ["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From"]
        .iter()
        .any(|name| header(name).is_some_and(|value| value != "no"))
    {
        return true;
    }
    if matches!(header("Precedence").as_deref(), Some("auto_reply" | "auto-reply")) {
        return true;
    }
    if header("X-MS-Exchange-Inbox-Rules-Loop").is_some() && submitted.starts_with("auto") {
        return true;
    }
    let receipt = message
        .header(HeaderName::ContentType)
        .and_then(HeaderValue::as_content_type)
        .and_then(|ct| ct.attribute("report-type"))
        .is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"));
    let subject = message.subject().unwrap_or_default().trim().to_lowercase();
    receipt
        || AUTO_SUBJECTS.iter().any(|begin| subject.starts_with(begin))
        || (answers && ABSENCE_SUBJECTS.iter().any(|begin| subject.starts_with(begin)))
}
