//! What rules do besides giving a lead to somebody: they move it to another inbox, have it escalated, and tell people of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeMap;

use CommandBody as Do;
use baton_domain::*;
use support::{ANNA, BEN, MIRA, SALES, SUPPORT, SUPPORT_AT, Team};
use uuid::Uuid;

const NOWHERE: InboxId = InboxId(Uuid::from_u128(0xBAD));

fn id(number: u128) -> RuleId {
    RuleId(Uuid::from_u128(0x7000 + number))
}

fn rule(number: u128, when: Condition, then: Vec<RuleAction>) -> Rule {
    Rule {
        id: id(number),
        name: format!("Rule {number}"),
        enabled: true,
        when,
        then,
        stop: None,
    }
}

fn says(word: &str) -> Condition {
    Condition::Words {
        place: WordsIn::Both,
        one_of: vec![word.to_owned()],
    }
}

fn lies_in(inbox: InboxId) -> Condition {
    Condition::Inbox { one_of: vec![inbox] }
}

fn to(inbox: InboxId) -> RuleAction {
    RuleAction::Move { to: inbox }
}

fn escalates(words: &str) -> RuleAction {
    RuleAction::Escalate {
        words: words.to_owned(),
    }
}

fn tells(members: &[MemberId]) -> RuleAction {
    RuleAction::Notify {
        members: members.to_vec(),
    }
}

fn tag(tag: &str) -> RuleAction {
    RuleAction::AddTag { tag: tag.to_owned() }
}

fn gives(to: MemberId) -> RuleAction {
    RuleAction::Assign { to }
}

fn team(rules: Vec<Rule>) -> Team {
    let mut team = Team::new();
    team.rules = Some((RuleSet { rules }, 7));
    team
}

/// Every routing so far.
fn routings(team: &Team) -> Vec<Routing> {
    let routings = team.log.iter().filter_map(|(_, event)| match event {
        Event::Routed { routing } => Some((**routing).clone()),
        _ => None,
    });
    routings.collect()
}

fn acts(team: &Team) -> Vec<RuleAct> {
    routings(team).pop().unwrap().trace.acts
}

fn count(team: &Team, is: impl Fn(&Event) -> bool) -> usize {
    team.log.iter().filter(|(_, event)| is(event)).count()
}

fn moves(team: &Team) -> usize {
    count(team, |event| matches!(event, Event::MovedOut { .. }))
}

fn escalations(team: &Team) -> usize {
    count(team, |event| matches!(event, Event::Escalated { .. }))
}

fn stayed(rule: u128, to: InboxId, why: Stayed) -> RuleAct {
    RuleAct::Stayed {
        rule: id(rule),
        to,
        why,
    }
}

#[test]
fn a_moved_lead_is_routed_by_the_rules_of_where_it_lies_then() {
    let mut team = team(vec![
        rule(1, says("invoice"), vec![tag("billing"), to(SUPPORT)]),
        rule(2, lies_in(SUPPORT), vec![gives(BEN)]),
        rule(3, Condition::always(), vec![gives(ANNA)]),
    ]);
    team.support.policy.sla = SlaPolicy::usual();
    team.carl("Where is my invoice?");
    let state = team.conversation();
    assert_eq!((state.inbox, state.account), (SUPPORT, Some(SUPPORT_AT)));
    assert_eq!((state.owner, state.status), (Some(BEN), Status::Assigned));
    assert!(state.tags.contains("billing"), "what its rule sets goes along");
    assert!(
        state.clocks.iter().any(|clock| clock.kind == ClockKind::FirstResponse),
        "the promise of the inbox it lies in holds"
    );
    assert_eq!(state.corrections, [], "a rule does not correct itself");
    let [first, second] = &routings(&team)[..] else {
        panic!("{:?}", routings(&team))
    };
    assert_eq!(
        (first.rule, first.owner, first.moved_to),
        (Some(id(1)), None, Some(SUPPORT))
    );
    assert_eq!(
        first.trace.acts,
        [RuleAct::Moved {
            rule: id(1),
            to: SUPPORT
        }]
    );
    assert_eq!(first.trace.rules.len(), 1, "a move ends the evaluation here");
    assert_eq!(
        (second.rule, second.owner, second.moved_to),
        (Some(id(2)), Some(BEN), None)
    );
    assert_eq!(second.trace.acts, [stayed(1, SUPPORT, Stayed::There)]);
    let sent = state.sent_by.unwrap();
    assert_eq!((sent.inbox, sent.rule), (SUPPORT, Some(id(2))));
    let by = RuleMove {
        rule: Some(id(1)),
        from: SALES,
    };
    assert_eq!(sent.moved, Some(by));
}

