//! Folders of the team's own: what lies in them, whose that makes it, and that none of it starts anything.

use baton_domain::{Direction, FolderUse, Outcome, Status, Timestamp};
use baton_store::port::ItemOutcome;

use super::court::{ANNA, BEN, Court, MONDAY, address, answering, but, letter, message_of};
use crate::referee::{Arrival, FolderRole, Received};

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    MONDAY.plus_ms(hours * HOUR)
}

fn lies_in(arrival: Arrival, folder: &str, becomes: FolderUse) -> Arrival {
    Arrival {
        folder: folder.to_owned(),
        role: FolderRole::Own,
        filed: Some((folder.to_owned(), becomes)),
        ..arrival
    }
}

fn theirs(member: baton_domain::MemberId) -> FolderUse {
    FolderUse::Owner { member }
}

fn history(arrival: Arrival) -> Arrival {
    Arrival {
        resync: true,
        ..arrival
    }
}

#[test]
fn history_in_a_members_folder_is_theirs_and_stays_closed_as_imported() {
    let mut court = Court::new();
    let mail = history(letter(1, "carl@example.com", "Chairs", at(1)));
    let received = court.receive(vec![lies_in(mail, "Anna", theirs(ANNA))], None);
    assert_eq!(received.imported, 1);
    let state = court.only();
    assert_eq!(state.owner, Some(ANNA));
    assert_eq!(state.status, Status::Closed);
    assert_eq!(state.closing.map(|closing| closing.outcome), Some(Outcome::Imported));
    assert!(state.clocks.is_empty() && state.follow_up.is_none() && state.outbound.is_empty());
    assert_eq!(state.filed[0].folder, "Anna");
}

#[test]
fn the_newest_message_decides_whose_it_is_whatever_order_the_folders_are_read_in() {
    let first = history(letter(1, "carl@example.com", "Chairs", at(1)));
    let second = history(answering(
        letter(2, "carl@example.com", "Re: Chairs", at(3)),
        &["1@example.com"],
    ));
    let (first, second) = (
        lies_in(first, "Anna", theirs(ANNA)),
        lies_in(second, "Ben", theirs(BEN)),
    );
    for order in [vec![first.clone(), second.clone()], vec![second, first]] {
        let mut court = Court::new();
        for mail in order {
            court.receive(vec![mail], None);
        }
        let state = court.only();
        assert_eq!(state.owner, Some(BEN));
        assert_eq!(state.filed.len(), 2);
    }
}

#[test]
fn what_the_customer_wrote_later_outside_the_folder_makes_it_nobodys() {
    let mut court = Court::new();
    let newer = history(answering(
        letter(2, "carl@example.com", "Re: Chairs", at(3)),
        &["1@example.com"],
    ));
    court.receive(vec![newer], None);
    let older = history(letter(1, "carl@example.com", "Chairs", at(1)));
    court.receive(vec![lies_in(older, "Anna", theirs(ANNA))], None);
    assert_eq!(court.only().owner, None);
}

#[test]
fn one_message_in_two_folders_is_one_message_that_remembers_both() {
    let mut court = Court::new();
    let mail = history(letter(1, "carl@example.com", "Chairs", at(1)));
    let tag = FolderUse::Tag {
        tag: "Fair 2026".to_owned(),
    };
    let copies = vec![
        mail.clone(),
        lies_in(mail.clone(), "Anna", theirs(ANNA)),
        lies_in(mail.clone(), "Fair", tag),
    ];
    let received = court.receive(copies, None);
    assert_eq!(
        received,
        Received {
            imported: 1,
            duplicates: 2,
            ..Received::default()
        }
    );
    let state = court.only();
    assert_eq!((state.messages, state.owner), (1, Some(ANNA)));
    let folders: Vec<&str> = state.filed.iter().map(|filing| filing.folder.as_str()).collect();
    assert_eq!(folders, ["Anna", "Fair"]);
    assert!(state.filed.iter().all(|filing| filing.message == message_of(&mail)));
    assert!(state.tags.contains("Fair 2026"));
    assert!(court.model.items().all(|row| matches!(
        row.outcome,
        ItemOutcome::Imported { .. } | ItemOutcome::Duplicate { .. }
    )));
}

