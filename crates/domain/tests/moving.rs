//! Moving a conversation to another inbox: who may, what goes along, and what does not.
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
use support::{ANNA, BEN, CHASE, MIRA, SALES, SALES_AT, SUPPORT, SUPPORT_AT, Team};

const TO_SUPPORT: Do = Do::MoveToInbox {
    inbox: SUPPORT,
    owner: None,
};
const TO_SALES: Do = Do::MoveToInbox {
    inbox: SALES,
    owner: None,
};

#[test]
fn it_keeps_its_number_and_everything_said_in_it() {
    let mut team = Team::with_enquiry();
    team.act(BEN, Do::Claim);
    let before = team.conversation().clone();
    team.act(BEN, TO_SUPPORT);
    let after = team.conversation();
    assert_eq!((after.number, after.messages), (before.number, before.messages));
    assert_eq!(after.last_message, before.last_message);
    assert_eq!(after.unanswered_since, before.unanswered_since);
    assert_eq!((after.inbox, after.account), (SUPPORT, Some(SUPPORT_AT)));
    assert_eq!(
        (after.owner, after.status),
        (Some(BEN), Status::Assigned),
        "Ben works there too"
    );
}

#[test]
fn whoever_may_not_work_there_does_not_keep_it() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(
        ANNA,
        Do::Snooze {
            until: Some(team.now.plus_ms(HOUR_MS)),
            zone: None,
            reason: None,
        },
    );
    team.act(ANNA, TO_SUPPORT);
    let after = team.conversation();
    assert_eq!(
        (after.owner, after.status, after.phase()),
        (None, Status::New, Phase::New)
    );
    assert_eq!(after.last_owner, Some(ANNA));
}

#[test]
fn what_nobody_there_may_answer_is_awaited_no_more() {
    let mut team = Team::with_enquiry();
    team.support.access.retain(|access| access.member != ANNA);
    team.act(BEN, Do::Claim);
    team.act(
        BEN,
        Do::Block {
            on: Some(ANNA),
            address: None,
            text: "The price".to_owned(),
        },
    );
    team.act(BEN, TO_SUPPORT);
    let after = team.conversation();
    assert_eq!(
        (after.blocked.is_some(), after.owner, after.status),
        (false, Some(BEN), Status::Assigned)
    );
}

#[test]
fn it_takes_the_right_to_see_and_to_assign_there() {
    let mut team = Team::with_enquiry();
    for lacking in [Capability::Read, Capability::Assign] {
        for access in &mut team.support.access {
            access.capabilities = [Capability::Read, Capability::Assign].into();
            access.capabilities.remove(&lacking);
        }
        assert_eq!(
            team.refused(ANNA, TO_SUPPORT),
            Refusal::NotPermitted {
                needs: lacking,
                inbox: Some(SUPPORT)
            }
        );
    }
    team.act(MIRA, TO_SUPPORT);
    assert_eq!(
        team.refused(ANNA, TO_SALES),
        Refusal::NotPermitted {
            needs: Capability::Work,
            inbox: Some(SUPPORT)
        },
        "what lies elsewhere is moved by those who work there"
    );
    let unknown = Do::MoveToInbox {
        inbox: InboxId(uuid::Uuid::from_u128(0xBAD)),
        owner: None,
    };
    assert!(matches!(team.refused(MIRA, unknown), Refusal::Invalid { .. }));
}

#[test]
fn what_is_somebody_elses_is_moved_by_them_or_by_who_leads() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    assert!(matches!(
        team.refused(BEN, TO_SUPPORT),
        Refusal::NotOwner { owner: ANNA, .. }
    ));
    team.act(MIRA, TO_SUPPORT);
    assert_eq!(team.act(MIRA, TO_SUPPORT), Vec::new(), "it lies there already");
}

#[test]
fn a_move_and_its_way_back_leave_it_as_it_was() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.act(ANNA, Do::Claim);
    let before = team.conversation().clone();
    team.act(ANNA, TO_SUPPORT);
    team.act(
        MIRA,
        Do::MoveToInbox {
            inbox: SALES,
            owner: Some(ANNA),
        },
    );
    let after = team.conversation();
    assert_eq!((after.inbox, after.account), (SALES, Some(SALES_AT)));
    assert_eq!((after.owner, after.status), (before.owner, before.status));
}

#[test]
fn after_a_reply_it_is_given_only_to_who_knows_of_it() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    let given = |owner| Do::MoveToInbox {
        inbox: SUPPORT,
        owner: Some(owner),
    };
    assert_eq!(team.refused(ANNA, given(BEN)), Refusal::NeedsHandoffContext);
    assert!(
        matches!(team.refused(ANNA, given(ANNA)), Refusal::Invalid { .. }),
        "she does not work there"
    );
}

#[test]
fn the_time_somebody_has_waited_counts_against_what_the_new_inbox_promises() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    let clock = |team: &Team, kind| {
        let mut clocks = team.conversation().clocks.iter();
        clocks
            .find(|clock| clock.kind == kind && clock.is_open())
            .cloned()
            .unwrap()
    };
    let before = clock(&team, ClockKind::FirstResponse);
    team.support.policy.sla = SlaPolicy::usual();
    for rule in &mut team.support.policy.sla.rules {
        rule.targets.first_response = rule
            .targets
            .first_response
            .map(|target| Target::business(target.length_ms / 2));
    }
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.act(BEN, TO_SUPPORT);
    let after = clock(&team, ClockKind::FirstResponse);
    assert_eq!(after.started, before.started);
    assert_eq!(
        after.due.since_ms(after.started),
        before.due.since_ms(before.started) / 2
    );
    // An inbox that promises nothing ends them; that somebody waited too long for an owner stays said.
    team.inbox.policy.sla = SlaPolicy::default();
    team.act(BEN, TO_SALES);
    assert!(
        team.conversation()
            .clocks
            .iter()
            .all(|clock| !clock.is_open() || clock.breached)
    );
}

#[test]
fn whoever_waits_for_an_answer_waits_on_through_an_inbox_that_promises_nothing() {
    let mut team = Team::with_targets();
    team.support.policy.sla = SlaPolicy::default();
    team.carl("Hello");
    let answer = |team: &Team| {
        let mut clocks = team.conversation().clocks.iter();
        clocks
            .find(|clock| clock.kind == ClockKind::FirstResponse && clock.is_open())
            .map(|clock| (clock.started, clock.due))
    };
    let before = answer(&team);
    assert!(before.is_some());
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.act(BEN, TO_SUPPORT);
    assert_eq!(answer(&team), None);
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.act(BEN, TO_SALES);
    assert_eq!(answer(&team), before, "nobody wins time by moving it there and back");
}

#[test]
fn what_is_over_is_left_to_nobody_who_may_not_work_there() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(Outcome::Lost),
            reason: None,
        },
    );
    team.act(ANNA, TO_SUPPORT);
    let after = team.conversation();
    assert_eq!((after.owner, after.last_owner), (None, Some(ANNA)));
    team.act(BEN, Do::Reopen);
    assert_eq!(
        (team.conversation().owner, team.conversation().status),
        (None, Status::New)
    );
}

#[test]
fn answers_never_leave_from_a_mailbox_that_is_only_watched() {
    let mut team = Team::with_enquiry();
    for account in team.accounts.values_mut().filter(|account| account.inbox == SUPPORT) {
        account.mode = AccountMode::Watch;
    }
    team.act(MIRA, TO_SUPPORT);
    assert_eq!(team.conversation().account, Some(SALES_AT));
}
