//! Rehearsing routing rules (O9): what a draft would have done with past conversations, beside what the set in force would have.
//!
//! Each is judged as it was when its first message came: before anybody had sorted it, by the hours its inbox keeps now. Where a rule sends it is
//! compared, not who was there that day. One call looks at one page, the newest first; what it holds is bounded, and the pages add up.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use baton_domain::{
    Conversation, ConversationId, Destination, InboxId, Lead, MemberId, Message, MessageKind, Prepared, RuleId,
    RuleSet, Timestamp, Timetable,
};
use baton_protocol::{Compared, Rehearsal, RehearsalExample, RehearsedMove};
use baton_store::port::contact_key;
use baton_store::server::{ConversationFilter, ConversationKey, ServerStore, StoreError};
use futures::stream::{self, Stream, TryStreamExt as _};
use tokio_util::task::AbortOnDropHandle;

use crate::referee::DocumentSet;

/// How many conversations are read at a time.
const PART: u64 = 500;
/// How many parts a page consists of.
const PARTS: u32 = 16;
/// How many examples it gives of one move.
pub(crate) const EXAMPLES: usize = 5;

type Key = (Destination, Destination, Option<RuleId>);

/// What a rehearsal looks at, as it lies in the database.
struct Part {
    conversations: Vec<Conversation>,
    firsts: BTreeMap<ConversationId, Message>,
    known_since: BTreeMap<String, Timestamp>,
    next: Option<ConversationKey>,
}

/// The parts of a page, in order. While one is judged, what the next one's conversations began with is read, and the one after it.
fn parts(
    store: &ServerStore,
    inboxes: BTreeSet<InboxId>,
    after: Option<ConversationKey>,
) -> impl Stream<Item = Result<Part, StoreError>> {
    let beginning = store.clone();
    let store = store.clone();
    let listed = stream::try_unfold((after, PARTS), move |(after, left)| {
        let (store, inboxes) = (store.clone(), inboxes.clone());
        async move {
            if left == 0 {
                return Ok(None);
            }
            let filter = ConversationFilter {
                inboxes,
                after,
                ..ConversationFilter::default()
            };
            let (conversations, next) = beside(async move { store.conversations(&filter, PART).await }).await?;
            let then = if next.is_some() { left - 1 } else { 0 };
            Ok(Some(((conversations, next), (next, then))))
        }
    });
    let began = move |(conversations, next)| beside(beginnings(beginning.clone(), conversations, next));
    listed.map_ok(began).try_buffered(2)
}

async fn beginnings(
    store: ServerStore,
    conversations: Vec<Conversation>,
    next: Option<ConversationKey>,
) -> Result<Part, StoreError> {
    let ids: Vec<_> = conversations.iter().map(|conversation| conversation.id).collect();
    let contacts = conversations.iter().map(|conversation| &conversation.contact.email);
    let keys = contacts.map(|email| contact_key(email)).collect();
    let (firsts, known_since) = tokio::try_join!(store.first_messages(&ids), store.first_contacts(&keys))?;
    Ok(Part {
        conversations,
        firsts,
        known_since,
        next,
    })
}

/// Goes on while its caller is busy with something else.
async fn beside<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    task.await.map_err(|error| StoreError::Unreadable(error.to_string()))?
}

/// One page of a rehearsal of `draft` over the conversations of these inboxes.
///
/// # Errors
/// When the database fails.
pub async fn page(
    store: &ServerStore,
    documents: &DocumentSet,
    inboxes: BTreeSet<InboxId>,
    draft: &RuleSet,
    after: Option<ConversationKey>,
) -> Result<Rehearsal, StoreError> {
    let nothing = RuleSet::default();
    let current = documents.rules().map_or(&nothing, |(rules, _)| rules);
    let mut rehearsal = Rehearsal::default();
    let mut compared = Comparison::new(documents, current, draft);
    let mut parts = pin!(parts(store, inboxes, after));
    while let Some(part) = parts.try_next().await? {
        rehearsal.next = part.next.map(|next| next.to_string());
        for conversation in &part.conversations {
            let routed = part.firsts.get(&conversation.id).filter(|message| is_routed(message));
            // What was split off another began there, and that is looked at.
            let Some(message) = routed.filter(|_| conversation.split.is_none()) else {
                rehearsal.passed_over = rehearsal.passed_over.saturating_add(1);
                continue;
            };
            rehearsal.looked_at = rehearsal.looked_at.saturating_add(1);
            compared.look_at(conversation, message, &part.known_since, began_in(conversation));
        }
    }
    (rehearsal.escalated, rehearsal.told) = (compared.escalated, compared.told);
    rehearsal.moves = compared.moves();
    Ok(rehearsal)
}

