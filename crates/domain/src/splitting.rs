//! One conversation that is two: what of it goes on in a conversation of its own.
//!
//! What the customer wrote about another matter is said anew in the log of the conversation it goes on in, so that whoever may read that
//! one reads it there, wherever it is moved. In the log of the one it came in it stays, and is shown no more. What that one is without it
//! is not guessed: its log is folded once more, as if those messages had never come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Address, Conversation, ConversationId, Direction, Event, LastMessage, MemberId, Message, MessageId, MessageKind,
    Stamp, Timestamp, evolve,
};

/// Where a conversation came from that was split off another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitOrigin {
    /// Off which.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// Who said so.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
}

/// A message that is said anew in the conversation it goes on in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaidAnew {
    /// Its id there.
    pub message: MessageId,
    /// When it came, the first time.
    pub came: Timestamp,
    /// Whether its author waited for an answer to it still.
    pub waits: bool,
}

/// What is newest in a conversation, and who waits in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Newest {
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// The Message-ID its next reply answers.
    pub reply_to_header: Option<String>,
    /// The References of that message.
    pub references: Vec<String>,
    /// To whom its next reply goes.
    pub reply_to: Vec<Address>,
    /// Since when its customer waits.
    pub unanswered_since: Option<Timestamp>,
}

/// What a conversation is without the messages that were split off it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rest {
    /// As it stands.
    pub newest: Newest,
    /// Of what is over: since when they had waited.
    pub unanswered_at_close: Option<Timestamp>,
    /// As it stood without each of what was merged into it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<ConversationId, Newest>,
    /// Whether any message carries a file.
    pub has_attachment: bool,
}

/// A message of a conversation's log, as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came<'a> {
    /// The message.
    pub(crate) message: &'a Message,
    /// When it came: the first time, where it is said anew here.
    pub(crate) at: Timestamp,
    /// Whether it is one of those an answer is awaited to; history is not.
    pub(crate) live: bool,
}

impl Rest {
    /// What a conversation with this log is without those messages, and without what was split off before; `None` where nothing would be
    /// left that somebody wrote in it: what was merged into it may be taken out again.
    pub(crate) fn of(log: &[(Stamp, Event)], gone: &BTreeSet<MessageId>) -> Option<Self> {
        let gone: BTreeSet<MessageId> = split_off_before(log).chain(gone.iter().copied()).collect();
        let alone = refold(log, &gone, false)?;
        let of_somebody = |last: &LastMessage| {
            last.direction != Direction::Inbound || matches!(last.kind, MessageKind::Human | MessageKind::Bulk)
        };
        alone.last_message.as_ref().filter(|last| of_somebody(last))?;
        let state = refold(log, &gone, true)?;
        let without = state.absorbed.iter().map(|absorbed| {
            let without = &absorbed.without;
            let newest = Newest {
                last_message: without.last_message.clone(),
                reply_to_header: without.reply_to_header.clone(),
                references: without.references.clone(),
                reply_to: without.reply_to.clone(),
                unanswered_since: without.unanswered_since,
            };
            (absorbed.part.conversation, newest)
        });
        Some(Self {
            without: without.collect(),
            unanswered_at_close: state.unanswered_at_close,
            has_attachment: state.has_attachment,
            newest: Newest {
                last_message: state.last_message,
                reply_to_header: state.reply_to_header,
                references: state.references,
                reply_to: state.reply_to,
                unanswered_since: state.unanswered_since,
            },
        })
    }
}

/// Since when the customer waits for an answer to what they wrote here, whatever was merged into it; or had waited when it was closed.
pub(crate) fn waits_here(log: &[(Stamp, Event)]) -> Option<Timestamp> {
    let gone = split_off_before(log).collect();
    let alone = refold(log, &gone, false)?;
    alone.unanswered_since.or(alone.unanswered_at_close)
}

