//! Drift (O9): what the newest change of the routing rules did since it was put in force.
//!
//! Two questions, about every lead that the set in force has routed. Where would the set before it have sent the lead, judged as it began?
//! And did people leave it where the rules had sent it, or move it, give it to somebody else or give it back within a business day? The
//! second is counted by rule: a rule whose leads are corrected again and again is wrong, whatever a rehearsal said.
//!
//! One call looks at one page of conversations, those that changed last first, and stops where nothing can have been routed since; what it
//! holds is bounded, and the pages add up.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Conversation, Correction, CorrectionKind, Document, DocumentBody, InboxId, LogEntry, RuleId, RuleSet, SentBy,
};
use baton_protocol::{CorrectedLead, RuleDrift, RuleOutcome, RulesPut};
use baton_store::port::contact_key;
use baton_store::server::{ConversationFilter, ConversationKey, ServerStore, StoreError};

use crate::referee::DocumentSet;
use crate::rehearsal::{Comparison, EXAMPLES, example_of, is_routed};

/// How many conversations a page looks at.
const PAGE: u64 = 1000;

/// One page of the report, over the conversations of these inboxes.
///
/// # Errors
/// When the database fails.
pub async fn page(
    store: &ServerStore,
    documents: &DocumentSet,
    inboxes: BTreeSet<InboxId>,
    after: Option<ConversationKey>,
) -> Result<RuleDrift, StoreError> {
    let mut versions = store.newest_versions(RuleSet::document(), 2).await?.into_iter();
    let (Some((entry, current)), before) = (versions.next().and_then(set_of), versions.next().and_then(set_of)) else {
        return Ok(RuleDrift::default());
    };
    let (version, rules) = current;
    let filter = ConversationFilter {
        inboxes,
        after,
        ..ConversationFilter::default()
    };
    let (page, next) = store.conversations(&filter, PAGE).await?;
    // Whatever was routed since has changed since.
    let since = page.iter().filter(|one| one.updated_at >= entry.at);
    let routed: Vec<(&Conversation, SentBy)> = since.filter_map(|one| Some((one, sent_by(one, version)?))).collect();
    let mut report = RuleDrift {
        version,
        put: Some(RulesPut {
            at: entry.at,
            by: entry.actor,
            previous: before.as_ref().map(|(_, (version, _))| *version),
        }),
        routed: u32::try_from(routed.len()).unwrap_or(u32::MAX),
        rules: outcomes(&routed, &rules, version, documents),
        next: next
            .filter(|next| next.updated_at >= entry.at)
            .map(|next| next.to_string()),
        ..RuleDrift::default()
    };
    if let Some((_, (_, before))) = before {
        let ids: Vec<_> = routed.iter().map(|(one, _)| one.id).collect();
        let firsts = store.first_messages(&ids).await?;
        let keys = routed.iter().map(|(one, _)| contact_key(&one.contact.email));
        let known_since = store.first_contacts(&keys.collect()).await?;
        let mut compared = Comparison::new(documents, &before, &rules);
        for (conversation, sent) in &routed {
            let Some(message) = firsts.get(&conversation.id).filter(|message| is_routed(message)) else {
                continue;
            };
            let came_to = sent.moved.map_or(sent.inbox, |by| by.from);
            compared.look_at(conversation, message, &known_since, came_to);
        }
        (report.escalated, report.told) = (compared.escalated, compared.told);
        report.moves = compared.moves();
    }
    Ok(report)
}

type Put = (LogEntry, (u32, RuleSet));

fn set_of((entry, document): (LogEntry, Document)) -> Option<Put> {
    match document.body {
        DocumentBody::Rules(rules) => Some((entry, (document.version, rules))),
        _ => None,
    }
}

/// That this version has routed it; by its newest routing, or by one that somebody has corrected since.
fn sent_by(conversation: &Conversation, version: u32) -> Option<SentBy> {
    let corrected = conversation.corrections.iter().map(|one| one.sent);
    let newest = conversation.sent_by;
    newest.into_iter().chain(corrected).find(|sent| sent.version == version)
}

/// What each rule has sent, those that were corrected most first.
fn outcomes(
    routed: &[(&Conversation, SentBy)],
    rules: &RuleSet,
    version: u32,
    documents: &DocumentSet,
) -> Vec<RuleOutcome> {
    let named: BTreeMap<RuleId, &str> = rules.rules.iter().map(|rule| (rule.id, rule.name.as_str())).collect();
    let mut found: BTreeMap<Option<RuleId>, RuleOutcome> = BTreeMap::new();
    for (conversation, newest) in routed {
        let soon = |one: &&Correction| {
            let inbox = documents.inboxes().get(&one.sent.inbox);
            one.sent.version == version && inbox.is_some_and(|inbox| one.is_soon(&inbox.policy.calendar))
        };
        let corrected: Vec<&Correction> = conversation.corrections.iter().filter(soon).collect();
        // Moved to another inbox it was routed there again: each routing is one of its rule's, and so is the move a rule made.
        let sent = corrected.iter().map(|one| &one.sent).chain([newest]);
        let routings: BTreeSet<_> = sent
            .flat_map(|sent| [Some((sent.at, sent.rule)), sent.moved.map(|by| (sent.at, by.rule))])
            .flatten()
            .collect();
        for (_, rule) in &routings {
            let outcome = outcome_of(&mut found, *rule, &named);
            outcome.routed = outcome.routed.saturating_add(1);
        }
        for one in corrected {
            let outcome = outcome_of(&mut found, corrected_rule(one), &named);
            let count = match one.how {
                CorrectionKind::Moved { .. } => &mut outcome.moved,
                CorrectionKind::Reassigned { .. } => &mut outcome.reassigned,
                CorrectionKind::GivenBack => &mut outcome.given_back,
            };
            *count = count.saturating_add(1);
            if outcome.examples.len() < EXAMPLES {
                outcome.examples.push(CorrectedLead {
                    lead: example_of(conversation),
                    how: one.how,
                });
            }
        }
    }
    let mut outcomes: Vec<RuleOutcome> = found.into_values().collect();
    outcomes.sort_by_key(|one| (std::cmp::Reverse(one.corrected()), std::cmp::Reverse(one.routed)));
    outcomes
}

/// Whose rule it was that a person put right: the one that moved it, where it was moved again.
fn corrected_rule(one: &Correction) -> Option<RuleId> {
    match (one.how, one.sent.moved) {
        (CorrectionKind::Moved { .. }, Some(by)) => by.rule,
        _ => one.sent.rule,
    }
}

fn outcome_of<'a>(
    found: &'a mut BTreeMap<Option<RuleId>, RuleOutcome>,
    rule: Option<RuleId>,
    named: &BTreeMap<RuleId, &str>,
) -> &'a mut RuleOutcome {
    found.entry(rule).or_insert_with(|| RuleOutcome {
        rule,
        name: rule.and_then(|id| named.get(&id)).map(|name| (*name).to_owned()),
        routed: 0,
        moved: 0,
        reassigned: 0,
        given_back: 0,
        examples: Vec::new(),
    })
}
