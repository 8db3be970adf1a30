//! Business time against an oracle that looks at every minute, and the two laws it keeps.
//!
//! The oracle knows no spells: minute by minute it reads the wall clock and remembers the latest time it has said. Hours have
//! begun once the wall has said their opening, or anything later, for the first time: that is what "a skipped time moves behind
//! the gap, a repeated one is its first occurrence" means.
//!
//! The suite looks at the weeks around changes of clocks; `BATON_CALENDAR_ORACLE=long` looks at every minute of ten years in
//! fifty zones (in a release build: half a minute).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

use baton_domain::{BusinessCalendar, DAY_MS, DayHours, MINUTE_MS, OpeningHours, SpecialDay, Timestamp};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const ZONES: [&str; 50] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Gaza",
    "Pacific/Chatham",
    "America/Sao_Paulo",
    "UTC",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Chisinau",
    "Atlantic/Azores",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Anchorage",
    "America/Adak",
    "America/Havana",
    "America/Asuncion",
    "America/Caracas",
    "America/Nuuk",
    "America/Scoresbysund",
    "America/Mexico_City",
    "America/Bogota",
    "America/Argentina/Buenos_Aires",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Amman",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Pyongyang",
    "Asia/Hovd",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Eucla",
    "Pacific/Auckland",
    "Pacific/Norfolk",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
];

/// Hours of all kinds: a day with a break, a night across midnight, one inside the hour that is skipped, a whole day.
fn odd_hours(zone: &str) -> BusinessCalendar {
    let hours = [
        (1, 540, 1020),
        (2, 480, 720),
        (2, 780, 1110),
        (3, 0, 1440),
        (4, 1320, 1440),
        (5, 0, 360),
        (6, 120, 180),
        (7, 30, 150),
        (7, 1380, 1440),
    ];
    let special = |date: &str, hours: &[(u16, u16)]| SpecialDay {
        date: date.to_owned(),
        name: String::new(),
        hours: hours
            .iter()
            .map(|(from_minute, to_minute)| DayHours {
                from_minute: *from_minute,
                to_minute: *to_minute,
            })
            .collect(),
    };
    BusinessCalendar {
        zone: zone.to_owned(),
        hours: hours
            .map(|(weekday, from_minute, to_minute)| OpeningHours {
                weekday,
                from_minute,
                to_minute,
            })
            .into(),
        holidays: vec!["2026-12-25".to_owned(), "2026-10-26".to_owned()],
        special_days: vec![
            special("2026-12-24", &[(540, 720)]),
            special("2026-03-29", &[(90, 200)]),
        ],
    }
}

/// What the wall says at every minute, and how much business there has been.
struct Oracle {
    begins: i64,
    /// Business minutes before each minute.
    before: Vec<u32>,
}

impl Oracle {
    fn look(calendar: &BusinessCalendar, begins: i64, minutes: usize) -> Self {
        let zone = TimeZone::get(&calendar.zone).unwrap();
        let days = Days::of(calendar);
        let mut latest = i64::MIN;
        let mut before = Vec::with_capacity(minutes + 1);
        before.push(0);
        // Two days ahead of the first question, so that the wall's latest time is known.
        let ahead = 2 * DAY_MS / MINUTE_MS;
        for minute in -ahead..i64::try_from(minutes).unwrap() {
            let at = begins + minute * MINUTE_MS;
            let offset = zone.to_offset(jiff::Timestamp::from_millisecond(at).unwrap());
            latest = latest.max(at / 1000 + i64::from(offset.seconds()));
            if minute >= 0 {
                let open = days.is_business(latest);
                before.push(before.last().unwrap() + u32::from(open));
            }
        }
        Self { begins, before }
    }

    fn at(&self, minute: usize) -> Timestamp {
        Timestamp(self.begins + i64::try_from(minute).unwrap() * MINUTE_MS)
    }

    /// Every pair of minutes that far apart in steps, and the earliest minute with that much business.
    fn agrees(&self, calendar: &BusinessCalendar, step: usize) -> u64 {
        let table = calendar.timetable();
        let last = self.before.len() - 1;
        let mut asked = 0;
        for a in (0..last).step_by(step) {
            for ahead in [1, 37, 61, 480, 1441, 4013, 10_080] {
                let b = a + ahead;
                if b > last {
                    break;
                }
                let business = self.before[b] - self.before[a];
                let ms = i64::from(business) * MINUTE_MS;
                let (from, to) = (self.at(a), self.at(b));
                assert_eq!(
                    table.business_between(from, to),
                    ms,
                    "{}: {from:?} to {to:?}",
                    calendar.zone
                );
                let earliest = self.before.partition_point(|before| *before < self.before[b]);
                let earliest = self.at(earliest.max(a));
                assert_eq!(
                    table.add_business(from, ms),
                    Some(earliest),
                    "{}: {from:?} + {ms}",
                    calendar.zone
                );
                asked += 2;
            }
        }
        asked
    }
}

/// A calendar by days.
struct Days<'a> {
    calendar: &'a BusinessCalendar,
    holidays: Vec<i64>,
    special: Vec<(i64, &'a SpecialDay)>,
}

impl<'a> Days<'a> {
    fn of(calendar: &'a BusinessCalendar) -> Self {
        let special = calendar.special_days.iter();
        Self {
            calendar,
            holidays: calendar.holidays.iter().map(|date| day_number(date)).collect(),
            special: special.map(|own| (day_number(&own.date), own)).collect(),
        }
    }

