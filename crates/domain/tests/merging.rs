//! Two conversations that are one, and two again.
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
use support::{ANNA, BEN, CHASE, LEAD, MIRA, SALES, SUPPORT, SUPPORT_AT, Team};
use uuid::Uuid;

/// The one that comes second.
const SECOND: ConversationId = ConversationId(Uuid::from_u128(0x1043));
const INTO_LEAD: Do = Do::Merge { into: LEAD };
const APART: Do = Do::Unmerge { from: None };

/// Carl wrote to sales, and half an hour later once more, as if for the first time.
fn twice() -> Team {
    let mut team = Team::with_enquiry();
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.turn_to(SECOND);
    team.carl("Did my question about forty seats arrive?");
    team
}

/// The same, each thing but its history as it was.
fn as_it_was(mut now: Conversation, before: &Conversation) -> Conversation {
    (now.version, now.updated_at) = (before.version, before.updated_at);
    (now.next_step_version, now.follow_up_version) = (before.next_step_version, before.follow_up_version);
    now.last_owner = before.last_owner;
    now
}

#[test]
fn one_goes_on_with_what_both_were() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(
        BEN,
        Do::Tag {
            tag: "seats".to_owned(),
        },
    );
    let newest = team.conversation().last_message.clone();
    team.act(BEN, INTO_LEAD);
    let gone = team.conversation();
    assert_eq!(gone.status, Status::Closed);
    assert_eq!(
        gone.closing.as_ref().map(|closing| closing.outcome),
        Some(Outcome::Duplicate)
    );
    assert_eq!(
        gone.merged.as_ref().map(|merged| (merged.into, merged.number)),
        Some((LEAD, 1042))
    );
    let one = team.other(LEAD);
    assert_eq!(
        (one.owner, one.status),
        (Some(BEN), Status::Assigned),
        "it has an owner, since one had"
    );
    assert_eq!((one.messages, &one.last_message), (2, &newest));
    assert!(one.tags.contains("seats"));
    assert_eq!(one.sources.len(), 2);
    assert_eq!(
        one.unanswered_since,
        Some(one.created_at),
        "Carl waits since he wrote first"
    );
}

#[test]
fn taken_apart_both_are_what_they_were() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(
        BEN,
        Do::SetNextStep {
            text: "Ask for the price".to_owned(),
        },
    );
    team.act(
        BEN,
        Do::ScheduleFollowUp {
            due: team.now.plus_ms(DAY_MS),
            zone: None,
            text: None,
        },
    );
    team.act(
        BEN,
        Do::SetFields {
            category: Some(Category::QuoteRequest),
            priority: Some(Priority::High),
            value: None,
            company: Some("Acme".to_owned()),
            subject: None,
            details: Box::default(),
        },
    );
    team.act(
        BEN,
        Do::Snooze {
            until: Some(team.now.plus_ms(HOUR_MS)),
            zone: None,
            reason: Some("in a meeting".to_owned()),
        },
    );
    let (first, second) = (team.other(LEAD).clone(), team.conversation().clone());
    team.act(BEN, INTO_LEAD);
    let one = team.other(LEAD);
    assert_eq!(
        (one.priority, one.category, one.company.as_deref()),
        (Priority::High, Category::QuoteRequest, Some("Acme"))
    );
    assert_eq!((&one.next_step, &one.follow_up), (&second.next_step, &second.follow_up));
    team.act(BEN, APART);
    let last_owner = team.other(LEAD).last_owner;
    assert_eq!(last_owner, Some(BEN));
    assert_eq!(as_it_was(team.other(LEAD).clone(), &first), first);
    assert_eq!(as_it_was(team.conversation().clone(), &second), second);
}

#[test]
fn what_came_meanwhile_stays_where_it_came() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(BEN, INTO_LEAD);
    team.turn_to(LEAD);
    team.now = team.now.plus_ms(HOUR_MS);
    let newest = team.carl("Anybody there?");
    team.turn_to(SECOND);
    team.act(BEN, APART);
    let one = team.other(LEAD);
    assert_eq!(one.last_message.as_ref().map(|last| last.id), Some(newest));
    assert_eq!(
        (one.messages, one.owner, one.status),
        (2, Some(BEN), Status::Assigned),
        "it was worked on"
    );
    let out = team.conversation();
    assert_eq!((out.messages, out.owner, out.status), (1, Some(BEN), Status::Assigned));
    assert_eq!(out.unanswered_since, Some(out.created_at), "nobody has answered it");
}

