//! A conversation on screen: its thread, its bodies, and what may be done in it.

use baton_domain::{
    Address, BlobId, Company, Conversation, ConversationId, DraftText, InboxId, LogEntry, MemberId, MessageId, Refusal,
    ShownStatus, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Held, PendingAction, Row, Turn};

/// A conversation on screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// Its state, with what waits for the network already in it.
    pub conversation: Conversation,
    /// How its inbox calls its status.
    pub shown: ShownStatus,
    /// What else I may say that its status is, and that one among them, in the inbox's order; empty where there is nothing else.
    pub statuses: Vec<ShownStatus>,
    /// Whose move it is.
    pub turn: Turn,
    /// Its thread, oldest first.
    pub thread: Vec<ThreadItem>,
    /// My draft in it.
    pub draft: Option<DraftText>,
    /// What I may do here, by name of the command; with the reason where not.
    pub allowed: Vec<Allowed>,
    /// Who may be given it.
    pub assignable: Vec<MemberId>,
    /// The inboxes I may move it to, by name.
    pub movable: Vec<InboxId>,
    /// The newest message: what a command carries as last seen.
    pub last_message: Option<MessageId>,
    /// When a chase would be due, by the inbox's cadence, if a reply left now.
    pub next_chase: Timestamp,
    /// The company of the customer's address, as the team's list has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account: Option<Company>,
    /// Other conversations with the same customer or company.
    pub related: Vec<Row>,
    /// Of these, the open ones that may be the same enquiry: merging them is offered.
    pub same: Vec<Row>,
    /// Actions of mine in it that wait for the network or for an answer.
    pub pending: Vec<PendingAction>,
    /// Actions of mine in it that were held.
    pub held: Vec<Held>,
    /// Whether any of it could not be understood by this version: then nothing can be done in it.
    pub update_needed: bool,
}

/// Whether I may do something, for greying out. The server decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// What.
    pub action: Action,
    /// Why not; `None` when I may.
    pub refusal: Option<Refusal>,
}

/// What a person can do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Become the owner.
    Claim,
    /// Make somebody the owner.
    Assign,
    /// Give it back.
    Release,
    /// Ask the rules once more who is to own it.
    Route,
    /// Offer it to a colleague.
    HandOff,
    /// Answer the customer.
    Reply,
    /// Answer in the owner's place.
    Cover,
    /// Write a note.
    Note,
    /// Snooze.
    Snooze,
    /// Set a follow-up.
    FollowUp,
    /// Close.
    Close,
    /// Open again.
    Reopen,
    /// No reply needed.
    NoReplyNeeded,
    /// Not a lead.
    NotALead,
    /// Wait for a colleague.
    Block,
    /// Ask for somebody to see to it.
    Escalate,
    /// Say that I have it.
    Acknowledge,
    /// Take the reply lock from its holder.
    TakeOver,
    /// Move it to another inbox.
    Move,
    /// Merge it into another conversation.
    Merge,
    /// Take it out of the one it was merged into.
    Unmerge,
    /// Let some of it go on in a conversation of its own.
    Split,
    /// Suggest a text to whoever is replying.
    Suggest,
}

/// An item of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadItem {
    /// A message that came in, or went out outside Baton.
    Message {
        /// In which conversation it came: this one, or one that was merged into it.
        conversation: ConversationId,
        /// The message.
        message: Box<baton_domain::Message>,
        /// Other ways the same message came.
        also: Vec<String>,
        /// Folders of the mailbox it lies in beside the one it arrived in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<String>>")]
        folders: Vec<String>,
    },
    /// A reply of ours.
    Reply {
        /// The reply, with where it stands.
        outbound: Box<baton_domain::Outbound>,
        /// What its provider's refusal, or its request for patience, means.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        problem: Option<baton_domain::SendProblem>,
    },
    /// A note.
    Note {
        /// Its id.
        id: MessageId,
        /// Who.
        by: Option<MemberId>,
        /// When.
        at: Timestamp,
        /// The text.
        text: String,
        /// Who is mentioned.
        mentions: Vec<MemberId>,
        /// It is a text suggested to whoever is replying.
        suggestion: bool,
        /// It is a text that this member had not sent when they left, or lost the inbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        unsent_by: Option<MemberId>,
        /// It waits for the network.
        pending: bool,
    },
    /// Things that happened, folded into one line.
    Events {
        /// In order.
        entries: Vec<LogEntry>,
    },
}

/// A message's body, made safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// The visible text.
    pub text: String,
    /// The quoted text below it, folded.
    pub quoted: Option<String>,
    /// The signature, folded.
    pub signature: Option<String>,
    /// A complete, sanitised document for a sandboxed frame, where the message has HTML worth showing.
    pub html: Option<String>,
    /// How many remote images were not loaded.
    pub blocked_images: u32,
    /// Its links, in order of appearance.
    pub links: Vec<BodyLink>,
    /// The body is not on this computer yet, and there is no network.
    pub missing: bool,
    /// Files.
    pub attachments: Vec<baton_domain::Attachment>,
    /// The raw source.
    pub blob: Option<BlobId>,
}

/// A message that came within another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Nested {
    /// Its author.
    pub from: Option<Address>,
    /// To whom it went, copies included.
    pub to: Vec<Address>,
    /// Its subject line.
    pub subject: String,
    /// The date its author gave it.
    pub at: Option<Timestamp>,
    /// Its body, made safe to show. Its own files are named; they are in the file of the whole message.
    pub body: Body,
}

/// A link of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BodyLink {
    /// What the reader sees.
    pub shown: String,
    /// Where it leads.
    pub target: String,
    /// Why it looks like a trick; `None` when it does not.
    pub suspicious: Option<LinkDoubt>,
}

/// Why a link is not what it seems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LinkDoubt {
    /// Its words name one host, it opens another.
    OtherHost {
        /// The host in the words.
        shown: String,
        /// The host it opens.
        target: String,
    },
    /// The host is written in letters that can look like others.
    ForeignLetters {
        /// The host in its wire form, `xn--...`.
        host: String,
    },
    /// The host resembles one of ours.
    LookAlike {
        /// The host it opens.
        host: String,
        /// The host it resembles.
        of: String,
    },
    /// The host is a bare number.
    NumericHost {
        /// That number.
        host: String,
    },
    /// What looks like the host is a user name before the real one.
    HostHidden {
        /// The host it opens.
        host: String,
    },
}
