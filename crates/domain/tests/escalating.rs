//! Escalation: who is asked, who is next, and what ends the asking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use CommandBody as Do;
use baton_domain::*;
use support::sla::{category, close, local, outside};
use support::{ANNA, BEN, CHASE, MIRA, SALES, SUPPORT, Team, berlin};

fn asks(members: &[MemberId], minutes: i64) -> EscalationStep {
    EscalationStep {
        ask: EscalationAsk::Members {
            members: members.to_vec(),
        },
        within: Target::business(minutes * MINUTE_MS),
    }
}

fn managers(minutes: i64) -> EscalationStep {
    EscalationStep {
        ask: EscalationAsk::Managers,
        within: Target::business(minutes * MINUTE_MS),
    }
}

/// Ben for half an hour, then whoever leads for an hour.
fn team() -> Team {
    let mut team = Team::with_targets();
    team.inbox.policy.escalation.steps = vec![asks(&[BEN], 30), managers(60)];
    team
}

/// Carl waits, and Anna who owns it is late: it is 14:00.
fn late() -> Team {
    let mut team = team();
    team.carl("Could you quote forty seats?");
    team.act(ANNA, Do::Claim);
    until(&mut team, Deadline::ClockBreach);
    team
}

fn until(team: &mut Team, what: Deadline) {
    while team.until_deadline().1 != what {}
}

fn escalation(team: &Team) -> &Escalation {
    team.conversation().escalation.as_ref().expect("an escalation")
}

fn asked(team: &Team) -> Vec<MemberId> {
    escalation(team).asked.iter().copied().collect()
}

fn escalate(words: &str) -> Do {
    Do::Escalate {
        reason: words.to_owned(),
    }
}

fn ends(events: &[Event]) -> Vec<EscalationEnd> {
    let ends = events.iter().filter_map(|event| match event {
        Event::EscalationEnded { how, .. } => Some(*how),
        _ => None,
    });
    ends.collect()
}

#[test]
fn a_breach_asks_the_first_of_the_path_in_the_same_decision() {
    let team = late();
    let running = escalation(&team);
    let clock = ClockKind::FirstResponse;
    assert_eq!(running.reason, EscalationReason::Late { clock });
    assert_eq!((asked(&team), running.step), (vec![BEN], 0));
    assert_eq!(running.until, Some(berlin("2026-11-26T14:30")));
    let newest: Vec<_> = team
        .log
        .iter()
        .rev()
        .take(2)
        .map(|(stamp, event)| (stamp.at, event))
        .collect();
    assert!(matches!(newest[0], (_, Event::Escalated { .. })));
    assert!(matches!(newest[1], (_, Event::ClockBreached { .. })));
    assert_eq!(newest[0].0, newest[1].0);
}

#[test]
fn nobody_answers_and_it_goes_along_the_path_to_its_end() {
    let mut team = late();
    let mut way = Vec::new();
    while next_deadline(team.conversation()).is_some_and(|(_, what)| what == Deadline::Escalation) {
        let (at, _) = team.until_deadline();
        let running = escalation(&team);
        way.push((local(at), asked(&team), running.step, running.until.map(local)));
    }
    assert_eq!(
        way,
        [
            (
                "Thu 26 14:30".to_owned(),
                vec![MIRA],
                1,
                Some("Thu 26 15:30".to_owned())
            ),
            ("Thu 26 15:30".to_owned(), vec![MIRA], 2, None),
        ]
    );
    assert!(escalation(&team).has_asked(BEN) && !escalation(&team).asks(BEN));
}

#[test]
fn a_step_noticed_late_is_stamped_with_its_deadline_and_the_next_have_all_their_time() {
    let mut team = late();
    team.now = berlin("2026-11-26T16:00");
    let at = berlin("2026-11-26T14:30");
    let due = Do::Due {
        what: Deadline::Escalation,
        at,
    };
    let events = team.system(due.clone()).unwrap();
    let said = Event::EscalationPassedOn {
        at,
        step: 1,
        asked: [MIRA].into(),
        until: Some(berlin("2026-11-26T17:00")),
    };
    assert_eq!(events, [said]);
    assert_eq!(team.system(due).unwrap(), []);
}

