//! Commits: what one takes together, what a failure leaves, what several servers see.

use std::collections::VecDeque;

use baton_domain::{
    AfterReply, Capability, CommandBody, CommandId, Conversation, ConversationId, DocumentBody, DraftId, DraftText,
    Event, LogBody, MessageId, OutboundState, Refusal, Stamp, Status, Timestamp, evolve,
};
use baton_protocol::Answer;
use baton_store::port::{DraftRow, PortError, chain};
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, SALES, address, documents, letter, put};
use crate::referee::{Effect, Fault, Input, Reply};

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

/// Gives the whole log to the same fold, from nothing.
fn replayed(court: &Court) -> Vec<Conversation> {
    let mut states: std::collections::BTreeMap<ConversationId, Conversation> = std::collections::BTreeMap::new();
    for sealed in court.model.log() {
        if let LogBody::Conversation { conversation, event } = &sealed.entry.body {
            let stamp = Stamp {
                number: sealed.entry.number,
                at: sealed.entry.at,
                actor: sealed.entry.actor,
                conversation: *conversation,
            };
            let before = states.remove(conversation);
            states.insert(*conversation, evolve(before, stamp, event).unwrap());
        }
    }
    states.into_values().collect()
}

#[test]
fn two_claims_in_one_commit_give_one_owner_and_one_refusal_that_names_them() {
    let (mut court, enquiry) = with_enquiry();
    let anna = court.command(ANNA, enquiry, CommandBody::Claim);
    let ben = court.command(BEN, enquiry, CommandBody::Claim);
    let before = court.batches.len();
    let answers = court.ask_together(vec![anna, ben]);
    assert_eq!(court.batches.len(), before + 1, "one commit for both");
    assert!(matches!(answers[0], Ok(Reply::Command(Answer::Done { .. }))));
    let Ok(Reply::Command(Answer::Refused {
        refusal: Refusal::NotOwner { owner, .. },
    })) = answers[1]
    else {
        panic!("{:?}", answers[1])
    };
    assert_eq!(owner, ANNA);
    assert_eq!(court.only().owner, Some(ANNA));
}

#[test]
fn a_command_sent_twice_gets_its_first_answer_and_has_the_effect_of_once() {
    let (mut court, enquiry) = with_enquiry();
    let note = court.command(
        ANNA,
        enquiry,
        CommandBody::AddNote {
            text: "called".to_owned(),
            mentions: Vec::new(),
        },
    );
    let first = court.ask(note.clone());
    let end = court.model.head().number;
    assert_eq!(court.ask(note.clone()), first);
    let together = court.ask_together(vec![note.clone(), note.clone()]);
    assert_eq!(together, [Ok(Reply::Command(first.clone())), Ok(Reply::Command(first))]);
    assert_eq!(court.model.head().number, end);
    assert_eq!(court.only().notes, 1);
}

#[test]
fn two_of_one_id_in_one_commit_have_the_effect_of_once() {
    let (mut court, enquiry) = with_enquiry();
    let note = court.command(
        ANNA,
        enquiry,
        CommandBody::AddNote {
            text: "called".to_owned(),
            mentions: Vec::new(),
        },
    );
    let answers = court.ask_together(vec![note.clone(), note]);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(court.only().notes, 1);
}

#[test]
fn nobody_learns_the_answer_to_another_s_command() {
    let (mut court, enquiry) = with_enquiry();
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim.clone());
    let mut borrowed = court.command(BEN, enquiry, CommandBody::Claim);
    borrowed.id = claim.id;
    assert!(matches!(
        court.ask(borrowed),
        Answer::Refused {
            refusal: Refusal::Invalid { .. }
        }
    ));
}

#[test]
fn after_a_failed_commit_each_command_is_decided_again_alone() {
    let (mut court, enquiry) = with_enquiry();
    let anna = court.command(ANNA, enquiry, CommandBody::Claim);
    let ben = court.command(BEN, enquiry, CommandBody::Claim);
    let before = court.batches.len();
    court
        .faults
        .push_back(PortError::Rejected("something in the group".to_owned()));
    let answers = court.ask_together(vec![anna, ben]);
    assert!(matches!(answers[0], Ok(Reply::Command(Answer::Done { .. }))));
    assert!(matches!(answers[1], Ok(Reply::Command(Answer::Refused { .. }))));
    let sizes: Vec<usize> = court.batches[before..]
        .iter()
        .map(|batch| batch.answers.len())
        .collect();
    assert_eq!(sizes, [2, 1, 1], "together, then one by one");
    assert_eq!(court.only().owner, Some(ANNA));
}

