//! Service levels (W7): by when a conversation is to have an owner, an answer, an end.
//!
//! A [`SlaPolicy`] says which targets hold for whom; a [`Clock`] is one of them at work in a conversation. Clocks start and
//! pause by events of their own, decided with the command that is the reason (`decide::clocks`); they are met by what happens
//! anyway: an owner, a reply, an end. A breach is stamped with the deadline, not with the tick that noticed it.

mod clock;
mod fold;

pub use clock::{Clock, ClockEnd, ClockKind, Pause};
pub(crate) use fold::{answered, fold, restore_response};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::details::{DETAIL_CHARS, folded};
use crate::{Category, Conversation, Detail, HOUR_MS, MINUTE_MS, Money, Priority, Timestamp, Timetable};

/// The part of a target after which the owner is warned, in hundredths, where nobody says otherwise.
const WARNED_AT: u8 = 80;
/// What that part may be.
const WARNINGS: std::ops::RangeInclusive<u8> = 50..=95;
/// The part of a target after which its ring changes colour, in hundredths.
const HALF: u8 = 50;
/// How many rules one policy may have, and how long the name of one may be, in characters.
const MOST_RULES: usize = 50;
const LONGEST_NAME: usize = 80;
/// How many channels or so one cohort may name.
const MOST_NAMED: usize = 50;
/// The longest target: a year.
const LONGEST_MS: i64 = 366 * crate::DAY_MS;

/// In which time a target is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockTime {
    /// By the inbox's business calendar.
    #[default]
    Business,
    /// By the clock on the wall.
    Wall,
}

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// In milliseconds.
    #[ts(type = "number")]
    pub length_ms: i64,
    /// Of which time.
    pub time: ClockTime,
}

impl Target {
    /// So many milliseconds of business time.
    #[must_use]
    pub const fn business(length_ms: i64) -> Self {
        Self {
            length_ms,
            time: ClockTime::Business,
        }
    }

    /// So many milliseconds on the wall.
    #[must_use]
    pub const fn wall(length_ms: i64) -> Self {
        Self {
            length_ms,
            time: ClockTime::Wall,
        }
    }

    /// When `length_ms` of this target's time have passed since `from`.
    pub(crate) fn after(self, from: Timestamp, length_ms: i64, table: &Timetable) -> Option<Timestamp> {
        match self.time {
            ClockTime::Business => table.add_business(from, length_ms),
            ClockTime::Wall => Some(from.plus_ms(length_ms)),
        }
    }

    /// How much of this target's time lies between two instants.
    pub(crate) fn between(self, from: Timestamp, until: Timestamp, table: &Timetable) -> i64 {
        match self.time {
            ClockTime::Business => table.business_between(from, until),
            ClockTime::Wall => until.since_ms(from).max(0),
        }
    }

    /// So many hundredths of it.
    pub(crate) fn part_ms(self, percent: u8) -> i64 {
        self.length_ms.saturating_mul(i64::from(percent)) / 100
    }
}

/// What is to happen in time; nothing where there is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Targets {
    /// It gets an owner.
    pub owner: Option<Target>,
    /// The customer gets the first answer.
    pub first_response: Option<Target>,
    /// The customer gets every later answer.
    pub next_response: Option<Target>,
    /// It ends.
    pub resolution: Option<Target>,
}

impl Targets {
    /// The target of one kind of clock.
    #[must_use]
    pub const fn of(&self, kind: ClockKind) -> Option<Target> {
        match kind {
            ClockKind::Owner => self.owner,
            ClockKind::FirstResponse => self.first_response,
            ClockKind::NextResponse => self.next_response,
            ClockKind::Resolution => self.resolution,
        }
    }
}

/// Which conversations a rule is about: all that its parts say must hold, and a part that says nothing holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cohort {
    /// First touched through one of these channels, e.g. "email".
    pub channels: Vec<String>,
    /// Of one of these priorities.
    pub priorities: Vec<Priority>,
    /// Of one of these categories.
    pub categories: Vec<Category>,
    /// Worth this or more. An amount in another currency does not count.
    pub value_from: Option<Money>,
    /// Of each detail that is named here, one of these texts, whatever their case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<Detail, Vec<String>>>")]
    pub details: BTreeMap<Detail, Vec<String>>,
}

