//! Which conversation an arrival belongs to.
//!
//! By known or mentioned Message-IDs; then by a token of ours; then, only for the same contact within thirty days, by the normalised
//! subject. The result does not depend on the order of arrival: what a message mentions is indexed too, so that a root that comes
//! late joins those that mention it.

use std::collections::BTreeMap;

use baton_domain::{Address, ConversationId, DAY_MS, Message, MessageKind, Outcome, Timestamp};
use baton_store::port::{KeyHit, ThreadKey};

use super::arrival::{ArrivalKind, ParsedArrival};
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

/// The conversations an arrival may belong to, the best first.
pub(super) fn candidates(
    parsed: &ParsedArrival,
    contact: &Address,
    at: Timestamp,
    hits: &BTreeMap<ThreadKey, Vec<KeyHit>>,
) -> Vec<ConversationId> {
    let of = |key: &ThreadKey| hits.get(key).map(Vec::as_slice).unwrap_or_default().iter();
    let mut found: Vec<ConversationId> = Vec::new();
    let mut add = |hit: &KeyHit| {
        if !found.contains(&hit.conversation) {
            found.push(hit.conversation);
        }
    };
    if let ArrivalKind::Bounce { of: Some(failed) } = &parsed.kind {
        of(&ThreadKey::header(failed)).filter(|hit| hit.ours).for_each(&mut add);
    }
    let own = parsed.header_id.as_deref().map(ThreadKey::header);
    let mentioned: Vec<ThreadKey> = mentions(parsed).map(ThreadKey::header).collect();
    // Known ids first, the nearest before the others; then threads that mention this message, or the same ones.
    mentioned
        .iter()
        .flat_map(of)
        .filter(|hit| !hit.mentioned)
        .for_each(&mut add);
    own.iter().flat_map(of).for_each(&mut add);
    mentioned
        .iter()
        .flat_map(of)
        .filter(|hit| hit.mentioned)
        .for_each(&mut add);
    parsed
        .answers
        .iter()
        .for_each(|id| of(&ThreadKey::outbound(*id)).for_each(&mut add));
    if let Some(key) = ThreadKey::subject(&contact.email, &parsed.subject_key) {
        of(&key)
            .filter(|hit| hit.at.since_ms(at).abs() <= SUBJECT_MS)
            .for_each(&mut add);
    }
    found
}

/// Whether a message goes on with a conversation, rather than beginning a new one after a long silence.
pub(super) fn goes_on(state: &baton_domain::Conversation, message: &Message, live: bool) -> bool {
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
