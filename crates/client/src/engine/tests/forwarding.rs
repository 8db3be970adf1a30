//! Passing a message on: no lock is asked for, and nobody's reply is in its way.

use baton_domain::{CommandBody, ConversationId, DAY_MS, DraftText, MessageId, OutboundState};
use baton_protocol::{Acted, ComposeLock, HeldReason};

use super::office::{member, reply_text};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};

fn passing_on(message: MessageId) -> DraftText {
    DraftText {
        forwards: Some(message),
        ..reply_text("Can you deliver these?")
    }
}

fn begins(office: &mut Office, desk: usize, conversation: ConversationId) -> ComposeLock {
    let draft = passing_on(office.on_screen(desk, conversation).unwrap());
    let ticket = office.ask(
        desk,
        Ask::Compose {
            conversation,
            draft,
            cover: false,
        },
    );
    office.settle();
    match office.told(desk, ticket) {
        Some(Told::Composed(composed)) => composed.lock.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_leaves_while_a_colleague_replies_and_the_customer_waits_on() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    assert_eq!(office.types(BEN, enquiry, "D"), ComposeLock::Asked);
    let waits = office.real(enquiry).unanswered_since;

    assert_eq!(begins(&mut office, ANNA, enquiry), ComposeLock::None);
    let sent = office.sends(ANNA, enquiry);
    let acted = office.acted(ANNA, sent);
    assert!(
        matches!(
            acted,
            Acted::Done {
                undo_until: Some(_),
                undoable: true,
                ..
            }
        ),
        "{acted:?}"
    );
    let taken = |body: &CommandBody| matches!(body, CommandBody::TakeLock { .. });
    assert!(!office.desks[ANNA].submitted.iter().any(taken));

    let real = office.real(enquiry);
    assert!(real.outbound[0].is_forward());
    assert_eq!((real.unanswered_since, real.owner), (waits, Some(member(BEN))));
    assert_eq!(real.lock.as_ref().unwrap().member, member(BEN));
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.draft, None, "the composer is free again");
    office.all_agree();
}

#[test]
fn taken_back_it_is_a_forward_again() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    begins(&mut office, ANNA, enquiry);
    let sent = office.sends(ANNA, enquiry);
    let Acted::Done { command, .. } = office.acted(ANNA, sent) else {
        panic!("not done");
    };
    let outbound = MessageId(command.0);
    office.act(ANNA, enquiry, CommandBody::CancelSend { outbound });
    let state = &office.real(enquiry).outbound(outbound).unwrap().state;
    assert!(matches!(state, OutboundState::Cancelled { .. }));
}

#[test]
fn offline_it_waits_and_leaves_whatever_was_written_meanwhile() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    assert_eq!(begins(&mut office, ANNA, enquiry), ComposeLock::None);
    let sent = office.sends(ANNA, enquiry);
    assert!(matches!(office.acted(ANNA, sent), Acted::Pending { .. }));
    office.crash(ANNA);
    office.carl_writes(Some(enquiry), "And ten more.");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.connect(ANNA);
    assert_eq!(office.real(enquiry).outbound.len(), 1);
    assert!(office.real(enquiry).outbound[0].is_forward());
    assert_eq!(office.held(ANNA), vec![]);
    office.all_agree();
}

#[test]
fn after_a_day_offline_it_is_held() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    begins(&mut office, ANNA, enquiry);
    office.sends(ANNA, enquiry);
    office.jump(DAY_MS);
    office.connect(ANNA);
    assert!(office.real(enquiry).outbound.is_empty());
    assert!(
        matches!(
            &office.held(ANNA)[..],
            [(CommandBody::Forward { .. }, HeldReason::TooOld)]
        ),
        "{:?}",
        office.held(ANNA)
    );
}
