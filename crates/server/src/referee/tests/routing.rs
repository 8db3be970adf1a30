//! Routing in the referee: turns are in the log, loads and acquaintances are those of the head and of the commit under way.

use baton_domain::{
    CommandBody, CommandId, Condition, Conversation, Detail, DistributeBy, DocumentBody, Event, LogBody, MemberId,
    PoolMember, Rule, RuleAction, RuleId, RuleSet, Timestamp, WordsIn,
};
use baton_protocol::Answer;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, letter, put};
use crate::referee::{Input, Reply};

fn among(number: u128, when: Condition, by: DistributeBy, capacity: Option<u32>) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(0x70 + number)),
        name: format!("Rule {number}"),
        enabled: true,
        when,
        then: vec![RuleAction::Distribute {
            by,
            pool: [ANNA, BEN, MIRA].map(|member| PoolMember { member, capacity }).to_vec(),
        }],
        stop: None,
    }
}

fn in_turn() -> Vec<Rule> {
    vec![among(1, Condition::always(), DistributeBy::RoundRobin, None)]
}

fn rules(rules: Vec<Rule>, id: u128) -> baton_domain::Command {
    let mut command = put(DocumentBody::Rules(RuleSet { rules }));
    command.id = CommandId(Uuid::from_u128(0x5e700 + id));
    command
}

fn court(servers: usize, set: Vec<Rule>) -> Court {
    let mut court = Court::with_servers(servers);
    let answer = court.ask(rules(set, 0));
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    court.wait(60_000);
    court
}

fn at(court: &Court) -> Timestamp {
    court.now.max(MONDAY.plus_ms(1))
}

fn from(court: &Court, uid: u32) -> crate::referee::Arrival {
    letter(
        uid,
        &format!("carl{uid}@example.com"),
        &format!("Chairs {uid}"),
        at(court),
    )
}

/// Conversations in the order of their numbers.
fn owners(court: &Court) -> Vec<Option<MemberId>> {
    let mut all: Vec<&Conversation> = court.model.conversations().collect();
    all.sort_by_key(|state| state.number);
    all.into_iter().map(|state| state.owner).collect()
}

fn routed(court: &Court) -> usize {
    let is = |body: &LogBody| {
        matches!(
            body,
            LogBody::Conversation {
                event: Event::Routed { .. },
                ..
            }
        )
    };
    court.model.log().iter().filter(|sealed| is(&sealed.entry.body)).count()
}

#[test]
fn two_servers_take_turns_as_one() {
    let mut court = court(2, in_turn());
    for uid in 1..=6 {
        let letter = from(&court, uid);
        court.receive_at(usize::try_from(uid).unwrap() % 2, vec![letter], None);
    }
    let turn = [Some(ANNA), Some(BEN), Some(MIRA)];
    assert_eq!(owners(&court), [turn, turn].concat());
}

#[test]
fn mail_of_one_commit_takes_turns_too() {
    let mut court = court(1, in_turn());
    let letters = (1..=4).map(|uid| from(&court, uid)).collect();
    court.receive(letters, None);
    assert_eq!(owners(&court), [Some(ANNA), Some(BEN), Some(MIRA), Some(ANNA)]);
    let batch = court.batches.last().unwrap();
    assert_eq!(
        batch.turns.len(),
        3,
        "one row a member, however often it was their turn"
    );
}

#[test]
fn a_server_that_starts_again_goes_on_where_the_turns_were() {
    let mut court = court(1, in_turn());
    let first = from(&court, 1);
    court.receive(vec![first], None);
    court.referees[0] = crate::referee::Referee::new(Box::new(|id, domain| format!("{id}@{domain}")));
    let second = from(&court, 2);
    court.receive(vec![second], None);
    assert_eq!(owners(&court), [Some(ANNA), Some(BEN)]);
}

#[test]
fn the_least_loaded_is_so_by_what_is_open_now_and_in_this_commit() {
    let mut court = court(
        1,
        vec![among(1, Condition::always(), DistributeBy::LeastLoaded, Some(2))],
    );
    let letters = (1..=4).map(|uid| from(&court, uid)).collect();
    court.receive(letters, None);
    assert_eq!(owners(&court), [Some(ANNA), Some(BEN), Some(MIRA), Some(ANNA)]);
    let bens = court
        .model
        .conversations()
        .find(|state| state.owner == Some(BEN))
        .unwrap()
        .clone();
    let mut close = court.command(
        BEN,
        bens.id,
        CommandBody::Close {
            outcome: Some(baton_domain::Outcome::Lost),
            reason: None,
        },
    );
    close.last_seen = bens.last_message.map(|last| last.id);
    let answer = court.ask(close);
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    let letters = (5..=8).map(|uid| from(&court, uid)).collect();
    court.receive(letters, None);
    let later = &owners(&court)[4..];
    assert_eq!(
        later,
        [Some(BEN), Some(BEN), Some(MIRA), None],
        "two each, and nobody has room for the last"
    );
}

