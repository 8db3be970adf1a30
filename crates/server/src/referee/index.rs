//! What messages are found by: the keys of the thread index, as a commit writes them and as the rest of it sees them.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use baton_channels::email::subject;
use baton_domain::{Command, CommandBody, Conversation, ConversationId, Event, LogBody, Message, MessageId, Stamp};
use baton_store::port::{DroppedKey, KeyHit, KeyRow, ThreadKey};

use super::working::Working;

/// How many of the ids a message mentions are indexed: the nearest tell most.
const MENTIONED: usize = 50;

impl Working<'_> {
    /// Notes what an event's message is found by.
    pub(super) fn index(&mut self, state: &Conversation, event: &Event) {
        match event {
            Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => {
                let outside = matches!(event, Event::OutsideReply { .. });
                keys_of(state.id, message, outside)
                    .into_iter()
                    .for_each(|row| self.add_key(row));
            }
            Event::ReplyQueued { outbound } => {
                for key in [ThreadKey::header(&outbound.header_id), ThreadKey::outbound(outbound.id)] {
                    self.add_key(KeyRow {
                        key,
                        conversation: state.id,
                        message: outbound.id,
                        mentioned: false,
                        ours: true,
                        at: outbound.queued_at,
                    });
                }
                // By this the next one within the week is not sent.
                let told = outbound.draft.to.first().filter(|_| outbound.automatic.is_some());
                if let Some(to) = told {
                    self.add_key(KeyRow {
                        key: ThreadKey::automatic(state.inbox, &to.email),
                        conversation: state.id,
                        message: outbound.id,
                        mentioned: false,
                        ours: true,
                        at: outbound.queued_at,
                    });
                }
            }
            Event::SplitOff { messages, into, .. } => self.keys_go_along(state.id, messages, *into),
            _ => {}
        }
    }

    /// What answers a message that went on in another conversation goes on there as well. What is said anew there is indexed by itself,
    /// but for its subject; what stays is found as before.
    fn keys_go_along(&mut self, from: ConversationId, messages: &[MessageId], into: ConversationId) {
        let mut gone: BTreeSet<MessageId> = messages.iter().copied().collect();
        let (mut go, mut stay) = (Vec::new(), Vec::new());
        for (_, event) in self.entries_of(from) {
            match event {
                Event::MessageReceived { message, .. } if gone.contains(&message.id) => go.push((**message).clone()),
                Event::MessageReceived { message, .. } => stay.push((message.clone(), false)),
                Event::OutsideReply { message, .. } => stay.push((message.clone(), true)),
                Event::SplitOff { messages, .. } => gone.extend(messages),
                _ => {}
            }
        }
        let mut dropped: BTreeSet<ThreadKey> = BTreeSet::new();
        for message in go {
            let keys = keys_of(from, &message, false).into_iter().map(|row| row.key);
            for key in keys.chain(subject_row(from, &message).map(|row| row.key)) {
                self.drop_key(key.clone(), from, message.id);
                dropped.insert(key);
            }
            let there = subject_row(into, &message).map(|row| KeyRow {
                message: message.id.in_conversation(into),
                ..row
            });
            there.into_iter().for_each(|row| self.add_key(row));
        }
        for (message, outside) in stay.iter().filter(|(message, _)| !gone.contains(&message.id)) {
            let rows = keys_of(from, message, *outside).into_iter();
            rows.chain(subject_row(from, message).filter(|_| !outside))
                .filter(|row| dropped.contains(&row.key))
                .for_each(|row| self.add_key(row));
        }
    }

    fn drop_key(&mut self, key: ThreadKey, conversation: ConversationId, message: MessageId) {
        if let Some(hits) = self.loaded.hits.get_mut(&key) {
            hits.retain(|hit| (hit.conversation, hit.message) != (conversation, message));
        }
        if let Entry::Occupied(known) = self.keys.entry((key.clone(), conversation))
            && known.get().message == message
        {
            known.remove();
        }
        self.batch.dropped_keys.push(DroppedKey {
            key,
            conversation,
            message,
        });
    }

    /// The log of a conversation whose command asks for it, with what this commit has added.
    pub(super) fn log_of(&self, command: &Command) -> Vec<(Stamp, Event)> {
        match command.body {
            CommandBody::Split { .. } => self
                .entries_of(command.conversation)
                .map(|(stamp, event)| (stamp, event.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn entries_of(&self, id: ConversationId) -> impl Iterator<Item = (Stamp, &Event)> {
        let loaded = self.loaded.logs.get(&id).into_iter().flatten();
        let added = self.batch.entries.iter().map(|sealed| &sealed.entry);
        loaded.chain(added).filter_map(move |entry| match &entry.body {
            LogBody::Conversation { conversation, event } if *conversation == id => {
                let stamp = Stamp {
                    number: entry.number,
                    at: entry.at,
                    actor: entry.actor,
                    conversation: id,
                };
                Some((stamp, event))
            }
            _ => None,
        })
    }

    /// Adds a key of the thread index; what comes later in this commit finds it.
    pub(super) fn add_key(&mut self, row: KeyRow) {
        let hits = self.loaded.hits.entry(row.key.clone()).or_default();
        match hits.iter_mut().find(|hit| hit.conversation == row.conversation) {
            Some(hit) => {
                hit.at = hit.at.max(row.at);
                if hit.mentioned && !row.mentioned {
                    hit.message = row.message;
                    hit.mentioned = false;
                }
                hit.ours |= row.ours;
            }
            None => hits.push(KeyHit {
                conversation: row.conversation,
                message: row.message,
                mentioned: row.mentioned,
                ours: row.ours,
                at: row.at,
            }),
        }
        // One row a key and conversation: a multi-row insert must not name the same row twice.
        match self.keys.entry((row.key.clone(), row.conversation)) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.at = known.at.max(row.at);
                if known.mentioned && !row.mentioned {
                    known.message = row.message;
                    known.mentioned = false;
                }
                known.ours |= row.ours;
            }
            Entry::Vacant(free) => {
                free.insert(row);
            }
        }
    }
}

/// What a message is found by: its Message-ID, and those it mentions.
fn keys_of(conversation: ConversationId, message: &Message, outside: bool) -> Vec<KeyRow> {
    let row = |key, mentioned| KeyRow {
        key,
        conversation,
        message: message.id,
        mentioned,
        ours: outside && !mentioned,
        at: message.at,
    };
    let own = message.header_id.iter().map(|id| row(ThreadKey::header(id), false));
    let nearest = message.references.iter().rev().take(MENTIONED);
    let mentioned = nearest.map(|id| row(ThreadKey::header(id), true));
    own.chain(mentioned).collect()
}

/// And its author with its subject.
fn subject_row(conversation: ConversationId, message: &Message) -> Option<KeyRow> {
    let key = ThreadKey::subject(&message.from.email, &subject::key(&message.subject))?;
    Some(KeyRow {
        key,
        conversation,
        message: message.id,
        mentioned: false,
        ours: false,
        at: message.at,
    })
}
