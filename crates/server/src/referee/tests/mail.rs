//! Taking mail in: threading, duplicates, our own copies, history, and the ledger.

use baton_domain::{
    AfterReply, CommandBody, ConversationId, DAY_MS, Direction, DraftId, DraftText, LogBody, MemberId, MessageId,
    MessageKind, OutboundState, Outcome, Phase, Status, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::{DraftRow, FolderCursor, ItemOutcome, PortError};
use uuid::Uuid;

use super::court::{ANNA, Court, MONDAY, SALES, SALES_MAIL, SUPPORT_MAIL, address, answering, but, letter, message_of};
use crate::referee::{Arrival, ArrivalKind, Fault, FolderRole, Input, Received, ReportOn};

const HOUR: i64 = 3_600_000;

fn court() -> Court {
    let mut court = Court::new();
    court.wait(10 * DAY_MS);
    court
}

fn at(hours: i64) -> Timestamp {
    MONDAY.plus_ms(hours * HOUR)
}

/// Anna replies in the conversation; gives the Message-ID and the id of the reply.
pub(super) fn reply(court: &mut Court, conversation: ConversationId, by: MemberId) -> (String, MessageId) {
    let lock = court.command(by, conversation, CommandBody::TakeLock { cover: false });
    let Answer::Done { to: token, .. } = court.ask(lock) else {
        panic!("no lock")
    };
    let text = DraftText {
        to: vec![address("carl@example.com")],
        text: "We do.".to_owned(),
        ..DraftText::default()
    };
    let draft = DraftId(Uuid::from_u128(0xd1 + u128::from(token)));
    let saved = DraftRow {
        id: draft,
        conversation,
        member: by,
        text: text.clone(),
        revision: 1,
        saved_at: court.now,
        files_present: true,
    };
    assert!(court.model.put_draft(saved));
    let body = CommandBody::Reply {
        draft,
        digest: text.digest(),
        token,
        after: AfterReply::NothingMore,
        quote: None,
        close: None,
        send_at: None,
    };
    let command = court.command(by, conversation, body);
    let id = MessageId(command.id.0);
    let answer = court.ask(command);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    let header = court
        .model
        .conversation(conversation)
        .unwrap()
        .outbound(id)
        .unwrap()
        .header_id
        .clone();
    (header, id)
}

fn through(court: &mut Court, conversation: ConversationId, bodies: Vec<CommandBody>) {
    for body in bodies {
        let mut command = court.command(ANNA, conversation, body);
        command.actor = baton_domain::Actor::Channel { account: SALES_MAIL };
        let answer = court.ask(command);
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    }
}

fn outcome(court: &Court, arrival: &Arrival) -> ItemOutcome {
    court
        .model
        .items()
        .find(|row| row.key == arrival.key())
        .unwrap()
        .outcome
        .clone()
}

fn shapes(court: &Court) -> Vec<(u32, u32)> {
    let mut shapes: Vec<_> = court
        .model
        .conversations()
        .map(|state| (state.messages, u32::from(state.history)))
        .collect();
    shapes.sort_unstable();
    shapes
}

#[test]
fn an_item_brought_twice_is_taken_in_once() {
    let mut court = court();
    let mail = letter(1, "carl@example.com", "Chairs", at(1));
    let cursor = FolderCursor::at(SALES_MAIL, "INBOX".to_owned(), 7, 1, 1);
    assert_eq!(
        court.receive(vec![mail.clone()], Some(cursor.clone())),
        Received {
            imported: 1,
            ..Received::default()
        }
    );
    assert_eq!(
        court.receive(vec![mail], None),
        Received {
            known: 1,
            ..Received::default()
        }
    );
    let state = court.only();
    assert_eq!((state.messages, state.status, state.inbox), (1, Status::New, SALES));
    assert_eq!(court.model.cursor(SALES_MAIL, "INBOX"), Some(&cursor));
    assert_eq!(court.model.items().count(), 1);
}

#[test]
fn the_result_does_not_depend_on_the_order_of_arrival() {
    let root = letter(1, "carl@example.com", "Chairs", at(1));
    let answer = answering(letter(2, "dora@example.com", "Re: Chairs", at(2)), &["1@example.com"]);
    let third = answering(
        letter(3, "carl@example.com", "other words", at(3)),
        &["1@example.com", "2@example.com"],
    );
    let mails = [root, answer, third];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut court = court();
        for index in order {
            court.receive(vec![mails[index].clone()], None);
        }
        assert_eq!(shapes(&court), [(3, 0)], "{order:?}");
        let mut together = Court::new();
        together.wait(10 * DAY_MS);
        together.receive(order.iter().map(|index| mails[*index].clone()).collect(), None);
        assert_eq!(shapes(&together), [(3, 0)], "{order:?} in one commit");
    }
}

