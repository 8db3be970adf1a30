//! Conversations that are fetched whole, beside the log's frames: one this version did not understand, and one that came from an inbox
//! whose entries were never this desktop's.
//!
//! What is lacking is written down in the transaction that moves the cursor past it, and asked for until it is here or is said to be
//! nobody's business of ours: neither a crash nor a lost answer leaves a hole in the list.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use baton_domain::{Capability, ConversationId, InboxId, LogBody, Refusal, Scope};
use baton_store::replica::Forget;

use super::io::{Effect, Fetched};
use super::state::{Engine, key};

/// A conversation that is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fetching {
    /// The newest entry of it that had come by when it was asked for; 0 where none had.
    asked: u64,
    /// The newest that has come by since.
    newest: u64,
}

impl Engine {
    /// Asks for a conversation, once at a time.
    pub(super) fn refetch(&mut self, conversation: ConversationId) {
        self.refetch_after(conversation, 0);
    }

    fn refetch_after(&mut self, conversation: ConversationId, number: u64) {
        if let Entry::Vacant(free) = self.refetching.entry(conversation) {
            free.insert(Fetching {
                asked: number,
                newest: number,
            });
            self.out.push(Effect::Refetch(conversation));
        }
    }

    /// An entry of a conversation that is not here: it is mine, and is to be fetched.
    pub(super) fn lack(&mut self, conversation: ConversationId, number: u64) {
        if let Entry::Vacant(free) = self.lacking.entry(conversation) {
            free.insert(number);
            self.keep_lacking();
        }
        self.refetch_after(conversation, number);
        self.passed_by(conversation, number);
    }

    /// An entry came while its conversation is being fetched: what was read before it is too old.
    pub(super) fn passed_by(&mut self, conversation: ConversationId, number: u64) {
        if let Some(fetching) = self.refetching.get_mut(&conversation) {
            fetching.newest = fetching.newest.max(number);
        }
    }

    /// Asks again for everything that is lacking.
    pub(super) fn ask_for_lacking(&mut self) {
        let lacking: Vec<ConversationId> = self.lacking.keys().copied().collect();
        for id in lacking {
            self.refetch(id);
        }
    }

    fn lacks_no_more(&mut self, id: ConversationId) -> Option<u64> {
        let since = self.lacking.remove(&id)?;
        self.keep_lacking();
        Some(since)
    }

    /// What became of it.
    pub(super) fn refetched(&mut self, id: ConversationId, fetched: Fetched) {
        let Fetching { asked, newest: passed } = self.refetching.remove(&id).unwrap_or_default();
        let found = match fetched {
            Fetched::Here(found) => found,
            // It came back while that was being said.
            Fetched::Gone if passed > asked && self.lacking.contains_key(&id) => {
                self.refetch_after(id, passed);
                return;
            }
            Fetched::Gone => {
                self.lacks_no_more(id);
                return;
            }
            Fetched::Unreached => return,
        };
        let readable = Scope::Inbox {
            id: found.conversation.inbox,
        };
        let newer_is_here = self
            .confirmed
            .get(&id)
            .is_some_and(|known| known.version > found.conversation.version);
        if !self.scopes.contains(&readable) || newer_is_here {
            // The right to read it was lost while it was on its way, or a snapshot brings it anyway, or has.
            self.lacks_no_more(id);
            return;
        }
        let newest = found.entries.iter().map(|entry| entry.number).max().unwrap_or(0);
        if newest < passed {
            self.refetch_after(id, passed);
            return;
        }
        self.floors.insert(id, newest);
        self.keep_floors();
        self.batch.forget.insert(Forget::Entries(id));
        self.batch.conversations.insert(id, Some(found.conversation.clone()));
        self.batch
            .entries
            .extend(found.entries.iter().map(|entry| (entry.number, entry.clone())));
        self.confirmed.insert(id, found.conversation);
        self.touched.insert(id);
        self.out.push(Effect::FetchBodies);
        let Some(since) = self.lacks_no_more(id) else { return };
        for entry in found.entries.iter().filter(|entry| entry.number >= since) {
            if let LogBody::Conversation { event, .. } = &entry.body {
                self.heed(id, entry, event);
            }
        }
    }

    /// It lies in an inbox now that is not read here: nothing of it stays.
    pub(super) fn moved_out(&mut self, id: ConversationId, to: InboxId) {
        if self.scopes.contains(&Scope::Inbox { id: to }) {
            return;
        }
        self.lacks_no_more(id);
        let why = Refusal::NotPermitted {
            needs: Capability::Read,
            inbox: Some(to),
        };
        self.draft_left_behind(id, why);
        self.let_go(id);
        self.batch.conversations.insert(id, None);
        self.out.push(Effect::LetGoOfBodies);
    }

    /// Nothing of a conversation stays in memory, nor in what is about to be written.
    pub(super) fn let_go(&mut self, id: ConversationId) {
        self.confirmed.remove(&id);
        self.batch.conversations.remove(&id);
        let of_it = |body: &LogBody| matches!(body, LogBody::Conversation { conversation, .. } if *conversation == id);
        self.batch.entries.retain(|_, entry| !of_it(&entry.body));
        if self.floors.remove(&id).is_some() {
            self.keep_floors();
        }
        self.touched.insert(id);
    }

    /// Everything comes anew.
    pub(super) fn forget_fetched(&mut self) {
        self.floors.clear();
        self.inbox_floors.clear();
        self.lacking.clear();
        self.keep_floors();
        self.keep_lacking();
    }

    /// Floors the cursor has passed say nothing any more.
    pub(super) fn pass_floors(&mut self, cursor: u64) {
        let before = self.floors.len();
        self.floors.retain(|_, floor| *floor > cursor);
        if self.floors.len() != before {
            self.keep_floors();
        }
    }

    fn keep_floors(&mut self) {
        let floors: BTreeMap<ConversationId, u64> = self.floors.clone();
        self.keep(key::FLOORS, &floors);
    }

    fn keep_lacking(&mut self) {
        let lacking: BTreeMap<ConversationId, u64> = self.lacking.clone();
        self.keep(key::LACKING, &lacking);
    }
}
