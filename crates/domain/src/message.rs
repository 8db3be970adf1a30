//! Messages: what customers and members wrote, as the log knows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AccountId, AutoReplyKind, BlobId, MemberId, MessageFacts, MessageId, Money, Outcome, Timestamp};

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
    /// An image shown within the text, where the text says `[its name]`; elsewhere it goes along as a file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub inline: bool,
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
    /// The address of the account it leaves under, where that is not its main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<String>,
    /// Whether the servers on the way are asked to say that it was delivered (RFC 3461).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub receipt: bool,
    /// The message it passes on to somebody outside. Then it is no reply: the customer goes on waiting for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub forwards: Option<MessageId>,
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
            // What came later counts only where it is used: a draft without it keeps its digest.
            if file.inline {
                field(b"inline");
            }
        }
        if let Some(from) = &self.from {
            field(b"from");
            field(from.as_bytes());
        }
        if self.receipt {
            field(b"receipt");
        }
        if let Some(message) = self.forwards {
            field(b"forwards");
            field(message.0.as_bytes());
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
    /// Its account sends nothing any more: it is only watched now, or was removed.
    NotSending,
    /// It was to leave later, and a colleague answered first.
    ColleagueAnswered,
    /// It was to leave later, and the conversation belongs to somebody else now.
    OwnerChanged,
}

/// A provider asked for patience with a reply (4xx): it was not taken, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenBack {
    /// What the provider said last.
    pub reason: String,
    /// How often it said so.
    pub times: u32,
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
    /// Who wrote it; nil where it is automatic.
    pub by: MemberId,
    /// Written by somebody who covered for the owner.
    pub cover: bool,
    /// The sender as the customer sees it.
    pub from: Address,
    /// Who wrote it in that name, where they may only send on its behalf: the Sender of RFC 5322, 3.6.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sender: Option<Address>,
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
    /// The outcome it closes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub close: Option<Outcome>,
    /// When it was accepted: also the Date the message carries, unless it was scheduled.
    pub queued_at: Timestamp,
    /// It does not leave earlier: the end of the undo window, or the next attempt after a provider asked for patience.
    pub not_before: Timestamp,
    /// When its author lets it leave, where that is not at once. Then it is also the Date the message carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub send_at: Option<Timestamp>,
    /// Set once a provider asked for patience with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub given_back: Option<GivenBack>,
    /// How many times a host has passed the fence with it.
    pub attempt: u32,
    /// Whether its copy lies in the Sent folder.
    pub filed: bool,
    /// Nobody wrote it: an inbox answers by itself, and this is what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub automatic: Option<AutoReplyKind>,
}

impl Outbound {
    /// The Date the message carries: the same at every attempt.
    #[must_use]
    pub fn date(&self) -> Timestamp {
        self.send_at.unwrap_or(self.queued_at)
    }

    /// Whether it passes a message on to somebody outside. It answers nobody: clocks, status, owner and the reply lock are what they
    /// were, and what stops a reply (a newer message, a colleague's answer, another owner) does not stop it.
    #[must_use]
    pub const fn is_forward(&self) -> bool {
        self.draft.forwards.is_some()
    }

    /// Whether it is beside the conversation: it is forwarded, or automatic. Neither ever counts as the reply.
    #[must_use]
    pub const fn is_aside(&self) -> bool {
        self.is_forward() || self.automatic.is_some()
    }

    /// Whether it has changed nothing yet: what its author lets leave later counts as a reply when it leaves. What is beside the
    /// conversation never counts as one.
    #[must_use]
    pub const fn uncounted(&self) -> bool {
        self.is_aside() || self.send_at.is_some() && self.attempt == 0
    }

    /// Whether it waits for the time its author chose.
    #[must_use]
    pub fn scheduled(&self) -> bool {
        self.state == OutboundState::Queued && self.uncounted() && !self.is_aside()
    }

    /// It leaves then.
    pub fn reschedule(&mut self, send_at: Timestamp) {
        self.send_at = Some(send_at);
        self.not_before = send_at;
    }

    /// Notes that a provider asked for patience until `not_before`; without one nothing but the queue is meant.
    pub fn give_back(&mut self, reason: &str, not_before: Option<Timestamp>) {
        let Some(not_before) = not_before else { return };
        self.not_before = self.not_before.max(not_before);
        let times = self.given_back.as_ref().map_or(0, |before| before.times);
        self.given_back = Some(GivenBack {
            reason: reason.to_owned(),
            times: times.saturating_add(1),
        });
    }

    /// Whether nothing more will happen to it without a person.
    #[must_use]
    pub fn settled(&self) -> bool {
        match self.state {
            OutboundState::Queued | OutboundState::Sending | OutboundState::Unknown { .. } => false,
            OutboundState::Sent { .. } | OutboundState::Failed { .. } | OutboundState::Cancelled { .. } => true,
        }
    }
}

/// Why a provider did not take a message, or not yet. The window has a sentence for each; the provider's own words stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SendProblem {
    /// There is no such mailbox at that domain.
    NoSuchMailbox,
    /// There is no such domain.
    NoSuchDomain,
    /// It is no address.
    BadAddress,
    /// The recipient has another address now.
    MailboxMoved,
    /// The recipient's mailbox is switched off.
    MailboxDisabled,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// The domain takes no mail at all.
    TakesNoMail,
    /// The message is too large.
    TooLarge,
    /// Our own address is not accepted as a sender.
    SenderRefused,
    /// We may not send under this address.
    SendAsDenied,
    /// Signing in failed.
    SignIn,
    /// It was taken for spam, or we were.
    Spam,
    /// A rule of theirs forbids it.
    Policy,
    /// Our domain does not prove that the mail is ours (SPF, DKIM, DMARC).
    NotAuthenticated,
    /// The address has letters the server can't deliver to.
    ForeignLetters,
    /// Too many recipients in one message.
    TooManyRecipients,
    /// We have sent too much in too little time.
    LimitReached,
    /// A first message from us is let in at the second attempt.
    Greylisted,
    /// The server has no time or no room just now.
    Busy,
    /// Its content is not accepted.
    ContentRefused,
    /// The recipient's server can't be reached.
    Unreachable,
    /// It went round in circles.
    Loop,
    /// Something else: only the words say what.
    Other,
}
