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
