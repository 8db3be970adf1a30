//! Exceptions, read off the state: replies in doubt, refused or returned, answers from outside Baton that nobody has taken, and
//! leads without an owner past their time, what may be one enquiry twice, what the rules sent to the wrong place, what came back soon
//! after its end, and what lies still.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use baton_domain::{
    Clock, ClockKind, Conversation, Direction, Escalation, EscalationReason, Inbox, InboxId, InboxPolicy, Outbound,
    OutboundState, ReviewDay, RuleSet, Timestamp,
};
use baton_protocol::{Exception, ExceptionKind};

/// How long the copy of an answer may take to come before its absence says anything, in milliseconds: Sent is looked at every minute.
const COPY_MS: i64 = 3 * baton_domain::MINUTE_MS;

/// How much of a text is shown, in characters.
const TEXT_CHARS: usize = 280;

/// Every exception of these conversations: what is in doubt first, then the newest. `rules` name what sent them.
#[must_use]
pub fn exceptions<'a>(
    conversations: impl Iterator<Item = &'a Conversation> + Clone,
    inboxes: &BTreeMap<InboxId, Inbox>,
    rules: Option<&RuleSet>,
    now: Timestamp,
) -> Vec<Exception> {
    // What was merged into another is seen to there.
    let own = conversations.clone().filter(|one| one.merged.is_none());
    let mut all: Vec<Exception> = own.clone().flat_map(|one| of(one, now)).collect();
    let days: BTreeMap<InboxId, ReviewDay> = inboxes
        .values()
        .map(|inbox| (inbox.id, ReviewDay::new(&inbox.policy, now)))
        .collect();
    let policy_of = |inbox| inboxes.get(&inbox).map(|inbox| &inbox.policy);
    all.extend(own.clone().flat_map(|one| misrouted(one, policy_of, rules)));
    all.extend(own.clone().filter_map(reopened));
    all.extend(own.filter_map(|one| stale(one, days.get(&one.inbox)?, now)));
    all.extend(duplicates(conversations));
    all.sort_by_key(|exception| {
        let certain = !matches!(exception.what, ExceptionKind::Unknown { .. });
        (certain, Reverse(exception.at), exception.number)
    });
    all
}

fn about(conversation: &Conversation, at: Timestamp, what: ExceptionKind) -> Exception {
    Exception {
        conversation: conversation.id,
        number: conversation.number,
        contact: conversation.contact.clone(),
        company: conversation.company.clone(),
        subject: conversation.subject.clone(),
        owner: conversation.owner,
        at,
        what,
    }
}

/// Matches nobody has decided on: each conversation that may be the same as an older one of its customer, with the oldest such.
fn duplicates<'a>(conversations: impl Iterator<Item = &'a Conversation>) -> Vec<Exception> {
    let mut open: BTreeMap<String, Vec<&Conversation>> = BTreeMap::new();
    for one in conversations.filter(|one| !one.status.is_over()) {
        open.entry(one.contact.email.trim().to_lowercase())
            .or_default()
            .push(one);
    }
    let mut found = Vec::new();
    for same in open.values_mut().filter(|same| same.len() > 1) {
        same.sort_by_key(|one| one.number);
        for (at, one) in same.iter().enumerate() {
            let older = same.iter().take(at).find(|older| one.may_be_the_same(older));
            found.extend(older.map(|older| {
                let what = ExceptionKind::Duplicate {
                    other: older.id,
                    number: older.number,
                    subject: older.subject.clone(),
                };
                about(one, one.created_at, what)
            }));
        }
    }
    found
}

fn of(conversation: &Conversation, now: Timestamp) -> Vec<Exception> {
    let about = |at, what| about(conversation, at, what);
    let in_doubt = conversation
        .outbound
        .iter()
        .filter(|outbound| matches!(outbound.state, OutboundState::Unknown { .. }))
        .map(|outbound| {
            let what = ExceptionKind::Unknown {
                outbound: outbound.id,
                by: outbound.by,
                text: beginning(&outbound.draft.text),
            };
            about(outbound.queued_at, what)
        });
    // What the inbox answered by itself hides no reply that failed, and is hidden by none.
    let newest = |automatic: bool| {
        let mut all = conversation.outbound.iter().rev();
        all.find(|outbound| outbound.automatic.is_some() == automatic)
    };
    let failed = [newest(false), newest(true)]
        .into_iter()
        .flatten()
        .filter_map(failed)
        .map(|(at, what)| about(at, what));
    let bounced = conversation.bounced.map(|outbound| {
        let at = conversation.last_message.as_ref().map(|last| last.at);
        about(
            at.unwrap_or(conversation.updated_at),
            ExceptionKind::Bounced { outbound },
        )
    });
    let outside = outside(conversation).map(|(at, what)| about(at, what));
    let unseen = unseen(conversation, now).map(|(at, what)| about(at, what));
    let escalated = escalated(conversation).map(|(at, what)| about(at, what));
    let unassigned = unassigned(conversation, now).map(|due| about(due, ExceptionKind::Unassigned { due }));
    in_doubt
        .chain(failed)
        .chain(bounced)
        .chain(outside)
        .chain(unseen)
        .chain(escalated)
        .chain(unassigned)
        .collect()
}

