//! The daily review: a list that was frozen when it began, and what became of each row since.

use baton_domain::{ConversationId, InboxId, MemberId, Nudge, ReviewReason, ReviewSignOff, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Row;

/// The review under way: the rows and their order stay as they were when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// When it began.
    pub frozen_at: Timestamp,
    /// The inboxes I lead.
    pub inboxes: Vec<InboxId>,
    /// Whatever was to be looked at then, most at risk first.
    pub rows: Vec<ReviewRow>,
    /// How many of them are settled.
    pub settled: u32,
    /// How long I have been at it; a long pause counts as two minutes.
    #[ts(type = "number")]
    pub took_ms: i64,
    /// That I signed it off.
    pub signed_off: Option<ReviewSignOff>,
}

/// A row of the review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReviewRow {
    /// Which.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// As any list shows it; `None` where it may not be read any more.
    pub row: Option<Row>,
    /// Why it is to be looked at now, most at risk first.
    pub reasons: Vec<ReviewReason>,
    /// What became of it, where that is enough.
    pub settled: Option<Settled>,
    /// The nudge of today, if there was one.
    pub nudged: Option<Nudge>,
    /// Whether I may nudge its owner now.
    pub may_nudge: bool,
}

/// How a row of the review was settled, by whomever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Settled {
    /// There is no reason left.
    Done,
    /// It is fine until tomorrow.
    Fine {
        /// Who says so.
        by: MemberId,
        /// When they said it.
        at: Timestamp,
    },
    /// Its owner was nudged.
    Nudged {
        /// Who did.
        by: MemberId,
        /// Whom.
        to: MemberId,
        /// When.
        at: Timestamp,
    },
    /// It has another owner.
    Assigned {
        /// Whom.
        to: MemberId,
    },
    /// It may not be read here any more.
    Elsewhere,
}
