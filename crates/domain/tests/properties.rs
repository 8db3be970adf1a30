//! What holds whatever people, channels and clocks do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use baton_domain::CommandBody as Do;
use baton_domain::*;
use proptest::prelude::*;
use support::*;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Act(MemberId, CommandBody),
    Compose(MemberId, bool),
    /// Send with the current token, or with one seen at an earlier step.
    Send(MemberId, AfterReply, Option<usize>),
    Carl,
    OutOfOffice,
    Outside,
    Old,
    Leave,
    Deliver,
    Fail,
    Doubt,
    Settle(MemberId, Settlement),
    Undo(MemberId),
    Wait(i64),
    Deadline,
}

fn anyone() -> impl Strategy<Value = MemberId> {
    prop_oneof![Just(ANNA), Just(BEN), Just(MIRA)]
}

fn context() -> Option<HandoffContext> {
    Some(HandoffContext {
        happened: "So far".to_owned(),
        promised: None,
        next_step: "Go on".to_owned(),
    })
}

fn body() -> impl Strategy<Value = CommandBody> {
    prop_oneof![
        4 => Just(Do::Claim),
        1 => anyone().prop_map(|to| Do::Assign { to, context: context() }),
        1 => Just(Do::Release),
        2 => anyone().prop_map(|to| Do::HandOff { to, context: context() }),
        1 => Just(Do::AcceptHandoff),
        1 => Just(Do::DeclineHandoff { reason: None }),
        1 => Just(Do::Follow),
        1 => Just(Do::SetNextStep { text: "Call".to_owned() }),
        2 => (1i64..200).prop_map(|hours| Do::ScheduleFollowUp {
            due: berlin("2026-11-26T15:20").plus_ms(hours * HOUR_MS),
            zone: None,
            text: None,
        }),
        1 => Just(Do::CompleteFollowUp),
        1 => anyone().prop_map(|on| Do::Block { on: Some(on), address: None, text: "Price?".to_owned() }),
        1 => Just(Do::Unblock),
        1 => Just(Do::Snooze { until: None, zone: None, reason: Some("Later".to_owned()) }),
        1 => Just(Do::Wake),
        1 => Just(Do::AddNote { text: "Hm".to_owned(), mentions: Vec::new() }),
        1 => Just(Do::RequestLock),
        1 => Just(Do::TakeOver),
        1 => Just(Do::AnswerRequest { answer: LockAnswer::Give }),
        1 => Just(Do::NoReplyNeeded),
        1 => Just(Do::NotALead),
        2 => Just(Do::Close { outcome: Some(Outcome::Won), reason: None }),
        1 => Just(Do::Reopen),
    ]
}

