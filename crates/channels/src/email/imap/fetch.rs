//! Messages, sizes first.
//!
//! The size decides how a body is fetched: together with others, or alone and in pieces. Every UID asked for is looked for among the
//! answers; which ones came is data for the caller, not a reason to go on as if they had.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use baton_domain::Timestamp;
use imap_proto::{AttributeValue, Response};

use super::{ImapConn, ImapError};

/// Bytes of one piece of a large message: few enough that one gets through a line that keeps breaking.
const PIECE_BYTES: u32 = 128 * 1024;
/// Bytes of a message's beginning: more than any header a message is recognised by.
const HEAD_BYTES: u32 = 64 * 1024;
/// Messages from here on are fetched in pieces.
const LARGE_BYTES: u32 = 1024 * 1024;
/// The largest message that is taken at all. Providers stop at 25 to 150 MB.
pub(crate) const MAX_MESSAGE_BYTES: u32 = 160 * 1024 * 1024;

/// What a folder says about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageMeta {
    /// Its UID.
    pub uid: u32,
    /// Its size in bytes, as the server counts.
    pub size: u32,
    /// When the server got it.
    pub internal_date: Option<Timestamp>,
    /// Its flags.
    pub flags: Vec<String>,
    /// Its labels, where folders are labels.
    pub labels: Vec<String>,
    /// The name the provider gives it, one for all its copies.
    pub provider_id: Option<u64>,
}

/// Gmail's labels for what a message is. They come with one backslash before them or two; nobody can make labels of these names.
const SENT_LABEL: &str = "Sent";
const DRAFT_LABELS: [&str; 2] = ["Draft", "Drafts"];

/// A label's name without its mark as Gmail's own.
fn own_name(label: &str) -> &str {
    label.trim_start_matches('\\')
}

impl MessageMeta {
    /// Whether it is fetched alone and in pieces.
    #[must_use]
    pub const fn is_large(&self) -> bool {
        self.size > LARGE_BYTES
    }

    /// Whether its labels say that it was sent from here.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.labels.iter().any(|label| own_name(label) == SENT_LABEL)
    }
}

/// A message's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its UID.
    pub uid: u32,
    /// The raw message.
    pub bytes: Vec<u8>,
}

