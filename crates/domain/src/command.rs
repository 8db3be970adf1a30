//! Commands: what people, channels and timers ask for. Deciding on them is [`decide()`](crate::decide())'s.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Actor, AfterReply, Category, CommandId, ConversationId, Details, DeviceId, DocumentBody, DocumentId, DraftId,
    HandoffContext, MemberId, Message, MessageId, Money, Oddity, Outcome, Priority, ReviewReason, Status, Timestamp,
};

/// A command. Sending one twice has the effect of once: its id is kept in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Made by whoever issues it.
    pub id: CommandId,
    /// Who asks. The server sets it from the session, whatever the sender wrote.
    pub actor: Actor,
    /// From which device.
    pub device: DeviceId,
    /// About which conversation; for a first message, the one to create.
    pub conversation: ConversationId,
    /// When the person acted, by their clock corrected with the server's at last contact.
    pub issued_at: Timestamp,
    /// The newest message the author had on screen. Commands that take a conversation out of sight carry it.
    pub last_seen: Option<MessageId>,
    /// The version it was based on, where the value it replaces matters.
    pub based_on: Option<u32>,
    /// What is asked.
    pub body: CommandBody,
}

/// Which deadline came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Deadline {
    /// A follow-up.
    FollowUp,
    /// The end of a proposal to close.
    Closing,
    /// A snooze.
    Snooze,
    /// The end of the time in which what was handled can be objected to.
    Resolved,
    /// A handoff nobody took.
    Handoff,
    /// A step of an escalation that nobody acknowledged.
    Escalation,
    /// So much of a clock's target has passed that its owner is warned.
    ClockWarning,
    /// A clock's deadline.
    ClockBreach,
    /// The inbox promises something else, or keeps other hours: clocks are computed anew. Set by the referee, not by the state.
    Targets,
}

/// How a holder answers a colleague who asks for the reply lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LockAnswer {
    /// Give it.
    Give,
    /// Keep it.
    Keep,
}

/// How a person settles a reply whose delivery no machine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Settlement {
    /// It was delivered.
    Delivered,
    /// It was not: send it again, with the same Message-ID.
    SendAgain,
    /// It was not, and shall not be.
    Drop,
}