#[test]
fn one_command_the_store_refuses_holds_up_no_other() {
    let (mut court, enquiry) = with_enquiry();
    let bad = court.command(
        ANNA,
        enquiry,
        CommandBody::AddNote {
            text: "poison".to_owned(),
            mentions: Vec::new(),
        },
    );
    let good = court.command(
        BEN,
        enquiry,
        CommandBody::AddNote {
            text: "fine".to_owned(),
            mentions: Vec::new(),
        },
    );
    court.faults.extend([
        PortError::Rejected("group".to_owned()),
        PortError::Rejected("poison".to_owned()),
    ]);
    let answers = court.ask_together(vec![bad, good]);
    assert!(matches!(answers[0], Err(Fault::Rejected(_))), "{:?}", answers[0]);
    assert!(matches!(answers[1], Ok(Reply::Command(Answer::Done { .. }))));
    assert_eq!(court.only().notes, 1);
}

#[test]
fn a_commit_that_was_written_although_it_seemed_to_fail_is_not_done_twice() {
    let (mut court, enquiry) = with_enquiry();
    let note = court.command(
        ANNA,
        enquiry,
        CommandBody::AddNote {
            text: "called".to_owned(),
            mentions: Vec::new(),
        },
    );
    let ticket = court.ticket();
    let begin = court.referees[0]
        .handle(Input::Submit {
            ticket,
            command: Box::new(note.clone()),
            under: None,
        })
        .pop()
        .unwrap();
    let began = court.carry_out(0, begin).unwrap();
    let append = court.referees[0].handle(began).pop().unwrap();
    assert!(matches!(court.carry_out(0, append), Some(Input::Appended)));
    // The answer of the database is lost on its way.
    court.tell(
        0,
        Input::StoreFailed {
            error: PortError::Unavailable("connection reset".to_owned()),
        },
    );
    assert!(matches!(court.answers[&ticket], Err(Fault::Unavailable(_))));
    let answer = court.ask(note);
    assert!(matches!(answer, Answer::Done { from, to } if to == from + 1));
    assert_eq!(court.only().notes, 1);
    assert_eq!(
        court.published[0].len(),
        court.model.log().len(),
        "what was written is published, once"
    );
}

#[test]
fn an_unreachable_store_is_said_to_all_who_wait() {
    let (mut court, enquiry) = with_enquiry();
    let claims = vec![
        court.command(ANNA, enquiry, CommandBody::Claim),
        court.command(BEN, enquiry, CommandBody::Claim),
    ];
    court.faults.extend([
        PortError::Unavailable("down".to_owned()),
        PortError::Unavailable("down".to_owned()),
    ]);
    let answers = court.ask_together(claims);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(Fault::Unavailable(_)))),
        "{answers:?}"
    );
    assert_eq!(court.only().owner, None);
}

#[test]
fn the_log_replayed_gives_the_projections_and_its_chain_holds() {
    let (mut court, enquiry) = with_enquiry();
    for body in [
        CommandBody::Claim,
        CommandBody::AddNote {
            text: "called".to_owned(),
            mentions: vec![BEN],
        },
        CommandBody::SetNextStep {
            text: "send the catalogue".to_owned(),
        },
        CommandBody::TakeLock { cover: false },
    ] {
        let command = court.command(ANNA, enquiry, body);
        assert!(matches!(court.ask(command), Answer::Done { .. }));
    }
    let projected: Vec<Conversation> = court.model.conversations().cloned().collect();
    assert_eq!(replayed(&court), projected);
    let mut before = (0, chain::START);
    for sealed in court.model.log() {
        let payload = chain::payload(&sealed.entry.body).unwrap();
        chain::verify(before.0, before.1, sealed, Some(&payload)).unwrap();
        before = (sealed.entry.number, sealed.hash);
    }
    let salts: std::collections::BTreeSet<_> = court.model.log().iter().map(|sealed| sealed.salt).collect();
    assert_eq!(salts.len(), court.model.log().len(), "no salt is used twice");
}

