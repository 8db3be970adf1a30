//! A conversation goes to another inbox: each entry is told where it lies, and nothing somebody wrote is lost with it.

use std::collections::BTreeSet;

use baton_domain::{
    AccountId, Capability, CommandBody, ConversationId, DocumentBody, DocumentId, DraftId, DraftText, Event, InboxId,
    LogBody, LogEntry, MemberId, Refusal, Scope, Status,
};
use baton_protocol::Answer;
use baton_store::port::DraftRow;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, SALES, SALES_MAIL, SUPPORT, SUPPORT_MAIL, answering, letter};
use crate::referee::Reply;

const TO_SUPPORT: CommandBody = CommandBody::MoveToInbox {
    inbox: SUPPORT,
    owner: None,
};

/// A team of which Anna reads only Sales, with Carl's enquiry in Sales.
fn with_enquiry() -> (Court, ConversationId) {
    let mut court = Court::with_servers(2);
    court.wait(60_000);
    let support = court.model.documents().find_map(|document| match &document.body {
        DocumentBody::Inbox(inbox) if inbox.id == SUPPORT => Some(inbox.clone()),
        _ => None,
    });
    let mut support = support.unwrap();
    support.access.retain(|access| access.member != ANNA);
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Inbox(support)),
    };
    let command = court.command(MIRA, ConversationId(Uuid::nil()), body);
    assert!(matches!(court.ask(command), Answer::Done { .. }));
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let id = court.only().id;
    (court, id)
}

fn moves(court: &mut Court, server: usize, who: MemberId, enquiry: ConversationId) -> Answer {
    let command = court.command(who, enquiry, TO_SUPPORT);
    court.ask_at(server, command)
}

fn done(court: &Court, answer: &Answer) -> Vec<LogEntry> {
    let Answer::Done { from, to } = answer else {
        panic!("{answer:?}")
    };
    let range = usize::try_from(*from).unwrap()..usize::try_from(*to).unwrap();
    court.model.log()[range]
        .iter()
        .map(|sealed| sealed.entry.clone())
        .collect()
}

fn event(entry: &LogEntry) -> &Event {
    match &entry.body {
        LogBody::Conversation { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

const fn told_in(id: InboxId) -> Scope {
    Scope::Inbox { id }
}

#[test]
fn the_old_inbox_is_told_that_it_left_and_the_new_one_everything_after() {
    let (mut court, enquiry) = with_enquiry();
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim);
    let answer = moves(&mut court, 0, MIRA, enquiry);
    let entries = done(&court, &answer);
    let left = entries
        .iter()
        .position(|entry| matches!(event(entry), Event::MovedOut { .. }));
    let left = left.unwrap();
    assert!(entries[..=left].iter().all(|entry| entry.scope == told_in(SALES)));
    assert!(matches!(event(&entries[left + 1]), Event::MovedIn { from: SALES, .. }));
    assert!(entries[left + 1..].iter().all(|entry| entry.scope == told_in(SUPPORT)));
    let state = court.only();
    assert_eq!((state.inbox, state.owner, state.status), (SUPPORT, None, Status::New));
    assert_eq!(state.account, Some(SUPPORT_MAIL));
}

#[test]
fn another_server_goes_on_where_it_lies_now() {
    let (mut court, enquiry) = with_enquiry();
    assert!(matches!(moves(&mut court, 0, MIRA, enquiry), Answer::Done { .. }));
    let hers = court.command(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(
        court.ask_at(1, hers),
        Answer::Refused {
            refusal: Refusal::NotPermitted {
                needs: Capability::Work,
                inbox: Some(SUPPORT)
            }
        }
    );
    let his = court.command(BEN, enquiry, CommandBody::Claim);
    let answer = court.ask_at(1, his);
    let entries = done(&court, &answer);
    assert!(entries.iter().all(|entry| entry.scope == told_in(SUPPORT)));
}

#[test]
fn what_the_customer_writes_to_the_old_address_goes_on_with_it() {
    let (mut court, enquiry) = with_enquiry();
    moves(&mut court, 0, MIRA, enquiry);
    let first = letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000));
    let id = first.parsed.unwrap().header_id.unwrap();
    let more = letter(2, "carl@example.com", "Re: Chairs", MONDAY.plus_ms(40_000));
    assert_eq!(more.account, SALES_MAIL);
    court.receive(vec![answering(more, &[&id])], None);
    let state = court.only();
    assert_eq!((state.id, state.inbox, state.messages), (enquiry, SUPPORT, 2));
    let last = &court.model.log().last().unwrap().entry;
    assert_eq!(last.scope, told_in(SUPPORT));
}

#[test]
fn what_somebody_had_begun_who_may_not_read_it_there_becomes_a_note() {
    let (mut court, enquiry) = with_enquiry();
    for (member, text) in [(ANNA, "Dear Carl, we"), (BEN, "Hello")] {
        assert!(court.model.put_draft(DraftRow {
            id: DraftId::derive(member.0, text),
            conversation: enquiry,
            member,
            text: DraftText {
                text: text.to_owned(),
                ..DraftText::default()
            },
            revision: 1,
            saved_at: MONDAY,
            files_present: true,
        }));
    }
    let commits = court.batches.len();
    let answer = moves(&mut court, 0, MIRA, enquiry);
    assert_eq!(court.batches.len(), commits + 1);
    let entries = done(&court, &answer);
    let notes: Vec<_> = entries
        .iter()
        .filter_map(|entry| match event(entry) {
            Event::NoteAdded { text, unsent_by, .. } => Some((text.as_str(), *unsent_by, entry.scope)),
            _ => None,
        })
        .collect();
    assert_eq!(notes, [("Dear Carl, we", Some(ANNA), told_in(SUPPORT))]);
    let left: BTreeSet<_> = [ANNA, BEN]
        .into_iter()
        .filter(|member| {
            let text = if *member == ANNA { "Dear Carl, we" } else { "Hello" };
            court.model.draft(DraftId::derive(member.0, text)).is_some()
        })
        .collect();
    assert_eq!(left, [BEN].into());
}

#[test]
fn an_inbox_is_as_empty_as_this_very_commit_leaves_it() {
    let (mut court, enquiry) = with_enquiry();
    let remove = |court: &mut Court, document: Uuid| {
        let body = CommandBody::RemoveDocument {
            document: DocumentId(document),
        };
        court.command(MIRA, ConversationId(Uuid::nil()), body)
    };
    for AccountId(account) in [SALES_MAIL, SUPPORT_MAIL] {
        let gone = remove(&mut court, account);
        assert!(matches!(court.ask(gone), Answer::Done { .. }));
    }
    let there = court.command(MIRA, enquiry, TO_SUPPORT);
    let support = remove(&mut court, SUPPORT.0);
    let sales = remove(&mut court, SALES.0);
    let answers = court.ask_together(vec![there, support, sales]);
    let refused = Answer::Refused {
        refusal: Refusal::NotEmpty {
            conversations: 1,
            accounts: 0,
            rule: None,
        },
    };
    assert!(
        matches!(answers[0], Ok(Reply::Command(Answer::Done { .. }))),
        "{answers:?}"
    );
    assert_eq!(answers[1], Ok(Reply::Command(refused)));
    assert!(
        matches!(answers[2], Ok(Reply::Command(Answer::Done { .. }))),
        "{answers:?}"
    );
}
