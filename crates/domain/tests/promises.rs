//! What happens to running clocks when an inbox promises something else, or keeps other hours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::sla::clock;
use support::{ANNA, Team, berlin};

#[test]
fn a_changed_policy_leaves_running_clocks_alone_until_they_are_asked() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    promise(&mut team, |policy| {
        policy.rules[1].targets.first_response = Some(Target::business(2 * HOUR_MS))
    });
    team.now = berlin("2026-11-26T11:00");
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!((first.due, first.policy), (berlin("2026-11-26T14:00"), 1));
    let events = compute_anew(&mut team);
    assert!(matches!(&events[..], [Event::ClockRetargeted { .. }]), "{events:?}");
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!((first.due, first.policy), (berlin("2026-11-26T12:00"), 2));
    assert_eq!(first.started, berlin("2026-11-26T10:00"));
    assert_eq!(compute_anew(&mut team), [], "a second time");
}

/// The inbox promises something else from now on.
fn promise(team: &mut Team, change: impl FnOnce(&mut SlaPolicy)) {
    change(&mut team.inbox.policy.sla);
    team.inbox.policy.sla.version += 1;
}

fn compute_anew(team: &mut Team) -> Vec<Event> {
    let (what, at) = (Deadline::Targets, team.now);
    team.system(CommandBody::Due { what, at }).unwrap()
}

#[test]
fn other_work_on_a_conversation_computes_its_clocks_anew_as_well() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    promise(&mut team, |policy| {
        policy.rules[1].targets.first_response = Some(Target::business(2 * HOUR_MS))
    });
    team.act(ANNA, CommandBody::Claim);
    assert_eq!(clock(&team, ClockKind::FirstResponse).due, berlin("2026-11-26T12:00"));
}

#[test]
fn a_target_that_is_over_already_is_late_from_when_it_was_set_and_not_before() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    promise(&mut team, |policy| {
        policy.rules[1].targets.first_response = Some(Target::wall(MINUTE_MS))
    });
    compute_anew(&mut team);
    team.until_deadline();
    let breached = Event::ClockBreached {
        clock: ClockKind::FirstResponse,
        at: berlin("2026-11-26T12:00"),
    };
    assert!(team.log.iter().any(|(_, event)| *event == breached));
    assert_eq!(compute_anew(&mut team), [], "what was breached stays so");
}

#[test]
fn other_hours_move_the_deadline() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    promise(&mut team, |_| {});
    team.inbox.policy.calendar.holidays.push("2026-11-27".to_owned());
    for hours in &mut team.inbox.policy.calendar.hours {
        hours.to_minute = 13 * 60;
    }
    compute_anew(&mut team);
    assert_eq!(clock(&team, ClockKind::FirstResponse).due, berlin("2026-11-30T10:00"));
}

#[test]
fn a_warning_that_came_comes_again_only_for_a_later_date() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.until_deadline();
    assert!(clock(&team, ClockKind::FirstResponse).warned);
    promise(&mut team, |_| {});
    compute_anew(&mut team);
    assert!(clock(&team, ClockKind::FirstResponse).warned, "the same date");
    promise(&mut team, |policy| {
        policy.rules[1].targets.first_response = Some(Target::business(6 * HOUR_MS))
    });
    compute_anew(&mut team);
    let later = clock(&team, ClockKind::FirstResponse);
    assert_eq!((later.warned, later.warn_at), (false, berlin("2026-11-26T14:48")));
}

#[test]
fn a_first_promise_counts_from_when_it_is_made() {
    let mut team = Team::with_enquiry();
    team.now = berlin("2026-11-27T10:00");
    let waiting_since = team.conversation().unanswered_since.unwrap();
    assert!(waiting_since < team.now);
    promise(&mut team, |policy| policy.rules = SlaPolicy::usual().rules);
    compute_anew(&mut team);
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!((first.started, first.due), (team.now, berlin("2026-11-27T14:00")));
    promise(&mut team, |policy| policy.rules.clear());
    compute_anew(&mut team);
    assert!(
        team.conversation().clocks.is_empty(),
        "and taken back with the last rule"
    );
}

#[test]
fn a_first_promise_is_not_made_for_the_past_by_an_edit_that_comes_first() {
    let mut team = Team::with_enquiry();
    team.now = berlin("2026-11-27T10:00");
    promise(&mut team, |policy| policy.rules = SlaPolicy::usual().rules);
    let subject = CommandBody::SetFields {
        category: None,
        priority: None,
        value: None,
        company: None,
        subject: Some("Forty seats, please".to_owned()),
        details: Box::default(),
    };
    team.act(ANNA, subject);
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!((first.started, first.due), (team.now, berlin("2026-11-27T14:00")));
    assert_eq!(compute_anew(&mut team), [], "nothing is left to the job");
}

#[test]
fn what_turns_out_to_be_a_lead_counts_from_its_message() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::NotALead);
    team.now = berlin("2026-11-26T11:00");
    team.carl("Forty seats?");
    team.now = berlin("2026-11-26T11:30");
    let lead = CommandBody::SetFields {
        category: Some(Category::NewLead),
        priority: None,
        value: None,
        company: None,
        subject: None,
        details: Box::default(),
    };
    team.act(ANNA, lead);
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!(
        (first.started, first.due),
        (berlin("2026-11-26T11:00"), berlin("2026-11-26T15:00"))
    );
}
