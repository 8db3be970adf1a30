//! The rules of the first working day, as scripts a salesperson could read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use baton_domain::CommandBody as Do;
use baton_domain::*;
use support::*;

#[test]
fn an_enquiry_is_new_and_nobodys() {
    let team = Team::with_enquiry();
    let lead = team.conversation();
    assert_eq!((lead.status, lead.owner, lead.number), (Status::New, None, 1042));
    assert_eq!(lead.unanswered_since, Some(team.now));
}

#[test]
fn second_claim_is_refused_and_names_the_owner() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    assert_eq!(
        team.refused(BEN, Do::Claim),
        Refusal::NotOwner {
            owner: ANNA,
            since: team.now,
            may_cover: true
        }
    );
    assert_eq!(team.act(ANNA, Do::Claim), vec![]);
    assert_eq!(team.conversation().owner, Some(ANNA));
}

#[test]
fn a_colleague_can_neither_take_the_lock_nor_send_while_anna_replies() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(ANNA, Do::TakeLock { cover: false });
    assert!(matches!(
        team.refused(BEN, Do::TakeLock { cover: false }),
        Refusal::NotOwner { owner: ANNA, .. }
    ));
    assert!(matches!(
        team.refused(BEN, Do::TakeLock { cover: true }),
        Refusal::LockedBy { member: ANNA, .. }
    ));
    let stolen = team.token();
    let Do::Reply {
        draft, digest, after, ..
    } = team.reply_body(BEN, CHASE)
    else {
        panic!()
    };
    let body = Do::Reply {
        draft,
        digest,
        token: stolen,
        after,
        quote: None,
        close: None,
        send_at: None,
    };
    assert!(matches!(team.refused(BEN, body), Refusal::NotOwner { owner: ANNA, .. }));
    assert_eq!(team.conversation().replies, 0);
}

#[test]
fn in_an_unowned_lead_the_second_to_type_is_told_who_is_replying() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::TakeLock { cover: false });
    assert!(matches!(
        team.refused(BEN, Do::TakeLock { cover: false }),
        Refusal::LockedBy { member: ANNA, .. }
    ));
    let Do::Reply {
        draft, digest, after, ..
    } = team.reply_body(BEN, CHASE)
    else {
        panic!()
    };
    let body = Do::Reply {
        draft,
        digest,
        token: 0,
        after,
        quote: None,
        close: None,
        send_at: None,
    };
    assert!(matches!(
        team.refused(BEN, body),
        Refusal::LockedBy { member: ANNA, .. }
    ));
}

#[test]
fn a_reply_over_an_unseen_message_is_held_and_goes_out_once_it_was_seen() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::TakeLock { cover: false });
    let seen = team.conversation().last_message.clone().unwrap().id;
    let body = team.reply_body(ANNA, CHASE);
    let second = team.carl("And ten before Easter?");
    let mut command = team.command(Actor::Member { id: ANNA }, body);
    command.last_seen = Some(seen);
    let Err(Refusal::NewerMessage { message }) = team.run(&command) else {
        panic!()
    };
    assert_eq!(message.id, second);
    command.last_seen = Some(second);
    team.run(&command).unwrap();
    assert_eq!(team.conversation().status, Status::Waiting);
    assert_eq!(team.conversation().replies, 1);
}

#[test]
fn sending_in_an_unowned_lead_claims_it_and_frees_the_lock() {
    let mut team = Team::with_enquiry();
    team.reply(ANNA, CHASE);
    let lead = team.conversation();
    assert_eq!(
        (lead.owner, lead.lock.is_some(), lead.unanswered_since),
        (Some(ANNA), false, None)
    );
    assert_eq!(lead.follow_up.as_ref().unwrap().due, berlin("2026-11-30T15:20"));
}

#[test]
fn the_whole_cadence_runs_to_a_close_as_no_response() {
    let mut team = Team::with_enquiry();
    let first = team.reply(ANNA, CHASE);
    team.delivered(first);
    assert_eq!(team.until_deadline(), (berlin("2026-11-30T15:20"), Deadline::FollowUp));
    assert_eq!(team.conversation().status, Status::FollowUpDue);
    let second = team.reply(ANNA, CHASE);
    assert_eq!(
        team.conversation().follow_up.as_ref().unwrap().due,
        berlin("2026-12-07T15:20")
    );
    team.delivered(second);
    team.until_deadline();
    team.now = berlin("2026-12-07T15:20");
    let third = team.reply(ANNA, CHASE);
    team.delivered(third);
    assert_eq!(team.until_deadline(), (berlin("2026-12-14T15:20"), Deadline::FollowUp));
    assert_eq!(
        team.conversation().follow_up.as_ref().unwrap().kind,
        FollowUpKind::Closing
    );
    assert_eq!(team.until_deadline(), (berlin("2026-12-15T15:20"), Deadline::Closing));
    assert_eq!(
        team.conversation().closing.as_ref().unwrap().outcome,
        Outcome::NoResponse
    );
}

