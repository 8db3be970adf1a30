//! A snapshot on its way out: its parts are read and written ahead of the line that takes them.

use axum::extract::ws::Utf8Bytes;
use baton_domain::{Document, Scope};
use baton_protocol::Cursor;
use baton_store::server::{Page, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::connection::End;

/// Conversations that are read first: a screen of them, and some more. Few in tests, so that there are several parts.
pub(super) const FIRST: u64 = if cfg!(test) { 2 } else { 100 };

/// Conversations that are read at once later on. A desktop writes each part in one transaction, and the fewer the better.
const LATER: u64 = if cfg!(test) { 2 } else { 400 };

/// How long a part may become, in bytes, unless one entry alone is longer. A desktop takes no message of more than 16 MiB.
const PART: usize = 4 << 20;

/// Parts that wait for the line. While one is sent the next is there already; a slow line makes the reading wait.
const AHEAD: usize = 2;

/// A part of a snapshot, as it is sent.
#[derive(Debug)]
pub(super) struct Part {
    /// The message.
    pub text: Utf8Bytes,
    /// Whether it is the last.
    pub last: bool,
}

/// Reads a snapshot to its end, or until nobody takes its parts any more. `turn` is given back then: until then it has a connection to
/// the database.
pub(super) fn parts(
    mut snapshot: Snapshot,
    turn: OwnedSemaphorePermit,
    scopes: &[Scope],
    cursor: &Cursor,
    documents: &[Document],
) -> Result<mpsc::Receiver<Result<Part, End>>, End> {
    let unwritten = |error: serde_json::Error| End::Broken(error.to_string());
    let scopes = serde_json::to_string(scopes).map_err(unwritten)?;
    let cursor = serde_json::to_string(cursor).map_err(unwritten)?;
    let mut documents = serde_json::to_string(documents).map_err(unwritten)?;
    let (taken, line) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut number = 0_u32;
        let mut limit = FIRST;
        'reading: loop {
            let page = match snapshot.next_page(limit).await {
                Ok(page) => page,
                Err(error) => {
                    // Nobody listens any more: then nobody has to be told.
                    let _ = taken.send(Err(End::Broken(error.to_string()))).await;
                    break;
                }
            };
            limit = LATER;
            for portion in portions(page, PART) {
                let documents = std::mem::replace(&mut documents, "[]".to_owned());
                let part = Part {
                    text: part(&scopes, &cursor, number, &documents, &portion).into(),
                    last: portion.last,
                };
                if taken.send(Ok(part)).await.is_err() || portion.last {
                    break 'reading;
                }
                number = number.saturating_add(1);
            }
        }
        drop((snapshot, turn));
    });
    Ok(line)
}

/// A page in portions of about so many bytes. Only the last portion of the last page is the last.
fn portions(page: Page, bytes: usize) -> Vec<Page> {
    let mut full = Vec::new();
    let mut portion = Page::default();
    let mut size = 0_usize;
    let mut make_room = |portion: &mut Page, text: &str| {
        if size > 0 && size.saturating_add(text.len()) > bytes {
            full.push(std::mem::take(portion));
            size = 0;
        }
        size = size.saturating_add(text.len());
    };
    for conversation in page.conversations {
        make_room(&mut portion, &conversation);
        portion.conversations.push(conversation);
    }
    for entry in page.entries {
        make_room(&mut portion, &entry);
        portion.entries.push(entry);
    }
    portion.last = page.last;
    full.push(portion);
    full
}

/// One part, out of what is in its serial form already.
fn part(scopes: &str, cursor: &str, number: u32, documents: &str, page: &Page) -> String {
    let Page {
        conversations,
        entries,
        last,
    } = page;
    let begin = format!(
        r#"{{"type":"snapshot","scopes":{scopes},"cursor":{cursor},"part":{number},"last":{last},"documents":{documents},"conversations":["#
    );
    let length: usize = conversations.iter().chain(entries).map(|text| text.len() + 1).sum();
    let between = r#"],"entries":["#;
    let mut text = String::with_capacity(begin.len() + length + between.len() + 2);
    text.push_str(&begin);
    listed(&mut text, conversations);
    text.push_str(between);
    listed(&mut text, entries);
    text.push_str("]}");
    text
}

fn listed(text: &mut String, items: &[String]) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use baton_domain::InboxId;
    use baton_protocol::ServerMessage;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_long_page_is_told_in_portions_and_whole() {
        let texts = |from: usize, to: usize| -> Vec<String> { (from..to).map(|n| n.to_string()).collect() };
        for bytes in 1..12 {
            let page = Page {
                conversations: texts(0, 7),
                entries: texts(90, 104),
                last: true,
            };
            let portions = portions(page, bytes);
            let (mut conversations, mut entries) = (Vec::new(), Vec::new());
            for (at, portion) in portions.iter().enumerate() {
                let all = portion.conversations.iter().chain(&portion.entries);
                let size: usize = all.clone().map(String::len).sum();
                assert!(size <= bytes || all.count() == 1, "{size} bytes, {bytes} asked for");
                assert_eq!(portion.last, at + 1 == portions.len());
                conversations.extend(portion.conversations.clone());
                entries.extend(portion.entries.clone());
            }
            assert_eq!((conversations, entries), (texts(0, 7), texts(90, 104)));
        }
        let nothing = portions(
            Page {
                last: true,
                ..Page::default()
            },
            5,
        );
        assert!(
            matches!(nothing.as_slice(), [Page { last: true, .. }]),
            "somebody without conversations is told so"
        );
    }

    #[test]
    fn a_part_is_the_message_of_the_protocol() {
        let scopes = vec![
            Scope::Workspace,
            Scope::Inbox {
                id: InboxId(Uuid::from_u128(3)),
            },
        ];
        let cursor = Cursor {
            epoch: Uuid::from_u128(1),
            number: 7,
            hash: "ab".to_owned(),
        };
        let entry = r#"{"number":7,"at":5,"issuedAt":4,"actor":{"type":"operator"},"command":"00000000-0000-0000-0000-000000000009","scope":{"type":"workspace"},"body":{"type":"documentRemoved","id":"00000000-0000-0000-0000-000000000002"}}"#;
        let page = Page {
            conversations: Vec::new(),
            entries: vec![entry.to_owned(), entry.replace("7", "6")],
            last: true,
        };
        let text = part(
            &serde_json::to_string(&scopes).unwrap(),
            &serde_json::to_string(&cursor).unwrap(),
            3,
            "[]",
            &page,
        );
        let message = ServerMessage::Snapshot {
            scopes,
            cursor,
            part: 3,
            last: true,
            documents: Vec::new(),
            conversations: Vec::new(),
            entries: page
                .entries
                .iter()
                .map(|entry| serde_json::from_str(entry).unwrap())
                .collect(),
        };
        assert_eq!(text, serde_json::to_string(&message).unwrap());
    }
}
