//! What routing by rules needs loaded: loads, turns and acquaintances, as they stand at the head.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{ConversationId, MemberId, RuleId, Turns};

/// What the rules in force may ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutingNeeds {
    /// Members whose open conversations are counted.
    pub pool: BTreeSet<MemberId>,
    /// Rules whose turns are needed.
    pub rules: BTreeSet<RuleId>,
    /// Contacts, by [`contact_key`].
    pub contacts: BTreeSet<String>,
    /// Conversations whose contacts are needed, too.
    pub contacts_of: BTreeSet<ConversationId>,
}

/// How many open conversations with an owner are looked at for one contact.
pub const OPEN_PER_CONTACT: usize = 8;
/// How many conversations of a contact are told of at all: enough to know whether there is another.
pub const KNOWN_PER_CONTACT: usize = 2;

/// What is known of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactFacts {
    /// Conversations with them, at most [`KNOWN_PER_CONTACT`].
    pub known: Vec<ConversationId>,
    /// Open conversations with them and who owns each: the newest change first, at most [`OPEN_PER_CONTACT`].
    pub open: Vec<(ConversationId, MemberId)>,
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutingLoaded {
    /// How many open conversations each member asked for has; those without any may be left out.
    pub loads: BTreeMap<MemberId, u32>,
    /// Whose turn was when, of the rules asked for.
    pub turns: Turns,
    /// The contacts asked for; those nobody has heard of may be left out.
    pub contacts: BTreeMap<String, ContactFacts>,
}

/// A member got a lead by their turn: the newest number stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnRow {
    /// In which rule's pool.
    pub rule: RuleId,
    /// Who.
    pub member: MemberId,
    /// By which entry of the log.
    pub number: u64,
}

/// An address as conversations are found by it.
#[must_use]
pub fn contact_key(email: &str) -> String {
    email.to_lowercase().replace('\0', "")
}
