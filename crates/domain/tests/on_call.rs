//! Who is on call: somebody at every instant, nobody twice, over every change of clocks; and what that and people's own hours mean
//! for who gets a lead, who is asked, and how long an offer stands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeSet;

use CommandBody as Do;
use baton_domain::*;
use proptest::prelude::*;
use support::{ANNA, BEN, MIRA, Team, berlin};
use uuid::Uuid;

fn person(number: u128) -> MemberId {
    MemberId(Uuid::from_u128(0x100 + number))
}

/// Anna's week, then Ben's, from Monday 23 November 2026, handing over at nine in Berlin.
fn weekly() -> OnCallRota {
    OnCallRota {
        zone: "Europe/Berlin".to_owned(),
        members: vec![ANNA, BEN],
        first_day: "2026-11-23".to_owned(),
        handover_minute: 9 * 60,
        days_each: 7,
        overrides: Vec::new(),
    }
}

#[test]
fn turns_follow_one_another_and_repeat_in_both_directions() {
    let rota = weekly();
    for (at, who) in [
        ("2026-11-23T08:59", BEN),
        ("2026-11-23T09:00", ANNA),
        ("2026-11-30T08:59", ANNA),
        ("2026-11-30T09:00", BEN),
        ("2026-12-07T09:00", ANNA),
        ("2026-11-09T12:00", ANNA),
        ("2020-01-01T00:00", ANNA),
    ] {
        assert_eq!(on_call(&rota, berlin(at)), Some(who), "{at}");
    }
}

#[test]
fn a_day_of_somebody_elses_runs_from_handover_to_handover() {
    let mut rota = weekly();
    rota.overrides.push(OnCallDay {
        date: "2026-11-26".to_owned(),
        member: MIRA,
    });
    for (at, who) in [
        ("2026-11-26T08:59", ANNA),
        ("2026-11-26T09:00", MIRA),
        ("2026-11-27T08:59", MIRA),
        ("2026-11-27T09:00", ANNA),
    ] {
        assert_eq!(on_call(&rota, berlin(at)), Some(who), "{at}");
    }
    let turns = rota.turns(berlin("2026-11-25T12:00"), berlin("2026-12-01T12:00"));
    let told: Vec<_> = turns.iter().map(|turn| (turn.member, turn.in_place_of)).collect();
    assert_eq!(told, [(ANNA, None), (MIRA, Some(ANNA)), (ANNA, None), (BEN, None)]);
    assert_eq!(
        turns[0].from,
        berlin("2026-11-25T09:00"),
        "the day it is looked at counts"
    );
    assert_eq!(turns[2].until, berlin("2026-11-30T09:00"));
}

#[test]
fn a_rota_says_which_field_is_wrong() {
    type Change = fn(&mut OnCallRota);
    let day = |date: &str| OnCallDay {
        date: date.to_owned(),
        member: BEN,
    };
    assert_eq!(weekly().check(), Ok(()));
    let table: [(&str, Change); 6] = [
        ("zone", |rota| rota.zone = "Europe/Atlantis".to_owned()),
        ("members", |rota| rota.members.clear()),
        ("firstDay", |rota| rota.first_day = "26-11-2026".to_owned()),
        ("handoverMinute", |rota| rota.handover_minute = 1440),
        ("daysEach", |rota| rota.days_each = 0),
        ("daysEach", |rota| rota.days_each = 61),
    ];
    for (field, change) in table {
        let mut rota = weekly();
        change(&mut rota);
        assert_eq!(rota.check(), Err(field));
        // What is wrong is never a reason to stop: somebody is on call as long as anybody is named.
        assert_eq!(on_call(&rota, berlin("2026-11-26T10:00")).is_some(), field != "members");
    }
    for dates in [vec!["2026-02-30"], vec!["2026-12-24", "2026-12-24"]] {
        let mut rota = weekly();
        rota.overrides = dates.into_iter().map(day).collect();
        assert_eq!(rota.check(), Err("overrides"));
    }
}

const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Tehran",
    "America/Havana",
    "UTC",
];

