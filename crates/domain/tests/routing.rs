//! Routing as tables and stories: which rule holds, who gets it, who is passed over and why.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::{ANNA, BEN, CHASE, MIRA, SALES, SALES_AT, Team, berlin};
use uuid::Uuid;

const STRANGER: MemberId = MemberId(Uuid::from_u128(0xEE));

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

fn pool(by: DistributeBy, members: &[MemberId]) -> RuleAction {
    let pool = members.iter().map(|member| PoolMember {
        member: *member,
        capacity: None,
    });
    RuleAction::Distribute {
        by,
        pool: pool.collect(),
    }
}

fn in_turn(members: &[MemberId]) -> RuleAction {
    pool(DistributeBy::RoundRobin, members)
}

fn says(word: &str) -> Condition {
    Condition::Words {
        place: WordsIn::Both,
        one_of: vec![word.to_owned()],
    }
}

fn team(rules: Vec<Rule>) -> Team {
    let mut team = Team::new();
    team.rules = Some((RuleSet { rules }, 7));
    team
}

/// A new lead of the same team: the log goes on.
fn another(team: &mut Team, text: &str) -> Routing {
    team.state = None;
    team.carl(text);
    routing(team)
}

fn routing(team: &Team) -> Routing {
    let newest = team.log.iter().rev().find_map(|(_, event)| match event {
        Event::Routed { routing } => Some((**routing).clone()),
        _ => None,
    });
    newest.expect("it was routed")
}

fn was_routed(team: &Team) -> bool {
    team.log.iter().any(|(_, event)| matches!(event, Event::Routed { .. }))
}

fn away(team: &mut Team, member: MemberId) {
    team.members.get_mut(&member).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
}

#[test]
fn every_condition_holds_for_what_it_names_and_for_nothing_else() {
    let mut team = Team::new();
    let mut message = team.message("Could we have a DEMO of the forty seats?");
    message.facts.aliases = vec!["hello@baton.example".to_owned()];
    let (stamp, mut state) = {
        team.receive(message.clone(), true);
        (team.log[0].0, team.conversation().clone())
    };
    let set = |state: Conversation, event: &Event| evolve(Some(state), stamp, event).unwrap();
    state = set(
        state,
        &Event::FieldsChanged {
            category: Some(Category::Demo),
            priority: Some(Priority::High),
            value: Some(Money {
                cents: 500_000,
                currency: "EUR".to_owned(),
            }),
            company: Some("Acme GmbH".to_owned()),
            subject: None,
            details: Box::default(),
        },
    );
    state = set(state, &Event::Tagged { tag: "Fair".to_owned() });
    let lead = Lead::of(&state, Some(&message), true, false);
    let euro = |cents, currency: &str| Condition::ValueFrom {
        least: Money {
            cents,
            currency: currency.to_owned(),
        },
    };
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let words = |place, word: &str| Condition::Words {
        place,
        one_of: texts(&[word]),
    };
    let sender = |whom: &str| Condition::Sender { one_of: texts(&[whom]) };
    let table = [
        (Condition::always(), true),
        (Condition::Any { of: vec![] }, false),
        (
            Condition::Not {
                of: Box::new(Condition::always()),
            },
            false,
        ),
        (
            Condition::All {
                of: vec![Condition::Returning, Condition::BusinessHours],
            },
            false,
        ),
        (
            Condition::Any {
                of: vec![Condition::Returning, Condition::BusinessHours],
            },
            true,
        ),
        (Condition::Inbox { one_of: vec![SALES] }, true),
        (
            Condition::Inbox {
                one_of: vec![InboxId(Uuid::nil())],
            },
            false,
        ),
        (Condition::Account { one_of: vec![SALES_AT] }, true),
        (Condition::Account { one_of: vec![] }, false),
        (
            Condition::Address {
                one_of: texts(&["sales@baton.example"]),
            },
            true,
        ),
        (
            Condition::Address {
                one_of: texts(&["hello@baton.example"]),
            },
            true,
        ),
        (
            Condition::Address {
                one_of: texts(&["baton.example"]),
            },
            false,
        ),
        (sender("carl@acme.example"), true),
        (sender("acme.example"), true),
        (sender("@acme.example"), true),
        (sender("example"), true),
        (sender("cme.example"), false),
        (sender("ben@acme.example"), false),
        (sender(""), false),
        (words(WordsIn::Both, "demo"), true),
        (words(WordsIn::Text, "demo"), true),
        (words(WordsIn::Subject, "demo"), false),
        (words(WordsIn::Subject, "forty"), true),
        (
            Condition::Category {
                one_of: vec![Category::QuoteRequest, Category::Demo],
            },
            true,
        ),
        (
            Condition::Category {
                one_of: vec![Category::QuoteRequest],
            },
            false,
        ),
        (
            Condition::PriorityFrom {
                least: Priority::Normal,
            },
            true,
        ),
        (
            Condition::PriorityFrom {
                least: Priority::Urgent,
            },
            false,
        ),
        (euro(500_000, "EUR"), true),
        (euro(500_001, "EUR"), false),
        (euro(1, "USD"), false),
        (
            Condition::Company {
                one_of: texts(&["acme gmbh"]),
            },
            true,
        ),
        (
            Condition::Company {
                one_of: texts(&["acme"]),
            },
            false,
        ),
        (
            Condition::Tag {
                one_of: texts(&["fair"]),
            },
            true,
        ),
        (
            Condition::Tag {
                one_of: texts(&["fairs"]),
            },
            false,
        ),
        (Condition::Returning, true),
        (Condition::BusinessHours, false),
    ];
    for (condition, holds) in table {
        assert_eq!(condition.holds(&lead), holds, "{condition:?}");
    }
}