fn after() -> impl Strategy<Value = AfterReply> {
    prop_oneof![
        Just(CHASE),
        Just(AfterReply::NothingMore),
        Just(AfterReply::IOwe {
            what: "The offer".to_owned(),
            due: berlin("2026-11-28T12:00")
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (anyone(), body()).prop_map(|(who, body)| Step::Act(who, body)),
        3 => (anyone(), any::<bool>()).prop_map(|(who, cover)| Step::Compose(who, cover)),
        4 => (anyone(), after(), proptest::option::weighted(0.3, 0usize..40))
            .prop_map(|(who, after, stale)| Step::Send(who, after, stale)),
        2 => Just(Step::Carl),
        1 => Just(Step::OutOfOffice),
        1 => Just(Step::Outside),
        1 => Just(Step::Old),
        2 => Just(Step::Leave),
        2 => Just(Step::Deliver),
        1 => Just(Step::Fail),
        1 => Just(Step::Doubt),
        1 => (anyone(), prop_oneof![Just(Settlement::Delivered), Just(Settlement::SendAgain), Just(Settlement::Drop)])
            .prop_map(|(who, how)| Step::Settle(who, how)),
        1 => anyone().prop_map(Step::Undo),
        3 => (1i64..3000).prop_map(|minutes| Step::Wait(minutes * MINUTE_MS)),
        3 => Just(Step::Deadline),
    ]
}

/// Does one step; refusals are part of life. Returns the token a send was accepted with.
fn take(team: &mut Team, step: &Step, tokens: &[u64]) -> Option<u64> {
    let oldest = team
        .conversation()
        .outbound
        .iter()
        .find(|outbound| !outbound.settled())
        .cloned();
    match step {
        Step::Act(who, body) => {
            let _ = team.try_as(*who, body.clone());
        }
        Step::Compose(who, cover) => {
            let _ = team.try_as(*who, Do::TakeLock { cover: *cover });
        }
        Step::Send(who, after, stale) => {
            let Do::Reply {
                draft,
                digest,
                token,
                after,
                ..
            } = team.reply_body(*who, after.clone())
            else {
                panic!()
            };
            let token = stale.and_then(|back| tokens.get(back).copied()).unwrap_or(token);
            let body = Do::Reply {
                draft,
                digest,
                token,
                after,
                quote: None,
                close: None,
                send_at: None,
            };
            if team.try_as(*who, body).is_ok() {
                return Some(token);
            }
        }
        Step::Carl => {
            team.carl("And?");
        }
        Step::OutOfOffice => {
            let mut message = team.message("Away");
            message.kind = MessageKind::AutoReply;
            team.receive(message, true);
        }
        Step::Outside => {
            let mut message = team.message("From Outlook");
            message.direction = Direction::Outside;
            let _ = team.system(Do::ExternalReply {
                message: Box::new(message),
                live: true,
                inbox: SALES,
            });
        }
        Step::Old => {
            let mut message = team.message("Years ago");
            message.at = Timestamp(1);
            team.receive(message, false);
        }
        Step::Leave => {
            if let Some(outbound) = oldest {
                let _ = team.system(Do::OutboundSending {
                    outbound: outbound.id,
                    attempt: outbound.attempt + 1,
                });
            }
        }
        Step::Deliver => {
            if let Some(outbound) = oldest {
                let _ = team.system(Do::OutboundSent {
                    outbound: outbound.id,
                    reply: String::new(),
                });
            }
        }
        Step::Fail => {
            if let Some(outbound) = oldest {
                let _ = team.system(Do::OutboundFailed {
                    outbound: outbound.id,
                    reason: "550".to_owned(),
                });
            }
        }
        Step::Doubt => {
            if let Some(outbound) = oldest {
                let _ = team.system(Do::OutboundUnknown {
                    outbound: outbound.id,
                    reason: "?".to_owned(),
                });
            }
        }
        Step::Settle(who, how) => {
            if let Some(outbound) = oldest {
                let _ = team.try_as(
                    *who,
                    Do::SettleUnknown {
                        outbound: outbound.id,
                        how: *how,
                    },
                );
            }
        }
        Step::Undo(who) => {
            if let Some(outbound) = oldest {
                let _ = team.try_as(*who, Do::CancelSend { outbound: outbound.id });
            }
        }
        Step::Wait(ms) => team.now = team.now.plus_ms(*ms),
        Step::Deadline => {
            if let Some((at, what)) = next_deadline(team.conversation()) {
                team.now = team.now.max(at);
                let _ = team.system(Do::Due { what, at });
            }
        }
    }
    None
}

/// Replays the log from nothing.
fn replayed(team: &Team) -> Option<Conversation> {
    team.log
        .iter()
        .fold(None, |state, (stamp, event)| evolve(state, *stamp, event))
}

proptest! {

    #[test]
    fn rules_hold_whatever_happens(steps in proptest::collection::vec(step(), 1..80)) {
        let mut team = Team::with_enquiry();
        let mut tokens: Vec<u64> = Vec::new();
        for step in &steps {
            let before = team.conversation().clone();
            let logged = team.log.len();
            let sent_with = take(&mut team, step, &tokens);
            let new: Vec<_> = team.log[logged..].to_vec();
            let now = team.conversation().clone();

            // A reply is only ever accepted on the lock that stood right before it, held by its author.
            if let Some(token) = sent_with {
                let lock = before.lock.as_ref().expect("a reply without a lock was accepted");
                prop_assert_eq!(lock.token, token);
                let author = now.outbound.last().map(|outbound| outbound.by);
                prop_assert_eq!(Some(lock.member), author);
                prop_assert!(now.lock.is_none(), "the lock went with the reply");
            }
            // Never two owners: an owner is replaced only by being told so, and not by a claim.
            for (_, event) in &new {
                if let Event::OwnerChanged { how: OwnerChange::Claimed | OwnerChange::Replied, .. } = event {
                    prop_assert!(before.owner.is_none() || before.status.is_over(), "a claim took it from its owner");
                }
            }
            // Tokens only grow.
            if let Some(lock) = &now.lock {
                prop_assert!(tokens.iter().all(|token| *token <= lock.token));
                if tokens.last() != Some(&lock.token) {
                    tokens.push(lock.token);
                }
            }
            // The fence is passed once an attempt, and what is past it is never taken back.
            for outbound in &before.outbound {
                let later = now.outbound(outbound.id);
                if let (OutboundState::Sending, Some(later)) = (&outbound.state, later) {
                    let cancelled = matches!(later.state, OutboundState::Cancelled { .. });
                    prop_assert!(!cancelled, "a reply past the fence was cancelled");
                    prop_assert!(later.attempt == outbound.attempt, "the fence was passed twice");
                }
            }
            // What is over has no deadline, and no date left behind.
            if now.status.is_over() {
                prop_assert_eq!(next_deadline(&now), None);
                prop_assert!(now.closing.is_some(), "over without an outcome");
            } else {
                prop_assert!(now.closing.is_none(), "an outcome on an open lead");
            }
            prop_assert!(now.version as usize == team.log.len());
        }
        // Replaying the log gives the same state.
        let again = replayed(&team);
        prop_assert_eq!(again.as_ref(), Some(team.conversation()));
    }

    #[test]
    fn wishing_twice_is_wishing_once(who in anyone(), body in body(), steps in proptest::collection::vec(step(), 0..30)) {
        let mut team = Team::with_enquiry();
        for step in &steps {
            take(&mut team, step, &[]);
        }
        // Notes, handoffs and snoozes say something new each time; every other wish that came true stays true.
        let repeatable = !matches!(
            body,
            Do::AddNote { .. } | Do::HandOff { .. } | Do::Block { .. } | Do::Snooze { .. } | Do::Assign { .. } | Do::ScheduleFollowUp { .. }
        );
        if repeatable && team.try_as(who, body.clone()).is_ok() {
            match team.try_as(who, body.clone()) {
                Ok(events) => prop_assert!(events.is_empty(), "{body:?} had an effect twice: {events:?}"),
                Err(refusal) => prop_assert!(
                    matches!(refusal, Refusal::Gone | Refusal::LockLost { .. } | Refusal::Invalid { .. }),
                    "{body:?} was done, then refused: {refusal:?}"
                ),
            }
        }
    }
}
