//! A message passed on to somebody outside: it leaves as a reply does, and answers nobody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::CommandBody as Do;
use baton_domain::{
    Address, Capability, DraftId, DraftText, Event, HOUR_MS, Invalid, MINUTE_MS, MemberId, MessageId, Outbound,
    OutboundState, Refusal, SavedDraft, Settlement,
};
use support::{ANNA, BEN, CHASE, Team};

fn passing_on(message: MessageId) -> DraftText {
    DraftText {
        to: vec![Address {
            name: "Forwarding agent".to_owned(),
            email: "quotes@freight.example".to_owned(),
        }],
        subject: "Fwd: Forty seats".to_owned(),
        text: "Can you deliver these?\n\n---------- Forwarded message ----------".to_owned(),
        forwards: Some(message),
        ..DraftText::default()
    }
}

fn forward_body(team: &mut Team, member: MemberId, text: DraftText) -> Do {
    let draft = DraftId(team.id());
    let digest = text.digest();
    team.draft = Some(SavedDraft {
        id: draft,
        member,
        text,
        files_present: true,
    });
    Do::Forward { draft, digest }
}

fn try_forward(team: &mut Team, member: MemberId, text: DraftText) -> Result<Vec<Event>, Refusal> {
    let body = forward_body(team, member, text);
    let command = team.command(baton_domain::Actor::Member { id: member }, body);
    team.run(&command)
}

fn forward(team: &mut Team, member: MemberId) -> MessageId {
    let newest = team.conversation().last_message.as_ref().unwrap().id;
    try_forward(team, member, passing_on(newest)).unwrap();
    team.conversation().outbound.last().unwrap().id
}

/// All of the conversation but what is on its way out, and how often and when it changed.
fn work_of(team: &Team) -> baton_domain::Conversation {
    let mut work = team.conversation().clone();
    work.outbound.clear();
    work.version = 0;
    work.updated_at = work.created_at;
    work
}

fn state(team: &Team, id: MessageId) -> &OutboundState {
    &team.conversation().outbound(id).unwrap().state
}

#[test]
fn the_customer_waits_as_before_and_the_clocks_run_on() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    team.act(ANNA, Do::Claim);
    let before = work_of(&team);
    assert!(before.unanswered_since.is_some() && before.clocks.iter().any(baton_domain::Clock::is_open));
    let id = forward(&mut team, ANNA);
    assert_eq!(work_of(&team), before);
    team.delivered(id);
    assert!(matches!(state(&team, id), OutboundState::Sent { .. }));
    assert_eq!(work_of(&team), before, "nothing but the forward itself");
    assert_eq!((before.replies, before.provisional), (0, None));
}

#[test]
fn it_begins_a_thread_of_its_own_under_an_id_of_ours() {
    let mut team = Team::with_enquiry();
    let id = forward(&mut team, ANNA);
    let outbound = team.conversation().outbound(id).unwrap();
    assert!(outbound.is_forward() && !outbound.header_id.is_empty());
    assert_eq!((outbound.in_reply_to.as_ref(), outbound.references.len()), (None, 0));
    assert_eq!(outbound.by, ANNA);
}

#[test]
fn a_colleagues_lock_stays_theirs_and_their_reply_counts() {
    let mut team = Team::with_enquiry();
    team.act(BEN, Do::Claim);
    team.act(BEN, Do::TakeLock { cover: false });
    let lock = team.conversation().lock.clone();
    assert!(lock.is_some());
    let id = forward(&mut team, ANNA);
    assert_eq!(team.conversation().lock, lock);
    // Neither is in the other's way.
    let body = team.reply_body(BEN, CHASE);
    team.act(BEN, body);
    assert_eq!(team.conversation().replies, 1);
    assert_eq!(*state(&team, id), OutboundState::Queued);
}

#[test]
fn what_brings_a_reply_back_lets_a_forward_go() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let id = forward(&mut team, ANNA);
    let message = team.message("And ten more, please.");
    team.receive(message, true);
    assert_eq!(*state(&team, id), OutboundState::Queued);
}