#[test]
fn a_subject_links_only_the_same_contact_within_thirty_days() {
    let mut court = court();
    court.wait(60 * DAY_MS);
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    court.receive(vec![letter(2, "Carl@Example.com", "Re: Chairs", at(24))], None);
    assert_eq!(shapes(&court), [(2, 0)]);
    court.receive(vec![letter(3, "dora@example.com", "Re: Chairs", at(25))], None);
    court.receive(vec![letter(4, "carl@example.com", "Tables", at(26))], None);
    court.receive(vec![letter(5, "carl@example.com", "Chairs", at(24 * 40))], None);
    assert_eq!(shapes(&court), [(1, 0), (1, 0), (1, 0), (2, 0)]);
}

#[test]
fn a_message_without_a_subject_links_to_nothing() {
    let mut court = court();
    court.receive(
        vec![
            letter(1, "carl@example.com", "", at(1)),
            letter(2, "carl@example.com", "", at(2)),
        ],
        None,
    );
    assert_eq!(shapes(&court), [(1, 0), (1, 0)]);
}

#[test]
fn a_customer_s_answer_finds_our_reply_by_header_or_token() {
    for by_token in [false, true] {
        let mut court = court();
        court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
        let enquiry = court.only().id;
        let (header, outbound) = reply(&mut court, enquiry, ANNA);
        let answer = letter(2, "carl.private@example.com", "something else", at(3));
        let answer = if by_token {
            but(answer, |parsed| parsed.answers = vec![outbound])
        } else {
            answering(answer, &[&header])
        };
        court.receive(vec![answer.clone()], None);
        assert_eq!(court.only().last_message.unwrap().id, message_of(&answer));
    }
}

#[test]
fn the_same_message_through_two_accounts_is_one_conversation_in_the_first_addressed_inbox() {
    let to_both = |account, uid| {
        let mut arrival = but(letter(9, "carl@example.com", "Chairs", at(1)), |parsed| {
            parsed.to = vec![address("sales@baton.test")];
            parsed.cc = vec![address("support@baton.test")];
        });
        (arrival.account, arrival.uid) = (account, uid);
        arrival
    };
    for order in [[SALES_MAIL, SUPPORT_MAIL], [SUPPORT_MAIL, SALES_MAIL]] {
        let mut court = court();
        let (first, second) = (to_both(order[0], 5), to_both(order[1], 6));
        assert_eq!(court.receive(vec![first], None).imported, 1);
        assert_eq!(court.receive(vec![second.clone()], None).duplicates, 1);
        let state = court.only();
        assert_eq!(
            (state.inbox, state.account, state.messages),
            (SALES, Some(SALES_MAIL), 1),
            "{order:?}"
        );
        let mut sources: Vec<_> = state.sources.iter().map(|source| source.address.as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["sales@baton.test", "support@baton.test"]);
        // Found again in another folder of the same account: nothing more to say.
        let end = court.model.head().number;
        let again = Arrival {
            folder: "Archive".to_owned(),
            ..second
        };
        court.receive(vec![again], None);
        assert_eq!(court.model.head().number, end);
    }
}

#[test]
fn a_copy_of_our_reply_in_sent_settles_it_and_is_no_outside_reply() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (header, outbound) = reply(&mut court, enquiry, ANNA);
    court.wait(20_000);
    through(
        &mut court,
        enquiry,
        vec![
            CommandBody::OutboundSending { outbound, attempt: 1 },
            CommandBody::OutboundUnknown {
                outbound,
                reason: "the connection broke".to_owned(),
            },
        ],
    );
    let mut copy = but(letter(30, "sales@baton.test", "Re: Chairs", at(200)), |parsed| {
        parsed.to = vec![address("carl@example.com")];
        parsed.header_id = Some(header);
    });
    (copy.folder, copy.role) = ("Sent".to_owned(), FolderRole::Sent);
    court.receive(vec![copy.clone()], None);
    let state = court.only();
    let sent = state.outbound(outbound).unwrap();
    assert!(matches!(sent.state, OutboundState::Sent { .. }), "{:?}", sent.state);
    assert!(sent.filed);
    assert_eq!(
        outcome(&court, &copy),
        ItemOutcome::Duplicate {
            conversation: enquiry,
            of: outbound
        }
    );
    assert_eq!(state.messages, 2);
}

