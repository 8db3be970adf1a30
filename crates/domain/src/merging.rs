//! Two conversations that are one: what each keeps of itself, so that taking them apart restores both.
//!
//! Neither is written into the other. The one that was merged away ends as a duplicate and remembers what it was; the one it was merged
//! into takes over what matters from here on (who waits and since when, where answers go, where it came from) and remembers what it was
//! without that. What was said stays in the log of the conversation it was said in, and is shown together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountId, Address, Before, Blocked, Category, Clock, ClockKind, Conversation, ConversationId, Details, Escalation,
    InboxId, LastMessage, MemberId, MessageId, Money, Priority, Quote, Snooze, Source, Stamp, Timestamp,
};

/// How far apart two conversations of a customer may begin and still be taken for one enquiry.
const SAME_WITHIN_MS: i64 = 14 * crate::DAY_MS;

/// Where a conversation went that was merged into another, and what it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergedAway {
    /// Into which.
    pub into: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// Who said so.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// The inbox it lay in, and lies in again when they are taken apart.
    pub inbox: InboxId,
    /// The account its answers left through.
    pub account: Option<AccountId>,
    /// How it stood.
    #[ts(skip)]
    pub before: Before,
    /// Until when it was out of sight.
    #[ts(skip)]
    pub snoozed: Option<Snooze>,
    /// Whose input was awaited.
    #[ts(skip)]
    pub blocked: Option<Blocked>,
    /// Who had been asked to see to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub escalation: Option<Escalation>,
}

/// What a conversation brings to the one it is merged into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Which.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// Its customer.
    pub contact: Address,
    /// What it is about.
    pub subject: String,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// Its labels.
    pub tags: BTreeSet<String>,
    /// Who owned it.
    pub owner: Option<MemberId>,
    /// Who followed it, and who owned it, where the other has an owner.
    pub followers: BTreeSet<MemberId>,
    /// Offers made in it.
    pub quotes: Vec<Quote>,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is.
    pub category: Category,
    /// What it may be worth.
    pub value: Option<Money>,
    /// The customer's company.
    pub company: Option<String>,
    /// Topic, stage, region and the like.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    #[ts(as = "Option<Details>", optional)]
    pub details: Box<Details>,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// The Message-ID its next reply would answer.
    pub reply_to_header: Option<String>,
    /// The References of that message.
    pub references: Vec<String>,
    /// To whom its next reply would go.
    pub reply_to: Vec<Address>,
    /// Since when its customer waits.
    pub unanswered_since: Option<Timestamp>,
    /// The clocks that wait for an owner and for that answer.
    pub clocks: Vec<Clock>,
    /// Which reply of ours in it could not be delivered.
    pub bounced: Option<MessageId>,
    /// How many messages.
    pub messages: u32,
    /// How many replies of ours.
    pub replies: u32,
    /// How many notes.
    pub notes: u32,
    /// Whether any message carries a file.
    pub has_attachment: bool,
    /// When its first message came.
    pub created_at: Timestamp,
}

/// A conversation that was merged into this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Absorbed {
    /// What it brought.
    pub part: Part,
    /// Who said so.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// When the customer wrote first since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub wrote_since: Option<Timestamp>,
    /// What this one was without it.
    #[ts(skip)]
    pub without: Box<Without>,
}

/// What a conversation was before another was merged into it, and what it became by that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Without {
    /// How it stood.
    pub before: Before,
    /// How it stood with it: only what still stands is put back.
    pub after: Before,
    /// Who owned it.
    pub owner: Option<MemberId>,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// Its labels.
    pub tags: BTreeSet<String>,
    /// Who followed it.
    pub followers: BTreeSet<MemberId>,
    /// Offers made in it.
    pub quotes: Vec<Quote>,
    /// How urgent it was.
    pub priority: Priority,
    /// What it was.
    pub category: Category,
    /// What it might be worth.
    pub value: Option<Money>,
    /// The customer's company.
    pub company: Option<String>,
    /// Topic, stage, region and the like.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Box<Details>,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// The Message-ID the next reply answered.
    pub reply_to_header: Option<String>,
    /// The References of that message.
    pub references: Vec<String>,
    /// To whom the next reply went.
    pub reply_to: Vec<Address>,
    /// Since when the customer waited.
    pub unanswered_since: Option<Timestamp>,
    /// What the newest customer's message had changed.
    pub before_message: Option<Before>,
    /// The clocks that waited for an owner and for an answer.
    pub clocks: Vec<Clock>,
    /// Until when it was out of sight.
    pub snoozed: Option<Snooze>,
    /// Which reply of ours could not be delivered.
    pub bounced: Option<MessageId>,
    /// Whether any message carried a file.
    pub has_attachment: bool,
    /// When the first message came.
    pub created_at: Timestamp,
}

