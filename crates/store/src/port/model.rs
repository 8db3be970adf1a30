//! The modelled store: the port in memory, deterministic, with the faults a disk has.
//!
//! It is synchronous and knows no time of its own. Several referees share one model and one head lock. What was appended is
//! visible at once and durable only after [`Model::sync`]; [`Model::crash`] loses the rest. The simulator decides when either
//! happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use baton_domain::{
    AccountId, CommandId, Conversation, ConversationId, Deadline, Document, DocumentId, DraftId, HostGrant, InboxId,
    LogBody, LogEntry, MemberId, Timestamp, Turns,
};
use uuid::Uuid;

use super::{
    AnswerRow, Batch, ContactFacts, ConversationRow, DigestHit, DigestRow, DraftRow, DueList, DueRow, FolderCursor,
    HITS_PER_KEY, Head, HostLease, ItemKey, ItemOutcome, ItemRow, KNOWN_PER_CONTACT, KeyHit, KeyRow, LeaseRow, Loaded,
    Needs, OPEN_PER_CONTACT, PortError, Renewal, RoutingLoaded, RoutingNeeds, Sealed, Sequencer, StoredAnswer, Tail,
    ThreadKey, contact_key, related,
};

/// Which referee holds the head, as the model's caller numbers them.
pub type Holder = u32;

/// How much that was synced is kept to be caught up with: a life of the simulator has less.
const SYNCED_AT_MOST: usize = 8192;

/// Everything of one workspace.
#[derive(Debug, Clone)]
struct State {
    head: Head,
    log: Vec<Sealed>,
    answers: BTreeMap<CommandId, AnswerRow>,
    conversations: BTreeMap<ConversationId, ConversationRow>,
    keys: BTreeMap<(ThreadKey, ConversationId), KeyRow>,
    digests: BTreeMap<String, DigestRow>,
    items: BTreeMap<ItemKey, ItemRow>,
    cursors: BTreeMap<(AccountId, String), FolderCursor>,
    leases: BTreeMap<ConversationId, LeaseRow>,
    hosts: BTreeMap<AccountId, HostLease>,
    documents: BTreeMap<DocumentId, Document>,
    drafts: BTreeMap<DraftId, DraftRow>,
    turns: Turns,
}

/// What happened since the last sync, to be made durable in this order.
#[derive(Debug, Clone)]
enum Unsynced {
    Batch(Box<Batch>),
    Renewal(Renewal, Timestamp),
    HostRenewal(HostGrant, Timestamp),
    Draft(Box<DraftRow>),
    Grace(Timestamp),
}

/// A workspace's store, in memory.
#[derive(Debug, Clone)]
pub struct Model {
    /// As it was at some sync; what was synced since is in `synced`. It is looked at only after a crash that loses something.
    durable: State,
    synced: Vec<Unsynced>,
    current: State,
    unsynced: Vec<Unsynced>,
    holder: Option<Holder>,
    now: Timestamp,
}

impl Model {
    /// An empty log with that epoch.
    #[must_use]
    pub fn new(epoch: Uuid) -> Self {
        let state = State::new(epoch);
        Self {
            durable: state.clone(),
            synced: Vec::new(),
            current: state,
            unsynced: Vec::new(),
            holder: None,
            now: Timestamp(0),
        }
    }

    /// Sets the database's clock.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Takes the head for `holder` and loads what it needs; `None` while another has it.
    pub fn begin(&mut self, holder: Holder, needs: &Needs) -> Option<Loaded> {
        if self.holder.is_some_and(|other| other != holder) {
            return None;
        }
        self.holder = Some(holder);
        Some(self.current.load(needs, self.now))
    }

    /// Writes a batch and lets the head go. It is visible at once, and durable after the next [`Self::sync`].
    ///
    /// # Errors
    /// When `holder` does not have the head, or the batch contradicts what is stored; nothing is written then.
    pub fn append(&mut self, holder: Holder, batch: Batch) -> Result<(), PortError> {
        if self.holder != Some(holder) {
            return Err(PortError::HeadMoved);
        }
        self.holder = None;
        self.current.check(&batch)?;
        self.current.apply(&batch);
        self.unsynced.push(Unsynced::Batch(Box::new(batch)));
        Ok(())
    }