/// Flags as they are told, without `\Recent`: that is the session's, not the message's.
pub(super) fn lasting(flags: &[Cow<'_, str>]) -> Vec<String> {
    let lasting = flags.iter().filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"));
    lasting.map(ToString::to_string).collect()
}

/// UIDs as a set on the wire: `1:3,7`. Empty for none, which is no valid set.
#[must_use]
pub fn uid_set(uids: &[u32]) -> String {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in sorted {
        match runs.last_mut() {
            Some((_, end)) if *end != u32::MAX && *end + 1 == uid => *end = uid,
            _ => runs.push((uid, uid)),
        }
    }
    let shown: Vec<String> = runs
        .into_iter()
        .map(|(start, end)| {
            if start == end {
                start.to_string()
            } else {
                format!("{start}:{end}")
            }
        })
        .collect();
    shown.join(",")
}

impl ImapConn {
    /// Size, date and flags of those of these messages that exist.
    ///
    /// # Errors
    /// As for every command.
    pub async fn metas(&mut self, uids: &[u32]) -> Result<Vec<MessageMeta>, ImapError> {
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let labels = if self.is_gmail() { " X-GM-MSGID X-GM-LABELS" } else { "" };
        let mut found: HashMap<u32, MessageMeta> = HashMap::new();
        self.command(
            &format!(
                "UID FETCH {} (UID RFC822.SIZE INTERNALDATE FLAGS{labels})",
                uid_set(uids)
            ),
            |response| {
                let Response::Fetch(_, attributes) = response else {
                    return;
                };
                let (mut uid, mut size, mut internal_date, mut flags) = (None, None, None, Vec::new());
                let (mut labels, mut provider_id) = (Vec::new(), None);
                for attribute in attributes {
                    match attribute {
                        AttributeValue::Uid(value) => uid = Some(*value),
                        AttributeValue::Rfc822Size(value) => size = Some(*value),
                        AttributeValue::InternalDate(value) => internal_date = parse_internal_date(value),
                        AttributeValue::Flags(list) => flags = lasting(list),
                        AttributeValue::GmailLabels(list) => labels = list.iter().map(ToString::to_string).collect(),
                        AttributeValue::GmailMsgId(value) => provider_id = Some(*value),
                        _ => {}
                    }
                }
                if labels
                    .iter()
                    .any(|label: &String| DRAFT_LABELS.contains(&own_name(label)))
                {
                    flags.push("\\Draft".to_owned());
                }
                // Without a size it is news of a flag, not an answer.
                if let (Some(uid), Some(size)) = (uid, size) {
                    found.insert(
                        uid,
                        MessageMeta {
                            uid,
                            size,
                            internal_date,
                            flags,
                            labels,
                            provider_id,
                        },
                    );
                }
            },
        )
        .await?;
        Ok(uids.iter().filter_map(|uid| found.remove(uid)).collect())
    }

    /// The bytes of those of these messages that came, in the order asked. Small ones come together, large ones in pieces.
    ///
    /// # Errors
    /// As for every command. After a refusal the caller asks for fewer.
    pub async fn bodies(&mut self, metas: &[MessageMeta]) -> Result<Vec<Body>, ImapError> {
        let (large, small): (Vec<&MessageMeta>, Vec<&MessageMeta>) = metas.iter().partition(|meta| meta.is_large());
        let mut found = HashMap::new();
        self.whole(&small.iter().map(|meta| meta.uid).collect::<Vec<_>>(), &mut found)
            .await?;
        for meta in large {
            let mut bytes = Vec::new();
            if self.rest(meta.uid, &mut bytes).await? {
                found.insert(meta.uid, bytes);
            }
        }
        Ok(metas
            .iter()
            .filter_map(|meta| {
                Some(Body {
                    uid: meta.uid,
                    bytes: found.remove(&meta.uid)?,
                })
            })
            .collect())
    }

    /// The beginnings of those of these messages that exist: their headers, and little more.
    ///
    /// # Errors
    /// As for every command.
    pub async fn heads(&mut self, uids: &[u32]) -> Result<Vec<Body>, ImapError> {
        let mut found = Vec::new();
        if uids.is_empty() {
            return Ok(found);
        }
        let command = format!("UID FETCH {} (UID BODY.PEEK[]<0.{HEAD_BYTES}>)", uid_set(uids));
        self.command(&command, |response| {
            if let Some((uid, _, bytes)) = body_of(response)
                && uids.contains(&uid)
            {
                found.push(Body {
                    uid,
                    bytes: bytes.to_vec(),
                });
            }
        })
        .await?;
        Ok(found)
    }

    /// Messages in one go. What came before an error is in `found` all the same.
    pub(crate) async fn whole(&mut self, uids: &[u32], found: &mut HashMap<u32, Vec<u8>>) -> Result<(), ImapError> {
        if uids.is_empty() {
            return Ok(());
        }
        let asked: HashSet<u32> = uids.iter().copied().collect();
        self.command(&format!("UID FETCH {} (UID BODY.PEEK[])", uid_set(uids)), |response| {
            if let Some((uid, _, bytes)) = body_of(response)
                && asked.contains(&uid)
            {
                found.insert(uid, bytes.to_vec());
            }
        })
        .await
    }

    /// A large message from where `bytes` ends, piece by piece; what came before an error stays in it. False where the message does
    /// not come, or has no end.
    pub(crate) async fn rest(&mut self, uid: u32, bytes: &mut Vec<u8>) -> Result<bool, ImapError> {
        loop {
            let offset = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            if offset > MAX_MESSAGE_BYTES {
                return Ok(false);
            }
            let before = bytes.len();
            let mut came = false;
            self.command(
                &format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{PIECE_BYTES}>)"),
                |response| {
                    if let Some((of, at, piece)) = body_of(response)
                        && of == uid
                        && at.unwrap_or(0) == offset
                        && !came
                    {
                        bytes.extend_from_slice(piece);
                        came = true;
                    }
                },
            )
            .await?;
            if !came {
                return Ok(false);
            }
            if bytes.len().saturating_sub(before) < PIECE_BYTES as usize {
                return Ok(true);
            }
        }
    }
}

/// UID, offset and bytes of a reply that carries a body.
fn body_of<'a>(response: &'a Response<'_>) -> Option<(u32, Option<u32>, &'a [u8])> {
    let Response::Fetch(_, attributes) = response else {
        return None;
    };
    let uid = attributes.iter().find_map(|attribute| {
        if let AttributeValue::Uid(uid) = attribute {
            Some(*uid)
        } else {
            None
        }
    })?;
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection {
            section: None,
            index,
            data: Some(data),
        } => Some((uid, *index, data.as_ref())),
        _ => None,
    })
}

/// ` 2-Nov-2026 10:00:00 +0100`.
fn parse_internal_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?;
    Some(Timestamp(parsed.to_timestamp().ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_in_runs() {
        assert_eq!(uid_set(&[3, 1, 2, 7, 2, 9, 10]), "1:3,7,9:10");
        assert_eq!(uid_set(&[u32::MAX]), "4294967295");
        assert_eq!(uid_set(&[]), "");
    }

    #[test]
    fn the_date_of_arrival_is_read() {
        assert_eq!(
            parse_internal_date(" 2-Nov-2026 10:00:00 +0100"),
            Some(Timestamp(1_793_610_000_000))
        );
        assert_eq!(
            parse_internal_date("02-Nov-2026 09:00:00 +0000"),
            Some(Timestamp(1_793_610_000_000))
        );
        assert_eq!(parse_internal_date("yesterday"), None);
    }
}