impl Part {
    /// What one brings to another, as it stands now.
    #[must_use]
    pub fn of(state: &Conversation, other: &Conversation, now: Timestamp) -> Self {
        let followers = state.followers.iter().copied().chain(state.owner);
        Self {
            conversation: state.id,
            number: state.number,
            contact: state.contact.clone(),
            subject: state.subject.clone(),
            sources: state.sources.clone(),
            tags: state.tags.clone(),
            owner: state.owner,
            followers: followers
                .filter(|member| other.owner.or(state.owner) != Some(*member))
                .collect(),
            quotes: state.quotes.clone(),
            priority: state.priority,
            category: state.category,
            value: state.value.clone(),
            company: state.company.clone(),
            details: state.details.clone(),
            last_message: state.last_message.clone(),
            reply_to_header: state.reply_to_header.clone(),
            references: state.references.clone(),
            reply_to: state.reply_to.clone(),
            unanswered_since: state.unanswered_since,
            clocks: waiting(state).into_iter().map(|clock| said_by(clock, now)).collect(),
            bounced: state.bounced,
            messages: state.messages,
            replies: state.replies,
            notes: state.notes,
            has_attachment: state.has_attachment,
            created_at: state.created_at,
        }
    }
}

impl Conversation {
    /// The conversations whose messages are shown in this one, beside its own.
    pub fn absorbs(&self) -> impl Iterator<Item = ConversationId> + '_ {
        self.absorbed.iter().map(|absorbed| absorbed.part.conversation)
    }

    /// What was merged into it, if that conversation was.
    #[must_use]
    pub fn absorbed(&self, id: ConversationId) -> Option<&Absorbed> {
        self.absorbed.iter().find(|absorbed| absorbed.part.conversation == id)
    }

    /// Whether another may be the same enquiry: it is of the same customer, began about then, both are open, and nobody has said otherwise.
    #[must_use]
    pub fn may_be_the_same(&self, other: &Self) -> bool {
        let open = |one: &Self| !one.status.is_over() && one.merged.is_none();
        let apart = self.apart.contains(&other.id) || other.apart.contains(&self.id);
        let together = self.created_at.since_ms(other.created_at).abs() <= SAME_WITHIN_MS;
        let email = self.contact.email.trim();
        self.id != other.id
            && open(self)
            && open(other)
            && !apart
            && together
            && !email.is_empty()
            && email.eq_ignore_ascii_case(other.contact.email.trim())
    }

    fn stands(&self) -> Before {
        Before {
            status: self.status,
            named_status: self.named_status.clone(),
            closing: self.closing.clone(),
            follow_up: self.follow_up.clone(),
            next_step: self.next_step.clone(),
        }
    }
}

/// It goes into another: what it was is remembered.
pub(crate) fn merged_away(state: &mut Conversation, stamp: Stamp, into: ConversationId, number: u32) {
    state.merged = Some(Box::new(MergedAway {
        into,
        number,
        by: stamp.actor.member(),
        at: stamp.at,
        inbox: state.inbox,
        account: state.account,
        before: state.stands(),
        snoozed: state.snoozed.clone(),
        blocked: state.blocked.clone(),
        escalation: state.escalation.clone(),
    }));
}

/// It is one of its own again. What was answered meanwhile waits no more.
pub(crate) fn taken_out(state: &mut Conversation, answered: Option<Timestamp>) {
    state.merged = None;
    if answered.is_some() {
        state.unanswered_at_close = None;
        state.before_message = None;
    }
}

/// Another becomes a part of it.
pub(crate) fn absorb(state: &mut Conversation, stamp: Stamp, part: &Part) {
    let without = Box::new(take_in(state, part, part.unanswered_since));
    state.absorbed.push(Absorbed {
        part: part.clone(),
        by: stamp.actor.member(),
        at: stamp.at,
        wrote_since: None,
        without,
    });
}

/// A part of it is one of its own again: what came with it goes with it, where nothing newer stands in its place. What was merged after
/// it is taken out first and put in again, so that it takes along only what it brought alone.
pub(crate) fn let_go(state: &mut Conversation, id: ConversationId) {
    let Some(at) = state.absorbed.iter().position(|one| one.part.conversation == id) else {
        return;
    };
    let mut gone = state.absorbed.split_off(at);
    let waited: Vec<bool> = gone.iter().rev().map(|one| put_out(state, one)).collect();
    gone.remove(0);
    for (mut one, waited) in gone.into_iter().zip(waited.into_iter().rev().skip(1)) {
        let waits = one.part.unanswered_since.filter(|_| waited);
        let without = take_in(state, &one.part, waits);
        one.without = Box::new(Without {
            before: one.without.before,
            after: one.without.after,
            owner: one.without.owner,
            snoozed: one.without.snoozed,
            ..without
        });
        state.absorbed.push(one);
    }
}

