use baton_domain::{
    Actor, Cohort, CommandBody, ConversationId, DAY_MS, Deadline, EscalationAsk, EscalationPath, EscalationStep,
    HOUR_MS, HandoffContext, InboxPolicy, MINUTE_MS, SlaPolicy, SlaRule, Target, Targets, next_deadline,
};

use super::office::member;
use super::{ANNA, BEN, Office};
use crate::engine::Input;

/// An enquiry that is Anna's, with a follow-up two hours from now.
fn due_in_two_hours(office: &mut Office) -> ConversationId {
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    let due = office.now.plus_ms(2 * HOUR_MS);
    let text = Some("Quote for 40 seats".to_owned());
    office.act(ANNA, enquiry, CommandBody::ScheduleFollowUp { due, zone: None, text });
    office.advance(10_000);
    for desk in [ANNA, BEN] {
        office.desks[desk].notifications.clear();
    }
    enquiry
}

#[test]
fn a_follow_up_is_shown_once_across_restarts() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    office.advance(2 * HOUR_MS - 20_000);
    assert!(office.desks[ANNA].notifications.is_empty());
    office.advance(30_000);
    let shown = office.desks[ANNA].notifications.clone();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].title, "Follow-up due: Carl");
    assert_eq!(shown[0].body, "40 lamps\nQuote for 40 seats");
    assert_eq!(shown[0].conversation, Some(enquiry));
    let actions: Vec<_> = shown[0].actions.iter().map(|action| action.id.as_str()).collect();
    assert_eq!(actions, ["open", "in1h", "done"]);
    assert!(office.desks[BEN].notifications.is_empty(), "it is not his");

    for _ in 0..2 {
        office.crash(ANNA);
        office.connect(ANNA);
        office.advance(MINUTE_MS);
    }
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
}

#[test]
fn in_an_hour_moves_it_and_it_comes_again_then() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    office.jump(2 * HOUR_MS);
    let key = office.desks[ANNA].notifications[0].key.clone();
    office.input(
        ANNA,
        Input::Pressed {
            key: key.clone(),
            action: "in1h".to_owned(),
        },
    );
    office.settle();
    let due = office.real(enquiry).follow_up.as_ref().unwrap().due;
    assert_eq!(due, office.now.plus_ms(HOUR_MS));
    assert_eq!(office.desks[ANNA].withdrawn, vec![key]);
    office.advance(30 * MINUTE_MS);
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
    office.jump(31 * MINUTE_MS);
    assert_eq!(office.desks[ANNA].notifications.len(), 2);
}

#[test]
fn a_button_works_after_a_restart_too() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    office.jump(2 * HOUR_MS);
    let key = office.desks[ANNA].notifications[0].key.clone();
    office.crash(ANNA);
    office.connect(ANNA);
    office.input(
        ANNA,
        Input::Pressed {
            key,
            action: "done".to_owned(),
        },
    );
    office.settle();
    assert_eq!(office.real(enquiry).follow_up, None);
}

#[test]
fn it_comes_without_a_network() {
    let mut office = Office::open();
    due_in_two_hours(&mut office);
    office.cut(ANNA);
    office.advance(2 * HOUR_MS + 1_000);
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
}

#[test]
fn what_is_on_screen_and_what_i_did_myself_reminds_me_of_nothing() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    office.looks(ANNA, Some(enquiry));
    office.carl_writes(Some(enquiry), "Still there?");
    office.advance(5_000);
    assert!(office.desks[ANNA].notifications.is_empty());
    office.looks(ANNA, None);
    office.carl_writes(Some(enquiry), "Hello?");
    office.advance(5_000);
    let shown = &office.desks[ANNA].notifications;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].title, "Carl answered");
    // Looking at it takes it away.
    let key = shown[0].key.clone();
    office.looks(ANNA, Some(enquiry));
    assert_eq!(office.desks[ANNA].withdrawn, vec![key]);
}

#[test]
fn within_ten_minutes_it_is_updated_in_place() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    for text in ["One", "Two", "Three"] {
        office.carl_writes(Some(enquiry), text);
        office.advance(MINUTE_MS);
    }
    let keys: Vec<_> = office.desks[ANNA].notifications.iter().map(|n| n.key.clone()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
    office.advance(10 * MINUTE_MS);
    office.carl_writes(Some(enquiry), "Four");
    office.advance(MINUTE_MS);
    assert_ne!(office.desks[ANNA].notifications[3].key, keys[0]);
}

#[test]
fn after_a_sleep_many_come_as_one() {
    let mut office = Office::open();
    for _ in 0..5 {
        due_in_two_hours(&mut office);
    }
    office.jump(DAY_MS);
    let shown = &office.desks[ANNA].notifications;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].title, "5 conversations need you");
    office.crash(ANNA);
    office.connect(ANNA);
    office.advance(MINUTE_MS);
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
}

