//! Inboxes with workflows of their own: support, renamed, hidden and added statuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use CommandBody as Do;
use baton_domain::*;
use support::{ANNA, BEN, CHASE, LEAD, MIRA, SALES, SUPPORT, Team};

const SECOND: ConversationId = ConversationId(uuid::Uuid::from_u128(0x1043));

fn named(id: &str, stands_for: Status, name: &str) -> NamedStatus {
    NamedStatus {
        id: StatusId(id.to_owned()),
        name: name.to_owned(),
        sentence: if name.is_empty() {
            String::new()
        } else {
            format!("It is in {name}")
        },
        stands_for,
        hidden: false,
    }
}

fn own(status: Status, name: &str) -> NamedStatus {
    named(status.word(), status, name)
}

fn hidden(status: Status) -> NamedStatus {
    NamedStatus {
        hidden: true,
        ..own(status, "")
    }
}

fn sales(statuses: Vec<NamedStatus>) -> Workflow {
    Workflow {
        kind: WorkflowKind::Sales,
        statuses,
    }
}

fn close(outcome: Option<Outcome>) -> Do {
    Do::Close { outcome, reason: None }
}

fn say(id: &str) -> Do {
    Do::NameStatus {
        status: Some(StatusId(id.to_owned())),
    }
}

fn refused(field: &str, why: Invalid) -> Refusal {
    Refusal::Invalid {
        field: field.to_owned(),
        why,
    }
}

fn said(team: &Team) -> Option<&str> {
    team.conversation().named_status.as_ref().map(|id| id.0.as_str())
}

fn shown(team: &Team) -> ShownStatus {
    let state = team.conversation();
    let inbox = if state.inbox == SUPPORT {
        &team.support
    } else {
        &team.inbox
    };
    inbox.policy.workflow.shown(state.status, state.named_status.as_ref())
}

/// Carl's question in an inbox that supports.
fn supporting() -> Team {
    let mut team = Team::new();
    team.inbox.policy.workflow = Workflow::support();
    team.carl("It does not start.");
    team
}

/// Carl's enquiry, Anna's, in an inbox that knows two ways of working on one.
fn discovering() -> Team {
    let mut team = Team::with_enquiry();
    team.inbox.policy.workflow = sales(vec![
        named("in-discovery", Status::Assigned, "In discovery"),
        named("legal", Status::Waiting, "With their legal"),
    ]);
    team.act(ANNA, Do::Claim);
    team
}

#[test]
fn what_was_handled_is_closed_seven_days_later_once() {
    let mut team = supporting();
    team.act(ANNA, Do::Claim);
    team.act(ANNA, close(Some(Outcome::Solved)));
    let closed = team.now;
    assert_eq!(team.conversation().status, Status::Resolved);
    assert_eq!(team.conversation().phase(), Phase::Resolved);
    let (at, what) = next_deadline(team.conversation()).unwrap();
    assert_eq!((at, what), (closed.plus_ms(7 * DAY_MS), Deadline::Resolved));
    team.now = at.plus_ms(-1);
    assert_eq!(team.system(Do::Due { what, at }).unwrap(), [], "too early");
    assert_eq!(team.until_deadline(), (at, what));
    let lead = team.conversation();
    assert_eq!((lead.status, next_deadline(lead)), (Status::Closed, None));
    let closing = lead.closing.clone().unwrap();
    assert_eq!((closing.outcome, closing.at), (Outcome::Solved, closed));
    assert_eq!(team.system(Do::Due { what, at }).unwrap(), [], "a second time");
}

#[test]
fn an_objection_opens_it_and_needing_no_answer_puts_it_back() {
    let mut team = supporting();
    team.act(ANNA, Do::Claim);
    team.act(ANNA, close(Some(Outcome::NotSolved)));
    let at = team.conversation().closes_at().unwrap();
    team.now = team.now.plus_ms(2 * DAY_MS);
    team.carl("Not quite.");
    let lead = team.conversation();
    assert_eq!((lead.status, lead.owner), (Status::Assigned, Some(ANNA)));
    assert_eq!(next_deadline(lead), None);
    team.act(ANNA, Do::NoReplyNeeded);
    let lead = team.conversation();
    assert_eq!(lead.status, Status::Resolved);
    assert_eq!(next_deadline(lead), Some((at, Deadline::Resolved)));
}

