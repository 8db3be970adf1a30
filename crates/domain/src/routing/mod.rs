//! Routing (O5, O6): which rule gives a new lead its one owner, and why.
//!
//! A [`RuleSet`] is an ordered list, versioned as a whole: it is one document of the log, and its version is the document's.
//! Evaluation is a pure function of the rules, the [`Lead`] and the [`Staff`]: it says what is to be set, who gets the lead, and a
//! bounded [`RouteTrace`] of every rule and condition that was looked at and of everybody who was passed over. History is never
//! routed, and without a rule set nothing is.
//!
//! The order of assignment by a strategy: whoever owns another open conversation of the contact; then whoever looks after their company,
//! if they may answer in the inbox and have room by the limit the pool sets them; then the pool by turn or by load, of whom each must have
//! the right to work in the inbox, be there and at work by hours of their own, and have room; then whoever stands in for those who were passed
//! over because they are away or off; then whoever is on call; then nobody: the lead waits in the queue, and the clock that waits for an owner
//! runs. Whom a rule names, who has another conversation of the contact, and who looks after their company get it off hours too: their customer
//! has one person. Whoever is on call is on duty whatever their hours say, and has room. The order knows one more step (the team of the open
//! deal) whose facts Baton does not keep yet. What an existing customer wants besides, and no rule speaks of an owner for, goes to whoever looks
//! after their company.
//!
//! A rule may send a lead to another inbox instead. That ends the evaluation there: what the rules set is set, the lead goes, and the rules
//! are asked once more about a lead that lies in the other inbox. The first rule that says where a lead goes (to an owner, to the queue or to
//! an inbox) decides about that; a move that can't be done is none, and the rules after it are asked. What keeps moves, escalations and
//! news from going round is said in `acts`.

mod acts;
mod assign;
mod check;
mod condition;
mod lead;
mod route;
mod trace;
mod words;

pub(crate) use acts::fold as fold_acts;
pub use acts::{Asked, ByRules, RuleAct, Stayed};
pub use assign::{Acquaintance, Staff, Turns};
pub use check::check_rules;
pub use condition::{Condition, WordsIn};
pub use lead::Lead;
pub use route::{Destination, Judged, Routed};
pub use trace::{PassedOver, RouteStep, RouteStepKind, RouteTrace, Routing, RuleTrace, TestTrace};
pub use words::Prepared;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::{Category, Detail, DocumentId, InboxId, MemberId, Money, Priority, RuleId};

/// How a pool takes turns.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum DistributeBy {
    /// Whoever waits longest for a lead of this rule. The turns are in the log: two servers can't give two leads to one
    /// rep in one turn.
    #[default]
    RoundRobin,
    /// Whoever has the fewest open conversations.
    LeastLoaded,
}

/// Somebody in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolMember {
    /// Who.
    pub member: MemberId,
    /// With so many open conversations they get no more; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub capacity: Option<u32>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RuleAction {
    /// It goes to a member, or to who stands in for them while they are away.
    Assign {
        /// Whom.
        to: MemberId,
    },
    /// It goes to one of a pool.
    Distribute {
        /// To whom of them.
        by: DistributeBy,
        /// The pool, in the order that tells them apart where nothing else does.
        pool: Vec<PoolMember>,
    },
    /// It stays in the queue on purpose.
    LeaveUnassigned,
    /// Says what it is.
    SetCategory {
        /// What.
        category: Category,
    },
    /// Says how urgent it is.
    SetPriority {
        /// How.
        priority: Priority,
    },
    /// Says what it may be worth.
    SetValue {
        /// How much.
        value: Money,
    },
    /// Adds a label.
    AddTag {
        /// Which.
        tag: String,
    },
    /// Says one of its details.
    SetDetail {
        /// Which.
        detail: Detail,
        /// What.
        text: String,
    },
    /// Says what a field of the team's own holds.
    SetCustom {
        /// The field's name.
        name: String,
        /// What.
        text: String,
    },
    /// Somebody is told of it from now on, who may read it.
    AddFollower {
        /// Who.
        member: MemberId,
    },
    /// Says what happens next, and by when; what a person has said stays.
    SetNextStep {
        /// In words.
        text: String,
        /// Due after so many business days of the inbox; `None` for no date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        in_days: Option<u8>,
    },
    /// It goes to another inbox, and the rules are asked about it there. At most once a routing, and never back to an inbox it has left.
    Move {
        /// Which.
        to: InboxId,
    },
    /// The escalation path of the inbox it lies in begins; where a rule moves it, of the one it goes to. Once by each rule.
    Escalate {
        /// Why, in words, for whoever is asked.
        words: String,
    },
    /// People are told of it natively, those who may read it. Once by each rule.
    Notify {
        /// Whom.
        members: Vec<MemberId>,
    },
}