/// The path is at its end, or had nobody to ask: only who happens to look can say that they have it.
fn escalated(conversation: &Conversation) -> Option<(Timestamp, ExceptionKind)> {
    let waits = |running: &&Escalation| running.waits() && running.until.is_none();
    let alone = |running: &&Escalation| running.asked.is_empty() || running.step > 0;
    // What has no owner is one already.
    let ownerless = EscalationReason::Late {
        clock: ClockKind::Owner,
    };
    let running = conversation.escalation.as_ref().filter(waits).filter(alone)?;
    if running.reason == ownerless {
        return None;
    }
    let asked = running.asked.iter().copied().collect();
    let open = !conversation.status.is_over();
    open.then_some((running.since, ExceptionKind::Escalated { asked }))
}

/// Past the time in which it was to have an owner: by the clock, whether or not the server has said so yet.
fn unassigned(conversation: &Conversation, now: Timestamp) -> Option<Timestamp> {
    let waits = |clock: &&Clock| clock.kind == ClockKind::Owner && clock.runs() && clock.due <= now;
    conversation.clocks.iter().find(waits).map(|clock| clock.due)
}

/// Changed by hand within a business day of its routing, by the hours of the inbox it lay in then.
fn misrouted<'a>(
    conversation: &Conversation,
    policy_of: impl Fn(InboxId) -> Option<&'a InboxPolicy>,
    rules: Option<&RuleSet>,
) -> Option<Exception> {
    let soon =
        |one: &&baton_domain::Correction| policy_of(one.sent.inbox).is_some_and(|policy| one.is_soon(&policy.calendar));
    let correction = *conversation.corrections_to_look_at().filter(soon).last()?;
    let mut named = rules.into_iter().flat_map(|set| &set.rules);
    let rule = named.rfind(|rule| Some(rule.id) == correction.sent.rule);
    let what = ExceptionKind::Misrouted {
        rule: rule.map(|rule| rule.name.clone()),
        correction,
    };
    Some(about(conversation, correction.at, what))
}

fn reopened(conversation: &Conversation) -> Option<Exception> {
    let back = conversation.comeback_to_look_at()?;
    let what = ExceptionKind::Reopened {
        closed_at: back.closed_at,
        outcome: back.outcome,
    };
    Some(about(conversation, back.at, what))
}

/// What waits for an owner past its time is an exception already.
fn stale(conversation: &Conversation, day: &ReviewDay, now: Timestamp) -> Option<Exception> {
    let since = day.stale_since(conversation)?;
    let said = unassigned(conversation, now).is_some() || escalated(conversation).is_some();
    (!said).then(|| about(conversation, since, ExceptionKind::Stale { since }))
}

/// Only the newest reply: an older one that failed was written again, or given up.
fn failed(outbound: &Outbound) -> Option<(Timestamp, ExceptionKind)> {
    let OutboundState::Failed { reason } = &outbound.state else {
        return None;
    };
    let what = ExceptionKind::Failed {
        outbound: outbound.id,
        by: outbound.by,
        text: beginning(&outbound.draft.text),
        reason: reason.clone(),
    };
    Some((outbound.queued_at, what))
}

fn outside(conversation: &Conversation) -> Option<(Timestamp, ExceptionKind)> {
    let last = conversation.last_message.as_ref()?;
    let nobodys = conversation.owner.is_none() && !conversation.history && !conversation.status.is_over();
    (nobodys && last.direction == Direction::Outside).then(|| {
        let what = ExceptionKind::AnsweredOutside {
            message: last.id,
            text: beginning(&last.preview),
        };
        (last.at, what)
    })
}

/// Not before its copy has had time to come.
fn unseen(conversation: &Conversation, now: Timestamp) -> Option<(Timestamp, ExceptionKind)> {
    let unseen = conversation.unseen.as_ref()?;
    (now.since_ms(unseen.at) >= COPY_MS).then(|| {
        let what = ExceptionKind::AnsweredUnseen {
            message: unseen.message,
            account: conversation.account,
            header_id: unseen.answer.header_id.clone(),
            quoted_from: unseen.answer.quoted_from.clone(),
        };
        (unseen.at, what)
    })
}

fn beginning(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}