#[test]
fn one_answer_answers_both() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(BEN, INTO_LEAD);
    team.turn_to(LEAD);
    let reply = team.reply(BEN, CHASE);
    team.turn_to(SECOND);
    assert!(
        matches!(team.refused(BEN, APART), Refusal::ReplyWaits { .. }),
        "not before it has left"
    );
    team.turn_to(LEAD);
    team.delivered(reply);
    team.turn_to(SECOND);
    team.act(BEN, APART);
    assert_eq!(
        (team.conversation().unanswered_since, team.conversation().status),
        (None, Status::Waiting)
    );
    assert_eq!((team.other(LEAD).unanswered_since, team.other(LEAD).replies), (None, 1));
}

#[test]
fn the_wait_is_measured_from_where_it_began() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    let began = team.now;
    team.turn_to(SECOND);
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    team.carl("Did my question arrive?");
    team.turn_to(LEAD);
    let due = |state: &Conversation| {
        let response = state
            .clocks
            .iter()
            .find(|clock| clock.is_open() && clock.kind == ClockKind::FirstResponse);
        response.map(|clock| (clock.started, clock.due))
    };
    let first = due(team.conversation());
    let second = due(team.other(SECOND));
    assert_eq!(first.map(|(started, _)| started), Some(began));
    // The older is merged into the younger: its wait is not forgotten.
    team.act(MIRA, Do::Merge { into: SECOND });
    assert_eq!(due(team.other(SECOND)), first);
    assert_eq!(due(team.conversation()), None);
    team.act(MIRA, APART);
    assert_eq!(due(team.other(SECOND)), second);
    assert_eq!(due(team.conversation()), first);
}

#[test]
fn nothing_is_done_any_more_in_what_was_merged() {
    let mut team = twice();
    team.act(BEN, INTO_LEAD);
    let goes_on = Refusal::Merged {
        into: LEAD,
        number: 1042,
    };
    for body in [
        Do::Claim,
        Do::Reopen,
        Do::Follow,
        Do::TakeLock { cover: false },
        INTO_LEAD,
    ] {
        assert_eq!(team.refused(BEN, body), goes_on);
    }
    team.turn_to(LEAD);
    assert_eq!(
        team.refused(BEN, Do::Merge { into: SECOND }),
        goes_on,
        "nor is anything merged into it"
    );
    assert_eq!(next_deadline(team.other(SECOND)), None);
}

#[test]
fn nobody_is_interrupted_in_a_reply() {
    let mut team = twice();
    team.turn_to(LEAD);
    team.act(ANNA, Do::TakeLock { cover: false });
    team.turn_to(SECOND);
    assert!(matches!(
        team.refused(BEN, INTO_LEAD),
        Refusal::LockedBy { member: ANNA, .. }
    ));
    team.turn_to(LEAD);
    let body = team.reply_body(ANNA, CHASE);
    team.act(ANNA, body);
    team.turn_to(SECOND);
    assert!(matches!(
        team.refused(BEN, INTO_LEAD),
        Refusal::ReplyWaits { by: ANNA, .. }
    ));
}

#[test]
fn a_reply_in_doubt_is_settled_first() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(BEN, CHASE);
    team.now = team.now.plus_ms(MINUTE_MS);
    team.system(Do::OutboundSending { outbound, attempt: 1 }).unwrap();
    team.system(Do::OutboundUnknown {
        outbound,
        reason: "cut".to_owned(),
    })
    .unwrap();
    let doubt = Refusal::ReplyInDoubt { outbound, by: BEN };
    assert_eq!(
        team.refused(
            BEN,
            Do::MoveToInbox {
                inbox: SUPPORT,
                owner: None
            }
        ),
        doubt
    );
    team.turn_to(SECOND);
    team.carl("Hello?");
    assert_eq!(team.refused(BEN, INTO_LEAD), doubt);
}