#[test]
fn i_have_it_stops_the_asking_and_changes_no_owner() {
    let mut team = late();
    let events = team.act(BEN, Do::AcknowledgeEscalation);
    assert_eq!(
        events,
        [
            Event::EscalationAcknowledged { by: BEN },
            Event::Followed { member: BEN }
        ]
    );
    assert_eq!(team.conversation().owner, Some(ANNA));
    assert_eq!(next_deadline(team.conversation()), None);
    assert_eq!(team.act(BEN, Do::AcknowledgeEscalation), []);
    let at = team.now;
    assert_eq!(
        team.refused(MIRA, Do::AcknowledgeEscalation),
        Refusal::AlreadyAcknowledged { by: BEN, at }
    );
}

#[test]
fn whoever_was_passed_over_and_a_manager_may_say_it_and_nobody_else() {
    let mut team = late();
    assert_eq!(
        team.refused(ANNA, Do::AcknowledgeEscalation),
        Refusal::NotPermitted {
            needs: Capability::Manage,
            inbox: Some(SALES)
        }
    );
    until(&mut team, Deadline::Escalation);
    team.act(BEN, Do::AcknowledgeEscalation);
    assert!(!escalation(&team).waits());
    let mut team = late();
    team.act(MIRA, Do::AcknowledgeEscalation);
    assert!(!escalation(&team).waits());
}

#[test]
fn whoever_has_it_and_went_away_holds_nobody_back() {
    let mut team = late();
    team.act(BEN, Do::AcknowledgeEscalation);
    team.members.get_mut(&BEN).unwrap().absent_until = Some(berlin("2026-12-01T09:00"));
    team.act(MIRA, Do::AcknowledgeEscalation);
    assert_eq!(escalation(&team).acknowledged.unwrap().by, MIRA);
}

#[test]
fn who_is_away_or_may_not_read_it_is_skipped() {
    let away = |team: &mut Team| team.members.get_mut(&BEN).unwrap().absent_until = Some(berlin("2026-12-01T09:00"));
    let blind = |team: &mut Team| team.inbox.access.retain(|access| access.member != BEN);
    for skip in [away as fn(&mut Team), blind] {
        let mut team = team();
        skip(&mut team);
        team.carl("Hello");
        team.act(ANNA, Do::Claim);
        until(&mut team, Deadline::ClockBreach);
        assert_eq!((asked(&team), escalation(&team).step), (vec![MIRA], 1));
    }
}

#[test]
fn without_a_path_it_is_asked_of_whoever_leads_and_stays_with_them() {
    let mut team = Team::with_targets();
    team.members.get_mut(&ANNA).unwrap().role = Role::Admin;
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    let running = escalation(&team);
    assert_eq!((asked(&team), running.step, running.until), (vec![MIRA], 0, None));
    team.members.get_mut(&MIRA).unwrap().active = false;
    team.act(BEN, Do::Claim);
    until(&mut team, Deadline::ClockBreach);
    assert_eq!(asked(&team), [ANNA], "an admin, where nobody else leads");
}

#[test]
fn where_nobody_can_be_asked_it_stands_all_the_same() {
    let mut team = Team::with_targets();
    team.members.get_mut(&MIRA).unwrap().absent_until = Some(berlin("2026-12-01T09:00"));
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    assert_eq!((asked(&team), escalation(&team).until), (vec![], None));
    team.members.get_mut(&MIRA).unwrap().absent_until = None;
    team.act(MIRA, Do::AcknowledgeEscalation);
    assert!(!escalation(&team).waits());
}

#[test]
fn what_it_was_about_ends_it() {
    let answer = |team: &mut Team| {
        team.reply(ANNA, CHASE);
    };
    let elsewhere = |team: &mut Team| {
        team.now = team.now.plus_ms(MINUTE_MS);
        let now = team.now;
        outside(team, now);
    };
    let disproved = |team: &mut Team| {
        outside(team, berlin("2026-11-26T13:00"));
    };
    let thanks = |team: &mut Team| {
        team.act(ANNA, Do::NoReplyNeeded);
    };
    let no_lead = |team: &mut Team| {
        team.act(ANNA, category(Category::Support));
    };
    for (act, how) in [
        (answer as fn(&mut Team), EscalationEnd::Answered),
        (elsewhere, EscalationEnd::Answered),
        (disproved, EscalationEnd::NotNeeded),
        (thanks, EscalationEnd::NotNeeded),
        (no_lead, EscalationEnd::NotNeeded),
        (close, EscalationEnd::Closed),
    ] {
        let mut team = late();
        let before = team.log.len();
        act(&mut team);
        let events: Vec<Event> = team.log[before..].iter().map(|(_, event)| event.clone()).collect();
        assert_eq!(ends(&events), [how]);
        assert_eq!(team.conversation().escalation, None);
    }
}

