//! The companies the team deals with, over HTTP and to the window.

use baton_domain::Companies;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The list with its version; `GET /v1/companies`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompaniesKept {
    /// 0 before there ever was a list.
    pub version: u32,
    /// The list.
    pub companies: Companies,
}

/// Another list; `PUT /v1/companies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutCompanies {
    /// The version it was made from; another one that is kept by now refuses it.
    pub based_on: u32,
    /// The list.
    pub companies: Companies,
}