#[test]
fn time_never_runs_backwards() {
    let (mut court, enquiry) = with_enquiry();
    let last = court.model.log().last().unwrap().entry.at;
    court.model.set_now(Timestamp(last.0 - 86_400_000));
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim);
    assert_eq!(court.model.log().last().unwrap().entry.at, last);
}

#[test]
fn two_servers_decide_in_one_order_and_see_each_other_s_work() {
    let mut court = Court::with_servers(2);
    court.wait(60_000);
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let enquiry = court.only().id;
    // Both have the conversation in memory; each must see what the other did.
    for (server, member, note) in [(0, ANNA, "one"), (1, BEN, "two"), (0, ANNA, "three"), (1, BEN, "four")] {
        let command = court.command(
            member,
            enquiry,
            CommandBody::AddNote {
                text: note.to_owned(),
                mentions: Vec::new(),
            },
        );
        assert!(matches!(court.ask_at(server, command), Answer::Done { .. }));
    }
    let (anna, ben) = (
        court.command(ANNA, enquiry, CommandBody::Claim),
        court.command(BEN, enquiry, CommandBody::Claim),
    );
    assert!(matches!(court.ask_at(1, ben), Answer::Done { .. }));
    assert!(matches!(
        court.ask_at(0, anna),
        Answer::Refused {
            refusal: Refusal::NotOwner { owner: BEN, .. }
        }
    ));
    assert_eq!(court.only().notes, 4);
    assert_eq!(
        replayed(&court),
        court.model.conversations().cloned().collect::<Vec<_>>()
    );
    // A server that only follows gets the rest without taking the head.
    let after = court.referees[1].cursor().unwrap().number;
    let tail = court.model.tail(after);
    court.tell(1, Input::Tail { tail });
    let log: Vec<_> = court.model.log().iter().map(|sealed| sealed.entry.clone()).collect();
    assert_eq!(court.published[0], log);
    assert_eq!(court.published[1], log);
    assert_eq!(court.referees[0].documents(), court.referees[1].documents());
}

#[test]
fn a_log_of_another_epoch_is_read_anew() {
    let (mut court, _) = with_enquiry();
    court.model = baton_store::port::model::Model::new(Uuid::from_u128(0xe1));
    court.model.set_now(court.now);
    let mira = documents().remove(0);
    assert!(matches!(court.ask(put(mira)), Answer::Done { from: 0, to: 1 }));
    assert_eq!(court.referees[0].documents().members().len(), 1);
    assert_eq!(court.referees[0].cursor().unwrap().epoch, Uuid::from_u128(0xe1));
}

#[test]
fn documents_are_judged_at_their_place_in_the_log() {
    let (mut court, enquiry) = with_enquiry();
    let mut inbox = court.referees[0].documents().inboxes()[&SALES].clone();
    inbox.access.retain(|access| access.member != BEN);
    let mut shut_out = put(DocumentBody::Inbox(inbox.clone()));
    shut_out.id = CommandId(Uuid::from_u128(1));
    shut_out.based_on = Some(1);
    let mut stale = shut_out.clone();
    stale.id = CommandId(Uuid::from_u128(2));
    inbox.name = "Sales EU".to_owned();
    stale.body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Inbox(inbox)),
    };
    let ben = court.command(BEN, enquiry, CommandBody::Claim);
    let answers = court.ask_together(vec![shut_out, stale, ben]);
    assert!(matches!(answers[0], Ok(Reply::Command(Answer::Done { .. }))));
    assert!(matches!(
        answers[1],
        Ok(Reply::Command(Answer::Refused {
            refusal: Refusal::VersionConflict { theirs: 2 }
        }))
    ));
    let Ok(Reply::Command(Answer::Refused {
        refusal: Refusal::NotPermitted { needs, .. },
    })) = &answers[2]
    else {
        panic!("{:?}", answers[2])
    };
    assert_eq!(*needs, Capability::Work);
}

