//! What came back and what lies still, as the desks of a team see it: told without anybody saying so, and settled on all of them.

use baton_domain::{CommandBody, DAY_MS, Oddity, Outcome};
use baton_protocol::ExceptionKind;

use super::{ANNA, BEN, Office};

fn kinds(office: &Office, desk: usize) -> Vec<ExceptionKind> {
    let found = office.desks[desk].engine.exceptions();
    found.into_iter().map(|exception| exception.what).collect()
}

#[test]
fn a_lead_that_comes_back_is_on_every_desk_until_somebody_has_looked() {
    let mut office = Office::open();
    let lead = office.carl_writes(None, "Do you have 40 lamps?");
    let body = CommandBody::Close {
        outcome: Some(Outcome::Lost),
        reason: None,
    };
    office.act(ANNA, lead, CommandBody::Claim);
    office.act(ANNA, lead, body);
    office.advance(2 * DAY_MS);
    office.carl_writes(Some(lead), "We do need them.");
    for desk in [ANNA, BEN] {
        let found = kinds(&office, desk);
        assert!(
            matches!(
                found[..],
                [ExceptionKind::Reopened {
                    outcome: Outcome::Lost,
                    ..
                }]
            ),
            "{found:?}"
        );
    }
    // Without a network it is settled here first.
    office.cut(BEN);
    let what = Oddity::Reopened;
    office.act(BEN, lead, CommandBody::SettleException { what });
    assert_eq!(kinds(&office, BEN), []);
    assert_eq!(kinds(&office, ANNA).len(), 1);
    office.connect(BEN);
    assert_eq!(kinds(&office, ANNA), []);
    office.all_agree();
}

#[test]
fn a_lead_that_lies_still_is_found_without_a_network_and_after_a_restart() {
    let mut office = Office::open();
    let lead = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(ANNA, lead, CommandBody::Claim);
    office.cut(ANNA);
    office.advance(9 * DAY_MS);
    assert!(matches!(kinds(&office, ANNA)[..], [ExceptionKind::Stale { .. }]));
    office.crash(ANNA);
    office.connect(ANNA);
    assert!(matches!(kinds(&office, ANNA)[..], [ExceptionKind::Stale { .. }]));
    let what = Oddity::Stale;
    office.act(ANNA, lead, CommandBody::SettleException { what });
    assert_eq!((kinds(&office, ANNA), kinds(&office, BEN)), (vec![], vec![]));
    office.all_agree();
}