/// What a command asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CommandBody {
    /// Begin a conversation with somebody who has not written (W17): whoever starts it owns it, and the reply lock, the draft and the
    /// send are those of any reply. The command's conversation is the one to create.
    Start {
        /// The inbox it lies in.
        inbox: crate::InboxId,
        /// The account of that inbox it is written from.
        account: crate::AccountId,
        /// The customer.
        to: crate::Address,
        /// What it is about.
        subject: String,
    },
    /// Make me the owner. First come, first served.
    Claim,
    /// Make somebody the owner; after a reply it needs the context.
    Assign {
        /// Whom.
        to: MemberId,
        /// What they must know.
        context: Option<HandoffContext>,
    },
    /// Give it back to the queue.
    Release,
    /// Route it by the rules in force, once more (managers); for what has no owner.
    Route,
    /// Offer it to a colleague with what they must know.
    HandOff {
        /// Whom.
        to: MemberId,
        /// What they must know; `None` where nothing was said about promises: asked for in place.
        context: Option<HandoffContext>,
    },
    /// Take what was offered to me.
    AcceptHandoff,
    /// Don't.
    DeclineHandoff {
        /// Why.
        reason: Option<String>,
    },
    /// Be told of it.
    Follow,
    /// Don't be told of it any more.
    Unfollow,
    /// Set a status by hand.
    SetStatus {
        /// Which.
        status: Status,
    },
    /// Say which status of its inbox a conversation's standing is: one that stands for it.
    NameStatus {
        /// Which; `None` for the first that does, which it is without a word.
        status: Option<crate::StatusId>,
    },
    /// Set fields; those left out stay.
    SetFields {
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
    /// Add a label.
    Tag {
        /// Which.
        tag: String,
    },
    /// Take a label off.
    Untag {
        /// Which.
        tag: String,
    },
    /// Say what happens next; an empty text clears it.
    SetNextStep {
        /// In words.
        text: String,
    },
    /// Set when we act next.
    ScheduleFollowUp {
        /// When.
        due: Timestamp,
        /// In which zone that was chosen (IANA).
        zone: Option<String>,
        /// What for, in words.
        text: Option<String>,
    },
    /// The follow-up is done.
    CompleteFollowUp,
    /// Ask along the inbox's escalation path for somebody to see to it.
    Escalate {
        /// Why, in words.
        reason: String,
    },
    /// "I have it": nobody further is asked. The owner stays who they are.
    AcknowledgeEscalation,
    /// A colleague or somebody outside owes us an answer.
    Block {
        /// The colleague.
        on: Option<MemberId>,
        /// Or an outside address.
        address: Option<String>,
        /// What is needed.
        text: String,
    },
    /// We have it.
    Unblock,
    /// Out of sight until an instant, or until a reply.
    Snooze {
        /// Until when; `None` until a message comes.
        until: Option<Timestamp>,
        /// In which zone that was chosen (IANA).
        zone: Option<String>,
        /// Why, needed while the customer waits for an answer.
        reason: Option<String>,
    },
    /// Back in sight.
    Wake,
    /// Write a note for the team. Its id is the command's.
    AddNote {
        /// The text.
        text: String,
        /// Who is mentioned.
        mentions: Vec<MemberId>,
    },
    /// Take the reply lock: sent with the first character.
    TakeLock {
        /// In the owner's place.
        cover: bool,
    },
    /// Give the reply lock back.
    ReleaseLock {
        /// The token it was granted with.
        #[ts(type = "number")]
        token: u64,
    },
    /// Ask the holder for the reply lock.
    RequestLock,
    /// Answer somebody who asked.
    AnswerRequest {
        /// How.
        answer: LockAnswer,
    },
    /// Take the reply lock from its holder (managers).
    TakeOver,
    /// Offer a text to whoever is replying; it becomes a note they can adopt with one key.
    SuggestDraft {
        /// The text.
        text: String,
    },
    /// Send the draft. The reply's id is the command's.
    Reply {
        /// Which draft.
        draft: DraftId,
        /// The digest of what was on screen, [`crate::DraftText::digest`].
        digest: String,
        /// The token of the reply lock.
        #[ts(type = "number")]
        token: u64,
        /// What happens after it.
        after: AfterReply,
        /// The offer, when sent as a quote.
        quote: Option<Money>,
        /// Close with it.
        close: Option<Outcome>,
        /// When it leaves, where that is not at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        send_at: Option<Timestamp>,
    },
    /// Pass a message on to somebody outside: the draft says which, and to whom. It takes no reply lock and answers nobody. Its id is the
    /// command's.
    Forward {
        /// Which draft.
        draft: DraftId,
        /// The digest of what was on screen, [`crate::DraftText::digest`].
        digest: String,
    },
    /// Take a reply back in its undo window, or before the time it was scheduled for.
    CancelSend {
        /// Which.
        outbound: MessageId,
    },
    /// Let a scheduled reply leave now.
    SendNow {
        /// Which.
        outbound: MessageId,
    },
    /// Say what became of a reply whose delivery is unknown.
    SettleUnknown {
        /// Which.
        outbound: MessageId,
        /// What became of it.
        how: Settlement,
    },
    /// The newest message needs no answer.
    NoReplyNeeded,
    /// Not a lead: closed without duties.
    NotALead,
    /// Close it.
    Close {
        /// How it ended; a lead needs one.
        outcome: Option<Outcome>,
        /// Why.
        reason: Option<String>,
    },
    /// Open it again.
    Reopen,
    /// Move it to another inbox, with its number and everything in it. The owner stays where they may work there.
    MoveToInbox {
        /// Which.
        inbox: crate::InboxId,
        /// Who is to own it there, where that is said with the move.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        owner: Option<MemberId>,
    },
    /// Ask its owner to look at it: once a day (reviewers).
    Nudge,
    /// It was looked at, and may stay as it is until the next business day (reviewers).
    FineUntilTomorrow {
        /// The reasons that were seen; any other brings it back.
        reasons: Vec<ReviewReason>,
    },
    /// It is to be looked at after all (reviewers).
    ReviewAgain,
    /// It was looked at: that it was routed wrongly, came back, or lies still needs nothing more for now.
    SettleException {
        /// Which of these.
        what: Oddity,
    },
    /// It is the same as another: it ends as a duplicate and goes on there, with what was said in both.
    Merge {
        /// Which.
        into: ConversationId,
    },
    /// Take it out of the conversation it was merged into: every message is back where it was received, newer ones stay.
    Unmerge {
        /// Out of which. Where it is in another by now, or in none, that is so already, and nothing happens.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<ConversationId>,
    },
    /// It is not the same enquiry as another of that customer: don't offer to merge the two.
    KeepApart {
        /// Which.
        from: ConversationId,
    },
    /// Some of what the customer wrote is another matter: it goes on in a conversation of its own, which has the command's id.
    Split {
        /// Which messages: those that came in, and not all there are.
        messages: Vec<MessageId>,
    },
    /// An outside reply was mine: I own it.
    ClaimOutsideReply {
        /// The message.
        message: MessageId,
    },

    /// Say what an answer was that is not here.
    SettleUnseen {
        /// The customer's message that shows it.
        message: MessageId,
        /// Who had written it; `None` where nobody of ours had.
        by: Option<MemberId>,
    },

    // From channels and timers only.
    /// A message arrived.
    Receive {
        /// The message.
        message: Box<Message>,
        /// False for history.
        live: bool,
        /// The inbox a new conversation lies in.
        inbox: crate::InboxId,
    },
    /// A reply was seen in Sent that did not go through Baton.
    ExternalReply {
        /// The message.
        message: Box<Message>,
        /// False for history.
        live: bool,
        /// The inbox a new conversation lies in.
        inbox: crate::InboxId,
    },
    /// The fence: the body is about to be offered to the provider.
    OutboundSending {
        /// Which.
        outbound: MessageId,
        /// The attempt it counts as, from 1.
        attempt: u32,
    },
    /// The body was never offered: queue it again.
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
    /// It can't be told.
    OutboundUnknown {
        /// Which.
        outbound: MessageId,
        /// Why.
        reason: String,
    },
    /// Its copy lies in Sent.
    OutboundFiled {
        /// Which.
        outbound: MessageId,
    },
    /// A message that was just received may get an automatic reply. Its id is the command's.
    AnswerAutomatically {
        /// Which message.
        message: MessageId,
        /// Its subject.
        subject: String,
        /// When it arrived in the mailbox.
        arrived: Timestamp,
        /// Its return path: a machine may answer there.
        to: crate::Address,
        /// When that address last got an automatic reply from the inbox.
        last: Option<Timestamp>,
    },
    /// A message was found in a folder of the mailbox that is taken in.
    Filed {
        /// Which message.
        message: MessageId,
        /// Its date.
        at: Timestamp,
        /// The folder's name for people.
        folder: String,
        /// What lying in it means.
        becomes: crate::FolderUse,
        /// False for history: of what people work on it says nothing.
        live: bool,
    },
    /// A deadline came.
    Due {
        /// Which.
        what: Deadline,
        /// When it was.
        at: Timestamp,
    },
    /// A reply lock ran out, or lay idle too long.
    LockLapsed {
        /// Its token.
        #[ts(type = "number")]
        token: u64,
        /// Why.
        idle: bool,
    },

    // Documents: not about a conversation; the command's `conversation` is then nil.
    /// Make or change a document.
    PutDocument {
        /// What it shall hold.
        document: Box<DocumentBody>,
    },
    /// Remove a document.
    RemoveDocument {
        /// Which.
        document: DocumentId,
    },
}
