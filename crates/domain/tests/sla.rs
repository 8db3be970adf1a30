//! SLA clocks as stories: when they run, what meets them, when they breach.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::sla::{category, clock, close, local, outside, with_resolution};
use support::{ANNA, BEN, CHASE, Team, berlin};

fn kinds(events: &[Event]) -> Vec<&Event> {
    events
        .iter()
        .filter(|event| {
            matches!(
                event,
                Event::ClockStarted { .. }
                    | Event::ClockPaused { .. }
                    | Event::ClockResumed { .. }
                    | Event::ClockWarned { .. }
                    | Event::ClockBreached { .. }
                    | Event::BreachWithdrawn { .. }
                    | Event::ClockDropped { .. }
            )
        })
        .collect()
}

fn all(team: &Team) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::ClockStarted { clock } => format!("{:?} until {}", clock.kind, local(clock.due)),
        Event::ClockWarned { clock, at } => format!("{clock:?} warned {}", local(*at)),
        Event::ClockBreached { clock, at } => format!("{clock:?} breached {}", local(*at)),
        other => format!("{other:?}"),
    };
    team.log
        .iter()
        .map(|(_, event)| event)
        .filter(|event| !kinds(std::slice::from_ref(event)).is_empty())
        .map(name)
        .collect()
}

#[test]
fn an_enquiry_starts_the_clocks_to_owner_and_first_response() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    assert_eq!(
        all(&team),
        ["Owner until Thu 26 10:15", "FirstResponse until Thu 26 14:00"]
    );
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!(
        (first.warn_at, first.half_at),
        (berlin("2026-11-26T13:12"), berlin("2026-11-26T12:00"))
    );
    assert_eq!((first.rule.as_str(), first.policy), ("Leads", 1));
}

#[test]
fn a_message_on_friday_evening_is_due_on_monday() {
    let mut team = Team::with_targets();
    team.now = berlin("2026-11-27T18:40");
    team.carl("Still there?");
    assert_eq!(
        all(&team),
        ["Owner until Mon 30 09:15", "FirstResponse until Mon 30 13:00"]
    );
}

#[test]
fn a_claim_meets_the_clock_to_owner_and_a_reply_that_of_the_answer() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.now = berlin("2026-11-26T10:05");
    team.act(ANNA, CommandBody::Claim);
    assert_eq!(
        clock(&team, ClockKind::Owner).end,
        Some(ClockEnd::Met {
            at: berlin("2026-11-26T10:05")
        })
    );
    team.now = berlin("2026-11-26T10:20");
    team.reply(ANNA, CHASE);
    assert_eq!(
        clock(&team, ClockKind::FirstResponse).end,
        Some(ClockEnd::Met {
            at: berlin("2026-11-26T10:20")
        })
    );
    assert!(!matches!(
        next_deadline(team.conversation()).unwrap().1,
        Deadline::ClockWarning | Deadline::ClockBreach
    ));
}

#[test]
fn warning_and_breach_come_once_and_are_stamped_with_their_instants_however_late_they_are_noticed() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    // The server was away until the evening.
    team.now = berlin("2026-11-26T22:00");
    let mut deadlines = Vec::new();
    while let Some((at, what)) = next_deadline(team.conversation()).filter(|(at, _)| *at <= team.now) {
        team.system(CommandBody::Due { what, at }).unwrap();
        deadlines.push(what);
    }
    assert_eq!(deadlines, [Deadline::ClockWarning, Deadline::ClockBreach]);
    assert_eq!(
        all(&team)[2..],
        [
            "FirstResponse warned Thu 26 13:12",
            "FirstResponse breached Thu 26 14:00"
        ]
    );
    for what in deadlines {
        let at = berlin("2026-11-26T14:00");
        assert_eq!(
            team.system(CommandBody::Due { what, at }),
            Ok(Vec::new()),
            "a second time"
        );
    }
}

#[test]
fn a_late_answer_ends_a_breached_clock_and_the_breach_stands() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.until_deadline();
    team.until_deadline();
    team.now = berlin("2026-11-26T15:00");
    team.reply(ANNA, CHASE);
    let clock = clock(&team, ClockKind::FirstResponse);
    assert!(clock.breached && clock.end.is_some());
}

