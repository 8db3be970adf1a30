//! Routing rules over HTTP and to the window: the set in force, changing it, and rehearsing a draft on past conversations.

use baton_domain::{ConversationId, Destination, InboxId, RuleId, RuleSet};
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
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
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
