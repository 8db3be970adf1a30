//! The newest part of the log, ready to be sent: each entry is written as JSON once, however many desktops read it.
//!
//! Nothing is kept per connection but its place. A connection that is further behind than what is kept here reads the log
//! itself. Those at one place who read the same get the same frame: it is put together once, and not copied for each of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::extract::ws::Utf8Bytes;
use baton_domain::{LogBody, LogEntry, Scope};
use baton_protocol::Cursor;
use tokio::sync::watch;

/// Entries kept.
const KEPT: usize = 4096;
/// Frames kept: what desktops that read at the same pace, with a few different rights, ask for at once.
const FRAMES: usize = 8;

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
    /// Those put together last.
    frames: Mutex<VecDeque<Framed>>,
    head: watch::Sender<Cursor>,
}

/// A frame, and who gets it.
#[derive(Debug)]
struct Framed {
    from: u64,
    to: u64,
    /// Of the scopes of the entries between, those that its readers hold, in the order in which they occur.
    scopes: Vec<Scope>,
    text: Utf8Bytes,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Part {
    /// It has everything.
    Nothing,
    /// The frame from its place up to the cursor.
    Frame(Cursor, Utf8Bytes),
    /// It is too far behind: read the log.
    Behind,
}

impl Feed {
    /// A feed that begins after `head`.
    #[must_use]
    pub fn new(head: Cursor) -> Self {
        Self {
            ring: RwLock::default(),
            frames: Mutex::default(),
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
        // Numbers begin anew, and a frame is known by its numbers.
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(ring);
        self.head.send_replace(head);
    }

    /// What came after number `after` in these scopes.
    ///
    /// # Errors
    /// When the cursor has no JSON form: a defect.
    pub fn after(&self, after: u64, held: &[Scope]) -> serde_json::Result<Part> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let head = self.head.borrow().clone();
        if after >= head.number {
            return Ok(Part::Nothing);
        }
        if ring.front().is_none_or(|first| first.number > after + 1) {
            return Ok(Part::Behind);
        }
        // They are in order. Thousands of connections ask at every commit, and most of them lack one entry of thousands.
        let begin = ring.partition_point(|ready| ready.number <= after);
        let end = ring.partition_point(|ready| ready.number <= head.number);
        let readable = || {
            ring.range(begin..end.max(begin))
                .filter(|ready| held.contains(&ready.scope))
        };
        let mut scopes: Vec<Scope> = Vec::new();
        for ready in readable() {
            if !scopes.contains(&ready.scope) {
                scopes.push(ready.scope);
            }
        }
        // Whoever else wants this frame waits for it rather than putting it together as well.
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let known = frames
            .iter()
            .find(|known| known.from == after && known.to == head.number && known.scopes == scopes);
        if let Some(known) = known {
            return Ok(Part::Frame(head, known.text.clone()));
        }
        let text = Utf8Bytes::from(frame(after, &head, readable().map(|ready| &*ready.json))?);
        if frames.len() >= FRAMES {
            frames.pop_front();
        }
        frames.push_back(Framed {
            from: after,
            to: head.number,
            scopes,
            text: text.clone(),
        });
        Ok(Part::Frame(head, text))
    }
}

/// The text of a frame: what `baton_protocol::ServerMessage::Frame` would be written as, from entries written before.
///
/// # Errors
/// When the cursor has no JSON form: a defect.
pub fn frame<'a>(from: u64, to: &Cursor, entries: impl Iterator<Item = &'a str> + Clone) -> serde_json::Result<String> {
    let to = serde_json::to_string(to)?;
    let begin = format!(r#"{{"type":"frame","from":{from},"to":{to},"entries":["#);
    let length: usize = entries.clone().map(|entry| entry.len() + 1).sum();
    let mut text = String::with_capacity(begin.len() + length + 2);
    text.push_str(&begin);
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

    const EVERYBODY: [Scope; 1] = [Scope::Workspace];

    fn read(text: &str) -> Vec<u64> {
        match serde_json::from_str(text).unwrap() {
            ServerMessage::Frame { entries, .. } => entries.iter().map(|entry| entry.number).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The numbers of what a reader gets; `None` where it is behind.
    fn numbers(feed: &Feed, after: u64, held: &[Scope]) -> Option<Vec<u64>> {
        match feed.after(after, held).unwrap() {
            Part::Nothing => Some(Vec::new()),
            Part::Frame(_, text) => Some(read(&text)),
            Part::Behind => None,
        }
    }

    #[test]
    fn a_reader_gets_what_it_lacks_or_is_told_that_it_is_behind() {
        let feed = Feed::new(cursor(10));
        feed.push((11..=20).map(|number| Ready::new(&entry(number)).unwrap()), cursor(20));
        let Part::Frame(head, text) = feed.after(15, &EVERYBODY).unwrap() else {
            panic!("kept")
        };
        assert_eq!((head.number, read(&text)), (20, (16..=20).collect()));
        assert_eq!(numbers(&feed, 10, &EVERYBODY), Some((11..=20).collect()));
        assert_eq!(numbers(&feed, 9, &EVERYBODY), None);
        assert!(matches!(feed.after(20, &EVERYBODY).unwrap(), Part::Nothing));
    }

    #[test]
    fn readers_of_the_same_share_a_frame_and_nobody_gets_what_they_may_not_read() {
        let inbox = |id| Scope::Inbox {
            id: baton_domain::InboxId(Uuid::from_u128(id)),
        };
        let feed = Feed::new(cursor(0));
        let entries = (1..=4).map(|number| LogEntry {
            scope: inbox(u128::from(number % 2)),
            ..entry(number)
        });
        let ready: Vec<_> = entries.map(|entry| Ready::new(&entry).unwrap()).collect();
        feed.push(ready, cursor(4));
        let frame_of = |after, held: &[Scope]| match feed.after(after, held).unwrap() {
            Part::Frame(_, text) => text,
            other => panic!("{other:?}"),
        };
        // That one holds more that does not occur here makes no difference.
        let one = frame_of(0, &[inbox(1), Scope::Workspace]);
        let other = frame_of(0, &[inbox(7), inbox(1)]);
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert_eq!(read(&one), [1, 3]);
        assert_eq!(read(&frame_of(0, &[inbox(0)])), [2, 4]);
        assert_eq!(read(&frame_of(0, &[inbox(0), inbox(1)])), [1, 2, 3, 4]);
        assert_eq!(read(&frame_of(2, &[inbox(1)])), [3]);
        assert_eq!(read(&frame_of(0, &[])), [0; 0], "what may not be read is passed over");
        // The same numbers of another log are other entries.
        feed.begin_again(cursor(0));
        feed.push([Ready::new(&entry(1)).unwrap()], cursor(4));
        assert_eq!(read(&frame_of(0, &[inbox(1)])), [0; 0]);
    }

    #[test]
    fn old_entries_are_let_go() {
        let feed = Feed::new(cursor(0));
        let many = u64::try_from(KEPT).unwrap() + 5;
        feed.push(
            (1..=many).map(|number| Ready::new(&entry(number)).unwrap()),
            cursor(many),
        );
        assert_eq!(numbers(&feed, 4, &EVERYBODY), None);
        assert_eq!(numbers(&feed, 5, &EVERYBODY).map(|all| all.len()), Some(KEPT));
    }
}