#[test]
fn a_reply_is_queued_once_and_taken_back_is_a_draft_again() {
    let (mut court, enquiry) = with_enquiry();
    let lock = court.command(ANNA, enquiry, CommandBody::TakeLock { cover: false });
    let Answer::Done { to: token, .. } = court.ask(lock) else {
        panic!()
    };
    let text = DraftText {
        to: vec![address("carl@example.com")],
        subject: "Re: Chairs".to_owned(),
        text: "We do.".to_owned(),
        ..DraftText::default()
    };
    let draft = DraftId(Uuid::from_u128(0xd1));
    let saved = DraftRow {
        id: draft,
        conversation: enquiry,
        member: ANNA,
        text: text.clone(),
        revision: 3,
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
    let reply = court.command(ANNA, enquiry, body);
    let outbound = MessageId(reply.id.0);
    assert!(matches!(court.ask(reply), Answer::Done { .. }));
    let state = court.only();
    assert_eq!((state.owner, state.status), (Some(ANNA), Status::Waiting));
    assert_eq!(
        state.outbound(outbound).unwrap().header_id,
        format!("{}@baton.test", outbound.0.as_simple())
    );
    assert!(court.model.draft(draft).is_none(), "what was sent is no draft");
    assert!(court.model.lease(enquiry).is_none(), "the lock ended with it");

    let cancel = court.command(ANNA, enquiry, CommandBody::CancelSend { outbound });
    assert!(matches!(court.ask(cancel), Answer::Done { .. }));
    let returned = court.model.draft(DraftId::derive(outbound.0, "returned")).unwrap();
    assert_eq!((returned.member, &returned.text), (ANNA, &text));
}

#[test]
fn a_lock_lapses_once_unless_it_is_renewed() {
    let (mut court, enquiry) = with_enquiry();
    let lock = court.command(ANNA, enquiry, CommandBody::TakeLock { cover: false });
    let Answer::Done { to: token, .. } = court.ask(lock) else {
        panic!()
    };
    court.wait(40_000);
    let renewal = baton_store::port::Renewal {
        conversation: enquiry,
        token,
        member: ANNA,
        device: super::court::device(ANNA),
        active_at: court.now,
    };
    assert!(court.model.renew(renewal));
    court.wait(10_000);
    court.tick();
    assert!(court.only().lock.is_some(), "it was renewed");
    court.wait(60_000);
    let due = court.model.due(10).rows;
    assert_eq!(due.len(), 1);
    court.tell(0, Input::Tick { due: due.clone() });
    assert!(court.only().lock.is_none());
    assert!(court.model.lease(enquiry).is_none());
    let end = court.model.head().number;
    court.tell(0, Input::Tick { due });
    assert_eq!(court.model.head().number, end);
    assert!(!court.model.renew(renewal));
}

#[test]
fn a_deadline_fires_once_however_often_it_is_noticed() {
    let (mut court, enquiry) = with_enquiry();
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim);
    let due = court.now.plus_ms(3_600_000);
    let schedule = court.command(
        ANNA,
        enquiry,
        CommandBody::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    assert!(matches!(court.ask(schedule), Answer::Done { .. }));
    assert_eq!(court.model.due(10).next, Some(due));
    court.wait(3_600_000);
    let rows = court.model.due(10).rows;
    court.tell(0, Input::Tick { due: rows.clone() });
    court.tell(0, Input::Tick { due: rows });
    court.tick();
    let fired = court.model.log().iter().filter(|sealed| {
        matches!(&sealed.entry.body, LogBody::Conversation { event: Event::CameDue { at, .. }, .. } if *at == due)
    });
    assert_eq!(fired.count(), 1);
    assert!(court.model.due(10).rows.is_empty(), "nothing stays due that has fired");
}

#[test]
fn a_date_set_anew_to_the_instant_that_came_comes_again() {
    let (mut court, enquiry) = with_enquiry();
    let claim = court.command(ANNA, enquiry, CommandBody::Claim);
    court.ask(claim);
    let due = court.now.plus_ms(3_600_000);
    let came = |court: &Court| {
        let came = |sealed: &&baton_store::port::Sealed| {
            let LogBody::Conversation { event, .. } = &sealed.entry.body else {
                return false;
            };
            matches!(event, Event::CameDue { at, .. } if *at == due)
        };
        court.model.log().iter().filter(came).count()
    };
    for settings in 1..4 {
        let schedule = court.command(
            ANNA,
            enquiry,
            CommandBody::ScheduleFollowUp {
                due,
                zone: None,
                text: Some(format!("call, for the {settings}. time")),
            },
        );
        assert!(matches!(court.ask(schedule), Answer::Done { .. }));
        court.wait(3_600_000);
        court.tick();
        court.tick();
        assert_eq!(came(&court), settings);
        assert!(court.only().follow_up.unwrap().fired);
    }
}

#[test]
fn a_command_on_nothing_is_refused_and_remembered() {
    let mut court = Court::new();
    let claim = court.command(ANNA, ConversationId(Uuid::from_u128(99)), CommandBody::Claim);
    assert_eq!(court.ask(claim.clone()), Answer::Refused { refusal: Refusal::Gone });
    assert_eq!(court.ask(claim), Answer::Refused { refusal: Refusal::Gone });
    assert_eq!(court.model.log().len(), documents().len());
}

#[test]
fn only_those_who_may_change_documents_do() {
    let mut court = Court::new();
    let mut inbox = court.referees[0].documents().inboxes()[&SALES].clone();
    inbox.name = "Mine".to_owned();
    for (member, may) in [(ANNA, false), (MIRA, true)] {
        let nowhere = ConversationId(Uuid::nil());
        let mut command = court.command(
            member,
            nowhere,
            CommandBody::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox.clone())),
            },
        );
        command.based_on = Some(1);
        assert_eq!(matches!(court.ask(command), Answer::Done { .. }), may, "{member}");
    }
    assert_eq!(court.referees[0].documents().inboxes()[&SALES].name, "Mine");
}

