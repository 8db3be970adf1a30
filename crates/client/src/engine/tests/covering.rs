//! Whoever stands in is told when a customer writes to somebody who is not there for it.

use baton_domain::{BusinessCalendar, CommandBody, DAY_MS, DocumentBody, Member, OpeningHours};

use super::office::member;
use super::{ANNA, BEN, Office};

/// Ben stands in for Anna, of whom something is changed.
fn office(change: impl Fn(&mut Member)) -> Office {
    let mut office = Office::open();
    for document in &mut office.documents {
        if let DocumentBody::Member(known) = &mut document.body
            && known.id == member(ANNA)
        {
            known.backup = Some(member(BEN));
            change(known);
            document.version += 1;
        }
    }
    office.restore(0);
    for desk in [ANNA, BEN] {
        office.cut(desk);
        office.connect(desk);
    }
    office
}

/// Carl writes to Anna, and what Ben is told.
fn told(office: &mut Office) -> Vec<String> {
    let lead = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, lead, CommandBody::Claim);
    office.advance(10_000);
    office.desks[BEN].notifications.clear();
    office.carl_writes(Some(lead), "And when?");
    office.advance(10_000);
    let shown = &office.desks[BEN].notifications;
    shown.iter().map(|one| one.title.clone()).collect()
}

#[test]
fn the_backup_is_told_while_the_owner_is_away() {
    let mut office = office(|anna| anna.absent_until = Some(baton_domain::Timestamp(i64::MAX)));
    assert_eq!(told(&mut office), ["Carl wrote, and Anna is not there"]);
}

#[test]
fn nobody_else_is_told_while_the_owner_is_at_work() {
    let mut office = office(|_| {});
    assert_eq!(told(&mut office), [] as [&str; 0]);
}

#[test]
fn hours_of_ones_own_that_never_come_are_no_hours_to_be_back_in() {
    // A weekday that is none: nobody can say when she is back.
    let never = BusinessCalendar {
        hours: vec![OpeningHours {
            weekday: 9,
            from_minute: 0,
            to_minute: 1440,
        }],
        ..BusinessCalendar::weekdays("UTC")
    };
    let mut office = office(|anna| anna.hours = Some(never.clone()));
    assert_eq!(told(&mut office), ["Carl wrote, and Anna is not there"]);
    office.advance(DAY_MS);
    office.all_agree();
}
