//! Where every conversation belongs, kept up to date change by change: a list of ten thousand costs nothing between changes.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Conversation, ConversationId, InboxId, Timestamp};
use baton_protocol::{Group, View, ViewCount};

use crate::views::{self, Haystack, Placement, Viewer};

/// What the lists and their counts are read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    placed: BTreeMap<ConversationId, Placed>,
    counts: BTreeMap<(View, Option<InboxId>), (u32, u32)>,
    groups: BTreeMap<Group, u32>,
    changes: BTreeSet<(Timestamp, ConversationId)>,
}

#[derive(Debug, Clone)]
struct Placed {
    inbox: InboxId,
    placement: Placement,
    haystack: Haystack,
}

impl Index {
    /// Takes in a conversation as it is now.
    pub(crate) fn put(&mut self, conversation: &Conversation, viewer: &Viewer<'_>) {
        self.remove(conversation.id);
        let placed = Placed {
            inbox: conversation.inbox,
            placement: views::place(conversation, viewer),
            haystack: Haystack::of(conversation),
        };
        if let Some(at) = placed.placement.changes_at {
            self.changes.insert((at, conversation.id));
        }
        self.count(&placed, u32::saturating_add);
        self.placed.insert(conversation.id, placed);
    }

    /// Forgets a conversation.
    pub(crate) fn remove(&mut self, id: ConversationId) {
        if let Some(placed) = self.placed.remove(&id) {
            if let Some(at) = placed.placement.changes_at {
                self.changes.remove(&(at, id));
            }
            self.count(&placed, u32::saturating_sub);
        }
    }

    fn count(&mut self, placed: &Placed, change: fn(u32, u32) -> u32) {
        for view in placed.placement.views() {
            for inbox in [None, Some(placed.inbox)] {
                let (all, late) = self.counts.entry((view, inbox)).or_default();
                *all = change(*all, 1);
                *late = change(*late, u32::from(placed.placement.late));
            }
        }
        if let Some(group) = placed.placement.group {
            let count = self.groups.entry(group).or_default();
            *count = change(*count, 1);
        }
    }

    /// The places of all conversations, by id.
    pub(crate) fn places(&self) -> impl Iterator<Item = (ConversationId, &Placement)> {
        self.placed.iter().map(|(id, placed)| (*id, &placed.placement))
    }

    pub(crate) fn haystacks(&self) -> impl Iterator<Item = (ConversationId, &Haystack)> {
        self.placed.iter().map(|(id, placed)| (*id, &placed.haystack))
    }

    /// The counts of all views, for all inboxes together and each alone.
    pub(crate) fn counts(&self) -> Vec<ViewCount> {
        let row = |view: View, inbox: Option<InboxId>, (count, late): (u32, u32)| ViewCount {
            view,
            inbox,
            count,
            late,
        };
        // Every view has a count; an inbox only where it has something in it.
        let mut counts: Vec<ViewCount> = views::views()
            .map(|view| row(view, None, self.counts.get(&(view, None)).copied().unwrap_or_default()))
            .collect();
        let of_inboxes = self
            .counts
            .iter()
            .filter(|((_, inbox), (count, _))| inbox.is_some() && *count > 0);
        counts.extend(of_inboxes.map(|((view, inbox), numbers)| row(*view, *inbox, *numbers)));
        counts.sort_by_key(|count| (count.view, count.inbox));
        counts
    }

    /// How many conversations need me: late, answered, or offered to me.
    pub(crate) fn badge(&self) -> u32 {
        [Group::Overdue, Group::YourTurn, Group::Offered]
            .into_iter()
            .filter_map(|group| self.groups.get(&group))
            .sum()
    }

    /// When a place changes next without anything happening.
    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        self.changes.first().map(|(at, _)| *at)
    }

    /// The conversations whose place has changed by `now` without anything happening.
    pub(crate) fn changed_by(&self, now: Timestamp) -> Vec<ConversationId> {
        self.changes
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, id)| *id)
            .collect()
    }
}
