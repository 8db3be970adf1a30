#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// Sent on Saturday, 21 November 2026.
fn sent(offset_minutes: i32) -> Option<Sent> {
    Some(Sent {
        day: jiff::civil::date(2026, 11, 21),
        offset_minutes,
    })
}

#[track_caller]
fn check(text: &str, day: Option<&str>) {
    let found = return_day(text, sent(0)).map(|day| day.to_string());
    assert_eq!(found.as_deref(), day, "{text}");
}

#[test]
fn days_of_return_are_read_in_many_languages() {
    check("I am away and will be back on December 3rd, 2026.", Some("2026-12-03"));
    check("I will return on 7 January.", Some("2027-01-07"));
    check("Ich bin ab dem 30. November wieder im Büro.", Some("2026-11-30"));
    check("Estaré de vuelta el martes 1 de diciembre de 2026.", Some("2026-12-01"));
    check("Je serai de retour le mardi 1er décembre.", Some("2026-12-01"));
    check("Back in the office on 2026-11-24.", Some("2026-11-24"));
    check("Sono fuori ufficio, rientrerò il 9 dicembre 2026.", Some("2026-12-09"));
    check("Ik ben terug op 30 november.", Some("2026-11-30"));
    check("Jag är tillbaka den 1 december.", Some("2026-12-01"));
    check("Jeg er tilbage den 2. december 2026.", Some("2026-12-02"));
    check("Voltarei no dia 4 de dezembro de 2026.", Some("2026-12-04"));
    check("Wracam 7 grudnia 2026.", Some("2026-12-07"));
    check("Palaan töihin 30.11.2026.", Some("2026-11-30"));
    check("Вернусь 8 декабря.", Some("2026-12-08"));
    check("3 Aralık 2026 tarihine kadar izinliyim.", Some("2026-12-03"));
    check("12月3日まで休暇をいただいております。", Some("2026-12-03"));
    check("本人休假，将于2026年12月7日回来。", Some("2026-12-07"));
    check("12월3일까지 휴가입니다.", Some("2026-12-03"));
}

#[test]
fn a_last_day_of_absence_is_followed_by_the_day_of_return() {
    check(
        "Ich bin bis einschließlich 04.12.2026 nicht im Haus.",
        Some("2026-12-05"),
    );
    check("I am out through December 4.", Some("2026-12-05"));
    check("Ik ben afwezig t/m 4 december.", Some("2026-12-05"));
}

#[test]
fn a_weekday_is_the_next_one() {
    check("I will be back on Monday.", Some("2026-11-23"));
    check("Ich bin ab Mittwoch wieder da.", Some("2026-11-25"));
    check("I will be back on Monday, 7 December.", Some("2026-12-07"));
}

#[test]
fn what_could_be_read_two_ways_is_read_as_its_writer_writes() {
    let text = "I will be back on 03/04/2027.";
    check(text, None);
    assert_eq!(return_day(text, sent(-300)).unwrap().to_string(), "2027-03-04");
    assert_eq!(return_day(text, sent(60)).unwrap().to_string(), "2027-04-03");
    check("Out from 11/20/2026, I return on 12/01/2026.", Some("2026-12-01"));
    check("Je suis de retour le 03/12/2026.", Some("2026-12-03"));
    check("I will be back on 24/12/2026.", Some("2026-12-24"));
}

#[test]
fn what_names_no_day_gives_none() {
    check("I will be back soon. Call 030 1234567.", None);
    check("We are back in business and available 24/7.", None);
    check("We are open from Monday through Friday.", None);
    check("Unser Büro ist von Montag bis Freitag besetzt.", None);
    check("Anything urgent may go to the desk until further notice.", None);
    assert_eq!(return_day("I will be back on Monday.", None), None);
}

#[test]
fn a_day_long_gone_is_no_day_of_return() {
    check("I was away until 1 March 2020.", None);
}
