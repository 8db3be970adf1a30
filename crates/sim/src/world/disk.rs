//! A desktop's disk: what was written and acknowledged, and nothing else. It does with a batch what the replica's file does.

use std::collections::BTreeMap;

use baton_domain::{
    CommandId, Conversation, ConversationId, Document, DocumentId, Event, LogBody, LogEntry, MessageId, Timestamp,
};
use baton_store::replica::{Batch, Forget, Loaded, Row, ShownRow};

/// What lies on it.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    state: BTreeMap<String, String>,
    /// Conversations as confirmed by the server.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    entries: BTreeMap<ConversationId, BTreeMap<u64, LogEntry>>,
    documents: BTreeMap<DocumentId, Document>,
    /// What waits to be said.
    pub outbox: BTreeMap<CommandId, Row>,
    /// What waits for the person.
    pub held: BTreeMap<CommandId, Row>,
    drafts: BTreeMap<ConversationId, String>,
    shown: BTreeMap<String, (Timestamp, bool)>,
    seen: BTreeMap<ConversationId, MessageId>,
}

impl Disk {
    /// Writes a batch, whole.
    pub fn write(&mut self, batch: Batch) {
        for forget in batch.forget {
            self.forget(forget);
        }
        merge(&mut self.state, batch.state);
        for (id, conversation) in &batch.conversations {
            if conversation.is_none() {
                self.forget(Forget::Entries(*id));
            }
        }
        merge(&mut self.conversations, batch.conversations);
        for (number, entry) in batch.entries {
            if let LogBody::Conversation { conversation, .. } = entry.body {
                self.entries.entry(conversation).or_default().insert(number, entry);
            }
        }
        merge(&mut self.documents, batch.documents);
        merge(&mut self.outbox, batch.outbox);
        merge(&mut self.held, batch.held);
        merge(&mut self.drafts, batch.drafts);
        self.shown.extend(batch.shown);
        self.seen.extend(batch.seen);
    }

    /// A planted bug: what waits to be said is read back the wrong way round.
    pub fn turn_outbox_round(&mut self) {
        let top = self.outbox.values().map(|row| row.place).max().unwrap_or(0);
        for row in self.outbox.values_mut() {
            row.place = top.saturating_sub(row.place);
        }
    }

    fn forget(&mut self, forget: Forget) {
        match forget {
            Forget::Documents => self.documents.clear(),
            Forget::Conversations => {
                self.conversations.clear();
                self.entries.clear();
            }
            Forget::Inbox(inbox) => {
                let theirs: Vec<ConversationId> = self
                    .conversations
                    .values()
                    .filter(|one| one.inbox == inbox)
                    .map(|one| one.id)
                    .collect();
                for id in theirs {
                    self.forget(Forget::Entries(id));
                    self.conversations.remove(&id);
                }
            }
            Forget::Entries(id) => drop(self.entries.remove(&id)),
            Forget::All => *self = Self::default(),
        }
    }

    /// What an engine starts with.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let in_order = |rows: &BTreeMap<CommandId, Row>| {
            let mut rows: Vec<(CommandId, Row)> = rows.iter().map(|(id, row)| (*id, row.clone())).collect();
            rows.sort_by_key(|(_, row)| row.place);
            rows
        };
        Loaded {
            state: self.state.clone(),
            conversations: self.conversations.values().cloned().collect(),
            documents: self.documents.values().cloned().collect(),
            outbox: in_order(&self.outbox),
            held: in_order(&self.held),
            drafts: self.drafts.iter().map(|(id, text)| (*id, text.clone())).collect(),
            shown: self
                .shown
                .iter()
                .map(|(key, (at, handled))| ShownRow {
                    key: key.clone(),
                    at: *at,
                    handled: *handled,
                })
                .collect(),
            seen: self.seen.iter().map(|(id, message)| (*id, *message)).collect(),
            unreadable: 0,
        }
    }

    /// The entries of a conversation, in order.
    pub fn entries_of(&self, id: ConversationId) -> impl Iterator<Item = &LogEntry> {
        self.entries.get(&id).into_iter().flat_map(BTreeMap::values)
    }

    /// The conversations of which there are entries.
    pub fn of_entries(&self) -> impl Iterator<Item = ConversationId> {
        self.entries.keys().copied()
    }

    /// The messages a person sees who has that conversation open.
    pub fn messages_of(&self, id: ConversationId) -> impl Iterator<Item = MessageId> {
        self.entries_of(id).filter_map(|entry| match &entry.body {
            LogBody::Conversation { event, .. } => message_of(event),
            _ => None,
        })
    }

    /// The documents.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.documents.values()
    }
}

/// The message an event brought.
fn message_of(event: &Event) -> Option<MessageId> {
    match event {
        Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => Some(message.id),
        Event::ReplyQueued { outbound } => Some(outbound.id),
        _ => None,
    }
}

fn merge<K: Ord, V>(kept: &mut BTreeMap<K, V>, changes: BTreeMap<K, Option<V>>) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(kept.insert(key, value)),
            None => drop(kept.remove(&key)),
        }
    }
}
