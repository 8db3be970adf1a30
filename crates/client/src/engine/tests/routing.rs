//! What routing rules say to a desk: that they point something out, and that they have it escalated.

use std::collections::BTreeMap;

use baton_domain::{
    CommandBody, Condition, ConversationId, Document, DocumentBody, MINUTE_MS, MemberId, Outcome, RoutingFacts, Rule,
    RuleAction, RuleId, RuleSet, Turns,
};
use uuid::Uuid;

use super::office::member;
use super::reminding::then_ben;
use super::{ANNA, BEN, Office};

/// What the referee routes by: the rules, where there are some, while nobody had a turn yet and nobody has anything to do.
pub(super) fn facts(documents: &[Document]) -> Option<RoutingFacts<'_>> {
    static LOADS: BTreeMap<MemberId, u32> = BTreeMap::new();
    static TURNS: Turns = BTreeMap::new();
    documents.iter().find_map(|document| match &document.body {
        DocumentBody::Rules(rules) => Some(RoutingFacts {
            rules,
            version: document.version,
            loads: &LOADS,
            turns: &TURNS,
            acquaintance: Default::default(),
        }),
        _ => None,
    })
}

/// A rule for every lead does this.
fn does(office: &mut Office, then: Vec<RuleAction>) -> ConversationId {
    let rule = Rule {
        id: RuleId(Uuid::from_u128(0x70)),
        name: "Large".to_owned(),
        enabled: true,
        when: Condition::always(),
        then,
        stop: None,
    };
    let body = DocumentBody::Rules(RuleSet { rules: vec![rule] });
    office.documents.push(Document {
        id: body.id(),
        version: 1,
        body,
    });
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.advance(5_000);
    enquiry
}

fn titles(office: &Office, desk: usize) -> Vec<&str> {
    let shown = office.desks[desk].notifications.iter();
    shown.map(|one| one.title.as_str()).collect()
}

#[test]
fn whom_a_rule_names_is_told_once_and_nobody_else() {
    let mut office = Office::open();
    let enquiry = does(
        &mut office,
        vec![
            RuleAction::Notify {
                members: vec![member(BEN)],
            },
            RuleAction::Assign { to: member(ANNA) },
        ],
    );
    assert_eq!(titles(&office, BEN), ["A rule points you to Carl"]);
    assert_eq!(office.desks[BEN].notifications[0].conversation, Some(enquiry));
    assert_eq!(
        titles(&office, ANNA),
        ["Baton gave you Carl"],
        "it is hers, which is more"
    );
    office.crash(BEN);
    office.connect(BEN);
    office.advance(MINUTE_MS);
    assert_eq!(titles(&office, BEN).len(), 1, "not again after a restart");
}

#[test]
fn what_a_rule_pointed_out_is_withdrawn_once_it_is_over() {
    let mut office = Office::open();
    let all = vec![RuleAction::Notify {
        members: vec![member(BEN)],
    }];
    let enquiry = does(&mut office, all);
    let key = office.desks[BEN].notifications[0].key.clone();
    assert!(key.starts_with("told/"), "{key}: it says more than that a lead is new");
    office.act(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(office.desks[BEN].withdrawn, Vec::<String>::new());
    let close = CommandBody::Close {
        outcome: Some(Outcome::Lost),
        reason: None,
    };
    office.act(ANNA, enquiry, close);
    office.advance(5_000);
    assert_eq!(office.desks[BEN].withdrawn, [key]);
}

#[test]
fn who_is_asked_by_a_rule_reads_which_and_why() {
    let mut office = Office::under(then_ben());
    let all = vec![RuleAction::Escalate {
        words: "Forty seats or more".to_owned(),
    }];
    does(&mut office, all);
    let shown = office.desks[BEN].notifications.last().unwrap();
    assert_eq!(shown.title, "Escalated to you: Carl");
    assert_eq!(shown.body, "40 lamps\nLarge: Forty seats or more");
}
