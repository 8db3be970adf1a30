//! The rows of a daily review: which there are when it begins, and what became of each since.

use std::collections::BTreeMap;

use baton_domain::{Conversation, ConversationId, InboxId, MemberId, ReviewDay, ReviewReason, Timestamp};
use baton_protocol::Settled;
use serde::{Deserialize, Serialize};

/// A row as it was when the review began: enough to tell whether something became of it, and nothing that was said in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrozenRow {
    /// Which.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// Who owned it.
    pub owner: Option<MemberId>,
    /// When its owner had last been nudged.
    pub nudged_at: Option<Timestamp>,
}

/// Whatever is to be looked at in these inboxes, most at risk first.
#[must_use]
pub fn freeze<'a>(
    conversations: impl Iterator<Item = &'a Conversation>,
    days: &BTreeMap<InboxId, ReviewDay>,
) -> Vec<FrozenRow> {
    let mut rows: Vec<_> = conversations
        .filter_map(|state| {
            let day = days.get(&state.inbox)?;
            let row = FrozenRow {
                conversation: state.id,
                number: state.number,
                owner: state.owner,
                nudged_at: state.nudged.as_ref().map(|nudge| nudge.at),
            };
            Some((day.risk(state, &day.open(state))?, row))
        })
        .collect();
    rows.sort_by_key(|(risk, _)| *risk);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What became of a row, where that is enough for today. `open` are the reasons it has now.
#[must_use]
pub fn settled(before: &FrozenRow, state: &Conversation, open: &[ReviewReason], now: Timestamp) -> Option<Settled> {
    let fine = state.fine.as_ref().filter(|fine| now < fine.until);
    let nudge = state.nudged.as_ref();
    let nudge = nudge.filter(|nudge| Some(nudge.at) != before.nudged_at && Some(nudge.to) == state.owner);
    let given = state.owner.filter(|owner| Some(*owner) != before.owner);
    match (fine, nudge, given) {
        _ if state.status.is_over() => Some(Settled::Done),
        (Some(fine), ..) if open.is_empty() => Some(Settled::Fine {
            by: fine.by,
            at: fine.at,
        }),
        (_, Some(nudge), _) => Some(Settled::Nudged {
            by: nudge.by,
            to: nudge.to,
            at: nudge.at,
        }),
        (.., Some(to)) => Some(Settled::Assigned { to }),
        _ => open.is_empty().then_some(Settled::Done),
    }
}
