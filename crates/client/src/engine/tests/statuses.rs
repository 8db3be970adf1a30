//! What an inbox calls where a conversation stands, at the desks.

use baton_domain::{CommandBody, InboxPolicy, NamedStatus, Outcome, Status, StatusId, Workflow, WorkflowKind};
use baton_protocol::{Acted, Group};

use super::{ANNA, BEN, Office};
use crate::engine::Ask;

fn discovering() -> Office {
    Office::under(InboxPolicy {
        workflow: Workflow {
            kind: WorkflowKind::Sales,
            statuses: vec![NamedStatus {
                id: StatusId("in-discovery".to_owned()),
                name: "In discovery".to_owned(),
                sentence: "We learn what they need".to_owned(),
                stands_for: Status::Assigned,
                hidden: false,
            }],
        },
        ..InboxPolicy::default()
    })
}

fn say(id: &str) -> CommandBody {
    CommandBody::NameStatus {
        status: Some(StatusId(id.to_owned())),
    }
}

/// What a desk's list calls it.
fn called(office: &Office, desk: usize, id: baton_domain::ConversationId) -> Option<String> {
    let engine = &office.desks[desk].engine;
    engine.row(office.shown(desk, id), Group::Rest).shown.name
}

/// What a desk offers to say of it.
fn offered(office: &Office, desk: usize, id: baton_domain::ConversationId) -> Vec<String> {
    let opened = office.desks[desk].engine.opened(id, Vec::new()).unwrap();
    opened.statuses.into_iter().map(|status| status.id.0).collect()
}

#[test]
fn a_status_is_offered_where_it_is_possible_said_and_taken_back() {
    let mut office = discovering();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    assert_eq!(
        offered(&office, ANNA, enquiry),
        Vec::<String>::new(),
        "nobody works on it yet"
    );
    office.act(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(offered(&office, ANNA, enquiry), ["assigned", "in-discovery"]);
    assert_eq!(offered(&office, BEN, enquiry), Vec::<String>::new(), "it is Anna's");
    assert_eq!(called(&office, BEN, enquiry), None);
    office.act(ANNA, enquiry, say("in-discovery"));
    assert_eq!(called(&office, ANNA, enquiry).as_deref(), Some("In discovery"));
    assert_eq!(called(&office, BEN, enquiry).as_deref(), Some("In discovery"));
    office.all_agree();
    let undone = office.ask(ANNA, Ask::Undo);
    office.settle();
    assert!(matches!(office.acted(ANNA, undone), Acted::Done { .. }));
    assert_eq!(called(&office, BEN, enquiry), None);
    office.all_agree();
}

#[test]
fn said_without_a_network_it_shows_at_once_and_arrives_later() {
    let mut office = discovering();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.cut(ANNA);
    office.act(ANNA, enquiry, say("in-discovery"));
    assert_eq!(called(&office, ANNA, enquiry).as_deref(), Some("In discovery"));
    assert_eq!(called(&office, BEN, enquiry), None);
    office.connect(ANNA);
    office.settle();
    assert_eq!(called(&office, BEN, enquiry).as_deref(), Some("In discovery"));
    office.all_agree();
}

#[test]
fn a_support_inbox_closes_for_good_by_hand_and_takes_that_back() {
    let mut office = Office::under(InboxPolicy {
        workflow: Workflow::support(),
        ..InboxPolicy::default()
    });
    let enquiry = office.carl_writes(None, "It does not light.");
    office.act(ANNA, enquiry, CommandBody::Claim);
    let (outcome, reason) = (Some(Outcome::Solved), None);
    office.act(ANNA, enquiry, CommandBody::Close { outcome, reason });
    assert_eq!(office.shown(BEN, enquiry).status, Status::Resolved);
    let status = Status::Closed;
    office.act(ANNA, enquiry, CommandBody::SetStatus { status });
    assert_eq!(office.shown(BEN, enquiry).status, Status::Closed);
    let undone = office.ask(ANNA, Ask::Undo);
    office.settle();
    assert!(matches!(office.acted(ANNA, undone), Acted::Done { .. }));
    assert_eq!(office.shown(BEN, enquiry).status, Status::Resolved);
    office.all_agree();
}