#[test]
fn an_owner_ends_what_waited_for_one() {
    let mut team = team();
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    assert_eq!(
        escalation(&team).reason,
        EscalationReason::Late {
            clock: ClockKind::Owner
        }
    );
    assert_eq!(ends(&team.act(ANNA, Do::Claim)), [EscalationEnd::Taken]);
}

#[test]
fn a_reply_that_is_taken_back_leaves_it_as_it_was() {
    let mut team = late();
    team.act(BEN, Do::AcknowledgeEscalation);
    let before = escalation(&team).clone();
    let outbound = team.reply(ANNA, CHASE);
    assert_eq!(team.conversation().escalation, None);
    let events = team.act(ANNA, Do::CancelSend { outbound });
    assert_eq!(ends(&events), []);
    assert_eq!(*escalation(&team), before);
    let outbound = team.reply(ANNA, CHASE);
    team.delivered(outbound);
    assert_eq!(team.conversation().escalation, None);
}

#[test]
fn who_is_asked_and_gives_it_to_somebody_has_it() {
    let mut team = late();
    until(&mut team, Deadline::Escalation);
    let to = BEN;
    let events = team.act(MIRA, Do::Assign { to, context: None });
    assert!(events.contains(&Event::EscalationAcknowledged { by: MIRA }));
    assert!(events.contains(&Event::Followed { member: MIRA }));
    assert_eq!(team.conversation().owner, Some(BEN));
}

#[test]
fn what_is_late_after_somebody_had_it_asks_anew() {
    let mut team = team();
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    team.act(BEN, Do::AcknowledgeEscalation);
    until(&mut team, Deadline::ClockBreach);
    let clock = ClockKind::FirstResponse;
    assert_eq!(escalation(&team).reason, EscalationReason::Late { clock });
    assert!(escalation(&team).asks(BEN));
}

#[test]
fn what_is_late_while_people_are_asked_asks_nobody_twice() {
    let mut team = team();
    team.inbox.policy.escalation.steps = vec![managers(600)];
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    let before = escalation(&team).clone();
    until(&mut team, Deadline::ClockBreach);
    assert_eq!(*escalation(&team), before);
}

#[test]
fn what_was_late_beside_something_that_is_over_is_asked_about_then() {
    let mut team = team();
    team.inbox.policy.escalation.steps = vec![managers(600)];
    team.carl("Hello");
    until(&mut team, Deadline::ClockBreach);
    until(&mut team, Deadline::ClockBreach);
    let events = team.act(ANNA, Do::Claim);
    assert_eq!(ends(&events), [EscalationEnd::Taken]);
    let clock = ClockKind::FirstResponse;
    assert_eq!(escalation(&team).reason, EscalationReason::Late { clock });
}

#[test]
fn what_is_a_lead_after_all_is_late_as_it_was() {
    let mut team = late();
    team.act(ANNA, category(Category::Support));
    assert_eq!(team.conversation().escalation, None);
    team.act(ANNA, category(Category::NewLead));
    assert!(escalation(&team).asks(BEN));
    close(&mut team);
    team.act(ANNA, Do::Reopen);
    assert!(escalation(&team).asks(BEN));
}

#[test]
fn by_hand_it_needs_words_and_asks_anybody_but_whoever_asks() {
    let mut team = team();
    team.inbox.policy.escalation.steps = vec![asks(&[ANNA], 30), managers(60)];
    team.carl("I'll go elsewhere.");
    team.act(ANNA, Do::Claim);
    let empty = Refusal::Invalid {
        field: "reason".to_owned(),
        why: Invalid::Empty,
    };
    assert_eq!(team.refused(ANNA, escalate("  ")), empty);
    team.act(ANNA, escalate(" They want to leave us "));
    let reason = EscalationReason::ByHand {
        by: ANNA,
        words: "They want to leave us".to_owned(),
    };
    assert_eq!((&escalation(&team).reason, asked(&team)), (&reason, vec![MIRA]));
    assert_eq!(team.act(ANNA, escalate("They want to leave us")), []);
}

#[test]
fn more_words_while_people_are_asked_reach_them_as_a_note() {
    let mut team = late();
    let events = team.act(ANNA, escalate("They called as well"));
    assert!(
        matches!(&events[..], [Event::NoteAdded { text, mentions, .. }] if text == "They called as well" && mentions == &[BEN])
    );
    assert!(escalation(&team).asks(BEN));
}