#[test]
fn what_is_moved_into_a_members_folder_by_hand_is_theirs_unless_somebody_has_it() {
    let mut court = Court::new();
    court.wait(HOUR);
    let mail = letter(1, "carl@example.com", "Chairs", at(1));
    court.receive(vec![mail.clone()], None);
    assert_eq!((court.only().owner, court.only().status), (None, Status::New));
    court.receive(vec![lies_in(mail.clone(), "Anna", theirs(ANNA))], None);
    assert_eq!(
        (court.only().owner, court.only().status),
        (Some(ANNA), Status::Assigned)
    );
    court.receive(vec![lies_in(mail, "Ben", theirs(BEN))], None);
    assert_eq!(court.only().owner, Some(ANNA), "a folder takes it from nobody");
    assert_eq!(court.only().filed.len(), 2);
}

#[test]
fn a_lead_that_a_rule_of_the_mail_server_files_at_once_is_a_lead() {
    let mut court = Court::new();
    court.wait(HOUR);
    let mail = letter(1, "carl@example.com", "Chairs", at(1));
    court.receive(vec![lies_in(mail, "Ben", theirs(BEN))], None);
    let state = court.only();
    assert!(!state.history && state.unanswered_since.is_some());
    assert_eq!((state.owner, state.status), (Some(BEN), Status::Assigned));
}

#[test]
fn an_answer_of_ours_in_such_a_folder_is_ours() {
    let mut court = Court::new();
    let question = history(letter(1, "carl@example.com", "Chairs", at(1)));
    let answer = history(answering(
        but(letter(2, "sales@baton.test", "Re: Chairs", at(2)), |parsed| {
            parsed.to = vec![address("carl@example.com")];
        }),
        &["1@example.com"],
    ));
    court.receive(
        vec![
            lies_in(question, "Anna", theirs(ANNA)),
            lies_in(answer, "Anna", theirs(ANNA)),
        ],
        None,
    );
    let state = court.only();
    assert_eq!((state.messages, state.replies, state.owner), (2, 1, Some(ANNA)));
    assert_eq!(state.contact.email, "carl@example.com");
}

/// What somebody of ours wrote in a folder of theirs: who wrote it, to whom, and where answers are to go.
fn in_annas_folder(from: &str, to: &str, reply_to: Option<&str>) -> Arrival {
    let written = but(letter(7, from, "Chairs", at(2)), |parsed| {
        parsed.to = vec![address(to)];
        parsed.reply_to = reply_to.map(address).into_iter().collect();
    });
    lies_in(history(written), "Anna", theirs(ANNA))
}

#[test]
fn what_we_wrote_ourselves_in_a_folder_is_no_customers() {
    // Anna's own answer, which her program filed beside what it answers; and one from the team's address.
    for from in ["anna@baton.test", "sales@baton.test"] {
        let mut court = Court::new();
        court.receive(vec![in_annas_folder(from, "carl@example.com", None)], None);
        let state = court.only();
        assert_eq!(state.contact.email, "carl@example.com", "{from}");
        assert_eq!(
            state.last_message.map(|last| last.direction),
            Some(Direction::Outside),
            "{from}"
        );
    }
}

#[test]
fn what_a_form_of_ours_and_a_colleague_wrote_to_us_is_an_enquiry() {
    // A form on the team's own site writes from the team's address, and says whom it speaks for.
    let mut court = Court::new();
    court.receive(
        vec![in_annas_folder(
            "sales@baton.test",
            "sales@baton.test",
            Some("carl@example.com"),
        )],
        None,
    );
    let state = court.only();
    assert_eq!(state.contact.email, "carl@example.com");
    assert_eq!(state.last_message.map(|last| last.direction), Some(Direction::Inbound));

    // Ben passes something on to the team: nobody outside was answered.
    let mut court = Court::new();
    court.receive(vec![in_annas_folder("ben@baton.test", "sales@baton.test", None)], None);
    assert_eq!(
        court.only().last_message.map(|last| last.direction),
        Some(Direction::Inbound)
    );
}
