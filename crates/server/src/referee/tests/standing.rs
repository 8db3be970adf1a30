//! What a change of documents ends, in the same commit.

use baton_domain::{
    AccountMode, Actor, CancelReason, Capability, CommandBody, ConversationId, DocumentBody, DocumentId, DraftId,
    DraftText, Event, LockEnd, LogBody, MemberId, MessageId, OutboundState, Refusal, Role, Status,
};
use baton_protocol::Answer;
use baton_store::port::DraftRow;
use baton_store::port::model::Model;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, SALES, SALES_MAIL, SUPPORT, letter};

fn with_enquiry() -> (Court, ConversationId) {
    let mut court = Court::new();
    court.wait(60_000);
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let id = court.only().id;
    (court, id)
}

fn document(model: &Model, id: Uuid) -> DocumentBody {
    model
        .documents()
        .find(|document| document.id.0 == id)
        .unwrap()
        .body
        .clone()
}

fn put(court: &mut Court, by: MemberId, document: DocumentBody) -> Answer {
    let body = CommandBody::PutDocument {
        document: Box::new(document),
    };
    let command = court.command(by, ConversationId(Uuid::nil()), body);
    court.ask(command)
}

/// Mira takes from somebody what they may do in Sales, all but reading and noting.
fn may_only_read(court: &mut Court, member: MemberId) -> Answer {
    let DocumentBody::Inbox(mut inbox) = document(&court.model, SALES.0) else {
        panic!("no inbox")
    };
    for access in inbox.access.iter_mut().filter(|access| access.member == member) {
        access.capabilities = [Capability::Read, Capability::Comment].into();
    }
    put(court, MIRA, DocumentBody::Inbox(inbox))
}

fn leaves(court: &mut Court, member: MemberId, backup: Option<MemberId>) -> Answer {
    let DocumentBody::Member(mut gone) = document(&court.model, member.0) else {
        panic!("no member")
    };
    gone.active = false;
    gone.backup = backup;
    put(court, MIRA, DocumentBody::Member(gone))
}

fn state(court: &Court, outbound: MessageId) -> OutboundState {
    court.only().outbound(outbound).unwrap().state.clone()
}

const NOT_PERMITTED: OutboundState = OutboundState::Cancelled {
    why: CancelReason::NotPermitted,
};

#[test]
fn a_lock_ends_in_the_commit_that_takes_the_right_away() {
    let (mut court, enquiry) = with_enquiry();
    let lock = court.command(ANNA, enquiry, CommandBody::TakeLock { cover: false });
    court.ask(lock);
    assert!(court.model.lease(enquiry).is_some());
    let commits = court.batches.len();
    let answer = may_only_read(&mut court, ANNA);
    assert_eq!(court.batches.len(), commits + 1);
    let Answer::Done { from, to } = answer else {
        panic!("{answer:?}")
    };
    let log = court.model.log();
    let ended = &log[usize::try_from(to).unwrap() - 1].entry;
    assert_eq!(to, from + 2, "the document, and the lock's end");
    assert_eq!(
        ended.body,
        LogBody::Conversation {
            conversation: enquiry,
            event: Event::LockReleased {
                why: LockEnd::NotPermitted
            }
        }
    );
    assert_eq!(ended.actor, Actor::Member { id: MIRA }, "it says who did that");
    assert!(court.only().lock.is_none());
    assert!(court.model.lease(enquiry).is_none());
}

/// The notes in the log, and whose unsent texts they are.
fn notes(court: &Court) -> Vec<(String, Option<MemberId>)> {
    let note = |body: &LogBody| match body {
        LogBody::Conversation {
            event: Event::NoteAdded { text, unsent_by, .. },
            ..
        } => Some((text.clone(), *unsent_by)),
        _ => None,
    };
    let log = court.model.log().iter();
    log.filter_map(|sealed| note(&sealed.entry.body)).collect()
}

#[test]
fn a_reply_of_somebody_who_left_never_leaves_and_its_text_is_a_note_to_who_goes_on() {
    let (mut court, enquiry) = with_enquiry();
    let (_, outbound) = super::mail::reply(&mut court, enquiry, ANNA);
    let commits = court.batches.len();
    leaves(&mut court, ANNA, Some(BEN));
    assert_eq!(court.batches.len(), commits + 1, "all of it in one commit");
    assert_eq!(state(&court, outbound), NOT_PERMITTED);
    assert_eq!((court.only().owner, court.only().status), (Some(BEN), Status::Assigned));
    assert_eq!(notes(&court), [("We do.".to_owned(), Some(ANNA))]);
    let returned = baton_domain::DraftId::derive(outbound.0, "returned");
    assert_eq!(court.model.draft(returned), None, "nobody could open that draft");
}

#[test]
fn a_reply_of_somebody_who_may_only_read_is_their_own_draft_again() {
    let (mut court, enquiry) = with_enquiry();
    let (_, outbound) = super::mail::reply(&mut court, enquiry, ANNA);
    may_only_read(&mut court, ANNA);
    assert_eq!(state(&court, outbound), NOT_PERMITTED);
    let returned = baton_domain::DraftId::derive(outbound.0, "returned");
    assert_eq!(court.model.draft(returned).unwrap().text.text, "We do.");
    assert!(notes(&court).is_empty());
}

