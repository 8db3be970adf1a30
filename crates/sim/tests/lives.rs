//! Two hundred days and two dozen weeks of a team keep every promise, everything that can break breaks, and the same seed is the
//! same life.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::ControlFlow;

use baton_sim::plan::Size;
use baton_sim::tally::Tally;
use baton_sim::{crew, live, live_silently};

const DAYS: u64 = 200;
const WEEKS: u64 = 24;

/// What happened in the first `seeds` lives of a size, all of which keep every promise and have in them what they must.
fn whole(seeds: u64, size: Size) -> Tally {
    let mut tally = Tally::default();
    crew::lives(1..seeds.saturating_add(1), size, None, crew::cores(), |life| {
        let week = if size == Size::WEEK { " --week" } else { "" };
        let hint = format!("cargo run -p baton-sim --{week} --seeds 1 --seed {}", life.seed);
        if let Some(broken) = &life.broken {
            panic!(
                "seed {} broke a promise: {:?}: {}\nsee: {hint}",
                life.seed, broken.promise, broken.how
            );
        }
        if let Some(lacks) = life.lacks(size) {
            panic!("seed {} is too short a life: {lacks}\nsee: {hint}", life.seed);
        }
        tally.absorb(&life.tally);
        ControlFlow::Continue(())
    });
    assert_eq!(tally.seeds, seeds);
    println!("{tally}");
    tally
}

#[test]
fn two_hundred_days_keep_every_promise_and_everything_that_can_break_breaks() {
    let tally = whole(DAYS, Size::DAY);
    let never: Vec<&str> = tally
        .faults
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(never, Vec::<&str>::new(), "faults that never came");
    for command in ["moveToInbox", "merge", "unmerge", "escalate", "acknowledgeEscalation"] {
        assert!(
            tally.accepted.contains_key(command),
            "nobody did {command}: {:?}",
            tally.accepted
        );
    }
    for report in [
        "sent",
        "failed",
        "returned",
        "unknown",
        "filed",
        "host waits",
        "stale host",
    ] {
        assert!(
            tally.mail.contains_key(report),
            "no reply was {report}: {:?}",
            tally.mail
        );
    }
}

#[test]
fn two_dozen_weeks_keep_every_promise_and_every_fault_and_refusal_occurs() {
    let tally = whole(WEEKS, Size::WEEK);
    assert_eq!(
        tally.never(),
        Vec::<&str>::new(),
        "faults, refusals and occurrences that never came"
    );
    for command in [
        "forward",
        "settleException",
        "nameStatus",
        "setStatus",
        "follow",
        "unfollow",
        "route",
        "nudge",
        "keepApart",
    ] {
        assert!(
            tally.accepted.contains_key(command),
            "nobody did {command}: {:?}",
            tally.accepted
        );
    }
}

/// A date set again to the very instant that had come never came again; a reply that came back over the fence when it might not leave any
/// more waited for ever.
#[test]
fn lives_that_once_broke_a_promise_keep_it() {
    for seed in [522, 1318, 348, 622] {
        assert_eq!(live_silently(seed, Size::DAY, None).broken, None, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_life_to_the_byte_told_or_not() {
    for (seed, size) in [(3, Size::DAY), (17, Size::DAY), (99, Size::DAY), (2, Size::WEEK)] {
        let (one, other) = (live(seed, size, None), live(seed, size, None));
        assert_eq!(one.transcript, other.transcript);
        assert_eq!(one.tally, other.tally);
        assert!(one.transcript.lines().count() > 50);
        let silent = live_silently(seed, size, None);
        assert_eq!((silent.tally, silent.ended), (one.tally, one.ended));
        assert_eq!(silent.transcript, "");
    }
}

#[test]
fn another_seed_is_another_life() {
    let (one, other) = (live(1, Size::DAY, None), live(2, Size::DAY, None));
    assert_ne!(one.transcript, other.transcript);
}
