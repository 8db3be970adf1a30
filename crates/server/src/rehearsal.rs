//! Rehearsing routing rules (O9): what a draft would have done with past conversations, beside what the set in force would have.
//!
//! Each is judged as it was when its first message came: before anybody had sorted it, by the hours its inbox keeps now. Where a rule sends it is
//! compared, not who was there that day. One call looks at one page, the newest first; what it holds is bounded, and the pages add up.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Conversation, ConversationId, Destination, InboxId, Lead, MemberId, Message, MessageKind, RuleId, RuleSet,
    Timestamp, Timetable,
};
use baton_protocol::{Rehearsal, RehearsalExample, RehearsedMove};
use baton_store::port::contact_key;
use baton_store::server::{ConversationFilter, ConversationKey, ServerStore, StoreError};

use tokio_util::task::AbortOnDropHandle;

use crate::referee::DocumentSet;

/// How many conversations are read at a time.
const PART: u64 = 1000;
/// How many parts a page consists of.
const PARTS: u32 = 4;
/// How many examples it gives of one move.
pub(crate) const EXAMPLES: usize = 5;

pub(crate) type Moves = BTreeMap<Key, RehearsedMove>;
type Key = (Destination, Destination, Option<RuleId>);

/// What a rehearsal looks at, as it lies in the database.
struct Part {
    conversations: Vec<Conversation>,
    firsts: BTreeMap<ConversationId, Message>,
    known_since: BTreeMap<String, Timestamp>,
    next: Option<ConversationKey>,
}

async fn read(
    store: ServerStore,
    inboxes: BTreeSet<InboxId>,
    after: Option<ConversationKey>,
) -> Result<Part, StoreError> {
    let filter = ConversationFilter {
        inboxes,
        after,
        ..ConversationFilter::default()
    };
    let (conversations, next) = store.conversations(&filter, PART).await?;
    let ids: Vec<_> = conversations.iter().map(|conversation| conversation.id).collect();
    let keys = conversations
        .iter()
        .map(|conversation| contact_key(&conversation.contact.email))
        .collect();
    let (firsts, known_since) = tokio::try_join!(store.first_messages(&ids), store.first_contacts(&keys))?;
    Ok(Part {
        conversations,
        firsts,
        known_since,
        next,
    })
}

/// One page of a rehearsal of `draft` over the conversations of these inboxes. While one part is judged the next one is read.
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
    let mut hours = Hours::default();
    // Who was away that day is not known; who has left looks after nobody.
    let gone = |owner: MemberId| documents.members().get(&owner).is_none_or(|member| !member.active);
    let mut rehearsal = Rehearsal::default();
    let mut moves = Moves::new();
    let ahead = |after| AbortOnDropHandle::new(tokio::spawn(read(store.clone(), inboxes.clone(), after)));
    let mut reading = Some(ahead(after));
    let mut parts = 0;
    while let Some(read) = reading.take() {
        let part = read
            .await
            .map_err(|error| StoreError::Unreadable(error.to_string()))??;
        parts += 1;
        match part.next {
            Some(next) if parts < PARTS => reading = Some(ahead(Some(next))),
            next => rehearsal.next = next.map(|next| next.to_string()),
        }
        for conversation in &part.conversations {
            let routed = part.firsts.get(&conversation.id).filter(|message| is_routed(message));
            // What was split off another began there, and that is looked at.
            let Some(message) = routed.filter(|_| conversation.split.is_none()) else {
                rehearsal.passed_over = rehearsal.passed_over.saturating_add(1);
                continue;
            };
            rehearsal.looked_at = rehearsal.looked_at.saturating_add(1);
            let since = part.known_since.get(&contact_key(&conversation.contact.email));
            let returning = since.is_some_and(|since| *since < conversation.created_at);
            let in_hours = hours.keeps(documents, began_in(conversation), message.at);
            let company = documents
                .companies()
                .and_then(|all| all.of(&conversation.contact.email));
            let mut lead = Lead::as_it_began(conversation, message, returning, in_hours).of_company(company, gone);
            lead.inbox = began_in(conversation);
            let mut there = |inbox| hours.there(documents, inbox, message.at);
            let before = current.destination(lead.clone(), &mut there);
            let after = draft.destination(lead, &mut there);
            rehearsal.escalated.count(before.escalates, after.escalates);
            rehearsal.told.count(before.tells, after.tells);
            if before.destination != after.destination {
                let key = (before.destination, after.destination, after.rule);
                moved(&mut moves, key, conversation);
            }
        }
    }
    rehearsal.moves = moves.into_values().collect();
    rehearsal.moves.sort_by_key(|one| std::cmp::Reverse(one.count));
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

pub(crate) fn moved(moves: &mut Moves, key: Key, conversation: &Conversation) {
    let known = match moves.entry(key) {
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
pub(crate) struct Hours {
    tables: BTreeMap<InboxId, Timetable>,
}

impl Hours {
    pub(crate) fn keeps(&mut self, documents: &DocumentSet, inbox: InboxId, at: Timestamp) -> bool {
        self.there(documents, inbox, at).unwrap_or(false)
    }

    /// The same; `None` where there is no such inbox.
    pub(crate) fn there(&mut self, documents: &DocumentSet, inbox: InboxId, at: Timestamp) -> Option<bool> {
        let known = documents.inboxes().get(&inbox)?;
        let table = self
            .tables
            .entry(inbox)
            .or_insert_with(|| known.policy.calendar.timetable());
        Some(table.is_open(at))
    }
}