    /// Lets the head go.
    pub fn rollback(&mut self, holder: Holder) {
        if self.holder == Some(holder) {
            self.holder = None;
        }
    }

    /// Moves a lease's expiry, if it is still that lease.
    pub fn renew(&mut self, renewal: Renewal) -> bool {
        let held = self.current.renew(renewal, self.now);
        if held {
            self.unsynced.push(Unsynced::Renewal(renewal, self.now));
        }
        held
    }

    /// Moves the time at which a grant runs out, if it is still that grant and has not run out.
    pub fn renew_host(&mut self, grant: HostGrant, lifetime_ms: i64) -> bool {
        let until = self.now.plus_ms(lifetime_ms);
        let held = self.current.renew_host(grant, self.now, until);
        if held {
            self.unsynced.push(Unsynced::HostRenewal(grant, until));
        }
        held
    }

    /// Who holds the head.
    #[must_use]
    pub const fn holder(&self) -> Option<Holder> {
        self.holder
    }

    /// A host that was well all the while has renewed its grant each time it had to: for a simulation that skips idle time, and with
    /// it these renewals. False where the grant is none any more.
    pub fn renewed_meanwhile(&mut self, grant: HostGrant, lifetime_ms: i64) -> bool {
        let until = self.now.plus_ms(lifetime_ms);
        let held = self.current.renew_host(grant, Timestamp(i64::MIN), until);
        if held {
            self.unsynced.push(Unsynced::HostRenewal(grant, until));
        }
        held
    }

    /// Gives every open lease one lifetime from now: done when a referee starts.
    pub fn grace(&mut self) {
        self.current.grace(self.now);
        self.synced.push(Unsynced::Grace(self.now));
    }

    /// Saves a draft, unless a newer one of the same conversation and author is there.
    pub fn put_draft(&mut self, draft: DraftRow) -> bool {
        let saved = self.current.put_draft(&draft);
        if saved {
            self.unsynced.push(Unsynced::Draft(Box::new(draft)));
        }
        saved
    }

    /// Makes durable what was appended.
    pub fn sync(&mut self) {
        self.synced.append(&mut self.unsynced);
        if self.synced.len() > SYNCED_AT_MOST {
            self.catch_up();
        }
    }

    /// Brings what is durable up to the last sync.
    fn catch_up(&mut self) {
        for step in std::mem::take(&mut self.synced) {
            match step {
                Unsynced::Batch(batch) => self.durable.apply(&batch),
                Unsynced::Renewal(renewal, at) => {
                    self.durable.renew(renewal, at);
                }
                Unsynced::HostRenewal(grant, until) => {
                    // It held when it was asked.
                    self.durable.renew_host(grant, Timestamp(i64::MIN), until);
                }
                Unsynced::Draft(draft) => {
                    self.durable.put_draft(&draft);
                }
                Unsynced::Grace(now) => self.durable.grace(now),
            }
        }
    }

    /// The power goes: what was not synced is lost, and nobody holds the head.
    pub fn crash(&mut self) {
        self.holder = None;
        if self.unsynced.is_empty() {
            return;
        }
        self.unsynced.clear();
        self.catch_up();
        self.current = self.durable.clone();
    }

    /// What is due, and when to look again.
    #[must_use]
    pub fn due(&self, limit: usize) -> DueList {
        let deadlines = self.current.conversations.values().filter_map(|row| {
            let (at, what) = row.wake?;
            Some((
                at,
                DueRow::Deadline {
                    conversation: row.conversation.id,
                    what,
                    at,
                },
            ))
        });
        let leases = self.current.leases.values().map(|lease| {
            let (at, idle) = lease.lapses();
            let row = DueRow::Lease {
                conversation: lease.conversation,
                token: lease.token,
                idle,
                at,
            };
            (at, row)
        });
        let mut all: Vec<_> = deadlines.chain(leases).collect();
        all.sort_by_key(|(at, _)| *at);
        let next = all.iter().map(|(at, _)| *at).find(|at| *at > self.now);
        let rows = all
            .into_iter()
            .filter(|(at, _)| *at <= self.now)
            .map(|(_, row)| row)
            .take(limit)
            .collect();
        DueList {
            rows,
            now: self.now,
            next,
        }
    }