/// The customer wrote: of no part it can be said any more that nobody waits but for it.
pub(crate) fn wrote(state: &mut Conversation, at: Timestamp) {
    for absorbed in &mut state.absorbed {
        absorbed.wrote_since.get_or_insert(at);
    }
}

/// Takes over what a part brings, and says what there was without it. `waits`: since when its customer waits still.
fn take_in(state: &mut Conversation, part: &Part, waits: Option<Timestamp>) -> Without {
    let stands = state.stands();
    let without = Without {
        after: stands.clone(),
        before: stands.clone(),
        owner: state.owner,
        sources: state.sources.clone(),
        tags: state.tags.clone(),
        followers: state.followers.clone(),
        quotes: state.quotes.clone(),
        priority: state.priority,
        category: state.category,
        value: state.value.clone(),
        company: state.company.clone(),
        details: state.details.clone(),
        last_message: state.last_message.clone(),
        reply_to_header: state.reply_to_header.clone(),
        references: state.references.clone(),
        reply_to: state.reply_to.clone(),
        unanswered_since: state.unanswered_since,
        before_message: state.before_message.clone(),
        clocks: waiting(state),
        snoozed: state.snoozed.clone(),
        bounced: state.bounced,
        has_attachment: state.has_attachment,
        created_at: state.created_at,
    };
    let new = |source: &&Source| !without.sources.contains(source);
    state.sources.extend(part.sources.iter().filter(new).cloned());
    state.sources.sort_by_key(|source| source.at);
    state.tags.extend(part.tags.iter().cloned());
    state.followers.extend(part.followers.iter().copied());
    let new = |quote: &&Quote| !without.quotes.contains(quote);
    state.quotes.extend(part.quotes.iter().filter(new).cloned());
    state.quotes.sort_by_key(|quote| quote.at);
    state.priority = state.priority.max(part.priority);
    if part_says_category(state.category, part.category) {
        state.category = part.category;
    }
    state.value = state.value.take().or_else(|| part.value.clone());
    state.company = state.company.take().or_else(|| part.company.clone());
    state.details.take_in(&part.details);
    let newest = |last: &LastMessage| state.last_message.as_ref().is_none_or(|own| own.at <= last.at);
    if part.last_message.as_ref().is_some_and(newest) {
        state.last_message.clone_from(&part.last_message);
        state.reply_to_header.clone_from(&part.reply_to_header);
        state.references.clone_from(&part.references);
        state.reply_to.clone_from(&part.reply_to);
    }
    if let Some(theirs) = waits {
        if state.unanswered_since.is_none() {
            state.before_message = Some(stands);
        }
        state.unanswered_since = Some(state.unanswered_since.map_or(theirs, |own| own.min(theirs)));
    }
    state.bounced = state.bounced.or(part.bounced);
    state.messages = state.messages.saturating_add(part.messages);
    state.replies = state.replies.saturating_add(part.replies);
    state.notes = state.notes.saturating_add(part.notes);
    state.has_attachment |= part.has_attachment;
    state.created_at = state.created_at.min(part.created_at);
    without
}

/// Whether a part says what the whole is: where nobody has sorted that, and where it is no lead and the part is one. What is owed in
/// either is owed in the whole.
const fn part_says_category(own: Category, part: Category) -> bool {
    matches!(own, Category::Unsorted) || (!own.has_duties() && part.has_duties())
}