#[test]
fn an_answer_to_a_later_message_has_a_clock_of_its_own() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let sent = team.reply(ANNA, CHASE);
    team.delivered(sent);
    team.now = berlin("2026-11-26T16:00");
    team.carl("And the price?");
    assert_eq!(all(&team).last().unwrap(), "NextResponse until Fri 27 12:00");
    assert_eq!(
        team.conversation().clocks.len(),
        2,
        "the first answer's place was taken"
    );
}

#[test]
fn a_second_message_does_not_give_more_time() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.now = berlin("2026-11-26T12:00");
    team.carl("Anybody?");
    assert_eq!(clock(&team, ClockKind::FirstResponse).due, berlin("2026-11-26T14:00"));
}

#[test]
fn blocking_and_snoozing_do_not_stop_the_customer_waiting() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.act(
        ANNA,
        CommandBody::Block {
            on: Some(BEN),
            address: None,
            text: "The price?".to_owned(),
        },
    );
    let until = Some(berlin("2026-11-27T09:00"));
    team.act(
        ANNA,
        CommandBody::Snooze {
            until,
            zone: None,
            reason: Some("Ben is asked".to_owned()),
        },
    );
    let clock = clock(&team, ClockKind::FirstResponse);
    assert!(clock.runs());
    assert_eq!(clock.due, berlin("2026-11-26T14:00"));
}

#[test]
fn a_reply_taken_back_leaves_the_clock_as_it_was() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let before = clock(&team, ClockKind::FirstResponse);
    let outbound = team.reply(ANNA, CHASE);
    assert!(!clock(&team, ClockKind::FirstResponse).is_open());
    team.act(ANNA, CommandBody::CancelSend { outbound });
    assert_eq!(clock(&team, ClockKind::FirstResponse), before);
}

#[test]
fn an_answer_from_outside_meets_the_clock_when_it_was_sent_and_takes_back_a_breach_it_disproves() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.until_deadline();
    team.until_deadline();
    assert!(clock(&team, ClockKind::FirstResponse).breached);
    team.now = berlin("2026-11-26T14:30");
    let events = outside(&mut team, berlin("2026-11-26T13:50"));
    assert!(events.contains(&Event::BreachWithdrawn {
        clock: ClockKind::FirstResponse,
        answered: berlin("2026-11-26T13:50"),
    }));
    let clock = clock(&team, ClockKind::FirstResponse);
    assert_eq!(
        (clock.breached, clock.end),
        (
            false,
            Some(ClockEnd::Met {
                at: berlin("2026-11-26T13:50")
            })
        )
    );
}

#[test]
fn an_answer_from_outside_that_came_late_disproves_nothing() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.until_deadline();
    team.until_deadline();
    team.now = berlin("2026-11-26T15:00");
    let events = outside(&mut team, berlin("2026-11-26T14:01"));
    assert!(kinds(&events).is_empty());
    assert!(clock(&team, ClockKind::FirstResponse).breached);
}

#[test]
fn what_a_machine_began_owes_nothing_until_somebody_writes() {
    for kind in [MessageKind::AutoReply, MessageKind::Bounce] {
        let mut team = with_resolution();
        for _ in 0..2 {
            let mut message = team.message("I am away until Monday.");
            message.kind = kind;
            team.receive(message, true);
            assert!(team.conversation().clocks.is_empty(), "{kind:?}");
        }
        team.act(ANNA, category(Category::NewLead));
        assert!(team.conversation().clocks.is_empty(), "{kind:?}");
        team.now = berlin("2026-11-26T11:00");
        team.carl("I am back: forty seats?");
        assert_eq!(
            all(&team),
            [
                "Owner until Thu 26 11:15",
                "FirstResponse until Thu 26 15:00",
                "Resolution until Fri 27 13:00"
            ]
        );
    }
}

#[test]
fn history_starts_nothing() {
    let mut team = Team::with_targets();
    let mut message = team.message("I wrote in spring.");
    message.at = berlin("2026-04-01T10:00");
    team.receive(message, false);
    assert!(team.conversation().clocks.is_empty());
}