    /// What was appended after `after`.
    #[must_use]
    pub fn tail(&self, after: u64) -> Tail {
        Tail {
            epoch: self.current.head.epoch,
            entries: self.current.after(after),
        }
    }

    /// The head, whoever holds it.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.current.head
    }

    /// The whole log.
    #[must_use]
    pub fn log(&self) -> &[Sealed] {
        &self.current.log
    }

    /// A conversation's projection.
    #[must_use]
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.current.conversations.get(&id).map(|row| &row.conversation)
    }

    /// All conversations.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.current.conversations.values().map(|row| &row.conversation)
    }

    /// All documents.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.current.documents.values()
    }

    /// An account's ledger.
    pub fn items(&self) -> impl Iterator<Item = &ItemRow> {
        self.current.items.values()
    }

    /// How far a folder has been read.
    #[must_use]
    pub fn cursor(&self, account: AccountId, folder: &str) -> Option<&FolderCursor> {
        self.current.cursors.get(&(account, folder.to_owned()))
    }

    /// A draft as saved.
    #[must_use]
    pub fn draft(&self, id: DraftId) -> Option<&DraftRow> {
        self.current.drafts.get(&id)
    }

    /// The live facts of a conversation's reply lock.
    #[must_use]
    pub fn lease(&self, conversation: ConversationId) -> Option<&LeaseRow> {
        self.current.leases.get(&conversation)
    }
}

impl State {
    const fn new(epoch: Uuid) -> Self {
        Self {
            head: Head::empty(epoch),
            log: Vec::new(),
            answers: BTreeMap::new(),
            conversations: BTreeMap::new(),
            keys: BTreeMap::new(),
            digests: BTreeMap::new(),
            items: BTreeMap::new(),
            cursors: BTreeMap::new(),
            leases: BTreeMap::new(),
            hosts: BTreeMap::new(),
            documents: BTreeMap::new(),
            drafts: BTreeMap::new(),
            turns: Turns::new(),
        }
    }

    fn after(&self, number: u64) -> Vec<Sealed> {
        let from = usize::try_from(number).unwrap_or(usize::MAX);
        self.log.get(from..).unwrap_or_default().to_vec()
    }

    fn log_of(&self, id: ConversationId) -> Vec<LogEntry> {
        let entries = self.log.iter().map(|sealed| &sealed.entry);
        let of_it =
            |entry: &&LogEntry| matches!(entry.body, LogBody::Conversation { conversation, .. } if conversation == id);
        entries.filter(of_it).cloned().collect()
    }

