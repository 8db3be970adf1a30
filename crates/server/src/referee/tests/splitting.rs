//! Another matter in the same thread: what answers it comes where it goes on, by whatever server, and what does not stays.

use baton_domain::{Command, CommandBody, Conversation, ConversationId, Invalid, MessageId, Refusal};
use baton_protocol::Answer;

use super::court::{BEN, Court, MONDAY, answering, letter};
use crate::referee::Arrival;

/// Carl asked for chairs, and then, in the same thread, for a stand at the fair.
fn two_matters() -> (Court, ConversationId, MessageId) {
    let mut court = Court::with_servers(2);
    court.wait(60_000);
    court.receive(vec![of_carl(1, "Chairs", &[])], None);
    let lead = court.only().id;
    court.receive(vec![of_carl(2, "A stand at the fair", &[1])], None);
    let fair = court.only().last_message.unwrap().id;
    (court, lead, fair)
}

fn header(n: u32) -> String {
    format!("{n}@example.com")
}

fn of_carl(n: u32, subject: &str, answers: &[u32]) -> Arrival {
    let at = MONDAY.plus_ms(30_000 + i64::from(n) * 1000);
    let ids: Vec<String> = answers.iter().map(|answered| header(*answered)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    answering(letter(n, "carl@example.com", subject, at), &ids)
}

fn split(court: &mut Court, lead: ConversationId, message: MessageId) -> Command {
    let body = CommandBody::Split {
        messages: vec![message],
    };
    court.command(BEN, lead, body)
}

fn state(court: &Court, id: ConversationId) -> Conversation {
    court.model.conversation(id).unwrap().clone()
}

#[test]
fn an_answer_to_either_comes_to_its_own_by_whatever_server() {
    let (mut court, lead, fair) = two_matters();
    let command = split(&mut court, lead, fair);
    let new = ConversationId(command.id.0);
    let commits = court.batches.len();
    let answer = court.ask_at(1, command);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    assert_eq!(court.batches.len(), commits + 1, "both change in one commit");
    assert_eq!((state(&court, lead).messages, state(&court, new).messages), (1, 1));
    assert_ne!(state(&court, lead).number, state(&court, new).number);
    // Whoever answers the second letter names the first as well.
    court.receive(vec![of_carl(3, "Re: A stand at the fair", &[1, 2])], None);
    assert_eq!((state(&court, lead).messages, state(&court, new).messages), (1, 2));
    court.receive(vec![of_carl(4, "Re: Chairs", &[1])], None);
    assert_eq!((state(&court, lead).messages, state(&court, new).messages), (2, 2));
    // By the subject alone as well.
    court.receive(vec![of_carl(5, "A stand at the fair", &[])], None);
    assert_eq!((state(&court, lead).messages, state(&court, new).messages), (2, 3));
}

#[test]
fn the_same_letter_brought_again_is_no_other() {
    let (mut court, lead, fair) = two_matters();
    let command = split(&mut court, lead, fair);
    let new = ConversationId(command.id.0);
    court.ask(command);
    let mut again = of_carl(2, "A stand at the fair", &[1]);
    again.uid = 20;
    let received = court.receive(vec![again], None);
    assert_eq!((received.duplicates, received.imported), (1, 0));
    assert_eq!((state(&court, lead).messages, state(&court, new).messages), (1, 1));
}

#[test]
fn what_the_same_commit_has_split_already_is_not_split_again() {
    let (mut court, lead, fair) = two_matters();
    let (first, second) = (split(&mut court, lead, fair), split(&mut court, lead, fair));
    let answers = court.ask_together(vec![first, second]);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    let split_off = court.model.conversations().filter(|state| state.split.is_some());
    assert_eq!(split_off.count(), 1);
}

#[test]
fn asked_twice_it_is_split_once() {
    let (mut court, lead, fair) = two_matters();
    let command = split(&mut court, lead, fair);
    let first = court.ask(command.clone());
    assert_eq!(court.ask_at(1, command), first);
    assert_eq!(court.model.conversations().count(), 2);
}

#[test]
fn no_conversation_begins_under_the_id_of_another() {
    let (mut court, lead, fair) = two_matters();
    let mut command = split(&mut court, lead, fair);
    command.id = baton_domain::CommandId(lead.0);
    let answer = court.ask(command);
    assert!(
        matches!(
            &answer,
            Answer::Refused {
                refusal: Refusal::Invalid {
                    why: Invalid::NotNow,
                    ..
                }
            }
        ),
        "{answer:?}"
    );
}
