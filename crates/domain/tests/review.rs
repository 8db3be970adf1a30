//! The daily review: who is in it and why, what a reviewer may do, and what brings a lead back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeMap;

use CommandBody as Do;
use baton_domain::*;
use support::{ANNA, BEN, CHASE, MIRA, SALES, SUPPORT, Team, berlin};
use uuid::Uuid;

const FOLLOW_UP: ReviewDate = ReviewDate::FollowUp;

const fn clock(kind: ClockKind) -> ReviewDate {
    ReviewDate::Clock { kind }
}

/// A team that calls 10,000 EUR much, with Carl's enquiry in New, on Thursday 26 November 2026, 15:20 in Berlin.
fn team() -> Team {
    let mut team = Team::new();
    team.inbox.policy.high_value = Some(euros(10_000));
    team.carl("Could you quote forty seats?");
    team
}

fn euros(euros: i64) -> Money {
    Money {
        cents: euros * 100,
        currency: "EUR".to_owned(),
    }
}

fn reasons(team: &Team) -> Vec<ReviewReason> {
    ReviewDay::new(&team.inbox.policy, team.now).reasons(team.conversation())
}

fn open(team: &Team) -> Vec<ReviewReason> {
    ReviewDay::new(&team.inbox.policy, team.now).open(team.conversation())
}

fn worth(team: &mut Team, value: Money) {
    team.act(
        MIRA,
        Do::SetFields {
            category: None,
            priority: None,
            value: Some(value),
            company: None,
            subject: None,
            details: Box::default(),
        },
    );
}

fn follow_up(team: &mut Team, due: Timestamp) {
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
}

/// Anna has it, answered it, and nothing is waited for but the customer's word in two business days.
fn answered(team: &mut Team) {
    team.act(ANNA, Do::Claim);
    let outbound = team.reply(ANNA, CHASE);
    team.delivered(outbound);
}

#[test]
fn the_reasons_follow_from_the_state_and_the_time() {
    type Given = fn(&mut Team);
    let written = berlin("2026-11-26T15:20");
    let next_day = berlin("2026-11-27T09:00");
    let table: Vec<(&str, Given, Timestamp, Vec<ReviewReason>)> = vec![
        (
            "nobody took it",
            |_| {},
            written,
            vec![ReviewReason::Unassigned { since: written }],
        ),
        (
            "it has an owner and no answer yet",
            |team| drop(team.act(ANNA, Do::Claim)),
            written,
            vec![ReviewReason::FirstResponse { since: written }],
        ),
        (
            "it was answered, and the customer is to write",
            answered,
            next_day,
            vec![],
        ),
        (
            "the day of the chase has come",
            answered,
            berlin("2026-11-30T09:00"),
            vec![ReviewReason::DueToday {
                what: FOLLOW_UP,
                due: berlin("2026-11-30T15:20"),
            }],
        ),
        (
            "the minute of the chase has come",
            answered,
            berlin("2026-11-30T15:20"),
            vec![ReviewReason::Overdue {
                what: FOLLOW_UP,
                due: berlin("2026-11-30T15:20"),
            }],
        ),
        (
            "a date of the next day is not of today",
            |team| {
                answered(team);
                follow_up(team, berlin("2026-11-27T00:00"));
            },
            berlin("2026-11-26T23:59"),
            vec![],
        ),
        (
            "a colleague's input is awaited",
            |team| {
                answered(team);
                team.act(
                    ANNA,
                    Do::Block {
                        on: Some(BEN),
                        address: None,
                        text: "The price list".to_owned(),
                    },
                );
            },
            next_day,
            vec![ReviewReason::Blocked {
                on: Some(BEN),
                address: None,
                since: written.plus_ms(10 * SECOND_MS),
            }],
        ),
        (
            "it is out of sight",
            |team| {
                answered(team);
                let until = Some(berlin("2026-12-10T09:00"));
                team.act(
                    ANNA,
                    Do::Snooze {
                        until,
                        zone: None,
                        reason: None,
                    },
                );
            },
            berlin("2026-12-01T09:00"),
            vec![],
        ),
        (
            "it is over",
            |team| {
                team.act(ANNA, Do::Claim);
                team.act(
                    ANNA,
                    Do::Close {
                        outcome: Some(Outcome::Lost),
                        reason: None,
                    },
                );
            },
            next_day,
            vec![],
        ),
        (
            "it owes nothing",
            |team| {
                team.act(
                    ANNA,
                    Do::SetFields {
                        category: Some(Category::Vendor),
                        priority: None,
                        value: None,
                        company: None,
                        subject: None,
                        details: Box::default(),
                    },
                );
            },
            next_day,
            vec![],
        ),
    ];
    for (name, given, at, wanted) in table {
        let mut team = team();
        given(&mut team);
        team.now = at;
        assert_eq!(reasons(&team), wanted, "{name}");
    }
}

