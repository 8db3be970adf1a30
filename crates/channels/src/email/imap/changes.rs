//! What changed in a folder since it was last looked at: flags, and messages that are not there any more.
//!
//! Servers differ. With QRESYNC (RFC 7162) one exchange tells all of it. With CONDSTORE the flags are told, and what was removed shows
//! in what is left of the newest messages. Without either the flags of those are compared. Nothing that was received depends on any of this: it
//! tells people what happened to a message elsewhere.

use imap_proto::{AttributeValue, Response};
use serde::{Deserialize, Serialize};

use super::fetch::lasting;
use super::name::quoted;
use super::{ImapConn, ImapError, Opened};

/// The newest messages, which are compared where a server can't tell what changed.
const WINDOW: u32 = 1000;

/// How a server tells what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Telling {
    /// Not at all: a window is compared.
    #[default]
    Window,
    /// Flags by their modification sequence (CONDSTORE).
    Flags,
    /// Flags and removals (QRESYNC).
    Everything,
}

/// What is known of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Under which its UIDs are valid.
    pub uidvalidity: u32,
    /// Changes up to here are known; 0 for none.
    pub modseq: u64,
    /// The lowest UID that was received.
    pub lowest: u32,
    /// The highest.
    pub highest: u32,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// Messages with all the flags they have now.
    pub flags: Vec<(u32, Vec<String>)>,
    /// Ranges of UIDs of messages that are not there any more. A range may name UIDs that never were.
    pub gone: Vec<(u32, u32)>,
    /// From the first to the second UID only these are there.
    pub only: Option<(u32, u32, Vec<u32>)>,
    /// Changes up to here are known now; 0 where the server counts none.
    pub modseq: u64,
}

impl Changes {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.gone.is_empty() && self.only.is_none()
    }

    fn heard(&mut self, response: &Response<'_>) {
        match response {
            Response::Fetch(_, attributes) => {
                let (mut uid, mut flags) = (None, None);
                for attribute in attributes {
                    match attribute {
                        AttributeValue::Uid(value) => uid = Some(*value),
                        AttributeValue::Flags(list) => flags = Some(lasting(list)),
                        AttributeValue::ModSeq(value) => self.modseq = self.modseq.max(*value),
                        _ => {}
                    }
                }
                if let (Some(uid), Some(flags)) = (uid, flags) {
                    self.flags.push((uid, flags));
                }
            }
            Response::Vanished { uids, .. } => {
                self.gone
                    .extend(uids.iter().map(|range| (*range.start(), *range.end())));
            }
            _ => {}
        }
    }

    /// Leaves out what lies beyond what was received: that is still to come, and is not news.
    pub(in crate::email) fn within(mut self, known: &Known) -> Self {
        let received = known.lowest..=known.highest;
        self.flags.retain(|(uid, _)| received.contains(uid));
        self.gone = self
            .gone
            .into_iter()
            .map(|(from, to)| (from.max(known.lowest), to.min(known.highest)))
            .filter(|(from, to)| from <= to)
            .collect();
        self
    }
}

impl ImapConn {
    /// Opens a folder for reading only. Where the server can tell everything and `known` is still valid, what changed comes along.
    ///
    /// # Errors
    /// [`ImapError::Refused`] where there is no such folder.
    pub async fn examine_since(
        &mut self,
        folder: &str,
        known: Option<&Known>,
    ) -> Result<(Opened, Option<Changes>), ImapError> {
        let asked = known
            .filter(|known| self.telling == Telling::Everything && known.modseq > 0 && known.lowest <= known.highest);
        let Some(known) = asked else {
            let parameter = if self.telling == Telling::Flags {
                " (CONDSTORE)"
            } else {
                ""
            };
            let opened = self.open_folder(folder, parameter, |_| {}).await?;
            return Ok((opened, None));
        };
        let Known {
            uidvalidity,
            modseq,
            lowest,
            highest,
        } = known;
        let parameter = format!(" (QRESYNC ({uidvalidity} {modseq} {lowest}:{highest}))");
        let mut changes = Changes::default();
        let opened = self
            .open_folder(folder, &parameter, |response| changes.heard(response))
            .await?;
        if opened.uidvalidity != known.uidvalidity {
            return Ok((opened, None));
        }
        changes.modseq = opened.modseq.max(changes.modseq);
        Ok((opened, Some(changes.within(known))))
    }

