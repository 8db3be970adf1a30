//! What a message is beside its words, and who may join whom.

use baton_domain::{DAY_MS, Event, LogBody, Message, MessageFacts, MessageKind, Timestamp};
use baton_store::port::ItemOutcome;

use super::court::{ANNA, Court, MONDAY, SALES_MAIL, address, answering, but, letter, message_of};
use super::mail::reply;
use crate::referee::{Arrival, ArrivalKind, FolderRole, ReportOn};

fn court() -> Court {
    let mut court = Court::new();
    court.wait(10 * DAY_MS);
    court
}

fn at(hours: i64) -> Timestamp {
    MONDAY.plus_ms(hours * 3_600_000)
}

/// The message that an arrival became.
fn told(court: &Court, arrival: &Arrival) -> Message {
    let id = message_of(arrival);
    court
        .model
        .log()
        .iter()
        .find_map(|sealed| match &sealed.entry.body {
            LogBody::Conversation {
                event: Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. },
                ..
            } if message.id == id => Some((**message).clone()),
            _ => None,
        })
        .unwrap()
}

fn outside(uid: u32, subject: &str, to: &[&str], when: Timestamp) -> Arrival {
    let mut sent = but(letter(uid, "sales@baton.test", subject, when), |parsed| {
        parsed.to = to.iter().map(|to| address(to)).collect();
    });
    (sent.folder, sent.role) = ("Sent".to_owned(), FolderRole::Sent);
    sent
}

fn report(uid: u32, about: ReportOn) -> Arrival {
    but(
        letter(uid, "mailer-daemon@mx.example.net", "Undelivered", at(3)),
        |parsed| {
            parsed.kind = ArrivalKind::Bounce;
            parsed.about = Some(about);
        },
    )
}

#[test]
fn those_who_answer_one_letter_to_many_stay_apart() {
    let mut court = court();
    let campaign = outside(30, "Spring sale", &["carl@example.com"], at(1));
    court.receive(vec![campaign], None);
    for (uid, from) in [
        (2, "carl@example.com"),
        (3, "dora@elsewhere.example"),
        (4, "eve@third.example"),
    ] {
        court.receive(
            vec![answering(
                letter(uid, from, "Re: Spring sale", at(2)),
                &["30@example.com"],
            )],
            None,
        );
    }
    let mut sizes: Vec<u32> = court.model.conversations().map(|state| state.messages).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2], "Carl's answer joins, the strangers' do not");
    // The same where nobody here has the letter that they answer.
    let mut court = self::court();
    for (uid, from) in [(2, "carl@example.com"), (3, "dora@elsewhere.example")] {
        court.receive(
            vec![answering(
                letter(uid, from, "Re: Sale", at(2)),
                &["unknown@campaign.example"],
            )],
            None,
        );
    }
    assert_eq!(court.model.conversations().count(), 2);
}

#[test]
fn whom_we_wrote_to_besides_may_answer() {
    let mut court = court();
    court.receive(
        vec![outside(
            30,
            "Offer",
            &["carl@example.com", "dora@elsewhere.example"],
            at(1),
        )],
        None,
    );
    let answer = answering(
        letter(2, "dora@elsewhere.example", "Re: Offer", at(2)),
        &["30@example.com"],
    );
    court.receive(vec![answer], None);
    assert_eq!(court.only().messages, 2);
}

#[test]
fn a_report_without_an_id_finds_our_message_by_whom_and_what_it_is_about() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (_, outbound) = reply(&mut court, enquiry, ANNA);
    let bounce = report(
        2,
        ReportOn {
            header_id: None,
            subject_key: "chairs".to_owned(),
            recipient: Some("carl@example.com".to_owned()),
        },
    );
    court.receive(vec![bounce.clone()], None);
    assert_eq!(court.only().bounced, Some(outbound));
    assert_eq!(told(&court, &bounce).bounced, Some(outbound));
}

#[test]
fn reports_about_different_things_have_only_their_author_in_common() {
    let mut court = court();
    let about = |recipient: &str| ReportOn {
        recipient: Some(recipient.to_owned()),
        ..ReportOn::default()
    };
    court.receive(
        vec![
            report(1, about("carl@example.com")),
            report(2, about("dora@example.com")),
        ],
        None,
    );
    assert_eq!(court.model.conversations().count(), 2);
}

#[test]
fn a_delayed_delivery_is_told_and_is_no_failure() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (header, outbound) = reply(&mut court, enquiry, ANNA);
    let about = ReportOn {
        header_id: Some(header),
        ..ReportOn::default()
    };
    let delayed = but(report(2, about), |parsed| parsed.kind = ArrivalKind::AutoReply);
    court.receive(vec![delayed.clone()], None);
    let message = told(&court, &delayed);
    assert_eq!(
        (message.kind, message.bounced),
        (MessageKind::AutoReply, Some(outbound))
    );
    assert_eq!(court.only().bounced, None);
}

#[test]
fn a_new_subject_and_a_taken_message_id_are_said() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let same = answering(
        letter(2, "carl@example.com", "Re: Chairs [Case 12]", at(2)),
        &["1@example.com"],
    );
    let other = answering(letter(3, "carl@example.com", "Invoice 17", at(3)), &["1@example.com"]);
    let twin = but(letter(4, "carl@example.com", "Chairs", at(4)), |parsed| {
        parsed.header_id = Some("1@example.com".to_owned());
    });
    court.receive(vec![same.clone(), other.clone(), twin.clone()], None);
    assert!(!told(&court, &same).facts.new_subject);
    assert!(told(&court, &other).facts.new_subject);
    let first = letter(1, "carl@example.com", "Chairs", at(1));
    assert_eq!(told(&court, &first).facts, MessageFacts::default());
    assert!(told(&court, &twin).facts.same_id);
}

#[test]
fn every_alias_a_message_came_by_is_remembered_once() {
    let mut court = court();
    let by = |uid, alias: &str| {
        let mut copy = but(letter(9, "carl@example.com", "Chairs", at(1)), |parsed| {
            parsed.delivered_to = vec![alias.to_owned(), "sales@baton.test".to_owned()];
        });
        copy.uid = uid;
        copy
    };
    let first = by(1, "info@baton.test");
    court.receive(vec![first.clone()], None);
    assert_eq!(told(&court, &first).facts.aliases, ["info@baton.test"]);
    court.receive(vec![by(2, "office@baton.test"), by(3, "office@baton.test")], None);
    let state = court.only();
    let mut sources: Vec<_> = state.sources.iter().map(|source| source.address.as_str()).collect();
    sources.sort_unstable();
    assert_eq!(
        (sources, state.messages),
        (vec!["office@baton.test", "sales@baton.test"], 1)
    );
}

#[test]
fn other_words_under_our_own_ids_are_a_message_and_no_copy() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (header, outbound) = reply(&mut court, enquiry, ANNA);
    let spoofed = but(letter(2, "sales@baton.test", "Re: Chairs", at(3)), |parsed| {
        parsed.header_id = Some(header);
        parsed.own = Some(outbound);
        parsed.preview = "Please pay to another account.".to_owned();
    });
    assert_eq!(spoofed.account, SALES_MAIL);
    court.receive(vec![spoofed.clone()], None);
    let row = court.model.items().find(|row| row.key == spoofed.key()).unwrap();
    assert!(matches!(row.outcome, ItemOutcome::Imported { .. }), "{:?}", row.outcome);
}
