//! A conversation's log as a person reads it: messages, replies, notes, and everything else folded into single lines.

use std::collections::{BTreeMap, BTreeSet};

use baton_channels::email::smtp::refusal::meaning;
use baton_domain::{
    Event, LogBody, LogEntry, MemberId, MessageId, Outbound, OutboundState, SendProblem, Settlement, Timestamp,
};
use baton_protocol::ThreadItem;

/// A note of mine that the server does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingNote {
    /// Its id.
    pub id: MessageId,
    /// Who: me.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// The text.
    pub text: String,
    /// Who is mentioned.
    pub mentions: Vec<MemberId>,
    /// Whether it is a text suggested to whoever is replying.
    pub suggestion: bool,
}

/// The thread, oldest first by the messages' own dates: history arrives newest first, and is read in order all the same.
#[must_use]
pub fn thread(entries: Vec<LogEntry>, pending: Vec<PendingNote>) -> Vec<ThreadItem> {
    let replies = replies(&entries);
    let gone: BTreeSet<MessageId> = entries
        .iter()
        .filter_map(|entry| match event(entry) {
            Some(Event::SplitOff { messages, .. }) => Some(messages.iter().copied()),
            _ => None,
        })
        .flatten()
        .collect();
    let mut also: BTreeMap<MessageId, Vec<String>> = BTreeMap::new();
    let mut folders: BTreeMap<MessageId, Vec<String>> = BTreeMap::new();
    for entry in &entries {
        match event(entry) {
            Some(Event::AlsoReceived { message, source }) => {
                also.entry(*message).or_default().push(source.address.clone());
            }
            Some(Event::Filed { filing }) => {
                folders.entry(filing.message).or_default().push(filing.folder.clone());
            }
            _ => {}
        }
    }
    let mut items: Vec<(Timestamp, ThreadItem)> = Vec::with_capacity(entries.len());
    for entry in entries {
        if brought(&entry).is_some_and(|message| gone.contains(&message)) {
            continue;
        }
        if let Some(item) = item(entry, &replies, &mut also, &mut folders) {
            items.push(item);
        }
    }
    items.extend(pending.into_iter().map(|note| {
        let item = ThreadItem::Note {
            id: note.id,
            by: Some(note.by),
            at: note.at,
            text: note.text,
            mentions: note.mentions,
            suggestion: note.suggestion,
            unsent_by: None,
            pending: true,
        };
        (note.at, item)
    }));
    items.sort_by_key(|(at, _)| *at);
    folded(items.into_iter().map(|(_, item)| item))
}

fn event(entry: &LogEntry) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        LogBody::DocumentPut { .. } | LogBody::DocumentRemoved { .. } => None,
    }
}

/// The message of the customer that an entry brought.
fn brought(entry: &LogEntry) -> Option<MessageId> {
    match event(entry) {
        Some(Event::MessageReceived { message, .. }) => Some(message.id),
        _ => None,
    }
}

fn item(
    entry: LogEntry,
    replies: &BTreeMap<MessageId, Outbound>,
    also: &mut BTreeMap<MessageId, Vec<String>>,
    folders: &mut BTreeMap<MessageId, Vec<String>>,
) -> Option<(Timestamp, ThreadItem)> {
    let LogBody::Conversation { conversation, event } = &entry.body else {
        return None;
    };
    match event {
        Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => {
            let item = ThreadItem::Message {
                conversation: *conversation,
                message: message.clone(),
                also: also.remove(&message.id).unwrap_or_default(),
                folders: folders.remove(&message.id).unwrap_or_default(),
            };
            Some((message.at, item))
        }
        Event::ReplyQueued { outbound } => {
            let outbound = replies.get(&outbound.id).unwrap_or(outbound).clone();
            // One that is to leave later stands where it leaves, not where it was written.
            let at = match outbound.state {
                OutboundState::Cancelled { .. } => outbound.queued_at,
                _ => outbound.date(),
            };
            Some((
                at,
                ThreadItem::Reply {
                    problem: problem(&outbound),
                    outbound: Box::new(outbound),
                },
            ))
        }
        Event::NoteAdded {
            note,
            text,
            mentions,
            suggestion,
            unsent_by,
        } => {
            let item = ThreadItem::Note {
                id: *note,
                by: entry.actor.member(),
                at: entry.at,
                text: text.clone(),
                mentions: mentions.clone(),
                suggestion: *suggestion,
                unsent_by: *unsent_by,
                pending: false,
            };
            Some((entry.at, item))
        }
        // Shown where they belong: at the message, at the reply, or live in the composer.
        Event::AlsoReceived { .. }
        | Event::Filed { .. }
        | Event::OutboundSending { .. }
        | Event::OutboundReturned { .. }
        | Event::OutboundRescheduled { .. }
        | Event::OutboundSent { .. }
        | Event::OutboundFailed { .. }
        | Event::OutboundUnknown { .. }
        | Event::OutboundSettled { .. }
        | Event::OutboundCancelled { .. }
        | Event::OutboundFiled { .. }
        | Event::LockGranted { .. }
        | Event::LockReleased { .. }
        | Event::LockRequested { .. }
        | Event::LockRequestAnswered { .. } => None,
        _ => Some((entry.at, ThreadItem::Events { entries: vec![entry] })),
    }
}