#[test]
fn it_goes_along_to_the_inbox_of_the_other_and_back() {
    let mut team = twice();
    team.act(
        BEN,
        Do::MoveToInbox {
            inbox: SUPPORT,
            owner: None,
        },
    );
    team.act(BEN, Do::Claim);
    assert!(
        matches!(team.refused(ANNA, INTO_LEAD), Refusal::NotPermitted { .. }),
        "Anna may not work in Support"
    );
    team.act(BEN, INTO_LEAD);
    assert_eq!(team.conversation().inbox, SALES);
    team.turn_to(LEAD);
    team.act(
        BEN,
        Do::MoveToInbox {
            inbox: SUPPORT,
            owner: None,
        },
    );
    assert_eq!(team.other(SECOND).inbox, SUPPORT, "a part goes where the whole goes");
    team.act(
        BEN,
        Do::MoveToInbox {
            inbox: SALES,
            owner: None,
        },
    );
    team.turn_to(SECOND);
    team.act(BEN, APART);
    let out = team.conversation();
    assert_eq!(
        (out.inbox, out.account, out.owner),
        (SUPPORT, Some(SUPPORT_AT), Some(BEN))
    );
}

#[test]
fn what_is_open_is_not_hidden_in_what_is_closed() {
    let mut team = twice();
    team.turn_to(LEAD);
    team.act(
        BEN,
        Do::Close {
            outcome: Some(Outcome::Lost),
            reason: None,
        },
    );
    team.turn_to(SECOND);
    let refusal = team.refused(BEN, INTO_LEAD);
    assert!(matches!(
        refusal,
        Refusal::Invalid {
            why: Invalid::NotNow,
            ..
        }
    ));
    team.turn_to(LEAD);
    team.act(BEN, Do::Merge { into: SECOND });
    assert_eq!(
        team.conversation().closing.as_ref().unwrap().outcome,
        Outcome::Lost,
        "it ended as it ended"
    );
    team.act(BEN, APART);
    assert_eq!(
        (team.conversation().status, &team.conversation().merged),
        (Status::Lost, &None)
    );
}

#[test]
fn of_several_each_is_taken_out_by_itself() {
    const THIRD: ConversationId = ConversationId(Uuid::from_u128(0x1044));
    let mut team = twice();
    let second = team.conversation().clone();
    team.turn_to(THIRD);
    team.now = team.now.plus_ms(HOUR_MS);
    team.carl("And a third time.");
    let third = team.conversation().clone();
    team.turn_to(SECOND);
    team.act(BEN, INTO_LEAD);
    team.turn_to(THIRD);
    team.act(BEN, INTO_LEAD);
    assert_eq!(team.other(LEAD).messages, 3);
    team.turn_to(SECOND);
    team.act(BEN, APART);
    assert_eq!(as_it_was(team.conversation().clone(), &second), second);
    let lead = team.other(LEAD);
    assert_eq!((lead.messages, &lead.last_message), (2, &third.last_message));
    team.turn_to(THIRD);
    team.act(BEN, APART);
    let lead = team.other(LEAD);
    assert_eq!((lead.messages, lead.absorbed.len()), (1, 0));
    assert_eq!(
        lead.last_message.as_ref().map(|last| last.preview.as_str()),
        Some("Could you quote forty seats?")
    );
    assert_eq!(lead.sources.len(), 1);
}

#[test]
fn a_chain_goes_to_its_end_and_is_taken_apart_from_there() {
    const THIRD: ConversationId = ConversationId(Uuid::from_u128(0x1044));
    let mut team = twice();
    team.act(BEN, INTO_LEAD);
    team.turn_to(THIRD);
    team.carl("And a third time.");
    team.turn_to(LEAD);
    team.act(BEN, Do::Merge { into: THIRD });
    assert_eq!(team.other(THIRD).messages, 3);
    team.turn_to(SECOND);
    assert_eq!(
        team.refused(BEN, APART),
        Refusal::Merged {
            into: THIRD,
            number: 1044
        }
    );
}

#[test]
fn only_whoever_has_to_do_with_it_takes_it_apart() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(BEN, INTO_LEAD);
    assert!(matches!(
        team.refused(ANNA, APART),
        Refusal::NotOwner { owner: BEN, .. }
    ));
    team.act(MIRA, APART);
}

