//! What an inbox answers by itself, within the referee's commit.

use baton_domain::{AutoReplies, AutoReplyKind, AutoReplyText, DAY_MS, DocumentBody, Silence, Timestamp};

use super::court::{Court, MONDAY, SALES, SUPPORT, SUPPORT_MAIL, but, documents, letter, put};
use crate::referee::{Arrival, ArrivalKind, FolderRole};

const HOUR: i64 = 3_600_000;

/// Both inboxes answer by themselves. It is a week after Monday, an hour before midnight.
fn court() -> Court {
    let mut court = Court::new();
    court.wait(7 * DAY_MS + 14 * HOUR);
    for document in documents() {
        let DocumentBody::Inbox(mut inbox) = document else {
            continue;
        };
        let text = |text: &str| AutoReplyText {
            on: true,
            text: text.to_owned(),
        };
        inbox.policy.auto_replies = Some(Box::new(AutoReplies {
            acknowledgement: text("We have your message."),
            out_of_hours: text("We are closed."),
            ..AutoReplies::default()
        }));
        let mut command = put(DocumentBody::Inbox(inbox));
        command.id = baton_domain::CommandId::derive(command.id.0, "answers by itself");
        court.ask(command);
    }
    court
}

fn now(court: &Court) -> Timestamp {
    court.now.plus_ms(-2000)
}

/// What went out by itself in the conversation with that subject.
fn answered(court: &Court, subject: &str) -> Vec<AutoReplyKind> {
    let state = court
        .model
        .conversations()
        .find(|state| state.subject == subject)
        .unwrap();
    assert_eq!(state.replies, 0);
    state
        .outbound
        .iter()
        .filter_map(|outbound| outbound.automatic)
        .collect()
}

fn to_support(mut arrival: Arrival) -> Arrival {
    arrival.account = SUPPORT_MAIL;
    but(arrival, |parsed| {
        parsed.to = vec![super::court::address("support@baton.test")]
    })
}

#[test]
fn a_sender_is_answered_once_in_seven_days_by_each_inbox_whatever_they_write_about() {
    let mut court = court();
    let carl = "carl@example.com";
    // Two at once, in one commit: the first is answered.
    let (first, second) = (
        letter(1, carl, "Chairs", now(&court)),
        letter(2, carl, "Tables", now(&court)),
    );
    court.receive(vec![first.clone(), second], None);
    assert_eq!(answered(&court, "Chairs"), [AutoReplyKind::OutOfHours]);
    assert_eq!(answered(&court, "Tables"), []);
    // Brought again, it was accounted for.
    court.receive(vec![first], None);
    assert_eq!(answered(&court, "Chairs").len(), 1);
    court.wait(6 * DAY_MS);
    let arrival = letter(3, "Carl@Example.COM", "Lamps", now(&court));
    court.receive(vec![arrival], None);
    assert_eq!(answered(&court, "Lamps"), []);
    let arrival = to_support(letter(4, carl, "Broken", now(&court)));
    court.receive(vec![arrival], None);
    assert_eq!(answered(&court, "Broken"), [AutoReplyKind::OutOfHours]);
    court.wait(DAY_MS);
    let arrival = letter(5, carl, "Shelves", now(&court));
    court.receive(vec![arrival], None);
    assert_eq!(answered(&court, "Shelves"), [AutoReplyKind::OutOfHours]);
    let state = court
        .model
        .conversations()
        .find(|state| state.subject == "Shelves")
        .unwrap();
    assert_eq!(state.inbox, SALES);
    assert_ne!(SALES, SUPPORT);
}

#[test]
fn the_answer_names_itself_goes_to_the_return_path_and_is_known_when_it_lies_in_sent() {
    let mut court = court();
    let enquiry = but(letter(1, "carl@example.com", "Chairs", now(&court)), |parsed| {
        parsed.return_path = Ok(super::court::address("carl+out@example.com"));
    });
    court.receive(vec![enquiry], None);
    let state = court.only();
    let reply = &state.outbound[0];
    assert_eq!(reply.draft.to[0].email, "carl+out@example.com");
    assert!(reply.header_id.ends_with("@baton.test"), "{}", reply.header_id);
    assert_eq!(reply.in_reply_to.as_deref(), Some("1@example.com"));
    let mut copy = but(letter(9, "sales@baton.test", "Re: Chairs", now(&court)), |parsed| {
        parsed.header_id = Some(reply.header_id.clone());
        parsed.own = Some(reply.id);
    });
    copy.role = FolderRole::Sent;
    copy.folder = "Sent".to_owned();
    let received = court.receive(vec![copy], None);
    assert_eq!((received.duplicates, received.imported), (1, 0));
    let state = court.only();
    assert_eq!((state.messages, state.replies), (1, 0));
    assert!(state.outbound[0].filed);
}

#[test]
fn what_could_loop_or_is_nobodys_is_not_answered() {
    let quiet = |name: &str, arrival: &dyn Fn(&Court) -> Arrival| {
        let mut court = court();
        let arrival = arrival(&court);
        court.receive(vec![arrival], None);
        let sent: usize = court.model.conversations().map(|state| state.outbound.len()).sum();
        assert_eq!(sent, 0, "{name}");
    };
    let enquiry = |court: &Court| letter(1, "carl@example.com", "Chairs", now(court));
    for why in [Silence::Automatic, Silence::NullSender, Silence::Bulk, Silence::Spam] {
        quiet(&format!("{why:?}"), &|court| {
            but(enquiry(court), |parsed| parsed.return_path = Err(why))
        });
    }
    quiet("an automatic answer", &|court| {
        but(enquiry(court), |parsed| parsed.kind = ArrivalKind::AutoReply)
    });
    quiet("another inbox of ours", &|court| {
        letter(1, "support@baton.test", "Chairs", now(court))
    });
    quiet("ours by its return path", &|court| {
        but(enquiry(court), |parsed| {
            parsed.return_path = Ok(super::court::address("Support@baton.test"));
        })
    });
    quiet("not to us", &|court| {
        but(enquiry(court), |parsed| {
            parsed.to = vec![super::court::address("others@example.com")]
        })
    });
    quiet("history", &|_| {
        letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(-HOUR))
    });
    quiet("found again", &|court| {
        let mut arrival = enquiry(court);
        arrival.resync = true;
        arrival
    });
    quiet("two days late", &|court| {
        letter(1, "carl@example.com", "Chairs", court.now.plus_ms(-2 * DAY_MS))
    });
    // And one that is.
    let mut court = court();
    let carls = enquiry(&court);
    court.receive(vec![carls], None);
    assert_eq!(answered(&court, "Chairs").len(), 1);
}

#[test]
fn an_inbox_that_says_nothing_of_it_answers_nobody() {
    let mut court = Court::new();
    court.wait(7 * DAY_MS + 14 * HOUR);
    let arrival = letter(1, "carl@example.com", "Chairs", now(&court));
    court.receive(vec![arrival], None);
    assert_eq!(answered(&court, "Chairs"), []);
}
