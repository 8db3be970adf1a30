//! Reading what the server says, also where it is newer than this program.
//!
//! An entry this version does not know must not break the sync: it is left out, and its conversation is named, so that it is
//! fetched as a state and offers no actions until the program is updated.

use baton_domain::{Conversation, ConversationId, Document, LogEntry};
use baton_protocol::ServerMessage;
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
    if let Ok(message) = serde_json::from_str::<ServerMessage>(text) {
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