#[test]
fn a_valuable_lead_is_in_it_when_nothing_happened_for_two_business_days() {
    let table = [
        ("before the weekend is over", "2026-11-30T15:19", 10_000, false),
        ("two business days later", "2026-11-30T15:21", 10_000, true),
        ("worth less than much", "2026-11-30T15:21", 9_999, false),
    ];
    for (name, at, value, quiet) in table {
        let mut team = team();
        answered(&mut team);
        worth(&mut team, euros(value));
        let last = team.conversation().last_activity();
        team.now = berlin(at);
        let found = reasons(&team).contains(&ReviewReason::Quiet { since: last });
        assert_eq!(found, quiet, "{name}");
    }
}

#[test]
fn a_note_is_something_that_happens_and_so_is_a_date_a_person_chose() {
    let mut team = team();
    answered(&mut team);
    worth(&mut team, euros(20_000));
    let quiet = |team: &Team| {
        let all = reasons(team);
        all.iter().any(|reason| matches!(reason, ReviewReason::Quiet { .. }))
    };
    team.now = berlin("2026-12-01T09:00");
    assert!(quiet(&team));
    let note = Do::AddNote {
        text: "They decide on Friday.".to_owned(),
        mentions: Vec::new(),
    };
    team.act(BEN, note);
    assert!(!quiet(&team));
    team.now = berlin("2026-12-03T09:00");
    assert!(quiet(&team), "two business days after the note");
    follow_up(&mut team, berlin("2026-12-20T09:00"));
    assert!(!quiet(&team), "somebody chose a date");
}

#[test]
fn a_late_answer_is_said_instead_of_what_it_follows_from() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    let due = |team: &Team, kind| {
        let clock = team.conversation().clocks.iter().find(|clock| clock.kind == kind);
        clock.unwrap().due
    };
    let owner = due(&team, ClockKind::Owner);
    assert_eq!(reasons(&team), [ReviewReason::Unassigned { since: team.now }]);
    team.now = owner;
    let late = ReviewReason::Overdue {
        what: clock(ClockKind::Owner),
        due: owner,
    };
    assert_eq!(reasons(&team), [late]);
    team.act(ANNA, Do::Claim);
    let response = due(&team, ClockKind::FirstResponse);
    assert!(matches!(reasons(&team)[..], [ReviewReason::FirstResponse { .. }]));
    team.now = response;
    let late = ReviewReason::Overdue {
        what: clock(ClockKind::FirstResponse),
        due: response,
    };
    assert_eq!(reasons(&team), std::slice::from_ref(&late));
    team.act(
        ANNA,
        Do::Snooze {
            until: None,
            zone: None,
            reason: Some("They are away".to_owned()),
        },
    );
    assert_eq!(reasons(&team), [late], "the customer waits all the same");
}

