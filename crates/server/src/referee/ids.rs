//! Ids that follow from what they stand for: the same item or deadline has the same id on every server, today and after a crash.

use baton_domain::{CommandId, ConversationId, Deadline, Timestamp};
use baton_store::port::ItemKey;
use uuid::Uuid;

/// The namespace of items of mailboxes. Never changed: ids of taken-in mail hang on it.
const ITEMS: Uuid = Uuid::from_u128(0x8d3f_5c1e_0b7a_4f52_9c46_2a6e_51d0_7713);

/// The id of the command that takes in an item of a mailbox, and of the message it becomes.
#[must_use]
pub fn item_id(key: &ItemKey) -> CommandId {
    // The folder comes last: its name may hold anything.
    CommandId::derive(
        ITEMS,
        &format!("{} {} {} {}", key.account, key.uidvalidity, key.uid, key.folder),
    )
}

/// The id of the command that a deadline leads to, when the conversation it is judged on has seen `version` events. That it fires
/// once is the conversation's own knowledge; the version keeps a date that is set anew, to the very instant that came
/// before, from being taken for the one that came.
#[must_use]
pub fn due_id(conversation: ConversationId, version: u32, what: Deadline, at: Timestamp) -> CommandId {
    let what = match what {
        Deadline::FollowUp => "follow-up",
        Deadline::Closing => "closing",
        Deadline::Resolved => "resolved",
        Deadline::Snooze => "snooze",
        Deadline::Handoff => "handoff",
        Deadline::Escalation => "escalation",
        Deadline::ClockWarning => "clock warning",
        Deadline::ClockBreach => "clock breach",
        Deadline::Targets => "targets",
    };
    CommandId::derive(conversation.0, &format!("{what} {} {version}", at.0))
}

/// The id of the command that a reply lock's lapse leads to.
pub(super) fn lapse_id(conversation: ConversationId, version: u32, token: u64, at: Timestamp) -> CommandId {
    CommandId::derive(conversation.0, &format!("lock {token} {} {version}", at.0))
}

/// The id of a conversation that an item begins: ordered by time like all of them, and otherwise following from the item.
pub(super) fn new_conversation(item: CommandId, now: Timestamp) -> ConversationId {
    let derived = Uuid::new_v5(&item.0, b"conversation");
    let mut random = [0; 10];
    for (slot, byte) in random.iter_mut().zip(derived.as_bytes()) {
        *slot = *byte;
    }
    let millis = u64::try_from(now.0).unwrap_or(0);
    ConversationId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

#[cfg(test)]
mod tests {
    use baton_domain::AccountId;

    use super::*;

    #[test]
    fn ids_are_pinned() {
        let key = ItemKey {
            account: AccountId(Uuid::from_u128(1)),
            folder: "INBOX".to_owned(),
            uidvalidity: 7,
            uid: 42,
        };
        let item = item_id(&key);
        assert_eq!(item.to_string(), "486839bf-2baa-5e65-b9ff-44dab8010284");
        assert_eq!(
            new_conversation(item, Timestamp(1_790_000_000_000)).to_string(),
            "01a0c450-6c00-7bb8-ab20-b56f5efeaba8"
        );
        let conversation = ConversationId(Uuid::from_u128(9));
        assert_eq!(
            due_id(conversation, 12, Deadline::FollowUp, Timestamp(1_790_000_000_000)).to_string(),
            "e92cd3d5-ed50-5c9f-9bf5-4ab56dd8d708"
        );
    }
}
