//! Under which name a reply leaves, and what becomes of it when a provider asks for patience.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeSet;

use baton_domain::CommandBody as Do;
use baton_domain::{
    Address, CancelReason, Capability, DocumentBody, DraftText, GivenBack, Invalid, MINUTE_MS, MessageId,
    OutboundState, Refusal, Status,
};
use support::{ANNA, CHASE, SALES_AT, Team};

fn with_alias() -> Team {
    let mut team = Team::with_enquiry();
    let account = team.accounts.get_mut(&SALES_AT).unwrap();
    account.aliases = vec!["Hello@baton.example".to_owned()];
    team
}

/// Anna's reply from an address, or why not.
fn from(team: &mut Team, address: &str) -> Result<Address, Refusal> {
    team.act(ANNA, Do::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    let saved = team.draft.as_mut().unwrap();
    saved.text.from = Some(address.to_owned());
    let now = saved.text.digest();
    if let Do::Reply { digest, .. } = &mut body {
        *digest = now;
    }
    let command = team.command(baton_domain::Actor::Member { id: ANNA }, body);
    team.run(&command)?;
    Ok(team.conversation().outbound.last().unwrap().from.clone())
}

#[test]
fn a_reply_leaves_under_an_alias_of_its_account_and_under_nothing_else() {
    assert_eq!(
        from(&mut with_alias(), " hello@BATON.example").unwrap().email,
        "Hello@baton.example"
    );
    assert_eq!(
        from(&mut with_alias(), "sales@baton.example").unwrap().email,
        "sales@baton.example"
    );
    assert_eq!(
        from(&mut with_alias(), "boss@baton.example"),
        Err(Refusal::Invalid {
            field: "from".to_owned(),
            why: Invalid::Unknown
        })
    );
}

#[test]
fn whoever_may_only_send_on_behalf_is_named_beside_the_sender() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    assert_eq!(team.conversation().outbound(reply).unwrap().sender, None);

    let mut team = Team::with_enquiry();
    let lesser: BTreeSet<_> = [
        Capability::Read,
        Capability::Comment,
        Capability::Work,
        Capability::Assign,
        Capability::SendOnBehalf,
    ]
    .into();
    for access in &mut team.inbox.access {
        access.capabilities.clone_from(&lesser);
    }
    let reply = team.reply(ANNA, CHASE);
    let outbound = team.conversation().outbound(reply).unwrap();
    assert_eq!(outbound.from.email, "sales@baton.example");
    assert_eq!(outbound.sender.as_ref().unwrap().email, "anna@baton.example");
}

fn sent_away(team: &mut Team, outbound: MessageId, reason: &str, minutes: i64) {
    let not_before = Some(team.now.plus_ms(minutes * MINUTE_MS));
    team.system(Do::OutboundReturned {
        outbound,
        reason: reason.to_owned(),
        not_before,
    })
    .unwrap();
}

#[test]
fn a_request_for_patience_is_seen_and_holds_the_next_attempt_back() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.now = team.now.plus_ms(10_000);
    // At the door, before anything was offered.
    sent_away(&mut team, reply, "450 greylisted", 1);
    let outbound = team.conversation().outbound(reply).unwrap();
    assert_eq!(outbound.state, OutboundState::Queued);
    assert_eq!(outbound.not_before, team.now.plus_ms(MINUTE_MS));
    let fence = Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    };
    assert!(team.system(fence.clone()).is_err(), "not before its time");
    team.now = team.now.plus_ms(MINUTE_MS);
    team.system(fence).unwrap();
    // Behind the fence, with the whole message.
    sent_away(&mut team, reply, "452 no room", 2);
    let outbound = team.conversation().outbound(reply).unwrap();
    assert_eq!(
        outbound.given_back,
        Some(GivenBack {
            reason: "452 no room".to_owned(),
            times: 2
        })
    );
    team.delivered(reply);
    assert!(matches!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Sent { .. }
    ));
}

