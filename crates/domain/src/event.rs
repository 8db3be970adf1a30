//! Events: what was decided. A type is never changed or removed; new ones are added.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountId, Actor, Address, Blocked, CancelReason, Category, Clock, ClockKind, Closing, CommandId, ConversationId,
    Deadline, Details, DeviceId, Document, DocumentId, EscalationEnd, EscalationReason, Filing, FollowUp, FoundFine,
    HandoffContext, HandoffOffer, InboxId, LockAnswer, MemberId, Message, MessageId, Money, NextStep, Nudge, Oddity,
    Outbound, Part, Priority, Quote, Rest, Routing, RuleId, SaidAnew, Scope, Settlement, Snooze, Source, Status,
    Timestamp,
};

/// How somebody became the owner, or stopped being it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OwnerChange {
    /// They claimed it.
    Claimed,
    /// They answered an unowned conversation.
    Replied,
    /// Somebody assigned it.
    Assigned,
    /// A rule gave it to them.
    Routed,
    /// They gave it back.
    Released,
    /// They took a handoff.
    HandedOff,
    /// It came back to its last owner with the customer's message.
    Reopened,
    /// Its newest message lies in their folder of the mailbox.
    Filed,
    /// Its owner left, or may not work here any more.
    Left,
    /// They own what it was split off.
    Split,
    /// They owned what was merged into it, or it is theirs no more since that was taken out again.
    Merged,
}

/// How a handoff ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HandoffEnd {
    /// Taken.
    Accepted,
    /// Declined.
    Declined,
    /// Nobody took it in time.
    Lapsed,
    /// The owner changed in another way.
    Withdrawn,
}

/// Why something changed without a command of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// A person did it.
    Person,
    /// It got an owner, or lost it.
    Ownership,
    /// A reply was accepted.
    Reply,
    /// A reply was taken back, or failed.
    ReplyUndone,
    /// The customer wrote.
    CustomerWrote,
    /// A colleague answered outside Baton.
    OutsideReply,
    /// An out-of-office answer came.
    OutOfOffice,
    /// A deadline came.
    Deadline,
    /// A colleague's input came.
    Unblocked,
    /// It was closed.
    Closed,
    /// The newest message needs no answer.
    NoReplyNeeded,
    /// It was there before the account was connected.
    History,
    /// Another conversation was merged into it, or taken out of it.
    Merge,
    /// A routing rule says so.
    Rule,
}

/// Why a reply lock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LockEnd {
    /// The holder gave it back, or threw the draft away.
    Released,
    /// The reply was sent.
    Sent,
    /// The holder's desktop was gone, and its time ran out.
    Expired,
    /// The holder paused too long.
    Idle,
    /// The holder gave it to a colleague who asked.
    Given,
    /// A manager took it.
    TakenOver,
    /// The holder lost the right to reply.
    NotPermitted,
}