fn begins_a_draft(court: &mut Court, conversation: ConversationId, member: MemberId, text: &str) -> DraftId {
    let id = DraftId::derive(member.0, text);
    let saved = court.model.put_draft(DraftRow {
        id,
        conversation,
        member,
        text: DraftText {
            text: text.to_owned(),
            ..DraftText::default()
        },
        revision: 1,
        saved_at: MONDAY,
        files_present: true,
    });
    assert!(saved);
    id
}

#[test]
fn what_somebody_who_left_had_begun_to_write_becomes_a_note_in_the_same_commit() {
    let (mut court, enquiry) = with_enquiry();
    let hers = begins_a_draft(&mut court, enquiry, ANNA, "Dear Carl, we");
    let his = begins_a_draft(&mut court, enquiry, BEN, "Hello");
    // Another server, which knows nothing of the conversation yet, takes her out.
    let mut other = Court::empty(1);
    std::mem::swap(&mut other.model, &mut court.model);
    other.wait(60_000 + 1000);
    let ticket = other.ticket();
    other.tell(0, crate::referee::Input::Open { ticket });
    other.skip_ids();
    leaves(&mut other, ANNA, None);
    assert_eq!(notes(&other), [("Dear Carl, we".to_owned(), Some(ANNA))]);
    assert_eq!(other.model.draft(hers), None);
    assert!(other.model.draft(his).is_some());
}

#[test]
fn what_was_begun_in_an_inbox_one_may_not_read_any_more_stays_in_that_inbox() {
    let (mut court, enquiry) = with_enquiry();
    begins_a_draft(&mut court, enquiry, ANNA, "Dear Carl, we");
    let DocumentBody::Inbox(mut inbox) = document(&court.model, SALES.0) else {
        panic!("no inbox")
    };
    inbox.access.retain(|access| access.member != ANNA);
    put(&mut court, MIRA, DocumentBody::Inbox(inbox));
    assert_eq!(notes(&court), [("Dear Carl, we".to_owned(), Some(ANNA))]);
}

#[test]
fn a_lead_of_somebody_who_left_is_found_though_nobody_worked_on_it_lately() {
    let (mut court, enquiry) = with_enquiry();
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim);
    // Another server, which knows nothing yet, takes her out.
    let mut other = Court::empty(1);
    std::mem::swap(&mut other.model, &mut court.model);
    other.wait(60_000 + 1000);
    let ticket = other.ticket();
    other.tell(0, crate::referee::Input::Open { ticket });
    other.skip_ids();
    assert!(matches!(leaves(&mut other, ANNA, None), Answer::Done { .. }));
    assert_eq!((other.only().owner, other.only().status), (None, Status::New));
    assert_eq!(other.only().last_owner, Some(ANNA));
}

#[test]
fn whoever_only_observes_from_now_on_keeps_no_lead() {
    let (mut court, enquiry) = with_enquiry();
    let DocumentBody::Member(mut ben) = document(&court.model, BEN.0) else {
        panic!("no member")
    };
    ben.role = Role::Observer;
    let claim = court.command(BEN, enquiry, CommandBody::Claim);
    court.ask(claim);
    put(&mut court, MIRA, DocumentBody::Member(ben));
    assert_eq!(court.only().owner, None);
}

#[test]
fn watching_only_cancels_what_waits_and_not_what_is_under_way() {
    let (mut court, enquiry) = with_enquiry();
    let (_, first) = super::mail::reply(&mut court, enquiry, ANNA);
    court.wait(11_000);
    let mut fence = court.command(
        ANNA,
        enquiry,
        CommandBody::OutboundSending {
            outbound: first,
            attempt: 1,
        },
    );
    fence.actor = Actor::Channel { account: SALES_MAIL };
    assert!(matches!(court.ask(fence), Answer::Done { .. }));
    let (_, second) = super::mail::reply(&mut court, enquiry, ANNA);
    let DocumentBody::Account(mut account) = document(&court.model, SALES_MAIL.0) else {
        panic!("no account")
    };
    account.mode = AccountMode::Watch;
    put(&mut court, MIRA, DocumentBody::Account(account));
    assert_eq!(state(&court, first), OutboundState::Sending);
    assert_eq!(
        state(&court, second),
        OutboundState::Cancelled {
            why: CancelReason::NotSending
        }
    );
}

#[test]
fn an_inbox_with_conversations_or_mailboxes_is_not_removed() {
    let (mut court, _) = with_enquiry();
    let remove = |court: &mut Court, document: Uuid| {
        let body = CommandBody::RemoveDocument {
            document: DocumentId(document),
        };
        let command = court.command(MIRA, ConversationId(Uuid::nil()), body);
        court.ask(command)
    };
    let not_empty = |conversations, accounts| Answer::Refused {
        refusal: Refusal::NotEmpty {
            conversations,
            accounts,
            rule: None,
        },
    };
    assert_eq!(remove(&mut court, SALES.0), not_empty(1, 1));
    assert!(matches!(remove(&mut court, SALES_MAIL.0), Answer::Done { .. }));
    assert_eq!(remove(&mut court, SALES.0), not_empty(1, 0));
    assert_eq!(remove(&mut court, SUPPORT.0), not_empty(0, 1));
    assert!(matches!(
        remove(&mut court, super::court::SUPPORT_MAIL.0),
        Answer::Done { .. }
    ));
    assert!(matches!(remove(&mut court, SUPPORT.0), Answer::Done { .. }));
    assert!(court.referees[0].documents().inboxes().contains_key(&SALES));
}
