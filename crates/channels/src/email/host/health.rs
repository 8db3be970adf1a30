//! How an account is doing, as data for a sentence in the window.

use baton_domain::{MailboxRemark, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::email::account::ConnectError;
use crate::email::smtp::Offers;

/// One half of an account: receiving, or sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(as = HostHalf)]
pub enum HealthState {
    /// Not connected yet.
    Connecting,
    /// Reading what was there before, newest first.
    FirstSync {
        /// Messages received.
        received: u32,
        /// Messages there.
        total: u32,
    },
    /// All is well: new mail is seen as it comes, outgoing mail leaves.
    Ready,
    /// Something stands in the way; it is tried again.
    Waiting {
        /// What.
        error: ConnectError,
        /// When.
        retry_at: Timestamp,
    },
    /// Something stands in the way that only a change of the account can remove.
    NeedsChange {
        /// What.
        error: ConnectError,
    },
    /// The referee can't be reached; nothing is lost.
    RefereeAway {
        /// Why, in the system's words.
        reason: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
}

/// Both halves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HostHealth)]
pub struct AccountHealth {
    /// Receiving.
    pub receiving: HealthState,
    /// Sending.
    pub sending: HealthState,
    /// Since when it is so.
    pub since: Timestamp,
    /// What the provider takes; `None` until it was asked.
    pub offers: Option<Offers>,
    /// What a person should know although it works.
    #[serde(default)]
    pub remarks: Vec<MailboxRemark>,
}
