//! Whether two hosts see the same mailbox.
//!
//! An account is a mailbox, not a login: a host that takes over with credentials of its own must show that it sees what its
//! predecessor saw, before it goes on from where that one stopped. It is asked for a few messages by their UIDs; what counts is that
//! their Message-IDs are the known ones. Whatever does not prove the same is read again from the beginning, and what is a message
//! known already is recognised there. So a wrong guess costs time, and never a message.

use serde::{Deserialize, Serialize};

use crate::email::account::{ConnectError, EmailAccount, Secret};
use crate::email::imap::{ImapConn, ImapError};
use crate::email::parse;

/// Messages of a folder to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// The folder's name on the wire.
    pub folder: String,
    /// Which of its messages.
    pub uids: Vec<u32>,
}

/// A message that a host saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Its UID.
    pub uid: u32,
    /// Its Message-ID; `None` where it has none.
    pub message_id: Option<String>,
}

/// What a host saw of a folder's sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// The folder's name on the wire.
    pub folder: String,
    /// Its UIDVALIDITY; `None` where it can't be opened.
    pub uidvalidity: Option<u32>,
    /// Those of the messages that are there.
    pub messages: Vec<Seen>,
}

/// What is known of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDs and Message-IDs of the sample.
    pub messages: Vec<(u32, String)>,
}

/// What a sighting proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same folder: go on from its cursor.
    Same,
    /// Its numbers are others: the cursor is void by itself.
    Renumbered,
    /// The numbers look alike, and nothing says that the messages are the same: read it again, under a name that keeps the two apart.
    Other,
}

/// Judges what a host saw of a folder.
#[must_use]
pub fn judge(known: &Known, sighting: Option<&Sighting>) -> Verdict {
    let Some(sighting) = sighting else {
        return Verdict::Other;
    };
    if sighting.uidvalidity != Some(known.uidvalidity) {
        return Verdict::Renumbered;
    }
    let there = |uid: u32| sighting.messages.iter().find(|seen| seen.uid == uid);
    let compared: Vec<bool> = known
        .messages
        .iter()
        .filter_map(|(uid, id)| there(*uid).map(|seen| seen.message_id.as_ref() == Some(id)))
        .collect();
    // Messages that are gone say nothing; one that is there and differs says all.
    if compared.is_empty() || compared.contains(&false) {
        Verdict::Other
    } else {
        Verdict::Same
    }
}

/// Looks at the samples in the mailbox.
///
/// # Errors
/// When the mailbox can't be reached or signed in to.
pub async fn look(account: &EmailAccount, secret: &Secret, samples: &[Sample]) -> Result<Vec<Sighting>, ConnectError> {
    let mut conn = ImapConn::open(account, secret).await?;
    let mut sightings = Vec::with_capacity(samples.len());
    for sample in samples {
        let seen = look_into(&mut conn, sample).await;
        sightings.push(seen.map_err(|error| error.into_connect_error(&account.imap.host))?);
    }
    conn.logout().await;
    Ok(sightings)
}

async fn look_into(conn: &mut ImapConn, sample: &Sample) -> Result<Sighting, ImapError> {
    let folder = sample.folder.clone();
    let opened = match conn.examine(&folder).await {
        Ok(opened) => opened,
        Err(ImapError::Refused { .. }) => {
            return Ok(Sighting {
                folder,
                uidvalidity: None,
                messages: Vec::new(),
            });
        }
        Err(error) => return Err(error),
    };
    let heads = conn.heads(&sample.uids).await?;
    let messages = heads.into_iter().map(|head| Seen {
        uid: head.uid,
        message_id: parse(&head.bytes).ok().and_then(|mail| mail.message_id),
    });
    Ok(Sighting {
        folder,
        uidvalidity: Some(opened.uidvalidity),
        messages: messages.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uidvalidity: Option<u32>, seen: &[(u32, Option<&str>)], gives: Verdict) {
        let known = Known {
            uidvalidity: 7,
            messages: vec![(3, "three@x".to_owned()), (5, "five@x".to_owned())],
        };
        let sighting = Sighting {
            folder: "INBOX".to_owned(),
            uidvalidity,
            messages: seen
                .iter()
                .map(|(uid, id)| Seen {
                    uid: *uid,
                    message_id: id.map(str::to_owned),
                })
                .collect(),
        };
        assert_eq!(judge(&known, Some(&sighting)), gives, "{sighting:?}");
    }

    #[test]
    fn the_known_messages_under_their_numbers_prove_the_same_mailbox() {
        check(Some(7), &[(3, Some("three@x")), (5, Some("five@x"))], Verdict::Same);
        check(Some(7), &[(5, Some("five@x"))], Verdict::Same);
    }

    #[test]
    fn one_message_that_differs_and_none_that_is_there_prove_nothing() {
        check(Some(7), &[(3, Some("three@x")), (5, Some("other@x"))], Verdict::Other);
        check(Some(7), &[(3, None)], Verdict::Other);
        check(Some(7), &[], Verdict::Other);
    }

    #[test]
    fn other_numbers_void_the_cursor_by_themselves() {
        check(Some(8), &[(3, Some("three@x"))], Verdict::Renumbered);
        check(None, &[], Verdict::Renumbered);
    }
}