#[test]
fn no_reply_needed_ends_the_clock_as_not_needed() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let sent = team.reply(ANNA, CHASE);
    team.delivered(sent);
    team.carl("Thanks!");
    team.act(ANNA, CommandBody::NoReplyNeeded);
    assert_eq!(clock(&team, ClockKind::NextResponse).end, Some(ClockEnd::NotNeeded));
}

#[test]
fn what_is_not_a_lead_owes_nothing() {
    let mut team = Team::with_targets();
    team.carl("Buy our toner");
    team.act(ANNA, CommandBody::NotALead);
    assert!(team.conversation().clocks.iter().all(|clock| !clock.is_open()));
    assert_eq!(next_deadline(team.conversation()), None);
}

#[test]
fn a_quote_request_is_due_sooner_counted_from_the_same_message() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.now = berlin("2026-11-26T10:10");
    team.act(ANNA, category(Category::QuoteRequest));
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!(
        (first.started, first.due),
        (berlin("2026-11-26T10:00"), berlin("2026-11-26T11:00"))
    );
    assert_eq!(first.rule, "Quotes and demos");
}

#[test]
fn resolution_stands_still_while_the_customer_is_to_move() {
    let mut team = Team::with_targets();
    for rule in &mut team.inbox.policy.sla.rules {
        rule.targets.resolution = Some(Target::business(10 * HOUR_MS));
    }
    team.carl("Hello");
    let due = clock(&team, ClockKind::Resolution).due;
    assert_eq!(local(due), "Fri 27 12:00");
    team.now = berlin("2026-11-26T11:00");
    let sent = team.reply(ANNA, CHASE);
    assert!(clock(&team, ClockKind::Resolution).stands_still());
    team.delivered(sent);
    team.now = berlin("2026-11-27T16:00");
    team.carl("One more thing");
    let resolution = clock(&team, ClockKind::Resolution);
    assert_eq!(
        (resolution.runs(), local(resolution.due).as_str()),
        (true, "Mon 30 17:00")
    );
    assert_eq!(
        local(resolution.warn_at),
        "Mon 30 15:00",
        "two of its ten hours before that"
    );
    let outcome = Outcome::Lost;
    team.act(
        ANNA,
        CommandBody::Close {
            outcome: Some(outcome),
            reason: None,
        },
    );
    assert_eq!(
        clock(&team, ClockKind::Resolution).end,
        Some(ClockEnd::Met {
            at: berlin("2026-11-27T16:00")
        })
    );
}

#[test]
fn a_lead_given_back_waits_for_an_owner_again() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    team.act(ANNA, CommandBody::Release);
    let owner = clock(&team, ClockKind::Owner);
    assert!(owner.is_open());
    assert_eq!(owner.due, berlin("2026-11-26T12:15"));
}

#[test]
fn the_first_cohort_that_holds_sets_the_targets() {
    let mut team = Team::with_targets();
    let rich = SlaRule {
        name: "Big".to_owned(),
        when: Cohort {
            priorities: vec![Priority::Urgent],
            ..Cohort::default()
        },
        targets: Targets {
            first_response: Some(Target::wall(30 * MINUTE_MS)),
            ..Targets::default()
        },
    };
    team.inbox.policy.sla.rules.insert(0, rich);
    team.now = berlin("2026-11-28T03:00");
    team.carl("Hello");
    let urgent = CommandBody::SetFields {
        category: None,
        priority: Some(Priority::Urgent),
        value: None,
        company: None,
        subject: None,
        details: Box::default(),
    };
    team.act(ANNA, urgent);
    assert_eq!(local(clock(&team, ClockKind::FirstResponse).due), "Sat 28 03:30");
    assert!(
        !team
            .conversation()
            .clocks
            .iter()
            .any(|clock| clock.kind == ClockKind::Owner),
        "that cohort has no target for an owner"
    );
}

#[test]
fn an_inbox_without_targets_has_no_clocks() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, CommandBody::Claim);
    assert!(team.conversation().clocks.is_empty());
}

