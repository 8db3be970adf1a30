//! Exceptions read off the state: what the rules sent to the wrong place, what came back, what lies still; and what settles each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use CommandBody as Do;
use baton_domain::*;
use support::{ANNA, BEN, CHASE, MIRA, SALES, SUPPORT, Team, berlin};
use uuid::Uuid;

const RULE: RuleId = RuleId(Uuid::from_u128(0x7001));

/// A team whose only rule gives every lead to Anna, with Carl's enquiry: Thursday 26 November 2026, 15:20 in Berlin.
fn team() -> Team {
    let mut team = Team::new();
    let rule = Rule {
        id: RULE,
        name: "Anna has them".to_owned(),
        enabled: true,
        when: Condition::All { of: Vec::new() },
        then: vec![RuleAction::Assign { to: ANNA }],
        stop: None,
    };
    team.rules = Some((RuleSet { rules: vec![rule] }, 3));
    team.carl("Could you quote forty seats?");
    assert_eq!(team.conversation().owner, Some(ANNA));
    team
}

/// The corrections that are exceptions.
fn misrouted(team: &Team) -> Vec<CorrectionKind> {
    let calendar = &team.inbox.policy.calendar;
    let open = team.conversation().corrections_to_look_at();
    open.filter(|one| one.is_soon(calendar)).map(|one| one.how).collect()
}

fn assign(to: MemberId) -> Do {
    Do::Assign { to, context: None }
}

fn settle(what: Oddity) -> Do {
    Do::SettleException { what }
}

fn close(outcome: Outcome) -> Do {
    Do::Close {
        outcome: Some(outcome),
        reason: None,
    }
}

#[test]
fn what_is_reassigned_the_same_day_was_sent_to_the_wrong_person() {
    let mut team = team();
    assert_eq!(misrouted(&team), []);
    team.act(MIRA, assign(BEN));
    assert_eq!(misrouted(&team), [CorrectionKind::Reassigned { to: BEN }]);
    let correction = team.conversation().corrections[0];
    assert_eq!((correction.sent.rule, correction.sent.version), (Some(RULE), 3));
    assert_eq!((correction.sent.owner, correction.by), (Some(ANNA), MIRA));
    // A third hand is the same correction.
    team.act(MIRA, assign(MIRA));
    assert_eq!(misrouted(&team), [CorrectionKind::Reassigned { to: MIRA }]);
    assert_eq!(team.conversation().corrections.len(), 1);
}

#[test]
fn a_correction_within_a_business_day_counts_and_a_later_one_does_not() {
    for (when, counts) in [("2026-11-27T15:20", true), ("2026-11-27T15:21", false)] {
        let mut team = team();
        team.now = berlin(when);
        team.act(MIRA, assign(BEN));
        assert_eq!(misrouted(&team).len(), usize::from(counts), "{when}");
    }
    // The weekend is no business day.
    let mut team = team();
    team.state = None;
    team.now = berlin("2026-11-27T16:00");
    team.carl("And fifty?");
    team.now = berlin("2026-11-30T15:59");
    team.act(MIRA, assign(BEN));
    assert_eq!(misrouted(&team).len(), 1);
}

#[test]
fn not_mine_is_a_correction_and_who_takes_it_then_completes_it() {
    let mut team = team();
    team.act(ANNA, Do::Release);
    assert_eq!(misrouted(&team), [CorrectionKind::GivenBack]);
    team.act(BEN, Do::Claim);
    assert_eq!(misrouted(&team), [CorrectionKind::Reassigned { to: BEN }]);
}

#[test]
fn put_back_to_whom_the_rules_chose_nothing_was_wrong() {
    let mut team = team();
    team.act(MIRA, assign(BEN));
    team.act(MIRA, assign(ANNA));
    assert_eq!(misrouted(&team), []);
    team.act(ANNA, Do::Release);
    team.act(ANNA, Do::Claim);
    assert_eq!(misrouted(&team), []);
}

