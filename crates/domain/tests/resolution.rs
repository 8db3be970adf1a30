//! The clock to the end: it rests while the next move is not ours, and ends when the conversation does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::sla::{breaches, clock, close, local, with_resolution};
use support::{ANNA, berlin};

fn resolution(team: &support::Team) -> Clock {
    clock(team, ClockKind::Resolution)
}

fn met(at: &str) -> Option<ClockEnd> {
    Some(ClockEnd::Met { at: berlin(at) })
}

#[test]
fn thanks_for_something_closed_leaves_its_end_when_it_was() {
    let mut team = with_resolution();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    close(&mut team);
    let before = resolution(&team);
    assert_eq!(before.end, met("2026-11-26T12:00"));
    team.now = berlin("2026-11-27T10:00");
    team.carl("Thanks all the same!");
    assert!(resolution(&team).runs());
    team.act(ANNA, CommandBody::NoReplyNeeded);
    let after = resolution(&team);
    assert_eq!((after.end, after.breached), (before.end, false));
}

#[test]
fn what_was_late_only_while_thanks_held_it_open_was_not_late() {
    let mut team = with_resolution();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    close(&mut team);
    team.now = berlin("2026-11-27T10:00");
    team.carl("Thanks all the same!");
    // Eight of its ten hours were left.
    let late = berlin("2026-11-30T10:00");
    while breaches(&team).iter().all(|(kind, _)| *kind != ClockKind::Resolution) {
        team.until_deadline();
    }
    assert_eq!(breaches(&team).last(), Some(&(ClockKind::Resolution, late)));
    team.act(ANNA, CommandBody::NoReplyNeeded);
    let withdrawn = Event::BreachWithdrawn {
        clock: ClockKind::Resolution,
        answered: berlin("2026-11-26T12:00"),
    };
    assert!(team.log.iter().any(|(_, event)| *event == withdrawn));
    let after = resolution(&team);
    assert_eq!((after.end, after.breached), (met("2026-11-26T12:00"), false));
}

#[test]
fn an_end_that_came_late_stays_late() {
    let mut team = with_resolution();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-27T16:00");
    while next_deadline(team.conversation()).is_some_and(|(at, _)| at <= team.now) {
        team.until_deadline();
    }
    close(&mut team);
    team.now = berlin("2026-11-30T10:00");
    team.carl("Thanks");
    team.act(ANNA, CommandBody::NoReplyNeeded);
    let after = resolution(&team);
    assert_eq!((after.end, after.breached), (met("2026-11-27T16:00"), true));
}

fn snoozed() -> support::Team {
    let mut team = with_resolution();
    team.carl("Hello");
    let sent = team.reply(ANNA, support::CHASE);
    team.delivered(sent);
    team.now = berlin("2026-11-26T11:00");
    let until = Some(berlin("2026-11-27T09:00"));
    team.act(
        ANNA,
        CommandBody::Snooze {
            until,
            zone: None,
            reason: None,
        },
    );
    team.act(
        ANNA,
        CommandBody::SetStatus {
            status: Status::Assigned,
        },
    );
    team
}

#[test]
fn a_rest_ends_with_its_date_however_late_that_is_noticed() {
    let (mut on_time, mut late) = (snoozed(), snoozed());
    on_time.until_deadline();
    assert!(resolution(&on_time).runs(), "{:?}", on_time.conversation());
    late.now = berlin("2026-11-27T13:30");
    late.until_deadline();
    let (punctual, noticed) = (resolution(&on_time), resolution(&late));
    assert_eq!(local(noticed.due), local(punctual.due));
    assert_eq!((noticed.warn_at, noticed.half_at), (punctual.warn_at, punctual.half_at));
    assert_eq!(noticed.pauses, punctual.pauses);
}
