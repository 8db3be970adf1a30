//! The working state of one commit: what was loaded, and what has been decided on it so far. Thrown away when the store fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton_domain::{
    Actor, Capabilities, Capability, Command, CommandBody, Context, Conversation, ConversationId, Document,
    DocumentBody, DocumentContext, DraftId, Event, Inbox, InboxId, Invalid, LogBody, LogEntry, MessageId, Refusal,
    SavedDraft, Scope, Stamp, Standing, Timestamp, deadlines, decide, decide_document, decide_other, evolve,
    left_behind, next_deadline, no_longer_stands,
};
use baton_store::port::{
    AnswerRow, Batch, ConversationRow, Decided, DraftRow, DueRow, Head, KeyRow, LeaseRow, Loaded, Sealed, StoredAnswer,
    ThreadKey, chain,
};
use sha2::{Digest as _, Sha256};

use super::cache::Cache;
use super::documents::DocumentSet;
use super::due;
use super::io::{Fault, HeaderIds};
use super::routing;

/// What happens in other conversations than the command's own.
type Beside = Vec<(ConversationId, Vec<Event>)>;

/// What one commit works on.
pub(super) struct Working<'a> {
    cache: &'a Cache,
    header_ids: &'a HeaderIds,
    entropy: [u8; 32],
    /// The sequencer's time: it never runs backwards.
    pub(super) now: Timestamp,
    pub(super) loaded: Loaded,
    pub(super) documents: Arc<DocumentSet>,
    states: BTreeMap<ConversationId, Conversation>,
    changed: BTreeSet<ConversationId>,
    leases: BTreeMap<ConversationId, Option<LeaseRow>>,
    parked: BTreeSet<ConversationId>,
    pub(super) keys: BTreeMap<(ThreadKey, ConversationId), KeyRow>,
    /// How many conversations came to an inbox in this commit, and how many it lost.
    moved: BTreeMap<InboxId, (u32, u32)>,
    head: Head,
    pub(super) batch: Batch,
}

/// What a commit leaves behind once it is durable.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) head: Head,
    pub(super) documents: Arc<DocumentSet>,
    pub(super) states: Vec<Conversation>,
    pub(super) entries: Vec<LogEntry>,
    pub(super) wake: Option<Timestamp>,
}

impl<'a> Working<'a> {
    pub(super) fn new(
        loaded: Loaded,
        documents: Arc<DocumentSet>,
        cache: &'a Cache,
        header_ids: &'a HeaderIds,
        entropy: [u8; 32],
    ) -> Self {
        Self {
            cache,
            header_ids,
            entropy,
            now: loaded.now.max(loaded.head.last_at),
            documents,
            states: BTreeMap::new(),
            changed: BTreeSet::new(),
            leases: BTreeMap::new(),
            parked: BTreeSet::new(),
            keys: BTreeMap::new(),
            moved: BTreeMap::new(),
            head: loaded.head.clone(),
            batch: Batch::at(loaded.head.clone()),
            loaded,
        }
    }

    /// A conversation as it stands within this commit.
    pub(super) fn state(&self, id: ConversationId) -> Option<&Conversation> {
        self.states
            .get(&id)
            .or_else(|| self.loaded.conversations.get(&id))
            .or_else(|| self.cache.get(id))
    }

    /// Conversations as this commit has changed them.
    pub(super) fn changed_states(&self) -> impl Iterator<Item = &Conversation> {
        self.states.values()
    }

    fn lease(&self, id: ConversationId) -> Option<LeaseRow> {
        match self.leases.get(&id) {
            Some(changed) => *changed,
            None => self.loaded.leases.get(&id).copied(),
        }
    }

