//! Whole business days: how people count "two days from now".

use super::timetable::{Timetable, day_of};
use super::zone::Clocks;
use crate::{DAY_MS, MINUTE_MS, Timestamp};

/// The furthest a search for a business day goes. A calendar without any open day would otherwise be searched for ever.
const HORIZON_DAYS: usize = 800;

impl Timetable {
    /// `days` whole business days after `from`; see [`BusinessCalendar::add_business_days`](super::BusinessCalendar::add_business_days).
    #[must_use]
    pub fn add_business_days(&self, from: Timestamp, days: u8) -> Timestamp {
        let Some(mut clocks) = Clocks::around(&self.zone, from.0) else {
            return from;
        };
        let time_ms = clocks.time_of(from.0);
        let start = clocks.day_of(from.0);
        let day = (0..days).try_fold(start, |day, _| self.next_open_day(day));
        let Some(day) = day else {
            return from.plus_ms(i64::from(days).saturating_mul(DAY_MS));
        };
        self.at_or_opening(&mut clocks, day, time_ms).unwrap_or(from)
    }

    /// When work begins on a day (YYYY-MM-DD), or on the first business day after it; `None` for what is no day.
    #[must_use]
    pub fn opening_on(&self, day: &str) -> Option<Timestamp> {
        let day = day_of(day)?;
        let mut clocks = Clocks::around(&self.zone, day.checked_mul(DAY_MS)?)?;
        self.next_opening(&mut clocks, day.checked_sub(1)?)
    }

    /// The end of the day of `at` on the wall of this zone: the first instant that is not of it.
    #[must_use]
    pub fn day_ends(&self, at: Timestamp) -> Timestamp {
        let next = |clocks: &mut Clocks<'_>| clocks.instant(clocks.day_of(at.0).checked_add(1)?, 0);
        let ends = Clocks::around(&self.zone, at.0).as_mut().and_then(next);
        ends.map_or_else(|| at.plus_ms(DAY_MS), Timestamp)
    }

    /// The first instant of the first business day after the day of `at`; of the next day where the calendar has none.
    #[must_use]
    pub fn next_day_begins(&self, at: Timestamp) -> Timestamp {
        let next = |clocks: &mut Clocks<'_>| clocks.instant(self.next_open_day(clocks.day_of(at.0))?, 0);
        let begins = Clocks::around(&self.zone, at.0).as_mut().and_then(next);
        begins.map_or_else(|| self.day_ends(at), Timestamp)
    }

    /// Whether two instants are of one day on the wall of this zone.
    #[must_use]
    pub fn same_day(&self, one: Timestamp, other: Timestamp) -> bool {
        let day = |at: Timestamp| Some(Clocks::around(&self.zone, at.0)?.day_of(at.0));
        day(one).is_some_and(|first| day(other) == Some(first))
    }

    fn next_open_day(&self, after: i64) -> Option<i64> {
        (after.saturating_add(1)..)
            .take(HORIZON_DAYS)
            .find(|day| !self.hours_of(*day).is_empty())
    }

    fn next_opening(&self, clocks: &mut Clocks<'_>, after: i64) -> Option<Timestamp> {
        let day = self.next_open_day(after)?;
        let (from, _) = self.hours_of(day).first()?;
        clocks
            .instant(day, i64::from(*from).saturating_mul(MINUTE_MS))
            .map(Timestamp)
    }

    /// That time on that day if it is open then, its closing included; else the next opening.
    fn at_or_opening(&self, clocks: &mut Clocks<'_>, day: i64, time_ms: i64) -> Option<Timestamp> {
        let ms = |minute: &u16| i64::from(*minute).saturating_mul(MINUTE_MS);
        for (from, to) in self.hours_of(day) {
            if time_ms <= ms(to) {
                return clocks.instant(day, time_ms.max(ms(from))).map(Timestamp);
            }
        }
        self.next_opening(clocks, day)
    }
}