impl Cohort {
    /// Whether a conversation belongs to it.
    #[must_use]
    pub fn holds(&self, conversation: &Conversation) -> bool {
        let channel = conversation
            .sources
            .first()
            .map_or("", |source| source.channel.as_str());
        let worth = |least: &Money| {
            conversation
                .value
                .as_ref()
                .is_some_and(|value| value.currency == least.currency && value.cents >= least.cents)
        };
        let says = |detail, one_of: &[String]| {
            let said = conversation.details.get(detail).map(folded);
            one_of.is_empty() || said.is_some_and(|said| one_of.iter().any(|one| folded(one) == said))
        };
        (self.channels.is_empty() || self.channels.iter().any(|one| one.eq_ignore_ascii_case(channel)))
            && (self.priorities.is_empty() || self.priorities.contains(&conversation.priority))
            && (self.categories.is_empty() || self.categories.contains(&conversation.category))
            && self.value_from.as_ref().is_none_or(worth)
            && self.details.iter().all(|(detail, one_of)| says(*detail, one_of))
    }
}

/// The targets of a cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaRule {
    /// What people call it.
    pub name: String,
    /// For whom.
    pub when: Cohort,
    /// What.
    pub targets: Targets,
}

/// What an inbox promises: the first rule whose cohort holds sets all targets. Without rules no clock starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaPolicy {
    /// Counts its changes; each clock names the version it was computed from. Set by whoever decides, not by who writes it.
    #[serde(default)]
    pub version: u32,
    /// In order.
    pub rules: Vec<SlaRule>,
    /// After how many hundredths of a target the owner is warned.
    #[serde(default = "warned_at")]
    pub warn_percent: u8,
}

const fn warned_at() -> u8 {
    WARNED_AT
}

impl Default for SlaPolicy {
    /// Nothing is promised.
    fn default() -> Self {
        Self {
            version: 0,
            rules: Vec::new(),
            warn_percent: WARNED_AT,
        }
    }
}

impl SlaPolicy {
    /// A good beginning: an owner within 15 business minutes; the first answer to a quote or demo
    /// request within one business hour and to every other lead within four; later answers in the same time.
    #[must_use]
    pub fn usual() -> Self {
        let rule = |name: &str, categories: Vec<Category>, hours: i64| SlaRule {
            name: name.to_owned(),
            when: Cohort {
                categories,
                ..Cohort::default()
            },
            targets: Targets {
                owner: Some(Target::business(15 * MINUTE_MS)),
                first_response: Some(Target::business(hours.saturating_mul(HOUR_MS))),
                next_response: Some(Target::business(hours.saturating_mul(HOUR_MS))),
                resolution: None,
            },
        };
        Self {
            version: 1,
            rules: vec![
                rule("Quotes and demos", vec![Category::QuoteRequest, Category::Demo], 1),
                rule("Leads", Vec::new(), 4),
            ],
            ..Self::default()
        }
    }

    /// The rule for a conversation: the first whose cohort holds.
    #[must_use]
    pub fn rule_for(&self, conversation: &Conversation) -> Option<&SlaRule> {
        self.rules.iter().find(|rule| rule.when.holds(conversation))
    }

    /// Whether every rule can be kept: a name of at most 80 characters, and targets that are some time and at most a year; at most
    /// 50 of them; and warnings in the second half.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let rules = self.rules.iter().all(|rule| {
            let targets = &rule.targets;
            let all = [
                targets.owner,
                targets.first_response,
                targets.next_response,
                targets.resolution,
            ];
            let sound = |target: &Target| target.length_ms >= crate::SECOND_MS && target.length_ms <= LONGEST_MS;
            let name = rule.name.trim();
            let named = !name.is_empty() && name.chars().count() <= LONGEST_NAME;
            let when = &rule.when;
            let bounded = when.channels.len() <= MOST_NAMED
                && when.channels.iter().all(|channel| channel.len() <= LONGEST_NAME)
                && when.priorities.len() <= MOST_NAMED
                && when.categories.len() <= MOST_NAMED
                && when.details.values().all(|one_of| {
                    let kept = |text: &String| !text.trim().is_empty() && text.chars().count() <= DETAIL_CHARS;
                    one_of.len() <= MOST_NAMED && one_of.iter().all(kept)
                });
            named && bounded && all.iter().flatten().all(sound)
        });
        rules && self.rules.len() <= MOST_RULES && WARNINGS.contains(&self.warn_percent)
    }
}