#[test]
fn a_sent_reply_is_never_sent_again_by_the_fence() {
    let (mut court, enquiry) = with_enquiry();
    let (_, outbound) = super::mail::reply(&mut court, enquiry, ANNA);
    court.wait(11_000);
    let sending = |court: &mut Court, attempt| {
        let mut command = court.command(ANNA, enquiry, CommandBody::OutboundSending { outbound, attempt });
        command.actor = baton_domain::Actor::Channel {
            account: super::court::SALES_MAIL,
        };
        command
    };
    let (first, second) = (sending(&mut court, 1), sending(&mut court, 1));
    let answers = court.ask_together(vec![first, second]);
    assert!(matches!(answers[0], Ok(Reply::Command(Answer::Done { .. }))));
    assert!(matches!(
        answers[1],
        Ok(Reply::Command(Answer::Refused {
            refusal: Refusal::AlreadyLeaving
        }))
    ));
    assert_eq!(court.only().outbound(outbound).unwrap().state, OutboundState::Sending);
}

#[test]
fn a_command_waits_for_the_commit_under_way_and_not_for_a_whole_mailbox() {
    let mut court = Court::new();
    court.receive(vec![letter(1, "carl@example.com", "Chairs", MONDAY)], None);
    let conversation = court.only().id;
    let mails = (2..500)
        .map(|uid| letter(uid, &format!("customer{uid}@example.com"), "Tables", MONDAY))
        .collect();
    let claim = court.command(ANNA, conversation, CommandBody::Claim);
    let (delivery, claimed) = (court.ticket(), court.ticket());
    let mut effects: VecDeque<Effect> = court.referees[0]
        .handle(Input::Receive {
            ticket: delivery,
            arrivals: mails,
            progress: None,
            under: None,
        })
        .into();
    effects.extend(court.referees[0].handle(Input::Submit {
        ticket: claimed,
        command: Box::new(claim),
        under: None,
    }));
    let mut commits = 0;
    while !court.answers.contains_key(&claimed) {
        let effect = effects.pop_front().unwrap();
        commits += usize::from(matches!(effect, Effect::Append(_)));
        if let Some(next) = court.carry_out(0, effect) {
            effects.extend(court.referees[0].handle(next));
        }
    }
    assert_eq!(commits, 2, "the one under way, and its own");
    assert!(!court.answers.contains_key(&delivery));
    while let Some(effect) = effects.pop_front() {
        if let Some(next) = court.carry_out(0, effect) {
            effects.extend(court.referees[0].handle(next));
        }
    }
    let received = match court.answers.remove(&delivery) {
        Some(Ok(Reply::Received(received))) => received,
        other => panic!("{other:?}"),
    };
    assert_eq!(received.imported, 498, "and the mail is all taken in");
}
