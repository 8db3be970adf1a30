//! Every identifier of the product, in one registry, so that a conversation's id can't be passed where a member's is meant.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
        #[serde(transparent)]
        #[ts(type = "string")]
        #[schema(value_type = String, format = "uuid")]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id derived from a name within this id: the same inputs give the same id, on every machine.
            #[must_use]
            pub fn derive(namespace: Uuid, name: &str) -> Self {
                Self(Uuid::new_v5(&namespace, name.as_bytes()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A workspace: one company's Baton, with one log.
    WorkspaceId,
    /// A person who signs in.
    MemberId,
    /// One installation of the desktop, or one API client.
    DeviceId,
    /// A queue with its policy, e.g. Sales.
    InboxId,
    /// A mailbox or another channel's account.
    AccountId,
    /// A conversation with a customer.
    ConversationId,
    /// An entry of a conversation's thread: an inbound or outbound message, or a note.
    MessageId,
    /// A command, made by whoever issues it; sending one twice has the effect of once.
    CommandId,
    /// A draft, kept by conversation and author.
    DraftId,
    /// A person who writes to us.
    ContactId,
    /// A routing rule: it keeps it through every change.
    RuleId,
    /// Any other document of the log.
    DocumentId,
    /// One run of a server process over a data set; a host's session; a desktop's connection.
    SessionId,
}

/// The SHA-256 of a blob's bytes, in lower-case hex. It names the blob; it is not a message's identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String)]
pub struct BlobId(String);

/// A text that is not the hex form of a SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a blob's name is 64 lower-case hex digits")]
pub struct BadBlobId;

impl BlobId {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    /// The 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BlobId {
    type Error = BadBlobId;
    fn try_from(text: String) -> Result<Self, BadBlobId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) {
            Ok(Self(text))
        } else {
            Err(BadBlobId)
        }
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.0
    }
}

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for BlobId {
    type Err = BadBlobId;
    fn from_str(text: &str) -> Result<Self, BadBlobId> {
        Self::try_from(text.to_owned())
    }
}
