//! Reading what the server says, also where it is newer than this program.
//!
//! An entry this version does not know must not break the sync: it is left out, and its conversation is named, so that it is
//! fetched as a state and offers no actions until the program is updated.

use baton_domain::{Conversation, ConversationId, Document, LogEntry, Scope};
use baton_protocol::{Cursor, ServerMessage};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One message of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What could be understood; `None` where the whole message is of a kind this version does not know.
    pub message: Option<ServerMessage>,
    /// Conversations of which something could not be understood.
    pub unknown: Vec<ConversationId>,
}

impl From<ServerMessage> for Incoming {
    fn from(message: ServerMessage) -> Self {
        Self {
            message: Some(message),
            unknown: Vec::new(),
        }
    }
}

/// Reads one message.
///
/// # Errors
/// When it is not JSON at all.
pub fn decode(text: &str) -> Result<Incoming, serde_json::Error> {
    if let Some(message) = understood(text) {
        return Ok(message.into());
    }
    let mut value: Value = serde_json::from_str(text)?;
    let mut unknown = Vec::new();
    keep_known::<LogEntry>(value.get_mut("entries"), &mut unknown, |entry| {
        entry.get("body")?.get("conversation")
    });
    // A kind of document this version does not know is nothing it could use.
    keep_known::<Document>(value.get_mut("documents"), &mut unknown, |_| None);
    keep_known::<Conversation>(value.get_mut("conversations"), &mut unknown, |conversation| {
        conversation.get("id")
    });
    unknown.sort_unstable();
    unknown.dedup();
    Ok(Incoming {
        message: serde_json::from_value(value).ok(),
        unknown,
    })
}

/// A message of which everything is known. Where the kind is one among many, all of a message is copied before its kind is looked at;
/// of the two that can be long it is seen in their first letters.
fn understood(text: &str) -> Option<ServerMessage> {
    if text.starts_with(r#"{"type":"snapshot","#) {
        serde_json::from_str::<Snapshot>(text).ok().map(ServerMessage::from)
    } else if text.starts_with(r#"{"type":"frame","#) {
        serde_json::from_str::<Frame>(text).ok().map(ServerMessage::from)
    } else {
        serde_json::from_str(text).ok()
    }
}

/// [`ServerMessage::Snapshot`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    scopes: Vec<Scope>,
    cursor: Cursor,
    part: u32,
    last: bool,
    documents: Vec<Document>,
    conversations: Vec<Conversation>,
    entries: Vec<LogEntry>,
}

impl From<Snapshot> for ServerMessage {
    fn from(snapshot: Snapshot) -> Self {
        let Snapshot {
            scopes,
            cursor,
            part,
            last,
            documents,
            conversations,
            entries,
        } = snapshot;
        Self::Snapshot {
            scopes,
            cursor,
            part,
            last,
            documents,
            conversations,
            entries,
        }
    }
}

/// [`ServerMessage::Frame`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    from: u64,
    to: Cursor,
    entries: Vec<LogEntry>,
}

impl From<Frame> for ServerMessage {
    fn from(Frame { from, to, entries }: Frame) -> Self {
        Self::Frame { from, to, entries }
    }
}

fn keep_known<T: DeserializeOwned>(
    list: Option<&mut Value>,
    unknown: &mut Vec<ConversationId>,
    conversation: impl Fn(&Value) -> Option<&Value>,
) {
    let Some(Value::Array(items)) = list else { return };
    items.retain(|item| {
        let known = T::deserialize(item).is_ok();
        if !known && let Some(id) = conversation(item).and_then(|id| serde_json::from_value(id.clone()).ok()) {
            unknown.push(id);
        }
        known
    });
}