#[test]
fn what_was_saved_before_there_were_clocks_is_read() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, CommandBody::Claim);
    let mut saved = serde_json::to_value(team.conversation()).unwrap();
    saved.as_object_mut().unwrap().remove("clocks");
    let read: Conversation = serde_json::from_value(saved).unwrap();
    assert_eq!(&read, team.conversation());
    let mut policy = serde_json::to_value(InboxPolicy::default()).unwrap();
    policy.as_object_mut().unwrap().remove("sla");
    let read: InboxPolicy = serde_json::from_value(policy).unwrap();
    assert_eq!(read.sla, SlaPolicy::default());
}

#[test]
fn a_reply_that_is_to_leave_later_answers_when_it_leaves() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    let later = berlin("2026-11-26T16:00");
    if let CommandBody::Reply { send_at, .. } = &mut body {
        *send_at = Some(later);
    }
    team.act(ANNA, body);
    assert!(clock(&team, ClockKind::FirstResponse).runs());
    team.now = later;
    let outbound = team.conversation().outbound.last().unwrap().id;
    team.delivered(outbound);
    assert_eq!(
        clock(&team, ClockKind::FirstResponse).end,
        Some(ClockEnd::Met { at: later })
    );
}

#[test]
fn a_lead_of_somebody_who_left_waits_for_an_owner_again() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    for member in [ANNA, BEN] {
        team.may_only_read(member);
    }
    team.documents_changed();
    assert_eq!(team.conversation().owner, None);
    assert_eq!(clock(&team, ClockKind::Owner).due, berlin("2026-11-26T12:15"));
}

#[test]
fn an_answer_after_the_deadline_does_not_hide_that_it_was_late_however_slow_the_timer_is() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    // Nobody looked at the deadlines since.
    team.now = berlin("2026-11-26T14:30");
    team.reply(ANNA, CHASE);
    assert_eq!(
        all(&team)[2..],
        [
            "FirstResponse warned Thu 26 13:12",
            "FirstResponse breached Thu 26 14:00"
        ]
    );
    let clock = clock(&team, ClockKind::FirstResponse);
    assert_eq!(
        (clock.breached, clock.end),
        (true, Some(ClockEnd::Met { at: team.now }))
    );
}

#[test]
fn an_answer_from_outside_in_time_that_is_seen_before_the_timer_leaves_no_breach() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T14:30");
    outside(&mut team, berlin("2026-11-26T13:50"));
    assert_eq!(all(&team)[2..], ["FirstResponse warned Thu 26 13:12"]);
    assert!(!clock(&team, ClockKind::FirstResponse).breached);
}

#[test]
fn an_answer_from_outside_in_time_counts_before_a_late_one_of_ours() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T14:10");
    let sent = team.reply(ANNA, CHASE);
    team.delivered(sent);
    assert!(clock(&team, ClockKind::FirstResponse).breached);
    team.now = berlin("2026-11-26T14:20");
    let at = berlin("2026-11-26T13:50");
    outside(&mut team, at);
    let clock = clock(&team, ClockKind::FirstResponse);
    assert_eq!((clock.breached, clock.end), (false, Some(ClockEnd::Met { at })));
}

#[test]
fn a_reply_that_failed_after_they_wrote_again_leaves_them_waiting_since_the_beginning() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let before = clock(&team, ClockKind::FirstResponse);
    let outbound = team.reply(ANNA, CHASE);
    team.now = berlin("2026-11-26T10:30");
    team.system(CommandBody::OutboundSending { outbound, attempt: 1 })
        .unwrap();
    team.now = berlin("2026-11-26T12:00");
    team.carl("Anybody?");
    assert_eq!(all(&team).last().unwrap(), "NextResponse until Thu 26 16:00");
    let reason = "mailbox full".to_owned();
    team.system(CommandBody::OutboundFailed { outbound, reason }).unwrap();
    assert_eq!(clock(&team, ClockKind::FirstResponse), before);
    assert_eq!(team.conversation().unanswered_since, Some(before.started));
    assert!(
        !team
            .conversation()
            .clocks
            .iter()
            .any(|clock| clock.kind == ClockKind::NextResponse)
    );
}

