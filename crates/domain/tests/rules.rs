//! Changing the rule set: as a whole, by who leads the work, on what they have seen, and only to what can be used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeMap;

use baton_domain::*;
use support::{ANNA, BEN, LEAD, MIRA, SALES_AT, Team};
use uuid::Uuid;

const STRANGER: MemberId = MemberId(Uuid::from_u128(0xEE));

fn rule(number: u128, when: Condition, then: Vec<RuleAction>) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(0x7000 + number)),
        name: format!("Rule {number}"),
        enabled: true,
        when,
        then,
        stop: None,
    }
}

fn in_turn(members: &[MemberId]) -> RuleAction {
    RuleAction::Distribute {
        by: DistributeBy::RoundRobin,
        pool: members
            .iter()
            .map(|member| PoolMember {
                member: *member,
                capacity: None,
            })
            .collect(),
    }
}

fn says(word: &str) -> Condition {
    Condition::Words {
        place: WordsIn::Both,
        one_of: vec![word.to_owned()],
    }
}

fn house(team: &Team) -> BTreeMap<DocumentId, Document> {
    let bodies = [
        DocumentBody::Inbox(team.inbox.clone()),
        DocumentBody::Account(team.accounts[&SALES_AT].clone()),
    ];
    let documents = bodies.into_iter().map(|body| Document {
        id: body.id(),
        version: 1,
        body,
    });
    documents.map(|document| (document.id, document)).collect()
}

fn put(
    team: &mut Team,
    by: MemberId,
    rules: Vec<Rule>,
    known: Option<Vec<Rule>>,
    based_on: u32,
) -> Result<Option<LogBody>, Refusal> {
    let mut documents = house(team);
    if let Some(rules) = known {
        let body = DocumentBody::Rules(RuleSet { rules });
        documents.insert(
            body.id(),
            Document {
                id: body.id(),
                version: 3,
                body,
            },
        );
    }
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Rules(RuleSet { rules })),
    };
    let mut command = team.command(Actor::Member { id: by }, body);
    command.conversation = LEAD;
    command.based_on = Some(based_on);
    decide_document(
        &command,
        DocumentContext {
            documents: &documents,
            members: &team.members,
            conversations: 0,
        },
    )
}

fn good() -> Rule {
    rule(1, says("quote"), vec![in_turn(&[ANNA])])
}

#[test]
fn a_set_is_kept_tidy_and_counts_as_one() {
    let mut team = Team::new();
    let mut written = good();
    written.name = "  Quotes ".to_owned();
    written.when = Condition::Words {
        place: WordsIn::Both,
        one_of: vec![" Quote".to_owned(), "quote".to_owned(), "ANGEBOT".to_owned()],
    };
    let Ok(Some(LogBody::DocumentPut { document })) = put(&mut team, MIRA, vec![written], Some(Vec::new()), 3) else {
        panic!("it is put");
    };
    assert_eq!((document.version, document.id), (4, RuleSet::document()));
    let DocumentBody::Rules(rules) = document.body else {
        panic!()
    };
    assert_eq!(rules.rules[0].name, "Quotes");
    assert_eq!(
        rules.rules[0].when,
        Condition::Words {
            place: WordsIn::Both,
            one_of: vec!["quote".to_owned(), "angebot".to_owned()],
        }
    );
}

#[test]
fn only_who_leads_the_work_changes_the_rules_and_only_on_what_they_have_seen() {
    let mut team = Team::new();
    let not_permitted = put(&mut team, ANNA, vec![good()], None, 0).unwrap_err();
    assert!(matches!(not_permitted, Refusal::NotPermitted { .. }));
    let stale = put(&mut team, MIRA, vec![good()], Some(Vec::new()), 2).unwrap_err();
    assert_eq!(stale, Refusal::VersionConflict { theirs: 3 });
}