    fn load(&self, needs: &Needs, now: Timestamp) -> Loaded {
        let mut wanted = needs.conversations.clone();
        wanted.extend(&needs.whole);
        let mut hits = BTreeMap::new();
        for key in &needs.keys {
            let mut found: Vec<KeyHit> = self
                .keys
                .range((key.clone(), ConversationId(Uuid::nil()))..)
                .take_while(|((at, _), _)| at == key)
                .map(|(_, row)| KeyHit {
                    conversation: row.conversation,
                    message: row.message,
                    mentioned: row.mentioned,
                    ours: row.ours,
                    at: row.at,
                })
                .collect();
            found.sort_by_key(|hit| (std::cmp::Reverse(hit.at), hit.conversation));
            found.truncate(HITS_PER_KEY);
            wanted.extend(found.iter().map(|hit| hit.conversation));
            if !found.is_empty() {
                hits.insert(key.clone(), found);
            }
        }
        let digests: BTreeMap<String, DigestHit> = pick(&self.digests, &needs.digests)
            .map(|(digest, row)| {
                let hit = DigestHit {
                    conversation: row.conversation,
                    message: row.message,
                    account: row.account,
                };
                (digest.clone(), hit)
            })
            .collect();
        wanted.extend(digests.values().map(|hit| hit.conversation));
        let asked = |state: &&Conversation| {
            let open = state.owner.filter(|_| !state.status.is_over());
            open.is_some_and(|owner| needs.owners.contains(&owner)) || needs.replying && replying(state)
        };
        let states = self.conversations.values().map(|row| &row.conversation);
        wanted.extend(states.filter(asked).map(|state| state.id));
        let theirs = self
            .drafts
            .values()
            .filter(|draft| needs.authors.contains(&draft.member));
        wanted.extend(theirs.clone().map(|draft| draft.conversation));
        let drafts = self.drafts.values();
        let begun = drafts.filter(|draft| needs.begun_in.contains(&draft.conversation));
        let states = |wanted: &BTreeSet<ConversationId>| -> BTreeMap<ConversationId, Conversation> {
            pick(&self.conversations, wanted)
                .map(|(id, row)| (*id, row.conversation.clone()))
                .collect()
        };
        let mut conversations = states(&wanted);
        loop {
            let known = conversations.len();
            conversations.extend(states(&related(&conversations, &needs.whole)));
            if conversations.len() == known {
                break;
            }
        }
        let leased = wanted.union(&needs.leases).copied().collect();
        let routing = needs
            .routing
            .as_ref()
            .map(|routing| self.routing(routing, &conversations));
        Loaded {
            head: self.head.clone(),
            now,
            tail: needs.after.map(|number| self.after(number)).unwrap_or_default(),
            documents: needs
                .after
                .is_none()
                .then(|| self.documents.values().cloned().collect()),
            answers: pick(&self.answers, &needs.commands)
                .map(|(id, row)| {
                    (
                        *id,
                        StoredAnswer {
                            actor: row.actor,
                            decided: row.decided.clone(),
                        },
                    )
                })
                .collect(),
            conversations,
            leases: pick(&self.leases, &leased).map(|(id, row)| (*id, *row)).collect(),
            hosts: pick(&self.hosts, &needs.hosts).map(|(id, row)| (*id, *row)).collect(),
            hits,
            digests,
            items: pick(&self.items, &needs.items)
                .map(|(key, row)| (key.clone(), row.outcome.clone()))
                .collect(),
            drafts: pick(&self.drafts, &needs.drafts)
                .map(|(id, row)| (*id, row.clone()))
                .chain(theirs.map(|draft| (draft.id, draft.clone())))
                .chain(begun.map(|draft| (draft.id, draft.clone())))
                .collect(),
            logs: needs.logs.iter().map(|id| (*id, self.log_of(*id))).collect(),
            counts: needs.counted.iter().map(|inbox| (*inbox, self.count(*inbox))).collect(),
            routing,
        }
    }

    fn routing(&self, needs: &RoutingNeeds, loaded: &BTreeMap<ConversationId, Conversation>) -> RoutingLoaded {
        let states = || self.conversations.values().map(|row| &row.conversation);
        let open = |state: &&Conversation| !state.status.is_over();
        let load = |member: MemberId| {
            states()
                .filter(open)
                .filter(|state| state.owner == Some(member))
                .count()
        };
        let theirs = needs.contacts_of.iter().filter_map(|id| loaded.get(id));
        let mut keys = needs.contacts.clone();
        keys.extend(theirs.map(|state| contact_key(&state.contact.email)));
        let contact = |key: &String| {
            let mut of_contact: Vec<&Conversation> = states()
                .filter(|state| contact_key(&state.contact.email) == *key)
                .collect();
            of_contact.sort_by_key(|state| std::cmp::Reverse((state.updated_at, state.id)));
            let owned = of_contact.iter().filter(|state| open(state));
            ContactFacts {
                known: of_contact
                    .iter()
                    .take(KNOWN_PER_CONTACT)
                    .map(|state| state.id)
                    .collect(),
                open: owned
                    .filter_map(|state| Some((state.id, state.owner?)))
                    .take(OPEN_PER_CONTACT)
                    .collect(),
            }
        };
        RoutingLoaded {
            loads: needs
                .pool
                .iter()
                .map(|member| (*member, u32::try_from(load(*member)).unwrap_or(u32::MAX)))
                .filter(|(_, load)| *load > 0)
                .collect(),
            turns: self
                .turns
                .iter()
                .filter(|((rule, _), _)| needs.rules.contains(rule))
                .map(|(whose, number)| (*whose, *number))
                .collect(),
            contacts: keys.into_iter().map(|key| (key.clone(), contact(&key))).collect(),
        }
    }

