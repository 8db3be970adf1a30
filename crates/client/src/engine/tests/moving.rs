//! To another inbox, from a desktop that reads both: shown at once, also without a network, and taken back.

use baton_domain::{CommandBody, InboxId, Refusal, Status};
use baton_protocol::{Acted, Action, HeldReason};

use super::office::{INBOX, OTHER, member, note, uuid};
use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};

fn to(inbox: u128) -> CommandBody {
    CommandBody::MoveToInbox {
        inbox: InboxId(uuid(inbox)),
        owner: None,
    }
}

#[test]
fn both_see_where_it_went_and_nobody_fetches_anything() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Our lamps flicker");
    office.act(ANNA, enquiry, CommandBody::Claim);
    let moved = office.act(ANNA, enquiry, to(OTHER));
    // She does not work there: it is moved back by those who do.
    assert!(matches!(moved, Acted::Done { undoable: false, .. }), "{moved:?}");
    office.all_agree();
    let state = office.shown(BEN, enquiry);
    assert_eq!(
        (state.inbox, state.owner, state.status),
        (InboxId(uuid(OTHER)), None, Status::New)
    );
    office.act(BEN, enquiry, CommandBody::Claim);
    office.all_agree();
}

#[test]
fn a_move_is_taken_back_with_whom_it_belonged_to() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Our lamps flicker");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.act(BEN, enquiry, to(OTHER));
    assert_eq!(office.real(enquiry).inbox, InboxId(uuid(OTHER)));
    let ticket = office.ask(BEN, Ask::Undo);
    office.settle();
    assert!(matches!(
        office.told(BEN, ticket),
        Some(Told::Acted(Acted::Done { .. }))
    ));
    office.all_agree();
    let state = office.real(enquiry);
    assert_eq!((state.inbox, state.owner), (InboxId(uuid(INBOX)), Some(member(BEN))));
}

#[test]
fn without_a_network_it_is_shown_there_and_moves_on_return() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Our lamps flicker");
    office.cut(BEN);
    let moved = office.act(BEN, enquiry, to(OTHER));
    assert!(matches!(moved, Acted::Pending { .. }), "{moved:?}");
    assert_eq!(office.shown(BEN, enquiry).inbox, InboxId(uuid(OTHER)));
    office.act(BEN, enquiry, CommandBody::Claim);
    assert_eq!(office.real(enquiry).inbox, InboxId(uuid(INBOX)));
    office.connect(BEN);
    office.all_agree();
    let state = office.real(enquiry);
    assert_eq!((state.inbox, state.owner), (InboxId(uuid(OTHER)), Some(member(BEN))));
}

#[test]
fn what_the_customer_wrote_meanwhile_holds_a_move_from_before_it() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Our lamps flicker");
    office.cut(BEN);
    office.act(BEN, enquiry, to(OTHER));
    office.carl_writes(Some(enquiry), "It is the switch");
    office.connect(BEN);
    let held = office.held(BEN);
    assert!(
        matches!(
            held.as_slice(),
            [(
                CommandBody::MoveToInbox { .. },
                HeldReason::Refused {
                    refusal: Refusal::NewerMessage { .. }
                }
            )]
        ),
        "{held:?}"
    );
    assert_eq!(office.real(enquiry).inbox, InboxId(uuid(INBOX)));
    office.all_agree();
}

#[test]
fn it_is_offered_where_it_may_go_and_nowhere_else() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Our lamps flicker");
    let movable = |office: &Office, desk: usize| {
        let opened = office.desks[desk].engine.opened(enquiry, Vec::new()).unwrap();
        let may = opened
            .allowed
            .iter()
            .any(|one| one.action == Action::Move && one.refusal.is_none());
        (opened.movable, may)
    };
    assert_eq!(movable(&office, ANNA), (vec![InboxId(uuid(OTHER))], true));
    office.act(BEN, enquiry, CommandBody::Claim);
    assert_eq!(
        movable(&office, ANNA),
        (vec![InboxId(uuid(OTHER))], false),
        "it is Ben's"
    );
    assert_eq!(movable(&office, BEN), (vec![InboxId(uuid(OTHER))], true));
    office.act(BEN, enquiry, to(OTHER));
    office.act(BEN, enquiry, note("It is the switch."));
    assert_eq!(movable(&office, ANNA), (vec![InboxId(uuid(INBOX))], false));
}
