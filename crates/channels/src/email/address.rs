//! A mail address with the name its writer gave it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One person or mailbox of a header: `Carl Customer <carl@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailAddress {
    /// The name beside the address, decoded. It is the writer's claim, nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// `local@domain`, as written.
    pub address: String,
}

impl MailAddress {
    /// An address without a name.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            name: None,
            address: address.into(),
        }
    }

    /// An address with a name.
    #[must_use]
    pub fn named(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            address: address.into(),
        }
    }

    /// What two spellings of one mailbox have in common. Local parts are case-sensitive on paper and nowhere else.
    #[must_use]
    pub fn key(&self) -> String {
        self.address.trim().to_lowercase()
    }

    /// The part behind the `@`, in lower case; empty where there is none.
    #[must_use]
    pub fn domain(&self) -> String {
        self.address
            .rsplit_once('@')
            .map(|(_, domain)| domain.trim().to_lowercase())
            .unwrap_or_default()
    }
}

impl std::fmt::Display for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}
