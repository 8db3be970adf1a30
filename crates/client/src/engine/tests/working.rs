use baton_domain::{CommandBody, Detail, Details, Outcome, Refusal, Status};
use baton_protocol::{Acted, HeldReason, HeldResolution, View};

use super::office::{member, note, step};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Input, Ticket, Told};

#[test]
fn both_claim_at_once_one_owns_it_and_the_other_is_told_who() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let claim = |office: &mut Office, desk| {
        let (body, last_seen) = (CommandBody::Claim, None);
        office.ask(
            desk,
            Ask::Act {
                conversation: enquiry,
                body,
                last_seen,
            },
        )
    };
    let annas = claim(&mut office, ANNA);
    let bens = claim(&mut office, BEN);
    // Each sees their own wish at once.
    assert_eq!(office.shown(ANNA, enquiry).owner, Some(member(ANNA)));
    assert_eq!(office.shown(BEN, enquiry).owner, Some(member(BEN)));
    office.settle();
    assert!(matches!(office.acted(ANNA, annas), Acted::Done { undoable: true, .. }));
    match office.acted(BEN, bens) {
        Acted::Refused {
            refusal: Refusal::NotOwner { owner, .. },
        } => assert_eq!(owner, member(ANNA)),
        other => panic!("{other:?}"),
    }
    assert_eq!(office.shown(BEN, enquiry).owner, Some(member(ANNA)));
    assert_eq!(office.held(BEN), vec![], "a refusal that was told is not held as well");
    office.all_agree();
}

#[test]
fn what_is_foreseen_is_replaced_by_what_the_referee_says() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.act(ANNA, enquiry, step("Send the price list"));
    let foreseen = office.shown(ANNA, enquiry).next_step.clone();
    assert_eq!(foreseen.unwrap().text, "Send the price list");
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
    office.all_agree();
}

#[test]
fn the_views_follow_the_work() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let count = |office: &Office, desk: usize, view| {
        let counts = office.desks[desk].engine.counts();
        counts
            .iter()
            .find(|c| c.view == view && c.inbox.is_none())
            .unwrap()
            .count
    };
    assert_eq!(count(&office, ANNA, View::Unassigned), 1);
    assert_eq!(count(&office, ANNA, View::Today), 1);
    office.act(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(count(&office, ANNA, View::Unassigned), 0);
    assert_eq!(count(&office, ANNA, View::Mine), 1);
    assert_eq!(count(&office, BEN, View::Today), 0);
    let (outcome, reason) = (Some(Outcome::Lost), None);
    office.act(ANNA, enquiry, CommandBody::Close { outcome, reason });
    assert_eq!(count(&office, ANNA, View::Mine), 0);
    assert_eq!(count(&office, BEN, View::Closed), 1);
}

#[test]
fn the_last_act_can_be_taken_back() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, enquiry, CommandBody::Claim);
    let (outcome, reason) = (Some(Outcome::Won), None);
    office.act(ANNA, enquiry, CommandBody::Close { outcome, reason });
    assert_eq!(office.real(enquiry).status, Status::Won);
    for (status, owner) in [(Status::Assigned, Some(member(ANNA))), (Status::New, None)] {
        let undo = office.ask(ANNA, Ask::Undo);
        office.settle();
        assert!(matches!(office.acted(ANNA, undo), Acted::Done { .. }));
        assert_eq!(
            (office.real(enquiry).status, office.real(enquiry).owner),
            (status, owner)
        );
    }
    let undo = office.ask(ANNA, Ask::Undo);
    assert!(
        matches!(office.acted(ANNA, undo), Acted::Refused { .. }),
        "nothing is left to take back"
    );
}

#[test]
fn when_one_is_refused_the_later_ones_wait_behind_it_but_notes_do_not() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    assert!(matches!(
        office.act(ANNA, enquiry, CommandBody::Claim),
        Acted::Pending { .. }
    ));
    office.act(ANNA, enquiry, step("Call Carl"));
    office.act(ANNA, enquiry, note("He wants them by May"));
    office.act(BEN, enquiry, CommandBody::Claim);
    office.connect(ANNA);

    let held = office.held(ANNA);
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(matches!(
        &held[0],
        (
            CommandBody::Claim,
            HeldReason::Refused {
                refusal: Refusal::NotOwner { .. }
            }
        )
    ));
    assert!(matches!(
        &held[1],
        (CommandBody::SetNextStep { .. }, HeldReason::Behind { .. })
    ));
    assert_eq!(office.real(enquiry).notes, 1);
    assert_eq!(office.real(enquiry).next_step, None, "Anna meant it as the owner");
    office.all_agree();

    // The three ways out.
    let list = office.desks[ANNA].engine.held_list();
    assert!(matches!(
        office.resolve(ANNA, list[1].id, HeldResolution::MakeNote),
        Acted::Done { .. }
    ));
    assert_eq!(office.real(enquiry).notes, 2);
    let again = office.resolve(ANNA, list[0].id, HeldResolution::Retry);
    assert!(matches!(again, Acted::Refused { .. }), "{again:?}");
    assert_eq!(office.held(ANNA).len(), 1, "refused again, it is still in sight");
    let again = office.desks[ANNA].engine.held_list();
    office.resolve(ANNA, again[0].id, HeldResolution::Discard);
    assert_eq!(office.held(ANNA), vec![]);
}