#[test]
fn a_match_is_offered_until_somebody_says_no() {
    let mut team = twice();
    assert!(team.conversation().may_be_the_same(team.other(LEAD)));
    team.act(BEN, Do::KeepApart { from: LEAD });
    assert!(!team.conversation().may_be_the_same(team.other(LEAD)));
    assert!(
        !team.other(LEAD).may_be_the_same(team.conversation()),
        "seen from either"
    );
    assert!(team.act(BEN, Do::KeepApart { from: LEAD }).is_empty());
}

#[test]
fn whoever_may_not_see_the_other_is_not_told_of_it() {
    let mut team = twice();
    team.act(
        BEN,
        Do::MoveToInbox {
            inbox: SUPPORT,
            owner: None,
        },
    );
    team.support.access.retain(|access| access.member != ANNA);
    team.turn_to(LEAD);
    let refusal = team.refused(ANNA, Do::Merge { into: SECOND });
    assert!(
        matches!(
            refusal,
            Refusal::Invalid {
                why: Invalid::Unknown,
                ..
            }
        ),
        "{refusal:?}"
    );
}

#[test]
fn what_is_late_in_the_one_that_goes_away_is_asked_about_where_it_goes_on_and_again_when_taken_apart() {
    let mut team = twice();
    team.inbox.policy.sla = SlaPolicy::usual();
    team.carl("Hello?");
    let asked = |one: &Conversation| one.escalation.as_ref().map(|running| running.asked.contains(&MIRA));
    let due = team.conversation().clocks.iter().map(|clock| clock.due).max().unwrap();
    while team.now < due {
        team.until_deadline();
    }
    assert_eq!(
        (asked(team.conversation()), asked(team.other(LEAD))),
        (Some(true), None)
    );
    team.act(BEN, INTO_LEAD);
    assert_eq!(
        (asked(team.conversation()), asked(team.other(LEAD))),
        (None, Some(true))
    );
    team.act(BEN, APART);
    assert_eq!(
        (asked(team.conversation()), asked(team.other(LEAD))),
        (Some(true), None)
    );
}

#[test]
fn whoever_wrote_since_then_waits_when_the_two_are_taken_apart() {
    let mut team = twice();
    team.turn_to(LEAD);
    let reply = team.reply(BEN, CHASE);
    team.delivered(reply);
    assert_eq!(team.conversation().unanswered_since, None);
    team.turn_to(SECOND);
    team.act(BEN, INTO_LEAD);
    team.turn_to(LEAD);
    team.now = team.now.plus_ms(HOUR_MS);
    team.carl("And in oak, please.");
    let wrote = team.now;
    team.turn_to(SECOND);
    team.act(BEN, APART);
    let one = team.other(LEAD);
    assert_eq!((one.unanswered_since, one.status), (Some(wrote), Status::Assigned));
    assert_eq!(
        team.conversation().unanswered_since,
        Some(team.conversation().created_at)
    );
}

#[test]
fn what_waits_in_another_part_waits_on() {
    const THIRD: ConversationId = ConversationId(Uuid::from_u128(0x1044));
    let mut team = twice();
    team.turn_to(LEAD);
    let reply = team.reply(BEN, CHASE);
    team.delivered(reply);
    team.turn_to(THIRD);
    team.now = team.now.plus_ms(HOUR_MS);
    team.carl("And a third time.");
    team.act(BEN, Do::Tag { tag: "oak".to_owned() });
    let (since, last) = (
        team.conversation().unanswered_since,
        team.conversation().last_message.clone(),
    );
    team.turn_to(SECOND);
    team.act(BEN, Do::Tag { tag: "oak".to_owned() });
    team.act(BEN, INTO_LEAD);
    team.turn_to(THIRD);
    team.act(BEN, INTO_LEAD);
    team.turn_to(SECOND);
    team.act(BEN, APART);
    let one = team.other(LEAD);
    assert_eq!((one.unanswered_since, &one.last_message), (since, &last));
    assert!(one.tags.contains("oak"), "the third had it as well");
}

#[test]
fn what_has_an_owner_waits_for_none() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    team.act(BEN, Do::Claim);
    team.turn_to(SECOND);
    team.carl("Did my question arrive?");
    team.act(MIRA, INTO_LEAD);
    let waits = |clock: &&Clock| clock.kind == ClockKind::Owner && clock.is_open();
    assert_eq!(team.other(LEAD).clocks.iter().find(waits), None);
}