    /// What changed in the open folder.
    ///
    /// # Errors
    /// As for every command.
    pub async fn changes(&mut self, known: &Known) -> Result<Changes, ImapError> {
        // What changed before the folder was opened is told by what is asked now, at the latest.
        let mut changes = Changes {
            modseq: known.modseq.max(self.opened_at),
            ..Changes::default()
        };
        let Known {
            modseq,
            lowest,
            highest,
            ..
        } = *known;
        if lowest > highest {
            return Ok(changes);
        }
        let telling = if modseq == 0 { Telling::Window } else { self.telling };
        let window = highest.saturating_sub(WINDOW - 1).max(lowest);
        let command = match telling {
            Telling::Everything => {
                format!("UID FETCH {lowest}:{highest} (UID FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
            }
            Telling::Flags => format!("UID FETCH {lowest}:{highest} (UID FLAGS) (CHANGEDSINCE {modseq})"),
            Telling::Window => format!("UID FETCH {window}:{highest} (UID FLAGS)"),
        };
        self.command(&command, |response| changes.heard(response)).await?;
        match telling {
            Telling::Everything => {}
            Telling::Flags => {
                // The newest only: the numbers of a large folder, asked for again and again, are more than some providers allow.
                let left = self.search(&format!("UID {window}:{highest}")).await?;
                changes.only = Some((window, highest, left));
            }
            Telling::Window => {
                let left = changes.flags.iter().map(|(uid, _)| *uid).collect();
                changes.only = Some((window, highest, left));
            }
        }
        Ok(changes.within(known))
    }

    /// Asks the server to tell what changes, as well as it can.
    pub(super) async fn have_changes_told(&mut self) -> Result<(), ImapError> {
        if self.can("QRESYNC") && self.can("ENABLE") {
            match self.command("ENABLE QRESYNC", |_| {}).await {
                Ok(()) => {
                    self.telling = Telling::Everything;
                    return Ok(());
                }
                Err(ImapError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.can("CONDSTORE") {
            self.telling = Telling::Flags;
        }
        Ok(())
    }

    /// Opens a folder for reading only.
    pub(super) async fn open_folder(
        &mut self,
        folder: &str,
        parameter: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<Opened, ImapError> {
        use imap_proto::{MailboxDatum, ResponseCode, Status};
        let (mut uidvalidity, mut uidnext, mut exists, mut modseq) = (0, None, 0, 0);
        self.command(&format!("EXAMINE {}{parameter}", quoted(folder)), |response| {
            match response {
                Response::MailboxData(MailboxDatum::Exists(count)) => exists = *count,
                Response::Data {
                    status: Status::Ok,
                    outcome,
                } => match outcome.code {
                    Some(ResponseCode::UidValidity(value)) => uidvalidity = value,
                    Some(ResponseCode::UidNext(value)) => uidnext = Some(value),
                    Some(ResponseCode::HighestModSeq(value)) => modseq = value,
                    _ => {}
                },
                _ => {}
            }
            each(response);
        })
        .await?;
        (self.news, self.opened_at) = (false, modseq);
        let uidnext = match uidnext {
            Some(uidnext) => uidnext,
            None => self.highest_uid().await?.map_or(1, |uid| uid.saturating_add(1)),
        };
        Ok(Opened {
            uidvalidity,
            uidnext,
            exists,
            modseq,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_received_yet_is_not_news() {
        let known = Known {
            uidvalidity: 7,
            modseq: 5,
            lowest: 10,
            highest: 20,
        };
        let changes = Changes {
            flags: vec![(9, vec![]), (10, vec!["\\Seen".into()]), (21, vec![])],
            gone: vec![(1, 12), (19, 40), (50, 60)],
            only: None,
            modseq: 8,
        };
        let within = changes.within(&known);
        assert_eq!(within.flags, [(10, vec!["\\Seen".to_owned()])]);
        assert_eq!(within.gone, [(10, 12), (19, 20)]);
    }
}