#[test]
fn what_is_told_in_the_old_inbox_ends_with_the_move() {
    let mut team = team(vec![rule(1, says("invoice"), vec![tag("billing"), to(SUPPORT)])]);
    team.carl("Where is my invoice?");
    let names: Vec<&str> = team
        .log
        .iter()
        .map(|(_, event)| match event {
            Event::Routed { .. } => "routed",
            Event::MovedOut { to: SUPPORT } => "out",
            Event::MovedIn { from: SALES, .. } => "in",
            Event::Tagged { .. } => "tagged",
            _ => "",
        })
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, ["routed", "out", "in", "tagged", "routed"]);
}

#[test]
fn two_rules_cannot_send_a_lead_round() {
    let mut team = team(vec![
        rule(1, lies_in(SALES), vec![to(SUPPORT)]),
        rule(2, lies_in(SUPPORT), vec![to(SALES)]),
        rule(3, Condition::always(), vec![gives(BEN)]),
    ]);
    team.carl("Hello");
    assert_eq!(
        (team.conversation().inbox, team.conversation().owner),
        (SUPPORT, Some(BEN))
    );
    assert_eq!(acts(&team), [stayed(2, SALES, Stayed::MovedOnce)]);
    team.act(BEN, Do::Release);
    team.act(MIRA, Do::Route);
    assert_eq!(
        (team.conversation().inbox, team.conversation().owner),
        (SUPPORT, Some(BEN))
    );
    assert_eq!(acts(&team), [stayed(2, SALES, Stayed::WasThere)]);
    assert_eq!(moves(&team), 1);
}

#[test]
fn an_owner_an_earlier_rule_found_keeps_it_where_it_is() {
    let first = Rule {
        stop: Some(false),
        ..rule(1, Condition::always(), vec![gives(ANNA)])
    };
    let mut team = team(vec![first, rule(2, Condition::always(), vec![to(SUPPORT)])]);
    team.carl("Hello");
    assert_eq!(
        (team.conversation().inbox, team.conversation().owner),
        (SALES, Some(ANNA))
    );
    assert_eq!(moves(&team), 0);
}

#[test]
fn an_inbox_that_is_gone_leaves_the_lead_to_the_rules_after() {
    let stops = Rule {
        stop: Some(true),
        ..rule(1, Condition::always(), vec![to(NOWHERE)])
    };
    let mut team = team(vec![stops, rule(2, Condition::always(), vec![gives(ANNA)])]);
    team.carl("Hello");
    assert_eq!(
        (team.conversation().inbox, team.conversation().owner),
        (SALES, Some(ANNA))
    );
    assert_eq!(acts(&team), [stayed(1, NOWHERE, Stayed::Gone)]);
}

#[test]
fn where_somebody_has_put_it_it_stays() {
    let mut team = team(vec![rule(1, lies_in(SALES), vec![to(SUPPORT)])]);
    team.carl("Hello");
    assert_eq!(team.conversation().inbox, SUPPORT);
    let back = Do::MoveToInbox {
        inbox: SALES,
        owner: None,
    };
    team.act(MIRA, back);
    assert_eq!(team.conversation().inbox, SALES);
    assert_eq!(acts(&team), [stayed(1, SUPPORT, Stayed::Placed)]);
    let corrected: Vec<_> = team.conversation().corrections.iter().map(|one| one.how).collect();
    assert_eq!(corrected, [CorrectionKind::Moved { to: SALES }]);
    team.act(MIRA, Do::Route);
    assert_eq!(team.conversation().inbox, SALES);
    assert_eq!(
        acts(&team),
        [stayed(1, SUPPORT, Stayed::WasThere)],
        "somebody took it out"
    );
}