/// What the provider's words mean, for a reply it refused or asked to wait with.
fn problem(outbound: &Outbound) -> Option<SendProblem> {
    match (&outbound.state, &outbound.given_back) {
        (OutboundState::Failed { reason }, _) => meaning(reason),
        (OutboundState::Queued, Some(given)) => meaning(&given.reason),
        _ => None,
    }
}

/// Every reply with where it stands now.
fn replies(entries: &[LogEntry]) -> BTreeMap<MessageId, Outbound> {
    let mut replies: BTreeMap<MessageId, Outbound> = BTreeMap::new();
    for entry in entries {
        let Some(event) = event(entry) else { continue };
        if let Event::ReplyQueued { outbound } = event {
            replies.insert(outbound.id, (**outbound).clone());
        } else if let Some((id, change)) = change(event, entry.at)
            && let Some(reply) = replies.get_mut(&id)
        {
            change(reply);
        }
    }
    replies
}

type Change<'a> = Box<dyn FnOnce(&mut Outbound) + 'a>;

fn change(event: &Event, at: Timestamp) -> Option<(MessageId, Change<'_>)> {
    let to = |id: &MessageId, state: OutboundState| -> Option<(MessageId, Change<'_>)> {
        Some((*id, Box::new(move |reply: &mut Outbound| reply.state = state)))
    };
    match event {
        Event::OutboundSending { outbound, attempt } => Some((
            *outbound,
            Box::new(move |reply| {
                reply.state = OutboundState::Sending;
                reply.attempt = *attempt;
            }),
        )),
        Event::OutboundRescheduled { outbound, send_at } => {
            Some((*outbound, Box::new(move |reply| reply.reschedule(*send_at))))
        }
        Event::OutboundReturned {
            outbound,
            reason,
            not_before,
        } => Some((
            *outbound,
            Box::new(move |reply| {
                reply.state = OutboundState::Queued;
                reply.give_back(reason, *not_before);
            }),
        )),
        Event::OutboundSent { outbound, reply } => to(
            outbound,
            OutboundState::Sent {
                at,
                reply: reply.clone(),
            },
        ),
        Event::OutboundFailed { outbound, reason } => to(outbound, OutboundState::Failed { reason: reason.clone() }),
        Event::OutboundUnknown { outbound, reason } => to(outbound, OutboundState::Unknown { reason: reason.clone() }),
        Event::OutboundCancelled { outbound, why } => to(outbound, OutboundState::Cancelled { why: *why }),
        Event::OutboundSettled { outbound, how } => match how {
            Settlement::Delivered => to(
                outbound,
                OutboundState::Sent {
                    at,
                    reply: String::new(),
                },
            ),
            Settlement::SendAgain => to(outbound, OutboundState::Queued),
            Settlement::Drop => to(outbound, OutboundState::Failed { reason: String::new() }),
        },
        Event::OutboundFiled { outbound } => Some((*outbound, Box::new(|reply| reply.filed = true))),
        _ => None,
    }
}

/// Neighbouring lines of events become one.
fn folded(items: impl Iterator<Item = ThreadItem>) -> Vec<ThreadItem> {
    let mut thread: Vec<ThreadItem> = Vec::new();
    for item in items {
        match (thread.last_mut(), item) {
            (Some(ThreadItem::Events { entries }), ThreadItem::Events { entries: more }) => entries.extend(more),
            (_, item) => thread.push(item),
        }
    }
    thread
}
