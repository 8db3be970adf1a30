//! What a host on a desktop and the server say to each other, over HTTP.
//!
//! Each call of the [`HostPort`](super::HostPort) is one request. It names the grant it is made under: the lease's number and the
//! server's word that this host sees the account's mailbox.

use baton_domain::{CommandId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use super::health::AccountHealth;
use super::port::{Arrived, FolderProgress, Follows, JobState, PortError, Returned};
use super::sameness::Sample;
use crate::email::account::Endpoint;
use crate::email::imap::Changes;
use crate::email::smtp::Envelope;

/// The header every request after the first carries: [`Grant::to_header`].
pub const GRANT_HEADER: &str = "baton-host";

/// Under what a host speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The lease's number. It grows with every change of host.
    pub token: u64,
    /// The server's word that the host sees the account's mailbox; nothing but samples is asked of a host without it.
    pub proof: Option<String>,
}

impl Grant {
    /// As the header's value.
    #[must_use]
    pub fn to_header(&self) -> String {
        format!("{}.{}", self.token, self.proof.as_deref().unwrap_or_default())
    }

    /// From the header's value.
    #[must_use]
    pub fn from_header(text: &str) -> Option<Self> {
        let (token, proof) = text.split_once('.')?;
        Some(Self {
            token: token.parse().ok()?,
            proof: (!proof.is_empty()).then(|| proof.to_owned()),
        })
    }
}

/// Take the lease, or keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Take {
    /// The grant held so far, to keep it.
    pub grant: Option<Grant>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Taken {
    /// It is held from the moment it was asked for.
    Held {
        /// The grant.
        grant: Grant,
        /// For how long, in milliseconds.
        lifetime_ms: i64,
        /// What to show before the work begins; empty when nothing is to be proved.
        prove: Vec<Sample>,
        /// Since when the account is live.
        live_since: Timestamp,
        /// Folders of the team's own that are taken in.
        #[serde(default)]
        follows: Vec<Follows>,
    },
    /// Another device has it. Ask again.
    Elsewhere,
    /// The account is not hosted by this member's desktop, or not any more.
    NotYours,
}

/// What an answer holds where nothing is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nothing {}

/// An answer: the thing asked for, or why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Heard<T> {
    /// It was done.
    Done {
        /// What came of it.
        value: T,
    },
    /// It was not.
    Not {
        /// Why.
        error: PortError,
    },
}

impl<T> From<Result<T, PortError>> for Heard<T> {
    fn from(result: Result<T, PortError>) -> Self {
        match result {
            Ok(value) => Self::Done { value },
            Err(error) => Self::Not { error },
        }
    }
}

impl<T> From<Heard<T>> for Result<T, PortError> {
    fn from(heard: Heard<T>) -> Self {
        match heard {
            Heard::Done { value } => Ok(value),
            Heard::Not { error } => Err(error),
        }
    }
}

/// An outgoing message on its way to its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: MessageId,
    /// Which attempt this is.
    pub attempt: u32,
    /// How often a provider asked for patience with it already.
    pub given_back: u32,
    /// The message, byte by byte, in base64.
    pub raw: String,
    /// From and for whom.
    pub envelope: Envelope,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// What is to be done.
    pub state: JobState,
}

/// What is said of an outgoing message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Word {
    /// The fence: the first byte is about to be offered. Asked again with the same id where no answer came.
    Sending {
        /// The id.
        command: CommandId,
    },
    /// It was certainly not taken.
    Returned {
        /// Why, and when it may be tried again.
        returned: Returned,
    },
    /// The provider took it, with these words.
    Sent {
        /// The words.
        reply: String,
    },
    /// The provider refused it for good.
    Failed {
        /// Its code.
        code: u16,
        /// Its words.
        text: String,
    },
    /// Nobody knows whether it was taken.
    Unknown {
        /// Why.
        reason: String,
    },
    /// Its copy lies in the sent folder.
    Filed,
}

/// A word about one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Which attempt.
    pub attempt: u32,
    /// What is said.
    pub word: Word,
}

/// How the account is doing, and where: what is wrong is told with the server's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Both halves.
    pub health: AccountHealth,
    /// Where mail is read.
    pub imap: Endpoint,
    /// Where mail is sent.
    pub smtp: Endpoint,
}

/// Messages and how far their folder is read with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The messages; their bytes were uploaded before.
    pub batch: Vec<Arrived>,
    /// Where the folder stands.
    pub progress: FolderProgress,
}

/// What a folder says now of messages that were delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sighted {
    /// The folder's name on the wire.
    pub folder: String,
    /// Under which its UIDs are valid.
    pub uidvalidity: u32,
    /// What changed.
    pub changes: Changes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_comes_back_from_its_header_as_it_went_in() {
        for proof in [None, Some("ab12".to_owned())] {
            let grant = Grant { token: 9, proof };
            assert_eq!(Grant::from_header(&grant.to_header()), Some(grant));
        }
        assert_eq!(Grant::from_header("nonsense"), None);
    }
}