prop_compose! {
    fn rotas()(
        zone in 0..ZONES.len(),
        people in 1_u128..6,
        first in 0_i64..9000,
        handover_minute in 0_u16..1440,
        days_each in 1_u16..15,
        others in prop::collection::btree_set(0_i64..400, 0..6),
    ) -> OnCallRota {
        let date = |day: i64| {
            let at = jiff::civil::date(2005, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            at.to_string()
        };
        let others: BTreeSet<i64> = others;
        OnCallRota {
            zone: ZONES[zone].to_owned(),
            members: (0..people).map(person).collect(),
            first_day: date(first),
            handover_minute,
            days_each,
            overrides: others
                .into_iter()
                .map(|day| OnCallDay { date: date(first + day), member: person(9) })
                .collect(),
        }
    }
}

proptest! {
    /// Years around 2005 to 2030: every change of clocks of eight zones lies in them, and the day that Samoa left out.
    #[test]
    fn turns_meet_without_a_gap_and_agree_with_who_is_on_call(
        rota in rotas(),
        from in 1_100_000_000_000_i64..1_900_000_000_000,
        days in 1_i64..300,
    ) {
        prop_assert_eq!(rota.check(), Ok(()));
        let (from, until) = (Timestamp(from), Timestamp(from + days * DAY_MS));
        let turns = rota.turns(from, until);
        prop_assert!(turns[0].from <= from);
        prop_assert!(turns.last().unwrap().until >= until);
        for pair in turns.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from);
            prop_assert!((pair[0].member, pair[0].in_place_of) != (pair[1].member, pair[1].in_place_of));
        }
        for turn in &turns {
            prop_assert!(turn.from < turn.until);
            let middle = Timestamp(turn.from.0 + (turn.until.0 - turn.from.0) / 2);
            for at in [turn.from, middle, turn.until.plus_ms(-1)] {
                prop_assert_eq!(on_call(&rota, at), Some(turn.member));
            }
        }
    }

    /// At every instant there is one, and it is somebody the rota names.
    #[test]
    fn somebody_is_on_call_at_every_instant(rota in rotas(), at in any::<i64>()) {
        let who = on_call(&rota, Timestamp(at)).unwrap();
        prop_assert!(rota.named().any(|named| named == who));
    }

    /// Handovers come at the same time of day by the wall, on days without a change of clocks.
    #[test]
    fn a_handover_comes_at_its_hour(rota in rotas(), from in 1_100_000_000_000_i64..1_900_000_000_000) {
        let zone = jiff::tz::TimeZone::get(&rota.zone).unwrap();
        for turn in rota.turns(Timestamp(from), Timestamp(from + 60 * DAY_MS)) {
            let wall = zone.to_datetime(jiff::Timestamp::from_millisecond(turn.from.0).unwrap());
            let minute = u16::try_from(wall.hour()).unwrap() * 60 + u16::try_from(wall.minute()).unwrap();
            let changes = |at: i64| zone.to_offset(jiff::Timestamp::from_millisecond(at).unwrap());
            if changes(turn.from.0 - DAY_MS) == changes(turn.from.0 + DAY_MS) {
                prop_assert_eq!(minute, rota.handover_minute);
            }
        }
    }
}

/// Monday to Friday, nine to five in New York.
fn new_york() -> BusinessCalendar {
    BusinessCalendar::weekdays("America/New_York")
}

fn team(pool: &[MemberId]) -> Team {
    let mut team = Team::new();
    let pool = pool.iter().map(|member| PoolMember {
        member: *member,
        capacity: None,
    });
    let rule = Rule {
        id: RuleId(Uuid::from_u128(0x7001)),
        name: "In turn".to_owned(),
        enabled: true,
        when: Condition::All { of: Vec::new() },
        then: vec![RuleAction::Distribute {
            by: DistributeBy::RoundRobin,
            pool: pool.collect(),
        }],
        stop: None,
    };
    team.rules = Some((RuleSet { rules: vec![rule] }, 1));
    team
}

fn hours(team: &mut Team, member: MemberId, hours: BusinessCalendar) {
    team.members.get_mut(&member).unwrap().hours = Some(hours);
}

fn steps(team: &Team) -> Vec<RouteStep> {
    let newest = team.log.iter().rev().find_map(|(_, event)| match event {
        Event::Routed { routing } => Some(routing.trace.steps.clone()),
        _ => None,
    });
    newest.expect("it was routed")
}

#[test]
fn who_is_off_by_hours_of_their_own_is_passed_over_and_the_trace_says_until_when() {
    let mut team = team(&[ANNA, BEN]);
    team.now = berlin("2026-11-26T10:00");
    hours(&mut team, ANNA, new_york());
    team.carl("A quote, please");
    assert_eq!(team.conversation().owner, Some(BEN));
    let until = Some(berlin("2026-11-26T15:00"));
    assert_eq!(steps(&team)[0].passed_over, Some(PassedOver::OffHours { until }));
    // In her hours it is her turn.
    team.state = None;
    team.now = berlin("2026-11-26T15:00");
    team.carl("Another");
    assert_eq!(team.conversation().owner, Some(ANNA));
}