#[test]
fn it_is_closed_by_hand_and_put_back_while_they_may_object() {
    let mut team = supporting();
    team.act(ANNA, Do::Claim);
    let status = Status::Closed;
    assert_eq!(team.refused(ANNA, Do::SetStatus { status }), Refusal::NeedsOutcome);
    team.act(
        ANNA,
        Do::SetStatus {
            status: Status::Resolved,
        },
    );
    assert_eq!(team.conversation().closing.as_ref().unwrap().outcome, Outcome::Solved);
    team.act(ANNA, Do::SetStatus { status });
    assert_eq!(team.conversation().status, Status::Closed);
    assert_eq!(next_deadline(team.conversation()), None);
    team.act(
        ANNA,
        Do::SetStatus {
            status: Status::Resolved,
        },
    );
    assert_eq!(team.conversation().status, Status::Resolved);
    team.act(ANNA, Do::SetStatus { status });
    team.now = team.now.plus_ms(RESOLVED_FOR_MS);
    let late = team.refused(
        ANNA,
        Do::SetStatus {
            status: Status::Resolved,
        },
    );
    assert_eq!(late, refused("status", Invalid::NotNow));
}

#[test]
fn each_kind_takes_its_own_outcomes() {
    use Outcome::*;
    let all = [
        Won,
        Lost,
        Solved,
        NotSolved,
        Unqualified,
        Duplicate,
        Spam,
        HandedOver,
        NoResponse,
        Imported,
    ];
    let taken = |workflow: Workflow| {
        let mut taken = Vec::new();
        for outcome in all {
            let mut team = Team::new();
            team.inbox.policy.workflow = workflow.clone();
            team.carl("Hello");
            match team.try_as(ANNA, close(Some(outcome))) {
                Ok(_) => taken.push(outcome),
                Err(refusal) => {
                    let why = if outcome == Imported {
                        Invalid::NotForPeople
                    } else {
                        Invalid::NotHere
                    };
                    assert_eq!(refusal, refused("outcome", why));
                    assert_eq!(team.conversation().closing, None);
                }
            }
        }
        taken
    };
    assert_eq!(
        taken(Workflow::default()),
        [Won, Lost, Unqualified, Duplicate, Spam, HandedOver, NoResponse]
    );
    assert_eq!(
        taken(Workflow::support()),
        [Solved, NotSolved, Duplicate, Spam, HandedOver]
    );
}

#[test]
fn a_reply_closes_with_an_outcome_of_the_inbox_and_offers_nothing_in_support() {
    let mut team = supporting();
    team.act(ANNA, Do::TakeLock { cover: false });
    let mut reply = |with: Option<Outcome>, amount: Option<Money>| {
        let mut body = team.reply_body(ANNA, AfterReply::NothingMore);
        if let Do::Reply { close, quote, .. } = &mut body {
            *close = with;
            *quote = amount;
        }
        team.try_as(ANNA, body)
    };
    let euros = Money {
        cents: 100,
        currency: "EUR".to_owned(),
    };
    assert_eq!(
        reply(Some(Outcome::Won), None).unwrap_err(),
        refused("outcome", Invalid::NotHere)
    );
    assert_eq!(
        reply(None, Some(euros)).unwrap_err(),
        refused("quote", Invalid::NotHere)
    );
    assert!(reply(Some(Outcome::Solved), None).is_ok());
    assert_eq!(team.conversation().status, Status::Resolved);
    let outbound = team.conversation().outbound[0].id;
    team.act(ANNA, Do::CancelSend { outbound });
    assert_eq!(
        team.conversation().status,
        Status::Assigned,
        "taken back, it is open again"
    );
    assert_eq!(next_deadline(team.conversation()), None);
}