#[test]
fn parts_go_along_with_what_is_merged_into_another_inbox_and_come_back_with_it() {
    const THIRD: ConversationId = ConversationId(Uuid::from_u128(0x1044));
    let mut team = twice();
    team.act(BEN, INTO_LEAD);
    team.turn_to(THIRD);
    team.carl("And a third time.");
    team.act(
        BEN,
        Do::MoveToInbox {
            inbox: SUPPORT,
            owner: None,
        },
    );
    team.turn_to(LEAD);
    team.act(BEN, Do::Merge { into: THIRD });
    assert_eq!(
        (team.conversation().inbox, team.other(SECOND).inbox),
        (SUPPORT, SUPPORT)
    );
    team.act(BEN, APART);
    assert_eq!((team.conversation().inbox, team.other(SECOND).inbox), (SALES, SALES));
    assert_eq!(team.conversation().messages, 2);
}

#[test]
fn a_date_that_was_kept_there_is_not_owed_again() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    team.act(
        BEN,
        Do::ScheduleFollowUp {
            due: team.now.plus_ms(DAY_MS),
            zone: None,
            text: None,
        },
    );
    team.act(BEN, INTO_LEAD);
    team.turn_to(LEAD);
    assert!(team.conversation().follow_up.is_some());
    team.act(BEN, Do::CompleteFollowUp);
    team.turn_to(SECOND);
    team.act(BEN, APART);
    assert_eq!(
        (&team.conversation().follow_up, &team.other(LEAD).follow_up),
        (&None, &None)
    );
}

#[test]
fn a_merge_that_is_another_by_now_is_not_what_is_taken_back() {
    const THIRD: ConversationId = ConversationId(Uuid::from_u128(0x1044));
    let mut team = twice();
    team.turn_to(THIRD);
    team.carl("And a third time.");
    team.turn_to(SECOND);
    team.act(BEN, INTO_LEAD);
    team.act(ANNA, APART);
    team.act(ANNA, Do::Merge { into: THIRD });
    assert_eq!(team.act(BEN, Do::Unmerge { from: Some(LEAD) }), []);
    assert_eq!(
        team.conversation().merged.as_ref().map(|merged| merged.into),
        Some(THIRD)
    );
    assert!(!team.act(BEN, Do::Unmerge { from: Some(THIRD) }).is_empty());
}

#[test]
fn what_was_due_and_done_there_is_not_due_any_more() {
    let mut team = twice();
    team.act(BEN, Do::Claim);
    let reply = team.reply(BEN, CHASE);
    team.delivered(reply);
    team.until_deadline();
    assert_eq!(team.conversation().status, Status::FollowUpDue);
    team.act(BEN, INTO_LEAD);
    team.turn_to(LEAD);
    team.act(BEN, Do::CompleteFollowUp);
    team.turn_to(SECOND);
    team.act(BEN, APART);
    let out = team.conversation();
    assert_eq!((out.status, &out.follow_up), (Status::Assigned, &None));
}

#[test]
fn what_somebody_was_asked_to_see_to_is_seen_to_where_it_goes_on() {
    let mut team = twice();
    team.act(
        BEN,
        Do::Escalate {
            reason: "He threatens to leave".to_owned(),
        },
    );
    let asked = team.conversation().escalation.clone().unwrap();
    team.act(BEN, INTO_LEAD);
    let running = team.other(LEAD).escalation.clone().unwrap();
    assert_eq!((&running.reason, &running.asked), (&asked.reason, &asked.asked));
    assert_eq!(team.conversation().escalation, None);
    team.act(BEN, APART);
    assert_eq!(team.other(LEAD).escalation, None);
    let again = team.conversation().escalation.clone().unwrap();
    assert_eq!((again.reason, again.asked), (asked.reason, asked.asked));
}

#[test]
fn a_lead_that_goes_into_what_was_no_lead_is_one_still() {
    let mut team = twice();
    team.turn_to(LEAD);
    team.act(MIRA, Do::NotALead);
    team.act(MIRA, Do::Reopen);
    assert!(!team.conversation().category.has_duties());
    team.turn_to(SECOND);
    team.act(MIRA, INTO_LEAD);
    assert!(
        team.other(LEAD).category.has_duties(),
        "what is owed in either is owed in both"
    );
    team.act(MIRA, APART);
    assert!(!team.other(LEAD).category.has_duties());
}