/// What the customer wrote that is still here, in the order it came.
pub(crate) fn received(log: &[(Stamp, Event)]) -> impl Iterator<Item = Came<'_>> {
    let gone: BTreeSet<MessageId> = split_off_before(log).collect();
    let first: BTreeMap<MessageId, Timestamp> = log
        .iter()
        .filter_map(|(_, event)| match event {
            Event::SplitFrom { messages, .. } => Some(messages),
            _ => None,
        })
        .flatten()
        .map(|said| (said.message, said.came))
        .collect();
    log.iter().filter_map(move |(stamp, event)| match event {
        Event::MessageReceived { message, live } if !gone.contains(&message.id) => Some(Came {
            message,
            at: first.get(&message.id).copied().unwrap_or(stamp.at),
            live: *live,
        }),
        _ => None,
    })
}

fn split_off_before(log: &[(Stamp, Event)]) -> impl Iterator<Item = MessageId> + '_ {
    let before = log.iter().filter_map(|(_, event)| match event {
        Event::SplitOff { messages, .. } => Some(messages),
        _ => None,
    });
    before.flatten().copied()
}

/// The state this log gives had those messages never come; without what was merged into it where `whole` is false. What they had changed
/// by events of their own is changed all the same: of this only what is newest and who waits is of use.
fn refold(log: &[(Stamp, Event)], gone: &BTreeSet<MessageId>, whole: bool) -> Option<Conversation> {
    let mut state = None;
    for (stamp, event) in log {
        let event = match event {
            Event::MessageReceived { message, .. } if gone.contains(&message.id) => continue,
            Event::SplitOff { .. } => continue,
            Event::Absorbed { .. } | Event::LetGo { .. } if !whole => continue,
            Event::SplitFrom {
                conversation,
                number,
                messages,
            } => &Event::SplitFrom {
                conversation: *conversation,
                number: *number,
                messages: messages
                    .iter()
                    .filter(|said| !gone.contains(&said.message))
                    .copied()
                    .collect(),
            },
            other => other,
        };
        state = evolve(state, *stamp, event);
    }
    state
}

impl MessageId {
    /// The id of a message in the conversation it goes on in.
    #[must_use]
    pub fn in_conversation(self, conversation: ConversationId) -> Self {
        Self::derive(self.0, &format!("goes on in {conversation}"))
    }
}

/// Some of it goes on elsewhere. That nobody waits here any more is an event of its own, which puts back what those messages had changed.
pub(crate) fn split_off(state: &mut Conversation, messages: &[MessageId], into: ConversationId, rest: &Rest) {
    for absorbed in &mut state.absorbed {
        let Some(newest) = rest.without.get(&absorbed.part.conversation).cloned() else {
            continue;
        };
        let without = &mut absorbed.without;
        without.last_message = newest.last_message;
        without.reply_to_header = newest.reply_to_header;
        without.references = newest.references;
        without.reply_to = newest.reply_to;
        without.unanswered_since = newest.unanswered_since;
    }
    state.messages = state
        .messages
        .saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
    state.last_message.clone_from(&rest.newest.last_message);
    state.reply_to_header.clone_from(&rest.newest.reply_to_header);
    state.references.clone_from(&rest.newest.references);
    state.reply_to.clone_from(&rest.newest.reply_to);
    state.has_attachment = rest.has_attachment;
    if rest.newest.unanswered_since.is_some() {
        // What stood before the oldest of those that waited stands before the others as well.
        state.unanswered_since = rest.newest.unanswered_since;
    }
    if state.unanswered_at_close.is_some() {
        state.unanswered_at_close = rest.unanswered_at_close;
    }
    state.apart.insert(into);
}

/// It was split off another; who waits in it has waited since those messages came.
pub(crate) fn split_from(state: &mut Conversation, stamp: Stamp, from: (ConversationId, u32), messages: &[SaidAnew]) {
    let (conversation, number) = from;
    state.split = Some(SplitOrigin {
        conversation,
        number,
        by: stamp.actor.member(),
        at: stamp.at,
    });
    state.unanswered_since = waits_since(messages);
    state.apart.insert(conversation);
}

/// Since when somebody waits for an answer to one of these.
pub(crate) fn waits_since(messages: &[SaidAnew]) -> Option<Timestamp> {
    let waiting = messages.iter().filter(|said| said.waits);
    waiting.map(|said| said.came).min()
}