#[test]
fn without_rules_nothing_is_routed_and_with_none_in_force_neither() {
    let mut plain = Team::new();
    plain.carl("Could you quote forty seats?");
    let mut empty = team(Vec::new());
    empty.carl("Could you quote forty seats?");
    let mut off = team(vec![rule(1, Condition::always(), vec![in_turn(&[ANNA])])]);
    off.rules.as_mut().unwrap().0.rules[0].enabled = false;
    off.carl("Could you quote forty seats?");
    for team in [&plain, &empty, &off] {
        assert!(!was_routed(team));
        assert_eq!(team.log.len(), plain.log.len());
        assert_eq!(team.conversation().status, Status::New);
        assert_eq!(team.conversation().owner, None);
    }
}

#[test]
fn a_new_lead_has_its_owner_in_the_same_decision() {
    let mut team = team(vec![rule(1, says("quote"), vec![in_turn(&[ANNA, BEN])])]);
    team.inbox.policy.sla = SlaPolicy::usual();
    team.carl("Could you quote forty seats?");
    let state = team.conversation();
    assert_eq!((state.owner, state.status), (Some(ANNA), Status::Assigned));
    assert_eq!(state.owned_since, Some(team.now));
    let kinds: Vec<ClockKind> = state
        .clocks
        .iter()
        .filter(|clock| clock.is_open())
        .map(|clock| clock.kind)
        .collect();
    assert_eq!(kinds, [ClockKind::FirstResponse], "nobody has to wait for an owner");
    let routing = routing(&team);
    assert_eq!((routing.version, routing.rule, routing.turn), (7, Some(id(1)), true));
}

#[test]
fn turns_go_round_and_whoever_was_away_is_next_when_back() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[ANNA, BEN, MIRA])])]);
    let mut owners = Vec::new();
    for turn in 0..7 {
        match turn {
            2 => away(&mut team, MIRA),
            5 => team.members.get_mut(&MIRA).unwrap().absent_until = None,
            _ => {}
        }
        owners.push(another(&mut team, "Hello").owner.unwrap());
    }
    assert_eq!(owners, [ANNA, BEN, ANNA, BEN, ANNA, MIRA, BEN]);
}

#[test]
fn the_trace_says_who_was_passed_over_and_why() {
    let mut team = team(vec![rule(
        1,
        Condition::always(),
        vec![RuleAction::Distribute {
            by: DistributeBy::RoundRobin,
            pool: vec![
                PoolMember {
                    member: STRANGER,
                    capacity: None,
                },
                PoolMember {
                    member: ANNA,
                    capacity: None,
                },
                PoolMember {
                    member: BEN,
                    capacity: Some(3),
                },
                PoolMember {
                    member: MIRA,
                    capacity: Some(3),
                },
            ],
        }],
    )]);
    away(&mut team, ANNA);
    team.loads = [(BEN, 3), (MIRA, 2)].into();
    team.carl("Hello");
    let step = |member, passed_over| RouteStep {
        kind: RouteStepKind::Turn,
        member: Some(member),
        stands_in_for: None,
        passed_over,
    };
    let until = Some(team.now.plus_ms(DAY_MS));
    assert_eq!(
        routing(&team).trace.steps,
        [
            step(STRANGER, Some(PassedOver::Left)),
            step(ANNA, Some(PassedOver::Away { until })),
            step(BEN, Some(PassedOver::AtCapacity { load: 3, capacity: 3 })),
            step(MIRA, None),
        ]
    );
}