    /// Judges a command and keeps its answer. One that is known gets its first answer again.
    pub(super) fn command(&mut self, command: &Command) -> Result<Decided, Fault> {
        if let Some(first) = self.loaded.answers.get(&command.id) {
            if first.actor == command.actor {
                return Ok(first.decided.clone());
            }
            // Somebody else's command has that id: they are not told what became of it.
            return Ok(Decided::Refused {
                refusal: Refusal::Invalid {
                    field: "id".to_owned(),
                    why: Invalid::Unknown,
                },
            });
        }
        let from = self.head.number;
        let decided = match self.judge(command)? {
            Ok(()) => Decided::Done {
                from,
                to: self.head.number,
            },
            Err(refusal) => Decided::Refused { refusal },
        };
        self.loaded.answers.insert(
            command.id,
            StoredAnswer {
                actor: command.actor,
                decided: decided.clone(),
            },
        );
        self.batch.answers.push(AnswerRow {
            command: command.id,
            actor: command.actor,
            decided: decided.clone(),
            at: self.now,
        });
        Ok(decided)
    }

    /// Judges what a deadline leads to. No answer of it is kept: that it came is in the conversation, and the next one may
    /// be set to the same instant. Where it leads to nothing, it is not asked again before something changes.
    pub(super) fn due(&mut self, row: &DueRow) -> Result<(), Fault> {
        let before = self.head.number;
        let version = self.state(due::place(row)).map_or(0, |state| state.version);
        // A refusal: the conversation or its inbox is gone. Nothing is due there any more.
        self.judge(&due::command(row, version))?.ok();
        if self.head.number != before {
            return Ok(());
        }
        match *row {
            DueRow::Deadline { conversation, what, at } => {
                // One that came meanwhile, asked by another server, says nothing about the next: that is looked at again.
                if self
                    .state(conversation)
                    .is_some_and(|state| deadlines(state).any(|one| one == (at, what)))
                {
                    self.parked.insert(conversation);
                }
                self.touch(conversation);
            }
            DueRow::Lease {
                conversation, token, ..
            } => self.refresh_lease(conversation, token),
        }
        Ok(())
    }

    /// A lease that is due and still stands: renewed meanwhile, or the inbox's policy is another one now. One without its lock goes.
    fn refresh_lease(&mut self, id: ConversationId, token: u64) {
        let Some(lease) = self.lease(id).filter(|lease| lease.token == token) else {
            return;
        };
        let held = self
            .state(id)
            .and_then(|state| state.lock.as_ref())
            .is_some_and(|lock| lock.token == token);
        let policy = self
            .state(id)
            .and_then(|state| self.documents.inboxes().get(&state.inbox))
            .map(|inbox| &inbox.policy);
        match policy {
            Some(policy) if held => {
                let (idle_ms, lifetime_ms) = (policy.lock_release_ms, policy.lock_lifetime_ms);
                if (idle_ms, lifetime_ms) != (lease.idle_ms, lease.lifetime_ms) {
                    self.leases.insert(
                        id,
                        Some(LeaseRow {
                            idle_ms,
                            lifetime_ms,
                            ..lease
                        }),
                    );
                }
            }
            _ => {
                self.leases.insert(id, None);
            }
        }
    }

    fn touch(&mut self, id: ConversationId) {
        if let Some(state) = self.state(id).cloned() {
            self.states.insert(id, state);
            self.changed.insert(id);
        }
    }

    /// Judges and applies; nothing is kept as an answer. For what is remembered elsewhere: mail, in the ledger.
    pub(super) fn judge(&mut self, command: &Command) -> Result<Result<(), Refusal>, Fault> {
        if matches!(
            command.body,
            CommandBody::PutDocument { .. } | CommandBody::RemoveDocument { .. }
        ) {
            return self.judge_document(command);
        }
        if matches!(command.body, CommandBody::OutboundSending { .. }) {
            // Right before the fence once more: what must not leave is cancelled, and the host told that it is gone.
            self.settle_standing_of(command, command.conversation)?;
        }
        let (events, beside) = match self.decide(command) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let moves = events.iter().any(|event| matches!(event, Event::MovedOut { .. }));
        for event in events {
            self.apply(command, event)?;
        }
        self.settle_lease(command.conversation);
        for (other, events) in beside {
            let there = Command {
                conversation: other,
                ..command.clone()
            };
            for event in events {
                self.apply(&there, event)?;
            }
        }
        if moves {
            self.settle_drafts(command, Some(command.conversation))?;
        }
        Ok(Ok(()))
    }