#[test]
fn a_second_enquiry_of_the_same_customer_goes_to_whoever_has_the_first() {
    let mut court = court(1, in_turn());
    let time = at(&court);
    let enquiry = |uid, subject: &str| letter(uid, "carl@example.com", subject, time);
    court.receive(vec![enquiry(1, "Chairs"), enquiry(2, "And tables")], None);
    assert_eq!(owners(&court), [Some(ANNA), Some(ANNA)], "in one commit");
    court.receive(vec![enquiry(3, "And lamps")], None);
    assert_eq!(owners(&court)[2], Some(ANNA), "and in the next");
}

#[test]
fn whoever_wrote_before_is_returning() {
    let known = among(1, Condition::Returning, DistributeBy::LeastLoaded, None);
    let mut court = court(1, vec![known]);
    let time = at(&court);
    let enquiry = |uid, subject: &str| letter(uid, "carl@example.com", subject, time);
    court.receive(vec![enquiry(1, "Chairs")], None);
    court.receive(vec![enquiry(2, "And tables")], None);
    let owners = owners(&court);
    assert_eq!((owners[0], owners[1].is_some()), (None, true));
}

#[test]
fn rules_of_another_server_hold_from_their_place_in_the_log_on() {
    let mut court = court(2, in_turn());
    let first = from(&court, 1);
    court.receive_at(1, vec![first], None);
    let only_mira = Rule {
        then: vec![RuleAction::Assign { to: MIRA }],
        ..in_turn().remove(0)
    };
    let answer = court.ask_at(0, rules(vec![only_mira], 1));
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    let second = from(&court, 2);
    court.receive_at(1, vec![second], None);
    assert_eq!(owners(&court), [Some(ANNA), Some(MIRA)]);
}

#[test]
fn rules_that_come_with_a_wish_to_route_are_asked_with_what_they_need() {
    let mut court = Court::with_servers(1);
    court.wait(60_000);
    let first = from(&court, 1);
    court.receive(vec![first], None);
    let lead = court.only();
    assert_eq!((lead.owner, routed(&court)), (None, 0));
    let route = court.command(MIRA, lead.id, CommandBody::Route);
    let answers = court.ask_together(vec![rules(in_turn(), 3), route]);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Reply::Command(Answer::Done { .. })))),
        "{answers:?}"
    );
    assert_eq!(court.only().owner, Some(ANNA));
    assert_eq!(court.batches.last().unwrap().turns.len(), 1);
}

#[test]
fn without_rules_nothing_more_is_loaded() {
    let mut court = Court::with_servers(1);
    let ticket = court.ticket();
    let arrivals = vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(1))];
    let effects = court.referees[0].handle(Input::Receive {
        ticket,
        arrivals,
        progress: None,
        under: None,
    });
    let crate::referee::Effect::Begin(needs) = &effects[0] else {
        panic!("{effects:?}");
    };
    assert_eq!(needs.routing, None);
}

#[test]
fn history_takes_nobodys_turn() {
    let mut court = court(1, in_turn());
    let old = letter(1, "olga@example.com", "Long ago", MONDAY.plus_ms(-60_000));
    let new = from(&court, 2);
    court.receive(vec![old, new], None);
    assert_eq!(owners(&court), [None, Some(ANNA)]);
}

#[test]
fn a_rule_of_words_reads_the_letter() {
    let words = Condition::Words {
        place: WordsIn::Both,
        one_of: vec!["chairs 2".to_owned()],
    };
    let mut court = court(1, vec![among(1, words, DistributeBy::RoundRobin, None)]);
    let letters = (1..=2).map(|uid| from(&court, uid)).collect();
    court.receive(letters, None);
    assert_eq!(owners(&court), [None, Some(ANNA)]);
    assert_eq!(routed(&court), 2, "that no rule held is said as well");
}

#[test]
fn a_lead_is_sent_by_the_language_it_is_written_in_and_the_conversation_says_so() {
    let german = Condition::Detail {
        detail: Detail::Language,
        one_of: vec!["de".to_owned()],
    };
    let mut set = vec![among(1, german, DistributeBy::RoundRobin, None)];
    set[0].then = vec![
        RuleAction::SetDetail {
            detail: Detail::Region,
            text: "DACH".to_owned(),
        },
        RuleAction::Assign { to: BEN },
    ];
    let mut court = court(1, set);
    let raw = "From: Carl <carl1@example.com>\r\nTo: sales@baton.test\r\nSubject: Anfrage\r\nMessage-ID: <g1@example.com>\r\n\
               Content-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag, wir brauchen im Januar vierzig neue Arbeitsplätze und \
               hätten gern ein Angebot mit der Lieferzeit.\r\n";
    let mut written = from(&court, 1);
    written.parsed = crate::referee::parse(raw.as_bytes(), b"secret");
    let other = from(&court, 2);
    court.receive(vec![written, other], None);
    let mut all: Vec<&Conversation> = court.model.conversations().collect();
    all.sort_by_key(|state| state.number);
    assert_eq!(all[0].details.language.as_deref(), Some("de"));
    assert_eq!(
        (all[0].owner, all[0].details.region.as_deref()),
        (Some(BEN), Some("DACH"))
    );
    assert_eq!(
        (all[1].owner, all[1].details.is_empty()),
        (None, true),
        "too short to tell"
    );
}