impl RuleAction {
    /// Whether it says where a lead goes: who the owner is, that there is none, or in which inbox that is to be said.
    #[must_use]
    pub const fn assigns(&self) -> bool {
        matches!(
            self,
            Self::Assign { .. } | Self::Distribute { .. } | Self::LeaveUnassigned | Self::Move { .. }
        )
    }

    /// Whether the trace says more of it than that its rule matched.
    pub(crate) const fn is_told(&self) -> bool {
        self.assigns() || matches!(self, Self::Escalate { .. } | Self::Notify { .. })
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Which: it keeps its turns through every change of the set.
    pub id: RuleId,
    /// What people call it.
    pub name: String,
    /// Whether it is in force.
    #[serde(default = "in_force")]
    pub enabled: bool,
    /// For which leads.
    pub when: Condition,
    /// What it does with them.
    pub then: Vec<RuleAction>,
    /// Whether no later rule is looked at; where nothing is said, after an assignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stop: Option<bool>,
}

const fn in_force() -> bool {
    true
}

impl Rule {
    /// Whether no later rule is looked at once it has matched.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.stop.unwrap_or_else(|| self.then.iter().any(RuleAction::assigns))
    }
}

/// The routing rules of a workspace, in order. A document of the log, scope workspace: everybody may read the rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleSet {
    /// In order.
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// The document's id: there is one in a workspace.
    #[must_use]
    pub fn document() -> DocumentId {
        // Asked for with every commit.
        static ID: LazyLock<DocumentId> = LazyLock::new(|| DocumentId::derive(Uuid::nil(), "routing rules"));
        *ID
    }

    /// Whether any rule is in force.
    #[must_use]
    pub fn in_force(&self) -> bool {
        self.rules.iter().any(|rule| rule.enabled)
    }

    /// Whether a rule in force moves leads to other inboxes.
    #[must_use]
    pub fn moves(&self) -> bool {
        let mut actions = self
            .rules
            .iter()
            .filter(|rule| rule.enabled)
            .flat_map(|rule| &rule.then);
        actions.any(|action| matches!(action, RuleAction::Move { .. }))
    }

    /// Whose open conversations a decision may have to know the number of: who goes by load, or has a limit. Counting them costs every
    /// decision more the more there are.
    #[must_use]
    pub fn loads(&self) -> BTreeSet<MemberId> {
        let pools = self
            .rules
            .iter()
            .filter(|rule| rule.enabled)
            .flat_map(|rule| &rule.then)
            .filter_map(|action| match action {
                RuleAction::Distribute { by, pool } => Some((*by, pool)),
                _ => None,
            });
        let counted = pools.flat_map(|(by, pool)| {
            let all = by == DistributeBy::LeastLoaded;
            pool.iter().filter(move |one| all || one.capacity.is_some())
        });
        counted.map(|one| one.member).collect()
    }

    /// Rules that take turns.
    #[must_use]
    pub fn taking_turns(&self) -> BTreeSet<RuleId> {
        let in_turn = |action: &RuleAction| {
            matches!(
                action,
                RuleAction::Distribute {
                    by: DistributeBy::RoundRobin,
                    ..
                }
            )
        };
        self.rules
            .iter()
            .filter(|rule| rule.enabled && rule.then.iter().any(in_turn))
            .map(|rule| rule.id)
            .collect()
    }
}
