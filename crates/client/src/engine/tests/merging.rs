//! One enquiry in two conversations: offered, merged, shown as one, taken back.

use baton_domain::{CommandBody, ConversationId, Outcome, Refusal};
use baton_protocol::{Acted, Action, ExceptionKind};

use super::office::note;
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};

/// Carl writes twice.
fn twice(office: &mut Office) -> (ConversationId, ConversationId) {
    let first = office.carl_writes(None, "Our lamps flicker");
    (first, office.carl_writes(None, "Did my mail about the lamps arrive?"))
}

#[test]
fn what_may_be_one_enquiry_is_offered_until_somebody_has_decided() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    let same = |office: &Office, id| {
        let opened = office.desks[ANNA].engine.opened(id, Vec::new()).unwrap();
        opened.same.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let undecided = |office: &Office| {
        let found = office.desks[ANNA].engine.exceptions();
        let matches = found.into_iter().filter_map(|one| match one.what {
            ExceptionKind::Duplicate { other, .. } => Some((one.conversation, other)),
            _ => None,
        });
        matches.collect::<Vec<_>>()
    };
    assert_eq!(
        (same(&office, first), same(&office, second)),
        (vec![second], vec![first])
    );
    assert_eq!(undecided(&office), [(second, first)]);
    office.act(BEN, first, CommandBody::KeepApart { from: second });
    office.all_agree();
    assert_eq!((same(&office, first), same(&office, second)), (vec![], vec![]));
    assert_eq!(undecided(&office), []);
}

#[test]
fn merged_they_are_shown_as_one_on_every_desk() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    office.act(ANNA, second, note("He called as well."));
    let merged = office.act(ANNA, second, CommandBody::Merge { into: first });
    assert!(matches!(merged, Acted::Done { undoable: true, .. }), "{merged:?}");
    office.all_agree();
    for desk in [ANNA, BEN] {
        assert_eq!(office.desks[desk].engine.one_with(first), [first, second]);
        assert_eq!(
            office.shown(desk, second).closing.as_ref().unwrap().outcome,
            Outcome::Duplicate
        );
        let opened = office.desks[desk].engine.opened(second, Vec::new()).unwrap();
        let refused = |action| {
            let mut allowed = opened.allowed.iter();
            allowed.find(|one| one.action == action).unwrap().refusal.clone()
        };
        let number = office.real(first).number;
        assert_eq!(refused(Action::Claim), Some(Refusal::Merged { into: first, number }));
        assert_eq!(refused(Action::Unmerge), None);
    }
}

#[test]
fn a_merge_is_taken_back() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    office.act(ANNA, second, CommandBody::Merge { into: first });
    let ticket = office.ask(ANNA, Ask::Undo);
    office.settle();
    assert!(matches!(
        office.told(ANNA, ticket),
        Some(Told::Acted(Acted::Done { .. }))
    ));
    office.all_agree();
    assert_eq!(office.real(second).closing, None);
    assert!(office.real(first).absorbed.is_empty());
}

#[test]
fn words_that_were_being_written_go_along() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    office.types(BEN, second, "Dear Carl, it did.");
    office.act(BEN, second, CommandBody::Merge { into: first });
    office.all_agree();
    let draft = |id| {
        let opened = office.desks[BEN].engine.opened(id, Vec::new()).unwrap();
        opened.draft.map(|draft| draft.text)
    };
    assert_eq!(
        (draft(first).as_deref(), draft(second)),
        (Some("Dear Carl, it did."), None)
    );
}

#[test]
fn words_that_find_the_place_taken_are_held() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    office.types(BEN, second, "Dear Carl, it did.");
    office.cut(BEN);
    office.types(BEN, first, "Dear Carl, which lamps?");
    office.act(ANNA, second, note("I merge them."));
    office.advance(60_000);
    office.act(ANNA, second, CommandBody::Merge { into: first });
    office.connect(BEN);
    office.all_agree();
    let held = office.held(BEN);
    let words = held
        .iter()
        .any(|(body, _)| format!("{body:?}").contains("Dear Carl, it did."));
    assert!(words, "{held:?}");
}

#[test]
fn without_a_network_a_merge_waits_for_it() {
    let mut office = Office::open();
    let (first, second) = twice(&mut office);
    office.cut(BEN);
    let merged = office.act(BEN, second, CommandBody::Merge { into: first });
    assert!(matches!(merged, Acted::Pending { .. }), "{merged:?}");
    // Not half of it: what waits for an answer stays in sight.
    assert_eq!(office.shown(BEN, second).merged, None);
    office.connect(BEN);
    office.all_agree();
    assert!(office.real(second).merged.is_some());
}
