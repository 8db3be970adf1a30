//! Hosts: one at a time, and what one says counts only while it is the one.

use baton_domain::{
    Actor, Capability, CommandBody, CommandId, DAY_MS, DocumentBody, DocumentId, Host, HostGrant, Invalid,
    OutboundState, Refusal, SessionId,
};
use baton_protocol::Answer;
use baton_store::port::FolderCursor;
use uuid::Uuid;

use super::court::{ANNA, Court, MIRA, MONDAY, SALES_MAIL, SUPPORT_MAIL, letter};
use super::mail::reply;
use crate::referee::{Fault, HostAsk, HostGranted, Input, Received, Reply};

const LEFT: SessionId = SessionId(Uuid::from_u128(0xe1));
const RIGHT: SessionId = SessionId(Uuid::from_u128(0xe2));
const MINUTE: i64 = 60_000;

fn court() -> Court {
    let mut court = Court::new();
    court.wait(10 * DAY_MS);
    court
}

fn host_at(court: &mut Court, server: usize, session: SessionId) -> Option<HostGranted> {
    let ticket = court.ticket();
    let ask = HostAsk {
        account: SALES_MAIL,
        session,
        lifetime_ms: MINUTE,
    };
    court.tell(server, Input::Host { ticket, ask });
    match court.answers.remove(&ticket) {
        Some(Ok(Reply::Hosted(granted))) => granted,
        other => panic!("{other:?}"),
    }
}

fn host(court: &mut Court, session: SessionId) -> Option<HostGrant> {
    host_at(court, 0, session).map(|granted| granted.host.grant())
}

fn release(court: &mut Court, grant: HostGrant) {
    let ticket = court.ticket();
    court.tell(0, Input::Release { ticket, grant });
    assert_eq!(court.answers.remove(&ticket), Some(Ok(Reply::Released)));
}

fn bring(court: &mut Court, server: usize, uid: u32, under: HostGrant) -> Result<Reply, Fault> {
    let ticket = court.ticket();
    court.tell(
        server,
        Input::Receive {
            ticket,
            arrivals: vec![letter(uid, "carl@example.com", "Chairs", MONDAY)],
            progress: Some(FolderCursor::at(SALES_MAIL, "INBOX".to_owned(), 7, 1, uid)),
            under: Some(under),
        },
    );
    court.answers.remove(&ticket).expect("an answer")
}

#[test]
fn one_hosts_and_another_waits_until_the_grant_runs_out() {
    let mut court = court();
    let first = host(&mut court, LEFT).unwrap();
    assert_eq!(host(&mut court, RIGHT), None);
    court.wait(MINUTE - 1);
    assert_eq!(host(&mut court, RIGHT), None);
    // A renewal moves only the time.
    let head = court.model.head().number;
    assert!(court.model.renew_host(first, MINUTE));
    assert_eq!(court.model.head().number, head);
    court.wait(MINUTE - 1);
    assert_eq!(host(&mut court, RIGHT), None);
    court.wait(1);
    let granted = host_at(&mut court, 0, RIGHT).unwrap();
    assert!(granted.host.token > first.token);
    assert_eq!(granted.before.map(|before| before.session), Some(LEFT));
    assert!(
        !court.model.renew_host(first, MINUTE),
        "it is not the account's any more"
    );
    assert_eq!(host(&mut court, LEFT), None);
}

#[test]
fn a_grant_s_number_is_that_of_its_entry() {
    let mut court = court();
    let grant = host(&mut court, LEFT).unwrap();
    assert_eq!(grant.token, court.model.head().number);
    let again = host(&mut court, LEFT).unwrap();
    assert_eq!(
        again.token,
        court.model.head().number,
        "whoever begins anew gets a grant of its own"
    );
    assert!(again.token > grant.token);
}

#[test]
fn what_is_given_back_is_free_at_once_and_counts_no_more() {
    let mut court = court();
    let grant = host(&mut court, LEFT).unwrap();
    release(&mut court, grant);
    assert_eq!(bring(&mut court, 0, 1, grant), Err(Fault::NotHost));
    let head = court.model.head().number;
    release(&mut court, grant);
    assert_eq!(court.model.head().number, head, "it is given back once");
    let next = host(&mut court, RIGHT).unwrap();
    // The one before says it again, late: that changes nothing for the one that has it now.
    release(&mut court, grant);
    assert!(bring(&mut court, 0, 1, next).is_ok());
}

