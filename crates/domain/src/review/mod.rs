//! The daily review (W10): which conversations a reviewer looks at, why, and in which order.
//!
//! [`ReviewDay`] is one inbox at one instant. Everything is read off the state, by the inbox's own calendar: there is nothing to keep up to
//! date and nothing to forget. A conversation without duties (W2), or one that is over, is never in it. Being out of sight hides nothing
//! the customer waits for: a snoozed conversation is in the review where an answer is late or due.
//!
//! A reviewer who has looked may say that it is [fine until tomorrow](FoundFine): that covers exactly the reasons they saw, until the inbox's next
//! business day begins. Whatever else comes up brings it back at once.

mod sign_off;

pub use sign_off::ReviewSignOff;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Clock, ClockKind, Conversation, FollowUp, InboxPolicy, MemberId, Money, Priority, Snooze, Timestamp, Timetable,
};

/// How many business days a lead of high value may lie without anything happening.
const QUIET_DAYS: u8 = 2;

/// How many reasons a conversation can have at most: four clocks and a follow-up, each late or due, and one of each other kind.
pub(crate) const MOST_REASONS: usize = 16;

/// What has a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReviewDate {
    /// Something was promised in time.
    Clock {
        /// What.
        kind: ClockKind,
    },
    /// We were to act.
    FollowUp,
}

/// Why a conversation is in the review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReviewReason {
    /// Its date has passed.
    Overdue {
        /// Of what.
        what: ReviewDate,
        /// When it was.
        due: Timestamp,
    },
    /// Nobody has taken it.
    Unassigned {
        /// Since when the customer waits, or since when it is here.
        since: Timestamp,
    },
    /// It has an owner, and the customer never had an answer.
    FirstResponse {
        /// Since when they wait.
        since: Timestamp,
    },
    /// It is worth much, and nothing has happened for two business days; nor did anybody choose a date.
    Quiet {
        /// Since when.
        since: Timestamp,
    },
    /// Somebody's input is awaited.
    Blocked {
        /// The colleague; `None` for an outside address.
        on: Option<MemberId>,
        /// The outside address.
        address: Option<String>,
        /// Since when.
        since: Timestamp,
    },
    /// Its date is today.
    DueToday {
        /// Of what.
        what: ReviewDate,
        /// When it is.
        due: Timestamp,
    },
}

impl ReviewReason {
    /// The instant it goes by.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Overdue { due, .. } | Self::DueToday { due, .. } => *due,
            Self::Unassigned { since }
            | Self::FirstResponse { since }
            | Self::Quiet { since }
            | Self::Blocked { since, .. } => *since,
        }
    }

    /// How much is at risk, the most first: a customer who waits longer than was promised comes before one who does not notice yet.
    const fn rank(&self) -> u8 {
        match self {
            Self::Overdue { what, .. } => match what {
                ReviewDate::Clock { kind } if kind.is_response() => 0,
                ReviewDate::Clock { kind: ClockKind::Owner } => 1,
                ReviewDate::FollowUp => 2,
                ReviewDate::Clock { .. } => 3,
            },
            Self::Unassigned { .. } => 4,
            Self::FirstResponse { .. } => 5,
            Self::Quiet { .. } => 6,
            Self::Blocked { .. } => 7,
            Self::DueToday { .. } => 8,
        }
    }
}

/// The owner was asked to look at it (W10): once a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nudge {
    /// Who asks.
    pub by: MemberId,
    /// Whom.
    pub to: MemberId,
    /// When.
    pub at: Timestamp,
    /// What most needs looking at, where the review knows a reason.
    pub reason: Option<ReviewReason>,
}

/// A reviewer has looked at it, and it may stay as it is until the next business day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundFine {
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The reasons they saw. Any other brings it back.
    pub reasons: Vec<ReviewReason>,
}

impl FoundFine {
    /// Whether it still covers all of these.
    #[must_use]
    pub fn covers(&self, reasons: &[ReviewReason], now: Timestamp) -> bool {
        now < self.until && reasons.iter().all(|reason| self.reasons.contains(reason))
    }
}

/// Where a conversation stands in the list: by its first reason, then the urgent, then the valuable, then whatever is longest so.
pub type ReviewRisk = (u8, Reverse<Priority>, bool, Timestamp, u32);

/// One inbox at one instant, as a reviewer sees it.
#[derive(Debug, Clone)]
pub struct ReviewDay {
    now: Timestamp,
    day_ends: Timestamp,
    high_value: Option<Money>,
    stale_days: u8,
    table: Timetable,
}

impl ReviewDay {
    /// An inbox with this policy, at `now`.
    #[must_use]
    pub fn new(policy: &InboxPolicy, now: Timestamp) -> Self {
        let table = policy.calendar.timetable();
        Self {
            now,
            day_ends: table.day_ends(now),
            high_value: policy.high_value.clone(),
            stale_days: policy.stale_days,
            table,
        }
    }

    /// Whether an instant is of this day.
    #[must_use]
    pub fn is_today(&self, at: Timestamp) -> bool {
        self.table.same_day(at, self.now)
    }

