//! Messages, sizes first.
//!
//! The size decides how a body is fetched: together with others, or alone and in pieces. Every UID asked for is looked for among the
//! answers; which ones came is data for the caller, not a reason to go on as if they had.

use std::collections::HashMap;

use baton_domain::Timestamp;
use imap_proto::{AttributeValue, Response};

use super::{ImapConn, ImapError};

/// Bytes of one piece of a large message.
const PIECE_BYTES: u32 = 512 * 1024;
/// Messages from here on are fetched in pieces.
const LARGE_BYTES: u32 = 2 * 1024 * 1024;
/// The largest message that is taken at all. Providers stop at 25 to 150 MB.
pub(crate) const MAX_MESSAGE_BYTES: u32 = 256 * 1024 * 1024;

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
}

/// A message's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its UID.
    pub uid: u32,
    /// The raw message.
    pub bytes: Vec<u8>,
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
        let mut found: HashMap<u32, MessageMeta> = HashMap::new();
        self.command(
            &format!("UID FETCH {} (UID RFC822.SIZE INTERNALDATE FLAGS)", uid_set(uids)),
            |response| {
                let Response::Fetch(_, attributes) = response else {
                    return;
                };
                let (mut uid, mut size, mut internal_date, mut flags) = (None, None, None, Vec::new());
                for attribute in attributes {
                    match attribute {
                        AttributeValue::Uid(value) => uid = Some(*value),
                        AttributeValue::Rfc822Size(value) => size = Some(*value),
                        AttributeValue::InternalDate(value) => internal_date = parse_internal_date(value),
                        AttributeValue::Flags(list) => flags = list.iter().map(ToString::to_string).collect(),
                        _ => {}
                    }
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
        let (large, small): (Vec<&MessageMeta>, Vec<&MessageMeta>) =
            metas.iter().partition(|meta| meta.size > LARGE_BYTES);
        let mut found = self
            .whole(&small.iter().map(|meta| meta.uid).collect::<Vec<_>>())
            .await?;
        for meta in large {
            if let Some(bytes) = self.in_pieces(meta).await? {
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

    async fn whole(&mut self, uids: &[u32]) -> Result<HashMap<u32, Vec<u8>>, ImapError> {
        let mut found = HashMap::new();
        if uids.is_empty() {
            return Ok(found);
        }
        self.command(&format!("UID FETCH {} (UID BODY.PEEK[])", uid_set(uids)), |response| {
            if let Some((uid, _, bytes)) = body_of(response)
                && uids.contains(&uid)
            {
                found.insert(uid, bytes.to_vec());
            }
        })
        .await?;
        Ok(found)
    }

    async fn in_pieces(&mut self, meta: &MessageMeta) -> Result<Option<Vec<u8>>, ImapError> {
        let mut whole: Vec<u8> = Vec::with_capacity(meta.size.min(16 * PIECE_BYTES) as usize);
        loop {
            let offset = u32::try_from(whole.len()).unwrap_or(u32::MAX);
            if offset > MAX_MESSAGE_BYTES {
                return Ok(None);
            }
            let mut piece: Option<Vec<u8>> = None;
            self.command(
                &format!("UID FETCH {} (UID BODY.PEEK[]<{offset}.{PIECE_BYTES}>)", meta.uid),
                |response| {
                    if let Some((uid, at, bytes)) = body_of(response)
                        && uid == meta.uid
                        && at.unwrap_or(0) == offset
                    {
                        piece = Some(bytes.to_vec());
                    }
                },
            )
            .await?;
            let Some(piece) = piece else { return Ok(None) };
            let last = piece.len() < PIECE_BYTES as usize;
            whole.extend_from_slice(&piece);
            if last {
                return Ok(Some(whole));
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