    fn judge_document(&mut self, command: &Command) -> Result<Result<(), Refusal>, Fault> {
        let conversations = match &command.body {
            CommandBody::RemoveDocument { document } => self.conversations_in(InboxId(document.0)),
            _ => 0,
        };
        let context = DocumentContext {
            documents: self.documents.all(),
            members: self.documents.members(),
            conversations,
        };
        match decide_document(command, context) {
            Err(refusal) => Ok(Err(refusal)),
            Ok(None) => Ok(Ok(())),
            Ok(Some(body)) => {
                match &body {
                    LogBody::DocumentPut { document } => {
                        self.promise_anew(document);
                        self.batch.removed_documents.retain(|id| *id != document.id);
                        self.batch.documents.retain(|known| known.id != document.id);
                        self.batch.documents.push(document.clone());
                    }
                    LogBody::DocumentRemoved { id } => {
                        self.batch.documents.retain(|known| known.id != *id);
                        self.batch.removed_documents.push(*id);
                    }
                    LogBody::Conversation { .. } => {}
                }
                let scope = match &body {
                    LogBody::DocumentPut { document } => document.body.scope(),
                    LogBody::DocumentRemoved { .. } | LogBody::Conversation { .. } => Scope::Workspace,
                };
                Arc::make_mut(&mut self.documents).apply(&body);
                self.append(command, scope, body)?;
                self.settle_standing(command)?;
                self.settle_drafts(command, None)?;
                Ok(Ok(()))
            }
        }
    }

    /// An inbox that promises something else, or keeps other hours: its clocks are computed anew, by the scheduler, in batches.
    fn promise_anew(&mut self, document: &Document) {
        let DocumentBody::Inbox(after) = &document.body else {
            return;
        };
        let before = self.documents.inboxes().get(&after.id);
        if before.is_some_and(|before| before.policy.sla.version != after.policy.sla.version) {
            self.batch.retargeted.push((after.id, self.now));
        }
    }

    /// How many conversations lie in an inbox, as this commit has it so far.
    fn conversations_in(&self, inbox: InboxId) -> u32 {
        let (came, left) = self.moved.get(&inbox).copied().unwrap_or_default();
        let stored = self.loaded.counts.get(&inbox).copied().unwrap_or(0);
        stored.saturating_add(came).saturating_sub(left)
    }

