//! Business time by example: the tables of the specification, and the days on which clocks change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use baton_domain::{
    Actor, BusinessCalendar, Command, CommandBody, CommandId, ConversationId, DAY_MS, DayHours, DeviceId, DocumentBody,
    DocumentContext, HOUR_MS, Inbox, InboxId, InboxPolicy, Invalid, MINUTE_MS, OpeningHours, Refusal, SpecialDay,
    Timestamp, decide_document,
};
use uuid::Uuid;

fn berlin(text: &str) -> Timestamp {
    let zoned: jiff::Zoned = format!("{text}[Europe/Berlin]").parse().unwrap();
    Timestamp(zoned.timestamp().as_millisecond())
}

fn office() -> BusinessCalendar {
    BusinessCalendar {
        holidays: vec!["2026-12-25".to_owned()],
        ..BusinessCalendar::weekdays("Europe/Berlin")
    }
}

fn check(from: &str, days: u8, gives: &str) {
    let given = office().add_business_days(berlin(from), days);
    assert_eq!(given, berlin(gives), "{from} + {days} business days");
}

fn check_time(from: &str, ms: i64, gives: &str) {
    let given = office().add_business(berlin(from), ms);
    assert_eq!(given, Some(berlin(gives)), "{from} + {ms} ms");
    assert_eq!(
        office().business_between(berlin(from), berlin(gives)),
        ms,
        "{from} to {gives}"
    );
}

#[test]
fn an_hour_before_the_weekend_ends_after_it() {
    check_time("2026-11-27T16:30", HOUR_MS, "2026-11-30T09:30");
}

#[test]
fn time_begins_to_count_when_work_does() {
    check_time("2026-11-28T12:00", 30 * MINUTE_MS, "2026-11-30T09:30");
}

#[test]
fn a_holiday_has_no_business_time() {
    check_time("2026-12-24T16:00", 2 * HOUR_MS, "2026-12-28T10:00");
}

#[test]
fn a_change_of_clocks_outside_hours_changes_nothing() {
    check_time("2026-03-27T16:00", 2 * HOUR_MS, "2026-03-30T10:00");
}

#[test]
fn no_time_at_all_is_now_even_at_closing() {
    check_time("2026-11-25T17:00", 0, "2026-11-25T17:00");
}

#[test]
fn an_hour_that_ends_with_the_day_ends_at_closing() {
    check_time("2026-11-27T16:00", HOUR_MS, "2026-11-27T17:00");
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
    let calendar = office();
    assert_eq!(calendar.opening_on("2026-12-24"), Some(berlin("2026-12-24T09:00")));
    assert_eq!(calendar.opening_on("2026-12-25"), Some(berlin("2026-12-28T09:00")));
    assert_eq!(calendar.opening_on("soon"), None);
}

#[test]
fn a_calendar_without_open_days_counts_calendar_days_and_has_no_business_time() {
    let calendar = BusinessCalendar {
        hours: Vec::new(),
        ..BusinessCalendar::weekdays("UTC")
    };
    let two_days = Timestamp(2 * DAY_MS);
    assert_eq!(calendar.add_business_days(Timestamp(0), 2), two_days);
    assert_eq!(calendar.add_business(Timestamp(0), 1), None);
    assert_eq!(calendar.business_between(Timestamp(0), two_days), 0);
}

#[test]
fn a_half_day_and_an_open_saturday_have_hours_of_their_own() {
    let day = |date: &str, from_minute, to_minute| SpecialDay {
        date: date.to_owned(),
        name: String::new(),
        hours: vec![DayHours { from_minute, to_minute }],
    };
    let calendar = BusinessCalendar {
        special_days: vec![day("2026-12-24", 540, 720), day("2026-12-26", 600, 660)],
        ..office()
    };
    let add = |from, ms| calendar.add_business(berlin(from), ms);
    assert_eq!(add("2026-12-24T11:00", HOUR_MS), Some(berlin("2026-12-24T12:00")));
    assert_eq!(add("2026-12-24T11:00", 2 * HOUR_MS), Some(berlin("2026-12-26T11:00")));
    assert_eq!(add("2026-12-24T11:00", 3 * HOUR_MS), Some(berlin("2026-12-28T10:00")));
    let next = calendar.add_business_days(berlin("2026-12-23T15:20"), 1);
    assert_eq!(
        next,
        berlin("2026-12-26T10:00"),
        "after a half day's closing the next opening is meant"
    );
}

#[test]
fn a_special_day_overrides_a_holiday() {
    let mut calendar = office();
    calendar.special_days.push(SpecialDay {
        date: "2026-12-25".to_owned(),
        name: "Notdienst".to_owned(),
        hours: vec![DayHours {
            from_minute: 540,
            to_minute: 600,
        }],
    });
    assert!(calendar.is_open(berlin("2026-12-25T09:00")));
    assert!(!calendar.is_open(berlin("2026-12-25T10:00")));
}