#[test]
fn at_a_start_two_are_told_as_one_and_at_work_two_are_two() {
    let mut office = Office::open();
    for _ in 0..2 {
        due_in_two_hours(&mut office);
    }
    office.cut(ANNA);
    office.now = office.now.plus_ms(DAY_MS);
    office.crash(ANNA);
    office.connect(ANNA);
    office.advance(MINUTE_MS);
    let shown = &office.desks[ANNA].notifications;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].title, "2 conversations need you");
    assert_eq!(shown[0].body, "Carl: follow-up due\nCarl: follow-up due");

    let mut office = Office::open();
    for _ in 0..2 {
        due_in_two_hours(&mut office);
    }
    office.advance(2 * HOUR_MS);
    let titles: Vec<_> = office.desks[ANNA]
        .notifications
        .iter()
        .map(|n| n.title.clone())
        .collect();
    assert_eq!(titles, ["Follow-up due: Carl", "Follow-up due: Carl"]);
}

#[test]
fn it_speaks_the_language_the_person_chose() {
    let mut office = Office::open();
    due_in_two_hours(&mut office);
    let mut settings = office.desks[ANNA].engine.settings().clone();
    settings.language = Some("de".to_owned());
    office.ask(ANNA, crate::engine::Ask::SaveSettings(settings));
    office.advance(2 * HOUR_MS);
    let shown = &office.desks[ANNA].notifications[0];
    assert_eq!(shown.title, "Wiedervorlage fällig: Carl");
    let labels: Vec<_> = shown.actions.iter().map(|action| action.label.as_str()).collect();
    assert_eq!(labels, ["Öffnen", "In 1 Stunde", "Erledigt"]);
}

#[test]
fn a_new_lead_is_told_to_those_at_work_and_withdrawn_once_taken() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.advance(5_000);
    let shown = &office.desks[BEN].notifications;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].title, "New lead: Carl");
    let key = shown[0].key.clone();
    office.act(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(office.desks[BEN].withdrawn, vec![key]);
    // At night nobody is on duty.
    office.jump(12 * HOUR_MS);
    let before = office.desks[BEN].notifications.len();
    office.carl_writes(None, "And 3 more?");
    let taken = office.carl_writes(None, "And 4 chairs?");
    office.advance(MINUTE_MS);
    assert_eq!(office.desks[BEN].notifications.len(), before);
    // In the morning they are told of what nobody has taken by then.
    office.act(ANNA, taken, CommandBody::Claim);
    office.jump(12 * HOUR_MS);
    office.advance(2 * MINUTE_MS);
    let shown = office.desks[BEN].notifications[before..].iter();
    let titles: Vec<&str> = shown.map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["New lead: Carl"], "one, not both");
}

#[test]
fn what_is_offered_can_be_taken_from_the_notification() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    let context = HandoffContext {
        happened: "Talked to Carl".to_owned(),
        promised: None,
        next_step: "Send the quote".to_owned(),
    };
    let (to, context) = (member(BEN), Some(context));
    office.act(ANNA, enquiry, CommandBody::HandOff { to, context });
    office.advance(5_000);
    let shown = office.desks[BEN].notifications.last().unwrap().clone();
    assert_eq!(shown.title, "Anna hands you Carl");
    assert_eq!(shown.body, "40 lamps\nNext: Send the quote");
    office.input(
        BEN,
        Input::Pressed {
            key: shown.key,
            action: "accept".to_owned(),
        },
    );
    office.settle();
    assert_eq!(office.real(enquiry).owner, Some(member(BEN)));
}

#[test]
fn quiet_hours_hold_it_back_until_they_end() {
    let mut office = Office::open();
    due_in_two_hours(&mut office);
    let mut settings = office.desks[ANNA].engine.settings().clone();
    // From 11:00 to 13:00; it is due at 12:00.
    settings.quiet_from_minute = Some(11 * 60);
    settings.quiet_to_minute = Some(13 * 60);
    office.ask(ANNA, crate::engine::Ask::SaveSettings(settings));
    office.advance(2 * HOUR_MS + 30 * MINUTE_MS);
    assert!(office.desks[ANNA].notifications.is_empty());
    office.advance(35 * MINUTE_MS);
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
}

#[test]
fn what_another_device_of_mine_handled_is_withdrawn_here() {
    let mut office = Office::open();
    let enquiry = due_in_two_hours(&mut office);
    office.carl_writes(Some(enquiry), "Still there?");
    office.advance(5_000);
    let key = office.desks[ANNA].notifications[0].key.clone();
    let handled = baton_protocol::ServerMessage::Notified {
        key: key.clone(),
        handled: true,
    };
    office.input(ANNA, Input::Server(Box::new(handled.into())));
    assert_eq!(office.desks[ANNA].withdrawn, vec![key]);
}

/// An office that answers within two hours on the wall, and takes what comes within one.
fn within_two_hours() -> InboxPolicy {
    let rule = SlaRule {
        name: "All".to_owned(),
        when: Cohort::default(),
        targets: Targets {
            owner: Some(Target::wall(HOUR_MS)),
            first_response: Some(Target::wall(2 * HOUR_MS)),
            ..Targets::default()
        },
    };
    InboxPolicy {
        sla: SlaPolicy {
            version: 1,
            rules: vec![rule],
            ..SlaPolicy::default()
        },
        ..InboxPolicy::default()
    }
}