#[test]
fn our_mark_in_a_stranger_s_mail_is_not_believed() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (_, outbound) = reply(&mut court, enquiry, ANNA);
    let forged = but(letter(2, "carl@example.com", "Re: Chairs", at(3)), |parsed| {
        parsed.claims = Some(outbound)
    });
    court.receive(vec![forged.clone()], None);
    assert!(matches!(outcome(&court, &forged), ItemOutcome::Imported { .. }));
    assert_eq!(court.only().last_message.unwrap().id, message_of(&forged));
}

#[test]
fn a_reply_sent_by_another_program_is_an_outside_reply() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let mut outside = answering(letter(30, "sales@baton.test", "Re: Chairs", at(2)), &["1@example.com"]);
    outside = but(outside, |parsed| parsed.to = vec![address("carl@example.com")]);
    (outside.folder, outside.role) = ("Sent".to_owned(), FolderRole::Sent);
    court.receive(vec![outside.clone()], None);
    let last = court.only().last_message.unwrap();
    assert_eq!((last.id, last.direction), (message_of(&outside), Direction::Outside));
    // A colleague who answers from their own mailbox with us in copy is no customer either.
    let colleague = answering(letter(3, "ben@baton.test", "Re: Chairs", at(3)), &["1@example.com"]);
    court.receive(vec![colleague], None);
    assert_eq!(court.only().last_message.unwrap().direction, Direction::Outside);
}

#[test]
fn mail_from_our_own_form_is_the_customer_s() {
    let mut court = court();
    let form = but(letter(1, "sales@baton.test", "Enquiry", at(1)), |parsed| {
        parsed.reply_to = vec![address("carl@example.com")]
    });
    court.receive(vec![form], None);
    let state = court.only();
    assert_eq!(state.last_message.unwrap().direction, Direction::Inbound);
    assert_eq!(state.contact, address("carl@example.com"));
}

#[test]
fn a_bounce_belongs_to_the_reply_it_is_about() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", at(1))], None);
    let enquiry = court.only().id;
    let (header, outbound) = reply(&mut court, enquiry, ANNA);
    let bounce = but(letter(2, "mailer-daemon@example.com", "Undelivered", at(3)), |parsed| {
        parsed.kind = ArrivalKind::Bounce;
        parsed.about = Some(ReportOn {
            header_id: Some(header),
            ..ReportOn::default()
        });
    });
    court.receive(vec![bounce], None);
    let state = court.only();
    assert_eq!(state.messages, 3);
    let told = court.model.log().iter().find_map(|sealed| match &sealed.entry.body {
        LogBody::Conversation {
            event: baton_domain::Event::MessageReceived { message, .. },
            ..
        } if message.kind == MessageKind::Bounce => message.bounced,
        _ => None,
    });
    assert_eq!(told, Some(outbound));
}

#[test]
fn history_is_there_and_starts_nothing() {
    let mut court = court();
    let old = letter(1, "carl@example.com", "Chairs", at(-24 * 90));
    let answered = answering(
        letter(2, "carl@example.com", "Re: Chairs", at(-24 * 89)),
        &["1@example.com"],
    );
    court.receive(vec![answered, old], None);
    let state = court.only();
    assert_eq!((state.phase(), state.history, state.messages), (Phase::Closed, true, 2));
    assert_eq!(state.closing.unwrap().outcome, Outcome::Imported);
    assert!(court.model.due(10).next.is_none());
    // Three months later Carl answers: that is a new matter, and live.
    court.receive(
        vec![answering(
            letter(3, "carl@example.com", "Re: Chairs", at(1)),
            &["2@example.com"],
        )],
        None,
    );
    assert_eq!(shapes(&court), [(1, 0), (2, 1)]);
    // What is found again while a folder is read anew is history too.
    let again = Arrival {
        resync: true,
        ..letter(4, "dora@example.com", "Tables", at(2))
    };
    court.receive(vec![again], None);
    assert_eq!(shapes(&court), [(1, 0), (1, 1), (2, 1)]);
}