    /// Whether there is business when the wall says that many seconds since 1970-01-01.
    fn is_business(&self, wall: i64) -> bool {
        let (day, minute) = (wall.div_euclid(86_400), wall.rem_euclid(86_400) / 60);
        let within = |from: u16, to: u16| i64::from(from) <= minute && minute < i64::from(to);
        if let Some((_, own)) = self.special.iter().find(|(number, _)| *number == day) {
            return own.hours.iter().any(|hours| within(hours.from_minute, hours.to_minute));
        }
        let weekday = (day + 3).rem_euclid(7) + 1;
        let today = |hours: &&OpeningHours| i64::from(hours.weekday) == weekday;
        !self.holidays.contains(&day)
            && self
                .calendar
                .hours
                .iter()
                .filter(today)
                .any(|hours| within(hours.from_minute, hours.to_minute))
    }
}

/// Days since 1970-01-01, by counting.
fn day_number(date: &str) -> i64 {
    let number = |from: usize, to: usize| date[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let years: i64 = (1970..year).map(|year| 365 + leap(year)).sum();
    let months = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = months.iter().take(usize::try_from(month - 1).unwrap()).sum();
    years + months + day - 1
}

fn start_of(year: i16) -> i64 {
    day_number(&format!("{year:04}-01-01")) * DAY_MS
}

#[test]
fn every_minute_around_a_change_of_clocks_is_counted_as_the_wall_says() {
    let long = std::env::var("BATON_CALENDAR_ORACLE").is_ok_and(|value| value == "long");
    let mut asked = 0;
    for (index, zone) in ZONES.iter().enumerate() {
        let calendar = odd_hours(zone);
        if long {
            let minutes = usize::try_from((start_of(2030) - start_of(2020)) / MINUTE_MS).unwrap();
            asked += Oracle::look(&calendar, start_of(2020), minutes).agrees(&calendar, 13);
            continue;
        }
        let found = TimeZone::get(zone).unwrap();
        let begins = jiff::Timestamp::from_millisecond(start_of(2026)).unwrap();
        let changes = found.following(begins).take(if index < 6 { 2 } else { 1 });
        let around: Vec<i64> = changes.map(|change| change.timestamp().as_millisecond()).collect();
        let christmas = day_number("2026-12-25") * DAY_MS;
        for at in around.into_iter().chain([christmas].into_iter().filter(|_| index < 3)) {
            let minutes = usize::try_from(5 * DAY_MS / MINUTE_MS).unwrap();
            asked += Oracle::look(&calendar, at - 2 * DAY_MS, minutes).agrees(&calendar, 29);
        }
    }
    assert!(asked > 50_000, "the oracle was asked only {asked} times");
}

#[test]
fn the_day_that_samoa_never_had_has_no_business() {
    let calendar = BusinessCalendar {
        hours: (1..=7)
            .map(|weekday| OpeningHours {
                weekday,
                from_minute: 0,
                to_minute: 1440,
            })
            .collect(),
        ..BusinessCalendar::weekdays("Pacific/Apia")
    };
    let at = |text: &str| {
        let zoned: jiff::Zoned = format!("{text}[Pacific/Apia]").parse().unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    };
    let between = calendar.business_between(at("2011-12-29T00:00"), at("2011-12-31T00:00"));
    assert_eq!(between, DAY_MS, "30 December 2011 was skipped");
}

fn calendars() -> impl Strategy<Value = BusinessCalendar> {
    let hours = (1u8..=7, 0u16..1440, 1u16..=1440).prop_map(|(weekday, from_minute, length)| OpeningHours {
        weekday,
        from_minute,
        to_minute: from_minute.saturating_add(length).min(1440),
    });
    let days = proptest::collection::vec((1u8..=12, 1u8..=28), 0..6);
    (0..ZONES.len(), proptest::collection::vec(hours, 1..9), days).prop_map(|(zone, hours, days)| BusinessCalendar {
        zone: ZONES[zone].to_owned(),
        hours,
        holidays: days
            .into_iter()
            .map(|(month, day)| format!("2026-{month:02}-{day:02}"))
            .collect(),
        special_days: Vec::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn as_much_business_lies_before_what_was_added_as_was_added(
        calendar in calendars(), from in 1_760_000_000_000i64..1_830_000_000_000, ms in 0i64..3_000_000_000,
    ) {
        let table = calendar.timetable();
        let from = Timestamp(from);
        let due = table.add_business(from, ms).unwrap();
        prop_assert_eq!(table.business_between(from, due), ms);
    }

    #[test]
    fn adding_what_lies_between_gives_the_earliest_instant_with_as_much(
        calendar in calendars(), a in 1_760_000_000_000i64..1_830_000_000_000, span in 0i64..4_000_000_000,
    ) {
        let table = calendar.timetable();
        let (a, b) = (Timestamp(a), Timestamp(a + span));
        let earliest = table.add_business(a, table.business_between(a, b)).unwrap();
        let last = table.spells(a).take_while(|(opens, _)| *opens < b).last();
        let expected = match last {
            Some((_, closes)) => closes.min(b),
            None => a,
        };
        prop_assert_eq!(earliest, expected);
    }

    #[test]
    fn business_time_adds_up(
        calendar in calendars(), a in 1_760_000_000_000i64..1_830_000_000_000, first in 0i64..2_000_000_000, second in 0i64..2_000_000_000,
    ) {
        let table = calendar.timetable();
        let (a, b, c) = (Timestamp(a), Timestamp(a + first), Timestamp(a + first + second));
        prop_assert_eq!(
            table.business_between(a, b) + table.business_between(b, c),
            table.business_between(a, c)
        );
    }
}
