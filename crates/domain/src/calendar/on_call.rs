//! Who is on call (O7): a rotation of people that repeats for ever, with days on which somebody else stands in.
//!
//! A day of the rota runs from the time of handover to the next, by the wall of its zone. As with opening hours, a handover in a gap of
//! the clocks is the first instant after it, and one that comes twice its first occurrence. So the days of a rota meet without a gap and
//! without two people at once, over every change of clocks; and as it repeats backwards as well, somebody is on call at every instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::timetable::day_of;
use super::zone::Clocks;
use crate::{DAY_MS, MINUTE_MS, MemberId, Timestamp};

/// How many people may take turns, how long a turn may be in days, and how many days may be somebody else's.
const MOST_MEMBERS: usize = 50;
const LONGEST_TURN_DAYS: u16 = 60;
const MOST_OVERRIDES: usize = 400;
/// A rota is looked at for at most so many days at once.
const LONGEST_VIEW_DAYS: i64 = 370;

/// A day on which somebody else is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnCallDay {
    /// The date, as YYYY-MM-DD: from its handover to the next day's.
    pub date: String,
    /// Who.
    pub member: MemberId,
}

/// Who is on call, turn by turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnCallRota {
    /// The zone (IANA) of its handovers. An unknown name counts as UTC.
    pub zone: String,
    /// Who, in turn. Without anybody nobody is on call.
    pub members: Vec<MemberId>,
    /// The day the first of them begins, as YYYY-MM-DD.
    pub first_day: String,
    /// When one hands over to the next, in minutes after local midnight.
    pub handover_minute: u16,
    /// How many days each has: 7 for a week.
    pub days_each: u16,
    /// Days on which it is somebody else.
    #[serde(default)]
    pub overrides: Vec<OnCallDay>,
}

/// A stretch in which one person is on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnCallTurn {
    /// Who.
    pub member: MemberId,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// Whose turn it would have been, on days that are somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub in_place_of: Option<MemberId>,
}

/// Who is on call at that instant. `None` only where the rota has nobody.
#[must_use]
pub fn on_call(rota: &OnCallRota, at: Timestamp) -> Option<MemberId> {
    let table = RotaTable::new(rota);
    table.on_day(table.day_at(at)).map(|(member, _)| member)
}

impl OnCallRota {
    /// Whether it can be kept; else the field that is wrong.
    ///
    /// # Errors
    /// The name of the field.
    pub fn check(&self) -> Result<(), &'static str> {
        let date = |date: &str| date.len() == 10 && date.parse::<Date>().is_ok();
        let mut dates: Vec<&str> = self.overrides.iter().map(|day| day.date.as_str()).collect();
        dates.sort_unstable();
        let twice = dates.iter().zip(dates.iter().skip(1)).any(|(one, next)| one == next);
        if TimeZone::get(&self.zone).is_err() {
            Err("zone")
        } else if !(1..=MOST_MEMBERS).contains(&self.members.len()) {
            Err("members")
        } else if self.members.iter().collect::<BTreeSet<_>>().len() != self.members.len() {
            // Whose turn is twice in a round would need two places in every form and list.
            Err("members")
        } else if !date(&self.first_day) {
            Err("firstDay")
        } else if self.handover_minute >= 1440 {
            Err("handoverMinute")
        } else if !(1..=LONGEST_TURN_DAYS).contains(&self.days_each) {
            Err("daysEach")
        } else if self.overrides.len() > MOST_OVERRIDES || twice || !dates.iter().all(|day| date(day)) {
            Err("overrides")
        } else {
            Ok(())
        }
    }

    /// Who follows somebody in turn, where neither they nor their backup can: the others, the next first.
    pub(crate) fn after(&self, member: MemberId) -> impl Iterator<Item = MemberId> + '_ {
        let at = self.members.iter().position(|one| *one == member);
        let next = at.map_or(0, |at| at.saturating_add(1));
        let all = self.members.iter().skip(next).chain(self.members.iter().take(next));
        all.copied().filter(move |one| *one != member)
    }

    /// Everybody it names.
    pub fn named(&self) -> impl Iterator<Item = MemberId> + '_ {
        let others = self.overrides.iter().map(|day| day.member);
        self.members.iter().copied().chain(others)
    }

    /// Who is on call from an instant until another, in order: the first turn began at or before `from`, and the last one goes on to `until` or
    /// beyond. At most about a year.
    #[must_use]
    pub fn turns(&self, from: Timestamp, until: Timestamp) -> Vec<OnCallTurn> {
        let table = RotaTable::new(self);
        let mut turns: Vec<OnCallTurn> = Vec::new();
        let first = table.day_at(from);
        for day in first..first.saturating_add(LONGEST_VIEW_DAYS) {
            let begins = table.begins(day);
            if day > first && begins >= until {
                break;
            }
            let Some((member, in_place_of)) = table.on_day(day) else {
                break;
            };
            let ends = table.begins(day.saturating_add(1));
            match turns.last_mut() {
                Some(last) if last.member == member && last.in_place_of == in_place_of => last.until = ends,
                // A day may be skipped whole at the date line.
                _ if begins < ends => turns.push(OnCallTurn {
                    member,
                    from: begins,
                    until: ends,
                    in_place_of,
                }),
                _ => {}
            }
        }
        turns
    }
}

