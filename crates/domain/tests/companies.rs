//! Companies: whose lead it is, what is filled in, what rules ask, and which lists can be kept.
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
use support::{ANNA, BEN, MIRA, Team};
use uuid::Uuid;

const GONE: MemberId = MemberId(Uuid::from_u128(0xEE));

fn company(name: &str, domains: &[&str], owner: Option<MemberId>) -> Company {
    Company {
        name: name.to_owned(),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        owner,
        tier: None,
        account_type: None,
        region: None,
    }
}

fn list(companies: Vec<Company>) -> Companies {
    Companies { companies }
}

fn rule(when: Condition, then: Vec<RuleAction>) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(0x7001)),
        name: "All".to_owned(),
        enabled: true,
        when,
        then,
        stop: None,
    }
}

fn in_turn(members: &[(MemberId, Option<u32>)]) -> RuleAction {
    let pool = members.iter().map(|(member, capacity)| PoolMember {
        member: *member,
        capacity: *capacity,
    });
    RuleAction::Distribute {
        by: DistributeBy::RoundRobin,
        pool: pool.collect(),
    }
}

/// A team whose customer Carl writes for a company that Mira looks after, with these rules.
fn team(rules: Vec<Rule>) -> Team {
    let mut team = Team::new();
    team.rules = Some((RuleSet { rules }, 3));
    team.companies = Some(list(vec![Company {
        tier: Some("Gold".to_owned()),
        region: Some("DACH".to_owned()),
        ..company("Acme", &[carls_domain(&team).as_str()], Some(MIRA))
    }]));
    team
}

fn carls_domain(team: &Team) -> String {
    let mut other = Team::new();
    other.now = team.now;
    other.carl("Hello");
    let email = other.conversation().contact.email.clone();
    email.rsplit_once('@').unwrap().1.to_owned()
}

fn routing(team: &Team) -> Routing {
    let newest = team.log.iter().rev().find_map(|(_, event)| match event {
        Event::Routed { routing } => Some((**routing).clone()),
        _ => None,
    });
    newest.expect("it was routed")
}

fn another(team: &mut Team) -> Routing {
    team.state = None;
    team.carl("Could you quote forty seats?");
    routing(team)
}

fn away(team: &mut Team, member: MemberId) {
    team.members.get_mut(&member).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
}

fn kinds(routing: &Routing) -> Vec<(RouteStepKind, Option<MemberId>, bool)> {
    let steps = routing.trace.steps.iter();
    steps
        .map(|step| (step.kind, step.member, step.passed_over.is_none()))
        .collect()
}

#[test]
fn the_account_owner_comes_before_the_pool_and_costs_nobody_a_turn() {
    let mut team = team(vec![rule(
        Condition::always(),
        vec![in_turn(&[(ANNA, None), (BEN, None)])],
    )]);
    let first = another(&mut team);
    assert_eq!((first.owner, first.turn), (Some(MIRA), false));
    assert_eq!(kinds(&first), [(RouteStepKind::AccountOwner, Some(MIRA), true)]);
    team.companies = None;
    let second = another(&mut team);
    assert_eq!((second.owner, second.turn), (Some(ANNA), true));
}

#[test]
fn whoever_has_another_open_conversation_comes_before_the_account_owner() {
    let mut team = team(vec![rule(Condition::always(), vec![in_turn(&[(ANNA, None)])])]);
    team.acquaintance = Acquaintance {
        returning: true,
        open_with: Some(BEN),
    };
    let routing = another(&mut team);
    assert_eq!(routing.owner, Some(BEN));
    assert_eq!(kinds(&routing), [(RouteStepKind::OpenConversation, Some(BEN), true)]);
}

#[test]
fn a_rule_that_names_somebody_is_above_the_account_owner() {
    let mut team = team(vec![rule(Condition::always(), vec![RuleAction::Assign { to: ANNA }])]);
    assert_eq!(another(&mut team).owner, Some(ANNA));
}