#[test]
fn whom_a_rule_names_gets_it_off_hours_too() {
    let mut team = team(&[]);
    team.rules.as_mut().unwrap().0.rules[0].then = vec![RuleAction::Assign { to: ANNA }];
    hours(&mut team, ANNA, new_york());
    team.now = berlin("2026-11-26T10:00");
    team.carl("A quote, please");
    assert_eq!(team.conversation().owner, Some(ANNA));
}

#[test]
fn whoever_is_on_call_gets_what_nobody_at_work_can() {
    let mut team = team(&[ANNA, BEN]);
    team.now = berlin("2026-11-26T22:00");
    for member in [ANNA, BEN] {
        hours(&mut team, member, BusinessCalendar::weekdays("Europe/Berlin"));
    }
    team.inbox.policy.on_call = Some(Box::new(weekly()));
    team.carl("It burns");
    assert_eq!(
        team.conversation().owner,
        Some(ANNA),
        "it is her week, whatever her hours"
    );
    let last = steps(&team).pop().unwrap();
    assert_eq!((last.kind, last.passed_over), (RouteStepKind::OnCall, None));
    assert!(
        matches!(team.log.iter().find(|(_, event)| matches!(event, Event::Routed { .. })),
            Some((_, Event::Routed { routing })) if !routing.turn),
        "it was not her turn in the pool"
    );
}

#[test]
fn somebody_stands_in_for_who_is_on_call_and_away_and_else_it_waits() {
    let mut team = team(&[]);
    team.inbox.policy.on_call = Some(Box::new(weekly()));
    team.members.get_mut(&ANNA).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
    team.carl("It burns");
    assert_eq!(team.conversation().owner, Some(BEN));
    assert_eq!(steps(&team).pop().unwrap().stands_in_for, Some(ANNA));

    team.state = None;
    team.members.get_mut(&BEN).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
    team.carl("It still burns");
    assert_eq!(team.conversation().owner, None);
    let kinds: Vec<RouteStepKind> = steps(&team).iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [RouteStepKind::OnCall, RouteStepKind::OnCall, RouteStepKind::Queue]
    );
}

#[test]
fn the_escalation_path_asks_whoever_is_on_call_just_then() {
    let mut team = Team::with_targets();
    team.inbox.policy.on_call = Some(Box::new(weekly()));
    team.inbox.policy.escalation.steps = vec![EscalationStep {
        ask: EscalationAsk::OnCall,
        within: Target {
            length_ms: HOUR_MS,
            time: ClockTime::Wall,
        },
    }];
    assert!(team.inbox.policy.escalation.is_sound());
    team.carl("Could you quote forty seats?");
    let asked = |team: &mut Team, by| {
        let reason = "Look at this".to_owned();
        team.act(by, Do::Escalate { reason });
        team.conversation().escalation.as_ref().unwrap().asked.clone()
    };
    assert_eq!(asked(&mut team, MIRA), [ANNA].into());

    // Whoever is on call and asks for it is not asked; who stands in for them is.
    let mut team = Team::with_enquiry();
    team.inbox.policy.on_call = Some(Box::new(weekly()));
    team.inbox.policy.escalation.steps = vec![EscalationStep {
        ask: EscalationAsk::OnCall,
        within: Target {
            length_ms: HOUR_MS,
            time: ClockTime::Wall,
        },
    }];
    assert_eq!(asked(&mut team, ANNA), [BEN].into());
}

#[test]
fn an_offer_stands_in_the_hours_of_whom_it_is_made_to() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    hours(&mut team, BEN, new_york());
    team.now = berlin("2026-11-26T10:00");
    let context = Some(HandoffContext {
        happened: "They wrote".to_owned(),
        promised: None,
        next_step: "Answer".to_owned(),
    });
    team.act(ANNA, Do::HandOff { to: BEN, context });
    let offer = team.conversation().handoff.as_ref().unwrap();
    assert_eq!(offer.until, berlin("2026-11-26T16:00"), "an hour from when he begins");
    assert_eq!(team.conversation().owner, Some(ANNA));
}

fn covering(team: &Team) -> Option<MemberId> {
    let standing = Standing {
        now: team.now,
        inbox: &team.inbox,
        members: &team.members,
        accounts: &team.accounts,
    };
    standing.covering(team.conversation())
}