/// A rota made ready for reckoning.
struct RotaTable<'a> {
    rota: &'a OnCallRota,
    zone: TimeZone,
    first_day: i64,
    others: BTreeMap<i64, MemberId>,
}

impl<'a> RotaTable<'a> {
    fn new(rota: &'a OnCallRota) -> Self {
        let others = rota.overrides.iter();
        Self {
            rota,
            zone: TimeZone::get(&rota.zone).unwrap_or(TimeZone::UTC),
            first_day: day_of(&rota.first_day).unwrap_or(0),
            others: others
                .filter_map(|day| Some((day_of(&day.date)?, day.member)))
                .collect(),
        }
    }

    /// The instant a day's handover comes.
    fn begins(&self, day: i64) -> Timestamp {
        let handover_ms = i64::from(self.rota.handover_minute.min(1439)).saturating_mul(MINUTE_MS);
        let plain = day.saturating_mul(DAY_MS).saturating_add(handover_ms);
        let clocks = Clocks::around(&self.zone, plain);
        let instant = clocks.and_then(|mut clocks| clocks.instant(day, handover_ms));
        Timestamp(instant.unwrap_or(plain))
    }

    /// The day of the rota an instant belongs to: the last one that had begun.
    fn day_at(&self, at: Timestamp) -> i64 {
        let wall = Clocks::around(&self.zone, at.0).map(|clocks| clocks.day_of(at.0));
        let wall = wall.unwrap_or_else(|| at.0.div_euclid(DAY_MS));
        // The wall may have been set back, or on, by a day at the date line.
        let near = [2, 1, 0, -1, -2].map(|days| wall.saturating_add(days));
        let began = near.into_iter().find(|day| self.begins(*day) <= at);
        began.unwrap_or_else(|| wall.saturating_sub(2))
    }

    /// Who has that day, and whose it would have been.
    fn on_day(&self, day: i64) -> Option<(MemberId, Option<MemberId>)> {
        let people = i64::try_from(self.rota.members.len()).ok()?;
        let turn = day
            .saturating_sub(self.first_day)
            .div_euclid(i64::from(self.rota.days_each.max(1)));
        let turn = usize::try_from(turn.checked_rem_euclid(people)?).ok()?;
        let usual = *self.rota.members.get(turn)?;
        Some(match self.others.get(&day) {
            Some(other) if *other != usual => (*other, Some(usual)),
            _ => (usual, None),
        })
    }
}