#[test]
fn while_it_waits_for_its_next_attempt_its_author_or_the_customer_can_stop_it() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.now = team.now.plus_ms(10_000);
    sent_away(&mut team, reply, "450 greylisted", 8);
    team.carl("Forget it, we need fifty.");
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::CustomerWrote
        }
    );

    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    sent_away(&mut team, reply, "450 greylisted", 8);
    team.act(ANNA, Do::CancelSend { outbound: reply });
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::Undone
        }
    );
}

#[test]
fn trouble_of_the_account_is_no_request_for_patience_with_the_reply() {
    let mut team = Team::with_enquiry();
    let reply = team.reply(ANNA, CHASE);
    team.system(Do::OutboundReturned {
        outbound: reply,
        reason: "no network".to_owned(),
        not_before: None,
    })
    .unwrap();
    assert_eq!(team.conversation().outbound(reply).unwrap().given_back, None);
}

#[test]
fn a_digest_covers_the_alias_the_receipt_and_where_an_image_stands() {
    let plain = DraftText {
        text: "Gladly.".to_owned(),
        files: vec![baton_domain::OutgoingFile {
            name: "plan.png".to_owned(),
            mime: "image/png".to_owned(),
            size: 1,
            blob: baton_domain::BlobId::of(b"x"),
            inline: false,
        }],
        ..DraftText::default()
    };
    let changes: [fn(&mut DraftText); 3] = [
        |draft| draft.from = Some("hello@baton.example".to_owned()),
        |draft| draft.receipt = true,
        |draft| draft.files[0].inline = true,
    ];
    for change in changes {
        let mut other = plain.clone();
        change(&mut other);
        assert_ne!(other.digest(), plain.digest());
    }
}

#[test]
fn a_signature_is_its_members_own_affair() {
    let team = Team::with_enquiry();
    let members = &team.members;
    let documents = std::collections::BTreeMap::new();
    let put = |member: baton_domain::Member| {
        let mut team = Team::with_enquiry();
        let command = team.command(
            baton_domain::Actor::Member { id: ANNA },
            Do::PutDocument {
                document: Box::new(DocumentBody::Member(member)),
            },
        );
        let context = baton_domain::DocumentContext {
            documents: &documents,
            members,
            conversations: 0,
        };
        baton_domain::decide_document(&command, context).map(|entry| entry.is_some())
    };
    let signed = |id| {
        let mut member = members[&id].clone();
        member.signature = Some("Yours".to_owned());
        member
    };
    assert_eq!(put(signed(ANNA)), Ok(true));
    assert!(put(signed(support::BEN)).is_err());
}