#[test]
fn somebody_without_the_right_to_work_gets_nothing() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[BEN, ANNA])])]);
    team.may_only_read(BEN);
    let routing = another(&mut team, "Hello");
    assert_eq!(routing.owner, Some(ANNA));
    assert_eq!(routing.trace.steps[0].passed_over, Some(PassedOver::NotPermitted));
}

#[test]
fn whoever_has_another_open_conversation_with_them_comes_before_the_pool() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[ANNA, BEN])])]);
    team.acquaintance = Acquaintance {
        returning: true,
        open_with: Some(MIRA),
    };
    let first = another(&mut team, "And another thing");
    assert_eq!((first.owner, first.turn), (Some(MIRA), false));
    assert_eq!(first.trace.steps[0].kind, RouteStepKind::OpenConversation);
    away(&mut team, MIRA);
    let second = another(&mut team, "And another thing");
    assert_eq!((second.owner, second.turn), (Some(ANNA), true), "it cost nobody a turn");
}

#[test]
fn the_least_loaded_gets_it_and_equals_in_the_order_of_the_pool() {
    let least = pool(DistributeBy::LeastLoaded, &[ANNA, BEN, MIRA]);
    let mut team = team(vec![rule(1, Condition::always(), vec![least])]);
    team.loads = [(ANNA, 4), (BEN, 2), (MIRA, 2)].into();
    let routing = another(&mut team, "Hello");
    assert_eq!((routing.owner, routing.turn), (Some(BEN), false));
}

#[test]
fn who_stands_in_comes_after_the_pool_and_then_it_waits_in_the_queue() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[ANNA])])]);
    away(&mut team, ANNA);
    let routing = another(&mut team, "Hello");
    assert_eq!(routing.owner, Some(BEN), "Ben stands in for Anna");
    let last = routing.trace.steps.last().unwrap();
    assert_eq!((last.kind, last.stands_in_for), (RouteStepKind::Backup, Some(ANNA)));

    away(&mut team, BEN);
    team.inbox.policy.sla = SlaPolicy::usual();
    let routing = another(&mut team, "Hello");
    assert_eq!((routing.owner, routing.rule), (None, Some(id(1))));
    assert_eq!(routing.trace.steps.last().unwrap().kind, RouteStepKind::Queue);
    assert_eq!(team.conversation().status, Status::New);
    let waits = team
        .conversation()
        .clocks
        .iter()
        .any(|clock| clock.kind == ClockKind::Owner && clock.is_open());
    assert!(waits, "the time to an owner runs");
}

#[test]
fn a_named_member_who_is_away_is_stood_in_for() {
    let mut team = team(vec![rule(
        1,
        Condition::always(),
        vec![RuleAction::Assign { to: ANNA }],
    )]);
    assert_eq!(another(&mut team, "Hello").owner, Some(ANNA));
    away(&mut team, ANNA);
    assert_eq!(another(&mut team, "Hello").owner, Some(BEN));
}

#[test]
fn later_rules_see_what_earlier_ones_set_and_an_assignment_ends_it() {
    let sets = vec![
        RuleAction::SetCategory {
            category: Category::Demo,
        },
        RuleAction::AddTag { tag: "Demo".to_owned() },
    ];
    let demo = Condition::Category {
        one_of: vec![Category::Demo],
    };
    let mut team = team(vec![
        rule(1, says("demo"), sets),
        rule(
            2,
            demo,
            vec![
                RuleAction::SetPriority {
                    priority: Priority::High,
                },
                RuleAction::Assign { to: BEN },
            ],
        ),
        rule(
            3,
            Condition::always(),
            vec![RuleAction::SetPriority {
                priority: Priority::Low,
            }],
        ),
    ]);
    let routing = another(&mut team, "A demo, please");
    let state = team.conversation();
    assert_eq!(
        (state.category, state.priority, state.owner),
        (Category::Demo, Priority::High, Some(BEN))
    );
    assert!(state.tags.contains("Demo"));
    let told: Vec<_> = routing.trace.rules.iter().map(|rule| (rule.id, rule.matched)).collect();
    assert_eq!(told, [(id(1), true), (id(2), true)], "the third was not looked at");
}