/// Where it lay when it came, as far as rules have moved it: judged from where they had sent it, they would never move it.
fn began_in(conversation: &Conversation) -> InboxId {
    let moved = conversation.sent_by.and_then(|sent| sent.moved);
    moved.map_or(conversation.inbox, |by| by.from)
}

pub(crate) fn is_routed(message: &Message) -> bool {
    matches!(message.kind, MessageKind::Human | MessageKind::Bulk)
}

/// Two rule sets beside each other, lead by lead.
pub(crate) struct Comparison<'a> {
    documents: &'a DocumentSet,
    before: Prepared<'a>,
    after: Prepared<'a>,
    hours: Hours,
    moves: BTreeMap<Key, RehearsedMove>,
    pub(crate) escalated: Compared,
    pub(crate) told: Compared,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(documents: &'a DocumentSet, before: &'a RuleSet, after: &'a RuleSet) -> Self {
        Self {
            documents,
            before: before.prepared(),
            after: after.prepared(),
            hours: Hours::default(),
            moves: BTreeMap::new(),
            escalated: Compared::default(),
            told: Compared::default(),
        }
    }

    /// Judges a conversation as it was when its first message came to an inbox. `known_since` says when the first conversation of a contact began.
    pub(crate) fn look_at(
        &mut self,
        conversation: &Conversation,
        first: &Message,
        known_since: &BTreeMap<String, Timestamp>,
        came_to: InboxId,
    ) {
        let Self { documents, hours, .. } = self;
        let contact = &conversation.contact.email;
        let since = known_since.get(&contact_key(contact));
        let returning = since.is_some_and(|since| *since < conversation.created_at);
        let in_hours = hours.there(documents, came_to, first.at).unwrap_or(false);
        let company = documents.companies().and_then(|all| all.of(contact));
        // Who was away that day is not known; who has left looks after nobody.
        let gone = |owner: MemberId| documents.members().get(&owner).is_none_or(|member| !member.active);
        let mut lead = Lead::as_it_began(conversation, first, returning, in_hours).of_company(company, gone);
        lead.inbox = came_to;
        let mut there = |inbox| hours.there(documents, inbox, first.at);
        let before = self.before.destination(lead.clone(), &mut there);
        let after = self.after.destination(lead, &mut there);
        self.escalated.count(before.escalates, after.escalates);
        self.told.count(before.tells, after.tells);
        if before.destination != after.destination {
            self.moved((before.destination, after.destination, after.rule), conversation);
        }
    }

    fn moved(&mut self, key: Key, conversation: &Conversation) {
        let known = match self.moves.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let (from, to, rule) = free.key().clone();
                free.insert(RehearsedMove {
                    from,
                    to,
                    rule,
                    count: 0,
                    examples: Vec::new(),
                })
            }
        };
        known.count = known.count.saturating_add(1);
        if known.examples.len() < EXAMPLES {
            known.examples.push(example_of(conversation));
        }
    }

    /// What would go elsewhere, the most first.
    pub(crate) fn moves(self) -> Vec<RehearsedMove> {
        let mut moves: Vec<_> = self.moves.into_values().collect();
        moves.sort_by_key(|one| std::cmp::Reverse(one.count));
        moves
    }
}

pub(crate) fn example_of(conversation: &Conversation) -> RehearsalExample {
    RehearsalExample {
        conversation: conversation.id,
        number: conversation.number,
        inbox: conversation.inbox,
        subject: conversation.subject.clone(),
        contact: conversation.contact.email.clone(),
    }
}

/// The hours of inboxes, made ready once.
#[derive(Default)]
struct Hours {
    tables: BTreeMap<InboxId, Timetable>,
}

impl Hours {
    /// Whether the inbox was at work; `None` where there is no such inbox.
    fn there(&mut self, documents: &DocumentSet, inbox: InboxId, at: Timestamp) -> Option<bool> {
        let known = documents.inboxes().get(&inbox)?;
        let table = self
            .tables
            .entry(inbox)
            .or_insert_with(|| known.policy.calendar.timetable());
        Some(table.is_open(at))
    }
}