#[test]
fn an_account_owner_who_can_not_take_it_is_passed_over_and_the_order_goes_on() {
    // Each says what is wrong with the account owner, why they are passed over, and who gets it: the pool is asked before who stands in.
    type Prepare = fn(&mut Team);
    let cases: [(&str, Prepare, PassedOver, Option<MemberId>); 3] = [
        (
            "away",
            |team| away(team, MIRA),
            PassedOver::Away {
                until: Some(Team::new().now.plus_ms(DAY_MS)),
            },
            Some(ANNA),
        ),
        (
            "left",
            |team| team.members.get_mut(&MIRA).unwrap().active = false,
            PassedOver::Left,
            Some(ANNA),
        ),
        (
            "full, by the limit the pool sets",
            |team| team.loads = [(MIRA, 5)].into(),
            PassedOver::AtCapacity { load: 5, capacity: 5 },
            Some(ANNA),
        ),
    ];
    for (what, prepare, why, owner) in cases {
        let mut team = team(vec![rule(
            Condition::always(),
            vec![in_turn(&[(ANNA, None), (MIRA, Some(5))])],
        )]);
        prepare(&mut team);
        let routing = another(&mut team);
        assert_eq!(routing.owner, owner, "{what}");
        let first = &routing.trace.steps[0];
        assert_eq!(
            (first.kind, first.member, first.passed_over),
            (RouteStepKind::AccountOwner, Some(MIRA), Some(why)),
            "{what}"
        );
    }
}

#[test]
fn an_account_owner_without_the_right_to_work_or_to_answer_is_passed_over() {
    for rights in [
        vec![Capability::Read, Capability::Comment],
        vec![Capability::Read, Capability::Comment, Capability::Work],
    ] {
        let mut team = team(vec![rule(Condition::always(), vec![in_turn(&[(ANNA, None)])])]);
        team.companies.as_mut().unwrap().companies[0].owner = Some(BEN);
        for access in team.inbox.access.iter_mut().filter(|access| access.member == BEN) {
            access.capabilities = rights.iter().copied().collect();
        }
        let routing = another(&mut team);
        assert_eq!(routing.owner, Some(ANNA), "{rights:?}");
        assert_eq!(
            routing.trace.steps[0].passed_over,
            Some(PassedOver::NotPermitted),
            "{rights:?}"
        );
    }
}

#[test]
fn with_nobody_in_the_pool_who_can_the_account_owners_backup_gets_it() {
    let mut team = team(vec![rule(Condition::always(), vec![in_turn(&[(ANNA, Some(1))])])]);
    team.members.get_mut(&MIRA).unwrap().backup = Some(BEN);
    away(&mut team, MIRA);
    team.loads = [(ANNA, 1)].into();
    let routing = another(&mut team);
    assert_eq!(routing.owner, Some(BEN));
    let last = routing.trace.steps.last().unwrap();
    assert_eq!((last.kind, last.stands_in_for), (RouteStepKind::Backup, Some(MIRA)));
}

#[test]
fn more_from_a_customer_we_have_goes_to_the_account_owner_where_no_rule_says_whose_it_is() {
    let expansion = RuleAction::SetCategory {
        category: Category::Expansion,
    };
    let mut team = team(vec![rule(Condition::always(), vec![expansion.clone()])]);
    let routing = another(&mut team);
    assert_eq!((routing.owner, routing.rule), (Some(MIRA), None));
    assert_eq!(kinds(&routing), [(RouteStepKind::AccountOwner, Some(MIRA), true)]);

    away(&mut team, MIRA);
    team.members.get_mut(&MIRA).unwrap().backup = Some(BEN);
    assert_eq!(another(&mut team).owner, Some(BEN), "who stands in for them");

    team.rules = Some((
        RuleSet {
            rules: vec![rule(Condition::always(), vec![expansion, RuleAction::LeaveUnassigned])],
        },
        4,
    ));
    assert_eq!(another(&mut team).owner, None, "a rule leaves it on purpose");

    team.rules = Some((
        RuleSet {
            rules: vec![rule(
                Condition::always(),
                vec![RuleAction::AddTag { tag: "new".to_owned() }],
            )],
        },
        5,
    ));
    team.members.get_mut(&MIRA).unwrap().absent_until = None;
    assert_eq!(
        another(&mut team).owner,
        None,
        "what is no expansion waits in the queue"
    );
}