    /// Why this conversation is in the review, most at risk first; empty where it is not.
    #[must_use]
    pub fn reasons(&self, state: &Conversation) -> Vec<ReviewReason> {
        if state.status.is_over() || !state.category.has_duties() {
            return Vec::new();
        }
        let awake = !asleep(state.snoozed.as_ref(), self.now);
        let mut reasons: Vec<ReviewReason> = state.clocks.iter().filter_map(|clock| self.of_clock(clock)).collect();
        if awake {
            reasons.extend(self.of_follow_up(state.follow_up.as_ref()));
            reasons.extend(self.unassigned(state));
            reasons.extend(self.quiet(state));
            reasons.extend(state.blocked.as_ref().map(|blocked| ReviewReason::Blocked {
                on: blocked.on,
                address: blocked.address.clone(),
                since: blocked.since,
            }));
        }
        reasons.extend(self.first_response(state));
        reasons.sort_by_key(|reason| (reason.rank(), reason.at()));
        reasons
    }

    /// The reasons nobody has found fine: [`Self::reasons`], or none where all of them were looked at.
    #[must_use]
    pub fn open(&self, state: &Conversation) -> Vec<ReviewReason> {
        let reasons = self.reasons(state);
        let fine = state.fine.as_ref();
        if fine.is_some_and(|fine| fine.covers(&reasons, self.now)) {
            Vec::new()
        } else {
            reasons
        }
    }

    /// Where it stands among others with these reasons; `None` without any.
    #[must_use]
    pub fn risk(&self, state: &Conversation, reasons: &[ReviewReason]) -> Option<ReviewRisk> {
        let first = reasons.first()?;
        Some((
            first.rank(),
            Reverse(state.priority),
            !is_high_value(self.high_value.as_ref(), state.value.as_ref()),
            first.at(),
            state.number,
        ))
    }

    /// Since when nothing has happened in it, where that is too long: no message, note or new owner, and no date still to come. A date
    /// that has passed, and that somebody looked, count from then.
    #[must_use]
    pub fn stale_since(&self, state: &Conversation) -> Option<Timestamp> {
        let over = state.status.is_over() || state.merged.is_some();
        if over || !state.category.has_duties() || asleep(state.snoozed.as_ref(), self.now) {
            return None;
        }
        let follow_up = state.follow_up.as_ref();
        let snoozed = state.snoozed.as_ref().and_then(|snooze| snooze.until);
        let dates = [
            follow_up.map(|one| one.due),
            follow_up.and_then(|one| one.closes_at),
            snoozed,
        ];
        let since = dates
            .into_iter()
            .chain([state.owned_since, state.looked_at])
            .flatten()
            .fold(state.last_activity(), Ord::max);
        let worth = is_high_value(self.high_value.as_ref(), state.value.as_ref());
        let most = if worth {
            self.stale_days.min(QUIET_DAYS)
        } else {
            self.stale_days
        };
        (self.table.add_business_days(since, most) <= self.now).then_some(since)
    }

    fn of_clock(&self, clock: &Clock) -> Option<ReviewReason> {
        if !clock.runs() {
            return None;
        }
        let what = ReviewDate::Clock { kind: clock.kind };
        // What nobody took, and whom nobody answered yet, is in it whenever it is due.
        let said_anyway = matches!(clock.kind, ClockKind::Owner | ClockKind::FirstResponse);
        self.dated(what, clock.due, !said_anyway)
    }

    fn of_follow_up(&self, follow_up: Option<&FollowUp>) -> Option<ReviewReason> {
        self.dated(ReviewDate::FollowUp, follow_up?.due, true)
    }

    fn dated(&self, what: ReviewDate, due: Timestamp, also_today: bool) -> Option<ReviewReason> {
        if due <= self.now {
            Some(ReviewReason::Overdue { what, due })
        } else {
            (also_today && due < self.day_ends).then_some(ReviewReason::DueToday { what, due })
        }
    }

    /// Until its time to have an owner is over: from then on that is what is said.
    fn unassigned(&self, state: &Conversation) -> Option<ReviewReason> {
        let said = self.is_late(state, ClockKind::Owner);
        (state.owner.is_none() && !said).then(|| ReviewReason::Unassigned {
            since: state.unanswered_since.unwrap_or(state.created_at),
        })
    }

    fn first_response(&self, state: &Conversation) -> Option<ReviewReason> {
        state.owner?;
        let since = state.unanswered_since.filter(|_| state.replies == 0)?;
        (!self.is_late(state, ClockKind::FirstResponse)).then_some(ReviewReason::FirstResponse { since })
    }

    fn is_late(&self, state: &Conversation, kind: ClockKind) -> bool {
        let late = |clock: &Clock| clock.kind == kind && clock.runs() && clock.due <= self.now;
        state.clocks.iter().any(late)
    }

    /// A date of the cadence is not something that happens; one that a person chose is.
    fn quiet(&self, state: &Conversation) -> Option<ReviewReason> {
        let worth = is_high_value(self.high_value.as_ref(), state.value.as_ref());
        let chosen = |follow_up: &FollowUp| follow_up.by.is_some() && follow_up.due > self.now;
        if !worth || state.owner.is_none() || state.follow_up.as_ref().is_some_and(chosen) {
            return None;
        }
        let since = state.last_activity();
        (self.table.add_business_days(since, QUIET_DAYS) <= self.now).then_some(ReviewReason::Quiet { since })
    }
}

/// Whether a lead is worth as much as the inbox calls much. An amount in another currency is taken for much: nobody loses a lead over a rate.
pub(crate) fn is_high_value(from: Option<&Money>, value: Option<&Money>) -> bool {
    match (from, value) {
        (Some(from), Some(value)) => value.currency != from.currency || value.cents >= from.cents,
        _ => false,
    }
}

fn asleep(snooze: Option<&Snooze>, now: Timestamp) -> bool {
    snooze.is_some_and(|snooze| snooze.until.is_none_or(|until| until > now))
}
