//! Bugs put in on purpose are found within two hundred lives: that is how we know that the simulator can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use baton_sim::check::Promise;
use baton_sim::plan::{Size, draw};
use baton_sim::planted::Planted;
use baton_sim::{live_plan, live_silently, shrink};

const SEEDS: u64 = 200;

/// The first life that breaks one of `promises` with the bug in, and only with it.
fn found(bug: Planted, promises: &[Promise]) {
    found_in(bug, Size::DAY, promises);
}

fn found_in(bug: Planted, size: Size, promises: &[Promise]) {
    let first = (1..=SEEDS).find_map(|seed| Some((seed, live_silently(seed, size, Some(bug)).broken?)));
    let (seed, broken) = first.unwrap_or_else(|| panic!("{} was not found within {SEEDS} lives", bug.name()));
    assert!(
        promises.contains(&broken.promise),
        "{} by seed {seed}: {broken:?}",
        bug.name()
    );
    assert_eq!(
        live_silently(seed, size, None).broken,
        None,
        "seed {seed} fails without the bug, too"
    );
}

#[test]
fn an_inbox_that_forgets_whom_it_answered_by_itself_is_found() {
    found(Planted::AnsweredForgotten, &[Promise::AnswersNobody]);
}

#[test]
fn a_command_that_arrives_twice_under_another_id_is_found() {
    found(Planted::TwiceUnderNewId, &[Promise::Asked]);
}

#[test]
fn a_missing_fence_is_found() {
    found(Planted::NoFence, &[Promise::DeliveredOnce, Promise::DeliveryKnown]);
}

#[test]
fn sending_again_after_a_restart_is_found() {
    found(Planted::SendsAgain, &[Promise::DeliveredOnce, Promise::DeliveryKnown]);
}

#[test]
fn answering_over_an_unseen_message_is_found() {
    found(Planted::NewerIgnored, &[Promise::NothingUnseen]);
}

#[test]
fn a_gap_in_a_frame_is_found() {
    found(
        Planted::Gap,
        &[Promise::Converged, Promise::Rest, Promise::NothingUnseen],
    );
}

#[test]
fn a_leaking_scope_is_found() {
    found(Planted::ScopeLeak, &[Promise::Private]);
}

#[test]
fn an_outbox_replayed_out_of_order_is_found() {
    found(Planted::OutOfOrder, &[Promise::InOrder]);
}

#[test]
fn an_answer_before_the_disk_has_it_is_found() {
    found(Planted::EarlyAnswer, &[Promise::Durable]);
}

#[test]
fn a_disk_that_forgets_what_waits_is_found() {
    found(Planted::OutboxLost, &[Promise::NothingVanishes, Promise::Rest]);
}

#[test]
fn an_item_of_the_mailbox_passed_over_is_found() {
    found(Planted::MailSkipped, &[Promise::Ledger]);
}

#[test]
fn a_deadline_nobody_looks_at_is_found() {
    found(Planted::Overslept, &[Promise::Deadlines]);
}

#[test]
fn a_right_that_is_lost_and_kept_all_the_same_is_found() {
    found(Planted::RightsKept, &[Promise::Permitted]);
}

#[test]
fn a_host_that_was_replaced_and_still_counts_is_found() {
    found(Planted::StaleHost, &[Promise::OneHost]);
}

#[test]
fn turns_that_are_read_once_and_kept_are_found() {
    found(Planted::TurnsKept, &[Promise::InTurn]);
}

#[test]
fn a_move_nobody_is_told_of_is_found() {
    found(Planted::MoveUntold, &[Promise::Private, Promise::Converged]);
}

#[test]
fn a_merge_that_a_server_forgets_is_found() {
    found(Planted::MergeForgotten, &[Promise::Together, Promise::Converged]);
}

#[test]
fn an_acknowledgement_that_is_not_kept_is_found() {
    found(Planted::AcknowledgementLost, &[Promise::Deadlines, Promise::Converged]);
}

#[test]
fn a_follow_up_that_an_answer_leaves_as_it_was_is_found() {
    found(Planted::FollowUpKept, &[Promise::Deadlines, Promise::Converged]);
}

#[test]
fn a_lost_answer_that_is_tried_again_is_found() {
    found(
        Planted::LostAnswerTriedAgain,
        &[Promise::DeliveredOnce, Promise::DeliveryKnown],
    );
}

#[test]
fn a_server_that_learns_nothing_from_the_others_is_found() {
    found_in(
        Planted::OthersUnread,
        Size::WEEK,
        &[
            Promise::Deadlines,
            Promise::OneOwner,
            Promise::OneLock,
            Promise::Converged,
            Promise::NothingUnseen,
            // It offers what another server's host has offered already.
            Promise::DeliveredOnce,
        ],
    );
}

#[test]
fn a_decision_by_what_was_read_before_the_head_was_had_is_found() {
    found_in(
        Planted::DecidedBefore,
        Size::WEEK,
        &[
            Promise::OneOwner,
            Promise::OneLock,
            Promise::Fenced,
            Promise::Deadlines,
            Promise::Converged,
            Promise::NothingUnseen,
            Promise::DeliveredOnce,
        ],
    );
}

#[test]
fn a_reply_under_a_lock_that_stands_no_more_is_found() {
    found(Planted::TokenUsedAgain, &[Promise::Fenced]);
}

#[test]
fn a_host_that_stood_still_and_sends_all_the_same_is_found() {
    found_in(Planted::SuspendedSends, Size::WEEK, &[Promise::OneHost]);
}

#[test]
fn closing_over_an_unseen_message_is_found() {
    found(Planted::ClosedUnseen, &[Promise::NothingUnseen]);
}

#[test]
fn a_breach_noted_for_when_it_was_noticed_is_found() {
    found(Planted::BreachAtTick, &[Promise::Deadlines]);
}

#[test]
fn a_restored_queue_that_is_sent_again_is_found() {
    found(Planted::QueueRestored, &[Promise::DeliveredOnce]);
}

#[test]
fn a_wait_that_a_merge_forgets_is_found() {
    found(
        Planted::WaitForgotten,
        // A forward is the next to touch what the merge forgot.
        &[Promise::Deadlines, Promise::Converged, Promise::AnswersNobody],
    );
}

#[test]
fn a_life_that_fails_is_told_shorter() {
    let size = Size::DAY;
    let plan = draw(1, size);
    let broken = live_plan(1, size, plan.clone(), Some(Planted::ScopeLeak))
        .broken
        .unwrap();
    let (shorter, life) = shrink::shrink(1, size, &plan, Some(Planted::ScopeLeak), broken.promise).unwrap();
    assert!(
        shorter.len() * 4 < plan.len(),
        "{} of {} steps are left",
        shorter.len(),
        plan.len()
    );
    assert_eq!(life.broken.unwrap().promise, broken.promise);
}