    fn count(&self, inbox: InboxId) -> u32 {
        let inside = |row: &&ConversationRow| row.conversation.inbox == inbox;
        u32::try_from(self.conversations.values().filter(inside).count()).unwrap_or(u32::MAX)
    }

    fn check(&self, batch: &Batch) -> Result<(), PortError> {
        if batch.expected != self.head.number {
            return Err(PortError::HeadMoved);
        }
        let last = batch.entries.iter().try_fold(batch.expected, |number, sealed| {
            (sealed.entry.number == number.saturating_add(1)).then_some(sealed.entry.number)
        });
        if last != Some(batch.head.number) {
            return Err(PortError::Rejected("the entries are not consecutive".to_owned()));
        }
        if let Some(row) = batch.answers.iter().find(|row| self.answers.contains_key(&row.command)) {
            return Err(PortError::Rejected(format!(
                "command {} was answered before",
                row.command
            )));
        }
        if batch.items.iter().any(|row| self.items.contains_key(&row.key)) {
            return Err(PortError::Rejected("an item was accounted for before".to_owned()));
        }
        let in_quarantine = |row: &ItemRow| {
            self.items
                .get(&row.key)
                .is_some_and(|known| matches!(known.outcome, ItemOutcome::Quarantined { .. }))
        };
        if !batch.settled.iter().all(in_quarantine) {
            return Err(PortError::Rejected("an item is not in quarantine".to_owned()));
        }
        Ok(())
    }

    fn apply(&mut self, batch: &Batch) {
        self.head = batch.head.clone();
        self.log.extend(batch.entries.iter().cloned());
        self.answers
            .extend(batch.answers.iter().map(|row| (row.command, row.clone())));
        self.conversations
            .extend(batch.conversations.iter().map(|row| (row.conversation.id, row.clone())));
        for (inbox, at) in &batch.retargeted {
            let open =
                |row: &&mut ConversationRow| row.conversation.inbox == *inbox && !row.conversation.status.is_over();
            for row in self.conversations.values_mut().filter(open) {
                row.wake = Some((*at, Deadline::Targets));
            }
        }
        for dropped in &batch.dropped_keys {
            let place = (dropped.key.clone(), dropped.conversation);
            if self.keys.get(&place).is_some_and(|row| row.message == dropped.message) {
                self.keys.remove(&place);
            }
        }
        for row in &batch.keys {
            self.keys
                .entry((row.key.clone(), row.conversation))
                .and_modify(|known| {
                    known.at = known.at.max(row.at);
                    if known.mentioned && !row.mentioned {
                        known.message = row.message;
                        known.mentioned = false;
                    }
                    known.ours |= row.ours;
                })
                .or_insert_with(|| row.clone());
        }
        for row in &batch.digests {
            self.digests.entry(row.digest.clone()).or_insert_with(|| row.clone());
        }
        self.items.extend(
            batch
                .items
                .iter()
                .chain(&batch.settled)
                .map(|row| (row.key.clone(), row.clone())),
        );
        for cursor in &batch.cursors {
            self.cursors
                .insert((cursor.account, cursor.folder.clone()), cursor.clone());
        }
        for conversation in &batch.ended_leases {
            self.leases.remove(conversation);
        }
        self.leases
            .extend(batch.leases.iter().map(|row| (row.conversation, *row)));
        self.hosts
            .extend(batch.hosts.iter().map(|row| (row.grant.account, *row)));
        self.turns
            .extend(batch.turns.iter().map(|row| ((row.rule, row.member), row.number)));
        self.documents
            .extend(batch.documents.iter().map(|document| (document.id, document.clone())));
        for id in &batch.removed_documents {
            self.documents.remove(id);
        }
        for id in &batch.used_drafts {
            self.drafts.remove(id);
        }
        for draft in &batch.returned_drafts {
            let begun = |row: &DraftRow| row.conversation == draft.conversation && row.member == draft.member;
            if !self.drafts.values().any(begun) {
                self.drafts.insert(draft.id, draft.clone());
            }
        }
    }