#[test]
fn rules_ask_who_looks_after_the_company_whether_they_are_away_and_what_its_tier_is() {
    let owner = |one_of: &[MemberId]| Condition::AccountOwner {
        one_of: one_of.to_vec(),
    };
    let tier = |text: &str| Condition::Detail {
        detail: Detail::AccountTier,
        one_of: vec![text.to_owned()],
    };
    // With whom: their owner here, their owner away, no company in the list, a company without an owner.
    let table = [
        (owner(&[]), [true, true, false, false]),
        (owner(&[MIRA]), [true, true, false, false]),
        (owner(&[ANNA, BEN]), [false, false, false, false]),
        (Condition::AccountOwnerAway, [false, true, false, false]),
        (tier("gold"), [true, true, false, true]),
        (tier("silver"), [false, false, false, false]),
    ];
    for (condition, expected) in table {
        for (case, holds) in expected.into_iter().enumerate() {
            let mut team = team(vec![rule(
                condition.clone(),
                vec![RuleAction::AddTag { tag: "it".to_owned() }],
            )]);
            match case {
                1 => away(&mut team, MIRA),
                2 => team.companies = Some(list(vec![company("Other", &["other.example"], Some(MIRA))])),
                3 => team.companies.as_mut().unwrap().companies[0].owner = None,
                _ => {}
            }
            another(&mut team);
            assert_eq!(
                team.conversation().tags.contains("it"),
                holds,
                "{condition:?} in case {case}"
            );
            let trace = routing(&team).trace;
            assert_eq!(trace.rules[0].tests[0].matched, holds);
        }
    }
}

#[test]
fn the_trace_says_whom_a_condition_saw() {
    let mut team = team(vec![rule(
        Condition::AccountOwner { one_of: vec![ANNA] },
        vec![RuleAction::LeaveUnassigned],
    )]);
    let test = another(&mut team).trace.rules[0].tests[0].clone();
    assert_eq!((test.seen, test.matched), (MIRA.to_string(), false));
}

#[test]
fn a_new_conversation_says_the_company_its_tier_and_region_and_what_a_person_said_stays() {
    let mut team = team(Vec::new());
    team.carl("Could you quote forty seats?");
    let state = team.conversation();
    assert_eq!(state.company.as_deref(), Some("Acme"));
    assert_eq!(state.details.get(Detail::AccountTier), Some("Gold"));
    assert_eq!(state.details.get(Detail::Region), Some("DACH"));

    team.act(
        ANNA,
        CommandBody::SetFields {
            category: None,
            priority: None,
            value: None,
            company: Some("Acme Holding".to_owned()),
            subject: None,
            details: Box::new(Details::one(Detail::AccountTier, "Silver")),
        },
    );
    team.carl("And ten more, please");
    let state = team.conversation();
    assert_eq!(state.company.as_deref(), Some("Acme Holding"));
    assert_eq!(state.details.get(Detail::AccountTier), Some("Silver"));
}

#[test]
fn history_says_nothing_of_a_company() {
    let mut team = team(Vec::new());
    let message = team.message("From last year");
    team.receive(message, false);
    assert_eq!(team.conversation().company, None);
    assert!(team.conversation().details.is_empty());
}

