//! The daily review from Ben's desk, who leads: what he sees when it begins stays, what becomes of it shows, and the team sees its end.

use baton_domain::{CommandBody, ConversationId, DAY_MS, HOUR_MS, HandoffContext, MINUTE_MS, ReviewReason};
use baton_protocol::{Acted, Review, Settled};

use super::office::{member, note};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};

/// Ben leads, and Carl has written about three things: the first is Anna's, nobody has the others.
fn office() -> (Office, [ConversationId; 3]) {
    let mut office = Office::open();
    office.leads(BEN);
    let leads = ["40 lamps", "A lamp", "No lamps"].map(|text| {
        office.advance(MINUTE_MS);
        office.carl_writes(None, text)
    });
    office.act(ANNA, leads[0], CommandBody::Claim);
    (office, leads)
}

fn look(office: &mut Office, anew: bool) -> Review {
    let ticket = office.ask(BEN, Ask::Review { anew });
    assert_eq!(office.told(BEN, ticket), Some(&Told::Done));
    office.desks[BEN].engine.review().unwrap()
}

fn sign_off(office: &mut Office) -> Acted {
    let ticket = office.ask(BEN, Ask::SignOffReview);
    office.settle();
    office.acted(BEN, ticket)
}

fn order(review: &Review) -> Vec<ConversationId> {
    review.rows.iter().map(|row| row.conversation).collect()
}

fn settled(review: &Review, lead: ConversationId) -> Option<&Settled> {
    let row = review.rows.iter().find(|row| row.conversation == lead).unwrap();
    row.settled.as_ref()
}

fn fine(office: &mut Office, lead: ConversationId) -> Acted {
    let reasons = {
        let review = office.desks[BEN].engine.review().unwrap();
        let row = review.rows.into_iter().find(|row| row.conversation == lead);
        row.unwrap().reasons
    };
    office.act(BEN, lead, CommandBody::FineUntilTomorrow { reasons })
}

#[test]
fn it_is_frozen_most_at_risk_first_and_what_comes_later_waits_for_the_next() {
    let (mut office, [mine, first, second]) = office();
    let review = look(&mut office, false);
    assert_eq!(
        order(&review),
        [first, second, mine],
        "nobody's come first, the longest first"
    );
    assert!(matches!(review.rows[0].reasons[..], [ReviewReason::Unassigned { .. }]));
    assert!(matches!(
        review.rows[2].reasons[..],
        [ReviewReason::FirstResponse { .. }]
    ));
    let later = office.carl_writes(None, "And a switch");
    office.act(ANNA, first, CommandBody::Claim);
    let review = look(&mut office, false);
    assert_eq!(order(&review), [first, second, mine]);
    assert_eq!(settled(&review, first), Some(&Settled::Assigned { to: member(ANNA) }));
    let review = look(&mut office, true);
    assert_eq!(order(&review), [second, later, mine, first]);
    office.all_agree();
}

#[test]
fn whoever_leads_nothing_has_nothing_to_review_and_nothing_to_sign() {
    let (mut office, _) = office();
    office.ask(ANNA, Ask::Review { anew: false });
    let review = office.desks[ANNA].engine.review().unwrap();
    assert_eq!((review.rows.len(), review.inboxes.len()), (0, 0));
    let ticket = office.ask(ANNA, Ask::SignOffReview);
    assert!(matches!(office.acted(ANNA, ticket), Acted::Refused { .. }));
}

#[test]
fn it_goes_on_after_a_restart_with_the_time_it_took() {
    let (mut office, [mine, first, second]) = office();
    look(&mut office, false);
    office.advance(90_000);
    assert_eq!(look(&mut office, false).took_ms, 90_000);
    fine(&mut office, first);
    office.crash(BEN);
    office.connect(BEN);
    office.advance(3 * HOUR_MS);
    let review = look(&mut office, false);
    assert_eq!(order(&review), [first, second, mine]);
    assert_eq!(review.settled, 1);
    assert_eq!(review.took_ms, 90_000 + 2 * MINUTE_MS, "a long pause is not work");
    office.advance(DAY_MS);
    let review = look(&mut office, false);
    assert_eq!(review.took_ms, 0, "the next day has a list of its own");
    assert_eq!(review.settled, 0);
}

