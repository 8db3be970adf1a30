//! What a desk has on disk, in memory, with what survives a crash.

use std::collections::BTreeMap;

use baton_domain::{
    CommandId, Conversation, ConversationId, Document, DocumentId, LogBody, LogEntry, MessageId, Timestamp,
};
use baton_store::replica::{Batch, Forget, Loaded, Row, ShownRow};

/// What a desk has on disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) state: BTreeMap<String, String>,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    pub(super) entries: BTreeMap<u64, LogEntry>,
    pub(super) documents: BTreeMap<DocumentId, Document>,
    pub(super) outbox: BTreeMap<CommandId, Row>,
    pub(super) held: BTreeMap<CommandId, Row>,
    pub(super) drafts: BTreeMap<ConversationId, String>,
    pub(super) shown: BTreeMap<String, (Timestamp, bool)>,
    pub(super) seen: BTreeMap<ConversationId, MessageId>,
}

fn put<K: Ord + Clone, V: Clone>(map: &mut BTreeMap<K, V>, changes: &BTreeMap<K, Option<V>>) {
    for (key, value) in changes {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

pub(super) fn about(entry: &LogEntry) -> Option<ConversationId> {
    match &entry.body {
        LogBody::Conversation { conversation, .. } => Some(*conversation),
        _ => None,
    }
}

impl Disk {
    pub(super) fn apply(&mut self, batch: &Batch) {
        for forget in &batch.forget {
            match forget {
                Forget::Documents => self.documents.clear(),
                Forget::Conversations => {
                    self.conversations.clear();
                    self.entries.clear();
                }
                Forget::Inbox(inbox) => {
                    let gone = |c: &Conversation| c.inbox == *inbox;
                    let ids: Vec<_> = self.conversations.values().filter(|c| gone(c)).map(|c| c.id).collect();
                    self.conversations.retain(|_, c| !gone(c));
                    self.entries
                        .retain(|_, e| !about(e).is_some_and(|id| ids.contains(&id)));
                }
                Forget::Entries(id) => self.entries.retain(|_, e| about(e) != Some(*id)),
                Forget::All => *self = Self::default(),
            }
        }
        put(&mut self.state, &batch.state);
        let removed = |id| batch.conversations.get(&id).is_some_and(Option::is_none);
        self.entries.retain(|_, e| !about(e).is_some_and(removed));
        put(&mut self.conversations, &batch.conversations);
        put(&mut self.documents, &batch.documents);
        put(&mut self.outbox, &batch.outbox);
        put(&mut self.held, &batch.held);
        put(&mut self.drafts, &batch.drafts);
        self.entries.extend(batch.entries.clone());
        self.shown.extend(batch.shown.clone());
        self.seen.extend(batch.seen.clone());
    }

    pub(super) fn load(&self) -> Loaded {
        let rows = |rows: &BTreeMap<CommandId, Row>| {
            let mut rows: Vec<_> = rows.clone().into_iter().collect();
            rows.sort_by_key(|(_, row)| row.place);
            rows
        };
        let shown = |(key, (at, handled)): (&String, &(Timestamp, bool))| ShownRow {
            key: key.clone(),
            at: *at,
            handled: *handled,
        };
        Loaded {
            state: self.state.clone(),
            conversations: self.conversations.values().cloned().collect(),
            documents: self.documents.values().cloned().collect(),
            outbox: rows(&self.outbox),
            held: rows(&self.held),
            drafts: self.drafts.clone().into_iter().collect(),
            shown: self.shown.iter().map(shown).collect(),
            seen: self.seen.clone().into_iter().collect(),
            unreadable: 0,
        }
    }
}
