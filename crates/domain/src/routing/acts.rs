//! What rules do besides saying who owns a lead: they send it to another inbox, have it escalated, and tell people of it.
//!
//! None of it goes round in circles. One routing moves a lead once at most, and never to an inbox that it has left: by a rule, or because
//! somebody took out of it what the rules had sent there. What somebody has put into an inbox, and what was worked on there before, stays.
//! A rule escalates a conversation once, and tells people of it once, however often the conversation is routed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Conversation, CorrectionKind, EscalationReason, Event, InboxId, MemberId, RuleId};

/// How many people a trace names of those one rule tells.
pub(super) const NAMED: usize = 10;

/// What rules have done with a conversation that they do once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ByRules {
    /// The inboxes a rule moved it out of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left: BTreeSet<InboxId>,
    /// The rules that had it escalated.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub escalated: BTreeSet<RuleId>,
    /// The rules that told people of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<RuleId>,
}

impl ByRules {
    /// Whether they did nothing of that.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty() && self.escalated.is_empty() && self.told.is_empty()
    }
}

/// What an event says of it, on the state as it was before it.
pub(crate) fn fold(state: &mut Conversation, event: &Event) {
    match event {
        Event::Routed { routing } if routing.moved_to.is_some() => drop(state.by_rules.left.insert(state.inbox)),
        Event::Escalated {
            reason: EscalationReason::ByRule { rule, .. },
            ..
        } => drop(state.by_rules.escalated.insert(*rule)),
        Event::Told { rule, .. } => drop(state.by_rules.told.insert(*rule)),
        _ => {}
    }
}

/// Why a rule did not move a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stayed {
    /// It lies there already.
    There,
    /// There is no such inbox any more.
    Gone,
    /// It was moved once in this routing.
    MovedOnce,
    /// It was there: a rule has moved it out, or somebody has after the rules had sent it there.
    WasThere,
    /// Somebody has just put it where it lies.
    Placed,
    /// It was in this inbox before, and came back.
    CameBack,
    /// Somebody is replying, or a reply is on its way.
    InUse,
    /// Another conversation was merged into it.
    Merged,
}

/// What a rule did, or did not do, with a lead besides giving it to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RuleAct {
    /// It went to another inbox, and was routed there.
    Moved {
        /// By which rule.
        rule: RuleId,
        /// Where.
        to: InboxId,
    },
    /// It was to go to another inbox, and stays.
    Stayed {
        /// By which rule.
        rule: RuleId,
        /// Where it was to go.
        to: InboxId,
        /// Why it stays.
        why: Stayed,
    },
    /// It was escalated.
    Escalated {
        /// By which rule.
        rule: RuleId,
        /// Whether; false where it is escalated already, or this rule had it escalated before.
        anew: bool,
    },
    /// People were to be told of it: those of them who may read it.
    Told {
        /// By which rule.
        rule: RuleId,
        /// Whom; of many the first ten.
        members: BTreeSet<MemberId>,
        /// Whether; false where this rule had told them before.
        anew: bool,
    },
}

/// Something a rule asks for that happens once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Somebody is to see to it.
    Escalate {
        /// By which rule.
        rule: RuleId,
        /// What it is called.
        name: String,
        /// Why, in words.
        words: String,
    },
    /// People are to be told.
    Tell {
        /// By which rule.
        rule: RuleId,
        /// What it is called.
        name: String,
        /// Whom.
        members: BTreeSet<MemberId>,
    },
}

/// What happened to a lead before that rules must not do again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Past {
    /// Inboxes it has left for good, as far as rules are concerned.
    left: BTreeSet<InboxId>,
    /// Inboxes there are.
    pub(super) inboxes: BTreeSet<InboxId>,
    /// Why nothing may move it now.
    pub(super) stays: Option<Stayed>,
    /// It is escalated.
    escalates: bool,
    escalated: BTreeSet<RuleId>,
    told: BTreeSet<RuleId>,
}

impl Past {
    pub(super) fn of(state: &Conversation) -> Self {
        let taken_out = state.corrections.iter();
        let taken_out = taken_out.filter(|one| matches!(one.how, CorrectionKind::Moved { .. }));
        let mut left = state.by_rules.left.clone();
        left.extend(taken_out.map(|one| one.sent.inbox));
        Self {
            left,
            inboxes: BTreeSet::new(),
            stays: None,
            escalates: state.escalation.is_some(),
            escalated: state.by_rules.escalated.clone(),
            told: state.by_rules.told.clone(),
        }
    }

    /// Why it can't go from one inbox to another; `None` where it can.
    pub(super) fn stays(&self, from: InboxId, to: InboxId) -> Option<Stayed> {
        if from == to {
            Some(Stayed::There)
        } else if !self.inboxes.contains(&to) {
            Some(Stayed::Gone)
        } else if self.stays.is_some() {
            self.stays
        } else {
            self.left.contains(&to).then_some(Stayed::WasThere)
        }
    }

    /// Whether this rule may have it escalated; from now on it is.
    pub(super) fn escalates(&mut self, rule: RuleId) -> bool {
        let anew = !self.escalates && !self.escalated.contains(&rule);
        self.escalates |= anew;
        anew
    }

    /// Whether this rule may tell people; from now on it has.
    pub(super) fn tells(&mut self, rule: RuleId) -> bool {
        self.told.insert(rule)
    }
}
