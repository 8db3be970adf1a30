//! The newest part of the log, ready to be sent: each entry is written as JSON once, however many desktops read it.
//!
//! Nothing is kept per connection but its place. A connection that is further behind than what is kept here reads the log
//! itself.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use baton_domain::{LogBody, LogEntry, Scope};
use baton_protocol::Cursor;
use tokio::sync::watch;

/// Entries kept.
const KEPT: usize = 4096;

/// An entry as it travels.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Its number.
    pub number: u64,
    /// Where it may be read.
    pub scope: Scope,
    /// Whether it changes a document, so that what a member may read may change with it.
    pub document: bool,
    /// Its JSON.
    pub json: Arc<str>,
}

impl Ready {
    /// An entry, written.
    ///
    /// # Errors
    /// When it has no JSON form: a defect.
    pub fn new(entry: &LogEntry) -> serde_json::Result<Self> {
        Ok(Self {
            number: entry.number,
            scope: entry.scope,
            document: !matches!(entry.body, LogBody::Conversation { .. }),
            json: serde_json::to_string(entry)?.into(),
        })
    }
}

/// The newest part of the log.
#[derive(Debug)]
pub struct Feed {
    ring: RwLock<VecDeque<Ready>>,
    head: watch::Sender<Cursor>,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Part {
    /// The entries after its place up to the cursor.
    Entries(Cursor, Vec<Ready>),
    /// It is too far behind: read the log.
    Behind,
}

impl Feed {
    /// A feed that begins after `head`.
    #[must_use]
    pub fn new(head: Cursor) -> Self {
        Self {
            ring: RwLock::default(),
            head: watch::Sender::new(head),
        }
    }

    /// Where the log ends, and a signal whenever that moves.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Cursor> {
        self.head.subscribe()
    }

    /// Adds what was committed, up to `head`.
    pub fn push(&self, entries: impl IntoIterator<Item = Ready>, head: Cursor) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let known = ring
            .back()
            .map_or_else(|| self.head.borrow().number, |last| last.number);
        ring.extend(entries.into_iter().filter(|entry| entry.number > known));
        let over = ring.len().saturating_sub(KEPT);
        ring.drain(..over);
        drop(ring);
        self.head.send_replace(head);
    }

    /// Lets go of everything kept: whoever is not at `head` reads the log.
    pub fn begin_again(&self, head: Cursor) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.clear();
        drop(ring);
        self.head.send_replace(head);
    }

    /// What came after number `after`.
    #[must_use]
    pub fn after(&self, after: u64) -> Part {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let head = self.head.borrow().clone();
        if after >= head.number {
            return Part::Entries(head, Vec::new());
        }
        match ring.front() {
            Some(first) if first.number <= after + 1 => {
                // They are in order. Thousands of connections ask at every commit, and most of them lack one entry of thousands.
                let begin = ring.partition_point(|ready| ready.number <= after);
                let end = ring.partition_point(|ready| ready.number <= head.number);
                let entries = ring.range(begin..end.max(begin)).cloned().collect();
                Part::Entries(head, entries)
            }
            _ => Part::Behind,
        }
    }
}

/// The text of a frame: what `baton_protocol::ServerMessage::Frame` would be written as, from entries written before.
///
/// # Errors
/// When the cursor has no JSON form: a defect.
pub fn frame<'a>(from: u64, to: &Cursor, entries: impl Iterator<Item = &'a str>) -> serde_json::Result<String> {
    let mut text = format!(
        r#"{{"type":"frame","from":{from},"to":{},"entries":["#,
        serde_json::to_string(to)?
    );
    for (at, entry) in entries.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(entry);
    }
    text.push_str("]}");
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use baton_domain::{Actor, CommandId, DocumentId, Timestamp};
    use baton_protocol::ServerMessage;
    use uuid::Uuid;

    use super::*;

    fn cursor(number: u64) -> Cursor {
        Cursor {
            epoch: Uuid::from_u128(1),
            number,
            hash: format!("{number:064x}"),
        }
    }

    fn entry(number: u64) -> LogEntry {
        LogEntry {
            number,
            at: Timestamp(5),
            issued_at: Timestamp(4),
            actor: Actor::Operator,
            command: CommandId(Uuid::from_u128(9)),
            scope: Scope::Workspace,
            body: LogBody::DocumentRemoved {
                id: DocumentId(Uuid::from_u128(3)),
            },
        }
    }

    #[test]
    fn a_frame_reads_as_the_protocol_says() {
        let entries = vec![entry(3), entry(4)];
        let ready: Vec<_> = entries.iter().map(|entry| Ready::new(entry).unwrap()).collect();
        let text = frame(2, &cursor(4), ready.iter().map(|ready| &*ready.json)).unwrap();
        let read: ServerMessage = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read,
            ServerMessage::Frame {
                from: 2,
                to: cursor(4),
                entries
            }
        );
        assert_eq!(text, serde_json::to_string(&read).unwrap());
    }

    #[test]
    fn a_reader_gets_what_it_lacks_or_is_told_that_it_is_behind() {
        let feed = Feed::new(cursor(10));
        feed.push((11..=20).map(|number| Ready::new(&entry(number)).unwrap()), cursor(20));
        let Part::Entries(head, entries) = feed.after(15) else {
            panic!("kept")
        };
        assert_eq!((head.number, entries.len()), (20, 5));
        assert!(matches!(feed.after(10), Part::Entries(_, entries) if entries.len() == 10));
        assert!(matches!(feed.after(9), Part::Behind));
        assert!(matches!(feed.after(20), Part::Entries(_, entries) if entries.is_empty()));
    }

    #[test]
    fn old_entries_are_let_go() {
        let feed = Feed::new(cursor(0));
        let many = u64::try_from(KEPT).unwrap() + 5;
        feed.push(
            (1..=many).map(|number| Ready::new(&entry(number)).unwrap()),
            cursor(many),
        );
        assert!(matches!(feed.after(4), Part::Behind));
        assert!(matches!(feed.after(5), Part::Entries(..)));
    }
}
