//! Lists: views, groups and rows.

use baton_domain::{
    Address, ClockKind, ConversationId, InboxId, MemberId, Money, Phase, Priority, ShownStatus, Status, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ExcerptPart;

/// The views on the left (V1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// Overdue, due today, answered and mine, unassigned.
    Today,
    /// I own it, and it is not over.
    Mine,
    /// Nobody owns it.
    Unassigned,
    /// The next move is the customer's.
    Waiting,
    /// The customer has our offer.
    QuotesOut,
    /// A colleague's input is awaited.
    Blocked,
    /// Out of sight for a while.
    Snoozed,
    /// Over.
    Closed,
    /// All that is not over.
    All,
    /// Unanswered when the mailbox was connected.
    LeftOver,
    /// I am asked to see to it, or have said that I have it.
    Escalated,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    /// Which view.
    pub view: View,
    /// Only this inbox.
    pub inbox: Option<InboxId>,
    /// Only this owner.
    pub owner: Option<MemberId>,
    /// In which order; `None` for the view's own.
    pub sort: Option<Sort>,
    /// From which row on.
    pub offset: u32,
    /// How many at most.
    pub limit: u32,
}

/// Orders of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// What is due first.
    Due,
    /// What happened last first.
    Newest,
    /// What has waited longest first.
    Oldest,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ListPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: u32,
    /// The groups, in order, with how many rows each has in all.
    pub groups: Vec<GroupCount>,
    /// Of what was searched for: where. `None` for a view, and for a search for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub searched: Option<Searched>,
}

/// Where was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Searched {
    /// Here and at the server: in all that was written.
    Everything,
    /// In what this computer holds, because there is no connection.
    Offline,
    /// In what this computer holds, because the server did not answer in time, or could not search.
    Unanswered,
}

/// The groups of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Its date has passed.
    Overdue,
    /// Its date is today.
    DueToday,
    /// The customer answered and it is mine.
    YourTurn,
    /// Offered to me.
    Offered,
    /// Nobody owns it.
    Unassigned,
    /// Everything else.
    Rest,
}

/// How many rows a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GroupCount {
    /// Which.
    pub group: Group,
    /// How many.
    pub count: u32,
}

/// How many a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ViewCount {
    /// Which view.
    pub view: View,
    /// Only this inbox; `None` for all.
    pub inbox: Option<InboxId>,
    /// How many.
    pub count: u32,
    /// How many of them are late.
    pub late: u32,
}

/// Whose move it is, and why; the window puts it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Turn {
    /// Nobody took it yet.
    Nobody,
    /// Ours: the customer wrote.
    Ours,
    /// Ours: the customer answered our offer.
    AnsweredQuote,
    /// Ours: we owe something.
    Owed,
    /// Ours: no answer came and it is time to ask again.
    Chase,
    /// Ours: the cadence proposes to close.
    ProposeClose,
    /// The customer's.
    Customer,
    /// A colleague's.
    Colleague,
    /// Offered to somebody.
    Offered,
    /// Out of sight.
    Snoozed,
    /// Nobody's: it is over.
    Over,
}

/// An SLA clock as a list shows it: a ring that fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RowClock {
    /// What it waits for.
    pub kind: ClockKind,
    /// Since when: the ring is empty.
    pub started: Timestamp,
    /// When half of its time has passed: it changes colour.
    pub half_at: Timestamp,
    /// When so much has that its owner is warned.
    pub warn_at: Timestamp,
    /// How much that is, in hundredths.
    pub warn_percent: u8,
    /// Its deadline: the ring is full.
    pub due: Timestamp,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Which.
    pub id: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// In which group of the view.
    pub group: Group,
    /// In which inbox.
    pub inbox: InboxId,
    /// The customer.
    pub contact: Address,
    /// Their company.
    pub company: Option<String>,
    /// What it is about.
    pub subject: String,
    /// One line: the newest message.
    pub preview: String,
    /// The owner.
    pub owner: Option<MemberId>,
    /// The status: where it stands.
    pub status: Status,
    /// How its inbox calls that.
    pub shown: ShownStatus,
    /// The phase.
    pub phase: Phase,
    /// Whose move it is.
    pub turn: Turn,
    /// When something is due.
    pub due: Option<Timestamp>,
    /// The SLA clock that presses most.
    pub clock: Option<RowClock>,
    /// The instant the list shows otherwise: the newest message's.
    pub at: Timestamp,
    /// How urgent.
    pub priority: Priority,
    /// What it may be worth.
    pub value: Option<Money>,
    /// Whether I have not seen its newest message.
    pub unread: bool,
    /// Whether any message carries a file.
    pub has_attachment: bool,
    /// Who is replying.
    pub replying: Option<MemberId>,
    /// I have an unsent draft in it.
    pub draft: bool,
    /// An action of mine in it waits for the network, or was held.
    pub pending: bool,
    /// A reply in it is in doubt or failed.
    pub trouble: bool,
    /// In what was searched for: the words around the find, where it is not in the row itself.
    pub found: Option<Vec<ExcerptPart>>,
}
