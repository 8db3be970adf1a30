//! Topic, stage, region and the like, and fields of the team's own: said by people, by rules and, of the language, by what came.
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
use proptest::prelude::*;
use support::{ANNA, BEN, LEAD, MIRA, Team};
use uuid::Uuid;

const SECOND: ConversationId = ConversationId(Uuid::from_u128(0x1043));

fn says(details: Details) -> Do {
    Do::SetFields {
        category: None,
        priority: None,
        value: None,
        company: None,
        subject: None,
        details: Box::new(details),
    }
}

fn one(detail: Detail, text: &str) -> Do {
    says(Details::one(detail, text))
}

fn own(name: &str, text: &str) -> Do {
    says(Details::one_custom(name, text))
}

fn rule(when: Condition, then: Vec<RuleAction>) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(0x7001)),
        name: "Rule".to_owned(),
        enabled: true,
        when,
        then,
        stop: None,
    }
}

fn is(detail: Detail, texts: &[&str]) -> Condition {
    Condition::Detail {
        detail,
        one_of: texts.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn own_is(name: &str, texts: &[&str]) -> Condition {
    Condition::Custom {
        name: name.to_owned(),
        one_of: texts.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn in_german(team: &mut Team) -> Message {
    let mut message = team.message("Wir hätten gern ein Angebot über vierzig Plätze.");
    message.facts.language = Some("de".to_owned());
    message
}

#[test]
fn details_are_said_changed_and_taken_away() {
    let mut team = Team::with_enquiry();
    for detail in Detail::ALL {
        team.act(ANNA, one(detail, "  One "));
        assert_eq!(team.conversation().details.get(detail), Some("One"), "{detail:?}");
        assert_eq!(team.act(ANNA, one(detail, "One")), [], "it is so already");
        team.act(ANNA, one(detail, "Two"));
        assert_eq!(team.conversation().details.get(detail), Some("Two"));
        team.act(ANNA, one(detail, " "));
        assert_eq!(team.conversation().details.get(detail), None);
    }
    team.act(ANNA, own("Seats", "40"));
    team.act(BEN, own("seats ", "60"));
    let details = &team.conversation().details;
    assert_eq!(details.custom, [("Seats".to_owned(), "60".to_owned())].into());
    team.act(BEN, own("SEATS", ""));
    assert!(team.conversation().details.is_empty());
}

#[test]
fn what_is_too_long_too_many_or_nameless_is_refused_in_words() {
    let mut team = Team::with_enquiry();
    let invalid = |field: &str, why| Refusal::Invalid {
        field: field.to_owned(),
        why,
    };
    assert_eq!(
        team.refused(ANNA, one(Detail::DealStage, &"x".repeat(201))),
        invalid("dealStage", Invalid::TooLong)
    );
    assert_eq!(team.refused(ANNA, own(" ", "x")), invalid("custom", Invalid::Empty));
    assert_eq!(
        team.refused(ANNA, own(&"x".repeat(61), "x")),
        invalid("custom", Invalid::TooLong)
    );
    let many = |count: usize| {
        let fields = (0..count).map(|number| (format!("Field {number}"), "x".to_owned()));
        says(Details {
            custom: fields.collect(),
            ..Details::default()
        })
    };
    assert_eq!(team.refused(ANNA, many(31)), invalid("custom", Invalid::TooMany));
    assert!(team.conversation().details.is_empty(), "all of it or nothing");
    team.act(ANNA, many(30));
    assert_eq!(
        team.refused(ANNA, own("One more", "x")),
        invalid("custom", Invalid::TooMany)
    );
    team.act(ANNA, own("field 7", "another"));
    assert_eq!(team.conversation().details.custom("Field 7"), Some("another"));
}

#[test]
fn what_was_stored_before_there_were_details_loads_and_nothing_is_stored_of_none() {
    let team = Team::with_enquiry();
    let stored = serde_json::to_value(team.conversation()).unwrap();
    assert!(stored.get("details").is_none());
    let loaded: Conversation = serde_json::from_value(stored).unwrap();
    assert_eq!(&loaded, team.conversation());
    let event =
        r#"{"type":"fieldsChanged","category":"demo","priority":null,"value":null,"company":null,"subject":null}"#;
    let loaded: Event = serde_json::from_str(event).unwrap();
    assert_eq!(serde_json::to_string(&loaded).unwrap(), event);
    let body = r#"{"type":"setFields","category":"demo","priority":null,"value":null,"company":null,"subject":null}"#;
    let loaded: CommandBody = serde_json::from_str(body).unwrap();
    assert_eq!(serde_json::to_string(&loaded).unwrap(), body);
    let cohort = r#"{"channels":[],"priorities":[],"categories":[],"valueFrom":null}"#;
    let loaded: Cohort = serde_json::from_str(cohort).unwrap();
    assert_eq!(serde_json::to_string(&loaded).unwrap(), cohort);
}

#[test]
fn one_reads_as_people_write_it() {
    let details = r#"{"lifecycleStage":"customer","custom":{"Seats":"40"}}"#;
    let loaded: Details = serde_json::from_str(details).unwrap();
    assert_eq!(loaded.get(Detail::LifecycleStage), Some("customer"));
    assert_eq!(loaded.custom("seats"), Some("40"));
    assert_eq!(serde_json::to_string(&loaded).unwrap(), details);
}

#[test]
fn two_that_are_one_say_what_either_said_and_apart_each_its_own() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, one(Detail::Topic, "pricing"));
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    team.turn_to(SECOND);
    team.carl("Did my question about forty seats arrive?");
    team.act(ANNA, one(Detail::Topic, "demo"));
    team.act(ANNA, one(Detail::Region, "DACH"));
    team.act(ANNA, one(Detail::Product, "Seats"));
    team.act(ANNA, own("Plan", "gold"));
    let (first, second) = (team.other(LEAD).details.clone(), team.conversation().details.clone());
    team.act(ANNA, Do::Merge { into: LEAD });
    let together = &team.other(LEAD).details;
    assert_eq!(
        (
            together.topic.as_deref(),
            together.region.as_deref(),
            together.custom("Plan")
        ),
        (Some("pricing"), Some("DACH"), Some("gold"))
    );
    // What somebody said since then stays where it was said.
    team.turn_to(LEAD);
    team.act(ANNA, one(Detail::Product, "Desks"));
    team.turn_to(SECOND);
    team.act(ANNA, Do::Unmerge { from: None });
    let expected = Details {
        product: Some("Desks".to_owned()),
        ..*first
    };
    assert_eq!(*team.other(LEAD).details, expected);
    assert_eq!(team.conversation().details, second);
}

#[test]
fn another_matter_keeps_what_is_its_customers() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    for detail in Detail::ALL {
        team.act(ANNA, one(detail, "said"));
    }
    team.act(ANNA, own("Seats", "40"));
    let other_matter = team.carl("And a stand at the fair?");
    let events = team.act(
        ANNA,
        Do::Split {
            messages: vec![other_matter],
        },
    );
    let into = events.iter().find_map(|event| match event {
        Event::SplitOff { into, .. } => Some(*into),
        _ => None,
    });
    let new = &team.other(into.unwrap()).details;
    let kept: Vec<Detail> = Detail::ALL.into_iter().filter(|one| new.get(*one).is_some()).collect();
    assert_eq!(
        kept,
        [
            Detail::LifecycleStage,
            Detail::Region,
            Detail::Language,
            Detail::AccountTier,
            Detail::AccountType
        ]
    );
    assert!(new.custom.is_empty());
    assert_eq!(team.conversation().details.custom("seats"), Some("40"));
}

#[test]
fn the_first_message_tells_the_language_and_a_person_knows_better() {
    let mut team = Team::new();
    let german = in_german(&mut team);
    team.receive(german, true);
    assert_eq!(team.conversation().details.language.as_deref(), Some("de"));
    team.act(ANNA, one(Detail::Language, "nl"));
    let again = in_german(&mut team);
    team.receive(again, true);
    assert_eq!(team.conversation().details.language.as_deref(), Some("nl"));
    team.act(ANNA, one(Detail::Language, ""));
    let again = in_german(&mut team);
    team.receive(again, true);
    assert_eq!(
        team.conversation().details.language,
        None,
        "nobody knows is an answer, too"
    );
    // What was there before, and what machines say, tells nothing.
    let mut old = Team::new();
    let german = in_german(&mut old);
    old.receive(german, false);
    assert!(old.conversation().details.is_empty());
    let mut machine = Team::new();
    let mut away = in_german(&mut machine);
    away.kind = MessageKind::AutoReply;
    machine.receive(away, true);
    assert!(machine.conversation().details.is_empty());
}

#[test]
fn conditions_hold_for_what_was_said_whatever_its_case_and_never_for_what_was_not() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, one(Detail::Region, "DACH"));
    team.act(ANNA, own("Plan", "Gold"));
    let state = team.conversation().clone();
    let lead = Lead::of(&state, None, false, true);
    let table = [
        (is(Detail::Region, &["emea", "dach"]), true),
        (is(Detail::Region, &["emea"]), false),
        (is(Detail::Region, &[]), true),
        (is(Detail::Topic, &[]), false),
        (is(Detail::Topic, &["dach"]), false),
        (own_is("Plan", &["gold"]), true),
        (own_is("PLAN", &[]), true),
        (own_is("Plan", &["silver"]), false),
        (own_is("Seats", &[]), false),
    ];
    for (condition, holds) in table {
        assert_eq!(condition.holds(&lead), holds, "{condition:?}");
    }
}