#[test]
fn it_is_taken_back_refused_or_settled_without_a_trace_in_the_work() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let before = work_of(&team);

    let undone = forward(&mut team, ANNA);
    team.act(ANNA, Do::CancelSend { outbound: undone });
    assert!(matches!(state(&team, undone), OutboundState::Cancelled { .. }));

    let refused = forward(&mut team, ANNA);
    team.system(Do::OutboundFailed {
        outbound: refused,
        reason: "550 no such mailbox".to_owned(),
    })
    .unwrap();

    for how in [Settlement::Delivered, Settlement::Drop] {
        let unknown = forward(&mut team, ANNA);
        team.now = team.now.plus_ms(MINUTE_MS);
        team.system(Do::OutboundSending {
            outbound: unknown,
            attempt: 1,
        })
        .unwrap();
        team.system(Do::OutboundUnknown {
            outbound: unknown,
            reason: "the connection broke".to_owned(),
        })
        .unwrap();
        team.act(ANNA, Do::SettleUnknown { outbound: unknown, how });
    }
    assert_eq!(work_of(&team), before);
}

#[test]
fn it_never_passes_the_fence_twice() {
    let mut team = Team::with_enquiry();
    let id = forward(&mut team, ANNA);
    team.now = team.now.plus_ms(HOUR_MS);
    let sending = || Do::OutboundSending {
        outbound: id,
        attempt: 1,
    };
    team.system(sending()).unwrap();
    assert_eq!(team.system(sending()), Err(Refusal::AlreadyLeaving));
}

#[test]
fn it_needs_the_right_to_send_and_somebody_to_go_to() {
    let mut team = Team::with_enquiry();
    let newest = team.conversation().last_message.as_ref().unwrap().id;
    let nobody = DraftText {
        to: Vec::new(),
        ..passing_on(newest)
    };
    let invalid = |field: &str, why: Invalid| {
        Err(Refusal::Invalid {
            field: field.to_owned(),
            why,
        })
    };
    assert_eq!(try_forward(&mut team, ANNA, nobody), invalid("to", Invalid::Empty));
    let nothing = DraftText {
        forwards: None,
        ..passing_on(newest)
    };
    assert_eq!(
        try_forward(&mut team, ANNA, nothing),
        invalid("forwards", Invalid::Empty)
    );

    team.may_only_read(ANNA);
    assert!(matches!(
        try_forward(&mut team, ANNA, passing_on(newest)),
        Err(Refusal::NotPermitted {
            needs: Capability::SendOnBehalf,
            ..
        })
    ));
}

#[test]
fn a_forward_never_leaves_as_a_reply() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::TakeLock { cover: false });
    let newest = team.conversation().last_message.as_ref().unwrap().id;
    let mut body = team.reply_body(ANNA, CHASE);
    let saved = team.draft.as_mut().unwrap();
    saved.text = passing_on(newest);
    let now = saved.text.digest();
    if let Do::Reply { digest, .. } = &mut body {
        *digest = now;
    }
    let command = team.command(baton_domain::Actor::Member { id: ANNA }, body);
    assert_eq!(
        team.run(&command),
        Err(Refusal::Invalid {
            field: "draft".to_owned(),
            why: Invalid::NotNow
        })
    );
}

#[test]
fn the_digest_says_what_is_passed_on() {
    let one = passing_on(MessageId(uuid::Uuid::from_u128(1)));
    let other = passing_on(MessageId(uuid::Uuid::from_u128(2)));
    let none = DraftText {
        forwards: None,
        ..one.clone()
    };
    assert_ne!(one.digest(), other.digest());
    assert_ne!(one.digest(), none.digest());
}

#[test]
fn what_was_stored_before_is_a_reply() {
    let mut team = Team::with_enquiry();
    let id = team.reply(ANNA, CHASE);
    let reply = team.conversation().outbound(id).unwrap().clone();
    let stored = serde_json::to_value(&reply).unwrap();
    assert!(stored["draft"].get("forwards").is_none(), "a reply is stored as before");
    let loaded: Outbound = serde_json::from_value(stored).unwrap();
    assert!(!loaded.is_forward());
    assert_eq!(loaded, reply);
}
