//! What is one wait and what is another: an answer owed, an owner or an end awaited, while purposes change and leads are closed,
//! opened again, and answered from outside. One wait is late once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::sla::{breaches, category, clock, close, outside};
use support::{ANNA, Team, berlin};

#[test]
fn one_wait_is_late_once_however_often_its_purpose_changes() {
    let mut team = Team::with_targets();
    for rule in &mut team.inbox.policy.sla.rules {
        rule.targets.resolution = Some(Target::business(10 * HOUR_MS));
    }
    team.carl("Hello");
    team.until_deadline();
    team.until_deadline();
    let (owner, resolution) = (clock(&team, ClockKind::Owner), clock(&team, ClockKind::Resolution));
    assert!(owner.breached);
    team.until_deadline();
    assert_eq!(team.until_deadline().0, berlin("2026-11-26T14:00"));
    let first = clock(&team, ClockKind::FirstResponse);
    assert!(first.breached);
    team.now = berlin("2026-11-26T15:00");
    team.act(ANNA, category(Category::Vendor));
    assert!(team.conversation().clocks.iter().all(|clock| !clock.is_open()));
    team.now = berlin("2026-11-26T15:01");
    team.act(ANNA, category(Category::NewLead));
    assert_eq!(clock(&team, ClockKind::Owner), owner);
    assert_eq!(clock(&team, ClockKind::FirstResponse), first);
    assert_eq!(clock(&team, ClockKind::Resolution), resolution);
    team.now = berlin("2026-11-26T15:30");
    team.act(ANNA, CommandBody::Claim);
    assert_eq!(breaches(&team).len(), 2);
}

#[test]
fn who_had_it_meanwhile_ended_the_wait_for_an_owner() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, category(Category::Vendor));
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    team.act(ANNA, CommandBody::Release);
    team.act(ANNA, category(Category::NewLead));
    assert_eq!(clock(&team, ClockKind::Owner).due, berlin("2026-11-26T12:15"));
}

#[test]
fn what_they_open_again_waits_for_an_owner_from_then_on() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    close(&mut team);
    team.now = berlin("2026-11-27T12:00");
    team.carl("Are you sure?");
    let (owner, first) = (clock(&team, ClockKind::Owner), clock(&team, ClockKind::FirstResponse));
    assert_eq!((owner.started, owner.due), (team.now, berlin("2026-11-27T12:15")));
    assert_eq!((first.started, first.due), (team.now, berlin("2026-11-27T16:00")));
}

#[test]
fn what_was_closed_by_mistake_waits_for_its_answer_as_before() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let (owner, first) = (clock(&team, ClockKind::Owner), clock(&team, ClockKind::FirstResponse));
    team.now = berlin("2026-11-26T10:05");
    close(&mut team);
    assert_eq!(team.conversation().unanswered_since, None);
    team.now = berlin("2026-11-26T10:35");
    team.act(ANNA, CommandBody::Reopen);
    assert_eq!(team.conversation().unanswered_since, Some(first.started));
    assert_eq!(clock(&team, ClockKind::FirstResponse), first);
    let after = clock(&team, ClockKind::Owner);
    assert_eq!(
        (after.started, after.due),
        (owner.started, berlin("2026-11-26T10:45")),
        "nobody waited for an owner while it was over"
    );
}

#[test]
fn a_breach_stands_and_does_not_come_again_when_it_is_closed_and_opened_again() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.until_deadline();
    team.until_deadline();
    let first = clock(&team, ClockKind::FirstResponse);
    assert!(first.breached);
    team.now = berlin("2026-11-26T15:00");
    close(&mut team);
    team.now = berlin("2026-11-27T15:00");
    team.act(ANNA, CommandBody::Claim);
    team.act(ANNA, CommandBody::Reopen);
    assert_eq!(clock(&team, ClockKind::FirstResponse), first);
    assert_eq!(breaches(&team).len(), 1);
}

#[test]
fn what_was_answered_before_it_was_closed_is_answered_when_it_is_opened_again() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    close(&mut team);
    team.now = berlin("2026-11-26T11:00");
    outside(&mut team, berlin("2026-11-26T10:30"));
    team.act(ANNA, CommandBody::Reopen);
    assert_eq!(team.conversation().unanswered_since, None);
}

#[test]
fn a_state_saved_before_closing_kept_the_wait_is_read_and_what_waits_for_nothing_saves_nothing() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let saved = serde_json::to_value(team.conversation()).unwrap();
    assert!(!saved.as_object().unwrap().contains_key("unansweredAtClose"));
    close(&mut team);
    let saved = serde_json::to_value(team.conversation()).unwrap();
    let read: Conversation = serde_json::from_value(saved).unwrap();
    assert_eq!(&read, team.conversation());
    assert!(read.unanswered_at_close.is_some());
}

#[test]
fn an_answer_from_outside_to_an_earlier_message_does_not_answer_their_newest() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T13:55");
    team.carl("One more thing");
    let before = team.conversation().clone();
    assert_eq!(team.until_deadline().0, berlin("2026-11-26T14:00"));
    let late = clock(&team, ClockKind::FirstResponse);
    team.now = berlin("2026-11-26T14:30");
    let events = outside(&mut team, berlin("2026-11-26T13:50"));
    assert!(matches!(&events[..], [Event::OutsideReply { .. }]), "{events:?}");
    let after = team.conversation();
    assert_eq!(clock(&team, ClockKind::FirstResponse), late);
    assert_eq!(
        (after.unanswered_since, after.status, &after.last_message),
        (before.unanswered_since, before.status, &before.last_message)
    );
    let events = outside(&mut team, berlin("2026-11-26T14:10"));
    let withdrawn = |event: &Event| matches!(event, Event::BreachWithdrawn { .. });
    assert!(!events.iter().any(withdrawn), "{events:?}");
    assert_eq!(team.conversation().unanswered_since, None);
    let at = berlin("2026-11-26T14:10");
    assert_eq!(clock(&team, ClockKind::FirstResponse).end, Some(ClockEnd::Met { at }));
}

#[test]
fn an_earlier_answer_from_outside_does_not_hide_that_the_newest_message_waits_too_long() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T13:55");
    team.carl("One more thing");
    // Nobody looked at the deadlines since.
    team.now = berlin("2026-11-26T14:30");
    outside(&mut team, berlin("2026-11-26T13:50"));
    assert_eq!(
        breaches(&team),
        [(ClockKind::FirstResponse, berlin("2026-11-26T14:00"))]
    );
}
