//! When people are there, and who is on call.

use baton_domain::{BusinessCalendar, InboxId, MemberId, OnCallRota, OnCallTurn, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// When somebody is there, and who stands in for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// Away until then; `None` when here.
    pub absent_until: Option<Timestamp>,
    /// Who stands in.
    pub backup: Option<MemberId>,
    /// Hours of their own; `None` for those of the inbox.
    pub hours: Option<BusinessCalendar>,
}

/// When somebody is there: everybody says so for themselves, an admin for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaveAvailability {
    /// Who.
    pub member: MemberId,
    /// When.
    pub availability: Availability,
    /// What it was as the form was opened. Where it is something else by now the answer is
    /// [`VersionConflict`](baton_domain::Refusal::VersionConflict), and nothing is saved.
    pub before: Availability,
}

/// Who is on call in an inbox; whoever leads the work may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaveOnCall {
    /// Which.
    pub inbox: InboxId,
    /// Who, in turn; `None` for nobody.
    pub rota: Option<Box<OnCallRota>>,
    /// What it was as the form was opened; judged as with [`SaveAvailability`].
    pub before: Option<Box<OnCallRota>>,
}

/// A rota, saved or not, as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PreviewOnCall {
    /// The rota.
    pub rota: OnCallRota,
    /// For how many days from now.
    pub days: u16,
}

/// A rota as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OnCallPreview {
    /// The field that is wrong, where one is; then there are no turns.
    pub wrong: Option<String>,
    /// Who is on call, from now on.
    pub turns: Vec<OnCallTurn>,
}
