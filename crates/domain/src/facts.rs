//! What a message is beside its words: a report about a delivery, an invitation, something sealed.
//!
//! All of it is read from the raw bytes, nothing of it is guessed later; a message that is none of these carries no facts at all.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Address, Timestamp};

/// What was read of a message beside its words. Everything is absent in ordinary mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageFacts {
    /// For an automatic answer: the day its author is back, as YYYY-MM-DD. A day, in no zone: that is what they wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub returns_on: Option<String>,
    /// What a mail server reports about a message of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub report: Option<DeliveryReport>,
    /// A calendar invitation, its cancellation, or an answer to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub invitation: Option<Box<CalendarInvitation>>,
    /// Which of its parts are signed or encrypted. Nobody has checked a signature: this says what is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Protection>>")]
    pub protection: Vec<Protection>,
    /// It goes on with a conversation under another subject: a split is worth offering.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub new_subject: bool,
    /// Another message with other content carries the same Message-ID.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub same_id: bool,
    /// Addresses of ours that it was delivered to, where they are not the account's own: aliases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub aliases: Vec<String>,
    /// The language it is written in (ISO 639-1, e.g. de), where its text is long enough to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<String>,
    /// It answers an answer of ours that is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unseen: Option<Box<UnseenAnswer>>,
}

/// An answer of ours that nobody here has seen, as a customer's message shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnseenAnswer {
    /// Its Message-ID, which the customer's message answers.
    pub header_id: String,
    /// The address of ours that the quote is attributed to; `None` where the Message-ID alone says whose it is.
    pub quoted_from: Option<String>,
}

impl MessageFacts {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What became of a message of ours, in a server's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReport {
    /// What happened.
    pub outcome: DeliveryOutcome,
    /// For a failure: whether trying again can't help (class 5). A mailbox that is full may have room tomorrow.
    pub permanent: bool,
    /// Whom it is about.
    pub recipient: Option<String>,
    /// The enhanced status code, e.g. 5.1.1.
    pub status: Option<String>,
    /// The server's own words.
    pub diagnostic: Option<String>,
}

/// What a delivery report says (RFC 3464, 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryOutcome {
    /// It will not arrive.
    Failed,
    /// It has not arrived yet; the server goes on trying.
    Delayed,
    /// It arrived.
    Delivered,
    /// It went on to a server that sends no reports, or to several addresses.
    Relayed,
}

/// A signed or encrypted part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Protection {
    /// S/MIME, signed.
    SmimeSigned,
    /// S/MIME, encrypted: the text can't be read here.
    SmimeEncrypted,
    /// `OpenPGP`, signed.
    PgpSigned,
    /// `OpenPGP`, encrypted: the text can't be read here.
    PgpEncrypted,
}

/// A calendar object that came by mail (RFC 6047).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarInvitation {
    /// What it wants.
    pub method: InvitationMethod,
    /// The event's id.
    pub uid: String,
    /// Which version of the event.
    pub sequence: u32,
    /// Its title.
    pub title: String,
    /// Where.
    pub place: String,
    /// Who invites.
    pub organiser: Option<Address>,
    /// Who is invited, and what each has answered.
    pub attendees: Vec<Attendee>,
    /// When it begins.
    pub starts: Option<EventTime>,
    /// When it ends.
    pub ends: Option<EventTime>,
    /// Whether it repeats.
    pub repeats: bool,
}

/// What a calendar object wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum InvitationMethod {
    /// It invites, or changes an invitation: an answer is expected.
    Request,
    /// It takes an invitation back.
    Cancel,
    /// It answers an invitation.
    Reply,
    /// It proposes another time.
    Counter,
    /// It only tells.
    Publish,
}

/// Somebody who is invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    /// Who.
    pub address: Address,
    /// What they have answered.
    pub answer: InvitationAnswer,
}

/// An answer to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum InvitationAnswer {
    /// None yet.
    #[default]
    NeedsAction,
    /// Yes.
    Accepted,
    /// Perhaps.
    Tentative,
    /// No.
    Declined,
    /// Somebody else goes.
    Delegated,
}

/// When an event begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventTime {
    /// At an instant.
    At {
        /// When.
        at: Timestamp,
    },
    /// The whole day.
    Day {
        /// As YYYY-MM-DD. As an end, the first day after.
        day: String,
    },
    /// At a time of day wherever one is.
    Local {
        /// As YYYY-MM-DDTHH:MM.
        time: String,
    },
}