#[test]
fn what_asks_for_no_outcome_ends_as_the_kind_has_it() {
    let ends = |workflow: Workflow, category| {
        let mut team = Team::new();
        team.inbox.policy.workflow = workflow;
        team.carl("Hello");
        team.act(
            ANNA,
            Do::SetFields {
                category: Some(category),
                priority: None,
                value: None,
                company: None,
                subject: None,
                details: Box::default(),
            },
        );
        team.act(ANNA, close(None));
        team.conversation().closing.clone().unwrap().outcome
    };
    assert_eq!(ends(Workflow::default(), Category::Support), Outcome::Unqualified);
    assert_eq!(ends(Workflow::support(), Category::Support), Outcome::Solved);
    assert_eq!(ends(Workflow::support(), Category::Vendor), Outcome::Spam);
    let mut team = supporting();
    assert_eq!(team.refused(ANNA, close(None)), Refusal::NeedsOutcome);
    team.act(ANNA, Do::NotALead);
    let lead = team.conversation();
    assert_eq!(
        (lead.status, lead.closing.clone().unwrap().outcome),
        (Status::Closed, Outcome::Spam)
    );
}

#[test]
fn an_answer_from_outside_starts_no_cadence_in_support() {
    let outside = |mut team: Team| {
        team.act(ANNA, Do::Claim);
        let mut message = team.message("From Outlook");
        message.direction = Direction::Outside;
        let seen = Do::ExternalReply {
            message: Box::new(message),
            live: true,
            inbox: SALES,
        };
        team.system(seen).unwrap();
        let lead = team.conversation();
        (lead.status, lead.follow_up.is_some())
    };
    assert_eq!(outside(Team::with_enquiry()), (Status::Waiting, true));
    assert_eq!(outside(supporting()), (Status::Waiting, false));
    let mut asked = supporting();
    asked.reply(ANNA, CHASE);
    assert!(asked.conversation().follow_up.is_some(), "a person may ask for one");
}