#[test]
fn an_urgent_lead_is_never_closed_by_the_cadence() {
    let mut team = Team::with_enquiry();
    team.act(
        ANNA,
        Do::SetFields {
            category: None,
            priority: Some(Priority::Urgent),
            value: None,
            company: None,
            subject: None,
            details: Box::default(),
        },
    );
    for _ in 0..3 {
        let reply = team.reply(ANNA, CHASE);
        team.delivered(reply);
        team.until_deadline();
    }
    assert_eq!(next_deadline(team.conversation()), None);
    assert!(!team.conversation().status.is_over());
}

#[test]
fn a_customers_answer_cancels_the_chase_and_makes_it_our_turn() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    team.carl("Thanks, and the price?");
    let lead = team.conversation();
    assert_eq!((lead.status, lead.follow_up.is_none()), (Status::Assigned, true));
}

#[test]
fn an_out_of_office_answer_postpones_the_chase_and_is_no_answer() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    let mut message = team.message("I am away until 9 December");
    message.kind = MessageKind::AutoReply;
    message.returns_at = Some(berlin("2026-12-09T09:00"));
    team.receive(message, true);
    let lead = team.conversation();
    assert_eq!(lead.follow_up.as_ref().unwrap().due, berlin("2026-12-09T09:00"));
    assert_eq!((lead.status, lead.unanswered_since), (Status::Waiting, None));
}

#[test]
fn a_day_of_return_is_the_opening_of_that_day_here_and_a_delivery_report_postpones_nothing() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    let chase = team.conversation().follow_up.clone().unwrap().due;
    let mut delayed = team.message("Your mail is delayed");
    delayed.kind = MessageKind::AutoReply;
    delayed.facts.report = Some(baton_domain::DeliveryReport {
        outcome: baton_domain::DeliveryOutcome::Delayed,
        permanent: false,
        recipient: None,
        status: None,
        diagnostic: None,
    });
    team.receive(delayed, true);
    assert_eq!(team.conversation().follow_up.as_ref().unwrap().due, chase);
    let mut away = team.message("I am away until 9 December");
    away.kind = MessageKind::AutoReply;
    away.facts.returns_on = Some("2026-12-09".to_owned());
    team.receive(away, true);
    assert_eq!(
        team.conversation().follow_up.as_ref().unwrap().due,
        berlin("2026-12-09T09:00")
    );
}

#[test]
fn what_we_owe_stays_owed_when_the_customer_writes() {
    let mut team = Team::with_enquiry();
    let due = berlin("2026-11-27T12:00");
    let reply = team.reply(
        ANNA,
        AfterReply::IOwe {
            what: "Send the offer".to_owned(),
            due,
        },
    );
    team.delivered(reply);
    assert_eq!(team.conversation().status, Status::FollowUpDue);
    team.carl("Thanks!");
    assert_eq!(team.conversation().follow_up.as_ref().unwrap().kind, FollowUpKind::Owed);
    assert_eq!(team.conversation().next_step_text(), Some("Send the offer"));
}

#[test]
fn moving_a_chase_that_is_due_goes_back_to_waiting() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    team.until_deadline();
    let due = team.now.plus_ms(HOUR_MS);
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    let lead = team.conversation();
    assert_eq!(
        (lead.status, lead.follow_up.as_ref().unwrap().due),
        (Status::Waiting, due)
    );
    assert_eq!(team.until_deadline(), (due, Deadline::FollowUp));
}

#[test]
fn a_deadline_that_does_not_stand_says_nothing() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    let (at, what) = next_deadline(team.conversation()).unwrap();
    assert_eq!(team.system(Do::Due { what, at }).unwrap(), vec![], "it is early");
    team.now = at;
    team.act(ANNA, Do::CompleteFollowUp);
    assert_eq!(team.system(Do::Due { what, at }).unwrap(), vec![], "it is done");
}

