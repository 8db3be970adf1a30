//! Conversations kept in memory between commits: those somebody worked on lately.

use std::collections::BTreeMap;

use baton_domain::{Conversation, ConversationId, LogBody, Stamp, evolve};
use baton_store::port::Sealed;

/// A bounded set of states, all at the referee's place in the log. The least lately used goes first.
#[derive(Debug)]
pub(super) struct Cache {
    states: BTreeMap<ConversationId, (u64, Conversation)>,
    used: BTreeMap<u64, ConversationId>,
    clock: u64,
    most: usize,
}

impl Cache {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            states: BTreeMap::new(),
            used: BTreeMap::new(),
            clock: 0,
            most,
        }
    }

    pub(super) fn has(&self, id: ConversationId) -> bool {
        self.states.contains_key(&id)
    }

    pub(super) fn get(&self, id: ConversationId) -> Option<&Conversation> {
        self.states.get(&id).map(|(_, state)| state)
    }

    pub(super) fn put(&mut self, state: Conversation) {
        let id = state.id;
        self.clock = self.clock.wrapping_add(1);
        if let Some((at, _)) = self.states.insert(id, (self.clock, state)) {
            self.used.remove(&at);
        }
        self.used.insert(self.clock, id);
        while self.states.len() > self.most {
            let Some((_, oldest)) = self.used.pop_first() else {
                break;
            };
            self.states.remove(&oldest);
        }
    }

    pub(super) fn clear(&mut self) {
        self.states.clear();
        self.used.clear();
    }

    /// Folds in what another server appended.
    pub(super) fn follow(&mut self, sealed: &Sealed) {
        let LogBody::Conversation { conversation, event } = &sealed.entry.body else {
            return;
        };
        let Some((used, state)) = self.states.remove(conversation) else {
            return;
        };
        let stamp = Stamp {
            number: sealed.entry.number,
            at: sealed.entry.at,
            actor: sealed.entry.actor,
            conversation: *conversation,
        };
        if let Some(next) = evolve(Some(state), stamp, event) {
            self.states.insert(*conversation, (used, next));
        }
    }
}