#[test]
fn the_owner_is_warned_and_told_of_the_breach_once_offline_too() {
    let mut office = Office::under(within_two_hours());
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.advance(10_000);
    for desk in [ANNA, BEN] {
        office.desks[desk].notifications.clear();
    }
    office.cut(ANNA);
    office.advance(HOUR_MS + 40 * MINUTE_MS);
    let shown = office.desks[ANNA].notifications.clone();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].title, "Answer Carl soon");
    assert!(shown[0].body.contains("minutes left"), "{}", shown[0].body);
    office.advance(30 * MINUTE_MS);
    office.connect(ANNA);
    office.crash(ANNA);
    office.connect(ANNA);
    office.advance(MINUTE_MS);
    let titles: Vec<_> = office.desks[ANNA]
        .notifications
        .iter()
        .map(|one| one.title.as_str())
        .collect();
    assert_eq!(titles, ["Answer Carl soon", "Carl waits longer than promised"]);
    assert!(office.desks[BEN].notifications.is_empty(), "it is not his");
}

#[test]
fn a_lead_nobody_took_in_time_is_an_exception_until_somebody_does() {
    let mut office = Office::under(within_two_hours());
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.advance(HOUR_MS - MINUTE_MS);
    assert_eq!(office.desks[BEN].engine.exceptions(), []);
    office.advance(2 * MINUTE_MS);
    let found = office.desks[BEN].engine.exceptions();
    assert!(
        matches!(
            found[..],
            [baton_protocol::Exception {
                what: baton_protocol::ExceptionKind::Unassigned { .. },
                ..
            }]
        ),
        "{found:?}"
    );
    office.act(BEN, enquiry, CommandBody::Claim);
    assert_eq!(office.desks[BEN].engine.exceptions(), []);
}

/// The same, and what is late is asked of Ben for half an hour.
pub(super) fn then_ben() -> InboxPolicy {
    let ask = EscalationAsk::Members {
        members: vec![member(BEN)],
    };
    let within = Target::wall(30 * MINUTE_MS);
    InboxPolicy {
        escalation: EscalationPath {
            steps: vec![EscalationStep { ask, within }],
        },
        ..within_two_hours()
    }
}

/// Time passes to that deadline, and the referee notices it and all before it.
fn until(office: &mut Office, enquiry: ConversationId, what: Deadline) {
    loop {
        let (at, next) = next_deadline(office.real(enquiry)).unwrap();
        office.advance(at.since_ms(office.now).max(0));
        office.outside(enquiry, Actor::Timer, CommandBody::Due { what: next, at });
        if next == what {
            return;
        }
    }
}

#[test]
fn whoever_is_asked_is_told_once_and_says_that_they_have_it_from_there() {
    let mut office = Office::under(then_ben());
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.advance(10_000);
    office.desks[BEN].notifications.clear();
    until(&mut office, enquiry, Deadline::ClockBreach);
    office.advance(10_000);
    let shown = office.desks[BEN].notifications.clone();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].title, "Escalated to you: Carl");
    assert_eq!(shown[0].body, "40 lamps\nSomebody has to see to it: it is late.");
    let actions: Vec<_> = shown[0].actions.iter().map(|action| action.id.as_str()).collect();
    assert_eq!(actions, ["open", "have"]);
    office.crash(BEN);
    office.connect(BEN);
    office.advance(MINUTE_MS);
    assert_eq!(office.desks[BEN].notifications.len(), 1);
    let key = shown[0].key.clone();
    let action = "have".to_owned();
    office.input(BEN, Input::Pressed { key, action });
    office.settle();
    let running = office.real(enquiry).escalation.clone().unwrap();
    assert_eq!(running.acknowledged.map(|one| one.by), Some(member(BEN)));
    assert_eq!(office.real(enquiry).owner, Some(member(ANNA)));
}

#[test]
fn what_nobody_has_at_the_end_of_the_path_is_an_exception_until_somebody_has_it() {
    let mut office = Office::under(then_ben());
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    until(&mut office, enquiry, Deadline::ClockBreach);
    let kinds = |office: &Office| {
        let found = office.desks[ANNA].engine.exceptions();
        let asked = found.into_iter().map(|one| match one.what {
            baton_protocol::ExceptionKind::Escalated { asked } => asked,
            other => panic!("{other:?}"),
        });
        asked.collect::<Vec<_>>()
    };
    assert!(kinds(&office).is_empty(), "Ben still may answer");
    until(&mut office, enquiry, Deadline::Escalation);
    assert_eq!(kinds(&office), [Vec::new()], "nobody leads here");
    office.act(BEN, enquiry, CommandBody::AcknowledgeEscalation);
    assert!(kinds(&office).is_empty());
}
