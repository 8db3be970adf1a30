//! Times of the sample inbox: everything is told relative to now, so the sample is as fresh on any day and at any hour.

use baton_domain::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _, Zoned};

/// A time that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time of the sample")]
pub struct BadTime {
    /// The text as it stands in the scenario.
    pub text: String,
}

/// The instant the sample is loaded, in the company's zone.
#[derive(Debug, Clone)]
pub struct Now(Zoned);

impl Now {
    /// `now` in `zone` (IANA); an unknown zone counts as UTC.
    ///
    /// # Errors
    /// When the instant is outside the calendar.
    pub fn new(now: Timestamp, zone: &str) -> Result<Self, BadTime> {
        let instant = jiff::Timestamp::from_millisecond(now.0).map_err(|_| BadTime {
            text: now.0.to_string(),
        })?;
        Ok(Self(instant.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))))
    }

    /// The instant itself.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp(self.0.timestamp().as_millisecond())
    }

    /// The company's zone (IANA).
    #[must_use]
    pub fn zone(&self) -> String {
        self.0.time_zone().iana_name().unwrap_or("UTC").to_owned()
    }

    /// An instant in the company's zone.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Option<Zoned> {
        Some(
            jiff::Timestamp::from_millisecond(at.0)
                .ok()?
                .to_zoned(self.0.time_zone().clone()),
        )
    }

    /// How long ago: `3d 4h 10m`.
    ///
    /// # Errors
    /// When the text is not an age.
    pub fn ago(&self, age: &str) -> Result<Timestamp, BadTime> {
        let bad = || BadTime { text: age.to_owned() };
        let length = length(&age.replace(' ', "")).ok_or_else(bad)?;
        Ok(self.at().plus_ms(-length))
    }

    /// A deadline: `+3d`, `+1d 10:00`, `+2b`, `+1b 10:00`, `today 15:00`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn instant(&self, text: &str) -> Result<Timestamp, BadTime> {
        let found = match text.trim().split_once(' ') {
            None => self.offset(text.trim()),
            Some(("today", time)) => clock(time).and_then(|time| self.today(time)),
            Some((day, time)) => clock(time).and_then(|time| self.day_at(day, time)),
        };
        let zoned = found.ok_or_else(|| BadTime { text: text.to_owned() })?;
        Ok(Timestamp(zoned.timestamp().as_millisecond()))
    }

    /// An offset from now: `-1d4h10m`, `+2b`.
    #[must_use]
    pub fn offset(&self, text: &str) -> Option<Zoned> {
        let (sign, rest) = signed(text)?;
        if let Some(days) = rest.strip_suffix('b') {
            let date = self.business_day(sign, days.parse().ok()?)?;
            return date
                .to_datetime(self.0.time())
                .to_zoned(self.0.time_zone().clone())
                .ok();
        }
        let ms = length(rest)?;
        self.0
            .checked_add(SignedDuration::from_millis(ms.checked_mul(sign)?))
            .ok()
    }

    /// A time of day on a day counted from today: `+1d`, `+2b`.
    #[must_use]
    pub fn day_at(&self, day: &str, time: Time) -> Option<Zoned> {
        let (sign, rest) = signed(day)?;
        let date = if let Some(days) = rest.strip_suffix('b') {
            self.business_day(sign, days.parse().ok()?)?
        } else {
            let days: i64 = rest.strip_suffix('d')?.parse().ok()?;
            self.0.date().checked_add((sign * days).days()).ok()?
        };
        date.to_datetime(time).to_zoned(self.0.time_zone().clone()).ok()
    }

    /// Today at `time`. Where that is past or almost, as far into the rest of the day as `time` lies between 09:00 and
    /// 18:00: what is due today is due today at whatever hour somebody tries the sample, and in the same order.
    fn today(&self, time: Time) -> Option<Zoned> {
        let zone = self.0.time_zone().clone();
        let plain = self.0.date().to_datetime(time).to_zoned(zone.clone()).ok()?;
        let ahead = plain.timestamp().as_millisecond() - self.0.timestamp().as_millisecond();
        if ahead >= 20 * 60_000 {
            return Some(plain);
        }
        let end = self.0.date().to_datetime(clock("23:59")?).to_zoned(zone).ok()?;
        let rest = end.timestamp().as_millisecond() - self.0.timestamp().as_millisecond();
        let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute()) - 9 * 60;
        self.0
            .checked_add(SignedDuration::from_millis(rest.max(0) * minutes.clamp(0, 540) / 540))
            .ok()
    }

    fn business_day(&self, sign: i64, days: i64) -> Option<Date> {
        let works = |date: Date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut date = self.0.date();
        while days == 0 && !works(date) {
            date = date.tomorrow().ok()?;
        }
        let mut left = days;
        while left > 0 {
            date = if sign < 0 { date.yesterday() } else { date.tomorrow() }.ok()?;
            if works(date) {
                left -= 1;
            }
        }
        Some(date)
    }
}

/// `14:02`.
#[must_use]
pub fn clock(text: &str) -> Option<Time> {
    let (hours, minutes) = text.split_once(':')?;
    Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()
}

fn signed(text: &str) -> Option<(i64, &str)> {
    text.strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))
}

/// `3d4h10m` in milliseconds.
fn length(text: &str) -> Option<i64> {
    let mut ms: i64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'd' => baton_domain::DAY_MS,
            'h' => baton_domain::HOUR_MS,
            'm' => baton_domain::MINUTE_MS,
            _ => return None,
        };
        ms = ms.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty()).then_some(ms)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(local: &str) -> Timestamp {
        let zoned: Zoned = format!("{local}[Europe/Berlin]").parse().unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    }

    fn check(now: &str, text: &str, gives: &str) {
        let now = Now::new(at(now), "Europe/Berlin").unwrap();
        assert_eq!(now.instant(text).unwrap(), at(gives), "{text}");
    }

    #[test]
    fn days_and_business_days_count_from_now() {
        check("2026-11-27T11:30", "+3d", "2026-11-30T11:30");
        check("2026-11-27T11:30", "-2d", "2026-11-25T11:30");
        check("2026-11-27T11:30", "+1d 10:00", "2026-11-28T10:00");
        check("2026-11-27T11:30", "+1b 10:00", "2026-11-30T10:00");
        check("2026-11-28T11:30", "+0b", "2026-11-30T11:30");
    }

    #[test]
    fn today_is_always_still_ahead_and_keeps_its_order() {
        check("2026-11-27T11:30", "today 15:00", "2026-11-27T15:00");
        let late = Now::new(at("2026-11-27T22:00"), "Europe/Berlin").unwrap();
        let noon = late.instant("today 12:00").unwrap();
        let three = late.instant("today 15:00").unwrap();
        assert!(late.at() < noon && noon < three && three < at("2026-11-27T23:59"));
    }

    #[test]
    fn an_age_has_days_hours_and_minutes() {
        let now = Now::new(at("2026-11-27T11:30"), "Europe/Berlin").unwrap();
        assert_eq!(now.ago("2d 1h 30m").unwrap(), at("2026-11-25T10:00"));
        assert!(now.ago("yesterday").is_err());
    }
}
