//! Two conversations that are one: both change in one commit, and what comes to either arrives where they go on.

use baton_domain::{CommandBody, Conversation, ConversationId, Event, InboxId, LogBody, LogEntry, Outcome, Scope};
use baton_protocol::Answer;

use super::court::{BEN, Court, MIRA, MONDAY, SALES, SUPPORT, answering, letter};

/// Carl wrote twice, in two threads.
fn twice() -> (Court, ConversationId, ConversationId) {
    let mut court = Court::with_servers(2);
    court.wait(60_000);
    for (n, subject) in [(1, "Chairs"), (2, "Forty chairs")] {
        court.receive(
            vec![letter(n, "carl@example.com", subject, MONDAY.plus_ms(30_000))],
            None,
        );
    }
    let (first, second) = (about(&court, "Chairs"), about(&court, "Forty chairs"));
    (court, first, second)
}

fn about(court: &Court, subject: &str) -> ConversationId {
    court
        .model
        .conversations()
        .find(|state| state.subject == subject)
        .unwrap()
        .id
}

fn state(court: &Court, id: ConversationId) -> Conversation {
    court
        .model
        .conversations()
        .find(|state| state.id == id)
        .unwrap()
        .clone()
}

fn done(court: &Court, answer: &Answer) -> Vec<LogEntry> {
    let Answer::Done { from, to } = answer else {
        panic!("{answer:?}")
    };
    let range = usize::try_from(*from).unwrap()..usize::try_from(*to).unwrap();
    let sealed = court.model.log()[range].iter();
    sealed.map(|sealed| sealed.entry.clone()).collect()
}

fn of(entry: &LogEntry, id: ConversationId) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { conversation, event } if *conversation == id => Some(event),
        _ => None,
    }
}

/// What Carl answers to the letter with that number.
fn answers(court: &mut Court, n: u32, to: u32, subject: &str) {
    let header = letter(to, "carl@example.com", "Chairs", MONDAY)
        .parsed
        .unwrap()
        .header_id
        .unwrap();
    let more = letter(n, "carl@example.com", subject, MONDAY.plus_ms(40_000));
    court.receive(vec![answering(more, &[&header])], None);
}

#[test]
fn both_change_in_one_commit() {
    let (mut court, first, second) = twice();
    let commits = court.batches.len();
    let merge = court.command(BEN, second, CommandBody::Merge { into: first });
    let answer = court.ask(merge);
    assert_eq!(court.batches.len(), commits + 1);
    let entries = done(&court, &answer);
    assert!(
        entries
            .iter()
            .any(|entry| matches!(of(entry, second), Some(Event::Merged { into, .. }) if *into == first))
    );
    assert!(
        entries
            .iter()
            .any(|entry| matches!(of(entry, first), Some(Event::Absorbed { .. })))
    );
    let gone = state(&court, second);
    assert_eq!(gone.closing.map(|closing| closing.outcome), Some(Outcome::Duplicate));
    assert_eq!(state(&court, first).messages, 2);
}

#[test]
fn what_is_written_to_either_arrives_where_they_go_on_by_whatever_server() {
    let (mut court, first, second) = twice();
    let merge = court.command(BEN, second, CommandBody::Merge { into: first });
    court.ask_at(1, merge);
    answers(&mut court, 3, 2, "Re: Forty chairs");
    assert_eq!((state(&court, first).messages, state(&court, second).messages), (3, 1));
    let apart = court.command(BEN, second, CommandBody::Unmerge { from: None });
    let answer = court.ask(apart);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    answers(&mut court, 4, 2, "Re: Forty chairs");
    assert_eq!((state(&court, first).messages, state(&court, second).messages), (2, 2));
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let (mut court, first, second) = twice();
    court.receive(
        vec![letter(3, "carl@example.com", "Tables", MONDAY.plus_ms(30_000))],
        None,
    );
    let third = about(&court, "Tables");
    for (from, into) in [(second, first), (first, third)] {
        let merge = court.command(BEN, from, CommandBody::Merge { into });
        let answer = court.ask(merge);
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    }
    answers(&mut court, 4, 2, "Re: Forty chairs");
    assert_eq!(state(&court, third).messages, 4);
}

#[test]
fn a_part_goes_where_the_whole_goes_and_each_is_told_there() {
    let (mut court, first, second) = twice();
    let merge = court.command(MIRA, second, CommandBody::Merge { into: first });
    court.ask(merge);
    let seen = state(&court, first).last_message.map(|last| last.id);
    let to_support = CommandBody::MoveToInbox {
        inbox: SUPPORT,
        owner: None,
    };
    let mut moves = court.command(MIRA, first, to_support);
    moves.last_seen = seen;
    // The other server never had the part before it.
    let answer = court.ask_at(1, moves);
    let entries = done(&court, &answer);
    let told_in = |id: InboxId| Scope::Inbox { id };
    let left = entries
        .iter()
        .find(|entry| matches!(of(entry, second), Some(Event::MovedOut { .. })));
    assert_eq!(left.unwrap().scope, told_in(SALES));
    let came = entries
        .iter()
        .find(|entry| matches!(of(entry, second), Some(Event::MovedIn { .. })));
    assert_eq!(came.unwrap().scope, told_in(SUPPORT));
    assert_eq!(
        (state(&court, first).inbox, state(&court, second).inbox),
        (SUPPORT, SUPPORT)
    );
}
