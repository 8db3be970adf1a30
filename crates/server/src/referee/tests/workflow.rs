//! A support inbox in the referee: what was handled closes seven days later, once, whoever runs then.

use baton_domain::{
    CommandBody, Deadline, DocumentBody, Event, Invalid, LogBody, NamedStatus, Outcome, RESOLVED_FOR_MS, Refusal,
    Status, StatusId, Timestamp, Workflow,
};
use baton_protocol::Answer;
use baton_store::port::DueRow;
use uuid::Uuid;

use super::court::{ANNA, Court, MIRA, MONDAY, SALES, answering, letter};
use crate::referee::{Input, Referee};

/// Changes what Sales calls things; as its leader asks.
fn change(court: &mut Court, workflow: Workflow) -> Answer {
    let sales = court.model.documents().find_map(|document| match &document.body {
        DocumentBody::Inbox(inbox) if inbox.id == SALES => Some(inbox.clone()),
        _ => None,
    });
    let mut sales = sales.unwrap();
    sales.policy.workflow = workflow;
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Inbox(sales)),
    };
    let command = court.command(MIRA, baton_domain::ConversationId(Uuid::nil()), body);
    court.ask(command)
}

/// Two servers, and a question that Anna has answered and called solved.
fn solved() -> Court {
    let mut court = Court::with_servers(2);
    court.wait(60_000);
    assert!(matches!(change(&mut court, Workflow::support()), Answer::Done { .. }));
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let id = court.only().id;
    for body in [
        CommandBody::Claim,
        CommandBody::Close {
            outcome: Some(Outcome::Solved),
            reason: None,
        },
    ] {
        let mut command = court.command(ANNA, id, body);
        command.last_seen = court.only().last_message.map(|last| last.id);
        let answer = court.ask(command);
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    }
    court
}

fn closed_for_good(court: &Court) -> Vec<Timestamp> {
    let events = court.model.log().iter().filter_map(|sealed| match &sealed.entry.body {
        LogBody::Conversation {
            event: Event::CameDue {
                what: Deadline::Resolved,
                at,
            },
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
fn what_was_handled_closes_seven_days_later_once_after_a_restart() {
    let mut court = solved();
    assert_eq!(court.only().status, Status::Resolved);
    let at = court.only().closing.unwrap().at.plus_ms(RESOLVED_FOR_MS);
    assert_eq!(court.model.due(10).next, Some(at));
    // Both servers are started anew: the deadline is the store's and the conversation's, nobody's timer.
    for referee in &mut court.referees {
        *referee = Referee::new(Box::new(|id, domain| format!("{}@{domain}", id.0.as_simple())));
    }
    court.wait(at.since_ms(court.now) - 1);
    settle(&mut court);
    assert_eq!(court.only().status, Status::Resolved);
    court.wait(1);
    let (conversation, what) = (court.only().id, Deadline::Resolved);
    assert_eq!(court.model.due(10).rows, [DueRow::Deadline { conversation, what, at }]);
    court.wait(3_600_000);
    settle(&mut court);
    assert_eq!(court.only().status, Status::Closed);
    assert_eq!(closed_for_good(&court), [at], "noticed an hour late, by two servers");
    assert_eq!(court.model.due(10).next, None);
    assert_eq!(court.only().closing.unwrap().outcome, Outcome::Solved);
}

#[test]
fn an_objection_takes_the_deadline_away() {
    let mut court = solved();
    court.wait(3_600_000);
    let again = letter(2, "carl@example.com", "Re: Chairs", court.now);
    court.receive(vec![answering(again, &["1@example.com"])], None);
    assert_eq!(court.only().status, Status::Assigned);
    assert_eq!(court.only().owner, Some(ANNA));
    assert_eq!(court.model.due(10).next, None);
    assert_eq!(closed_for_good(&court), []);
}

#[test]
fn what_can_not_be_worked_with_is_refused_and_changes_nothing() {
    let mut court = Court::with_servers(1);
    court.wait(60_000);
    let hidden = NamedStatus {
        id: StatusId("won".to_owned()),
        name: String::new(),
        sentence: String::new(),
        stands_for: Status::Won,
        hidden: true,
    };
    let workflow = Workflow {
        statuses: vec![hidden],
        ..Workflow::default()
    };
    let entries = court.model.log().len();
    let Answer::Refused { refusal } = change(&mut court, workflow) else {
        panic!("taken")
    };
    let expected = Refusal::Invalid {
        field: "statuses.1.hidden".to_owned(),
        why: Invalid::Needed,
    };
    assert_eq!(refusal, expected);
    assert_eq!(court.model.log().len(), entries);
}