#[test]
fn a_rehearsal_sees_of_the_details_only_the_language_that_came() {
    let mut team = Team::new();
    let german = in_german(&mut team);
    team.receive(german.clone(), true);
    team.act(ANNA, one(Detail::Language, "nl"));
    team.act(ANNA, one(Detail::Region, "DACH"));
    let state = team.conversation().clone();
    let began = Lead::as_it_began(&state, &german, false, true);
    assert!(is(Detail::Language, &["de"]).holds(&began));
    assert!(!is(Detail::Region, &[]).holds(&began));
}

#[test]
fn rules_say_details_that_later_rules_see() {
    let mut team = Team::new();
    let first = Rule {
        id: RuleId(Uuid::from_u128(0x7002)),
        ..rule(
            is(Detail::Language, &["de", "fr"]),
            vec![
                RuleAction::SetDetail {
                    detail: Detail::Region,
                    text: "DACH".to_owned(),
                },
                RuleAction::SetCustom {
                    name: "Desk".to_owned(),
                    text: "Berlin".to_owned(),
                },
            ],
        )
    };
    let second = rule(
        Condition::All {
            of: vec![is(Detail::Region, &["dach"]), own_is("desk", &["berlin"])],
        },
        vec![RuleAction::Assign { to: BEN }],
    );
    team.rules = Some((
        RuleSet {
            rules: vec![first, second],
        },
        1,
    ));
    let german = in_german(&mut team);
    team.receive(german, true);
    let state = team.conversation();
    assert_eq!(state.owner, Some(BEN));
    assert_eq!(state.details.region.as_deref(), Some("DACH"));
    assert_eq!(state.details.custom("Desk"), Some("Berlin"));
    let trace = team.log.iter().find_map(|(_, event)| match event {
        Event::Routed { routing } => Some(routing.trace.clone()),
        _ => None,
    });
    let seen: Vec<String> = trace.unwrap().rules[0]
        .tests
        .iter()
        .map(|test| test.seen.clone())
        .collect();
    assert_eq!(seen, ["de"], "why here? tells the value");
}

