//! Which conversation an arrival belongs to.
//!
//! By known or mentioned Message-IDs; then by a token of ours; then, only for the same contact within thirty days, by the normalised
//! subject. The result does not depend on the order of arrival: what a message mentions is indexed too, so that a root that comes
//! late joins those that mention it.
//!
//! Strangers never merge. One letter to many has one Message-ID: what only mentions it, or answers our copy of it without a token of
//! ours, stays with its own contact.

use std::collections::BTreeMap;

use baton_channels::email::subject;
use baton_domain::{
    Address, Conversation, ConversationId, DAY_MS, Message, MessageKind, Outcome, Timestamp, is_open_to_all,
};
use baton_store::port::{KeyHit, ThreadKey};

use super::arrival::{ParsedArrival, ReportOn};
use super::documents::DocumentSet;

/// How many mentioned ids are looked up and indexed: the nearest tell most, and a hostile header may hold thousands.
const MENTIONS: usize = 50;
/// How far apart two messages may be that only their subject links.
const SUBJECT_MS: i64 = 30 * DAY_MS;
/// A message to something closed for longer than this begins a new conversation.
const REOPENS_MS: i64 = 30 * DAY_MS;

/// The ids a message mentions, the most telling first.
pub(super) fn mentions(parsed: &ParsedArrival) -> impl Iterator<Item = &str> {
    parsed.mentions.iter().take(MENTIONS).map(String::as_str)
}

/// Whom a message is exchanged with: who wrote it, or for one of ours the first outside address it went to.
pub(super) fn contact<'a>(parsed: &'a ParsedArrival, ours: bool, documents: &DocumentSet) -> &'a Address {
    let outside = |address: &&Address| documents.account_of(&address.email).is_none();
    if ours {
        return parsed
            .to
            .iter()
            .chain(&parsed.cc)
            .find(outside)
            .or(parsed.to.first())
            .unwrap_or(&parsed.from);
    }
    // A form on our own site writes from our address and names the customer in Reply-To.
    let from_us = parsed.from.email.is_empty() || documents.account_of(&parsed.from.email).is_some();
    if from_us {
        parsed.reply_to.iter().find(outside).unwrap_or(&parsed.from)
    } else {
        &parsed.from
    }
}

/// What links an arrival to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// A token that only we could have made, or a report about a message of ours.
    Proven,
    /// It names a message of the conversation, or is named by it.
    Named,
    /// It names a message that we sent without a token: by another program, perhaps to many.
    NamesOurs,
    /// Both name a message that nobody here has.
    Shared,
    /// The same contact and subject.
    Subject,
}

/// The keys by which the message that a report is about is found.
pub(super) fn keys_of_report(about: &ReportOn) -> impl Iterator<Item = ThreadKey> + '_ {
    let header = about.header_id.iter().map(|id| ThreadKey::header(id));
    header.chain(subject_of_report(about))
}

fn subject_of_report(about: &ReportOn) -> Option<ThreadKey> {
    ThreadKey::subject(about.recipient.as_deref().unwrap_or_default(), &about.subject_key)
}

/// The conversations an arrival may belong to, the best first, and what links it to each.
pub(super) fn candidates(
    parsed: &ParsedArrival,
    contact: &Address,
    at: Timestamp,
    hits: &BTreeMap<ThreadKey, Vec<KeyHit>>,
) -> Vec<(ConversationId, Link)> {
    let of = |key: &ThreadKey| hits.get(key).map(Vec::as_slice).unwrap_or_default().iter();
    let near = |hit: &&KeyHit| hit.at.since_ms(at).abs() <= SUBJECT_MS;
    let mut found: Vec<(ConversationId, Link)> = Vec::new();
    let mut add = |hit: &KeyHit, link: Link| {
        if !found.contains(&(hit.conversation, link)) {
            found.push((hit.conversation, link));
        }
    };
    let failed = parsed.about.as_ref().and_then(|about| about.header_id.as_deref());
    failed
        .map(ThreadKey::header)
        .iter()
        .flat_map(of)
        .filter(|hit| hit.ours)
        .for_each(|hit| add(hit, Link::Proven));
    let own = parsed.header_id.as_deref().map(ThreadKey::header);
    let mentioned: Vec<ThreadKey> = mentions(parsed).map(ThreadKey::header).collect();
    let proven: Vec<ConversationId> = parsed
        .answers
        .iter()
        .flat_map(|id| of(&ThreadKey::outbound(*id)))
        .map(|hit| hit.conversation)
        .collect();
    // Known ids first, the nearest before the others; then threads that mention this message, or the same ones.
    mentioned
        .iter()
        .flat_map(of)
        .filter(|hit| !hit.mentioned)
        .for_each(|hit| {
            let link = match (proven.contains(&hit.conversation), hit.ours) {
                (true, _) => Link::Proven,
                (false, true) => Link::NamesOurs,
                (false, false) => Link::Named,
            };
            add(hit, link);
        });
    own.iter().flat_map(of).for_each(|hit| add(hit, Link::Named));
    mentioned
        .iter()
        .flat_map(of)
        .filter(|hit| hit.mentioned)
        .for_each(|hit| add(hit, Link::Shared));
    parsed
        .answers
        .iter()
        .for_each(|id| of(&ThreadKey::outbound(*id)).for_each(|hit| add(hit, Link::Proven)));
    match &parsed.about {
        // Every report of a mail system has the same author and subject: only what it is about tells two apart.
        Some(about) => subject_of_report(about)
            .iter()
            .flat_map(of)
            .filter(near)
            .for_each(|hit| add(hit, Link::Proven)),
        None => ThreadKey::subject(&contact.email, &parsed.subject_key)
            .iter()
            .flat_map(of)
            .filter(near)
            .for_each(|hit| add(hit, Link::Subject)),
    }
    found
}

