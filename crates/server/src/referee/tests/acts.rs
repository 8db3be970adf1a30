//! What rules do besides giving a lead to somebody, in the referee: a lead goes to another inbox within the commit it came in, each entry is
//! told where it lies, nobody's draft is left behind, and nothing happens twice on another server.

use baton_domain::{
    Command, CommandBody, CommandId, Condition, ConversationId, DistributeBy, DocumentBody, DraftId, DraftText, Event,
    InboxId, LogBody, PoolMember, Rule, RuleAction, RuleId, RuleSet, Scope,
};
use baton_protocol::Answer;
use baton_store::port::DraftRow;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, SALES, SUPPORT, SUPPORT_MAIL, letter, put};

fn rule(number: u128, when: Condition, then: Vec<RuleAction>) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(0x70 + number)),
        name: format!("Rule {number}"),
        enabled: true,
        when,
        then,
        stop: None,
    }
}

fn lies_in(inbox: InboxId) -> Condition {
    Condition::Inbox { one_of: vec![inbox] }
}

fn in_turn() -> RuleAction {
    let pool = [ANNA, BEN].map(|member| PoolMember { member, capacity: None });
    RuleAction::Distribute {
        by: DistributeBy::RoundRobin,
        pool: pool.to_vec(),
    }
}

/// What comes to Sales goes to Support, where it is shared in turn.
fn to_support() -> Vec<Rule> {
    vec![
        rule(1, lies_in(SALES), vec![RuleAction::Move { to: SUPPORT }]),
        rule(2, lies_in(SUPPORT), vec![in_turn()]),
    ]
}

fn rules(rules: Vec<Rule>) -> Command {
    let mut command = put(DocumentBody::Rules(RuleSet { rules }));
    command.id = CommandId(Uuid::from_u128(0x5e700));
    command
}

fn done(answer: &Answer) {
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
}

fn court(servers: usize) -> Court {
    let mut court = Court::with_servers(servers);
    court.wait(60_000);
    court
}

fn writes(court: &mut Court, server: usize, uid: u32) {
    let from = format!("carl{uid}@example.com");
    let arrival = letter(uid, &from, &format!("Chairs {uid}"), MONDAY.plus_ms(30_000));
    court.receive_at(server, vec![arrival], None);
}

fn events(court: &Court) -> Vec<(Scope, Event)> {
    let entries = court.model.log().iter().map(|sealed| &sealed.entry);
    let events = entries.filter_map(|entry| match &entry.body {
        LogBody::Conversation { event, .. } => Some((entry.scope, event.clone())),
        _ => None,
    });
    events.collect()
}

fn count(court: &Court, is: impl Fn(&Event) -> bool) -> usize {
    events(court).iter().filter(|(_, event)| is(event)).count()
}

#[test]
fn a_lead_that_a_rule_moves_is_given_to_somebody_there_in_one_commit() {
    let mut court = court(2);
    done(&court.ask(rules(to_support())));
    let commits = court.batches.len();
    writes(&mut court, 0, 1);
    assert_eq!(court.batches.len(), commits + 1);
    let lead = court.only();
    assert_eq!(
        (lead.inbox, lead.account, lead.owner),
        (SUPPORT, Some(SUPPORT_MAIL), Some(ANNA))
    );
    let events = events(&court);
    let left = events
        .iter()
        .position(|(_, event)| matches!(event, Event::MovedOut { to: SUPPORT }));
    let left = left.unwrap();
    let told_in = |id| Scope::Inbox { id };
    assert!(events[..=left].iter().all(|(scope, _)| *scope == told_in(SALES)));
    assert!(matches!(events[left + 1].1, Event::MovedIn { from: SALES, .. }));
    assert!(events[left + 1..].iter().all(|(scope, _)| *scope == told_in(SUPPORT)));
    // The turn was taken in the inbox it went to, and another server goes on from there.
    writes(&mut court, 1, 2);
    let mut leads: Vec<_> = court.model.conversations().cloned().collect();
    leads.sort_by_key(|lead| lead.number);
    assert_eq!((leads[1].inbox, leads[1].owner), (SUPPORT, Some(BEN)));
}

#[test]
fn asked_once_more_on_another_server_the_rules_do_nothing_twice() {
    let mut court = court(2);
    let also = Rule {
        stop: Some(false),
        ..rule(
            3,
            Condition::always(),
            vec![
                RuleAction::Escalate {
                    words: "A large one".to_owned(),
                },
                RuleAction::Notify { members: vec![BEN] },
            ],
        )
    };
    let back = rule(4, lies_in(SUPPORT), vec![RuleAction::Move { to: SALES }]);
    let all = [vec![also], to_support(), vec![back]].concat();
    done(&court.ask(rules(all)));
    writes(&mut court, 0, 1);
    let lead = court.only();
    assert_eq!((lead.inbox, lead.owner), (SUPPORT, Some(ANNA)));
    let running = lead.escalation.unwrap();
    assert_eq!(running.asked, [MIRA].into());
    let release = court.command(ANNA, lead.id, CommandBody::Release);
    done(&court.ask_at(1, release));
    let route = court.command(MIRA, lead.id, CommandBody::Route);
    done(&court.ask_at(1, route));
    assert_eq!(
        (court.only().inbox, court.only().owner),
        (SUPPORT, Some(BEN)),
        "the next in turn"
    );
    assert_eq!(count(&court, |event| matches!(event, Event::Escalated { .. })), 1);
    assert_eq!(count(&court, |event| matches!(event, Event::Told { .. })), 1);
    assert_eq!(count(&court, |event| matches!(event, Event::MovedOut { .. })), 1);
}

#[test]
fn what_somebody_had_begun_who_may_not_read_it_there_becomes_a_note() {
    let mut court = court(1);
    let support = court.model.documents().find_map(|document| match &document.body {
        DocumentBody::Inbox(inbox) if inbox.id == SUPPORT => Some(inbox.clone()),
        _ => None,
    });
    let mut support = support.unwrap();
    support.access.retain(|access| access.member != ANNA);
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Inbox(support)),
    };
    let change = court.command(MIRA, ConversationId(Uuid::nil()), body);
    done(&court.ask(change));
    writes(&mut court, 0, 1);
    let lead = court.only().id;
    let draft = DraftId(Uuid::from_u128(0xd1));
    assert!(court.model.put_draft(DraftRow {
        id: draft,
        conversation: lead,
        member: ANNA,
        text: DraftText {
            text: "Dear Carl, we".to_owned(),
            ..DraftText::default()
        },
        revision: 1,
        saved_at: MONDAY,
        files_present: true,
    }));
    done(&court.ask(rules(to_support())));
    let route = court.command(MIRA, lead, CommandBody::Route);
    done(&court.ask(route));
    assert_eq!(
        (court.only().inbox, court.only().owner),
        (SUPPORT, Some(BEN)),
        "Anna may not work there"
    );
    let notes: Vec<_> = events(&court)
        .into_iter()
        .filter_map(|(scope, event)| match event {
            Event::NoteAdded { text, unsent_by, .. } => Some((scope, text, unsent_by)),
            _ => None,
        })
        .collect();
    let told_in = Scope::Inbox { id: SUPPORT };
    assert_eq!(notes, [(told_in, "Dear Carl, we".to_owned(), Some(ANNA))]);
    assert!(court.model.draft(draft).is_none());
}
