//! Business calendars: when people are at work, in which zone.
//!
//! Spans are local wall-clock times, durations are elapsed time. A local time that is skipped by a change of clocks moves to
//! the first instant after the gap; one that repeats is its first occurrence.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Timestamp;

/// Opening hours of one weekday.
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
}

impl Default for BusinessCalendar {
    /// Monday to Friday, 09:00 to 17:00 UTC, no holidays.
    fn default() -> Self {
        Self::weekdays("UTC")
    }
}

/// The furthest a search for a business day goes. A calendar without any open day would otherwise be searched for ever.
const HORIZON_DAYS: usize = 800;

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
        }
    }

    /// `days` whole business days after `from`, at the same time of day, moved to opening time where that is closed.
    /// Thu 2026-11-26 15:20 plus two business days is Mon 2026-11-30 15:20 in a Monday-to-Friday calendar.
    ///
    /// Where the calendar has no open day within two years the days are counted as calendar days.
    #[must_use]
    pub fn add_business_days(&self, from: Timestamp, days: u8) -> Timestamp {
        let zone = self.time_zone();
        let Ok(start) = jiff::Timestamp::from_millisecond(from.0) else {
            return from;
        };
        let local = zone.to_datetime(start);
        let mut date = local.date();
        let mut left = days;
        for _ in 0..HORIZON_DAYS {
            if left == 0 {
                return self.at_or_opening(date, local.time(), &zone).unwrap_or(from);
            }
            let Ok(next) = date.tomorrow() else { return from };
            date = next;
            if self.is_business_day(date) {
                left = left.saturating_sub(1);
            }
        }
        from.plus_ms(i64::from(days).saturating_mul(crate::DAY_MS))
    }

    /// When work begins on a day (YYYY-MM-DD), or on the first business day after it; `None` for what is no day.
    #[must_use]
    pub fn opening_on(&self, day: &str) -> Option<Timestamp> {
        let mut date: Date = day.parse().ok()?;
        for _ in 0..HORIZON_DAYS {
            if self.is_business_day(date) {
                return self.at_or_opening(date, Time::MIN, &self.time_zone());
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// Whether there is business at `at`.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else {
            return false;
        };
        let local = self.time_zone().to_datetime(at);
        let minute = minute_of(local.time());
        self.is_business_day(local.date())
            && self
                .spans(local.date().weekday())
                .any(|(from, to)| from <= minute && minute < to)
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    fn is_business_day(&self, date: Date) -> bool {
        self.spans(date.weekday()).next().is_some() && !self.holidays.iter().any(|day| *day == date.to_string())
    }

    fn spans(&self, weekday: Weekday) -> impl Iterator<Item = (u16, u16)> + '_ {
        let day = weekday.to_monday_one_offset();
        self.hours
            .iter()
            .filter(move |hours| i16::from(hours.weekday) == i16::from(day) && hours.from_minute < hours.to_minute)
            .map(|hours| (hours.from_minute, hours.to_minute.min(1440)))
    }

    /// That time on that day if it is open then, else the next opening on that day, else the day's last closing time.
    fn at_or_opening(&self, date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
        let minute = minute_of(time);
        let mut spans: Vec<_> = self.spans(date.weekday()).collect();
        spans.sort_unstable();
        let open = spans.iter().any(|(from, to)| *from <= minute && minute <= *to);
        let local = if open || spans.is_empty() {
            date.to_datetime(time)
        } else if let Some((from, _)) = spans.iter().find(|(from, _)| *from > minute) {
            date.to_datetime(time_at(*from))
        } else {
            // After closing: the next business day's opening is what people mean.
            let mut next = date;
            for _ in 0..HORIZON_DAYS {
                next = next.tomorrow().ok()?;
                if self.is_business_day(next) {
                    break;
                }
            }
            let from = self.spans(next.weekday()).map(|(from, _)| from).min()?;
            next.to_datetime(time_at(from))
        };
        let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Timestamp(instant.as_millisecond()))
    }
}

fn minute_of(time: Time) -> u16 {
    let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
    u16::try_from(minutes).unwrap_or(0)
}

fn time_at(minute: u16) -> Time {
    let hour = i8::try_from(minute / 60).unwrap_or(0);
    let rest = i8::try_from(minute % 60).unwrap_or(0);
    Time::new(hour, rest, 0, 0).unwrap_or(Time::MIN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn berlin(text: &str) -> Timestamp {
        let zoned: jiff::Zoned = format!("{text}[Europe/Berlin]").parse().unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    }

    fn check(from: &str, days: u8, gives: &str) {
        let mut calendar = BusinessCalendar::weekdays("Europe/Berlin");
        calendar.holidays = vec!["2026-12-25".to_owned()];
        assert_eq!(
            calendar.add_business_days(berlin(from), days),
            berlin(gives),
            "{from} + {days}"
        );
    }

    #[test]
    fn two_business_days_after_a_thursday_is_monday_at_the_same_time() {
        check("2026-11-26T15:20", 2, "2026-11-30T15:20");
    }

    #[test]
    fn a_weekend_and_a_holiday_do_not_count() {
        check("2026-12-24T10:00", 1, "2026-12-28T10:00");
    }

    #[test]
    fn a_change_of_clocks_keeps_the_time_of_day() {
        check("2026-03-27T16:00", 2, "2026-03-31T16:00");
    }

    #[test]
    fn a_time_before_opening_moves_to_opening() {
        check("2026-11-26T05:00", 2, "2026-11-30T09:00");
    }

    #[test]
    fn a_time_after_closing_moves_to_the_next_opening() {
        check("2026-11-26T20:00", 2, "2026-12-01T09:00");
    }

    #[test]
    fn a_day_begins_with_its_opening_and_a_day_off_with_the_next_one() {
        let mut calendar = BusinessCalendar::weekdays("Europe/Berlin");
        calendar.holidays = vec!["2026-12-25".to_owned()];
        assert_eq!(calendar.opening_on("2026-12-24"), Some(berlin("2026-12-24T09:00")));
        assert_eq!(calendar.opening_on("2026-12-25"), Some(berlin("2026-12-28T09:00")));
        assert_eq!(calendar.opening_on("soon"), None);
    }

    #[test]
    fn a_calendar_without_open_days_counts_calendar_days() {
        let calendar = BusinessCalendar {
            zone: "UTC".to_owned(),
            hours: Vec::new(),
            holidays: Vec::new(),
        };
        assert_eq!(
            calendar.add_business_days(Timestamp(0), 2),
            Timestamp(2 * crate::DAY_MS)
        );
    }
}