#[test]
fn by_hand_it_ends_with_a_new_owner_or_the_first_answer_of_whoever_knows_that_somebody_has_it() {
    let asked_by_hand = || {
        let mut team = team();
        team.carl("Hello");
        team.act(ANNA, Do::Claim);
        team.act(ANNA, escalate("I don't know what to offer"));
        team
    };
    let mut team = asked_by_hand();
    let events = team.act(
        BEN,
        Do::AddNote {
            text: "Offer ten".to_owned(),
            mentions: Vec::new(),
        },
    );
    assert_eq!(ends(&events), []);
    team.reply(ANNA, CHASE);
    assert!(escalation(&team).waits(), "nobody has it yet");
    let mut team = asked_by_hand();
    team.act(BEN, Do::AcknowledgeEscalation);
    team.reply(ANNA, CHASE);
    assert_eq!(team.conversation().escalation, None);
    let mut team = asked_by_hand();
    let to = BEN;
    assert_eq!(
        ends(&team.act(MIRA, Do::Assign { to, context: None })),
        [EscalationEnd::Taken]
    );
}

#[test]
fn what_is_over_is_not_escalated() {
    let mut team = team();
    team.carl("Hello");
    team.act(ANNA, Do::Claim);
    close(&mut team);
    let not_now = Refusal::Invalid {
        field: "body".to_owned(),
        why: Invalid::NotNow,
    };
    assert_eq!(team.refused(ANNA, escalate("Look")), not_now);
    assert_eq!(team.act(ANNA, Do::AcknowledgeEscalation), []);
}

/// Our last message of a cadence has stood unanswered until closing would be proposed.
fn cadence_over(priority: Priority, raised_late: bool) -> Team {
    let mut team = team();
    let raise = Do::SetFields {
        category: None,
        priority: Some(priority),
        value: None,
        company: None,
        subject: None,
        details: Box::default(),
    };
    team.inbox.policy.cadence_days = vec![1, 1];
    team.carl("Hello");
    team.act(ANNA, Do::Claim);
    if !raised_late {
        team.act(ANNA, raise.clone());
    }
    for _ in 0..2 {
        let outbound = team.reply(ANNA, CHASE);
        team.delivered(outbound);
        until(&mut team, Deadline::FollowUp);
    }
    if raised_late {
        team.act(ANNA, raise);
        until(&mut team, Deadline::Closing);
    }
    team
}

#[test]
fn high_and_urgent_leads_are_asked_about_before_they_close() {
    for (priority, late) in [
        (Priority::High, false),
        (Priority::Urgent, false),
        (Priority::High, true),
    ] {
        let mut team = cadence_over(priority, late);
        assert_eq!(escalation(&team).reason, EscalationReason::BeforeClosing);
        assert!(!team.conversation().status.is_over());
        let due = team.now.plus_ms(7 * DAY_MS);
        let later = Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        };
        assert_eq!(ends(&team.act(ANNA, later)), [EscalationEnd::Decided]);
    }
    let mut team = cadence_over(Priority::Normal, false);
    assert_eq!(team.conversation().escalation, None);
    until(&mut team, Deadline::Closing);
    assert!(team.conversation().status.is_over());
}

#[test]
fn in_another_inbox_its_people_are_asked() {
    let mut team = late();
    team.support.policy.sla = SlaPolicy::usual();
    let inbox = SUPPORT;
    team.act(MIRA, Do::MoveToInbox { inbox, owner: None });
    assert_eq!(asked(&team), [MIRA]);
    let mut team = late();
    team.support.policy.sla = SlaPolicy::usual();
    team.act(BEN, Do::AcknowledgeEscalation);
    team.act(MIRA, Do::MoveToInbox { inbox, owner: None });
    assert_eq!(escalation(&team).acknowledged.unwrap().by, BEN, "Ben reads there too");
}

#[test]
fn a_path_asks_somebody_within_a_time_or_is_none() {
    let sound = |steps: Vec<EscalationStep>| EscalationPath { steps }.is_sound();
    assert!(sound(vec![]));
    assert!(sound(vec![asks(&[BEN], 1), managers(60)]));
    assert!(!sound(vec![asks(&[], 30)]));
    assert!(!sound(vec![managers(0)]));
    assert!(!sound(vec![managers(60 * 24 * 32)]));
    assert!(!sound(vec![managers(60); 11]));
}
