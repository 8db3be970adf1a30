//! Routing rules over HTTP and to the window: the set in force, changing it, rehearsing a draft on past conversations, and what became of
//! what it sent since it was put in force.

use baton_domain::{Actor, ConversationId, CorrectionKind, Destination, InboxId, RuleId, RuleSet, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The rule set with its version; `GET /v1/rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesInForce {
    /// 0 before there ever was a set.
    pub version: u32,
    /// The set.
    pub rules: RuleSet,
}

/// Another rule set; `PUT /v1/rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutRules {
    /// The version it was made from; another one in force refuses it.
    pub based_on: u32,
    /// The set.
    pub rules: RuleSet,
}

/// What a draft would have done; `POST /v1/rules/rehearsal`. A call looks at one page of past conversations, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearseRules {
    /// The draft.
    pub rules: RuleSet,
    /// Where this page begins: what the one before said; `None` for the first.
    #[serde(default)]
    pub after: Option<String>,
}

/// A page of a rehearsal. The pages of one rehearsal add up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// How many conversations were judged by both sets.
    pub looked_at: u32,
    /// How many were passed over: we began them, or a machine did.
    pub passed_over: u32,
    /// What would go elsewhere, the most first.
    pub moves: Vec<RehearsedMove>,
    /// How many rules would have escalated.
    #[serde(default)]
    #[ts(as = "Option<Compared>", optional)]
    pub escalated: Compared,
    /// Of how many rules would have told people.
    #[serde(default)]
    #[ts(as = "Option<Compared>", optional)]
    pub told: Compared,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// How many conversations something is so of by one set of rules, and by the one held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// In a rehearsal by the set in force; in the report on that one by the set before it.
    pub before: u32,
    /// In a rehearsal by the draft; in the report on the set in force by that.
    pub after: u32,
}

impl Compared {
    /// Counts one more.
    pub fn count(&mut self, before: bool, after: bool) {
        self.before = self.before.saturating_add(u32::from(before));
        self.after = self.after.saturating_add(u32::from(after));
    }
}

/// Conversations that one set sends here and the other there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedMove {
    /// Where the set in force sends them.
    pub from: Destination,
    /// Where the draft does.
    pub to: Destination,
    /// The rule of the draft that says so.
    pub rule: Option<RuleId>,
    /// How many.
    pub count: u32,
    /// Some of them.
    pub examples: Vec<RehearsalExample>,
}

/// A conversation that would go elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsalExample {
    /// Which.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// Where it lies.
    pub inbox: InboxId,
    /// What it is about.
    pub subject: String,
    /// Who wrote.
    pub contact: String,
}

/// What the newest change of the rules did since; `GET /v1/rules/drift`. A call looks at one page of conversations, those that changed last
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleDrift {
    /// The version in force; 0 before there ever was a set.
    pub version: u32,
    /// When it was put in force, and by whom.
    pub put: Option<RulesPut>,
    /// How many leads of this page it has routed.
    pub routed: u32,
    /// How many of them the set before would have sent elsewhere: from there, to where they went by the set in force.
    pub moves: Vec<RehearsedMove>,
    /// How many of them rules have escalated; counted where there was a set before.
    #[serde(default)]
    #[ts(as = "Option<Compared>", optional)]
    pub escalated: Compared,
    /// Of how many of them rules have told people; counted where there was a set before.
    #[serde(default)]
    #[ts(as = "Option<Compared>", optional)]
    pub told: Compared,
    /// What each rule has sent, and what people then changed.
    pub rules: Vec<RuleOutcome>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// That a rule set was put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesPut {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The version before it that it is held against; `None` where there was none.
    pub previous: Option<u32>,
}

/// What a rule has sent since the set was put in force, and what people changed within a business day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleOutcome {
    /// Which; `None` for leads about which no rule said anything.
    pub rule: Option<RuleId>,
    /// What it is called.
    pub name: Option<String>,
    /// How many leads it decided about.
    pub routed: u32,
    /// How many of these went to another inbox.
    pub moved: u32,
    /// How many went to somebody else.
    pub reassigned: u32,
    /// How many were given back to the queue.
    pub given_back: u32,
    /// Some of those that were changed.
    pub examples: Vec<CorrectedLead>,
}

/// A lead that a person sent elsewhere than the rules had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CorrectedLead {
    /// Which, as it is now.
    pub lead: RehearsalExample,
    /// How.
    pub how: CorrectionKind,
}

/// How many examples a report that was added up gives of one thing.
const EXAMPLES: usize = 5;

impl RuleDrift {
    /// Two pages of one report, as one.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.routed = self.routed.saturating_add(later.routed);
        for one in later.moves {
            let same =
                |known: &&mut RehearsedMove| (&known.from, &known.to, &known.rule) == (&one.from, &one.to, &one.rule);
            match self.moves.iter_mut().find(same) {
                Some(known) => {
                    known.count = known.count.saturating_add(one.count);
                    known.examples.extend(one.examples);
                    known.examples.truncate(EXAMPLES);
                }
                None => self.moves.push(one),
            }
        }
        for one in later.rules {
            match self.rules.iter_mut().find(|known| known.rule == one.rule) {
                Some(known) => {
                    known.routed = known.routed.saturating_add(one.routed);
                    known.moved = known.moved.saturating_add(one.moved);
                    known.reassigned = known.reassigned.saturating_add(one.reassigned);
                    known.given_back = known.given_back.saturating_add(one.given_back);
                    known.examples.extend(one.examples);
                    known.examples.truncate(EXAMPLES);
                }
                None => self.rules.push(one),
            }
        }
        self.moves.sort_by_key(|one| std::cmp::Reverse(one.count));
        self.rules
            .sort_by_key(|one| (std::cmp::Reverse(one.corrected()), std::cmp::Reverse(one.routed)));
        Self {
            next: later.next,
            ..self
        }
    }
}

impl RuleOutcome {
    /// How many of its leads people sent elsewhere.
    #[must_use]
    pub const fn corrected(&self) -> u32 {
        self.moved
            .saturating_add(self.reassigned)
            .saturating_add(self.given_back)
    }
}