#[test]
fn what_comes_back_stays_where_it_was() {
    let mut team = team(Vec::new());
    team.carl("Hello");
    team.act(ANNA, Do::Claim);
    let lost = Do::Close {
        outcome: Some(Outcome::Lost),
        reason: None,
    };
    team.act(ANNA, lost);
    for member in [ANNA, BEN] {
        team.members.get_mut(&member).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
    }
    let rules = vec![rule(1, Condition::always(), vec![to(SUPPORT)])];
    team.rules = Some((RuleSet { rules }, 8));
    team.carl("Hello again");
    assert_eq!((team.conversation().inbox, team.conversation().owner), (SALES, None));
    assert_eq!(acts(&team), [stayed(1, SUPPORT, Stayed::CameBack)]);
    team.act(MIRA, Do::Route);
    assert_eq!(
        team.conversation().inbox,
        SUPPORT,
        "asked for by hand, the rules move it"
    );
}

#[test]
fn what_somebody_is_replying_to_is_not_moved() {
    let mut team = Team::with_enquiry();
    team.act(BEN, Do::TakeLock { cover: false });
    let rules = vec![rule(1, Condition::always(), vec![to(SUPPORT)])];
    team.rules = Some((RuleSet { rules }, 8));
    team.act(MIRA, Do::Route);
    assert_eq!(acts(&team), [stayed(1, SUPPORT, Stayed::InUse)]);
}

#[test]
fn a_rule_has_a_lead_escalated_once() {
    let also = Rule {
        stop: Some(false),
        ..rule(1, Condition::always(), vec![escalates("A VIP")])
    };
    let mut team = team(vec![also, rule(2, Condition::always(), vec![gives(ANNA)])]);
    team.carl("Hello");
    let running = team.conversation().escalation.clone().unwrap();
    let reason = EscalationReason::ByRule {
        rule: id(1),
        name: "Rule 1".to_owned(),
        words: "A VIP".to_owned(),
    };
    assert_eq!((running.reason, running.asked), (reason, [MIRA].into()));
    assert_eq!(
        team.conversation().owner,
        Some(ANNA),
        "it stays asked for though it has an owner"
    );
    let act = |anew| RuleAct::Escalated { rule: id(1), anew };
    assert_eq!(acts(&team), [act(true)]);
    team.act(ANNA, Do::Release);
    team.act(MIRA, Do::Route);
    assert_eq!((escalations(&team), acts(&team)), (1, vec![act(false)]));
    team.act(MIRA, Do::AcknowledgeEscalation);
    team.act(BEN, Do::Assign { to: BEN, context: None });
    assert_eq!(team.conversation().escalation, None, "a new owner has seen to it");
    team.act(BEN, Do::Release);
    team.act(MIRA, Do::Route);
    assert_eq!((escalations(&team), acts(&team)), (1, vec![act(false)]));
}

#[test]
fn what_is_moved_is_escalated_and_told_where_it_goes() {
    let mut team = team(vec![rule(
        1,
        says("invoice"),
        vec![escalates("Billing"), tells(&[ANNA, BEN, MIRA]), to(SUPPORT)],
    )]);
    let ask = EscalationAsk::Members { members: vec![BEN] };
    let within = Target::wall(HOUR_MS);
    team.support.policy.escalation.steps = vec![EscalationStep { ask, within }];
    team.support.access.retain(|access| access.member != ANNA);
    team.carl("Where is my invoice?");
    let state = team.conversation();
    assert_eq!((state.inbox, escalations(&team)), (SUPPORT, 1));
    assert_eq!(state.escalation.as_ref().unwrap().asked, [BEN].into());
    let told: Vec<_> = team
        .log
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Told { rule, members, .. } => Some((*rule, members.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(id(1), [BEN, MIRA].into())], "Anna may not read it there");
}