#[test]
fn the_customer_who_waits_too_long_comes_first_and_then_the_urgent() {
    let day = |team: &Team| ReviewDay::new(&team.inbox.policy, team.now);
    let risk = |team: &Team| day(team).risk(team.conversation(), &reasons(team)).unwrap();
    let mut late = Team::with_targets();
    late.carl("Hello");
    late.act(ANNA, Do::Claim);
    late.now = berlin("2026-11-27T16:00");
    let mut chase = team();
    answered(&mut chase);
    chase.now = berlin("2026-12-01T09:00");
    let new = team();
    let mut urgent = team();
    urgent.act(
        MIRA,
        Do::SetFields {
            category: None,
            priority: Some(Priority::Urgent),
            value: None,
            company: None,
            subject: None,
            details: Box::default(),
        },
    );
    let mut valuable = team();
    worth(&mut valuable, euros(50_000));
    let mut today = team();
    answered(&mut today);
    today.now = berlin("2026-11-30T09:00");
    let order = [&late, &chase, &urgent, &valuable, &new, &today].map(risk);
    assert!(order.is_sorted(), "{order:?}");
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_lead_is_nudged_once_a_day() {
    let mut team = team();
    assert!(
        matches!(team.refused(MIRA, Do::Nudge), Refusal::Invalid { .. }),
        "nobody owns it"
    );
    team.act(ANNA, Do::Claim);
    let nudged = team.act(MIRA, Do::Nudge);
    let nudge = Nudge {
        by: MIRA,
        to: ANNA,
        at: team.now,
        reason: Some(ReviewReason::FirstResponse { since: team.now }),
    };
    assert_eq!(nudged, [Event::Nudged { nudge: nudge.clone() }]);
    assert_eq!(team.conversation().nudged, Some(nudge));
    team.now = berlin("2026-11-26T23:59");
    assert_eq!(team.act(MIRA, Do::Nudge), []);
    team.now = berlin("2026-11-27T00:00");
    assert_eq!(team.act(MIRA, Do::Nudge).len(), 1, "the day is the inbox's");
}

#[test]
fn only_whoever_leads_reviews_and_nobody_nudges_themselves() {
    let mut team = team();
    team.act(ANNA, Do::Claim);
    let reasons = reasons(&team);
    for body in [Do::Nudge, Do::FineUntilTomorrow { reasons }, Do::ReviewAgain] {
        let needs = Capability::Manage;
        let refused = Refusal::NotPermitted {
            needs,
            inbox: Some(SALES),
        };
        assert_eq!(team.refused(BEN, body), refused);
    }
    team.act(
        MIRA,
        Do::Assign {
            to: MIRA,
            context: None,
        },
    );
    assert!(matches!(team.refused(MIRA, Do::Nudge), Refusal::Invalid { .. }));
}

fn fine(team: &mut Team) -> Vec<Event> {
    let reasons = reasons(team);
    team.act(MIRA, Do::FineUntilTomorrow { reasons })
}

#[test]
fn what_is_fine_stays_out_until_the_next_business_day_begins() {
    let mut team = team();
    team.now = berlin("2026-11-27T10:00");
    assert_eq!(fine(&mut team).len(), 1);
    assert_eq!(fine(&mut team), [], "it is so already");
    assert_eq!(open(&team), []);
    team.now = berlin("2026-11-29T23:59");
    assert_eq!(open(&team), [], "nobody works on a Sunday");
    team.now = berlin("2026-11-30T00:00");
    assert_eq!(open(&team), reasons(&team));
    assert_eq!(open(&team).len(), 1);
}

#[test]
fn what_is_fine_comes_back_with_another_reason() {
    let mut team = team();
    fine(&mut team);
    team.act(ANNA, Do::Claim);
    assert!(matches!(open(&team)[..], [ReviewReason::FirstResponse { .. }]));
    fine(&mut team);
    assert_eq!(open(&team), []);
    team.act(MIRA, Do::ReviewAgain);
    assert!(!open(&team).is_empty(), "it was taken back");
    assert_eq!(team.act(MIRA, Do::ReviewAgain), [], "it is so already");
}

#[test]
fn what_was_said_to_be_fine_without_a_network_yesterday_is_not_so_today() {
    let mut team = team();
    let reasons = reasons(&team);
    let command = team.command(Actor::Member { id: MIRA }, Do::FineUntilTomorrow { reasons });
    team.now = berlin("2026-11-27T08:00");
    assert_eq!(team.run(&command), Ok(Vec::new()));
    assert!(!open(&team).is_empty());
}

#[test]
fn a_mark_names_the_reasons_that_were_seen_and_no_endless_list() {
    let mut team = team();
    let reasons = Vec::new();
    let none = team.refused(MIRA, Do::FineUntilTomorrow { reasons });
    let reasons = vec![ReviewReason::Quiet { since: team.now }; 17];
    let many = team.refused(MIRA, Do::FineUntilTomorrow { reasons });
    let why = |refusal| match refusal {
        Refusal::Invalid { why, .. } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!((why(none), why(many)), (Invalid::Empty, Invalid::TooLong));
}

/// What becomes of a sign-off where these documents stand.
fn sign_off(
    team: &mut Team,
    by: MemberId,
    sign_off: &ReviewSignOff,
    documents: &BTreeMap<DocumentId, Document>,
) -> Result<Option<LogBody>, Refusal> {
    let body = Do::PutDocument {
        document: Box::new(DocumentBody::Review(sign_off.clone())),
    };
    let mut command = team.command(Actor::Member { id: by }, body);
    command.conversation = ConversationId(Uuid::nil());
    let context = DocumentContext {
        documents,
        members: &team.members,
        conversations: 0,
    };
    decide_document(&command, context)
}

fn inboxes(team: &Team) -> BTreeMap<DocumentId, Document> {
    let document = |inbox: &Inbox| {
        let id = DocumentId(inbox.id.0);
        let body = DocumentBody::Inbox(inbox.clone());
        (id, Document { id, version: 1, body })
    };
    [document(&team.inbox), document(&team.support)].into()
}

fn looked(by: MemberId, settled: u32) -> ReviewSignOff {
    ReviewSignOff {
        by,
        at: Timestamp(0),
        inboxes: vec![SALES, SUPPORT],
        listed: 23,
        settled,
        took_ms: 4 * MINUTE_MS,
    }
}

#[test]
fn a_review_is_signed_off_by_whoever_leads_and_says_when() {
    let mut team = team();
    let mut documents = inboxes(&team);
    let answered = sign_off(&mut team, MIRA, &looked(MIRA, 21), &documents).unwrap();
    let Some(LogBody::DocumentPut { document }) = answered else {
        panic!("{answered:?}")
    };
    assert_eq!(document.id, ReviewSignOff::document(MIRA));
    let DocumentBody::Review(kept) = &document.body else {
        panic!("{document:?}")
    };
    assert_eq!((kept.at, kept.left()), (team.now, 2));
    documents.insert(document.id, document);
    team.now = team.now.plus_ms(-HOUR_MS);
    let older = sign_off(&mut team, MIRA, &looked(MIRA, 1), &documents);
    assert_eq!(
        older,
        Ok(None),
        "an older one that waited for a network takes nothing away"
    );
    team.now = team.now.plus_ms(DAY_MS);
    let newer = sign_off(&mut team, MIRA, &looked(MIRA, 23), &documents);
    assert!(matches!(newer, Ok(Some(_))));
}

#[test]
fn nobody_signs_off_for_another_or_where_they_do_not_lead_or_more_than_there_was() {
    let mut team = team();
    team.members.get_mut(&BEN).unwrap().role = Role::Admin;
    let documents = inboxes(&team);
    let refused = Refusal::NotPermitted {
        needs: Capability::Manage,
        inbox: None,
    };
    for (by, of) in [(ANNA, ANNA), (MIRA, ANNA), (BEN, MIRA)] {
        assert_eq!(
            sign_off(&mut team, by, &looked(of, 21), &documents),
            Err(refused.clone()),
            "{by} for {of}"
        );
    }
    assert!(sign_off(&mut team, BEN, &looked(BEN, 23), &documents).is_ok());
    let more = sign_off(&mut team, MIRA, &looked(MIRA, 24), &documents);
    assert!(matches!(more, Err(Refusal::Invalid { .. })), "{more:?}");
    let nothing = ReviewSignOff {
        inboxes: Vec::new(),
        ..looked(MIRA, 1)
    };
    let nothing = sign_off(&mut team, MIRA, &nothing, &documents);
    assert!(matches!(nothing, Err(Refusal::Invalid { .. })), "{nothing:?}");
}