#[test]
fn undo_in_the_window_puts_everything_back() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let before = team.conversation().clone();
    let reply = team.reply(ANNA, CHASE);
    team.act(ANNA, Do::CancelSend { outbound: reply });
    let after = team.conversation();
    assert_eq!((after.status, &after.follow_up), (before.status, &before.follow_up));
    assert_eq!(
        (&after.last_message, after.unanswered_since),
        (&before.last_message, before.unanswered_since)
    );
    assert_eq!(after.replies, 0);
    let late = team.system(Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    });
    assert_eq!(late, Err(Refusal::Gone));
}

#[test]
fn past_the_fence_nothing_can_be_taken_back() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    assert!(
        team.system(Do::OutboundSending {
            outbound: reply,
            attempt: 1
        })
        .is_err(),
        "the undo window is open"
    );
    team.now = team.now.plus_ms(10_000);
    team.system(Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    })
    .unwrap();
    assert_eq!(
        team.refused(ANNA, Do::CancelSend { outbound: reply }),
        Refusal::AlreadyLeaving
    );
    assert_eq!(
        team.system(Do::OutboundSending {
            outbound: reply,
            attempt: 1
        }),
        Err(Refusal::AlreadyLeaving),
        "a second host is stopped"
    );
}

#[test]
fn a_message_in_the_undo_window_brings_the_reply_back() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.carl("Forget it, we need fifty.");
    let lead = team.conversation();
    assert_eq!(
        lead.outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::CustomerWrote
        }
    );
    assert_eq!((lead.status, lead.owner), (Status::Assigned, Some(ANNA)));
    assert!(lead.unanswered_since.is_some());
}

#[test]
fn a_failed_reply_puts_back_what_it_changed_unless_something_later_did() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, CHASE);
    team.now = team.now.plus_ms(10_000);
    team.system(Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    })
    .unwrap();
    let due = team.now.plus_ms(DAY_MS);
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: Some("Call him".to_owned()),
        },
    );
    team.system(Do::OutboundFailed {
        outbound: reply,
        reason: "550 no such user".to_owned(),
    })
    .unwrap();
    let lead = team.conversation();
    assert_eq!(lead.status, Status::Assigned);
    assert_eq!(lead.follow_up.as_ref().unwrap().due, due, "what came later stays");
    assert!(lead.unanswered_since.is_some());
}

#[test]
fn an_unknown_send_is_settled_by_a_person_and_keeps_its_message_id() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.now = team.now.plus_ms(10_000);
    team.system(Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    })
    .unwrap();
    team.system(Do::OutboundUnknown {
        outbound: reply,
        reason: "no answer".to_owned(),
    })
    .unwrap();
    let header = team.conversation().outbound(reply).unwrap().header_id.clone();
    team.act(
        ANNA,
        Do::SettleUnknown {
            outbound: reply,
            how: Settlement::SendAgain,
        },
    );
    let outbound = team.conversation().outbound(reply).unwrap();
    assert_eq!(
        (outbound.header_id.clone(), &outbound.state),
        (header, &OutboundState::Queued)
    );
    team.system(Do::OutboundSending {
        outbound: reply,
        attempt: 2,
    })
    .unwrap();
}

#[test]
fn thanks_after_a_won_deal_restores_the_outcome() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(Outcome::Won),
            reason: None,
        },
    );
    team.carl("Thanks!");
    assert_eq!(
        (team.conversation().status, team.conversation().owner),
        (Status::Assigned, Some(ANNA))
    );
    team.act(ANNA, Do::NoReplyNeeded);
    let lead = team.conversation();
    assert_eq!(lead.status, Status::Won);
    assert_eq!(lead.closing.as_ref().unwrap().outcome, Outcome::Won);
    assert_eq!(lead.unanswered_since, None);
}

#[test]
fn a_date_that_came_while_the_customers_message_stood_is_not_to_come_again() {
    let mut team = Team::with_enquiry();
    let due = team.now.plus_ms(2 * HOUR_MS);
    let what = "the offer".to_owned();
    let reply = team.reply(ANNA, AfterReply::IOwe { what, due });
    team.delivered(reply);
    team.carl("Take your time!");
    team.now = due;
    let what = Deadline::FollowUp;
    assert!(!team.system(Do::Due { what, at: due }).unwrap().is_empty());
    team.act(ANNA, Do::NoReplyNeeded);
    let lead = team.conversation();
    assert_eq!(lead.status, Status::FollowUpDue);
    assert!(lead.follow_up.as_ref().is_some_and(|follow_up| follow_up.fired));
    assert_eq!(next_deadline(lead), None);
}