/// What happened in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// It began.
    Created {
        /// Its number for people.
        number: u32,
        /// The inbox it lies in.
        inbox: InboxId,
        /// The account it came through.
        account: Option<AccountId>,
        /// The customer.
        contact: Address,
        /// What it is about.
        subject: String,
        /// Where it came from.
        source: Source,
        /// It arrived before the account went live.
        history: bool,
    },
    /// The customer, or a machine of theirs, wrote.
    MessageReceived {
        /// What came.
        message: Box<Message>,
        /// False for history.
        live: bool,
    },
    /// A reply of ours was seen that did not go through Baton.
    OutsideReply {
        /// What was seen.
        message: Box<Message>,
        /// False for history.
        live: bool,
    },
    /// A message we have came a second time, another way.
    AlsoReceived {
        /// Which we have.
        message: MessageId,
        /// The other way.
        source: Source,
    },
    /// A message lies in a folder of the mailbox that is taken in. What that means for the conversation follows.
    Filed {
        /// Which, and where.
        filing: Filing,
    },
    /// A person said what an answer was that is not here.
    UnseenSettled {
        /// The customer's message that showed it.
        message: MessageId,
        /// Who had written it; `None` where nobody of ours had.
        by: Option<MemberId>,
    },
    /// The owner changed.
    OwnerChanged {
        /// The new owner; `None` when given back.
        owner: Option<MemberId>,
        /// How.
        how: OwnerChange,
        /// What they must know.
        context: Option<HandoffContext>,
    },
    /// The rules were asked who is to own it. What they decided follows.
    Routed {
        /// What, and why.
        routing: Box<Routing>,
    },
    /// It was offered to a colleague.
    HandoffOffered {
        /// The offer.
        offer: HandoffOffer,
    },
    /// The offer ended.
    HandoffEnded {
        /// How.
        how: HandoffEnd,
        /// Why, where somebody said so.
        reason: Option<String>,
    },
    /// Somebody follows it.
    Followed {
        /// Who.
        member: MemberId,
    },
    /// Somebody follows it no more.
    Unfollowed {
        /// Who.
        member: MemberId,
    },
    /// It went to another inbox. The last that is told to whoever reads only the one it left: from here on it is not theirs.
    MovedOut {
        /// Where.
        to: InboxId,
    },
    /// It came from another inbox, with its number and everything in it. The first that is told in the one it lies in now.
    MovedIn {
        /// Where it was.
        from: InboxId,
        /// Where answers leave from now; `None` where the inbox has no account and it keeps its own.
        account: Option<AccountId>,
    },
    /// It is the same as another, and goes on there. It ends with that, as a duplicate.
    Merged {
        /// As which.
        into: ConversationId,
        /// Its number for people.
        number: u32,
    },
    /// It is one of its own again, as it was.
    Unmerged {
        /// When what it waited for was found answered: in the other, meanwhile.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        answered: Option<Timestamp>,
    },
    /// Another conversation became a part of it.
    Absorbed {
        /// What that brought.
        part: Box<Part>,
    },
    /// What had become a part of it is one of its own again.
    LetGo {
        /// Which.
        conversation: ConversationId,
        /// Its number for people.
        number: u32,
    },
    /// Some of what the customer wrote goes on in a conversation of its own.
    SplitOff {
        /// Which messages; they are shown there.
        messages: Vec<MessageId>,
        /// In which.
        into: ConversationId,
        /// Its number for people.
        number: u32,
        /// What stays.
        #[ts(skip)]
        rest: Box<Rest>,
    },
    /// It began in another conversation: what was received before this is what the customer wrote there.
    SplitFrom {
        /// In which.
        conversation: ConversationId,
        /// Its number for people.
        number: u32,
        /// Which messages are said anew here, in the order they came.
        messages: Vec<SaidAnew>,
    },
    /// Somebody looked: it is not the same enquiry as another of that customer.
    KeptApart {
        /// Which.
        from: ConversationId,
    },
    /// The status moved.
    StatusChanged {
        /// To which.
        status: Status,
        /// Why.
        cause: Cause,
    },
    /// Somebody said which status of the inbox its standing is.
    StatusNamed {
        /// Which; `None` for the first that stands for it.
        status: Option<crate::StatusId>,
        /// How it was called then; `None` where it was only put back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        shown: Option<Box<crate::ShownStatus>>,
    },
    /// Fields were set; those left out stay.
    FieldsChanged {
        /// What it is.
        category: Option<Category>,
        /// How urgent.
        priority: Option<Priority>,
        /// What it may be worth.
        value: Option<Money>,
        /// The customer's company.
        company: Option<String>,
        /// What it is about.
        subject: Option<String>,
        /// Topic, stage, region and the like: an empty text takes one away.
        #[serde(default, skip_serializing_if = "Details::is_empty")]
        #[ts(as = "Option<Details>", optional)]
        details: Box<Details>,
    },
    /// A label was added.
    Tagged {
        /// Which.
        tag: String,
    },
    /// A label was taken off.
    Untagged {
        /// Which.
        tag: String,
    },
    /// What happens next was set, or cleared.
    NextStepSet {
        /// What.
        step: Option<NextStep>,
        /// Why.
        cause: Cause,
    },
    /// When we act next was set, or cleared.
    FollowUpSet {
        /// When.
        follow_up: Option<FollowUp>,
        /// Why.
        cause: Cause,
    },
    /// A deadline came. It is stamped with the deadline, not with the tick that noticed it.
    CameDue {
        /// Which.
        what: Deadline,
        /// When it was.
        at: Timestamp,
    },
    /// Somebody is asked to see to it, by the inbox's escalation path.
    Escalated {
        /// Why.
        reason: EscalationReason,
        /// Which step of the path, from 0.
        step: u32,
        /// Who.
        asked: BTreeSet<MemberId>,
        /// Until when they may answer before it is passed on; `None` where it stays with them.
        until: Option<Timestamp>,
    },
    /// A rule tells people of it.
    Told {
        /// Which.
        rule: RuleId,
        /// What it is called.
        name: String,
        /// Whom.
        members: BTreeSet<MemberId>,
    },
    /// Nobody acknowledged it in time: the next are asked. Stamped with the deadline, not with the tick that noticed it.
    EscalationPassedOn {
        /// The deadline.
        at: Timestamp,
        /// Which step of the path, from 0; as many as it has steps at its end.
        step: u32,
        /// Who.
        asked: BTreeSet<MemberId>,
        /// Until when they may answer.
        until: Option<Timestamp>,
    },
    /// Somebody has it: nobody further is asked.
    EscalationAcknowledged {
        /// Who.
        by: MemberId,
    },
    /// What it was about is over.
    EscalationEnded {
        /// How.
        how: EscalationEnd,
        /// The reply that ended it: should that not leave, it goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reply: Option<MessageId>,
    },
    /// Somebody's input is awaited.
    Blocked {
        /// Whose.
        blocked: Blocked,
    },
    /// It came.
    Unblocked,
    /// Out of sight for a while.
    Snoozed {
        /// Until.
        snooze: Snooze,
        /// Why, where somebody said so.
        reason: Option<String>,
    },
    /// Back in sight.
    Woken {
        /// Why.
        cause: Cause,
    },
    /// A note for the team.
    NoteAdded {
        /// Its id in the thread.
        note: MessageId,
        /// The text.
        text: String,
        /// Who is mentioned.
        mentions: Vec<MemberId>,
        /// It is a text suggested to whoever is replying.
        suggestion: bool,
        /// It is a text that this member had not sent when they lost the inbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        unsent_by: Option<MemberId>,
    },
    /// It ended.
    Closed {
        /// How.
        closing: Closing,
    },
    /// It is open again.
    Reopened {
        /// Why.
        cause: Cause,
    },
    /// The newest message needs no answer: status and outcome from before it are back.
    NoReplyNeeded {
        /// Which message.
        message: MessageId,
    },
    /// Somebody is replying. The lock's token is this event's number.
    LockGranted {
        /// Who.
        member: MemberId,
        /// On which device.
        device: DeviceId,
        /// In the owner's place.
        cover: bool,
    },
    /// Nobody is replying any more.
    LockReleased {
        /// Why.
        why: LockEnd,
    },
    /// A colleague asks for the reply lock.
    LockRequested {
        /// Who.
        by: MemberId,
    },
    /// The holder answered.
    LockRequestAnswered {
        /// How.
        answer: LockAnswer,
    },
    /// A reply was accepted, or a message to be forwarded to somebody outside ([`crate::Outbound::is_forward`]).
    ReplyQueued {
        /// The reply.
        outbound: Box<Outbound>,
    },
    /// The fence: from here it can't be taken back.
    OutboundSending {
        /// Which.
        outbound: MessageId,
        /// The attempt.
        attempt: u32,
    },
    /// A scheduled reply leaves at another time than it was scheduled for.
    OutboundRescheduled {
        /// Which.
        outbound: MessageId,
        /// When.
        send_at: Timestamp,
    },
    /// The body was never offered: it is queued again.
    OutboundReturned {
        /// Which.
        outbound: MessageId,
        /// Why.
        reason: String,
        /// The next attempt, where the provider asked for patience with this very message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        not_before: Option<Timestamp>,
    },
    /// The provider took it.
    OutboundSent {
        /// Which.
        outbound: MessageId,
        /// What it answered.
        reply: String,
    },
    /// The provider refused it for good.
    OutboundFailed {
        /// Which.
        outbound: MessageId,
        /// What it answered.
        reason: String,
    },
    /// Whether it was delivered can't be told.
    OutboundUnknown {
        /// Which.
        outbound: MessageId,
        /// Why.
        reason: String,
    },
    /// A person said what became of it.
    OutboundSettled {
        /// Which.
        outbound: MessageId,
        /// What.
        how: Settlement,
    },
    /// It did not leave.
    OutboundCancelled {
        /// Which.
        outbound: MessageId,
        /// Why.
        why: CancelReason,
    },
    /// Its copy lies in Sent.
    OutboundFiled {
        /// Which.
        outbound: MessageId,
    },
    /// An offer was made.
    QuoteMade {
        /// The offer.
        quote: Quote,
    },
    /// Its owner was asked to look at it.
    Nudged {
        /// By whom, and what for.
        nudge: Nudge,
    },
    /// A reviewer looked at it: it may stay as it is for now.
    FoundFine {
        /// Who, and what they saw.
        fine: FoundFine,
    },
    /// It is to be looked at after all.
    FineTakenBack,
    /// Somebody has looked at what left the usual path.
    ExceptionSettled {
        /// What.
        what: Oddity,
    },
    /// An SLA clock runs, or runs by another target since the same instant, or goes on after what ended it did not last.
    ClockStarted {
        /// The clock.
        clock: Box<Clock>,
    },
    /// It runs, or stands still, by what the inbox promises now and the hours it keeps now.
    ClockRetargeted {
        /// The clock.
        clock: Box<Clock>,
    },
    /// It stands still: the next move is somebody else's.
    ClockPaused {
        /// Which.
        clock: ClockKind,
    },
    /// It goes on.
    ClockResumed {
        /// Which.
        clock: ClockKind,
        /// Since when: the date that ended the rest, where one did and was noticed late. `None`: since this event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        since: Option<Timestamp>,
        /// When half of its target will have passed.
        half_at: Timestamp,
        /// When its owner will be warned.
        warn_at: Timestamp,
        /// Its deadline now.
        due: Timestamp,
    },
    /// Most of its target has passed, as much as the policy says.
    ClockWarned {
        /// Which.
        clock: ClockKind,
        /// When it had.
        at: Timestamp,
    },
    /// Its deadline came first. Stamped with the deadline, not with the tick that noticed it.
    ClockBreached {
        /// Which.
        clock: ClockKind,
        /// The deadline.
        at: Timestamp,
    },
    /// What it waited for had happened in time, as was seen after the breach: it does not stand. An answer from outside was sent
    /// before it; or the message that had opened the conversation again needed no answer, and the end before that stands.
    BreachWithdrawn {
        /// Which.
        clock: ClockKind,
        /// When that answer was sent, or that end came.
        answered: Timestamp,
    },
    /// What the conversation is now has no such target.
    ClockDropped {
        /// Which.
        clock: ClockKind,
    },
}

/// What an entry of the log is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(
    clippy::large_enum_variant,
    reason = "a document is the rare entry, and few entries are held at a time"
)]
pub enum LogBody {
    /// Something happened in a conversation.
    Conversation {
        /// Which.
        conversation: ConversationId,
        /// What.
        event: Event,
    },
    /// A document was made or changed.
    DocumentPut {
        /// As it is now.
        document: Document,
    },
    /// A document was removed.
    DocumentRemoved {
        /// Which.
        id: DocumentId,
    },
}

/// An entry of the log: one event with its place, its time and its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Consecutive in the workspace, from 1.
    #[ts(type = "number")]
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// When its author acted.
    pub issued_at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The command it answers.
    pub command: CommandId,
    /// Where it may be read.
    pub scope: Scope,
    /// What happened.
    pub body: LogBody,
}
