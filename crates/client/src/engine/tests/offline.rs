use baton_domain::{CommandBody, DAY_MS, HOUR_MS, Outcome, Refusal, Status};
use baton_protocol::{Acted, ComposeLock, ErrorCode, HeldReason, HeldResolution};

use super::office::{member, note};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};

#[test]
fn what_was_done_offline_is_applied_once_on_return() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(BEN);
    let due = office.now.plus_ms(DAY_MS);
    office.act(BEN, enquiry, note("Carl prefers the phone"));
    office.act(
        BEN,
        enquiry,
        CommandBody::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    let (outcome, reason) = (Some(Outcome::Lost), Some("Too dear".to_owned()));
    assert!(matches!(
        office.act(BEN, enquiry, CommandBody::Close { outcome, reason }),
        Acted::Pending { .. }
    ));
    assert_eq!(office.shown(BEN, enquiry).status, Status::Lost, "foreseen");
    assert_eq!(office.desks[BEN].engine.connection().waiting, 3);
    let opened = office.desks[BEN].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.pending.len(), 3);
    assert_eq!(opened.thread.len(), 1, "the note shows, marked as pending");

    // The program even dies and comes back in between.
    office.crash(BEN);
    assert_eq!(office.shown(BEN, enquiry).status, Status::Lost);
    office.connect(BEN);
    assert_eq!(office.real(enquiry).status, Status::Lost);
    assert_eq!(office.real(enquiry).notes, 1);
    assert_eq!(office.held(BEN), vec![]);
    // A connection lost after the server heard it and before it answered changes nothing.
    office.cut(BEN);
    office.connect(BEN);
    assert_eq!(office.real(enquiry).notes, 1);
    office.all_agree();
}

#[test]
fn an_answer_lost_with_the_connection_is_asked_for_again() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.mute = true;
    let (body, last_seen) = (note("Once"), None);
    office.ask(
        ANNA,
        Ask::Act {
            conversation: enquiry,
            body,
            last_seen,
        },
    );
    office.settle();
    office.mute = false;
    office.cut(ANNA);
    office.crash(ANNA);
    office.connect(ANNA);
    assert_eq!(office.real(enquiry).notes, 1);
    office.all_agree();
}

#[test]
fn a_reply_written_offline_leaves_when_nothing_has_changed() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(BEN);
    assert_eq!(office.types(BEN, enquiry, "Yes, we do."), ComposeLock::Offline);
    let sent = office.sends(BEN, enquiry);
    assert!(matches!(office.acted(BEN, sent), Acted::Pending { .. }));
    let opened = office.desks[BEN].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.draft, None, "the composer is free again");
    office.crash(BEN);
    office.connect(BEN);
    assert_eq!(office.real(enquiry).outbound.len(), 1);
    assert_eq!(office.real(enquiry).outbound[0].draft.text, "Yes, we do.");
    assert_eq!(office.held(BEN), vec![]);
    office.all_agree();
}

#[test]
fn a_reply_written_offline_is_held_when_it_was_answered_meanwhile() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(BEN);
    office.types(BEN, enquiry, "Yes, we do.");
    office.sends(BEN, enquiry);
    office.types(ANNA, enquiry, "Of course.");
    office.sends(ANNA, enquiry);
    office.connect(BEN);
    let held = office.desks[BEN].engine.held_list();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].draft.as_ref().unwrap().text, "Yes, we do.");
    let by = Some(member(ANNA));
    assert!(
        matches!(&held[0].why, HeldReason::Newer { refusal: Refusal::AlreadyAnswered { by: who, .. } } if *who == by),
        "{:?}",
        held[0].why
    );
    assert_eq!(office.real(enquiry).outbound.len(), 1, "only Anna's left");
    // Its text becomes a note for the new owner.
    assert!(matches!(
        office.resolve(BEN, held[0].id, HeldResolution::MakeNote),
        Acted::Done { .. }
    ));
    assert_eq!(office.real(enquiry).notes, 1);
    assert_eq!(office.held(BEN), vec![]);
}