    fn grace(&mut self, now: Timestamp) {
        for lease in self.leases.values_mut() {
            lease.expires = lease.expires.max(now.plus_ms(lease.lifetime_ms));
        }
    }

    fn renew(&mut self, renewal: Renewal, now: Timestamp) -> bool {
        let Some(lease) = self.leases.get_mut(&renewal.conversation) else {
            return false;
        };
        let held = lease.token == renewal.token && lease.member == renewal.member && lease.device == renewal.device;
        if held {
            lease.expires = now.plus_ms(lease.lifetime_ms);
            lease.active_at = lease.active_at.max(renewal.active_at.min(now));
        }
        held
    }

    fn renew_host(&mut self, grant: HostGrant, now: Timestamp, until: Timestamp) -> bool {
        let Some(row) = self.hosts.get_mut(&grant.account) else {
            return false;
        };
        let held = row.grant == grant && row.expires > now;
        if held {
            row.expires = until;
        }
        held
    }

    fn put_draft(&mut self, draft: &DraftRow) -> bool {
        let newer = |row: &DraftRow| {
            row.conversation == draft.conversation && row.member == draft.member && row.revision >= draft.revision
        };
        if self.drafts.values().any(newer) {
            return false;
        }
        self.drafts
            .retain(|_, row| row.conversation != draft.conversation || row.member != draft.member);
        self.drafts.insert(draft.id, draft.clone());
        true
    }
}

/// Whether somebody replies in it, or a reply has not left.
fn replying(state: &Conversation) -> bool {
    state.lock.is_some() || state.outbound.iter().any(|outbound| !outbound.settled())
}

/// The rows of `map` with those keys, in order.
fn pick<'a, K: Ord, V>(
    map: &'a BTreeMap<K, V>,
    keys: &'a std::collections::BTreeSet<K>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    keys.iter().filter_map(|key| map.get_key_value(key))
}

/// The model behind the port's asynchronous face, synced at every append: what the contract tests hold the databases to.
#[derive(Debug, Clone)]
pub struct ModelPort {
    model: Arc<Mutex<Model>>,
    head: Arc<tokio::sync::Mutex<()>>,
}

impl ModelPort {
    /// A port to that model.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            model: Arc::new(Mutex::new(model)),
            head: Arc::default(),
        }
    }

    /// The model itself.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sequencer for ModelPort {
    type Tx = tokio::sync::OwnedMutexGuard<()>;

    async fn begin(&self, needs: &Needs) -> Result<(Self::Tx, Loaded), PortError> {
        let tx = Arc::clone(&self.head).lock_owned().await;
        let loaded = self.model().begin(0, needs).ok_or(PortError::HeadMoved)?;
        Ok((tx, loaded))
    }

    async fn append(&self, tx: Self::Tx, batch: Batch) -> Result<(), PortError> {
        let mut model = self.model();
        let done = model.append(0, batch);
        model.sync();
        drop(tx);
        done
    }

    async fn rollback(&self, tx: Self::Tx) {
        self.model().rollback(0);
        drop(tx);
    }

    async fn renew(&self, renewal: Renewal) -> Result<bool, PortError> {
        let mut model = self.model();
        let held = model.renew(renewal);
        model.sync();
        Ok(held)
    }

    async fn renew_host(&self, grant: HostGrant, lifetime_ms: i64) -> Result<bool, PortError> {
        let mut model = self.model();
        let held = model.renew_host(grant, lifetime_ms);
        model.sync();
        Ok(held)
    }

    async fn due(&self, limit: usize) -> Result<DueList, PortError> {
        Ok(self.model().due(limit))
    }

    async fn tail(&self, after: u64) -> Result<Tail, PortError> {
        Ok(self.model().tail(after))
    }
}