#[test]
fn a_company_is_known_by_its_domains_and_what_lies_below_them() {
    let companies = list(vec![
        company("Acme", &["acme.example"], None),
        company("Acme Labs", &["labs.acme.example", "labs.example"], None),
        company("Old entry", &["gmail.com"], None),
    ]);
    let table = [
        ("carl@acme.example", Some("Acme")),
        ("Carl@ACME.example", Some("Acme")),
        ("carl@mail.acme.example", Some("Acme")),
        ("carl@labs.acme.example", Some("Acme Labs")),
        ("carl@x.labs.acme.example", Some("Acme Labs")),
        ("carl@labs.example", Some("Acme Labs")),
        ("carl@notacme.example", None),
        ("carl@example", None),
        ("acme.example", None),
        ("", None),
        ("somebody@gmail.com", None),
    ];
    for (email, name) in table {
        let found = companies.of(email).map(|company| company.name.as_str());
        assert_eq!(found, name, "{email}");
    }
}

#[test]
fn a_list_that_can_not_be_kept_says_what_is_wrong_and_where() {
    let members = Team::new().members;
    let good = || company("Acme", &["acme.example"], Some(ANNA));
    let with = |second: Company| list(vec![good(), second]).tidied().check(None, &members);
    let refused = |field: &str, why| {
        Err(Refusal::Invalid {
            field: format!("companies.2.{field}"),
            why,
        })
    };
    let long = "x".repeat(201);
    let table = [
        (company("Bolt", &["bolt.example"], None), Ok(())),
        (company(" ", &["bolt.example"], None), refused("name", Invalid::Empty)),
        (
            company(&long, &["bolt.example"], None),
            refused("name", Invalid::TooLong),
        ),
        (company("Bolt", &[], None), refused("domains", Invalid::Empty)),
        (company("Bolt", &["bolt"], None), refused("domains", Invalid::Unknown)),
        (
            company("Bolt", &["bolt..example"], None),
            refused("domains", Invalid::Unknown),
        ),
        (
            company("Bolt", &["bo lt.example"], None),
            refused("domains", Invalid::Unknown),
        ),
        (
            company("Bolt", &["@Acme.Example"], None),
            refused("domains", Invalid::Taken),
        ),
        (
            company("Bolt", &["gmail.com"], None),
            refused("domains", Invalid::OpenToAll),
        ),
        (
            company("Bolt", &["GMX.de"], None),
            refused("domains", Invalid::OpenToAll),
        ),
        (
            company("Bolt", &["co.uk"], None),
            refused("domains", Invalid::OpenToAll),
        ),
        (
            company("Bolt", &["bolt.example"], Some(GONE)),
            refused("owner", Invalid::Unknown),
        ),
        (
            Company {
                tier: Some(long.clone()),
                ..company("Bolt", &["bolt.example"], None)
            },
            refused("tier", Invalid::TooLong),
        ),
        (
            Company {
                region: Some(long.clone()),
                ..company("Bolt", &["bolt.example"], None)
            },
            refused("region", Invalid::TooLong),
        ),
    ];
    for (second, judged) in table {
        assert_eq!(with(second.clone()), judged, "{second:?}");
    }
    let many = (0..1001).map(|one| company("Many", &[&format!("c{one}.example")], None));
    assert_eq!(
        list(many.collect()).check(None, &members),
        Err(Refusal::Invalid {
            field: "companies".to_owned(),
            why: Invalid::TooMany
        })
    );
}

#[test]
fn somebody_who_has_left_keeps_no_other_company_from_being_changed() {
    let mut members = Team::new().members;
    let before = list(vec![company("Acme", &["acme.example"], Some(BEN))]);
    members.get_mut(&BEN).unwrap().active = false;
    let mut after = before.clone();
    after.companies.push(company("Bolt", &["bolt.example"], Some(ANNA)));
    assert_eq!(after.check(Some(&before), &members), Ok(()));
    after.companies[0].tier = Some("gold".to_owned());
    let judged = after.check(Some(&before), &members);
    assert!(
        matches!(&judged, Err(Refusal::Invalid { field, .. }) if field == "companies.1.owner"),
        "{judged:?}"
    );
}