#[test]
fn a_late_lead_that_a_rule_escalates_asks_once() {
    let mut team = Team::with_targets();
    team.carl("Hello");
    team.support.policy.sla = SlaPolicy::usual();
    let all = vec![escalates("Now"), to(SUPPORT)];
    team.rules = Some((
        RuleSet {
            rules: vec![rule(1, Condition::always(), all)],
        },
        8,
    ));
    team.now = team.now.plus_ms(3 * DAY_MS);
    team.act(MIRA, Do::Route);
    assert_eq!((team.conversation().inbox, escalations(&team)), (SUPPORT, 1));
}

#[test]
fn people_are_told_once_by_each_rule() {
    let mut team = team(vec![rule(1, Condition::always(), vec![tells(&[ANNA, BEN])])]);
    team.carl("Hello");
    team.act(MIRA, Do::Route);
    assert_eq!(count(&team, |event| matches!(event, Event::Told { .. })), 1);
    let told = |anew| RuleAct::Told {
        rule: id(1),
        members: [ANNA, BEN].into(),
        anew,
    };
    let all: Vec<RuleAct> = routings(&team).into_iter().flat_map(|one| one.trace.acts).collect();
    assert_eq!(all, [told(true), told(false)]);
}

#[test]
fn a_set_that_can_not_be_used_is_refused_with_the_rule_and_why() {
    let team = Team::new();
    let document = |inbox: &Inbox| Document {
        id: DocumentId(inbox.id.0),
        version: 1,
        body: DocumentBody::Inbox(inbox.clone()),
    };
    let documents: BTreeMap<DocumentId, Document> = [&team.inbox, &team.support]
        .map(|inbox| (DocumentId(inbox.id.0), document(inbox)))
        .into();
    let judged = |when: Condition, then: Vec<RuleAction>| {
        let fine = rule(1, Condition::always(), vec![gives(ANNA)]);
        let draft = RuleSet {
            rules: vec![fine, rule(2, when, then)],
        };
        check_rules(&draft.tidied(), &documents, &team.members)
    };
    let refused = |why| {
        Err(Refusal::Invalid {
            field: "rules.2.then".to_owned(),
            why,
        })
    };
    let all = Condition::always;
    let both = || Condition::All {
        of: vec![says("invoice"), lies_in(SUPPORT)],
    };
    let stranger = MemberId(Uuid::from_u128(0xEE));
    let table = [
        (all(), vec![to(SUPPORT), escalates("Why"), tells(&[ANNA])], Ok(())),
        (all(), vec![to(NOWHERE)], refused(Invalid::Unknown)),
        (lies_in(SUPPORT), vec![to(SUPPORT)], refused(Invalid::SameInbox)),
        (both(), vec![to(SUPPORT)], refused(Invalid::SameInbox)),
        (both(), vec![to(SALES)], Ok(())),
        (all(), vec![to(SUPPORT), gives(ANNA)], refused(Invalid::TooMany)),
        (all(), vec![escalates("  ")], refused(Invalid::Empty)),
        (all(), vec![escalates(&"w".repeat(2001))], refused(Invalid::TooLong)),
        (all(), vec![escalates("a"), escalates("b")], refused(Invalid::TooMany)),
        (all(), vec![tells(&[])], refused(Invalid::Empty)),
        (all(), vec![tells(&[ANNA, ANNA])], refused(Invalid::TooMany)),
        (all(), vec![tells(&[stranger])], refused(Invalid::Unknown)),
    ];
    for (when, then, expected) in table {
        assert_eq!(judged(when, then.clone()), expected, "{then:?}");
    }
}

