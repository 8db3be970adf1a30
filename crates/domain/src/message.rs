//! Messages: what customers and members wrote, as the log knows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AccountId, BlobId, MemberId, MessageFacts, MessageId, Money, Timestamp};

/// A mail address with the name beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The display name, empty when there is none.
    pub name: String,
    /// The address itself, e.g. carl@example.com.
    pub email: String,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// From the customer to us.
    Inbound,
    /// From us through Baton.
    Outbound,
    /// From us, but not through Baton: Outlook, a phone, webmail (L4).
    Outside,
}

/// What wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum MessageKind {
    /// A person.
    #[default]
    Human,
    /// An out-of-office or another automatic answer: it reopens nothing and meets no clock.
    AutoReply,
    /// A delivery failure for something we sent.
    Bounce,
    /// A mailing list or bulk mail.
    Bulk,
}

/// An attachment, by its place in the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Its place among the message's attachments, from 0.
    pub index: u32,
    /// The file name to show.
    pub name: String,
    /// The media type, by content where it could be told.
    pub mime: String,
    /// Size in bytes.
    pub size: u32,
    /// Shown inside the HTML body rather than as a file.
    pub inline: bool,
}

/// A message that came in, or went out outside Baton.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// What wrote it.
    pub kind: MessageKind,
    /// The author.
    pub from: Address,
    /// To whom.
    pub to: Vec<Address>,
    /// Copies.
    pub cc: Vec<Address>,
    /// Where answers should go, if not to the author.
    pub reply_to: Vec<Address>,
    /// Its subject line.
    pub subject: String,
    /// The date to show and to order by: the message's own, or that of arrival where its own is wrong.
    pub at: Timestamp,
    /// The Message-ID, without angle brackets.
    pub header_id: Option<String>,
    /// The References, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// The beginning of the visible text.
    pub preview: String,
    /// The raw bytes.
    pub blob: Option<BlobId>,
    /// Size of the raw bytes.
    pub size: u32,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Which account it came through.
    pub account: Option<AccountId>,
    /// For an auto-reply: when its author is back, if it says so.
    pub returns_at: Option<Timestamp>,
    /// For a report about a delivery: which of our messages it is about.
    pub bounced: Option<MessageId>,
    /// What it is beside its words.
    #[serde(default, skip_serializing_if = "MessageFacts::is_empty")]
    #[ts(optional, as = "Option<MessageFacts>")]
    pub facts: MessageFacts,
}

/// What happens after a reply (W4). Instants, never durations: the desktop resolves "in 2 hours" when the person acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AfterReply {
    /// Chase if no answer comes: the inbox's cadence.
    FollowUpIfNoAnswer {
        /// When, where the person chose another date than the cadence's.
        due: Option<Timestamp>,
    },
    /// We owe something by a date.
    IOwe {
        /// What, in words.
        what: String,
        /// By when.
        due: Timestamp,
    },
    /// Nothing more is expected from us.
    NothingMore,
}

/// A file that goes out with a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingFile {
    /// The file name.
    pub name: String,
    /// The media type.
    pub mime: String,
    /// Size in bytes.
    pub size: u32,
    /// The bytes.
    pub blob: BlobId,
}

/// What a draft says. Kept by conversation and author, outside the log, saved as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftText {
    /// To whom.
    pub to: Vec<Address>,
    /// Copies.
    pub cc: Vec<Address>,
    /// The subject line.
    pub subject: String,
    /// The text, plain.
    pub text: String,
    /// Files.
    pub files: Vec<OutgoingFile>,
}

impl DraftText {
    /// The digest a Reply states, so that exactly what was on the author's screen leaves. Pinned by a test: it is part
    /// of the protocol.
    #[must_use]
    pub fn digest(&self) -> String {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        for (label, list) in [("to", &self.to), ("cc", &self.cc)] {
            field(label.as_bytes());
            for address in list {
                field(address.name.as_bytes());
                field(address.email.as_bytes());
            }
        }
        field(b"subject");
        field(self.subject.as_bytes());
        field(b"text");
        field(self.text.as_bytes());
        field(b"files");
        for file in &self.files {
            field(file.name.as_bytes());
            field(file.mime.as_bytes());
            field(file.blob.as_str().as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// Where an accepted reply stands on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum OutboundState {
    /// Accepted; it leaves after the undo window.
    Queued,
    /// The host has passed the fence: the provider may be offered the body at any moment.
    Sending,
    /// The provider took it.
    Sent {
        /// When.
        at: Timestamp,
        /// What the provider answered.
        reply: String,
    },
    /// The provider refused it for good; nothing was delivered.
    Failed {
        /// What the provider answered, in its words.
        reason: String,
    },
    /// Whether it was delivered can't be told by a machine: a person decides.
    Unknown {
        /// Why.
        reason: String,
    },
    /// Taken back in the undo window, or stopped because something newer came.
    Cancelled {
        /// Why.
        why: CancelReason,
    },
}

/// Why an accepted reply did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CancelReason {
    /// Its author took it back.
    Undone,
    /// The customer wrote within the undo window: the text is a draft again.
    CustomerWrote,
    /// A colleague answered outside Baton.
    AnsweredOutside,
    /// Its author lost the right to send.
    NotPermitted,
}

/// A reply on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outbound {
    /// Which; also the id of the message in the thread.
    pub id: MessageId,
    /// Where it stands.
    pub state: OutboundState,
    /// The account it leaves through.
    pub account: AccountId,
    /// Who wrote it.
    pub by: MemberId,
    /// Written by somebody who covered for the owner.
    pub cover: bool,
    /// The sender as the customer sees it.
    pub from: Address,
    /// What it says.
    pub draft: DraftText,
    /// The Message-ID fixed before the first attempt, without angle brackets.
    pub header_id: String,
    /// The Message-ID it answers.
    pub in_reply_to: Option<String>,
    /// The References it carries, oldest first.
    pub references: Vec<String>,
    /// The offer it carries, if it was sent as a quote.
    pub quote: Option<Money>,
    /// What happens after it.
    pub after: AfterReply,
    /// When it was accepted: also the Date the message carries.
    pub queued_at: Timestamp,
    /// The end of the undo window: it does not leave earlier.
    pub not_before: Timestamp,
    /// How many times a host has passed the fence with it.
    pub attempt: u32,
    /// Whether its copy lies in the Sent folder.
    pub filed: bool,
}

impl Outbound {
    /// Whether nothing more will happen to it without a person.
    #[must_use]
    pub fn settled(&self) -> bool {
        match self.state {
            OutboundState::Queued | OutboundState::Sending | OutboundState::Unknown { .. } => false,
            OutboundState::Sent { .. } | OutboundState::Failed { .. } | OutboundState::Cancelled { .. } => true,
        }
    }
}