#[test]
fn a_rule_names_followers_who_may_read_and_a_next_step_in_business_days() {
    let mut team = Team::new();
    team.members.get_mut(&BEN).unwrap().active = false;
    team.now = support::berlin("2026-11-27T16:00");
    let then = vec![
        RuleAction::AddFollower { member: BEN },
        RuleAction::AddFollower { member: MIRA },
        RuleAction::AddFollower { member: MIRA },
        RuleAction::SetNextStep {
            text: "Call them".to_owned(),
            in_days: Some(2),
        },
        RuleAction::Assign { to: ANNA },
    ];
    team.rules = Some((
        RuleSet {
            rules: vec![rule(Condition::always(), then)],
        },
        1,
    ));
    team.carl("Hello");
    let state = team.conversation();
    assert_eq!(state.followers, [MIRA].into(), "who has left is told of nothing");
    assert_eq!(state.next_step_text(), Some("Call them"));
    let follow_up = state.follow_up.as_ref().unwrap();
    assert_eq!(
        follow_up.due,
        support::berlin("2026-12-01T16:00"),
        "Friday and two business days"
    );
    assert_eq!((follow_up.kind, follow_up.by), (FollowUpKind::Chosen, None));
    assert_eq!(state.status, Status::Assigned);
    // What a person said of it stays when it is asked once more.
    team.act(ANNA, Do::Release);
    let mine = Do::SetNextStep {
        text: "Send the offer".to_owned(),
    };
    team.act(MIRA, mine);
    let due = team.conversation().follow_up.clone();
    team.act(MIRA, Do::Route);
    assert_eq!(team.conversation().owner, Some(ANNA));
    assert_eq!(team.conversation().next_step_text(), Some("Send the offer"));
    assert_eq!(team.conversation().follow_up, due);
}