#[test]
fn a_rehearsal_follows_a_lead_to_where_it_is_moved() {
    let rules = RuleSet {
        rules: vec![
            rule(1, says("invoice"), vec![tells(&[MIRA]), to(SUPPORT)]),
            rule(
                2,
                Condition::All {
                    of: vec![lies_in(SUPPORT), Condition::BusinessHours],
                },
                vec![escalates("Late"), gives(BEN)],
            ),
            rule(3, lies_in(SUPPORT), vec![to(SALES)]),
            rule(4, Condition::always(), vec![gives(ANNA)]),
        ],
    };
    let mut team = Team::new();
    let message = team.message("Where is my invoice?");
    team.receive(message.clone(), true);
    let lead = Lead::as_it_began(team.conversation(), &message, false, false);
    let inbox = |then| Destination::Inbox {
        inbox: SUPPORT,
        then: Box::new(then),
    };
    let by_day = rules.destination(lead.clone(), |_| Some(true));
    assert_eq!(by_day.destination, inbox(Destination::Member { member: BEN }));
    assert_eq!((by_day.rule, by_day.escalates, by_day.tells), (Some(id(1)), true, true));
    let by_night = rules.destination(lead.clone(), |_| Some(false));
    assert_eq!(by_night.destination, inbox(Destination::Member { member: ANNA }));
    assert!(!by_night.escalates);
    let gone = rules.destination(lead, |_| None);
    assert_eq!(gone.destination, Destination::Member { member: ANNA });
}

#[test]
fn what_was_kept_before_rules_did_this_still_loads() {
    let mut team = team(vec![rule(1, Condition::always(), vec![gives(ANNA)])]);
    team.carl("Hello");
    let state = serde_json::to_value(team.conversation()).unwrap();
    assert_eq!(state.get("byRules"), None);
    assert_eq!(state["sentBy"].get("moved"), None);
    assert_eq!(
        serde_json::from_value::<Conversation>(state).unwrap(),
        *team.conversation()
    );
    let routing = serde_json::to_value(routings(&team).pop().unwrap()).unwrap();
    assert_eq!((routing.get("movedTo"), routing["trace"].get("acts")), (None, None));
    assert!(serde_json::from_value::<Routing>(routing).is_ok());
    let old = serde_json::json!({ "rules": [{
        "id": id(1), "name": "Old", "when": { "type": "all", "of": [] },
        "then": [{ "type": "assign", "to": ANNA }, { "type": "addFollower", "member": BEN }],
    }]});
    let old: RuleSet = serde_json::from_value(old).unwrap();
    assert!(old.in_force() && !old.moves());
    let new = RuleSet {
        rules: vec![rule(
            2,
            Condition::always(),
            vec![to(SUPPORT), escalates("Why"), tells(&[ANNA])],
        )],
    };
    let text = serde_json::to_string(&new).unwrap();
    assert!(text.contains(r#"{"type":"move","to":"#), "{text}");
    assert_eq!(serde_json::from_str::<RuleSet>(&text).unwrap(), new);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever rules of moves say, however often they are asked: a lead is moved at most once a routing, and leaves each inbox once.
        #[test]
        fn no_rules_send_a_lead_round(wishes in proptest::collection::vec((0_usize..3, 0_usize..2), 1..6), asked in 1_usize..6) {
            let rules = wishes.iter().zip(0_u128..).map(|((from, target), number)| {
                let when = [Condition::always(), lies_in(SALES), lies_in(SUPPORT)][*from].clone();
                rule(number, when, vec![to([SALES, SUPPORT][*target])])
            });
            let mut team = team(rules.collect());
            team.carl("Hello");
            prop_assert!(moves(&team) <= 1);
            for _ in 0..asked {
                let before = moves(&team);
                team.act(MIRA, Do::Route);
                prop_assert!(moves(&team) <= before + 1);
            }
            prop_assert!(moves(&team) <= 1, "there are two inboxes, and it may not go back");
        }
    }
}
