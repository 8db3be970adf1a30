//! Everything but the conversation's state that a decision depends on, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Account, AccountId, Capabilities, DraftId, DraftText, Inbox, Member, MemberId, Timestamp};

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

/// What a decision is judged by, besides the state.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The sequencer's time.
    pub now: Timestamp,
    /// What the actor may do in the conversation's inbox (the target inbox for a new one).
    pub capabilities: &'a Capabilities,
    /// The inbox.
    pub inbox: &'a Inbox,
    /// Everybody.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// The channel accounts.
    pub accounts: &'a BTreeMap<AccountId, Account>,
    /// The number the first decided event will carry in the log.
    pub next_event: u64,
    /// The number a new conversation would get.
    pub next_conversation: u32,
    /// The live facts of the conversation's reply lock, if it has one.
    pub lease: Option<LeaseFacts>,
    /// The draft a Reply names.
    pub draft: Option<&'a SavedDraft>,
    /// The Message-ID a reply gets if accepted, without angle brackets.
    pub header_id: &'a str,
}
