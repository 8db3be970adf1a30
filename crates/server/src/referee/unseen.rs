//! An answer of ours that nobody here has seen (L4).
//!
//! Somebody of ours answers by another program, and no copy comes to where we look. Nothing tells of it until the customer goes on: their
//! message answers one that we do not have. That alone says little, for people quote old mail, and everybody forwards. So all of this must
//! be true: what it answers is unknown here; that in turn answered a message of theirs that came in since the mailbox is live; and it is
//! ours by its Message-ID's domain, or by the address that the quote is attributed to. A miss is better than a false alarm.

use std::collections::BTreeMap;

use baton_domain::{AccountId, Conversation, Direction, UnseenAnswer, is_open_to_all};
use baton_store::port::{KeyHit, ThreadKey};

use super::arrival::{ArrivalKind, ParsedArrival};
use super::documents::DocumentSet;

/// The answer that `parsed`, which goes on with that conversation, shows to exist.
pub(super) fn unseen(
    parsed: &ParsedArrival,
    state: &Conversation,
    account: AccountId,
    documents: &DocumentSet,
    hits: &BTreeMap<ThreadKey, Vec<KeyHit>>,
) -> Option<UnseenAnswer> {
    // What we sent ourselves proves that we know it.
    if parsed.kind != ArrivalKind::Human || !parsed.answers.is_empty() || parsed.own.is_some() {
        return None;
    }
    // We have answered what they wrote last, as far as is known here: a relay on the way may have given that another Message-ID.
    let unanswered = |last: &baton_domain::LastMessage| last.direction == Direction::Inbound;
    state.last_message.as_ref().filter(|last| unanswered(last))?;
    let (answered, before) = parsed.references.split_last()?;
    // Whatever else names it, named it before, and was judged then.
    if hits
        .get(&ThreadKey::header(answered))
        .is_some_and(|known| !known.is_empty())
    {
        return None;
    }
    let live_since = documents.accounts().get(&account)?.live_since;
    let theirs = |id: &String| {
        let known = hits.get(&ThreadKey::header(id)).map(Vec::as_slice).unwrap_or_default();
        known
            .iter()
            .any(|hit| !hit.mentioned && !hit.ours && hit.conversation == state.id && hit.at >= live_since)
    };
    // The nearest that we know: what it answered came right behind it.
    if !before.last().is_some_and(theirs) {
        return None;
    }
    let quoted_from = parsed
        .quoted_from
        .clone()
        .filter(|email| documents.account_of(email).is_some() || documents.member_by_email(email).is_some());
    let ours = quoted_from.is_some() || is_of_ours(answered, documents);
    ours.then(|| UnseenAnswer {
        header_id: answered.clone(),
        quoted_from,
    })
}

/// Whether a Message-ID was made in a domain of ours. Where everybody has an address, it says nothing.
pub(super) fn is_of_ours(header_id: &str, documents: &DocumentSet) -> bool {
    let Some((_, made_in)) = header_id.rsplit_once('@') else {
        return false;
    };
    let made_in = made_in.trim_matches(['>', ' ', ']', '[']).to_lowercase();
    let addresses = documents
        .accounts()
        .values()
        .flat_map(|account| std::iter::once(&account.address).chain(&account.aliases));
    addresses
        .filter_map(|address| address.rsplit_once('@'))
        .map(|(_, domain)| domain.trim().to_lowercase())
        .filter(|domain| domain.contains('.') && !is_open_to_all(domain))
        .any(|domain| {
            made_in == domain
                || made_in
                    .strip_suffix(&domain)
                    .is_some_and(|host| host.ends_with('.') && host.len() > 1)
        })
}
