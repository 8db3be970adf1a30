//! Members, what they may do, and who is there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{BusinessCalendar, InboxId, MemberId, Timestamp};

/// What a member may do in the whole workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Reads the inboxes they are given, and nothing more.
    Observer,
    /// Works in the inboxes they are given.
    Rep,
    /// Works in all inboxes, takes over, sees reports.
    Manager,
    /// A manager who also changes settings and members.
    Admin,
}

/// One thing a member may do in an inbox. "Full access" is read, comment, work and assign together; sending is apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Capability {
    /// See its conversations.
    Read,
    /// Write notes.
    Comment,
    /// Claim, status, tag, snooze, close.
    Work,
    /// Make somebody else the owner.
    Assign,
    /// Send as "Anna on behalf of sales@".
    SendOnBehalf,
    /// Send as the inbox's address.
    SendAs,
    /// Take over locks, change the inbox's settings.
    Manage,
}

/// A set of capabilities.
pub type Capabilities = BTreeSet<Capability>;

/// Somebody who signs in. A document of the log, scope workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// The full name, as colleagues and customers read it.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// What they may do in the workspace.
    pub role: Role,
    /// False once they have left; their name stays for the trail.
    pub active: bool,
    /// Absent until this instant (vacation, sick); `None` when here.
    pub absent_until: Option<Timestamp>,
    /// Who stands in for them.
    pub backup: Option<MemberId>,
    /// When they are at work, in a zone of their own; `None` where that is when the inbox is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hours: Option<BusinessCalendar>,
    /// What stands below their replies; `None` for the signature of the address they write from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signature: Option<String>,
}

impl Member {
    /// Whether somebody can be given work at `now`.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> bool {
        self.active && self.absent_until.is_none_or(|until| until <= now)
    }

    /// Whether they are at work by hours of their own; whoever has none is.
    #[must_use]
    pub fn at_work(&self, now: Timestamp) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.is_open(now))
    }

    /// When they are here and at work again, by what is known: `now` while they are. `None` where nobody can say.
    #[must_use]
    pub fn at_work_from(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.active {
            return None;
        }
        let here = self.absent_until.map_or(now, |until| until.max(now));
        match &self.hours {
            None => Some(here),
            Some(hours) => hours.timetable().open_from(here),
        }
    }

    /// The end of a time they have for something, of which only their own hours count where they have some.
    #[must_use]
    pub fn after_at_work(&self, now: Timestamp, length_ms: i64) -> Timestamp {
        let own = self.hours.as_ref();
        let end = own.and_then(|hours| hours.add_business(now, length_ms));
        end.unwrap_or_else(|| now.plus_ms(length_ms))
    }
}

/// What one member may do in one inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Who.
    pub member: MemberId,
    /// What.
    pub capabilities: Capabilities,
}

/// Who did something: the actor of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Actor {
    /// A person, from one of their devices.
    Member {
        /// Who.
        id: MemberId,
    },
    /// The host of a channel account.
    Channel {
        /// Which account.
        account: crate::AccountId,
    },
    /// The scheduler: a deadline came.
    Timer,
    /// Whoever runs the server: its command line, an import, the sample inbox.
    Operator,
}

impl Actor {
    /// The member, if it is one.
    #[must_use]
    pub fn member(&self) -> Option<MemberId> {
        match self {
            Self::Member { id } => Some(*id),
            Self::Channel { .. } | Self::Timer | Self::Operator => None,
        }
    }
}

/// Where an event may be read: fixed when it is appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Scope {
    /// Every member.
    Workspace,
    /// Members who may read the inbox.
    Inbox {
        /// Which.
        id: InboxId,
    },
    /// One member.
    Member {
        /// Who.
        id: MemberId,
    },
}