#[test]
fn closing_a_lead_asks_for_an_outcome_and_never_goes_over_an_unseen_message() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    assert_eq!(
        team.refused(
            ANNA,
            Do::Close {
                outcome: None,
                reason: None
            }
        ),
        Refusal::NeedsOutcome
    );
    let mut command = team.command(
        Actor::Member { id: ANNA },
        Do::Close {
            outcome: Some(Outcome::Lost),
            reason: None,
        },
    );
    team.carl("Wait!");
    command.id = CommandId(uuid::Uuid::from_u128(7));
    assert!(matches!(team.run(&command), Err(Refusal::NewerMessage { .. })));
    team.act(ANNA, Do::NotALead);
    assert_eq!(team.conversation().category, Category::Vendor);
}

#[test]
fn a_handoff_leaves_the_giver_owner_until_it_is_taken() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    assert_eq!(
        team.refused(ANNA, Do::HandOff { to: BEN, context: None }),
        Refusal::NeedsHandoffContext
    );
    let context = Some(HandoffContext {
        happened: "Asked".to_owned(),
        promised: None,
        next_step: "Quote".to_owned(),
    });
    team.act(
        ANNA,
        Do::HandOff {
            to: BEN,
            context: context.clone(),
        },
    );
    assert_eq!(team.conversation().owner, Some(ANNA));
    team.act(
        BEN,
        Do::AddNote {
            text: "Mine".to_owned(),
            mentions: vec![],
        },
    );
    assert_eq!(
        (team.conversation().owner, &team.conversation().handoff),
        (Some(BEN), &None)
    );

    team.act(
        BEN,
        Do::HandOff {
            to: ANNA,
            context: context.clone(),
        },
    );
    let (_, what) = team.until_deadline();
    assert_eq!((what, team.conversation().owner), (Deadline::Handoff, Some(BEN)));

    team.members.get_mut(&ANNA).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
    assert!(matches!(
        team.refused(BEN, Do::HandOff { to: ANNA, context }),
        Refusal::Absent {
            member: ANNA,
            backup: Some(BEN),
            ..
        }
    ));
}

#[test]
fn cover_answers_for_the_owner_and_changes_none_of_her_plans() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let due = berlin("2026-12-01T10:00");
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    team.act(BEN, Do::TakeLock { cover: true });
    let body = team.reply_body(BEN, CHASE);
    team.act(BEN, body);
    let lead = team.conversation();
    assert_eq!((lead.owner, lead.follow_up.as_ref().unwrap().due), (Some(ANNA), due));
    assert!(lead.outbound[0].cover);

    let mut strict = Team::with_enquiry();
    strict.inbox.policy.reply = ReplyPolicy::OwnerOnly;
    strict.act(ANNA, Do::Claim);
    assert!(matches!(
        strict.refused(BEN, Do::TakeLock { cover: true }),
        Refusal::NotOwner { may_cover: false, .. }
    ));
}

#[test]
fn an_idle_lock_is_free_after_three_minutes_and_the_first_text_is_refused_as_lost() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::TakeLock { cover: false });
    let annas = team.reply_body(ANNA, CHASE);
    let now = team.now.plus_ms(3 * MINUTE_MS);
    team.lease = Some(LeaseFacts {
        expires: now.plus_ms(1000),
        active_at: team.now,
    });
    team.now = now;
    team.act(BEN, Do::TakeLock { cover: false });
    let draft = team.draft.clone();
    team.draft = draft;
    assert_eq!(team.refused(ANNA, annas), Refusal::LockLost { to: Some(BEN) });
}

#[test]
fn a_manager_takes_over_and_the_old_token_is_worth_nothing() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::TakeLock { cover: false });
    let annas = team.reply_body(ANNA, CHASE);
    assert!(matches!(team.refused(BEN, Do::TakeOver), Refusal::NotPermitted { .. }));
    team.act(MIRA, Do::TakeOver);
    assert_eq!(team.refused(ANNA, annas), Refusal::LockLost { to: Some(MIRA) });
}

#[test]
fn history_starts_nothing() {
    let mut team = Team::new();
    let message = team.message("An old question");
    team.receive(message, false);
    let lead = team.conversation();
    assert_eq!(lead.closing.as_ref().unwrap().outcome, Outcome::Imported);
    assert_eq!((lead.unanswered_since, next_deadline(lead)), (None, None));

    let id = team.carl("Hello again");
    let lead = team.conversation();
    assert_eq!((lead.status, lead.owner), (Status::New, None));
    assert_eq!(lead.last_message.as_ref().unwrap().id, id);
    let old = {
        let mut old = team.message("Older still");
        old.at = Timestamp(0);
        old
    };
    team.receive(old, false);
    assert_eq!(
        team.conversation().last_message.as_ref().unwrap().id,
        id,
        "history is never newer"
    );
}

