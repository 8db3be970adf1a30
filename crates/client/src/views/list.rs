//! Pages of a list: filtered, ordered, grouped.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use baton_domain::{Conversation, ConversationId, MemberId, Timestamp};
use baton_protocol::{Group, GroupCount, ListQuery, Sort, View};

use super::Placement;

/// A conversation with its place, as a list sees it.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Which.
    pub id: ConversationId,
    /// Its state.
    pub conversation: &'a Conversation,
    /// Where it belongs.
    pub placement: &'a Placement,
}

/// The conversations of one page with their groups, how many there are in all, and how many in each group.
#[must_use]
pub fn page<'a>(
    all: impl Iterator<Item = Listed<'a>>,
    query: &ListQuery,
) -> (Vec<(Group, Listed<'a>)>, u32, Vec<GroupCount>) {
    let sort = query.sort.unwrap_or(own_sort(query.view));
    let mut rows: Vec<(Key, Group, Listed<'a>)> = all
        .filter(|row| row.placement.is_in(query.view))
        .filter(|row| query.inbox.is_none_or(|inbox| row.conversation.inbox == inbox))
        .filter(|row| query.owner.is_none_or(|owner| row.conversation.owner == Some(owner)))
        .map(|row| {
            let group = group_in(query.view, row.placement);
            (key(sort, group, &row), group, row)
        })
        .collect();
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut groups: BTreeMap<Group, u32> = BTreeMap::new();
    for (_, group, _) in &rows {
        let count = groups.entry(*group).or_default();
        *count = count.saturating_add(1);
    }
    let groups = groups.into_iter().map(|(group, count)| GroupCount { group, count });
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    only_page(&mut rows, offset, limit);
    let rows = rows.into_iter().map(|(_, group, row)| (group, row)).collect();
    (rows, total, groups.collect())
}

/// Leaves one page of rows, in order. Only that page is sorted: a list of a hundred thousand is asked for with every change.
fn only_page<T>(rows: &mut Vec<(Key, Group, T)>, offset: usize, limit: usize) {
    let end = offset.saturating_add(limit);
    if end < rows.len() {
        rows.select_nth_unstable_by_key(end, |(key, ..)| *key);
        rows.truncate(end);
    }
    if offset >= rows.len() {
        rows.clear();
    } else if offset > 0 {
        rows.select_nth_unstable_by_key(offset, |(key, ..)| *key);
        rows.drain(..offset);
    }
    rows.sort_unstable_by_key(|(key, ..)| *key);
}

/// Ordered by group first, then by what the order asks for, then by number so that no two are alike.
type Key = (Group, i64, Reverse<i64>, u32);

fn key(sort: Sort, group: Group, row: &Listed<'_>) -> Key {
    let at = at(row.conversation);
    let first = match (sort, group) {
        // Among what nobody took and what the customer waits for, whoever waits longest comes first.
        (Sort::Due, Group::Unassigned | Group::YourTurn) => waits_since(row.conversation).0,
        (Sort::Due, _) => row.placement.due.map_or(i64::MAX, |due| due.0),
        (Sort::Newest, _) => at.0.saturating_neg(),
        (Sort::Oldest, _) => waits_since(row.conversation).0,
    };
    (group, first, Reverse(at.0), row.conversation.number)
}

/// The instant a list shows: the newest message's.
pub(crate) fn at(conversation: &Conversation) -> Timestamp {
    conversation
        .last_message
        .as_ref()
        .map_or(conversation.created_at, |last| last.at)
}

fn waits_since(conversation: &Conversation) -> Timestamp {
    conversation.unanswered_since.unwrap_or_else(|| at(conversation))
}

fn group_in(view: View, placement: &Placement) -> Group {
    match view {
        View::Today => placement.group.unwrap_or(Group::Rest),
        _ => Group::Rest,
    }
}

const fn own_sort(view: View) -> Sort {
    match view {
        View::Today | View::Mine | View::Waiting | View::QuotesOut | View::Snoozed => Sort::Due,
        View::Unassigned | View::Blocked | View::Escalated => Sort::Oldest,
        View::Closed | View::All | View::LeftOver => Sort::Newest,
    }
}

/// Who is replying: whoever holds the lock.
pub(crate) fn replying(conversation: &Conversation) -> Option<MemberId> {
    conversation.lock.as_ref().map(|lock| lock.member)
}