#[test]
fn a_rule_that_finds_nobody_and_does_not_stop_leaves_it_to_the_next() {
    let mut first = rule(1, Condition::always(), vec![in_turn(&[MIRA])]);
    first.stop = Some(false);
    let mut team = team(vec![
        first,
        rule(2, Condition::always(), vec![RuleAction::Assign { to: ANNA }]),
    ]);
    away(&mut team, MIRA);
    let routing = another(&mut team, "Hello");
    assert_eq!((routing.owner, routing.rule), (Some(ANNA), Some(id(2))));
}

#[test]
fn what_a_rule_leaves_in_the_queue_on_purpose_stays_there() {
    let mut first = rule(1, says("newsletter"), vec![RuleAction::LeaveUnassigned]);
    first.stop = Some(false);
    let mut team = team(vec![first, rule(2, Condition::always(), vec![in_turn(&[ANNA])])]);
    let routing = another(&mut team, "Our newsletter");
    assert_eq!((routing.owner, routing.rule), (None, Some(id(1))));
    assert_eq!(another(&mut team, "A lead").owner, Some(ANNA));
}

#[test]
fn history_and_machines_are_not_routed() {
    let rules = || vec![rule(1, Condition::always(), vec![in_turn(&[ANNA])])];
    let mut old = team(rules());
    let message = old.message("Long ago");
    old.receive(message, false);
    assert!(!was_routed(&old));
    for kind in [MessageKind::AutoReply, MessageKind::Bounce] {
        let mut team = team(rules());
        let mut message = team.message("I am away");
        message.kind = kind;
        team.receive(message, true);
        assert!(!was_routed(&team), "{kind:?}");
    }
}

#[test]
fn what_machines_or_we_outside_began_is_routed_with_their_first_message() {
    let rules = || vec![rule(1, Condition::always(), vec![in_turn(&[ANNA])])];
    for kind in [MessageKind::AutoReply, MessageKind::Bounce] {
        let mut team = team(rules());
        let mut message = team.message("I am away");
        message.kind = kind;
        team.receive(message, true);
        team.carl("I am back. Could you quote?");
        assert_eq!(team.conversation().owner, Some(ANNA), "{kind:?}");
    }
    let mut team = team(rules());
    let mut message = team.message("Would you need chairs?");
    message.direction = Direction::Outside;
    team.system(CommandBody::ExternalReply {
        message: Box::new(message),
        live: true,
        inbox: support::SALES,
    })
    .unwrap();
    assert!(!was_routed(&team));
    team.carl("Yes, forty.");
    assert_eq!(team.conversation().owner, Some(ANNA));
    assert_eq!(team.conversation().status, Status::Assigned);
}

#[test]
fn what_is_reopened_goes_to_its_last_owner_and_only_without_one_by_the_rules() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[MIRA])])]);
    team.rules.as_mut().unwrap().0.rules[0].enabled = false;
    team.carl("Could you quote forty seats?");
    team.act(ANNA, CommandBody::Claim);
    let close = |outcome| CommandBody::Close {
        outcome: Some(outcome),
        reason: None,
    };
    team.act(ANNA, close(Outcome::Lost));
    team.rules.as_mut().unwrap().0.rules[0].enabled = true;
    team.carl("We changed our minds");
    assert_eq!(team.conversation().owner, Some(ANNA));
    assert!(!was_routed(&team));

    team.act(ANNA, close(Outcome::Lost));
    away(&mut team, ANNA);
    away(&mut team, BEN);
    team.carl("And again");
    assert_eq!(team.conversation().owner, Some(MIRA));
    assert_eq!(team.conversation().status, Status::Assigned);
    assert!(was_routed(&team));
}

#[test]
fn a_message_on_what_is_open_already_is_not_routed_again() {
    let mut team = team(vec![rule(1, says("quote"), vec![in_turn(&[ANNA])])]);
    team.carl("Hello");
    let first = team.log.len();
    assert_eq!(routing(&team).rule, None, "no rule held, and it says so");
    team.carl("Could you quote forty seats?");
    assert!(
        !team.log[first..]
            .iter()
            .any(|(_, event)| matches!(event, Event::Routed { .. }))
    );
}

