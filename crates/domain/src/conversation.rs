//! The state of a conversation: what its events add up to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountId, Address, ByRules, Clock, Comeback, ConversationId, Correction, Details, DeviceId, Direction, Escalation,
    FoundFine, InboxId, MemberId, MessageId, MessageKind, Nudge, Outbound, SentBy, Timestamp,
};

/// The six phases every status belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nobody has it yet.
    New,
    /// The next move is ours.
    Open,
    /// The next move is somebody else's.
    Pending,
    /// Out of sight until an instant or a message.
    Snoozed,
    /// Decided.
    Resolved,
    /// Nothing more to do.
    Closed,
}

/// Where a conversation stands: what everything that happens by itself is decided by. Each is entered and left by ordinary work; nobody
/// needs to set one by hand. How an inbox calls them, and which it knows, is its [`Workflow`](crate::Workflow).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Nobody has taken it yet.
    #[default]
    New,
    /// The next move is ours, now.
    Assigned,
    /// The next move is the customer's.
    Waiting,
    /// We owe an action at a date.
    FollowUpDue,
    /// A colleague owes us an answer.
    NeedsInput,
    /// The customer has our offer.
    QuoteSent,
    /// Decided for us.
    Won,
    /// Decided against us.
    Lost,
    /// Handled; closed seven days later unless they object.
    Resolved,
    /// Nothing more to do.
    Closed,
}

impl Status {
    /// The phase the status belongs to.
    #[must_use]
    pub const fn phase(self) -> Phase {
        match self {
            Self::New => Phase::New,
            Self::Assigned | Self::FollowUpDue => Phase::Open,
            Self::Waiting | Self::NeedsInput | Self::QuoteSent => Phase::Pending,
            Self::Won | Self::Lost | Self::Resolved => Phase::Resolved,
            Self::Closed => Phase::Closed,
        }
    }

    /// Whether the conversation is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self.phase(), Phase::Resolved | Phase::Closed)
    }
}

/// How urgent a conversation is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before the others.
    High,
    /// Now.
    Urgent,
}

/// What an enquiry is (W2). The category decides which duties apply.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// A new lead.
    NewLead,
    /// An existing customer who wants more.
    Expansion,
    /// A partner or a referral.
    Partner,
    /// Somebody asks for a price or a quote.
    QuoteRequest,
    /// Somebody asks for a demo or advice.
    Demo,
    /// A vendor, or nothing for us.
    Vendor,
    /// Belongs to support.
    Support,
    /// Not sorted yet: treated as a lead.
    #[default]
    Unsorted,
}

impl Category {
    /// Whether owner, next step, follow-up and outcome are owed to it.
    #[must_use]
    pub const fn has_duties(self) -> bool {
        !matches!(self, Self::Vendor | Self::Support)
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// In hundredths of the currency's unit.
    #[ts(type = "number")]
    pub cents: i64,
    /// ISO 4217, e.g. EUR.
    pub currency: String,
}

/// How a conversation ended (W6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A customer or an opportunity.
    Won,
    /// They decided against us.
    Lost,
    /// What they asked is answered or mended; in support inboxes.
    Solved,
    /// It could not be; in support inboxes.
    NotSolved,
    /// Not somebody we can sell to.
    Unqualified,
    /// The same as another conversation.
    Duplicate,
    /// Unwanted mail.
    Spam,
    /// Another team has it.
    HandedOver,
    /// They never answered; set by the cadence, counted apart.
    NoResponse,
    /// It was there before the account was connected.
    Imported,
}

impl Outcome {
    /// The status a conversation closed with it has.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Won => Status::Won,
            Self::Lost => Status::Lost,
            Self::Solved | Self::NotSolved => Status::Resolved,
            Self::Unqualified | Self::Duplicate | Self::Spam | Self::HandedOver | Self::NoResponse | Self::Imported => {
                Status::Closed
            }
        }
    }
}