#[test]
fn a_reply_written_offline_is_held_when_the_customer_wrote_again() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(BEN);
    office.types(BEN, enquiry, "Yes, we do.");
    office.sends(BEN, enquiry);
    office.carl_writes(Some(enquiry), "Make it 50.");
    office.connect(BEN);
    let held = office.desks[BEN].engine.held_list();
    assert!(matches!(
        held[0].why,
        HeldReason::Newer {
            refusal: Refusal::NewerMessage { .. }
        }
    ));
    // Having read it, he sends it all the same.
    assert!(matches!(
        office.resolve(BEN, held[0].id, HeldResolution::Retry),
        Acted::Done { .. }
    ));
    assert_eq!(office.real(enquiry).outbound.len(), 1);
}

#[test]
fn a_reply_written_offline_is_held_when_the_owner_changed() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(BEN);
    office.types(BEN, enquiry, "Yes, we do.");
    office.sends(BEN, enquiry);
    let to = member(ANNA);
    assert!(matches!(
        office.act(ANNA, enquiry, CommandBody::Assign { to, context: None }),
        Acted::Done { .. }
    ));
    office.connect(BEN);
    let held = office.desks[BEN].engine.held_list();
    assert_eq!(
        held[0].why,
        HeldReason::OwnerChanged {
            owner: Some(member(ANNA))
        }
    );
}

#[test]
fn a_reply_written_offline_does_not_leave_after_a_day() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(BEN);
    office.types(BEN, enquiry, "Yes, we do.");
    office.sends(BEN, enquiry);
    office.jump(25 * HOUR_MS);
    office.connect(BEN);
    assert_eq!(office.held(BEN)[0].1, HeldReason::TooOld);
    assert!(office.real(enquiry).outbound.is_empty());
}

#[test]
fn what_nobody_has_heard_of_is_simply_taken_back() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    office.act(ANNA, enquiry, CommandBody::Claim);
    let undo = office.ask(ANNA, Ask::Undo);
    assert!(matches!(office.acted(ANNA, undo), Acted::Done { .. }));
    assert_eq!(office.shown(ANNA, enquiry).owner, None);
    office.connect(ANNA);
    assert_eq!(office.real(enquiry).owner, None);
    office.all_agree();
}

#[test]
fn a_server_that_can_take_no_draft_is_asked_again_now_and_then_on_the_same_connection() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    office.types(ANNA, enquiry, "We do.");
    office.sends(ANNA, enquiry);
    office.refuses = Some(ErrorCode::DiskFull);
    office.connect(ANNA);
    office.advance(60_000);
    let desk = &office.desks[ANNA];
    assert!((2..=6).contains(&desk.offered), "{} times in a minute", desk.offered);
    assert_eq!(desk.reconnects, 0);
    assert_eq!(desk.engine.connection().waiting, 1);

    office.refuses = None;
    office.advance(20_000);
    assert_eq!(office.desks[ANNA].engine.connection().waiting, 0);
    assert_eq!(office.real(enquiry).outbound.len(), 1);
    office.all_agree();
}

#[test]
fn a_reply_that_nobody_answers_waits_also_while_the_connection_has_not_noticed() {
    // A server is killed, and the desktop's next question fails before its socket ends.
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.types(ANNA, enquiry, "We do.");
    office.refuses = Some(ErrorCode::Unreachable);
    let ticket = office.sends(ANNA, enquiry);
    assert!(matches!(office.acted(ANNA, ticket), Acted::Pending { .. }));
    office.cut(ANNA);
    office.refuses = None;
    office.connect(ANNA);
    office.advance(20_000);
    assert_eq!(office.real(enquiry).outbound.len(), 1);
    assert!(office.held(ANNA).is_empty());
    office.all_agree();
}

#[test]
fn a_server_that_says_why_it_takes_no_draft_is_heard_and_the_text_stays() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.types(ANNA, enquiry, "We do.");
    office.refuses = Some(ErrorCode::DiskFull);
    let ticket = office.sends(ANNA, enquiry);
    let told = office.told(ANNA, ticket).unwrap();
    assert!(
        matches!(told, Told::Failed(error) if error.code == ErrorCode::DiskFull),
        "{told:?}"
    );
    assert_eq!(office.desks[ANNA].engine.connection().waiting, 0);
    assert!(office.real(enquiry).outbound.is_empty());
}
