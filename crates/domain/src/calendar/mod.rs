//! Business calendars: when people are at work, in which zone.
//!
//! Spans are local wall-clock times, durations are elapsed time. A local time that is skipped by a change of clocks moves to
//! the first instant after the gap; one that repeats is its first occurrence.
//!
//! A [`BusinessCalendar`] is what a person writes and what the log keeps. Reckoning is done on its [`Timetable`]; whoever asks
//! more than once keeps that.

mod days;
mod fault;
mod on_call;
mod timetable;
mod zone;

pub use fault::CalendarFault;
pub use on_call::{OnCallDay, OnCallRota, OnCallTurn, on_call};
pub use timetable::{Spells, Timetable};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Timestamp;

/// Opening hours of one weekday. A day may have several, and touching ones are one: a night shift is 22:00 to 24:00 and 00:00
/// to 06:00 on the day after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpeningHours {
    /// The weekday: 1 is Monday, 7 is Sunday (ISO 8601).
    pub weekday: u8,
    /// From, in minutes after local midnight.
    pub from_minute: u16,
    /// Until, in minutes after local midnight, at most 1440.
    pub to_minute: u16,
}

/// A stretch of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayHours {
    /// From, in minutes after local midnight.
    pub from_minute: u16,
    /// Until, in minutes after local midnight, at most 1440.
    pub to_minute: u16,
}

/// A date with hours of its own: a half day before Christmas, a Saturday at the fair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpecialDay {
    /// The date, as YYYY-MM-DD.
    pub date: String,
    /// What people call it; may be empty.
    pub name: String,
    /// Its hours, in place of the weekday's; none for a day without business.
    pub hours: Vec<DayHours>,
}

/// When people are at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusinessCalendar {
    /// The zone (IANA), e.g. Europe/Berlin. An unknown name counts as UTC.
    pub zone: String,
    /// The weekly hours.
    pub hours: Vec<OpeningHours>,
    /// Days without business, as YYYY-MM-DD.
    pub holidays: Vec<String>,
    /// Dates with hours of their own. They override weekday and holiday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<SpecialDay>>")]
    pub special_days: Vec<SpecialDay>,
}

impl Default for BusinessCalendar {
    /// Monday to Friday, 09:00 to 17:00 UTC, no holidays.
    fn default() -> Self {
        Self::weekdays("UTC")
    }
}

impl BusinessCalendar {
    /// Monday to Friday, 09:00 to 17:00, no holidays.
    #[must_use]
    pub fn weekdays(zone: &str) -> Self {
        let day = |weekday| OpeningHours {
            weekday,
            from_minute: 9 * 60,
            to_minute: 17 * 60,
        };
        Self {
            zone: zone.to_owned(),
            hours: (1..=5).map(day).collect(),
            holidays: Vec::new(),
            special_days: Vec::new(),
        }
    }

    /// The calendar made ready for reckoning.
    #[must_use]
    pub fn timetable(&self) -> Timetable {
        Timetable::new(self)
    }

    /// The earliest instant with `duration_ms` of business time since `from`; see [`Timetable::add_business`].
    #[must_use]
    pub fn add_business(&self, from: Timestamp, duration_ms: i64) -> Option<Timestamp> {
        self.timetable().add_business(from, duration_ms)
    }

    /// How much business time lies between two instants; see [`Timetable::business_between`].
    #[must_use]
    pub fn business_between(&self, from: Timestamp, until: Timestamp) -> i64 {
        self.timetable().business_between(from, until)
    }

    /// `days` whole business days after `from`, at the same time of day, moved to opening time where that is closed.
    /// Thu 2026-11-26 15:20 plus two business days is Mon 2026-11-30 15:20 in a Monday-to-Friday calendar.
    ///
    /// Where the calendar has no open day within two years the days are counted as calendar days.
    #[must_use]
    pub fn add_business_days(&self, from: Timestamp, days: u8) -> Timestamp {
        self.timetable().add_business_days(from, days)
    }

    /// When work begins on a day (YYYY-MM-DD), or on the first business day after it; `None` for what is no day.
    #[must_use]
    pub fn opening_on(&self, day: &str) -> Option<Timestamp> {
        self.timetable().opening_on(day)
    }

    /// Whether there is business at `at`.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.timetable().is_open(at)
    }
}
