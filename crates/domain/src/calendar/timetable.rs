//! Reckoning with business time.
//!
//! For every calendar, instants `a` and `b`, and duration `d >= 0`:
//!
//! - `business_between(a, add_business(a, d)) == d`;
//! - `add_business(a, business_between(a, b))` is the earliest instant with that much business time since `a`: it is `b` where
//!   `b` lies in (opening, closing], else the last closing at or before `b`, or `a` where there is none since.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::BusinessCalendar;
use super::zone::Clocks;
use crate::{MINUTE_MS, Timestamp};

/// Stretches of a day in minutes, in order, apart from one another.
type Spans = Vec<(u16, u16)>;

/// A calendar made ready for reckoning: its zone looked up, its dates read, its hours in order.
#[derive(Debug, Clone)]
pub struct Timetable {
    pub(super) zone: TimeZone,
    /// Monday first.
    week: [Spans; 7],
    /// By days since 1970-01-01.
    special: BTreeMap<i64, Spans>,
}

impl Timetable {
    /// The timetable of a calendar. What can't be understood is left out: an unknown zone counts as UTC, hours that are none
    /// and dates that are none do not count.
    #[must_use]
    pub fn new(calendar: &BusinessCalendar) -> Self {
        let week = std::array::from_fn(|at| {
            let today = |weekday: u8| usize::from(weekday) == at + 1;
            let hours = calendar.hours.iter().filter(|hours| today(hours.weekday));
            in_order(hours.map(|hours| (hours.from_minute, hours.to_minute)))
        });
        let mut special: BTreeMap<i64, Spans> = BTreeMap::new();
        for day in calendar.holidays.iter().filter_map(|date| day_of(date)) {
            special.insert(day, Spans::new());
        }
        for day in &calendar.special_days {
            if let Some(date) = day_of(&day.date) {
                let hours = day.hours.iter().map(|hours| (hours.from_minute, hours.to_minute));
                special.insert(date, in_order(hours));
            }
        }
        Self {
            zone: TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC),
            week,
            special,
        }
    }

    /// The earliest instant with `duration_ms` of business time since `from`; `from` itself for none. `None` where there is
    /// not so much business any more: a calendar without weekly hours, or past the year 9999.
    #[must_use]
    pub fn add_business(&self, from: Timestamp, duration_ms: i64) -> Option<Timestamp> {
        if duration_ms <= 0 {
            return Some(from);
        }
        let mut left = duration_ms;
        for (opens, closes) in self.spells(from) {
            let begins = opens.max(from);
            let length = closes.since_ms(begins);
            if left <= length {
                return Some(begins.plus_ms(left));
            }
            left = left.saturating_sub(length);
        }
        None
    }

    /// How much business time lies between two instants, in milliseconds; none where `until` is not after `from`.
    #[must_use]
    pub fn business_between(&self, from: Timestamp, until: Timestamp) -> i64 {
        if until <= from {
            return 0;
        }
        self.spells(from)
            .take_while(|(opens, _)| *opens < until)
            .map(|(opens, closes)| closes.min(until).since_ms(opens.max(from)))
            .fold(0, i64::saturating_add)
    }

    /// Whether there is business at `at`: an opening is, a closing is not any more.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.spells(at).next().is_some_and(|(opens, _)| opens <= at)
    }

    /// The first instant at or after `at` at which there is business; `None` where there is none any more.
    #[must_use]
    pub fn open_from(&self, at: Timestamp) -> Option<Timestamp> {
        self.spells(at).next().map(|(opens, _)| opens.max(at))
    }

    /// The spells of business that end after `from`, in order, each from its opening to its closing.
    #[must_use]
    pub fn spells(&self, from: Timestamp) -> Spells<'_> {
        let clocks = Clocks::around(&self.zone, from.0);
        Spells {
            // The wall may have been set back over midnight since: a day earlier is early enough.
            day: clocks
                .as_ref()
                .map_or(0, |clocks| clocks.day_of(from.0).saturating_sub(1)),
            last: self.last_day(),
            clocks,
            next: 0,
            table: self,
            from_ms: from.0,
        }
    }

    /// Whether any day of an ordinary week has hours.
    pub(super) fn has_weekly_hours(&self) -> bool {
        self.week.iter().any(|spans| !spans.is_empty())
    }

    /// After this day there is no business any more.
    fn last_day(&self) -> i64 {
        if self.has_weekly_hours() {
            i64::MAX
        } else {
            self.special.keys().next_back().copied().unwrap_or(i64::MIN)
        }
    }

    /// The hours of a day since 1970-01-01.
    pub(super) fn hours_of(&self, day: i64) -> &[(u16, u16)] {
        if let Some(spans) = self.special.get(&day) {
            return spans;
        }
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0);
        self.week.get(weekday).map_or(&[], Vec::as_slice)
    }
}

/// Spells of business, in order: what [`Timetable::spells`] gives.
#[derive(Debug, Clone)]
pub struct Spells<'a> {
    table: &'a Timetable,
    clocks: Option<Clocks<'a>>,
    from_ms: i64,
    day: i64,
    last: i64,
    /// Which of the day's hours come next.
    next: usize,
}

impl Iterator for Spells<'_> {
    type Item = (Timestamp, Timestamp);

    fn next(&mut self) -> Option<Self::Item> {
        let clocks = self.clocks.as_mut()?;
        loop {
            if let Some((from, to)) = self.table.hours_of(self.day).get(self.next) {
                self.next = self.next.saturating_add(1);
                let opens = clocks.instant(self.day, minutes(*from))?;
                let closes = clocks.instant(self.day, minutes(*to))?;
                // Hours may lie in a gap whole.
                if opens < closes && closes > self.from_ms {
                    return Some((Timestamp(opens), Timestamp(closes)));
                }
            } else {
                if self.day >= self.last {
                    return None;
                }
                self.day = self.day.saturating_add(1);
                self.next = 0;
                // A week of holidays is no reason to go on beyond all years.
                clocks.instant(self.day, 0)?;
            }
        }
    }
}

fn minutes(minute: u16) -> i64 {
    i64::from(minute).saturating_mul(MINUTE_MS)
}

/// Days since 1970-01-01 of a date.
pub(super) fn day_of(date: &str) -> Option<i64> {
    let date: Date = date.parse().ok()?;
    let midnight = TimeZone::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::MIN))
        .ok()?;
    Some(midnight.as_millisecond().div_euclid(crate::DAY_MS))
}

/// In order, and those that touch or overlap as one.
fn in_order(hours: impl Iterator<Item = (u16, u16)>) -> Spans {
    let mut hours: Spans = hours
        .map(|(from, to)| (from, to.min(1440)))
        .filter(|(from, to)| from < to)
        .collect();
    hours.sort_unstable();
    let mut spans: Spans = Vec::with_capacity(hours.len());
    for (from, to) in hours {
        match spans.last_mut().filter(|last| last.1 >= from) {
            Some(last) => last.1 = last.1.max(to),
            None => spans.push((from, to)),
        }
    }
    spans
}