/// The end of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who; `None` for a cadence or an import.
    pub by: Option<MemberId>,
}

/// Where a conversation came from; the first and the last touch are the ends of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Which channel, e.g. "email".
    pub channel: String,
    /// The address it was sent to.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

/// What happens next, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextStep {
    /// In words.
    pub text: String,
    /// Who set it; `None` when it followed from the work.
    pub by: Option<MemberId>,
    /// When it was set.
    pub at: Timestamp,
}

/// What a follow-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FollowUpKind {
    /// No answer came to our last message.
    Chase {
        /// Which attempt of the cadence, from 1.
        step: u8,
    },
    /// We promised something.
    Owed,
    /// A person chose the date.
    Chosen,
    /// The cadence ran out: closing is proposed at `due`, and done one business day later.
    Closing,
}

/// When we act next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FollowUp {
    /// When.
    pub due: Timestamp,
    /// What for.
    pub kind: FollowUpKind,
    /// In words, if somebody wrote some.
    pub text: Option<String>,
    /// Who set it; `None` for a cadence.
    pub by: Option<MemberId>,
    /// The zone the date was chosen in (IANA).
    pub zone: Option<String>,
    /// Whether its date has come and it was said so.
    pub fired: bool,
    /// For [`FollowUpKind::Closing`]: when it closes by itself if nobody decides; `None` where somebody has to.
    #[serde(default)]
    pub closes_at: Option<Timestamp>,
}

/// Whose input is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// The colleague; `None` for an outside address.
    pub on: Option<MemberId>,
    /// An outside address that was asked.
    pub address: Option<String>,
    /// What is needed, in words.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// The status before.
    pub before: Status,
}

/// Out of sight for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snooze {
    /// Until when; `None` until a message comes.
    pub until: Option<Timestamp>,
    /// The zone the date was chosen in (IANA).
    pub zone: Option<String>,
    /// Who.
    pub by: MemberId,
    /// Since when.
    pub since: Timestamp,
}

/// What the next owner must know (O3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandoffContext {
    /// What happened so far.
    pub happened: String,
    /// What was promised; `None` means "nothing promised", said on purpose.
    pub promised: Option<String>,
    /// What happens next.
    pub next_step: String,
}

/// A conversation offered to a colleague; the giver stays owner until it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandoffOffer {
    /// Who gives it.
    pub from: MemberId,
    /// Who is asked to take it.
    pub to: MemberId,
    /// What they must know.
    pub context: HandoffContext,
    /// When the offer lapses.
    pub until: Timestamp,
}

/// The reply lock (L2). Its token is the number of the event that granted it, so it grows across restarts and servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// The fencing token.
    #[ts(type = "number")]
    pub token: u64,
    /// Who is replying.
    pub member: MemberId,
    /// On which of their devices.
    pub device: DeviceId,
    /// Since when.
    pub since: Timestamp,
    /// Whether they answer in the owner's place.
    pub cover: bool,
    /// Who asked for it, since when.
    pub asked: Option<LockAsk>,
}

/// A colleague asks the holder for the reply lock: silence for a minute gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockAsk {
    /// Who asks.
    pub by: MemberId,
    /// Since when.
    pub at: Timestamp,
}

/// An offer made to the customer: a milestone that survives status moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The reply that carried it.
    pub message: MessageId,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
}

/// The newest message, as the list shows it and as stale replies are judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// Which.
    pub id: MessageId,
    /// Its date.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// What wrote it.
    pub kind: MessageKind,
    /// The member who wrote it, for ours.
    pub by: Option<MemberId>,
    /// The beginning of its text.
    pub preview: String,
}

/// An answer of ours that is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unseen {
    /// The customer's message that shows it.
    pub message: MessageId,
    /// When that came.
    pub at: Timestamp,
    /// Which answer, and by what it is known to be ours.
    pub answer: crate::UnseenAnswer,
}

