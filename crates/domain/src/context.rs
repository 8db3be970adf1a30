//! Everything but the conversation's state that a decision depends on, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Acquaintance, Capabilities, Companies, Conversation, ConversationId, DraftId, DraftText, Event,
    Inbox, InboxId, Member, MemberId, RuleSet, Stamp, Timestamp, Turns,
};

/// The live facts of a reply lock: renewals are not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseFacts {
    /// When it runs out unless renewed.
    pub expires: Timestamp,
    /// When its holder last typed.
    pub active_at: Timestamp,
}

/// A draft as saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDraft {
    /// Which.
    pub id: DraftId,
    /// Whose.
    pub member: MemberId,
    /// What it says.
    pub text: DraftText,
    /// Whether every attached file's bytes are there.
    pub files_present: bool,
}

/// What routing is judged by, as it stands at this place of the log.
#[derive(Debug, Clone, Copy)]
pub struct RoutingFacts<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// Their version.
    pub version: u32,
    /// How many open conversations each member of a pool has.
    pub loads: &'a BTreeMap<MemberId, u32>,
    /// Whose turn was when.
    pub turns: &'a Turns,
    /// Whether the contact is known, apart from this conversation.
    pub acquaintance: Acquaintance,
}

/// What a decision is judged by, besides the state.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The sequencer's time.
    pub now: Timestamp,
    /// What the actor may do in the conversation's inbox (the target inbox for a new one).
    pub capabilities: &'a Capabilities,
    /// The inbox.
    pub inbox: &'a Inbox,
    /// All inboxes: it may be moved to another.
    pub inboxes: &'a BTreeMap<InboxId, Inbox>,
    /// Everybody.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// The channel accounts.
    pub accounts: &'a BTreeMap<AccountId, Account>,
    /// The companies the team deals with; `None` where there is no list.
    pub companies: Option<&'a Companies>,
    /// The number the first decided event will carry in the log.
    pub next_event: u64,
    /// The number a new conversation would get.
    pub next_conversation: u32,
    /// The live facts of the conversation's reply lock, if it has one.
    pub lease: Option<LeaseFacts>,
    /// The draft a Reply or a Forward names.
    pub draft: Option<&'a SavedDraft>,
    /// Other conversations, at least those that the command is about too: what it names, what it is one with, and the parts of that.
    pub others: &'a BTreeMap<ConversationId, Conversation>,
    /// The conversation's log so far, where the command asks for more than the state keeps; empty for all others.
    pub log: &'a [(Stamp, Event)],
    /// What routing is judged by; `None` where there are no rules, or the command routes nothing.
    pub routing: Option<RoutingFacts<'a>>,
    /// The Message-ID a reply or a forward gets if accepted, without angle brackets.
    pub header_id: &'a str,
}
