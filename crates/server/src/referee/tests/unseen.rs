//! An answer of ours that nobody here has seen: shown by what the customer answers, and never by a stranger's Message-ID.

use baton_domain::{CommandBody, Direction, Timestamp};
use proptest::prelude::*;

use super::court::{ANNA, BEN, Court, MONDAY, address, answering, but, letter, message_of};
use crate::referee::{Arrival, ArrivalKind, FolderRole};

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    MONDAY.plus_ms(hours * HOUR)
}

/// Carl's enquiry, and his next message, which answers `answered`.
fn court_with(answered: &str, quoted_from: Option<&str>) -> (Court, Arrival) {
    let mut court = Court::new();
    court.wait(5 * HOUR);
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let next = answering(
        letter(2, "carl@example.com", "Re: Chairs", at(3)),
        &["1@example.com", answered],
    );
    let next = but(next, |parsed| parsed.quoted_from = quoted_from.map(str::to_owned));
    court.receive(vec![next.clone()], None);
    (court, next)
}

fn shown(court: &Court) -> Option<String> {
    court.only().unseen.map(|unseen| unseen.answer.header_id)
}

#[test]
fn what_was_made_in_our_domain_or_is_quoted_as_ours_is_an_answer_nobody_saw() {
    let (court, next) = court_with("x1@baton.test", None);
    assert_eq!(shown(&court).as_deref(), Some("x1@baton.test"));
    assert_eq!(court.only().unseen.unwrap().message, message_of(&next));
    let (court, _) = court_with("x2@mail.baton.test", None);
    assert_eq!(shown(&court).as_deref(), Some("x2@mail.baton.test"));
    // Microsoft makes its ids in a domain of its own: there the quote says whose it is.
    let (court, _) = court_with("x3@prod.outlook.com", Some("sales@baton.test"));
    assert_eq!(shown(&court).as_deref(), Some("x3@prod.outlook.com"));
    let (court, _) = court_with("x4@prod.outlook.com", Some("carl@example.com"));
    assert_eq!(shown(&court), None);
}

#[test]
fn it_meets_no_clock_and_moves_nothing() {
    let (seen, _) = court_with("x1@customer.example", None);
    let (unseen, _) = court_with("x1@baton.test", None);
    let (mut with, without) = (unseen.only(), seen.only());
    assert!(with.unseen.take().is_some());
    with.references.clone_from(&without.references);
    assert_eq!(with, without);
}

#[test]
fn a_copy_that_comes_late_settles_it() {
    let (mut court, _) = court_with("x1@baton.test", None);
    let copy = answering(
        but(letter(3, "sales@baton.test", "Re: Chairs", at(2)), |parsed| {
            parsed.to = vec![address("carl@example.com")];
            parsed.header_id = Some("x1@baton.test".to_owned());
        }),
        &["1@example.com"],
    );
    court.receive(
        vec![Arrival {
            folder: "Sent".to_owned(),
            role: FolderRole::Sent,
            ..copy
        }],
        None,
    );
    assert_eq!(shown(&court), None);
}

#[test]
fn a_person_says_whose_it_was_or_that_it_was_nobodys() {
    let (mut court, next) = court_with("x1@baton.test", None);
    let message = message_of(&next);
    let conversation = court.only().id;
    let settle = |by| CommandBody::SettleUnseen { message, by };
    let command = court.command(BEN, conversation, settle(Some(ANNA)));
    court.ask(command);
    assert_eq!((court.only().unseen, court.only().owner), (None, Some(ANNA)));

    let (mut court, next) = court_with("x1@baton.test", None);
    let message = message_of(&next);
    let conversation = court.only().id;
    let command = court.command(BEN, conversation, CommandBody::SettleUnseen { message, by: None });
    court.ask(command);
    assert_eq!((court.only().unseen, court.only().owner), (None, None));
    let last = court.only().last_message.unwrap();
    assert_eq!((last.id, last.direction), (message, Direction::Inbound));
}

#[test]
fn what_is_known_what_is_old_and_what_no_person_wrote_shows_nothing() {
    // The answer is here.
    let mut court = Court::new();
    court.wait(5 * HOUR);
    let question = letter(1, "carl@example.com", "Chairs", at(1));
    let answer = answering(
        but(letter(3, "sales@baton.test", "Re: Chairs", at(2)), |parsed| {
            parsed.to = vec![address("carl@example.com")];
            parsed.header_id = Some("x1@baton.test".to_owned());
        }),
        &["1@example.com"],
    );
    let answer = Arrival {
        folder: "Sent".to_owned(),
        role: FolderRole::Sent,
        ..answer
    };
    let next = answering(
        letter(2, "carl@example.com", "Re: Chairs", at(3)),
        &["1@example.com", "x1@baton.test"],
    );
    court.receive(vec![question.clone(), answer.clone(), next.clone()], None);
    assert_eq!(shown(&court), None);

    // A relay on the way gave our answer another Message-ID: what the customer answers is not known here, but that we answered is.
    let mut court = Court::new();
    court.wait(5 * HOUR);
    let renamed = answering(
        letter(2, "carl@example.com", "Re: Chairs", at(3)),
        &["1@example.com", "renamed@relay.baton.test"],
    );
    court.receive(vec![question.clone(), answer.clone(), renamed], None);
    assert_eq!(shown(&court), None);

    // What it answered is history: the answer to it may be years old, and its copy thrown away.
    let mut court = Court::new();
    court.wait(5 * HOUR);
    let old = Arrival {
        resync: true,
        ..but(letter(1, "carl@example.com", "Chairs", at(-24 * 400)), |parsed| {
            parsed.date = Some(at(-24 * 400))
        })
    };
    court.receive(vec![old, next.clone()], None);
    assert!(court.model.conversations().all(|state| state.unseen.is_none()));

    // No person wrote it.
    for kind in [ArrivalKind::AutoReply, ArrivalKind::Bulk] {
        let mut court = Court::new();
        court.wait(5 * HOUR);
        let next = but(next.clone(), |parsed| parsed.kind = kind);
        court.receive(vec![question.clone(), next], None);
        assert_eq!(shown(&court), None);
    }

    // It answers something of ours that is no answer to this: a newsletter, an old offer.
    let mut court = Court::new();
    court.wait(5 * HOUR);
    let stray = answering(letter(2, "carl@example.com", "Re: Chairs", at(3)), &["x1@baton.test"]);
    court.receive(vec![question, stray], None);
    assert!(court.model.conversations().all(|state| state.unseen.is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn strangers_message_ids_and_quotes_never_show_an_answer(
        local in "[A-Za-z0-9._+=-]{1,24}",
        domain in prop_oneof![
            "[a-z0-9-]{1,12}\\.(example|com|org|net)",
            // As near to ours as a stranger's can be.
            Just("baton.test.example".to_owned()),
            Just("xbaton.test".to_owned()),
            Just("evil-baton.test".to_owned()),
            Just("test".to_owned()),
            Just("baton".to_owned()),
            Just("gmail.com".to_owned()),
            Just(String::new()),
        ],
        quoted in prop_oneof![
            Just(None),
            "[a-z]{1,8}@[a-z]{1,8}\\.example".prop_map(Some),
            Just(Some("sales@baton.test.example".to_owned())),
            Just(Some("xsales@baton.test".to_owned())),
        ],
    ) {
        let id = format!("{local}@{domain}");
        let (court, _) = court_with(&id, quoted.as_deref());
        prop_assert!(court.model.conversations().all(|state| state.unseen.is_none()), "{id}");
    }
}