#[test]
fn what_is_reopened_goes_on_with_what_was_left() {
    let mut team = with_resolution();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T14:00");
    team.until_deadline();
    team.until_deadline();
    close(&mut team);
    let response = clock(&team, ClockKind::FirstResponse);
    assert_eq!(response.end, Some(ClockEnd::NotNeeded));
    team.now = berlin("2026-11-27T09:00");
    team.act(ANNA, CommandBody::Reopen);
    // Four of its ten hours had passed, and none while it was closed.
    let resolution = clock(&team, ClockKind::Resolution);
    assert!(resolution.runs());
    assert_eq!(local(resolution.due), "Fri 27 15:00");
}

#[test]
fn a_reply_that_closed_and_is_taken_back_leaves_every_clock_as_it_was() {
    let mut team = with_resolution();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    let (response, resolution) = (
        clock(&team, ClockKind::FirstResponse),
        clock(&team, ClockKind::Resolution),
    );
    team.act(ANNA, CommandBody::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    if let CommandBody::Reply { close, .. } = &mut body {
        *close = Some(Outcome::Lost);
    }
    team.act(ANNA, body);
    assert!(team.conversation().clocks.iter().all(|clock| !clock.is_open()));
    let outbound = team.conversation().outbound.last().unwrap().id;
    team.act(ANNA, CommandBody::CancelSend { outbound });
    assert_eq!(clock(&team, ClockKind::FirstResponse), response);
    let back = clock(&team, ClockKind::Resolution);
    assert_eq!((back.due, back.runs()), (resolution.due, true));
}

#[test]
fn a_cohort_with_another_target_keeps_what_passed_and_what_did_not() {
    let mut team = with_resolution();
    team.inbox.policy.sla.rules[0].targets.resolution = Some(Target::business(4 * HOUR_MS));
    team.carl("Hello");
    team.now = berlin("2026-11-26T11:00");
    let sent = team.reply(ANNA, CHASE);
    team.delivered(sent);
    team.now = berlin("2026-11-27T10:00");
    team.act(ANNA, category(Category::QuoteRequest));
    assert!(clock(&team, ClockKind::Resolution).stands_still(), "they are to move");
    team.carl("One more thing");
    // One hour had passed before the answer; three are left.
    assert_eq!(local(clock(&team, ClockKind::Resolution).due), "Fri 27 13:00");
}

#[test]
fn nothing_is_late_by_a_target_before_the_target_holds() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.now = berlin("2026-11-26T12:00");
    team.act(ANNA, category(Category::QuoteRequest));
    assert_eq!(clock(&team, ClockKind::FirstResponse).due, team.now);
    team.until_deadline();
    assert_eq!(all(&team).last().unwrap(), "FirstResponse breached Thu 26 12:00");
}

#[test]
fn what_has_another_purpose_for_a_while_owes_its_answer_again_from_then_on() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, CommandBody::Claim);
    team.act(ANNA, category(Category::Vendor));
    assert!(team.conversation().clocks.iter().all(|clock| !clock.is_open()));
    team.now = berlin("2026-11-26T11:00");
    team.act(ANNA, category(Category::NewLead));
    let first = clock(&team, ClockKind::FirstResponse);
    assert_eq!((first.is_open(), local(first.due).as_str()), (true, "Thu 26 14:00"));
}

#[test]
fn the_owner_is_warned_at_the_part_the_policy_says() {
    let mut team = Team::with_targets();
    team.inbox.policy.sla.warn_percent = 50;
    team.carl("Hello");
    assert_eq!(
        clock(&team, ClockKind::FirstResponse).warn_at,
        berlin("2026-11-26T12:00")
    );
}

#[test]
fn an_open_resolution_that_begins_with_our_message_stands_still_until_they_answer() {
    let mut team = with_resolution();
    team.carl("Hello");
    let sent = team.reply(ANNA, CHASE);
    team.delivered(sent);
    close(&mut team);
    let before = clock(&team, ClockKind::Resolution);
    assert!(!before.is_open());
    team.now = berlin("2026-11-27T10:00");
    let status = Status::Waiting;
    team.act(ANNA, CommandBody::SetStatus { status });
    let after = clock(&team, ClockKind::Resolution);
    assert!(after.is_open() && after.stands_still(), "{after:?}");
}