#[test]
fn a_rule_that_finds_no_room_for_another_field_says_the_rest() {
    let mut team = Team::with_enquiry();
    let fields = (0..30).map(|number| (format!("Field {number}"), "x".to_owned()));
    let full = Details {
        custom: fields.collect(),
        ..Details::default()
    };
    team.act(ANNA, says(full));
    let then = vec![
        RuleAction::SetCustom {
            name: "Another".to_owned(),
            text: "x".to_owned(),
        },
        RuleAction::SetDetail {
            detail: Detail::Topic,
            text: "pricing".to_owned(),
        },
        RuleAction::LeaveUnassigned,
    ];
    team.rules = Some((
        RuleSet {
            rules: vec![rule(Condition::always(), then)],
        },
        1,
    ));
    team.act(MIRA, Do::Route);
    let details = &team.conversation().details;
    assert_eq!((details.topic.as_deref(), details.custom.len()), (Some("pricing"), 30));
}

#[test]
fn a_set_with_what_cannot_be_kept_is_refused_by_its_rule() {
    let team = Team::new();
    let judged = |when: Condition, then: RuleAction| {
        let set = RuleSet {
            rules: vec![rule(when, vec![then])],
        };
        check_rules(&set.tidied(), &BTreeMap::new(), &team.members).err()
    };
    let topic = |text: &str| RuleAction::SetDetail {
        detail: Detail::Topic,
        text: text.to_owned(),
    };
    let refused = |part: &str, why| {
        Some(Refusal::Invalid {
            field: format!("rules.1.{part}"),
            why,
        })
    };
    let long = "x".repeat(201);
    let step = |text: &str, in_days| RuleAction::SetNextStep {
        text: text.to_owned(),
        in_days,
    };
    let always = Condition::always;
    assert_eq!(judged(is(Detail::Topic, &[]), topic("x")), None);
    assert_eq!(judged(own_is("Plan", &[]), topic("x")), None);
    assert_eq!(judged(always(), step("Call", Some(60))), None);
    let table = [
        (is(Detail::Topic, &[" "]), topic("x"), refused("when", Invalid::Empty)),
        (
            is(Detail::Topic, &[&long]),
            topic("x"),
            refused("when", Invalid::TooLong),
        ),
        (own_is(" ", &["x"]), topic("x"), refused("when", Invalid::Empty)),
        (
            own_is(&"n".repeat(61), &[]),
            topic("x"),
            refused("when", Invalid::TooLong),
        ),
        (always(), topic(" "), refused("then", Invalid::Empty)),
        (always(), topic(&long), refused("then", Invalid::TooLong)),
        (always(), step(" ", None), refused("then", Invalid::Empty)),
        (always(), step("Call", Some(61)), refused("then", Invalid::Unknown)),
        (always(), step("Call", Some(0)), refused("then", Invalid::Unknown)),
        (
            always(),
            RuleAction::AddFollower {
                member: MemberId(Uuid::from_u128(0xEE)),
            },
            refused("then", Invalid::Unknown),
        ),
    ];
    for (when, then, expected) in table {
        assert_eq!(judged(when.clone(), then.clone()), expected, "{when:?} {then:?}");
    }
}