#[test]
fn an_outside_reply_stops_the_one_under_way_and_can_be_claimed() {
    let mut team = Team::with_enquiry();
    team.act(BEN, Do::TakeLock { cover: false });
    let seen = team.conversation().last_message.clone().unwrap().id;
    let bens = team.reply_body(BEN, CHASE);
    let mut outside = team.message("Answered from Outlook");
    outside.direction = Direction::Outside;
    let id = outside.id;
    team.system(Do::ExternalReply {
        message: Box::new(outside),
        live: true,
        inbox: SALES,
    })
    .unwrap();
    let mut command = team.command(Actor::Member { id: BEN }, bens);
    command.last_seen = Some(seen);
    assert!(matches!(
        team.run(&command),
        Err(Refusal::AlreadyAnswered { by: None, .. })
    ));
    team.act(ANNA, Do::ClaimOutsideReply { message: id });
    assert_eq!(
        (team.conversation().owner, team.conversation().status),
        (Some(ANNA), Status::Waiting)
    );
}

#[test]
fn blocking_waits_for_a_colleague_whose_note_unblocks() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(
        ANNA,
        Do::Block {
            on: Some(MIRA),
            address: None,
            text: "Discount?".to_owned(),
        },
    );
    assert_eq!(team.conversation().status, Status::NeedsInput);
    assert!(
        team.conversation().unanswered_since.is_some(),
        "the customer still waits"
    );
    team.act(
        MIRA,
        Do::AddNote {
            text: "Five per cent".to_owned(),
            mentions: vec![ANNA],
        },
    );
    assert_eq!(
        (team.conversation().status, &team.conversation().blocked),
        (Status::Assigned, &None)
    );
}

#[test]
fn snoozing_over_a_waiting_customer_needs_a_reason_and_a_message_wakes() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let until = Some(berlin("2026-12-20T09:00"));
    let refusal = team.refused(
        ANNA,
        Do::Snooze {
            until,
            zone: None,
            reason: None,
        },
    );
    assert_eq!(
        refusal,
        Refusal::MissingFields {
            fields: vec!["reason".to_owned()]
        }
    );
    team.act(
        ANNA,
        Do::Snooze {
            until,
            zone: None,
            reason: Some("Asked to be called then".to_owned()),
        },
    );
    assert_eq!(team.conversation().phase(), Phase::Snoozed);
    team.carl("Sooner, please");
    assert_eq!(team.conversation().phase(), Phase::Open);
}

#[test]
fn somebody_else_may_not_close_annas_lead_but_the_manager_may() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let close = Do::Close {
        outcome: Some(Outcome::Lost),
        reason: None,
    };
    assert!(matches!(
        team.refused(BEN, close.clone()),
        Refusal::NotOwner { owner: ANNA, .. }
    ));
    team.act(MIRA, close);
    assert_eq!(team.conversation().status, Status::Lost);
}

#[test]
fn two_people_setting_the_next_step_at_once_is_shown_not_overwritten() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let base = team.conversation().version;
    team.act(
        MIRA,
        Do::SetNextStep {
            text: "Call Thu".to_owned(),
        },
    );
    let mut command = team.command(
        Actor::Member { id: ANNA },
        Do::SetNextStep {
            text: "Mail Fri".to_owned(),
        },
    );
    command.based_on = Some(base);
    assert!(matches!(team.run(&command), Err(Refusal::VersionConflict { .. })));
    assert_eq!(team.conversation().next_step_text(), Some("Call Thu"));
}

#[test]
fn a_message_long_after_closing_begins_a_new_conversation() {
    let mut team = Team::with_enquiry();
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(Outcome::Lost),
            reason: None,
        },
    );
    assert!(team.conversation().takes_messages(team.now.plus_ms(30 * DAY_MS)));
    assert!(!team.conversation().takes_messages(team.now.plus_ms(30 * DAY_MS + 1)));
}

#[test]
fn the_digest_of_a_draft_is_part_of_the_protocol() {
    let text = DraftText {
        to: vec![Address {
            name: "Carl".to_owned(),
            email: "carl@acme.example".to_owned(),
        }],
        subject: "Re: Forty seats".to_owned(),
        text: "Gladly.".to_owned(),
        ..DraftText::default()
    };
    assert_eq!(
        text.digest(),
        "e5e19da62c350a5526e03ea49db16315f11453a6f18bb194eeb55b3bdc5fdfd4"
    );
    let mut other = text.clone();
    other.text.push('!');
    assert_ne!(other.digest(), text.digest());
}