/// One day a year with clocks set forward (02:00 to 03:00) and one set back (03:00 to 02:00), in Berlin.
fn night_shift() -> BusinessCalendar {
    let shift = |weekday| {
        [(0, 6 * 60), (22 * 60, 1440)].map(|(from_minute, to_minute)| OpeningHours {
            weekday,
            from_minute,
            to_minute,
        })
    };
    BusinessCalendar {
        hours: (1..=7).flat_map(shift).collect(),
        ..BusinessCalendar::weekdays("Europe/Berlin")
    }
}

#[test]
fn a_night_is_an_hour_shorter_in_spring_and_an_hour_longer_in_autumn() {
    let night = |from, to| night_shift().business_between(berlin(from), berlin(to));
    assert_eq!(night("2026-03-27T12:00", "2026-03-28T12:00"), 8 * HOUR_MS);
    assert_eq!(night("2026-03-28T12:00", "2026-03-29T12:00"), 7 * HOUR_MS);
    assert_eq!(night("2026-10-24T12:00", "2026-10-25T12:00"), 9 * HOUR_MS);
}

#[test]
fn hours_that_begin_in_a_gap_begin_after_it_and_those_that_end_in_a_fold_end_the_first_time() {
    let calendar = BusinessCalendar {
        hours: vec![OpeningHours {
            weekday: 7,
            from_minute: 150,
            to_minute: 240,
        }],
        ..BusinessCalendar::weekdays("Europe/Berlin")
    };
    let day = |from, to| calendar.business_between(berlin(from), berlin(to));
    assert_eq!(day("2026-03-29T00:00", "2026-03-30T00:00"), HOUR_MS, "03:00 to 04:00");
    let ends_in_fold = BusinessCalendar {
        hours: vec![OpeningHours {
            weekday: 7,
            from_minute: 60,
            to_minute: 150,
        }],
        ..calendar.clone()
    };
    let ended = ends_in_fold.business_between(berlin("2026-10-25T00:00"), berlin("2026-10-26T00:00"));
    assert_eq!(ended, 90 * MINUTE_MS, "01:00 to the first 02:30");
}

#[test]
fn a_calendar_that_cannot_be_meant_is_named() {
    let fault = |change: fn(&mut BusinessCalendar)| {
        let mut calendar = office();
        change(&mut calendar);
        calendar.check().unwrap_err().to_string()
    };
    assert_eq!(office().check(), Ok(()));
    assert_eq!(
        fault(|calendar| calendar.zone = "Europe/Bonn".to_owned()),
        "there is no time zone Europe/Bonn"
    );
    assert_eq!(
        fault(|calendar| calendar.holidays.push("2026-02-30".to_owned())),
        "2026-02-30 is no date: dates are written YYYY-MM-DD"
    );
    assert_eq!(
        fault(|calendar| calendar.hours[0].to_minute = 540),
        "hours from minute 540 to minute 540 are no part of a day"
    );
    assert_eq!(fault(|calendar| calendar.hours.clear()), "no day of the week has hours");
}

#[test]
fn an_inbox_with_a_calendar_that_cannot_be_meant_is_refused_and_told_which_part() {
    let put = |calendar: BusinessCalendar| {
        let inbox = Inbox {
            id: InboxId(Uuid::from_u128(1)),
            name: "Sales".to_owned(),
            access: Vec::new(),
            policy: InboxPolicy {
                calendar,
                ..InboxPolicy::default()
            },
        };
        let command = Command {
            id: CommandId(Uuid::from_u128(2)),
            actor: Actor::Operator,
            device: DeviceId(Uuid::nil()),
            conversation: ConversationId(Uuid::nil()),
            issued_at: Timestamp(0),
            last_seen: None,
            based_on: None,
            body: CommandBody::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox)),
            },
        };
        let (documents, members) = (BTreeMap::new(), BTreeMap::new());
        let context = DocumentContext {
            documents: &documents,
            members: &members,
            conversations: 0,
        };
        decide_document(&command, context).map(drop)
    };
    assert_eq!(put(office()), Ok(()));
    for (zone, until, holiday, field) in [
        ("Europe/Bonn", 1020, "2026-12-25", "zone"),
        ("Europe/Berlin", 1441, "2026-12-25", "hours"),
        ("Europe/Berlin", 1020, "Christmas", "holidays"),
    ] {
        let mut calendar = office();
        calendar.zone = zone.to_owned();
        calendar.hours[0].to_minute = until;
        calendar.holidays.push(holiday.to_owned());
        let refusal = Refusal::Invalid {
            field: field.to_owned(),
            why: Invalid::Unknown,
        };
        assert_eq!(put(calendar), Err(refusal), "{field}");
    }
}