#[test]
fn moved_to_another_inbox_it_was_misrouted_although_it_is_routed_there_again() {
    let mut team = team();
    let to = |inbox| Do::MoveToInbox { inbox, owner: None };
    team.act(MIRA, to(SUPPORT));
    assert_eq!(misrouted(&team), [CorrectionKind::Moved { to: SUPPORT }]);
    team.act(MIRA, to(SALES));
    assert_eq!(misrouted(&team), [], "it was right where it was");
}

#[test]
fn what_nobody_routed_is_never_misrouted() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    team.act(MIRA, assign(BEN));
    team.act(
        MIRA,
        Do::MoveToInbox {
            inbox: SUPPORT,
            owner: None,
        },
    );
    assert_eq!(team.conversation().corrections, []);
}

#[test]
fn a_correction_stands_until_somebody_has_looked_or_it_is_over() {
    let mut team = team();
    team.act(MIRA, assign(BEN));
    assert_eq!(team.act(MIRA, settle(Oddity::Misrouted)).len(), 1);
    assert_eq!(misrouted(&team), []);
    assert_eq!(team.act(MIRA, settle(Oddity::Misrouted)), [], "said once");
    assert_eq!(team.conversation().corrections.len(), 1, "reports still know of it");

    let mut team = self::team();
    team.act(MIRA, assign(BEN));
    team.act(BEN, close(Outcome::Unqualified));
    assert_eq!(misrouted(&team), []);
}

#[test]
fn what_comes_back_within_a_week_is_an_exception_until_it_is_answered() {
    let mut team = team();
    team.act(ANNA, close(Outcome::Lost));
    let closed_at = team.now;
    team.now = closed_at.plus_ms(7 * DAY_MS);
    team.carl("We have thought again.");
    let back = *team.conversation().comeback_to_look_at().unwrap();
    assert_eq!((back.closed_at, back.outcome), (closed_at, Outcome::Lost));
    let outbound = team.reply(ANNA, CHASE);
    assert_eq!(team.conversation().comeback_to_look_at(), None);
    // Taken back, nothing has answered it.
    team.act(ANNA, Do::CancelSend { outbound });
    assert!(team.conversation().comeback_to_look_at().is_some());
    team.act(ANNA, settle(Oddity::Reopened));
    assert_eq!(team.conversation().comeback_to_look_at(), None);
}

#[test]
fn what_comes_back_later_or_needs_no_answer_is_none() {
    let mut team = team();
    team.act(ANNA, close(Outcome::Lost));
    team.now = team.now.plus_ms(7 * DAY_MS + 1);
    team.carl("We have thought again.");
    assert_eq!(team.conversation().comeback_to_look_at(), None);

    let mut team = self::team();
    team.act(ANNA, close(Outcome::Won));
    team.carl("Thanks!");
    assert!(team.conversation().comeback_to_look_at().is_some());
    team.act(ANNA, Do::NoReplyNeeded);
    assert_eq!(team.conversation().comeback_to_look_at(), None);

    // Opened by a person it is seen to by that person.
    let mut team = self::team();
    team.act(ANNA, close(Outcome::Won));
    team.act(ANNA, Do::Reopen);
    assert_eq!(team.conversation().comeback, None);
}

fn stale(team: &Team) -> Option<Timestamp> {
    ReviewDay::new(&team.inbox.policy, team.now).stale_since(team.conversation())
}

/// Five business days after Thursday 15:20.
const LIMIT: &str = "2026-12-03T15:20";

#[test]
fn five_business_days_without_anything_are_too_long() {
    let mut team = team();
    let since = team.now;
    team.now = berlin(LIMIT).plus_ms(-1);
    assert_eq!(stale(&team), None);
    team.now = berlin(LIMIT);
    assert_eq!(stale(&team), Some(since));
    team.inbox.policy.stale_days = 6;
    assert_eq!(stale(&team), None, "this inbox waits longer");
}