#[test]
fn what_can_not_be_used_is_named() {
    let changed = |change: &dyn Fn(&mut Rule)| {
        let mut rule = good();
        change(&mut rule);
        vec![rule]
    };
    let nested = |depth: usize| (1..depth).fold(Condition::always(), |inner, _| Condition::Not { of: Box::new(inner) });
    let words = |one_of: Vec<String>| Condition::Words {
        place: WordsIn::Text,
        one_of,
    };
    let text = |length: usize| "x".repeat(length);
    let table: Vec<(Vec<Rule>, &str, Invalid)> = vec![
        (
            changed(&|rule| rule.name = " ".to_owned()),
            "rules.1.name",
            Invalid::Empty,
        ),
        (changed(&|rule| rule.name = text(201)), "rules.1.name", Invalid::TooLong),
        (vec![good(), good()], "rules.2.id", Invalid::NotNow),
        (changed(&|rule| rule.then.clear()), "rules.1.then", Invalid::Empty),
        (
            changed(&|rule| rule.then = vec![in_turn(&[])]),
            "rules.1.then",
            Invalid::Empty,
        ),
        (
            changed(&|rule| rule.then = vec![in_turn(&[ANNA, ANNA])]),
            "rules.1.then",
            Invalid::TooMany,
        ),
        (
            changed(&|rule| rule.then = vec![in_turn(&[STRANGER])]),
            "rules.1.then",
            Invalid::Unknown,
        ),
        (
            changed(&|rule| rule.then = vec![RuleAction::Assign { to: STRANGER }]),
            "rules.1.then",
            Invalid::Unknown,
        ),
        (
            changed(&|rule| rule.then.push(RuleAction::LeaveUnassigned)),
            "rules.1.then",
            Invalid::TooMany,
        ),
        (
            changed(&|rule| rule.then = vec![RuleAction::AddTag { tag: text(61) }]),
            "rules.1.then",
            Invalid::TooLong,
        ),
        (changed(&|rule| rule.when = nested(6)), "rules.1.when", Invalid::TooMany),
        (
            changed(&|rule| rule.when = words(Vec::new())),
            "rules.1.when",
            Invalid::Empty,
        ),
        (
            changed(&|rule| rule.when = words(vec![" ".to_owned()])),
            "rules.1.when",
            Invalid::Empty,
        ),
        (
            changed(&|rule| rule.when = words(vec![text(201)])),
            "rules.1.when",
            Invalid::TooLong,
        ),
        (
            changed(&|rule| rule.when = words((0..201).map(|n| n.to_string()).collect())),
            "rules.1.when",
            Invalid::TooMany,
        ),
        (
            changed(&|rule| {
                rule.when = Condition::Inbox {
                    one_of: vec![InboxId(Uuid::nil())],
                }
            }),
            "rules.1.when",
            Invalid::Unknown,
        ),
        (
            // Each is well within its bounds.
            (0..26)
                .map(|number| {
                    let words = words((0..200).map(|n| n.to_string()).collect());
                    rule(number, words, vec![in_turn(&[ANNA])])
                })
                .collect(),
            "rules",
            Invalid::TooMany,
        ),
        (
            (0..501)
                .map(|number| rule(number, Condition::always(), vec![in_turn(&[ANNA])]))
                .collect(),
            "rules",
            Invalid::TooMany,
        ),
    ];
    for (rules, field, why) in table {
        let refusal = put(&mut Team::new(), MIRA, rules, None, 0).unwrap_err();
        assert_eq!(
            refusal,
            Refusal::Invalid {
                field: field.to_owned(),
                why
            }
        );
    }
    let deep = changed(&|rule| rule.when = nested(5));
    assert!(put(&mut Team::new(), MIRA, deep, None, 0).is_ok());
}

#[test]
fn a_rule_that_names_somebody_who_left_does_not_keep_another_from_being_changed() {
    let mut team = Team::new();
    team.members.get_mut(&ANNA).unwrap().active = false;
    let other = rule(2, Condition::always(), vec![in_turn(&[BEN])]);
    assert!(put(&mut team, MIRA, vec![good(), other], Some(vec![good()]), 3).is_ok());
}