    fn count_places(&mut self, event: &Event, before: Option<InboxId>) {
        let mut came = |inbox: InboxId| {
            let (came, _) = self.moved.entry(inbox).or_default();
            *came = came.saturating_add(1);
        };
        match event {
            Event::Created { inbox, .. } => came(*inbox),
            Event::MovedOut { to } => {
                came(*to);
                if let Some(from) = before {
                    let (_, left) = self.moved.entry(from).or_default();
                    *left = left.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// After a document changed: what its members may not do any more ends in the same commit. Everything in question is loaded.
    fn settle_standing(&mut self, command: &Command) -> Result<(), Fault> {
        let all: BTreeSet<ConversationId> = self
            .loaded
            .conversations
            .keys()
            .chain(self.states.keys())
            .copied()
            .collect();
        all.into_iter().try_for_each(|id| self.settle_standing_of(command, id))
    }

    fn settle_standing_of(&mut self, command: &Command, id: ConversationId) -> Result<(), Fault> {
        let Some(state) = self.state(id) else { return Ok(()) };
        let Some(inbox) = self.documents.inboxes().get(&state.inbox) else {
            return Ok(());
        };
        let standing = Standing {
            now: self.now,
            inbox,
            members: self.documents.members(),
            accounts: self.documents.accounts(),
        };
        let events = no_longer_stands(state, standing);
        if events.is_empty() {
            return Ok(());
        }
        let there = Command {
            conversation: id,
            ..command.clone()
        };
        for event in events {
            self.apply(&there, event)?;
        }
        self.settle_lease(id);
        Ok(())
    }

    /// After a document changed, or a conversation moved: the drafts of those who can't read them any more become notes. Everything in
    /// question is loaded.
    fn settle_drafts(&mut self, command: &Command, only: Option<ConversationId>) -> Result<(), Fault> {
        let mut drafts: BTreeMap<ConversationId, Vec<SavedDraft>> = BTreeMap::new();
        let asked = |row: &&DraftRow| only.is_none_or(|only| only == row.conversation);
        for row in self.loaded.drafts.values().filter(asked) {
            drafts.entry(row.conversation).or_default().push(saved(row));
        }
        for (id, drafts) in drafts {
            let inbox = self
                .state(id)
                .and_then(|state| self.documents.inboxes().get(&state.inbox));
            let Some(inbox) = inbox else { continue };
            let standing = Standing {
                now: self.now,
                inbox,
                members: self.documents.members(),
                accounts: self.documents.accounts(),
            };
            let there = Command {
                conversation: id,
                ..command.clone()
            };
            for (draft, note) in left_behind(&drafts, standing) {
                self.loaded.drafts.remove(&draft);
                self.batch.used_drafts.push(draft);
                if let Some(note) = note {
                    self.apply(&there, note)?;
                }
            }
        }
        Ok(())
    }

    /// What happens in its conversation, and what beside it in others.
    fn decide(&self, command: &Command) -> Result<(Vec<Event>, Beside), Refusal> {
        let state = self.state(command.conversation);
        let inbox = match (&command.body, state) {
            (_, Some(state)) => state.inbox,
            (
                CommandBody::Start { inbox, .. }
                | CommandBody::Receive { inbox, .. }
                | CommandBody::ExternalReply { inbox, .. },
                None,
            ) => *inbox,
            (_, None) => return Err(Refusal::Gone),
        };
        let inbox = self.documents.inboxes().get(&inbox).ok_or(Refusal::Gone)?;
        let capabilities = self.capabilities(command.actor, inbox);
        let lock = state.and_then(|state| state.lock.as_ref());
        let lease = self
            .lease(command.conversation)
            .filter(|lease| lock.is_some_and(|lock| lock.token == lease.token));
        let draft = match command.body {
            CommandBody::Reply { draft, .. } | CommandBody::Forward { draft, .. } => {
                self.draft(draft, command.conversation)
            }
            _ => None,
        };
        let facts = self
            .loaded
            .routing
            .as_ref()
            .map(|routing| (&routing.loads, &routing.turns));
        let others = self.others(command, state);
        let log = self.log_of(command);
        let context = Context {
            now: self.now,
            capabilities: &capabilities,
            inbox,
            inboxes: self.documents.inboxes(),
            members: self.documents.members(),
            accounts: self.documents.accounts(),
            companies: self.documents.companies(),
            next_event: self.head.number.saturating_add(1),
            next_conversation: self.head.next_conversation,
            lease: lease.map(|lease| lease.facts()),
            draft: draft.as_ref(),
            others: &others,
            log: &log,
            routing: self.routing_facts(self.documents.rules(), facts, command, state),
            header_id: &self.header_id(command, state),
        };
        let events = decide(state, command, &context)?;
        let beside = state.map(|state| decide_other(state, command, &context));
        Ok((events, beside.unwrap_or_default()))
    }

    /// The other conversations that a command is about.
    fn others(&self, command: &Command, state: Option<&Conversation>) -> BTreeMap<ConversationId, Conversation> {
        use CommandBody as C;
        let named = match (&command.body, state) {
            (C::Merge { into: other } | C::KeepApart { from: other }, _) => Some(*other),
            (C::Unmerge { .. }, Some(state)) => state.merged.as_ref().map(|merged| merged.into),
            (C::Split { .. }, _) => Some(ConversationId(command.id.0)),
            _ => None,
        };
        let goes_along = matches!(
            command.body,
            C::Merge { .. } | C::Unmerge { .. } | C::MoveToInbox { .. }
        );
        let mut next: Vec<ConversationId> = state
            .filter(|_| goes_along)
            .into_iter()
            .flat_map(Conversation::absorbs)
            .collect();
        let mut others = BTreeMap::new();
        while let Some(id) = next.pop() {
            if let Some(part) = self.state(id) {
                next.extend(part.absorbs());
                others.insert(id, part.clone());
            }
        }
        let named = named.and_then(|id| self.state(id));
        others.extend(named.map(|other| (other.id, other.clone())));
        others
    }

    /// Where a conversation goes on: what was merged into another goes on there.
    pub(super) fn goes_on_in(&self, id: ConversationId) -> ConversationId {
        let mut at = id;
        while let Some(merged) = self.state(at).and_then(|state| state.merged.as_ref()) {
            at = merged.into;
        }
        at
    }

    fn capabilities(&self, actor: Actor, inbox: &Inbox) -> Capabilities {
        match actor {
            Actor::Member { id } => self
                .documents
                .members()
                .get(&id)
                .map(|member| inbox.capabilities_of(member))
                .unwrap_or_default(),
            // Machines and whoever runs the server: what they may do is a question of the command, not of the inbox.
            Actor::Channel { .. } | Actor::Timer | Actor::Operator => [
                Capability::Read,
                Capability::Comment,
                Capability::Work,
                Capability::Assign,
                Capability::SendOnBehalf,
                Capability::SendAs,
                Capability::Manage,
            ]
            .into(),
        }
    }

    fn draft(&self, id: DraftId, conversation: ConversationId) -> Option<SavedDraft> {
        let row = self
            .loaded
            .drafts
            .get(&id)
            .filter(|row| row.conversation == conversation)?;
        Some(saved(row))
    }

    fn header_id(&self, command: &Command, state: Option<&Conversation>) -> String {
        let makes_one = matches!(
            command.body,
            CommandBody::Reply { .. } | CommandBody::Forward { .. } | CommandBody::AnswerAutomatically { .. }
        );
        if !makes_one {
            return String::new();
        }
        let account = state
            .and_then(|state| state.account)
            .and_then(|id| self.documents.accounts().get(&id));
        let domain = account
            .and_then(|account| account.address.rsplit_once('@'))
            .map_or("localhost", |(_, domain)| domain);
        (self.header_ids)(MessageId(command.id.0), domain)
    }

    /// Appends an event of a conversation and folds it in.
    pub(super) fn apply(&mut self, command: &Command, event: Event) -> Result<(), Fault> {
        let id = command.conversation;
        let stamp = Stamp {
            number: self.head.number.saturating_add(1),
            at: self.now,
            actor: command.actor,
            conversation: id,
        };
        // What this commit has made of it already is taken, and put back as it is then.
        let made = self.states.remove(&id);
        let before = made.or_else(|| self.state(id).cloned());
        if matches!(event, Event::Created { .. }) {
            self.head.next_conversation = self.head.next_conversation.saturating_add(1);
        }
        let lay_in = before.as_ref().map(|state| state.inbox);
        self.count_places(&event, lay_in);
        self.keep_drafts(command, &event, before.as_ref());
        let counted_for = before.as_ref().and_then(routing::counts_for);
        let after = evolve(before, stamp, &event)
            .ok_or_else(|| Fault::Rejected("an event on a conversation that never began".to_owned()))?;
        self.count_routing(stamp.number, counted_for, &after, &event);
        self.index(&after, &event);
        // Whoever reads only the inbox it left is told that, and nothing after it.
        let lies_in = match event {
            Event::MovedOut { .. } => lay_in.unwrap_or(after.inbox),
            _ => after.inbox,
        };
        let scope = Scope::Inbox { id: lies_in };
        self.states.insert(id, after);
        self.changed.insert(id);
        self.parked.remove(&id);
        self.append(
            command,
            scope,
            LogBody::Conversation {
                conversation: id,
                event,
            },
        )
    }

    pub(super) const fn next_number(&self) -> u64 {
        self.head.number.saturating_add(1)
    }

    pub(super) fn append(&mut self, command: &Command, scope: Scope, body: LogBody) -> Result<(), Fault> {
        let number = self.next_number();
        let entry = LogEntry {
            number,
            at: self.now,
            issued_at: command.issued_at,
            actor: command.actor,
            command: command.id,
            scope,
            body,
        };
        let sealed = chain::seal(self.head.hash, entry, self.salt(number))
            .map_err(|error| Fault::Rejected(error.to_string()))?;
        self.head.number = number;
        self.head.hash = sealed.hash;
        self.head.last_at = self.now;
        self.batch.entries.push(sealed);
        Ok(())
    }

    fn salt(&self, number: u64) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.entropy);
        hash.update(number.to_be_bytes());
        let mut salt = [0; 16];
        for (slot, byte) in salt.iter_mut().zip(hash.finalize()) {
            *slot = byte;
        }
        salt
    }

    /// A draft that was sent is gone; one whose reply was taken back, or failed, is a draft again. Of somebody who can't read it any
    /// more it is none: the rules made a note of it.
    fn keep_drafts(&mut self, command: &Command, event: &Event, before: Option<&Conversation>) {
        match event {
            Event::ReplyQueued { .. } => {
                if let CommandBody::Reply { draft, .. } | CommandBody::Forward { draft, .. } = command.body {
                    self.loaded.drafts.remove(&draft);
                    self.batch.used_drafts.push(draft);
                }
            }
            Event::OutboundCancelled { outbound, .. } | Event::OutboundFailed { outbound, .. } => {
                if let Some(state) = before
                    && let Some(reply) = state.outbound(*outbound)
                    && self.documents.reads(reply.by, state.inbox)
                {
                    self.batch.returned_drafts.push(DraftRow {
                        id: DraftId::derive(reply.id.0, "returned"),
                        conversation: command.conversation,
                        member: reply.by,
                        text: reply.draft.clone(),
                        revision: 1,
                        saved_at: self.now,
                        files_present: true,
                    });
                }
            }
            _ => {}
        }
    }

    /// Brings the lease's row in line with the lock: one granted lives from now on, one without a lock is gone.
    fn settle_lease(&mut self, id: ConversationId) {
        let held = self.lease(id);
        let Some(state) = self.state(id) else { return };
        match &state.lock {
            Some(lock) if held.is_none_or(|held| held.token != lock.token) => {
                let Some(policy) = self.documents.inboxes().get(&state.inbox).map(|inbox| &inbox.policy) else {
                    return;
                };
                let row = LeaseRow {
                    conversation: id,
                    token: lock.token,
                    member: lock.member,
                    device: lock.device,
                    expires: self.now.plus_ms(policy.lock_lifetime_ms),
                    active_at: self.now,
                    lifetime_ms: policy.lock_lifetime_ms,
                    idle_ms: policy.lock_release_ms,
                };
                self.leases.insert(id, Some(row));
            }
            None if held.is_some() => {
                self.leases.insert(id, None);
            }
            _ => {}
        }
    }

    /// The batch to append, and what it leaves behind.
    pub(super) fn finish(mut self) -> (Batch, Done) {
        let mut wake: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| wake = Some(wake.map_or(at, |known| known.min(at)));
        for (_, at) in &self.batch.retargeted {
            sooner(*at);
        }
        for id in &self.changed {
            let Some(state) = self.states.get(id) else { continue };
            // One that was asked and led to nothing is asked again when the conversation changes.
            let next = next_deadline(state).filter(|(at, _)| !(self.parked.contains(id) && *at <= self.now));
            if let Some((at, _)) = next {
                sooner(at);
            }
            self.batch.conversations.push(ConversationRow {
                conversation: state.clone(),
                wake: next,
            });
        }
        for (id, lease) in &self.leases {
            match lease {
                Some(lease) => {
                    sooner(lease.lapses().0);
                    self.batch.leases.push(*lease);
                }
                None => self.batch.ended_leases.push(*id),
            }
        }
        self.batch.keys = self.keys.into_values().collect();
        self.batch.head = self.head.clone();
        let entries = self
            .batch
            .entries
            .iter()
            .map(|sealed: &Sealed| sealed.entry.clone())
            .collect();
        let mut states = self.loaded.conversations;
        states.extend(self.states);
        let done = Done {
            head: self.head,
            documents: self.documents,
            states: states.into_values().collect(),
            entries,
            wake,
        };
        (self.batch, done)
    }
}

fn saved(row: &DraftRow) -> SavedDraft {
    SavedDraft {
        id: row.id,
        member: row.member,
        text: row.text.clone(),
        files_present: row.files_present,
    }
}