#[test]
fn of_high_value_two_days_are_too_long() {
    let mut team = team();
    let euros = |euros: i64| Money {
        cents: euros * 100,
        currency: "EUR".to_owned(),
    };
    team.inbox.policy.high_value = Some(euros(10_000));
    team.act(
        MIRA,
        Do::SetFields {
            category: None,
            priority: None,
            value: Some(euros(12_000)),
            company: None,
            subject: None,
            details: Box::default(),
        },
    );
    team.now = berlin("2026-11-30T15:20");
    assert!(stale(&team).is_some());
    team.inbox.policy.stale_days = 1;
    team.now = berlin("2026-11-27T15:20");
    assert!(stale(&team).is_some(), "the inbox's own limit is shorter");
}

#[test]
fn whatever_happens_settles_it() {
    type Done = fn(&mut Team);
    let table: [(&str, Done); 7] = [
        ("a message", |team| {
            team.carl("Any news?");
        }),
        ("a note", |team| {
            let text = "Called them.".to_owned();
            team.act(ANNA, Do::AddNote { text, mentions: vec![] });
        }),
        ("a new owner", |team| drop(team.act(MIRA, assign(BEN)))),
        ("a date", |team| {
            let due = team.now.plus_ms(DAY_MS);
            team.act(
                ANNA,
                Do::ScheduleFollowUp {
                    due,
                    zone: None,
                    text: None,
                },
            );
        }),
        ("out of sight", |team| {
            team.act(
                ANNA,
                Do::Snooze {
                    until: Some(team.now.plus_ms(DAY_MS)),
                    zone: None,
                    reason: Some("Holidays".to_owned()),
                },
            );
        }),
        ("its end", |team| drop(team.act(ANNA, close(Outcome::Lost)))),
        ("a look", |team| drop(team.act(ANNA, settle(Oddity::Stale)))),
    ];
    for (what, done) in table {
        let mut team = team();
        team.now = berlin(LIMIT);
        assert!(stale(&team).is_some());
        done(&mut team);
        assert_eq!(stale(&team), None, "{what}");
    }
}

#[test]
fn a_look_lasts_as_long_as_the_limit_and_a_passed_date_counts_from_then() {
    let mut team = team();
    team.now = berlin(LIMIT);
    team.act(ANNA, settle(Oddity::Stale));
    assert_eq!(team.act(ANNA, settle(Oddity::Stale)), []);
    team.now = berlin("2026-12-10T15:20");
    assert_eq!(stale(&team), Some(berlin(LIMIT)));

    let mut team = self::team();
    let due = berlin("2026-11-27T10:00");
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    team.now = berlin(LIMIT);
    assert_eq!(stale(&team), None);
    team.now = berlin("2026-12-04T10:00");
    assert_eq!(stale(&team), Some(due));
}

#[test]
fn what_owes_nobody_anything_may_lie_still() {
    let mut team = team();
    team.act(
        ANNA,
        Do::SetFields {
            category: Some(Category::Vendor),
            priority: None,
            value: None,
            company: None,
            subject: None,
            details: Box::default(),
        },
    );
    team.now = berlin(LIMIT);
    assert_eq!(stale(&team), None);
}

#[test]
fn what_wakes_and_what_was_done_lies_still_only_from_then_on() {
    let mut team = team();
    team.now = berlin(LIMIT);
    let until = team.now.plus_ms(10 * DAY_MS);
    let reason = Some("Holidays".to_owned());
    team.act(
        ANNA,
        Do::Snooze {
            until: Some(until),
            zone: None,
            reason,
        },
    );
    team.now = until.plus_ms(MINUTE_MS);
    assert_eq!(stale(&team), None, "also before anybody noticed that it is over");
    team.system(CommandBody::Due {
        what: Deadline::Snooze,
        at: until,
    })
    .unwrap();
    assert_eq!(stale(&team), None);
    team.now = team.now.plus_ms(30 * DAY_MS);
    assert!(stale(&team).is_some());
    let due = team.now.plus_ms(DAY_MS);
    team.act(
        ANNA,
        Do::ScheduleFollowUp {
            due,
            zone: None,
            text: None,
        },
    );
    team.now = due.plus_ms(MINUTE_MS);
    team.act(ANNA, Do::CompleteFollowUp);
    assert_eq!(stale(&team), None, "doing it is not what makes it an exception");
}
