//! Finding: in the rows of the replica at once, and in what was written as far as the server finds it.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Conversation, ConversationId, MemberId};
use baton_protocol::{ExcerptPart, Group, Hit, HitKind, ListPage};
use baton_store::search::{Criteria, Found, Names, PieceKind, Query, Who};

use super::state::Engine;
use crate::views::{self, Needle};

impl Engine {
    /// The conversations whose rows fit, the best first.
    #[must_use]
    pub fn search(&self, text: &str, limit: u32) -> ListPage {
        let query = Query::parse(text, true);
        if query.is_empty() {
            return page(Vec::new());
        }
        let needle = Needle::of(&query);
        let criteria = self.criteria(&query);
        let mut found: Vec<(u8, i64, &Conversation)> = self
            .index
            .haystacks()
            .filter_map(|(id, haystack)| {
                let rank = haystack.rank(&needle)?;
                let conversation = self.state(id).filter(|state| criteria.may_hold(state))?;
                Some((rank, views::at(conversation).0.saturating_neg(), conversation))
            })
            .collect();
        found.sort_by_key(|(rank, newest, conversation)| (*rank, *newest, conversation.number));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = found.into_iter().take(limit);
        page(
            rows.map(|(_, _, conversation)| self.row(conversation, Group::Rest))
                .collect(),
        )
    }

    /// What the index of this replica is asked, and the conversations that may be found; `None` where all may.
    #[must_use]
    pub fn looks_for(&self, text: &str) -> (Criteria, Option<BTreeSet<ConversationId>>) {
        let criteria = self.criteria(&Query::parse(text, true));
        let among = criteria.asks_of_conversations().then(|| {
            let admitted = self
                .conversations()
                .filter(|conversation| criteria.admits(conversation));
            admitted.map(|conversation| conversation.id).collect()
        });
        (criteria, among)
    }

    /// The names of colleagues.
    #[must_use]
    pub fn member_names(&self) -> BTreeMap<MemberId, String> {
        let members = self.documents.members.values();
        members.map(|member| (member.id, member.name.clone())).collect()
    }

    /// The same with what was found in messages, replies and notes: after the rows that fit by themselves.
    #[must_use]
    pub fn with_hits(&self, mut local: ListPage, hits: Vec<Hit>, limit: u32) -> ListPage {
        let shown: BTreeMap<_, _> = local.rows.iter().zip(0..).map(|(row, at)| (row.id, at)).collect();
        for hit in hits {
            // What was found in the row itself is seen there.
            let excerpt = Some(hit.excerpt).filter(|parts| parts.iter().any(|part| part.found));
            if let Some(row) = shown
                .get(&hit.conversation)
                .and_then(|at: &usize| local.rows.get_mut(*at))
            {
                row.found = excerpt;
            } else if let Some(conversation) = self.state(hit.conversation) {
                let mut row = self.row(conversation, Group::Rest);
                row.found = excerpt;
                local.rows.push(row);
            }
        }
        local.rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        page(local.rows)
    }

    fn criteria(&self, query: &Query) -> Criteria {
        let members: Vec<_> = self.documents.members.values().cloned().collect();
        let inboxes: Vec<_> = self.documents.inboxes.values().cloned().collect();
        let who = Who {
            member: self.id.me,
            // What is in the replica may be read.
            inboxes: inboxes.iter().map(|inbox| inbox.id).collect(),
            zone: self.zone(),
        };
        let names = Names {
            members: &members,
            inboxes: &inboxes,
        };
        Criteria::of(query, &who, names)
    }

    /// The name of the zone the person works in, where it has one.
    #[must_use]
    pub fn zone_name(&self) -> Option<String> {
        self.zone().iana_name().map(str::to_owned)
    }
}

fn page(rows: Vec<baton_protocol::Row>) -> ListPage {
    ListPage {
        total: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        rows,
        groups: Vec::new(),
        searched: None,
    }
}

/// What this replica's index found, as the server says it.
pub(crate) fn hit(found: Found) -> Hit {
    let part = |(text, found): (&str, bool)| ExcerptPart {
        text: text.to_owned(),
        found,
    };
    Hit {
        conversation: found.conversation,
        message: found.message,
        kind: match found.kind {
            PieceKind::Theirs => HitKind::Theirs,
            PieceKind::Ours => HitKind::Ours,
            PieceKind::Note => HitKind::Note,
        },
        at: found.at,
        excerpt: found.excerpt.parts().into_iter().map(part).collect(),
        from: found.from,
        subject: found.subject,
    }
}