#[test]
fn a_status_of_the_inbox_is_said_by_hand_and_goes_with_its_standing() {
    let mut team = discovering();
    assert_eq!(shown(&team).id, StatusId::from(Status::Assigned));
    let events = team.act(ANNA, say("in-discovery"));
    let [Event::StatusNamed { shown: Some(told), .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        told.name.as_deref(),
        Some("In discovery"),
        "the log says how it was called"
    );
    assert_eq!(shown(&team).name.as_deref(), Some("In discovery"));
    assert_eq!(shown(&team).sentence.as_deref(), Some("It is in In discovery"));
    assert_eq!(team.act(ANNA, say("in-discovery")), []);
    team.carl("One more thing.");
    assert_eq!(said(&team), Some("in-discovery"), "the same standing");
    let outbound = team.reply(ANNA, CHASE);
    team.delivered(outbound);
    assert_eq!((team.conversation().status, said(&team)), (Status::Waiting, None));
    team.act(ANNA, say("legal"));
    team.carl("Our legal asks.");
    assert_eq!((team.conversation().status, said(&team)), (Status::Assigned, None));
    team.act(ANNA, say("in-discovery"));
    team.act(ANNA, say("assigned"));
    assert_eq!(said(&team), None, "the first is what it is without a word");
    team.act(ANNA, say("in-discovery"));
    team.act(ANNA, Do::NameStatus { status: None });
    assert_eq!(said(&team), None);
}

#[test]
fn only_what_stands_for_where_it_is_can_be_said_by_who_works_on_it() {
    let mut team = discovering();
    assert_eq!(team.refused(ANNA, say("legal")), refused("status", Invalid::NotNow));
    assert_eq!(team.refused(ANNA, say("nothing")), refused("status", Invalid::Unknown));
    assert!(matches!(
        team.refused(BEN, say("in-discovery")),
        Refusal::NotOwner { .. }
    ));
    team.may_only_read(ANNA);
    assert!(matches!(
        team.refused(ANNA, say("in-discovery")),
        Refusal::NotPermitted { .. }
    ));
    team.inbox.policy.workflow.statuses[0].hidden = true;
    assert_eq!(
        team.refused(MIRA, say("in-discovery")),
        refused("status", Invalid::NotNow)
    );
}

#[test]
fn taking_back_a_reply_and_needing_none_put_the_name_back() {
    let mut team = discovering();
    team.act(ANNA, say("in-discovery"));
    let outbound = team.reply(ANNA, CHASE);
    assert_eq!(said(&team), None);
    team.act(ANNA, Do::CancelSend { outbound });
    assert_eq!(
        (team.conversation().status, said(&team)),
        (Status::Assigned, Some("in-discovery"))
    );
    let outbound = team.reply(ANNA, CHASE);
    team.delivered(outbound);
    team.act(ANNA, say("legal"));
    team.carl("Thanks!");
    assert_eq!(said(&team), None);
    team.act(ANNA, Do::NoReplyNeeded);
    assert_eq!(
        (team.conversation().status, said(&team)),
        (Status::Waiting, Some("legal"))
    );
    let (_, what) = team.until_deadline();
    assert_eq!((what, said(&team)), (Deadline::FollowUp, None));
}

#[test]
fn a_status_that_was_removed_or_hidden_falls_back() {
    let mut team = discovering();
    team.act(ANNA, say("in-discovery"));
    team.inbox.policy.workflow.statuses[0].hidden = true;
    assert_eq!(shown(&team).id, StatusId::from(Status::Assigned));
    team.inbox.policy.workflow = Workflow::default();
    assert_eq!(shown(&team).id, StatusId::from(Status::Assigned));
    assert_eq!(shown(&team).name, None);
}

#[test]
fn hidden_statuses_show_as_another_of_their_phase_and_ends_keep_their_name() {
    let support = Workflow::support();
    let id = |workflow: &Workflow, status| workflow.shown(status, None).id.0;
    assert_eq!(id(&support, Status::FollowUpDue), "assigned", "open");
    assert_eq!(id(&support, Status::NeedsInput), "waiting", "pending");
    assert_eq!(id(&support, Status::QuoteSent), "waiting", "unknown there");
    assert_eq!(id(&support, Status::Won), "won");
    assert_eq!(id(&Workflow::default(), Status::Resolved), "resolved");
    let first = sales(vec![
        named("in-discovery", Status::Assigned, "In discovery"),
        own(Status::Assigned, "Working"),
        hidden(Status::QuoteSent),
    ]);
    assert_eq!(first.check(), Ok(()));
    assert_eq!(id(&first, Status::Assigned), "in-discovery", "the inbox's order");
    assert_eq!(id(&first, Status::QuoteSent), "waiting");
    let names: Vec<_> = first
        .choices(Status::Assigned)
        .into_iter()
        .map(|one| one.id.0)
        .collect();
    assert_eq!(names, ["in-discovery", "assigned"]);
}

#[test]
fn moving_to_an_inbox_of_another_kind_falls_back_to_the_standing() {
    let mut team = Team::with_enquiry();
    team.inbox.policy.workflow = sales(vec![named("in-discovery", Status::Assigned, "In discovery")]);
    team.support.policy.workflow = Workflow::support();
    team.act(BEN, Do::Claim);
    team.act(BEN, say("in-discovery"));
    let to = |inbox| Do::MoveToInbox { inbox, owner: None };
    team.act(BEN, to(SUPPORT));
    assert_eq!((team.conversation().status, said(&team)), (Status::Assigned, None));
    assert_eq!((shown(&team).kind, shown(&team).name), (WorkflowKind::Support, None));
    team.act(BEN, to(SALES));
    team.act(BEN, Do::TakeLock { cover: false });
    let mut body = team.reply_body(BEN, AfterReply::NothingMore);
    if let Do::Reply { quote, .. } = &mut body {
        *quote = Some(Money {
            cents: 100,
            currency: "EUR".to_owned(),
        });
    }
    team.act(BEN, body);
    let outbound = team.conversation().outbound[0].id;
    team.delivered(outbound);
    assert_eq!(team.conversation().status, Status::QuoteSent);
    team.act(BEN, to(SUPPORT));
    let lead = team.conversation();
    assert_eq!(
        (lead.status, lead.quotes.len()),
        (Status::Waiting, 1),
        "the offer itself stays"
    );
    assert_eq!(
        team.refused(BEN, close(Some(Outcome::Won))),
        refused("outcome", Invalid::NotHere)
    );
    team.act(BEN, close(Some(Outcome::Solved)));
    team.act(BEN, to(SALES));
    assert_eq!(shown(&team).id, StatusId::from(Status::Resolved), "how it ended stays");
    assert!(matches!(
        next_deadline(team.conversation()),
        Some((_, Deadline::Resolved))
    ));
}

#[test]
fn what_was_for_support_owes_an_answer_once_it_is_there() {
    let category = Some(Category::Support);
    let moved = |workflow: Workflow| {
        let mut team = Team::with_enquiry();
        team.support.policy.workflow = workflow;
        team.support.policy.sla = SlaPolicy::usual();
        team.act(BEN, Do::Claim);
        team.act(
            BEN,
            Do::SetFields {
                category,
                priority: None,
                value: None,
                company: None,
                subject: None,
                details: Box::default(),
            },
        );
        team.act(
            BEN,
            Do::MoveToInbox {
                inbox: SUPPORT,
                owner: None,
            },
        );
        let lead = team.conversation();
        (lead.category, lead.clocks.iter().any(|clock| clock.end.is_none()))
    };
    assert_eq!(moved(Workflow::default()), (Category::Support, false));
    assert_eq!(moved(Workflow::support()), (Category::Unsorted, true));
}

#[test]
fn merging_taking_apart_and_splitting_leave_the_standing() {
    let mut team = discovering();
    team.act(ANNA, say("in-discovery"));
    team.turn_to(SECOND);
    team.carl("And twelve more?");
    team.act(ANNA, Do::Claim);
    team.act(ANNA, say("in-discovery"));
    team.act(ANNA, Do::Merge { into: LEAD });
    assert_eq!((team.conversation().status, said(&team)), (Status::Closed, None));
    let name = |one: &Conversation| one.named_status.clone().map(|id| id.0);
    assert_eq!(
        name(team.other(LEAD)).as_deref(),
        Some("in-discovery"),
        "it goes on as it was"
    );
    team.act(ANNA, Do::Unmerge { from: None });
    assert_eq!((team.conversation().status, said(&team)), (Status::Assigned, None));
    team.turn_to(LEAD);
    let other = team.carl("Another matter.");
    team.act(ANNA, Do::Split { messages: vec![other] });
    assert_eq!(said(&team), Some("in-discovery"));
    let parts: Vec<_> = team.others.iter().filter(|one| one.split.is_some()).collect();
    assert_eq!(parts.len(), 1);
    assert_eq!(name(parts[0]), None, "what was split off begins as new");
}

#[test]
fn what_is_wrong_with_a_workflow_is_said_where_it_is() {
    use Status::*;
    let fault = |statuses: Vec<NamedStatus>| {
        let fault = sales(statuses).check().unwrap_err();
        (fault.field, fault.why)
    };
    let at = |field: &str, why| (field.to_owned(), why);
    let many = (0..21)
        .map(|n| named(&format!("s{n}"), Waiting, &format!("S{n}")))
        .collect();
    assert_eq!(fault(many), at("statuses", Invalid::TooMany));
    assert_eq!(
        fault(vec![named("a", Waiting, "")]),
        at("statuses.1.name", Invalid::Empty)
    );
    let mut silent = named("a", Waiting, "A");
    silent.sentence = " ".to_owned();
    assert_eq!(fault(vec![silent]), at("statuses.1.sentence", Invalid::Empty));
    let twice = vec![named("a", Waiting, "Legal"), named("b", Assigned, " legal ")];
    assert_eq!(fault(twice), at("statuses.2.name", Invalid::Taken));
    let twice = vec![named("a", Waiting, "A"), named("a", Assigned, "B")];
    assert_eq!(fault(twice), at("statuses.2.id", Invalid::Taken));
    assert_eq!(
        fault(vec![named("won", Lost, "A")]),
        at("statuses.1.id", Invalid::Unknown)
    );
    assert_eq!(
        fault(vec![named("Not a slug", Lost, "A")]),
        at("statuses.1.id", Invalid::Unknown)
    );
    assert_eq!(
        fault(vec![named("a", Resolved, "A")]),
        at("statuses.1.standsFor", Invalid::Unknown)
    );
    let long = "x".repeat(41);
    assert_eq!(
        fault(vec![named("a", Waiting, &long)]),
        at("statuses.1.name", Invalid::TooLong)
    );
    assert_eq!(fault(vec![hidden(Won)]), at("statuses.1.hidden", Invalid::Needed));
    let none_open = vec![hidden(FollowUpDue), hidden(Assigned)];
    assert_eq!(fault(none_open), at("statuses.2.hidden", Invalid::Needed));
    let instead = vec![hidden(Won), named("customer", Won, "A customer")];
    assert_eq!(sales(instead).check(), Ok(()));
    assert_eq!(sales(vec![own(Won, "Signed"), hidden(FollowUpDue)]).check(), Ok(()));
    assert_eq!(Workflow::support().check(), Ok(()));
}

#[test]
fn whoever_leads_changes_it_and_what_is_wrong_is_refused() {
    let team = Team::new();
    let document = Document {
        id: DocumentId(SALES.0),
        version: 3,
        body: DocumentBody::Inbox(team.inbox.clone()),
    };
    let documents: BTreeMap<_, _> = [(document.id, document)].into();
    let put = |by: MemberId, statuses: Vec<NamedStatus>| {
        let mut inbox = team.inbox.clone();
        inbox.policy.workflow = sales(statuses);
        let command = Command {
            id: CommandId(uuid::Uuid::from_u128(1)),
            actor: Actor::Member { id: by },
            device: DeviceId(uuid::Uuid::nil()),
            conversation: ConversationId(uuid::Uuid::nil()),
            issued_at: team.now,
            last_seen: None,
            based_on: Some(3),
            body: Do::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox)),
            },
        };
        let context = DocumentContext {
            documents: &documents,
            members: &team.members,
            conversations: 0,
        };
        decide_document(&command, context)
    };
    let added = || vec![named("legal", Status::Waiting, " With their legal ")];
    let Ok(Some(LogBody::DocumentPut { document })) = put(MIRA, added()) else {
        panic!("not put")
    };
    let DocumentBody::Inbox(inbox) = document.body else {
        panic!("no inbox")
    };
    assert_eq!(inbox.policy.workflow.statuses[0].name, "With their legal", "tidied");
    assert!(matches!(put(ANNA, added()), Err(Refusal::NotPermitted { .. })));
    let wrong = put(MIRA, vec![named("legal", Status::Waiting, "")]).unwrap_err();
    assert_eq!(wrong, refused("statuses.1.name", Invalid::Empty));
}

#[test]
fn what_was_stored_before_there_were_workflows_loads() {
    let policy = serde_json::to_value(InboxPolicy::default()).unwrap();
    assert_eq!(policy.get("workflow"), None, "the usual is not written");
    let policy: InboxPolicy = serde_json::from_value(policy).unwrap();
    assert_eq!(policy.workflow, Workflow::default());
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.reply(ANNA, CHASE);
    let state = serde_json::to_string(team.conversation()).unwrap();
    assert!(!state.contains("namedStatus"), "{state}");
    let state: Conversation = serde_json::from_str(&state).unwrap();
    assert_eq!(&state, team.conversation());
    let workflow = sales(vec![
        hidden(Status::QuoteSent),
        named("legal", Status::Waiting, "Legal"),
    ]);
    let other = InboxPolicy {
        workflow,
        ..InboxPolicy::default()
    };
    let written = serde_json::to_string(&other).unwrap();
    assert_eq!(serde_json::from_str::<InboxPolicy>(&written).unwrap(), other);
}