#[test]
fn a_retried_action_takes_what_waited_behind_it_along() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.cut(ANNA);
    office.act(BEN, enquiry, CommandBody::Release);
    // Anna does not know that, and can't: what she knows already says no.
    assert!(matches!(
        office.act(ANNA, enquiry, CommandBody::Claim),
        Acted::Refused { .. }
    ));
    office.connect(ANNA);
    office.cut(ANNA);
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.act(ANNA, enquiry, step("Call Carl"));
    office.act(BEN, enquiry, CommandBody::Claim);
    office.connect(ANNA);
    assert_eq!(office.held(ANNA).len(), 2);
    office.act(BEN, enquiry, CommandBody::Release);
    let claim = office.desks[ANNA].engine.held_list()[0].id;
    assert!(matches!(
        office.resolve(ANNA, claim, HeldResolution::Retry),
        Acted::Done { .. }
    ));
    assert_eq!(office.held(ANNA), vec![]);
    assert_eq!(office.real(enquiry).owner, Some(member(ANNA)));
    assert_eq!(office.real(enquiry).next_step_text(), Some("Call Carl"));
    office.all_agree();
}

#[test]
fn somebody_who_waits_too_long_is_told_that_it_is_pending() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.mute = true;
    let (body, last_seen) = (CommandBody::Claim, None);
    let ticket = office.ask(
        ANNA,
        Ask::Act {
            conversation: enquiry,
            body,
            last_seen,
        },
    );
    office.settle();
    assert_eq!(office.told(ANNA, ticket), None);
    office.advance(6_000);
    assert!(matches!(
        office.told(ANNA, ticket),
        Some(Told::Acted(Acted::Pending { .. }))
    ));
    // The server comes to its senses: the same command again gets its first answer.
    office.mute = false;
    office.cut(ANNA);
    office.connect(ANNA);
    assert_eq!(office.real(enquiry).owner, Some(member(ANNA)));
    office.all_agree();
}

#[test]
fn what_is_on_disk_is_known_to_whoever_waits_when_the_engine_is_thrown_away() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.mute = true;
    let (body, last_seen) = (note("Once"), None);
    let act = Ask::Act {
        conversation: enquiry,
        body,
        last_seen,
    };
    let kept = office.ask(ANNA, act.clone());
    let now = office.now;
    let before = office.desks[ANNA].engine.attended();
    assert_eq!(before.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>(), [kept]);
    // The disk is full, and this one never gets there.
    let (ticket, act) = (Ticket(99), Box::new(act));
    office.desks[ANNA].engine.handle(now, Input::Ui { ticket, ask: act });
    let attended = office.desks[ANNA].engine.attended();
    office.crash(ANNA);
    let anew = &office.desks[ANNA].engine;
    let there: Vec<Ticket> = attended
        .into_iter()
        .filter(|(_, command)| anew.keeps(*command))
        .map(|(ticket, _)| ticket)
        .collect();
    assert_eq!(there, [kept]);
}

#[test]
fn details_are_said_taken_back_and_proposed_where_they_were_said_before() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let says = |details: Details| CommandBody::SetFields {
        category: None,
        priority: None,
        value: None,
        company: None,
        subject: None,
        details: Box::new(details),
    };
    let topic = |office: &Office| office.real(enquiry).details.topic.clone();
    office.act(ANNA, enquiry, says(Details::one(Detail::Topic, "pricing")));
    office.act(ANNA, enquiry, says(Details::one(Detail::Topic, "renewal")));
    office.act(ANNA, enquiry, says(Details::one_custom("Seats", "40")));
    assert_eq!(office.real(enquiry).details.custom("seats"), Some("40"));
    let used = office.desks[BEN].engine.used_details();
    assert_eq!(
        (&used.details[0].texts[..], used.custom[0].name.as_str()),
        (&["renewal".to_owned()][..], "Seats")
    );
    for (said, fields) in [(Some("renewal"), 0), (Some("pricing"), 0), (None, 0)] {
        let undo = office.ask(ANNA, Ask::Undo);
        office.settle();
        assert!(matches!(office.acted(ANNA, undo), Acted::Done { .. }));
        assert_eq!(topic(&office).as_deref(), said);
        assert_eq!(office.real(enquiry).details.custom.len(), fields);
    }
    office.all_agree();
}