#[test]
fn fine_is_seen_by_all_and_taken_back() {
    let (mut office, [_, first, _]) = office();
    look(&mut office, false);
    assert!(matches!(fine(&mut office, first), Acted::Done { undoable: true, .. }));
    let review = look(&mut office, false);
    let by = member(BEN);
    assert!(matches!(settled(&review, first), Some(Settled::Fine { by: who, .. }) if *who == by));
    office.all_agree();
    let ticket = office.ask(BEN, Ask::Undo);
    office.settle();
    assert!(matches!(office.acted(BEN, ticket), Acted::Done { .. }));
    assert_eq!(settled(&look(&mut office, false), first), None);
    fine(&mut office, first);
    let again = look(&mut office, true);
    assert!(
        !order(&again).contains(&first),
        "what is fine is not in the next list of today"
    );
}

#[test]
fn a_nudge_reaches_its_owner_once_and_without_a_network_too() {
    let (mut office, [mine, first, _]) = office();
    look(&mut office, false);
    let may = |office: &Office, lead| {
        let review = office.desks[BEN].engine.review().unwrap();
        review
            .rows
            .iter()
            .find(|row| row.conversation == lead)
            .unwrap()
            .may_nudge
    };
    assert!(may(&office, mine));
    assert!(!may(&office, first), "nobody owns it");
    office.advance(10_000);
    office.desks[ANNA].notifications.clear();
    office.cut(BEN);
    assert!(matches!(
        office.act(BEN, mine, CommandBody::Nudge),
        Acted::Pending { .. }
    ));
    let review = look(&mut office, false);
    assert!(matches!(settled(&review, mine), Some(Settled::Nudged { .. })));
    assert!(!may(&office, mine), "once a day");
    office.connect(BEN);
    office.advance(10_000);
    assert!(matches!(
        settled(&look(&mut office, false), mine),
        Some(Settled::Nudged { .. })
    ));
    let titles: Vec<_> = office.desks[ANNA]
        .notifications
        .iter()
        .map(|shown| &shown.title)
        .collect();
    assert_eq!(titles, ["Ben asks you to look at Carl"]);
    office.act(BEN, mine, CommandBody::Nudge);
    office.advance(HOUR_MS);
    assert_eq!(office.desks[ANNA].notifications.len(), 1);
    office.all_agree();
}

#[test]
fn what_is_answered_or_over_is_settled_whoever_did_it() {
    let (mut office, [mine, first, second]) = office();
    look(&mut office, false);
    office.act(ANNA, first, CommandBody::NotALead);
    office.act(BEN, second, note("They call back."));
    let context = Some(HandoffContext {
        happened: String::from("-"),
        promised: None,
        next_step: String::from("-"),
    });
    let to = member(BEN);
    office.act(ANNA, mine, CommandBody::Assign { to, context });
    let review = look(&mut office, false);
    assert_eq!(settled(&review, first), Some(&Settled::Done));
    assert_eq!(settled(&review, second), None, "a note takes nothing on");
    assert_eq!(settled(&review, mine), Some(&Settled::Assigned { to }));
    assert_eq!(review.settled, 2);
}

#[test]
fn the_team_sees_who_signed_off_and_what_was_left() {
    let (mut office, [_, first, _]) = office();
    look(&mut office, false);
    office.advance(MINUTE_MS);
    fine(&mut office, first);
    look(&mut office, false);
    assert!(matches!(sign_off(&mut office), Acted::Done { .. }));
    let team = office.desks[ANNA].engine.team();
    let [seen] = team.reviews.as_slice() else {
        panic!("{:?}", team.reviews)
    };
    assert_eq!(
        (seen.by, seen.listed, seen.settled, seen.left()),
        (member(BEN), 3, 1, 2)
    );
    assert_eq!(seen.took_ms, MINUTE_MS);
    assert_eq!(look(&mut office, false).signed_off.as_ref(), Some(seen));
    office.advance(MINUTE_MS);
    assert_eq!(look(&mut office, true).signed_off, None, "a new list is a new review");
}

#[test]
fn it_is_signed_off_without_a_network_and_arrives_with_it() {
    let (mut office, _) = office();
    look(&mut office, false);
    office.cut(BEN);
    assert!(matches!(sign_off(&mut office), Acted::Pending { .. }));
    let said = look(&mut office, false).signed_off.unwrap();
    office.crash(BEN);
    assert_eq!(look(&mut office, false).signed_off, Some(said.clone()));
    assert!(office.desks[ANNA].engine.team().reviews.is_empty());
    office.advance(HOUR_MS);
    office.connect(BEN);
    assert_eq!(office.desks[ANNA].engine.team().reviews, [said]);
}
