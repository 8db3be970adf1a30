//! Why a lead went where it went: kept with the event, and bounded.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Condition, Lead, Rule, RuleAct};
use crate::{InboxId, MemberId, RuleId, Timestamp};

/// How many rules that matched, and that did not, a trace tells of.
const RULES: usize = 30;
/// How many conditions of one rule it tells of.
const TESTS_PER_RULE: usize = 12;
/// How many conditions it tells of altogether.
const TESTS: usize = 60;
/// How many steps of the order of assignment it tells of.
const STEPS: usize = 30;
/// How many moves, escalations and news it tells of.
const ACTS: usize = 30;

/// A condition that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestTrace {
    /// How deep it lies in its rule: 0 for the whole.
    pub depth: u8,
    /// Which; without its parts, which follow, and of a long list the beginning.
    pub condition: Condition,
    /// The value it was compared with, in short.
    pub seen: String,
    /// Whether it held.
    pub matched: bool,
}

/// A rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleTrace {
    /// Which.
    pub id: RuleId,
    /// What it was called then.
    pub name: String,
    /// Whether it held.
    pub matched: bool,
    /// Its conditions, each before its parts.
    pub tests: Vec<TestTrace>,
    /// How many more it has.
    #[serde(default)]
    pub tests_left_out: u32,
}

/// The steps of the order of assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RouteStepKind {
    /// Whoever owns another open conversation of the contact.
    OpenConversation,
    /// Whoever looks after the customer's company.
    AccountOwner,
    /// Whom the rule names.
    Named,
    /// One of the pool whose turn it was.
    Turn,
    /// One of the pool by the number of open conversations.
    Load,
    /// Whoever stands in for somebody who is away.
    Backup,
    /// Whoever is on call.
    OnCall,
    /// Nobody: it waits in the queue.
    Queue,
}

/// Why somebody did not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PassedOver {
    /// They have left.
    Left,
    /// They may not work in this inbox.
    NotPermitted,
    /// They are away.
    Away {
        /// Until when.
        until: Option<Timestamp>,
    },
    /// They are not at work at this hour, by hours of their own.
    OffHours {
        /// When they are again.
        until: Option<Timestamp>,
    },
    /// They have no room.
    AtCapacity {
        /// How many open conversations they have.
        load: u32,
        /// How many they may have.
        capacity: u32,
    },
}

/// One step of the order of assignment: somebody got it, or was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteStep {
    /// Which.
    pub kind: RouteStepKind,
    /// Of whom; `None` for the queue.
    pub member: Option<MemberId>,
    /// For whom they stand in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stands_in_for: Option<MemberId>,
    /// Why they did not get it; `None` where it ended here.
    pub passed_over: Option<PassedOver>,
}

/// Why a lead went where it went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteTrace {
    /// The rules that were looked at, in order: the first that matched, the first that did not, and those that say who gets it.
    pub rules: Vec<RuleTrace>,
    /// How many more were looked at.
    #[serde(default)]
    pub rules_left_out: u32,
    /// What followed: who was passed over, and who got it.
    pub steps: Vec<RouteStep>,
    /// What rules did besides, or could not do, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<RuleAct>>", optional)]
    pub acts: Vec<RuleAct>,
}

impl RouteTrace {
    /// Tells of a rule.
    pub(super) fn looked_at(&mut self, rule: &Rule, lead: &Lead<'_>, matched: bool) {
        // Of each kind the first ones, and the one that says who gets it.
        let of_its_kind = self.rules.iter().filter(|known| known.matched == matched).count();
        let decides = matched && rule.then.iter().any(crate::RuleAction::is_told);
        if of_its_kind >= RULES && !(decides && of_its_kind < RULES.saturating_mul(2)) {
            self.rules_left_out = self.rules_left_out.saturating_add(1);
            return;
        }
        let told: usize = self.rules.iter().map(|known| known.tests.len()).sum();
        // What matched has twice the room of the others.
        let whole = if matched { TESTS.saturating_mul(2) } else { TESTS };
        let room = whole.saturating_sub(told).min(TESTS_PER_RULE);
        let mut tests = Vec::new();
        tell(&rule.when, lead, 0, room, &mut tests);
        let left_out = rule.when.size().saturating_sub(tests.len());
        self.rules.push(RuleTrace {
            id: rule.id,
            name: rule.name.clone(),
            matched,
            tests,
            tests_left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        });
    }

    /// Tells of a step. The last one, who got it, always has room.
    pub(super) fn step(&mut self, step: RouteStep) {
        if step.passed_over.is_none() || self.steps.len() < STEPS {
            self.steps.push(step);
        }
    }
}

impl RouteTrace {
    /// Tells of something a rule did besides. Where it went is told whatever came before.
    pub(super) fn act(&mut self, act: RuleAct) {
        if matches!(act, RuleAct::Moved { .. }) || self.acts.len() < ACTS {
            self.acts.push(act);
        }
    }
}

fn tell(condition: &Condition, lead: &Lead<'_>, depth: u8, room: usize, tests: &mut Vec<TestTrace>) {
    if tests.len() >= room {
        return;
    }
    tests.push(TestTrace {
        depth,
        condition: condition.brief(lead),
        seen: lead.seen_by(condition),
        matched: condition.holds(lead),
    });
    for part in condition.parts() {
        tell(part, lead, depth.saturating_add(1), room, tests);
    }
}

/// What the rules decided about a lead, and why; kept with the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// The version of the rule set.
    pub version: u32,
    /// The rule that said who owns it, or that nobody does; `None` where none did.
    pub rule: Option<RuleId>,
    /// Who owns it now; `None` where it waits in the queue.
    pub owner: Option<MemberId>,
    /// Whether the owner took their turn in that rule's pool with it.
    #[serde(default)]
    pub turn: bool,
    /// The inbox that rule moved it to; it was routed there then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub moved_to: Option<InboxId>,
    /// Why.
    pub trace: RouteTrace,
}
