//! What a calendar must not say. Reckoning never fails on one that says it; whoever saves one is told.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{BusinessCalendar, Timetable};

/// What is wrong with a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// No such zone.
    #[error("there is no time zone {0}")]
    Zone(String),
    /// Not a weekday.
    #[error("{0} is no weekday: 1 is Monday, 7 is Sunday")]
    Weekday(u8),
    /// A stretch that is empty, backwards, or longer than a day.
    #[error("hours from minute {0} to minute {1} are no part of a day")]
    Hours(u16, u16),
    /// Not a date.
    #[error("{0} is no date: dates are written YYYY-MM-DD")]
    Date(String),
    /// Nobody is ever at work.
    #[error("no day of the week has hours")]
    NeverOpen,
}

impl CalendarFault {
    /// Which part of the calendar it is about, by the name of its field.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Zone(_) => "zone",
            Self::Weekday(_) | Self::Hours(..) | Self::NeverOpen => "hours",
            Self::Date(_) => "holidays",
        }
    }
}

impl BusinessCalendar {
    /// Whether the calendar can be reckoned with as it was meant.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), CalendarFault> {
        if TimeZone::get(&self.zone).is_err() {
            return Err(CalendarFault::Zone(self.zone.clone()));
        }
        for hours in &self.hours {
            if !(1..=7).contains(&hours.weekday) {
                return Err(CalendarFault::Weekday(hours.weekday));
            }
        }
        let weekly = self.hours.iter().map(|hours| (hours.from_minute, hours.to_minute));
        let special = self.special_days.iter().flat_map(|day| &day.hours);
        let special = special.map(|hours| (hours.from_minute, hours.to_minute));
        for (from, to) in weekly.chain(special) {
            if from >= to || to > 1440 {
                return Err(CalendarFault::Hours(from, to));
            }
        }
        let dates = self.special_days.iter().map(|day| &day.date);
        for date in self.holidays.iter().chain(dates) {
            if date.len() != 10 || date.parse::<Date>().is_err() {
                return Err(CalendarFault::Date(date.clone()));
            }
        }
        if Timetable::new(self).has_weekly_hours() {
            Ok(())
        } else {
            Err(CalendarFault::NeverOpen)
        }
    }
}