#[test]
fn an_unreadable_item_is_kept_with_its_reason_and_a_draft_is_ignored() {
    let mut court = court();
    let broken = Arrival {
        parsed: Err("the message has no headers".to_owned()),
        ..letter(1, "", "", at(1))
    };
    let unfinished = Arrival {
        flags: vec!["\\Draft".to_owned()],
        ..letter(2, "carl@example.com", "Chairs", at(1))
    };
    let received = court.receive(vec![broken.clone(), unfinished], None);
    assert_eq!(
        received,
        Received {
            quarantined: 1,
            ignored: 1,
            ..Received::default()
        }
    );
    assert_eq!(
        outcome(&court, &broken),
        ItemOutcome::Quarantined {
            why: "the message has no headers".to_owned()
        }
    );
    assert_eq!(
        court.model.items().find(|row| row.key == broken.key()).unwrap().blob,
        broken.blob
    );
    assert_eq!(court.model.conversations().count(), 0);
}

#[test]
fn mail_the_store_can_t_write_is_quarantined_and_the_rest_comes_in() {
    let mut court = court();
    let poison = letter(1, "carl@example.com", "Chairs", at(1));
    let fine = letter(2, "dora@example.com", "Tables", at(1));
    let rejected = || PortError::Rejected("a character no database takes".to_owned());
    court.faults.extend([rejected(), rejected()]);
    let received = court.receive(vec![poison.clone(), fine], None);
    assert_eq!(
        received,
        Received {
            imported: 1,
            quarantined: 1,
            ..Received::default()
        }
    );
    assert!(matches!(outcome(&court, &poison), ItemOutcome::Quarantined { why } if why.contains("no database takes")));
    assert_eq!(court.only().subject, "Tables");
}

#[test]
fn the_folder_s_cursor_never_passes_an_item_that_was_not_written() {
    let mut court = court();
    let cursor = FolderCursor::at(SALES_MAIL, "INBOX".to_owned(), 7, 1, 2);
    let mails = vec![
        letter(1, "carl@example.com", "Chairs", at(1)),
        letter(2, "dora@example.com", "Tables", at(1)),
    ];
    let rejected = || PortError::Rejected("full of holes".to_owned());
    // Together, the first alone, and even the first in quarantine.
    court.faults.extend([rejected(), rejected(), rejected()]);
    let ticket = court.ticket();
    court.tell(
        0,
        Input::Receive {
            ticket,
            arrivals: mails.clone(),
            progress: Some(cursor.clone()),
            under: None,
        },
    );
    assert!(matches!(court.answers[&ticket], Err(Fault::Rejected(_))));
    assert_eq!(court.model.cursor(SALES_MAIL, "INBOX"), None);
    assert_eq!(
        court.receive(mails, Some(cursor.clone())),
        Received {
            imported: 1,
            known: 1,
            ..Received::default()
        }
    );
    assert_eq!(court.model.cursor(SALES_MAIL, "INBOX"), Some(&cursor));
}

#[test]
fn a_date_that_can_t_be_right_is_that_of_the_arrival() {
    let mut court = court();
    let future = but(letter(1, "carl@example.com", "Chairs", at(1)), |parsed| {
        parsed.date = Some(at(24 * 365))
    });
    let ancient = but(letter(2, "dora@example.com", "Tables", at(1)), |parsed| {
        parsed.date = Some(Timestamp(86_400_000))
    });
    court.receive(vec![future.clone(), ancient], None);
    for state in court.model.conversations() {
        assert_eq!(state.last_message.as_ref().unwrap().at, future.internal_date);
    }
}

#[test]
fn mail_for_an_account_that_is_gone_is_kept() {
    let mut court = court();
    let stray = Arrival {
        account: baton_domain::AccountId(Uuid::from_u128(0xdead)),
        ..letter(1, "carl@example.com", "Chairs", at(1))
    };
    assert_eq!(court.receive(vec![stray], None).quarantined, 1);
}
