//! SLA clocks in the referee: the scheduler wakes for them, and each warning and breach comes once.

use baton_domain::{
    ClockKind, Cohort, CommandBody, CommandId, ConversationId, Deadline, DocumentBody, Event, HOUR_MS, LogBody,
    SlaPolicy, SlaRule, Target, Targets, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::DueRow;
use uuid::Uuid;

use super::court::{ANNA, Court, MONDAY, SALES, documents, letter, put};
use crate::referee::Input;

/// Two servers, and an inbox that answers within an hour on the wall.
fn promising() -> (Court, ConversationId) {
    let mut court = Court::with_servers(2);
    for document in documents() {
        if let DocumentBody::Inbox(mut inbox) = document
            && inbox.id == SALES
        {
            inbox.policy.sla = SlaPolicy {
                rules: vec![SlaRule {
                    name: "All".to_owned(),
                    when: Cohort::default(),
                    targets: Targets {
                        first_response: Some(Target::wall(HOUR_MS)),
                        ..Targets::default()
                    },
                }],
                ..SlaPolicy::default()
            };
            let mut change = put(DocumentBody::Inbox(inbox));
            change.id = CommandId(Uuid::from_u128(0x51a));
            let answer = court.ask(change);
            assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
        }
    }
    court.wait(60_000);
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let id = court.only().id;
    let claim = court.command(ANNA, id, CommandBody::Claim);
    court.ask(claim);
    (court, id)
}

fn came(court: &Court) -> Vec<(Timestamp, bool)> {
    let events = court.model.log().iter().filter_map(|sealed| match &sealed.entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        _ => None,
    });
    events
        .filter_map(|event| match event {
            Event::ClockWarned { at, .. } => Some((*at, false)),
            Event::ClockBreached { at, .. } => Some((*at, true)),
            _ => None,
        })
        .collect()
}

#[test]
fn the_scheduler_wakes_at_the_warning_and_then_at_the_deadline() {
    let (mut court, conversation) = promising();
    let clock = court.only().clocks[0].clone();
    assert_eq!((clock.kind, clock.policy), (ClockKind::FirstResponse, 1));
    assert_eq!(court.model.due(10).next, Some(clock.warn_at));
    court.wait(clock.warn_at.since_ms(court.now));
    court.tick();
    let (what, at) = (Deadline::ClockBreach, clock.due);
    assert_eq!(court.model.due(10).next, Some(at));
    court.wait(clock.due.since_ms(court.now));
    let rows = court.model.due(10).rows;
    assert_eq!(rows, [DueRow::Deadline { conversation, what, at }]);
}

#[test]
fn a_breach_noticed_late_and_by_two_servers_comes_once_and_is_stamped_with_its_deadline() {
    let (mut court, _) = promising();
    let clock = court.only().clocks[0].clone();
    court.wait(10 * HOUR_MS);
    loop {
        let due = court.model.due(10).rows;
        if due.is_empty() {
            break;
        }
        for server in [0, 1, 0] {
            court.tell(server, Input::Tick { due: due.clone() });
        }
    }
    assert_eq!(came(&court), [(clock.warn_at, false), (clock.due, true)]);
}

#[test]
fn after_a_change_of_the_targets_every_open_conversation_is_computed_anew_once() {
    let (mut court, id) = promising();
    let before = court.only().clocks[0].clone();
    let mut inbox = sales(&court);
    inbox.policy.sla.rules[0].targets.first_response = Some(Target::wall(2 * HOUR_MS));
    let mut change = put(DocumentBody::Inbox(inbox));
    change.id = CommandId(Uuid::from_u128(0x51b));
    court.ask(change);
    assert_eq!(court.only().clocks[0], before, "until the scheduler comes by");
    let due = court.model.due(10).rows;
    let (what, at) = (Deadline::Targets, court.now);
    let conversation = id;
    assert_eq!(due, [DueRow::Deadline { conversation, what, at }]);
    for server in [0, 1, 0] {
        court.tell(server, Input::Tick { due: due.clone() });
    }
    let after = court.only().clocks[0].clone();
    assert_eq!((after.due, after.policy), (before.due.plus_ms(HOUR_MS), 2));
    assert_eq!(court.model.due(10).next, Some(after.warn_at));
    let log = court.model.log().iter();
    let anew = log.filter(|sealed| {
        matches!(
            sealed.entry.body,
            LogBody::Conversation {
                event: Event::ClockRetargeted { .. },
                ..
            }
        )
    });
    assert_eq!(anew.count(), 1);
}

fn sales(court: &Court) -> baton_domain::Inbox {
    let inboxes = court.model.documents().filter_map(|document| match &document.body {
        DocumentBody::Inbox(inbox) if inbox.id == SALES => Some(inbox.clone()),
        _ => None,
    });
    inboxes.last().unwrap()
}

#[test]
fn nothing_wakes_for_an_answer_that_was_given() {
    let (mut court, id) = promising();
    let close = court.command(
        ANNA,
        id,
        CommandBody::Close {
            outcome: Some(baton_domain::Outcome::Lost),
            reason: None,
        },
    );
    let answer = court.ask(close);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    assert_eq!(court.model.due(10).next, None);
    court.wait(10 * HOUR_MS);
    court.tick();
    assert_eq!(came(&court), []);
}