/// What a customer's message changed, so that "no reply needed" can put it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// The status before the message.
    pub status: Status,
    /// Which status of the inbox somebody had said that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub named_status: Option<crate::StatusId>,
    /// How it had ended, if it had.
    pub closing: Option<Closing>,
    /// The follow-up that was set.
    pub follow_up: Option<FollowUp>,
    /// The next step that was set.
    pub next_step: Option<NextStep>,
}

/// What a reply changed provisionally, so that taking it back or its failure restores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provisional {
    /// The reply.
    pub outbound: MessageId,
    /// What it replaced.
    pub before: Before,
    /// What it set: only what still stands is put back.
    pub after: Before,
    /// Since when the customer had been waiting for it.
    pub unanswered_since: Option<Timestamp>,
    /// The newest message before it.
    pub last_message: Option<LastMessage>,
    /// The clock that waited for it, as it was.
    #[serde(default)]
    pub response: Option<Clock>,
    /// The escalation that it ended, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub escalation: Option<Escalation>,
    /// Whether all that the reply changes has been recorded: what comes later is not its doing.
    #[serde(default)]
    pub complete: bool,
}

/// A conversation with a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// Its number for people: #1042, consecutive in the workspace.
    pub number: u32,
    /// The inbox it lies in.
    pub inbox: InboxId,
    /// The account it came through, and answers leave through.
    pub account: Option<AccountId>,
    /// The customer.
    pub contact: Address,
    /// The customer's company, where known.
    pub company: Option<String>,
    /// What it is about.
    pub subject: String,
    /// Where it came from, first touch first.
    pub sources: Vec<Source>,
    /// Its status, also while snoozed; see [`Conversation::phase`].
    pub status: Status,
    /// Which status of its inbox somebody said that is; `None` where it is the first that stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub named_status: Option<crate::StatusId>,
    /// The one accountable person.
    pub owner: Option<MemberId>,
    /// Since when they own it.
    pub owned_since: Option<Timestamp>,
    /// Who owned it last, for reopening.
    pub last_owner: Option<MemberId>,
    /// Who is told and may note.
    pub followers: BTreeSet<MemberId>,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is.
    pub category: Category,
    /// What it may be worth.
    pub value: Option<Money>,
    /// Free labels.
    pub tags: BTreeSet<String>,
    /// Topic, stage, region and the like, and fields of the team's own.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    #[ts(as = "Option<Details>", optional)]
    pub details: Box<Details>,
    /// What happens next.
    pub next_step: Option<NextStep>,
    /// When we act next.
    pub follow_up: Option<FollowUp>,
    /// Whose input is awaited.
    pub blocked: Option<Blocked>,
    /// Out of sight until.
    pub snoozed: Option<Snooze>,
    /// Offered to a colleague.
    pub handoff: Option<HandoffOffer>,
    /// How it ended, once it has.
    pub closing: Option<Closing>,
    /// What the newest customer's message changed.
    pub before_message: Option<Before>,
    /// What the newest reply changed, while it can still be taken back or fail.
    pub provisional: Option<Provisional>,
    /// SLA clocks: those that run, and the last of each place that ended.
    #[serde(default)]
    pub clocks: Vec<Clock>,
    /// Who is asked to see to it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub escalation: Option<Escalation>,
    /// Offers made.
    pub quotes: Vec<Quote>,
    /// Who is replying.
    pub lock: Option<Lock>,
    /// Replies that are not settled, and the newest settled ones.
    pub outbound: Vec<Outbound>,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// The Message-ID the next reply answers.
    pub reply_to_header: Option<String>,
    /// The References of that message.
    pub references: Vec<String>,
    /// To whom the next reply goes.
    pub reply_to: Vec<Address>,
    /// Since when the customer waits for an answer; `None` when the newest message needing one was answered.
    pub unanswered_since: Option<Timestamp>,
    /// Of what is over: since when they had waited when it was closed, should a person find that it is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub unanswered_at_close: Option<Timestamp>,
    /// Which reply of ours could not be delivered, as a bounce says; until we write again.
    #[serde(default)]
    pub bounced: Option<MessageId>,
    /// Into which conversation it was merged; what is done goes on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub merged: Option<Box<crate::MergedAway>>,
    /// What was merged into it, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<crate::Absorbed>>", optional)]
    pub absorbed: Vec<crate::Absorbed>,
    /// Other conversations of the same customer of which somebody said that they are not the same enquiry.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[ts(as = "Option<BTreeSet<ConversationId>>", optional)]
    pub apart: BTreeSet<ConversationId>,
    /// Off which conversation it was split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub split: Option<crate::SplitOrigin>,
    /// Which of its messages lie in folders of the mailbox that are taken in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<crate::Filing>>", optional)]
    pub filed: Vec<crate::Filing>,
    /// Somebody of ours answered where nobody here can see it, as the customer's message shows; until a person says what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unseen: Option<Unseen>,
    /// How many replies of ours, outside ones too.
    #[serde(default)]
    pub replies: u32,
    /// The version at which the next step was last set, for conflicts.
    #[serde(default)]
    pub next_step_version: u32,
    /// The version at which the follow-up was last set, for conflicts.
    #[serde(default)]
    pub follow_up_version: u32,
    /// When its owner was last asked to look at it, and what for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub nudged: Option<Nudge>,
    /// A reviewer found that it may stay as it is for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fine: Option<FoundFine>,
    /// When the newest note was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub noted_at: Option<Timestamp>,
    /// Where the rules sent it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub sent_by: Option<SentBy>,
    /// What rules did with it that they do once.
    #[serde(default, skip_serializing_if = "ByRules::is_empty")]
    #[ts(skip)]
    pub by_rules: ByRules,
    /// What people changed about where the rules had sent it, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(skip)]
    pub corrections: Vec<Correction>,
    /// Its customer opened it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub comeback: Option<Comeback>,
    /// When somebody last found that it may lie still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub looked_at: Option<Timestamp>,
    /// How many messages (no notes).
    pub messages: u32,
    /// How many notes.
    pub notes: u32,
    /// Whether any message carries a file.
    pub has_attachment: bool,
    /// Everything in it arrived before the account went live.
    pub history: bool,
    /// When the first message came.
    pub created_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
    /// How many events it has seen.
    pub version: u32,
}

