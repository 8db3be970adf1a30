use baton_domain::{CommandBody, OutboundState, Refusal};
use baton_protocol::{Acted, ComposeLock};

use super::office::{member, reply_text};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Input};

fn locks(office: &Office, desk: usize) -> usize {
    let taken = |body: &&CommandBody| matches!(body, CommandBody::TakeLock { .. });
    office.desks[desk].submitted.iter().filter(taken).count()
}

#[test]
fn the_first_character_takes_the_lock_and_everybody_sees_it() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    assert_eq!(office.types(ANNA, enquiry, ""), ComposeLock::None);
    assert_eq!(locks(&office, ANNA), 0);
    assert_eq!(office.types(ANNA, enquiry, "D"), ComposeLock::Asked);
    assert_eq!(office.types(ANNA, enquiry, "De"), ComposeLock::Mine);
    assert_eq!(locks(&office, ANNA), 1, "one character, one lock");
    assert_eq!(office.shown(BEN, enquiry).lock.as_ref().unwrap().member, member(ANNA));
    // Ben can type, and is told why he can't send.
    office.types(BEN, enquiry, "H");
    match office.types(BEN, enquiry, "Hi") {
        ComposeLock::Theirs {
            refusal: Refusal::LockedBy { member: who, .. },
        } => assert_eq!(who, member(ANNA)),
        other => panic!("{other:?}"),
    }
    let sent = office.sends(BEN, enquiry);
    assert!(matches!(
        office.acted(BEN, sent),
        Acted::Refused {
            refusal: Refusal::LockedBy { .. }
        }
    ));
    let draft = office.desks[BEN].engine.opened(enquiry, Vec::new()).unwrap().draft;
    assert_eq!(draft.unwrap().text, "Hi", "his text is kept");
}

#[test]
fn the_lock_is_renewed_while_there_is_a_draft_and_goes_with_it() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "Dear Carl");
    office.advance(60_000);
    assert!(
        (3..=5).contains(&office.desks[ANNA].renewals),
        "{}",
        office.desks[ANNA].renewals
    );
    office.ask(ANNA, Ask::Discard { conversation: enquiry });
    office.settle();
    assert_eq!(office.real(enquiry).lock, None);
    let before = office.desks[ANNA].renewals;
    office.advance(60_000);
    assert_eq!(office.desks[ANNA].renewals, before);
}

#[test]
fn a_reply_leaves_with_the_lock_and_what_was_on_screen() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "Yes, we do.");
    let sent = office.sends(ANNA, enquiry);
    let Acted::Done {
        undoable: true,
        undo_until: Some(until),
        ..
    } = office.acted(ANNA, sent)
    else {
        panic!("{:?}", office.acted(ANNA, sent));
    };
    assert_eq!(until, office.now.plus_ms(10_000));
    assert_eq!(office.real(enquiry).owner, Some(member(ANNA)), "replying claims");
    assert_eq!(
        office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap().draft,
        None
    );
    office.all_agree();
}

#[test]
fn a_reply_over_an_unseen_message_is_refused_and_its_text_kept() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let seen = office.on_screen(ANNA, enquiry);
    office.types(ANNA, enquiry, "Yes, we do.");
    office.carl_writes(Some(enquiry), "Make it 50.");
    let sent = office.sends_having_seen(ANNA, enquiry, seen);
    match office.acted(ANNA, sent) {
        Acted::Refused {
            refusal: Refusal::NewerMessage { message },
        } => assert_eq!(message.preview, "Make it 50."),
        other => panic!("{other:?}"),
    }
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.draft.unwrap().text, "Yes, we do.");
    assert_eq!(office.held(ANNA), vec![]);
    // She has read it, and sends.
    let sent = office.sends(ANNA, enquiry);
    assert!(matches!(office.acted(ANNA, sent), Acted::Done { .. }));
    assert_eq!(office.real(enquiry).outbound.len(), 1);
}

#[test]
fn a_reply_taken_back_is_a_draft_again() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "Yes, we do.");
    office.sends(ANNA, enquiry);
    let undo = office.ask(ANNA, Ask::Undo);
    office.settle();
    assert!(matches!(office.acted(ANNA, undo), Acted::Done { .. }));
    assert!(matches!(
        office.real(enquiry).outbound[0].state,
        OutboundState::Cancelled { .. }
    ));
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.draft.unwrap().text, "Yes, we do.");
}

#[test]
fn what_another_device_of_mine_wrote_is_shown_unless_it_has_left_or_i_write_here() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let found = |office: &Office, text: &str, revision: u64| {
        let draft = baton_protocol::Draft {
            id: baton_domain::DraftId(super::office::uuid(9)),
            conversation: enquiry,
            member: member(ANNA),
            text: reply_text(text),
            revision,
            saved_at: office.now,
        };
        Input::DraftFound(Box::new(draft))
    };
    let draft = |office: &Office| {
        office.desks[ANNA]
            .engine
            .opened(enquiry, Vec::new())
            .unwrap()
            .draft
            .map(|d| d.text)
    };
    let there = found(&office, "From my laptop", 1);
    office.input(ANNA, there);
    assert_eq!(draft(&office).as_deref(), Some("From my laptop"));
    office.types(ANNA, enquiry, "From here");
    let later = found(&office, "From my laptop again", u64::MAX);
    office.input(ANNA, later);
    assert_eq!(draft(&office).as_deref(), Some("From here"));
    office.sends(ANNA, enquiry);
    let rest = found(&office, "From here", u64::MAX);
    office.input(ANNA, rest);
    assert_eq!(draft(&office), None, "it has left");
}

#[test]
fn every_keystroke_survives_a_crash() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "Dear Ca");
    office.crash(ANNA);
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.draft.unwrap().text, "Dear Ca");
    // Somebody who was typing a moment ago has the lock again, without typing.
    office.connect(ANNA);
    assert_eq!(office.real(enquiry).lock.as_ref().unwrap().member, member(ANNA));
}

#[test]
fn a_crash_between_send_and_the_answer_sends_once() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "Yes, we do.");
    office.mute = true;
    office.sends(ANNA, enquiry);
    assert_eq!(office.real(enquiry).outbound.len(), 1, "the referee had accepted it");
    office.crash(ANNA);
    office.mute = false;
    office.connect(ANNA);
    office.advance(30_000);
    assert_eq!(office.real(enquiry).outbound.len(), 1);
    assert_eq!(office.held(ANNA), vec![]);
    assert_eq!(office.desks[ANNA].engine.connection().waiting, 0);
    office.all_agree();
}
