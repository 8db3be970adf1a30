//! Local days and minutes as instants, fast: between two changes of a zone's clocks it is addition.

use jiff::Timestamp as Instant;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::{DAY_MS, HOUR_MS};

/// No clocks were ever set back by more (whole days were lived twice at the date line), with an hour to spare.
const LONGEST_FOLD_MS: i64 = DAY_MS + 2 * HOUR_MS;

/// A zone, and the stretch around the last question in which its clocks do not change.
#[derive(Debug, Clone)]
pub(super) struct Clocks<'a> {
    zone: &'a TimeZone,
    /// The last change before the stretch; the first instant of it.
    since_ms: i64,
    /// The next change: the first instant after it.
    until_ms: i64,
    offset_ms: i64,
}

impl<'a> Clocks<'a> {
    /// The clocks of a zone around an instant; `None` beyond the years that can be reckoned with.
    pub(super) fn around(zone: &'a TimeZone, at_ms: i64) -> Option<Self> {
        let at = Instant::from_millisecond(at_ms).ok()?;
        let just_after = Instant::from_millisecond(at_ms.saturating_add(1)).ok()?;
        let change = |instant: Instant| instant.as_millisecond();
        Some(Self {
            zone,
            since_ms: zone
                .preceding(just_after)
                .next()
                .map_or(i64::MIN, |found| change(found.timestamp())),
            until_ms: zone
                .following(at)
                .next()
                .map_or(i64::MAX, |found| change(found.timestamp())),
            offset_ms: i64::from(zone.to_offset(at).seconds()).saturating_mul(1000),
        })
    }

    /// The day (since 1970-01-01) on the wall at an instant of this stretch.
    pub(super) const fn day_of(&self, at_ms: i64) -> i64 {
        at_ms.saturating_add(self.offset_ms).div_euclid(DAY_MS)
    }

    /// The time of that day, in milliseconds after midnight.
    pub(super) const fn time_of(&self, at_ms: i64) -> i64 {
        at_ms.saturating_add(self.offset_ms).rem_euclid(DAY_MS)
    }

    /// The instant at which the wall says this time of this day. A time that is skipped is the first instant after the gap, one
    /// that repeats its first occurrence. `None` beyond the years that can be reckoned with.
    pub(super) fn instant(&mut self, day: i64, time_ms: i64) -> Option<i64> {
        let local = day.checked_mul(DAY_MS)?.checked_add(time_ms)?;
        let usual = local.checked_sub(self.offset_ms)?;
        // Right after a change the wall may repeat what it said before it: then the zone is asked.
        if usual >= self.since_ms.saturating_add(LONGEST_FOLD_MS) && usual < self.until_ms {
            return Some(usual);
        }
        let found = asked(self.zone, local)?;
        *self = Self::around(self.zone, found)?;
        Some(found)
    }
}

fn asked(zone: &TimeZone, local_ms: i64) -> Option<i64> {
    let wall = TimeZone::UTC.to_datetime(Instant::from_millisecond(local_ms).ok()?);
    let minus = |offset: jiff::tz::Offset| local_ms.checked_sub(i64::from(offset.seconds()).checked_mul(1000)?);
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => minus(offset),
        AmbiguousOffset::Fold { before, .. } => minus(before),
        AmbiguousOffset::Gap { before, .. } => {
            // By the old clocks the time lies after the change: the change itself is what is meant.
            let just_after = Instant::from_millisecond(minus(before)?.checked_add(1)?).ok()?;
            let change = zone.preceding(just_after).next()?;
            Some(change.timestamp().as_millisecond())
        }
    }
}
