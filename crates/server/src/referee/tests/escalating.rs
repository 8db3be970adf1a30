//! Escalation in the referee: the scheduler wakes for each step, and each is passed on once.

use baton_domain::{
    Cohort, CommandBody, CommandId, Deadline, DocumentBody, EscalationAsk, EscalationPath, EscalationStep, Event,
    HOUR_MS, LogBody, MINUTE_MS, SlaPolicy, SlaRule, Target, Targets, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::DueRow;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MONDAY, SALES, documents, letter, put};
use crate::referee::Input;

/// Two servers, an answer promised within an hour, and Ben to be asked for half an hour when it is late.
fn promising() -> Court {
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
            inbox.policy.escalation = EscalationPath {
                steps: vec![EscalationStep {
                    ask: EscalationAsk::Members { members: vec![BEN] },
                    within: Target::wall(30 * MINUTE_MS),
                }],
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
    court
}

fn passed_on(court: &Court) -> Vec<Timestamp> {
    let events = court.model.log().iter().filter_map(|sealed| match &sealed.entry.body {
        LogBody::Conversation {
            event: Event::EscalationPassedOn { at, .. },
            ..
        } => Some(*at),
        _ => None,
    });
    events.collect()
}

/// Whatever is due is told, again and by both servers, until nothing is.
fn settle(court: &mut Court) {
    loop {
        let due = court.model.due(10).rows;
        if due.is_empty() {
            break;
        }
        for server in [0, 1, 0] {
            court.tell(server, Input::Tick { due: due.clone() });
        }
    }
}

#[test]
fn a_breach_asks_in_its_own_commit_and_the_scheduler_wakes_when_nobody_answered() {
    let mut court = promising();
    let late = court.only().clocks[0].due;
    court.wait(late.since_ms(court.now));
    settle(&mut court);
    let escalation = court.only().escalation.expect("an escalation");
    assert!(escalation.asks(BEN));
    let at = escalation.until.expect("a time to answer");
    assert_eq!(at, court.now.plus_ms(30 * MINUTE_MS));
    assert_eq!(court.model.due(10).next, Some(at));
    court.wait(at.since_ms(court.now));
    let (conversation, what) = (court.only().id, Deadline::Escalation);
    assert_eq!(court.model.due(10).rows, [DueRow::Deadline { conversation, what, at }]);
    court.wait(HOUR_MS);
    settle(&mut court);
    assert_eq!(passed_on(&court), [at], "noticed an hour late, by two servers");
    assert_eq!(court.model.due(10).next, None);
}

#[test]
fn i_have_it_takes_the_deadline_away() {
    let mut court = promising();
    let late = court.only().clocks[0].due;
    court.wait(late.since_ms(court.now));
    settle(&mut court);
    let id = court.only().id;
    let not_asked = court.command(ANNA, id, CommandBody::AcknowledgeEscalation);
    assert!(matches!(court.ask(not_asked), Answer::Refused { .. }));
    let have_it = court.command(BEN, id, CommandBody::AcknowledgeEscalation);
    let answer = court.ask(have_it);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    assert_eq!(court.model.due(10).next, None);
    court.wait(HOUR_MS);
    settle(&mut court);
    assert_eq!(passed_on(&court), []);
}