/// How long a closed conversation can be opened again by a message: thirty days.
pub const CLOSED_FOR_GOOD_MS: i64 = 30 * crate::DAY_MS;

impl Conversation {
    /// The phase: that of the status, or snoozed.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        if self.snoozed.is_some() {
            Phase::Snoozed
        } else {
            self.status.phase()
        }
    }

    /// Whether a customer's message at `now` continues this conversation. One that was closed for more than thirty days is
    /// not opened again: the message begins a new conversation linked to it.
    #[must_use]
    pub fn takes_messages(&self, now: Timestamp) -> bool {
        self.closing.as_ref().is_none_or(|closing| {
            closing.outcome == Outcome::Imported || now.since_ms(closing.at) <= CLOSED_FOR_GOOD_MS
        })
    }

    /// When anything was last said in it: a message, or a note.
    #[must_use]
    pub fn last_activity(&self) -> Timestamp {
        let said = self.last_message.as_ref().map(|last| last.at);
        [said, self.noted_at]
            .into_iter()
            .flatten()
            .fold(self.created_at, Ord::max)
    }

    /// Whether this member owns it.
    #[must_use]
    pub fn is_owned_by(&self, member: MemberId) -> bool {
        self.owner == Some(member)
    }

    /// The reply on its way out or in doubt with that id.
    #[must_use]
    pub fn outbound(&self, id: MessageId) -> Option<&Outbound> {
        self.outbound.iter().find(|outbound| outbound.id == id)
    }
}