#[test]
fn a_manager_routes_by_hand_what_has_no_owner() {
    let mut team = team(Vec::new());
    team.carl("Could you quote forty seats?");
    assert!(matches!(
        team.refused(ANNA, CommandBody::Route),
        Refusal::NotPermitted { .. }
    ));
    assert!(matches!(
        team.refused(MIRA, CommandBody::Route),
        Refusal::Invalid {
            why: Invalid::NotNow,
            ..
        }
    ));
    team.rules = Some((
        RuleSet {
            rules: vec![rule(1, says("quote"), vec![in_turn(&[BEN])])],
        },
        8,
    ));
    team.act(MIRA, CommandBody::Route);
    assert_eq!(team.conversation().owner, Some(BEN));
    assert!(matches!(
        team.refused(MIRA, CommandBody::Route),
        Refusal::NotOwner { .. }
    ));
}

#[test]
fn a_routed_owner_works_on_as_any_other() {
    let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&[ANNA])])]);
    team.carl("Could you quote forty seats?");
    let reply = team.reply(ANNA, CHASE);
    team.delivered(reply);
    assert_eq!(team.conversation().status, Status::Waiting);
}

#[test]
fn business_hours_are_the_inboxs() {
    let by_day = rule(1, Condition::BusinessHours, vec![in_turn(&[ANNA])]);
    let mut team = team(vec![by_day, rule(2, Condition::always(), vec![in_turn(&[BEN])])]);
    assert_eq!(another(&mut team, "By day").owner, Some(ANNA));
    team.now = berlin("2026-11-26T22:00");
    assert_eq!(another(&mut team, "By night").owner, Some(BEN));
}

#[test]
fn a_trace_of_the_largest_set_stays_small_and_tells_of_what_matched() {
    let long = |number: u128| Condition::Any {
        of: (0..99)
            .map(|part| Condition::Sender {
                one_of: (0..200).map(|one| format!("{number}-{part}-{one}.example")).collect(),
            })
            .collect(),
    };
    let mut rules: Vec<Rule> = (0..499)
        .map(|number| rule(number, long(number), vec![RuleAction::LeaveUnassigned]))
        .collect();
    rules.push(rule(499, Condition::always(), vec![in_turn(&[ANNA])]));
    let mut team = team(rules);
    let routing = another(&mut team, "Hello");
    assert_eq!(routing.owner, Some(ANNA));
    assert!(routing.trace.rules.last().unwrap().matched);
    assert_eq!(routing.trace.rules.len() + routing.trace.rules_left_out as usize, 500);
    assert!(serde_json::to_string(&routing).unwrap().len() < 40_000);
}

#[test]
fn a_trace_of_many_rules_that_match_stays_small_and_tells_who_decided() {
    let urgent = || {
        vec![RuleAction::SetPriority {
            priority: Priority::Urgent,
        }]
    };
    let wide = |number: u128| Condition::Any {
        of: (0..20)
            .map(|_| says("quote"))
            .chain([says(&number.to_string())])
            .collect(),
    };
    let mut rules: Vec<Rule> = (0..400).map(|number| rule(number, wide(number), urgent())).collect();
    rules.push(rule(400, says("quote"), vec![in_turn(&[ANNA])]));
    let mut team = team(rules);
    let routing = another(&mut team, "Could you quote?");
    assert_eq!(routing.owner, Some(ANNA));
    assert_eq!(routing.trace.rules.last().unwrap().id, id(400));
    assert_eq!(routing.trace.rules.len() + routing.trace.rules_left_out as usize, 401);
    assert!(serde_json::to_string(&routing).unwrap().len() < 60_000);
}

#[test]
fn where_rules_send_a_lead_is_where_they_route_it_when_everybody_is_there() {
    let rules = RuleSet {
        rules: vec![
            rule(
                1,
                says("demo"),
                vec![RuleAction::SetPriority {
                    priority: Priority::Urgent,
                }],
            ),
            rule(
                2,
                Condition::PriorityFrom { least: Priority::High },
                vec![RuleAction::Assign { to: MIRA }],
            ),
            rule(3, says("spam"), vec![RuleAction::LeaveUnassigned]),
            rule(4, says("seats"), vec![in_turn(&[ANNA, BEN])]),
        ],
    };
    let mut team = Team::new();
    team.rules = Some((rules.clone(), 1));
    let table = [
        (
            "A demo",
            (Destination::Member { member: MIRA }, Some(id(2))),
            Some(MIRA),
        ),
        ("Some spam", (Destination::Queue, Some(id(3))), None),
        (
            "Ten tables",
            (
                Destination::Pool {
                    by: DistributeBy::RoundRobin,
                    members: vec![ANNA, BEN],
                },
                Some(id(4)),
            ),
            Some(ANNA),
        ),
    ];
    for (text, destination, owner) in table {
        let routed = another(&mut team, text);
        assert_eq!(routed.owner, owner, "{text}");
        let message = team.message(text);
        let lead = Lead::as_it_began(team.conversation(), &message, false, true);
        let judged = rules.destination(lead, |_| Some(true));
        assert_eq!((judged.destination, judged.rule), destination, "{text}");
    }
}