#[test]
fn a_list_is_kept_tidy_and_in_its_order() {
    let given = list(vec![
        Company {
            tier: Some("  ".to_owned()),
            ..company(" Bolt ", &["Info@Bolt.example", "bolt.example", "@bolt.example"], None)
        },
        company("Acme", &["acme.example"], None),
    ]);
    assert_eq!(
        given.tidied(),
        list(vec![
            company("Bolt", &["bolt.example"], None),
            company("Acme", &["acme.example"], None),
        ])
    );
}

#[test]
fn whoever_leads_changes_the_list_from_the_version_they_saw_and_nobody_removes_it() {
    let mut team = Team::new();
    let nothing = BTreeMap::new();
    let acme = list(vec![company("Acme", &["acme.example"], Some(ANNA))]);
    let refused = put(&mut team, ANNA, 0, &acme, &nothing);
    assert!(
        matches!(refused, Err(Refusal::NotPermitted { .. })),
        "a rep: {refused:?}"
    );
    let Ok(Some(LogBody::DocumentPut { document })) = put(&mut team, MIRA, 0, &acme, &nothing) else {
        panic!("a manager");
    };
    let kept: BTreeMap<_, _> = [(document.id, document)].into();
    let same = put(&mut team, MIRA, 1, &acme, &kept);
    assert_eq!(same, Ok(None), "the same is nothing new");
    assert_eq!(
        put(&mut team, MIRA, 0, &list(Vec::new()), &kept),
        Err(Refusal::VersionConflict { theirs: 1 })
    );
    let body = CommandBody::RemoveDocument {
        document: Companies::document(),
    };
    let removed = judged(&mut team, MIRA, None, body, &kept);
    assert!(removed.is_err(), "{removed:?}");
}

fn put(
    team: &mut Team,
    by: MemberId,
    based_on: u32,
    companies: &Companies,
    documents: &BTreeMap<DocumentId, Document>,
) -> Result<Option<LogBody>, Refusal> {
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Companies(companies.clone())),
    };
    judged(team, by, Some(based_on), body, documents)
}

fn judged(
    team: &mut Team,
    by: MemberId,
    based_on: Option<u32>,
    body: CommandBody,
    documents: &BTreeMap<DocumentId, Document>,
) -> Result<Option<LogBody>, Refusal> {
    let mut command = team.command(Actor::Member { id: by }, body);
    command.based_on = based_on;
    let context = DocumentContext {
        documents,
        members: &team.members,
        conversations: 0,
    };
    decide_document(&command, context)
}

#[test]
fn a_rehearsal_sends_it_to_the_account_owner_unless_they_have_left() {
    let mut team = team(vec![rule(Condition::always(), vec![in_turn(&[(ANNA, None)])])]);
    let message = team.message("Could you quote forty seats?");
    team.receive(message.clone(), true);
    let (rules, _) = team.rules.clone().unwrap();
    let companies = team.companies.clone().unwrap();
    let company = companies.of(&team.conversation().contact.email);
    let sent = |rules: &RuleSet, gone: bool| {
        let lead = Lead::as_it_began(team.conversation(), &message, false, true).of_company(company, |_| gone);
        rules.destination(lead, |_| Some(true)).destination
    };
    assert_eq!(sent(&rules, false), Destination::Member { member: MIRA });
    let pool = Destination::Pool {
        by: DistributeBy::RoundRobin,
        members: vec![ANNA],
    };
    assert_eq!(sent(&rules, true), pool);
    let expansion = RuleSet {
        rules: vec![rule(
            Condition::always(),
            vec![RuleAction::SetCategory {
                category: Category::Expansion,
            }],
        )],
    };
    assert_eq!(sent(&expansion, false), Destination::Member { member: MIRA });
    assert_eq!(sent(&expansion, true), Destination::NoRule);
    assert_eq!(sent(&RuleSet::default(), false), Destination::NoRule);
}

#[test]
fn a_company_of_an_older_list_loads() {
    let json = r#"{"companies":[{"name":"Acme","domains":["acme.example"]}]}"#;
    let companies: Companies = serde_json::from_str(json).unwrap();
    assert_eq!(companies, list(vec![company("Acme", &["acme.example"], None)]));
}