#[test]
fn targets_of_a_cohort_follow_what_is_said_of_the_customer() {
    let mut team = Team::with_targets();
    let usual = team.inbox.policy.sla.rules.clone();
    let customers = SlaRule {
        name: "Gold customers".to_owned(),
        when: Cohort {
            details: [
                (
                    Detail::LifecycleStage,
                    vec!["Customer".to_owned(), "Partner".to_owned()],
                ),
                (Detail::AccountTier, vec!["gold".to_owned()]),
            ]
            .into(),
            ..Cohort::default()
        },
        targets: Targets {
            first_response: Some(Target::business(HOUR_MS / 2)),
            ..Targets::default()
        },
    };
    team.inbox.policy.sla.rules = [vec![customers], usual].concat();
    assert!(team.inbox.policy.sla.is_sound());
    team.carl("Hello");
    let rule_of = |team: &Team| {
        let clock = team.conversation().clocks.iter().find(|clock| clock.kind.is_response());
        clock.unwrap().rule.clone()
    };
    assert_eq!(rule_of(&team), "Leads");
    team.act(ANNA, one(Detail::LifecycleStage, "customer"));
    assert_eq!(rule_of(&team), "Leads", "all that a cohort names must hold");
    team.act(ANNA, one(Detail::AccountTier, "GOLD"));
    assert_eq!(rule_of(&team), "Gold customers");
    team.act(ANNA, one(Detail::AccountTier, ""));
    assert_eq!(rule_of(&team), "Leads");
    let cohort = &mut team.inbox.policy.sla.rules[0].when;
    cohort.details.insert(Detail::Region, vec![" ".to_owned()]);
    assert!(!team.inbox.policy.sla.is_sound());
}

proptest! {
    #[test]
    fn a_condition_holds_exactly_for_what_it_lists(
        said in proptest::option::of("[a-cA-C]{1,3}"),
        listed in proptest::collection::vec("[a-c]{1,3}", 0..6),
    ) {
        let mut team = Team::with_enquiry();
        if let Some(said) = &said {
            team.act(ANNA, one(Detail::Product, said));
            team.act(ANNA, own("Plan", said));
        }
        let state = team.conversation().clone();
        let lead = Lead::of(&state, None, false, true);
        let texts: Vec<&str> = listed.iter().map(String::as_str).collect();
        let expected = said.as_ref().is_some_and(|said| {
            listed.is_empty() || listed.contains(&said.to_lowercase())
        });
        prop_assert_eq!(is(Detail::Product, &texts).holds(&lead), expected);
        prop_assert_eq!(own_is("plan", &texts).holds(&lead), expected);
        prop_assert!(!is(Detail::Topic, &texts).holds(&lead), "what is not said never holds");
    }

    #[test]
    fn a_change_taken_back_leaves_what_was_there(
        before in proptest::collection::vec((0_usize..9, "[a-c]{0,2}"), 0..5),
        change in proptest::collection::vec((0_usize..9, "[a-c]{0,2}"), 1..5),
    ) {
        let mut team = Team::with_enquiry();
        for (detail, text) in &before {
            team.act(ANNA, one(Detail::ALL[*detail], text));
            team.act(ANNA, own("Plan", text));
        }
        let was = team.conversation().details.clone();
        for (detail, text) in &change {
            let wanted = Details { custom: [("plan".to_owned(), text.clone())].into(), ..Details::one(Detail::ALL[*detail], text) };
            let stood = team.conversation().details.clone();
            team.act(BEN, says(wanted.clone()));
            team.act(BEN, says(stood.back_from(&wanted)));
        }
        prop_assert_eq!(&team.conversation().details, &was);
    }

    #[test]
    fn a_trace_tells_of_long_lists_and_texts_the_beginning(text in "[a-z]{1,200}", more in 0_usize..150) {
        let mut team = Team::new();
        let listed: Vec<String> = (0..more).map(|number| format!("value {number}")).chain([text.clone()]).collect();
        let when = Condition::Detail { detail: Detail::Topic, one_of: listed };
        team.rules = Some((RuleSet { rules: vec![rule(when, vec![RuleAction::Assign { to: ANNA }])] }, 1));
        team.carl("Hello");
        team.act(MIRA, one(Detail::Topic, &text));
        team.act(MIRA, Do::Route);
        prop_assert_eq!(team.conversation().owner, Some(ANNA));
        let trace = team.log.iter().rev().find_map(|(_, event)| match event {
            Event::Routed { routing } => Some(routing.trace.clone()),
            _ => None,
        }).unwrap();
        let test = &trace.rules[0].tests[0];
        prop_assert!(test.matched && test.seen.chars().count() <= 120);
        let Condition::Detail { one_of, .. } = &test.condition else { panic!("another condition") };
        prop_assert!(one_of.len() <= 5);
        prop_assert_eq!(&one_of[0], &text, "what made it hold comes first");
    }
}