#[test]
fn the_backup_covers_for_who_is_not_back_before_the_answer_is_due() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    assert_eq!(covering(&team), None, "nobody owns it");
    team.act(ANNA, Do::Claim);
    assert_eq!(covering(&team), None);
    // Due at 14:00 in Berlin: she begins at 15:00.
    hours(&mut team, ANNA, new_york());
    assert_eq!(covering(&team), Some(BEN));
    // Hers begin before.
    hours(&mut team, ANNA, BusinessCalendar::weekdays("Atlantic/Azores"));
    assert_eq!(covering(&team), None);
    team.members.get_mut(&ANNA).unwrap().absent_until = Some(team.now.plus_ms(DAY_MS));
    assert_eq!(covering(&team), Some(BEN), "away is away");
    hours(&mut team, BEN, new_york());
    assert_eq!(covering(&team), None, "he is off as well");
}

#[test]
fn who_has_no_hours_of_their_own_is_always_at_work() {
    let mut team = Team::new();
    let anna = team.members.get_mut(&ANNA).unwrap();
    let night = berlin("2026-11-29T03:00");
    assert!(anna.at_work(night));
    assert_eq!(anna.at_work_from(night), Some(night));
    anna.hours = Some(BusinessCalendar::weekdays("Europe/Berlin"));
    assert!(!anna.at_work(night));
    assert_eq!(anna.at_work_from(night), Some(berlin("2026-11-30T09:00")));
    anna.absent_until = Some(berlin("2026-12-02T12:00"));
    assert_eq!(anna.at_work_from(night), Some(berlin("2026-12-02T12:00")));
    anna.absent_until = Some(berlin("2026-12-05T12:00"));
    assert_eq!(anna.at_work_from(night), Some(berlin("2026-12-07T09:00")));
}

/// What the referee says to a document that somebody puts.
fn put(team: &mut Team, by: MemberId, document: DocumentBody) -> Result<(), Refusal> {
    let body = Do::PutDocument {
        document: Box::new(document),
    };
    let command = team.command(Actor::Member { id: by }, body);
    let known = team.members.values().cloned().map(DocumentBody::Member);
    let known = known.chain([DocumentBody::Inbox(team.inbox.clone())]);
    let documents = known.map(|body| {
        let id = body.id();
        (id, Document { id, version: 1, body })
    });
    let documents = documents.collect();
    let context = DocumentContext {
        documents: &documents,
        members: &team.members,
        conversations: 0,
    };
    decide_document(&command, context).map(drop)
}

#[test]
fn who_leads_sets_the_rota_of_people_there_are() {
    let mut team = Team::new();
    let with = |team: &Team, rota: OnCallRota| {
        let mut inbox = team.inbox.clone();
        inbox.policy.on_call = Some(Box::new(rota));
        DocumentBody::Inbox(inbox)
    };
    let document = with(&team, weekly());
    assert_eq!(put(&mut team, MIRA, document.clone()), Ok(()));
    assert!(matches!(
        put(&mut team, ANNA, document),
        Err(Refusal::NotPermitted { .. })
    ));
    let mut strangers = weekly();
    strangers.members.push(person(7));
    let mut flawed = weekly();
    flawed.days_each = 0;
    for (rota, field) in [(strangers, "members"), (flawed, "daysEach")] {
        let document = with(&team, rota);
        let refused = put(&mut team, MIRA, document).unwrap_err();
        assert!(
            matches!(&refused, Refusal::Invalid { field: named, .. } if named == field),
            "{refused:?}"
        );
    }
}

#[test]
fn everybody_says_for_themselves_when_they_are_at_work() {
    let mut team = Team::new();
    let changed = |team: &Team, hours: BusinessCalendar| {
        let mut anna = team.members[&ANNA].clone();
        anna.hours = Some(hours);
        DocumentBody::Member(anna)
    };
    let document = changed(&team, new_york());
    assert_eq!(put(&mut team, ANNA, document.clone()), Ok(()));
    assert!(matches!(
        put(&mut team, BEN, document),
        Err(Refusal::NotPermitted { .. })
    ));
    let never = BusinessCalendar {
        hours: Vec::new(),
        ..new_york()
    };
    let document = changed(&team, never);
    let refused = put(&mut team, ANNA, document).unwrap_err();
    assert!(matches!(refused, Refusal::Invalid { field, .. } if field == "hours"));
}
