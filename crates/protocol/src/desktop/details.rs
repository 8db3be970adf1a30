//! What was said of conversations before, so that the same thing is called the same.

use baton_domain::Detail;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Texts that were used for details and for fields of the team's own, in the conversations that are here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsedDetails {
    /// Of each detail that was ever said.
    pub details: Vec<UsedDetail>,
    /// Of each field of the team's own.
    pub custom: Vec<UsedCustom>,
}

/// What was said of one detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsedDetail {
    /// Which.
    pub detail: Detail,
    /// What, the most used first.
    pub texts: Vec<String>,
}

/// What a field of the team's own held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsedCustom {
    /// Its name.
    pub name: String,
    /// What, the most used first.
    pub texts: Vec<String>,
}