/// Whether that link is enough between this contact and that conversation.
pub(super) fn joins(link: Link, state: &Conversation, contact: &Address) -> bool {
    match link {
        Link::Proven | Link::Named | Link::Subject => true,
        Link::NamesOurs | Link::Shared => takes_part(state, &contact.email),
    }
}

/// Whether somebody is part of a conversation: its contact, a colleague of theirs, or one we wrote to.
fn takes_part(state: &Conversation, email: &str) -> bool {
    let same = |other: &str| {
        other.eq_ignore_ascii_case(email)
            || matches!(
                (other.rsplit_once('@'), email.rsplit_once('@')),
                (Some((_, theirs)), Some((_, own))) if theirs.eq_ignore_ascii_case(own) && !is_open_to_all(&own.to_lowercase())
            )
    };
    let wrote_to = state
        .outbound
        .iter()
        .flat_map(|outbound| outbound.draft.to.iter().chain(&outbound.draft.cc));
    same(&state.contact.email)
        || wrote_to
            .into_iter()
            .any(|address| address.email.eq_ignore_ascii_case(email))
}

/// Whether somebody goes on with a conversation under another subject. Tags that programs put around a subject are none.
pub(super) fn changes_subject(message: &Message, state: &Conversation) -> bool {
    let (new, old) = (subject::key(&message.subject), subject::key(&state.subject));
    message.kind == MessageKind::Human
        && !new.is_empty()
        && !old.is_empty()
        && !new.contains(&old)
        && !old.contains(&new)
}

/// The message of ours that a report is about, where it names none: the last that went to whom it could not reach.
pub(super) fn reported(parsed: &ParsedArrival, state: &Conversation) -> Option<baton_domain::MessageId> {
    let recipient = parsed.about.as_ref()?.recipient.as_deref()?;
    state
        .outbound
        .iter()
        .rev()
        .find(|outbound| {
            let mut to = outbound.draft.to.iter().chain(&outbound.draft.cc);
            to.any(|address| address.email.eq_ignore_ascii_case(recipient))
        })
        .map(|outbound| outbound.id)
}

/// Whether a message goes on with a conversation, rather than beginning a new one after a long silence.
pub(super) fn goes_on(state: &Conversation, message: &Message, live: bool) -> bool {
    let Some(closing) = &state.closing else { return true };
    if !live || matches!(message.kind, MessageKind::AutoReply | MessageKind::Bounce) {
        return true;
    }
    // What was imported was never closed by anybody: its last word counts.
    let since = match (closing.outcome, &state.last_message) {
        (Outcome::Imported, Some(last)) => last.at,
        _ => closing.at,
    };
    message.at.since_ms(since) <= REOPENS_MS
}

/// The date to show and to order by: the message's own, or that of its arrival where its own can't be right. Nothing is written after it
/// arrived; live mail does not travel for ten days.
pub(super) fn date(parsed: &ParsedArrival, arrived: Timestamp, live: bool) -> Timestamp {
    match parsed.date {
        Some(date) if date > arrived || date.0 <= 0 => arrived,
        Some(date) if live && arrived.since_ms(date) > 10 * DAY_MS => arrived,
        Some(date) => date,
        None => arrived,
    }
}
