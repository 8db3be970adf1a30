//! Refusals: why a command was not done, with what the window needs to offer the next best thing.
//!
//! A refusal is not an error. It is typed, it names who and when, and where the wish is already true there is none.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Capability, ConversationId, DeviceId, InboxId, LastMessage, MemberId, MessageId, Timestamp};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// Somebody else owns it. "Ben owns this since 10:02 · Ask · Note · Answer for Ben"
    NotOwner {
        /// Who.
        owner: MemberId,
        /// Since when.
        since: Timestamp,
        /// Whether covering for them is allowed.
        may_cover: bool,
    },
    /// Somebody is replying. "Anna is replying · Ask for it · Suggest"
    LockedBy {
        /// Who.
        member: MemberId,
        /// On which device.
        device: DeviceId,
        /// Since when.
        since: Timestamp,
    },
    /// The reply lock is not held any more. "You paused 3 min and Ben took the reply; your text is kept · Compare"
    LockLost {
        /// Who has it now, if anybody.
        to: Option<MemberId>,
    },
    /// Something came that was not on screen. "Carl wrote 4 s ago: ... · Send anyway · Change"
    NewerMessage {
        /// What.
        message: LastMessage,
    },
    /// A colleague has answered. "Ben answered at 12:02 · See it · Make mine a note"
    AlreadyAnswered {
        /// Who; `None` where the message does not tell.
        by: Option<MemberId>,
        /// When.
        at: Timestamp,
    },
    /// A colleague has said that they have it. "Mira has it since 12:02"
    AlreadyAcknowledged {
        /// Who.
        by: MemberId,
        /// When.
        at: Timestamp,
    },
    /// It is past the fence and can't be taken back.
    AlreadyLeaving,
    /// A reply has not left yet. "Anna's reply leaves at 12:02 · Wait · Take it back"
    ReplyWaits {
        /// Whose.
        by: MemberId,
        /// When it leaves.
        leaves_at: Timestamp,
    },
    /// Nobody knows yet whether a reply was delivered. "Say first what became of Anna's reply"
    ReplyInDoubt {
        /// Which.
        outbound: MessageId,
        /// Whose.
        by: MemberId,
    },
    /// It goes on in another conversation. "Merged into #1042 · Open"
    Merged {
        /// Which.
        into: ConversationId,
        /// Its number for people.
        number: u32,
    },
    /// The customer opted out.
    NoConsent {
        /// Since when.
        since: Timestamp,
    },
    /// The channel's answer window is over.
    OutsideWindow {
        /// Since when.
        since: Timestamp,
    },
    /// These fields are needed first.
    MissingFields {
        /// Their names.
        fields: Vec<String>,
    },
    /// Closing a lead needs an outcome.
    NeedsOutcome,
    /// Passing it on needs to say what was promised. "What was promised? · Nothing"
    NeedsHandoffContext,
    /// Somebody changed the same thing meanwhile. "Mira set 'Call Thu' at 10:04 · Keep hers · Use mine"
    VersionConflict {
        /// The current version.
        theirs: u32,
    },
    /// Not allowed. "You may read but not send from sales@ · Ask Mira"
    NotPermitted {
        /// What is missing.
        needs: Capability,
        /// In which inbox.
        inbox: Option<InboxId>,
    },
    /// The receiver is away.
    Absent {
        /// Who.
        member: MemberId,
        /// Until when, if known.
        until: Option<Timestamp>,
        /// Who stands in.
        backup: Option<MemberId>,
    },
    /// An inbox that still holds something can't be removed. "14 conversations lie in Sales · Show them"
    NotEmpty {
        /// How many conversations lie in it.
        conversations: u32,
        /// How many accounts bring mail into it.
        accounts: u32,
        /// A routing rule that moves leads into it, by its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        rule: Option<String>,
    },
    /// It does not exist, or not any more.
    Gone,
    /// This version of Baton is too old for it.
    UpdateNeeded,
    /// A value can't be used.
    Invalid {
        /// Which field.
        field: String,
        /// Why: a key of the message catalogue's `invalid` table.
        why: Invalid,
    },
}

/// Why a value can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Invalid {
    /// Nothing in it.
    Empty,
    /// Too long.
    TooLong,
    /// Too many of them, or one too often.
    TooMany,
    /// Not known.
    Unknown,
    /// Not possible from the current state.
    NotNow,
    /// Not an address.
    NotAnAddress,
    /// Only channels and timers may ask it.
    NotForPeople,
    /// The text sent is not the text saved.
    DigestMismatch,
    /// The account is only watched: nothing is sent from it.
    Watched,
    /// Another has it already.
    Taken,
    /// Something has to be left.
    Needed,
    /// Not in an inbox of this kind.
    NotHere,
    /// Anybody can have an address there.
    OpenToAll,
    /// It would go where it lies.
    SameInbox,
}
