//! The folders of a mailbox that a team sorted its mail into before it had Baton (D7).
//!
//! A folder may be taken in: then it is followed as INBOX is, and says of the conversations whose newest message lies in it whose they
//! are, that they are done, or what they are about. What is in it when it is taken in is history and starts nothing. Folders nobody
//! chose stay where they are, unread.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Forecast, Member, MemberId, MessageId, Timestamp};

/// Folders an account may have taken in, at most: each is asked about in turn.
pub const MOST_FOLDERS: usize = 50;
/// Messages of a conversation of which it is remembered where they lie, at most; the newest stay.
pub const MOST_FILINGS: usize = 50;

/// What lying in a folder means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FolderUse {
    /// It is this member's.
    Owner {
        /// Whose.
        member: MemberId,
    },
    /// It is done with: nobody need look whether it was answered.
    Done,
    /// It is about something.
    Tag {
        /// What.
        tag: String,
    },
}

/// A folder that somebody wants taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderChoice {
    /// Its name for people.
    pub name: String,
    /// What lying in it means.
    pub becomes: FolderUse,
}

/// A folder that is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedFolder {
    /// Its name for people.
    pub name: String,
    /// What lying in it means.
    pub becomes: FolderUse,
    /// Since when it is followed: what came in before and was there then is history.
    pub since: Timestamp,
}

/// Where a message lies, beside where it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filing {
    /// Which message.
    pub message: MessageId,
    /// Its date.
    pub at: Timestamp,
    /// The folder's name for people.
    pub folder: String,
    /// What lying in it meant then.
    pub becomes: FolderUse,
}

/// Names of folders for what is done with, in lower case.
const DONE_NAMES: &[&str] = &[
    "done",
    "closed",
    "completed",
    "finished",
    "handled",
    "processed",
    "resolved",
    "erledigt",
    "abgeschlossen",
    "bearbeitet",
    "fertig",
    "hecho",
    "terminado",
    "cerrado",
    "resuelto",
    "procesado",
    "fait",
    "traité",
    "terminé",
    "fatto",
    "chiuso",
    "klaar",
    "afgehandeld",
    "klart",
    "gotowe",
];

/// What a folder of that name most likely means: one named like a member is theirs, one named *Done* is done. A name that fits two
/// members is nobody's.
#[must_use]
pub fn folder_proposal<'a>(folder: &str, members: impl IntoIterator<Item = &'a Member>) -> Option<FolderUse> {
    let name = last_part(folder).trim().to_lowercase();
    if name.is_empty() {
        return None;
    }
    if DONE_NAMES.contains(&name.as_str()) {
        return Some(FolderUse::Done);
    }
    let mut by_first = Vec::new();
    for member in members.into_iter().filter(|member| member.active) {
        let full = member.name.trim().to_lowercase();
        let local = member.email.split('@').next().unwrap_or_default().to_lowercase();
        if full == name || local == name {
            return Some(FolderUse::Owner { member: member.id });
        }
        if full.split_whitespace().next() == Some(name.as_str()) {
            by_first.push(member.id);
        }
    }
    match by_first.as_slice() {
        [member] => Some(FolderUse::Owner { member: *member }),
        _ => None,
    }
}

/// The folder's own name, without those above it.
fn last_part(folder: &str) -> &str {
    folder.rsplit(['/', '.']).next().unwrap_or(folder)
}

impl Forecast {
    /// Says of every folder that may be taken in what it most likely means.
    pub fn propose<'a>(&mut self, members: impl IntoIterator<Item = &'a Member> + Clone) {
        for folder in self.folders.iter_mut().filter(|folder| folder.offered) {
            folder.proposed = folder_proposal(&folder.name, members.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Role;

    fn member(id: u128, name: &str, email: &str, active: bool) -> Member {
        Member {
            id: MemberId(Uuid::from_u128(id)),
            name: name.to_owned(),
            email: email.to_owned(),
            role: Role::Rep,
            active,
            absent_until: None,
            backup: None,
            hours: None,
            signature: None,
        }
    }

    #[test]
    fn a_folder_named_like_a_member_is_proposed_as_theirs_and_one_named_done_as_done() {
        let team = [
            member(1, "Anna Berg", "anna@murmel.example", true),
            member(2, "Ben Ott", "ott@murmel.example", true),
            member(3, "Ben Moll", "moll@murmel.example", true),
            member(4, "Carla", "carla@murmel.example", false),
        ];
        let owner = |id| {
            Some(FolderUse::Owner {
                member: MemberId(Uuid::from_u128(id)),
            })
        };
        for (folder, gives) in [
            ("Anna", owner(1)),
            ("INBOX.anna", owner(1)),
            ("Team/Anna Berg", owner(1)),
            ("ott", owner(2)),
            // Two of them are called so.
            ("Ben", None),
            // She left.
            ("Carla", None),
            ("Done", Some(FolderUse::Done)),
            ("Kunden/Erledigt", Some(FolderUse::Done)),
            ("Archive", None),
            ("", None),
        ] {
            assert_eq!(folder_proposal(folder, &team), gives, "{folder}");
        }
    }
}