/// Puts back what there was without a part, where nothing newer stands in its place; whether what that part's customer asked still waits.
fn put_out(state: &mut Conversation, absorbed: &Absorbed) -> bool {
    let Absorbed { part, without, .. } = absorbed;
    let brought = |had: bool, brought: bool| brought && !had;
    state
        .sources
        .retain(|one| !brought(without.sources.contains(one), part.sources.contains(one)));
    state
        .tags
        .retain(|one| !brought(without.tags.contains(one), part.tags.contains(one)));
    state
        .followers
        .retain(|one| !brought(without.followers.contains(one), part.followers.contains(one)));
    state
        .quotes
        .retain(|one| !brought(without.quotes.contains(one), part.quotes.contains(one)));
    state.messages = state.messages.saturating_sub(part.messages);
    state.replies = state.replies.saturating_sub(part.replies);
    state.notes = state.notes.saturating_sub(part.notes);
    if state.priority == without.priority.max(part.priority) {
        state.priority = without.priority;
    }
    if part_says_category(without.category, part.category) && state.category == part.category {
        state.category = without.category;
    }
    if without.value.is_none() {
        put_back(&mut state.value, part.value.as_ref(), None);
    }
    if without.company.is_none() {
        put_back(&mut state.company, part.company.as_ref(), None);
    }
    state.details.put_out(&part.details, &without.details);
    put_back(&mut state.bounced, part.bounced.as_ref(), without.bounced);
    let untouched = [&part.last_message, &without.last_message].contains(&&state.last_message);
    if part.last_message.is_some() && state.last_message == part.last_message {
        state.last_message.clone_from(&without.last_message);
        state.reply_to_header.clone_from(&without.reply_to_header);
        state.references.clone_from(&without.references);
        state.reply_to.clone_from(&without.reply_to);
    }
    if untouched {
        state.has_attachment = without.has_attachment;
    }
    state.created_at = without.created_at;
    // A wait that began before the merge was answered by nobody since: then neither was any other of that time.
    let own = [without.unanswered_since, absorbed.wrote_since]
        .into_iter()
        .flatten()
        .min();
    let mut waits = false;
    for since in [&mut state.unanswered_since, &mut state.unanswered_at_close] {
        if since.is_some_and(|since| since <= absorbed.at) {
            *since = own;
            waits = true;
        }
    }
    if waits && state.unanswered_since == without.unanswered_since {
        state.before_message.clone_from(&without.before_message);
    }
    waits
}

/// Where what the merge under way sets is kept, for taking the two apart.
pub(crate) fn set_by_merge(state: &mut Conversation) -> Option<&mut Before> {
    state.absorbed.last_mut().map(|absorbed| &mut absorbed.without.after)
}

/// The clocks that wait for an owner or for an answer.
fn waiting(state: &Conversation) -> Vec<Clock> {
    let waits = |clock: &&Clock| clock.is_open() && (clock.kind.is_response() || clock.kind == ClockKind::Owner);
    state.clocks.iter().filter(waits).cloned().collect()
}

/// The clocks by which one runs on with what another brought: of two waits for the same thing, the one that ends sooner.
pub(crate) fn sooner<'a>(state: &'a Conversation, part: &'a Part) -> impl Iterator<Item = &'a Clock> {
    let theirs = part.clocks.iter();
    theirs
        .filter(|theirs| theirs.kind.is_response() || state.owner.or(part.owner).is_none())
        .filter(|theirs| in_place_of(state, theirs).is_none_or(|own| theirs.due < own.due))
}

/// The clocks that run in place of those that `part` brought once it is gone: its own as they were, where they are still waited for.
pub(crate) fn own_again<'a>(
    state: &'a Conversation,
    absorbed: &'a Absorbed,
) -> impl Iterator<Item = (ClockKind, Option<&'a Clock>)> {
    absorbed.part.clocks.iter().filter_map(|theirs| {
        let running = in_place_of(state, theirs)?;
        let theirs_runs = (running.started, running.kind) == (theirs.started, theirs.kind);
        let others = state.absorbed.iter().flat_map(|one| &one.part.clocks);
        let own = absorbed.without.clocks.iter().chain(others);
        let own = own.filter(|own| own.kind.shares_place(theirs.kind));
        let waits = |own: &&Clock| match state.unanswered_since {
            _ if !own.kind.is_response() => state.owner.is_none(),
            Some(since) => since <= own.started,
            None => false,
        };
        let own = own.filter(waits).min_by_key(|own| own.due);
        theirs_runs.then_some((running.kind, own))
    })
}

fn in_place_of<'a>(state: &'a Conversation, clock: &Clock) -> Option<&'a Clock> {
    let mut open = state.clocks.iter().filter(|own| own.is_open());
    open.find(|own| own.kind.shares_place(clock.kind))
}

fn put_back<T: PartialEq>(now: &mut Option<T>, brought: Option<&T>, before: Option<T>) {
    if brought.is_some() && now.as_ref() == brought {
        *now = before;
    }
}

/// What has come by now is said where it came, and not again where the clock runs on.
pub(crate) fn said_by(mut clock: Clock, now: Timestamp) -> Clock {
    let runs = clock.runs();
    clock.warned |= runs && clock.warn_at <= now;
    clock.breached |= runs && clock.due <= now;
    clock
}