#[test]
fn open_conversations_are_counted_only_of_whom_a_rule_gives_leads_by_their_number() {
    let pool = |by, capacity| RuleAction::Distribute {
        by,
        pool: vec![
            PoolMember { member: ANNA, capacity },
            PoolMember {
                member: BEN,
                capacity: None,
            },
        ],
    };
    let counted = |action| {
        RuleSet {
            rules: vec![rule(1, Condition::always(), vec![action])],
        }
        .loads()
    };
    assert_eq!(counted(pool(DistributeBy::RoundRobin, None)), [].into());
    assert_eq!(counted(pool(DistributeBy::RoundRobin, Some(5))), [ANNA].into());
    assert_eq!(counted(pool(DistributeBy::LeastLoaded, None)), [ANNA, BEN].into());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whoever got the last lead of a rule gets the next only if nobody else of the pool can.
        #[test]
        fn nobody_gets_two_in_one_turn(absences in proptest::collection::vec((0_usize..3, any::<bool>()), 1..40)) {
            let everybody = [ANNA, BEN, MIRA];
            let mut team = team(vec![rule(1, Condition::always(), vec![in_turn(&everybody)])]);
            for member in team.members.values_mut() {
                member.backup = None;
            }
            let mut last = None;
            for (who, absent) in absences {
                let until = absent.then(|| team.now.plus_ms(DAY_MS));
                team.members.get_mut(&everybody[who]).unwrap().absent_until = until;
                let here: Vec<MemberId> = everybody.into_iter().filter(|id| team.members[id].available(team.now)).collect();
                let given = another(&mut team, "Hello").owner;
                prop_assert_eq!(given.is_some(), !here.is_empty());
                if let Some(given) = given {
                    prop_assert!(here.contains(&given));
                    prop_assert!(Some(given) != last || here.len() == 1);
                    last = Some(given);
                }
            }
        }

        /// A set made ready for many leads sends each of them where the set itself does: words within words, that overlap, that differ
        /// in case, and of rules that are not in force.
        #[test]
        fn a_prepared_set_sends_leads_where_the_set_does(
            rules in proptest::collection::vec((proptest::collection::vec("[abä]{1,4}", 1..4), 0_u8..6, any::<bool>()), 1..12),
            subject in "[abäAÄ ]{0,12}",
            text in "[abäBÄ ]{0,12}",
        ) {
            let rules = rules.into_iter().zip(1..).map(|((one_of, kind, enabled), number)| {
                let place = [WordsIn::Subject, WordsIn::Text, WordsIn::Both][usize::from(kind % 3)];
                let words = Condition::Words { place, one_of };
                let when = if kind < 3 { words } else { Condition::Not { of: Box::new(words) } };
                let then = if number % 3 == 0 { RuleAction::LeaveUnassigned } else { in_turn(&[ANNA]) };
                Rule { enabled, ..rule(number, when, vec![then]) }
            });
            let rules = RuleSet { rules: rules.collect() };
            let mut team = Team::new();
            let mut message = team.message("x");
            (message.subject, message.preview) = (subject, text);
            team.receive(message.clone(), true);
            let lead = Lead::as_it_began(team.conversation(), &message, false, true);
            let judged = rules.prepared().destination(lead.clone(), |_| Some(true));
            prop_assert_eq!(judged, rules.destination(lead, |_| Some(true)));
        }
    }
}

#[test]
fn the_schema_of_conditions_within_conditions_ends() {
    let mut schemas = Vec::new();
    <RuleSet as utoipa::ToSchema>::schemas(&mut schemas);
    assert!(schemas.iter().any(|(name, _)| name == "Condition"));
}
