//! The daily review on this desktop (W10): frozen when it begins, kept over a restart, and signed off through the log.
//!
//! Only which conversations, in which order, and when it began is frozen. Why a row is there and what became of it is read off the
//! replica each time, so that what colleagues settle shows at once, and offline what I do shows as everywhere else. The day is the
//! reviewer's own: what is begun today is gone on with until midnight, and tomorrow there is a new list.

use std::collections::BTreeMap;

use baton_domain::{
    Capability, CommandBody, ConversationId, DocumentBody, InboxId, MINUTE_MS, Refusal, ReviewDay, ReviewSignOff,
    Timestamp,
};
use baton_protocol::{Acted, Group, Review, ReviewRow, Settled};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::io::{Ticket, Told};
use super::state::{Engine, key};
use crate::views::{self, FrozenRow, Judge};

/// Whoever looks at nothing of it for so long does something else.
const PAUSE_MS: i64 = 2 * MINUTE_MS;

/// Sign-offs are about no conversation.
const NOWHERE: ConversationId = ConversationId(Uuid::nil());

/// A review that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frozen {
    at: Timestamp,
    /// The end of the day it is for.
    ends: Timestamp,
    inboxes: Vec<InboxId>,
    rows: Vec<FrozenRow>,
}

/// How long I have been at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spent {
    took_ms: i64,
    last: Timestamp,
}

impl Engine {
    /// Goes on with the review of today, or begins one.
    pub(super) fn look_through(&mut self, ticket: Ticket, anew: bool) {
        let under_way = self.review.as_ref().is_some_and(|review| self.now < review.ends);
        if under_way && !anew {
            let since = self.now.since_ms(self.spent.last).clamp(0, PAUSE_MS);
            self.spent.took_ms = self.spent.took_ms.saturating_add(since);
        } else {
            let days = self.review_days();
            let frozen = Frozen {
                at: self.now,
                ends: self.end_of_day(),
                inboxes: days.keys().copied().collect(),
                rows: views::freeze(self.conversations(), &days),
            };
            self.keep(key::REVIEW, &frozen);
            self.review = Some(frozen);
            self.spent.took_ms = 0;
        }
        self.spent.last = self.now;
        let spent = self.spent;
        self.keep(key::REVIEW_TIME, &spent);
        self.answer(Some(ticket), Told::Done);
    }

    /// Ends it, where the team sees it. What is left is said, not refused.
    pub(super) fn sign_off(&mut self, ticket: Ticket) {
        let Some(review) = self.review().filter(|review| !review.inboxes.is_empty()) else {
            let refusal = Refusal::NotPermitted {
                needs: Capability::Manage,
                inbox: None,
            };
            self.answer(Some(ticket), Told::Acted(Acted::Refused { refusal }));
            return;
        };
        let sign_off = ReviewSignOff {
            by: self.id.me,
            at: self.now,
            inboxes: review.inboxes,
            listed: u32::try_from(review.rows.len()).unwrap_or(u32::MAX),
            settled: review.settled,
            took_ms: review.took_ms,
        };
        let body = CommandBody::PutDocument {
            document: Box::new(DocumentBody::Review(sign_off)),
        };
        let command = self.command(NOWHERE, body, None);
        self.act_with(Some(ticket), command);
    }

    /// The review as it stands; `None` where none was begun.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        let frozen = self.review.as_ref()?;
        let days = self.review_days();
        let rows: Vec<ReviewRow> = frozen.rows.iter().map(|row| self.review_row(row, &days)).collect();
        let settled = rows.iter().filter(|row| row.settled.is_some()).count();
        Some(Review {
            frozen_at: frozen.at,
            inboxes: frozen.inboxes.clone(),
            settled: u32::try_from(settled).unwrap_or(u32::MAX),
            rows,
            took_ms: self.spent.took_ms,
            signed_off: self.signed_off(frozen.at),
        })
    }

    fn review_row(&self, before: &FrozenRow, days: &BTreeMap<InboxId, ReviewDay>) -> ReviewRow {
        let known = self.state(before.conversation);
        let Some((state, day)) = known.and_then(|state| Some((state, days.get(&state.inbox)?))) else {
            return ReviewRow {
                conversation: before.conversation,
                number: before.number,
                row: None,
                reasons: Vec::new(),
                settled: Some(Settled::Elsewhere),
                nudged: None,
                may_nudge: false,
            };
        };
        let reasons = day.open(state);
        let capabilities = self.documents.capabilities(self.id.me, state.inbox);
        let context = self.context_of(state, &capabilities, self.now);
        let nudge = context.map(|context| {
            let judge = Judge {
                me: self.id.me,
                device: self.id.device,
                conversation: state,
                context: &context,
            };
            judge.outcome(CommandBody::Nudge)
        });
        ReviewRow {
            conversation: before.conversation,
            number: before.number,
            row: Some(self.row(state, Group::Rest)),
            settled: views::settled(before, state, &reasons, self.now),
            reasons,
            nudged: state.nudged.clone().filter(|nudge| day.is_today(nudge.at)),
            may_nudge: matches!(nudge, Some(Ok(events)) if !events.is_empty()),
        }
    }

    /// The inboxes I lead, as they are now.
    fn review_days(&self) -> BTreeMap<InboxId, ReviewDay> {
        let Some(me) = self.me() else {
            return BTreeMap::new();
        };
        let inboxes = self.documents.inboxes.values();
        let led = inboxes.filter(|inbox| inbox.capabilities_of(me).contains(&Capability::Manage));
        led.map(|inbox| (inbox.id, ReviewDay::new(&inbox.policy, self.now)))
            .collect()
    }

    /// My sign-off of a review that began then, also one that waits for the network.
    fn signed_off(&self, since: Timestamp) -> Option<ReviewSignOff> {
        let waits = self.outbox.of(NOWHERE).filter_map(|item| match &item.command.body {
            CommandBody::PutDocument { document } => match &**document {
                DocumentBody::Review(sign_off) => Some(sign_off),
                _ => None,
            },
            _ => None,
        });
        let known = self.documents.reviews.get(&self.id.me);
        let all = waits.chain(known).filter(|sign_off| sign_off.at >= since);
        all.max_by_key(|sign_off| sign_off.at).cloned()
    }
}