/// Anna's reply, to leave so many minutes from now.
fn scheduled(team: &mut Team, minutes: i64) -> MessageId {
    team.act(ANNA, Do::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    let at = team.now.plus_ms(minutes * MINUTE_MS);
    if let Do::Reply { send_at, .. } = &mut body {
        *send_at = Some(at);
    }
    team.act(ANNA, body);
    team.conversation().outbound.last().unwrap().id
}

#[test]
fn a_scheduled_reply_leaves_at_its_time_under_that_date_and_the_chase_counts_from_there() {
    let mut team = Team::with_enquiry();
    // Thursday 15:20 and 18 hours: Friday 09:20.
    let reply = scheduled(&mut team, 18 * 60);
    let outbound = team.conversation().outbound(reply).unwrap().clone();
    assert_eq!(outbound.not_before, support::berlin("2026-11-27T09:20"));
    assert_eq!(outbound.date(), outbound.not_before);
    let fence = Do::OutboundSending {
        outbound: reply,
        attempt: 1,
    };
    team.now = team.now.plus_ms(17 * 60 * MINUTE_MS);
    assert!(team.system(fence.clone()).is_err(), "not before its time");
    team.now = outbound.not_before;
    team.system(fence).unwrap();
    let lead = team.conversation();
    assert_eq!(
        lead.follow_up.as_ref().unwrap().due,
        support::berlin("2026-12-01T09:20"),
        "two business days after it leaves"
    );
    assert_eq!((lead.status, lead.unanswered_since), (Status::Waiting, None));
    assert_eq!(lead.last_message.as_ref().unwrap().id, reply);
}

#[test]
fn a_scheduled_reply_changes_nothing_until_it_leaves() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let (enquiry, waits_since) = {
        let lead = team.conversation();
        (lead.last_message.clone(), lead.unanswered_since)
    };
    team.act(ANNA, Do::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    if let Do::Reply {
        send_at, quote, close, ..
    } = &mut body
    {
        *send_at = Some(team.now.plus_ms(60 * MINUTE_MS));
        *quote = Some(baton_domain::Money {
            cents: 1_800_000,
            currency: "EUR".to_owned(),
        });
        *close = Some(baton_domain::Outcome::Won);
    }
    team.act(ANNA, body);
    let lead = team.conversation();
    let reply = lead.outbound.last().unwrap().id;
    assert_eq!((lead.status, &lead.follow_up), (Status::Assigned, &None));
    assert_eq!((lead.replies, lead.messages), (0, 1));
    assert_eq!((&lead.last_message, lead.unanswered_since), (&enquiry, waits_since));
    assert!(lead.quotes.is_empty() && lead.closing.is_none() && lead.provisional.is_none());
    assert!(lead.lock.is_none(), "she has sent: others may write");
    // Taking it back has nothing to put back.
    let mut taken_back = team.conversation().clone();
    team.act(ANNA, Do::CancelSend { outbound: reply });
    let lead = team.conversation();
    taken_back.outbound.clone_from(&lead.outbound);
    taken_back.version = lead.version;
    assert_eq!(*lead, taken_back);
}

#[test]
fn a_scheduled_reply_that_failed_puts_back_what_it_changed_when_it_left() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(ANNA, Do::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    if let Do::Reply { send_at, close, .. } = &mut body {
        *send_at = Some(team.now.plus_ms(60 * MINUTE_MS));
        *close = Some(baton_domain::Outcome::Won);
    }
    team.act(ANNA, body);
    let before = team.conversation().clone();
    let outbound = before.outbound.last().unwrap().id;
    team.now = team.now.plus_ms(60 * MINUTE_MS);
    team.system(Do::OutboundSending { outbound, attempt: 1 }).unwrap();
    let lead = team.conversation();
    assert_eq!((lead.status, lead.replies), (Status::Won, 1));
    team.system(Do::OutboundReturned {
        outbound,
        reason: "no route".to_owned(),
        not_before: None,
    })
    .unwrap();
    team.system(Do::OutboundSending { outbound, attempt: 2 }).unwrap();
    assert_eq!(
        team.conversation().replies,
        1,
        "it counts once, however often it is tried"
    );
    team.system(Do::OutboundFailed {
        outbound,
        reason: "550 no such user".to_owned(),
    })
    .unwrap();
    let lead = team.conversation();
    assert_eq!((lead.status, &lead.closing, lead.replies), (Status::Assigned, &None, 0));
    assert_eq!(
        (lead.unanswered_since, &lead.last_message),
        (before.unanswered_since, &before.last_message)
    );
}

#[test]
fn what_is_decided_after_a_scheduled_reply_left_is_not_its_doing() {
    let mut team = Team::with_enquiry();
    let outbound = scheduled(&mut team, 60);
    team.now = team.now.plus_ms(60 * MINUTE_MS);
    team.system(Do::OutboundSending { outbound, attempt: 1 }).unwrap();
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(baton_domain::Outcome::Lost),
            reason: None,
        },
    );
    team.system(Do::OutboundFailed {
        outbound,
        reason: "550 no such user".to_owned(),
    })
    .unwrap();
    assert_eq!(team.conversation().status, Status::Lost);
}

#[test]
fn a_scheduled_reply_takes_an_unowned_conversation_and_gives_way_to_a_colleague_who_answers_first() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 60);
    let lead = team.conversation();
    assert_eq!((lead.owner, lead.status), (Some(ANNA), Status::Assigned));
    team.now = team.now.plus_ms(MINUTE_MS);
    team.act(support::BEN, Do::TakeLock { cover: true });
    let body = team.reply_body(support::BEN, CHASE);
    team.act(support::BEN, body);
    let state = |team: &Team, id| team.conversation().outbound(id).unwrap().state.clone();
    assert_eq!(
        state(&team, reply),
        OutboundState::Cancelled {
            why: CancelReason::ColleagueAnswered
        }
    );
    let lead = team.conversation();
    assert_eq!((lead.replies, lead.status), (1, Status::Waiting), "Ben's, and no other");
}