#[test]
fn whoever_takes_over_has_shown_it_once_it_said_so_under_a_grant_that_stands() {
    let mut court = court();
    let shown = |court: &mut Court, grant| {
        let ticket = court.ticket();
        court.tell(0, Input::Shown { ticket, grant });
        court.answers.remove(&ticket)
    };
    let old = host(&mut court, LEFT).unwrap();
    court.wait(MINUTE);
    let new = host_at(&mut court, 0, RIGHT).unwrap().host;
    assert!(!new.shown);
    // It was killed before it could: it still has to.
    let again = host_at(&mut court, 0, RIGHT).unwrap().host;
    assert!(!again.shown);
    assert_eq!(shown(&mut court, new.grant()), Some(Ok(Reply::Shown(false))));
    assert_eq!(shown(&mut court, again.grant()), Some(Ok(Reply::Shown(true))));
    let head = court.model.head().number;
    assert_eq!(shown(&mut court, again.grant()), Some(Ok(Reply::Shown(true))));
    assert_eq!(court.model.head().number, head, "once is enough");
    // Saying so does not make the grant live longer, nor shorter.
    assert!(court.model.renew_host(again.grant(), MINUTE));
    assert!(host_at(&mut court, 0, RIGHT).unwrap().host.shown);
    assert_eq!(shown(&mut court, old), Some(Ok(Reply::Shown(false))));
}

#[test]
fn mail_from_a_host_that_was_replaced_is_not_taken_in_and_its_folder_does_not_move() {
    let mut court = court();
    let old = host(&mut court, LEFT).unwrap();
    court.wait(MINUTE);
    let new = host(&mut court, RIGHT).unwrap();
    assert_eq!(bring(&mut court, 0, 1, old), Err(Fault::NotHost));
    assert_eq!(court.model.items().count(), 0);
    assert_eq!(court.model.cursor(SALES_MAIL, "INBOX"), None);
    let received = Received {
        imported: 1,
        ..Received::default()
    };
    assert_eq!(bring(&mut court, 0, 1, new), Ok(Reply::Received(received)));
}

#[test]
fn a_server_that_did_not_hear_of_the_change_judges_by_it_all_the_same() {
    let mut court = Court::with_servers(2);
    court.wait(10 * DAY_MS);
    let old = host_at(&mut court, 1, LEFT).unwrap().host.grant();
    court.wait(MINUTE);
    host_at(&mut court, 0, RIGHT).unwrap();
    assert_eq!(bring(&mut court, 1, 1, old), Err(Fault::NotHost));
}

#[test]
fn a_report_of_a_host_that_was_replaced_is_no_answer_and_the_present_one_may_say_the_same() {
    let mut court = court();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", MONDAY)], None);
    let conversation = court.only().id;
    let (_, outbound) = reply(&mut court, conversation, ANNA);
    court.wait(MINUTE);
    let old = host(&mut court, LEFT).unwrap();
    court.wait(MINUTE);
    let new = host(&mut court, RIGHT).unwrap();
    let mut command = court.command(
        ANNA,
        conversation,
        CommandBody::OutboundSending { outbound, attempt: 1 },
    );
    command.id = CommandId(Uuid::from_u128(0xf1));
    command.actor = Actor::Channel { account: SALES_MAIL };
    let mut say = |under| {
        let ticket = court.ticket();
        let command = Box::new(command.clone());
        court.tell(
            0,
            Input::Submit {
                ticket,
                command,
                under: Some(under),
            },
        );
        court.answers.remove(&ticket).expect("an answer")
    };
    assert_eq!(say(old), Err(Fault::NotHost));
    assert!(matches!(say(new), Ok(Reply::Command(Answer::Done { .. }))));
    let state = court.only();
    assert_eq!(
        state.outbound(outbound).map(|reply| reply.state.clone()),
        Some(OutboundState::Sending)
    );
}

#[test]
fn a_grant_is_good_for_its_own_account_only() {
    let mut court = court();
    let grant = host(&mut court, LEFT).unwrap();
    let elsewhere = HostGrant {
        account: SUPPORT_MAIL,
        ..grant
    };
    assert_eq!(bring(&mut court, 0, 1, elsewhere), Err(Fault::NotHost));
}

#[test]
fn nobody_makes_a_grant_by_putting_or_removing_a_document() {
    let mut court = court();
    let grant = host(&mut court, LEFT).unwrap();
    let forged = Host {
        account: SALES_MAIL,
        session: RIGHT,
        token: 1,
        released: false,
        shown: true,
    };
    let put = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Host(forged)),
    };
    let remove = CommandBody::RemoveDocument {
        document: Host::document(SALES_MAIL),
    };
    for body in [put, remove] {
        let mut command = court.command(MIRA, baton_domain::ConversationId(Uuid::nil()), body);
        let refused = Answer::Refused {
            refusal: Refusal::Invalid {
                field: "document".to_owned(),
                why: Invalid::NotNow,
            },
        };
        assert_eq!(court.ask(command.clone()), refused);
        command.id = CommandId(Uuid::from_u128(command.id.0.as_u128() ^ 1));
        command.actor = Actor::Channel { account: SALES_MAIL };
        let Answer::Refused { refusal } = court.ask(command) else {
            panic!("a host put a document")
        };
        let needs = Capability::Manage;
        assert_eq!(refusal, Refusal::NotPermitted { needs, inbox: None });
    }
    assert!(bring(&mut court, 0, 1, grant).is_ok());
    let known: DocumentId = Host::document(SALES_MAIL);
    assert_eq!(
        court.model.documents().filter(|document| document.id == known).count(),
        1
    );
}
