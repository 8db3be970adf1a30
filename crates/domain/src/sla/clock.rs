//! A target at work in a conversation: when it began, when it stood still, and when it is due.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{HALF, SlaPolicy, SlaRule, Target};
use crate::{Timestamp, Timetable};

/// What a clock waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockKind {
    /// An owner.
    Owner,
    /// Our first answer.
    FirstResponse,
    /// Our answer to a later message.
    NextResponse,
    /// The end. The only clock that pauses: while the next move is somebody else's.
    Resolution,
}

impl ClockKind {
    /// Whether it waits for an answer of ours.
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self, Self::FirstResponse | Self::NextResponse)
    }

    /// Whether two kinds can't run beside one another.
    #[must_use]
    pub fn shares_place(self, other: Self) -> bool {
        self == other || (self.is_response() && other.is_response())
    }
}

/// How a clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClockEnd {
    /// What it waited for happened, in time or late.
    Met {
        /// When.
        at: Timestamp,
    },
    /// Nothing was owed any more; counted apart.
    NotNeeded,
}

/// A time in which a clock stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// From when.
    pub since: Timestamp,
    /// Until when; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// A target at work in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// What it waits for.
    pub kind: ClockKind,
    /// Since when.
    pub started: Timestamp,
    /// When it stood still, in order.
    pub pauses: Vec<Pause>,
    /// How long it may take.
    pub target: Target,
    /// After how many hundredths of that its owner is warned.
    pub warn_percent: u8,
    /// When half of it has passed. Of a clock that stands still, this and the next two are as if it went on where it stopped.
    pub half_at: Timestamp,
    /// When its owner is warned.
    pub warn_at: Timestamp,
    /// When all of it has passed: its deadline.
    pub due: Timestamp,
    /// The version of the policy it was computed from.
    pub policy: u32,
    /// The rule of that policy.
    pub rule: String,
    /// It was warned of.
    pub warned: bool,
    /// Its deadline came before what it waits for.
    pub breached: bool,
    /// How it ended; `None` while it runs or stands still.
    pub end: Option<ClockEnd>,
}

impl Clock {
    /// A clock by a rule, from `started` on, as is decided now; `None` where the rule has no such target, or the calendar not so much business.
    pub(crate) fn start(
        kind: ClockKind,
        started: Timestamp,
        now: Timestamp,
        rule: &SlaRule,
        policy: &SlaPolicy,
        table: &Timetable,
    ) -> Option<Self> {
        let clock = Self {
            kind,
            started,
            pauses: Vec::new(),
            target: rule.targets.of(kind)?,
            warn_percent: policy.warn_percent,
            half_at: started,
            warn_at: started,
            due: started,
            policy: policy.version,
            rule: rule.name.clone(),
            warned: false,
            breached: false,
            end: None,
        };
        clock.retargeted(rule, policy, now, table)
    }

    /// The same clock, started and paused as it was, by the target of another rule or calendar from `now` on. Nothing is late
    /// by a target before that target holds: its dates are not in the past.
    pub(crate) fn retargeted(
        &self,
        rule: &SlaRule,
        policy: &SlaPolicy,
        now: Timestamp,
        table: &Timetable,
    ) -> Option<Self> {
        let target = rule.targets.of(self.kind)?;
        let mut clock = Self {
            target,
            warn_percent: policy.warn_percent,
            policy: policy.version,
            rule: rule.name.clone(),
            ..self.clone()
        };
        clock.plan(table)?;
        // Warned of already, and it would be again at once.
        clock.warned = self.warned && clock.warn_at <= now;
        clock.not_before(now);
        Some(clock)
    }

    /// The same clock going on from `now`, after it stood still or ended.
    pub(crate) fn going_on(&self, now: Timestamp, table: &Timetable) -> Option<Self> {
        let mut clock = self.clone();
        if let Some(ClockEnd::Met { at }) = clock.end.take()
            && !clock.stands_still()
        {
            clock.pauses.push(Pause { since: at, until: None });
        }
        clock.resume(now);
        clock.plan(table)?;
        clock.not_before(now);
        Some(clock)
    }

    /// It did not count until now, since then or since it last went on. One that stands still does so anyway.
    pub(crate) fn stood_still(&mut self, since: Timestamp, until: Timestamp) {
        if self.stands_still() {
            return;
        }
        let went_on = self.pauses.last().and_then(|pause| pause.until);
        self.pauses.push(Pause {
            since: since.max(went_on.unwrap_or(self.started)),
            until: Some(until),
        });
    }

    /// What has not come yet does not come before now.
    fn not_before(&mut self, now: Timestamp) {
        if !self.breached {
            self.due = self.due.max(now);
        }
        if !self.warned {
            self.warn_at = self.warn_at.max(now).min(self.due);
        }
    }

    /// Computes the three dates from what the clock knows; `None` where the calendar has not so much business.
    fn plan(&mut self, table: &Timetable) -> Option<()> {
        self.half_at = self.after(self.target.part_ms(HALF), table)?;
        self.warn_at = self.after(self.target.part_ms(self.warn_percent), table)?;
        self.due = self.after(self.target.length_ms, table)?;
        Some(())
    }

    /// When so much of its target's time has passed, without the times in which it stood still.
    fn after(&self, length_ms: i64, table: &Timetable) -> Option<Timestamp> {
        let mut left = length_ms;
        let mut from = self.started;
        for pause in &self.pauses {
            let ran = self.target.between(from, pause.since, table);
            if left <= ran {
                break;
            }
            left = left.saturating_sub(ran);
            from = pause.until.unwrap_or(pause.since);
        }
        self.target.after(from, left, table)
    }

    /// It waits, running or standing still.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// It stands still.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.until.is_none())
    }

    /// It waits, and its time passes.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.is_open() && !self.stands_still()
    }

    pub(super) fn resume(&mut self, at: Timestamp) {
        if let Some(pause) = self.pauses.last_mut().filter(|pause| pause.until.is_none()) {
            pause.until = Some(at);
        }
    }

    /// The instants at which something happens by itself: the warning, and the breach.
    pub(crate) fn deadlines(&self) -> impl Iterator<Item = (Timestamp, crate::Deadline)> + use<> {
        let runs = self.runs() && !self.breached;
        let warning = runs && !self.warned && self.warn_at < self.due;
        let warning = warning.then_some((self.warn_at, crate::Deadline::ClockWarning));
        let breach = runs.then_some((self.due, crate::Deadline::ClockBreach));
        warning.into_iter().chain(breach)
    }
}