#[test]
fn of_two_scheduled_replies_the_one_that_leaves_first_stops_the_colleagues() {
    let mut team = Team::with_enquiry();
    let hers = scheduled(&mut team, 60);
    team.act(support::BEN, Do::TakeLock { cover: true });
    let mut body = team.reply_body(support::BEN, CHASE);
    if let Do::Reply { send_at, .. } = &mut body {
        *send_at = Some(team.now.plus_ms(30 * MINUTE_MS));
    }
    team.act(support::BEN, body);
    let his = team.conversation().outbound.last().unwrap().id;
    assert_eq!(team.conversation().outbound(hers).unwrap().state, OutboundState::Queued);
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.delivered(his);
    assert_eq!(
        team.conversation().outbound(hers).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::ColleagueAnswered
        }
    );
}

#[test]
fn a_scheduled_reply_comes_back_when_the_conversation_becomes_somebody_elses() {
    let assign = Do::Assign {
        to: support::BEN,
        context: None,
    };
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 60);
    team.act(support::MIRA, assign.clone());
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::OwnerChanged
        }
    );
    // Where anybody may answer, it leaves all the same.
    let mut team = Team::with_enquiry();
    team.inbox.policy.reply = baton_domain::ReplyPolicy::Anyone;
    let reply = scheduled(&mut team, 60);
    team.act(support::MIRA, assign);
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Queued
    );
    // Nor does it come back when its own author takes over.
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 60);
    team.act(ANNA, Do::Release);
    team.act(ANNA, Do::Claim);
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Queued
    );
}

#[test]
fn a_customer_who_writes_after_its_time_but_before_it_left_stops_it_too() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 60);
    // The host is away: nothing left at its time.
    team.now = team.now.plus_ms(90 * MINUTE_MS);
    team.carl("Still there?");
    assert!(matches!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::CustomerWrote
        }
    ));
}

#[test]
fn a_conversation_that_was_closed_meanwhile_stays_closed_when_the_scheduled_reply_leaves() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 60);
    team.now = team.now.plus_ms(MINUTE_MS);
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(baton_domain::Outcome::Won),
            reason: None,
        },
    );
    team.now = team.now.plus_ms(60 * MINUTE_MS);
    team.delivered(reply);
    let lead = team.conversation();
    assert_eq!((lead.status, lead.replies), (Status::Won, 1));
}

#[test]
fn a_customer_who_writes_first_gets_no_scheduled_reply() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 18 * 60);
    team.now = team.now.plus_ms(60 * MINUTE_MS);
    team.carl("We took another one.");
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Cancelled {
            why: CancelReason::CustomerWrote
        }
    );
    assert!(team.conversation().unanswered_since.is_some());
}

#[test]
fn a_scheduled_reply_can_leave_now_or_not_at_all_if_its_author_says_so() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 18 * 60);
    assert!(matches!(
        team.refused(support::BEN, Do::SendNow { outbound: reply }),
        Refusal::NotOwner { .. }
    ));
    team.now = team.now.plus_ms(MINUTE_MS);
    team.act(ANNA, Do::SendNow { outbound: reply });
    let outbound = team.conversation().outbound(reply).unwrap().clone();
    assert_eq!((outbound.not_before, outbound.date()), (team.now, team.now));
    team.delivered(reply);
    assert_eq!(team.try_as(ANNA, Do::SendNow { outbound: reply }), Ok(Vec::new()));

    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 18 * 60);
    team.act(ANNA, Do::CancelSend { outbound: reply });
    assert_eq!(team.refused(ANNA, Do::SendNow { outbound: reply }), Refusal::Gone);
}

#[test]
fn a_time_within_the_undo_window_schedules_nothing() {
    let mut team = Team::with_enquiry();
    let reply = scheduled(&mut team, 0);
    let outbound = team.conversation().outbound(reply).unwrap();
    assert_eq!((outbound.send_at, outbound.date()), (None, outbound.queued_at));
}
