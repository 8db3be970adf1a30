//! Two hundred team lives keep every promise, and the same seed is the same life.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};

use baton_sim::plan::Size;
use baton_sim::tally::Tally;
use baton_sim::{Life, live};

const SEEDS: u64 = 200;

/// Lives the seeds on all cores, in any order: no life knows of another.
fn lives(seeds: u64) -> Vec<Life> {
    let next = AtomicU64::new(1);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut lives: Vec<Life> = std::thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed > seeds {
                    return mine;
                }
                mine.push(live(seed, Size::default(), None));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    lives.sort_by_key(|life| life.seed);
    lives
}

#[test]
fn two_hundred_lives_keep_every_promise_and_everything_that_can_break_breaks() {
    let mut tally = Tally::default();
    for life in lives(SEEDS) {
        tally.absorb(&life.tally);
        if let Some(broken) = life.broken {
            let hint = format!("cargo run -p baton-sim -- --seeds 1 --seed {}", life.seed);
            panic!(
                "seed {} broke a promise: {:?}: {}\nsee: {hint}",
                life.seed, broken.promise, broken.how
            );
        }
    }
    println!("{tally}");
    assert_eq!(tally.seeds, SEEDS);
    for fault in [
        "desktopCrash",
        "serverCrash",
        "powerCut",
        "hostCrash",
        "disconnect",
        "lingering",
        "partition",
        "lag",
        "clockSkew",
        "desktopDisk",
        "slowDisk",
        "fullDisk",
        "doubtfulDisk",
        "lostAnswer",
        "brokenBody",
        "rejection",
        "deferral",
        "hostCrashBehindFence",
        "rightLost",
        "readingLost",
        "watched",
    ] {
        assert!(
            tally.faults.contains_key(fault),
            "nothing of the kind {fault} broke: {:?}",
            tally.faults
        );
    }
    for command in ["moveToInbox", "merge", "unmerge", "escalate", "acknowledgeEscalation"] {
        assert!(
            tally.accepted.contains_key(command),
            "nobody did {command}: {:?}",
            tally.accepted
        );
    }
    for refusal in [
        "notOwner",
        "lockedBy",
        "newerMessage",
        "alreadyAnswered",
        "needsOutcome",
        "needsHandoffContext",
        "notPermitted",
    ] {
        assert!(
            tally.refusals.contains_key(refusal),
            "nobody was refused with {refusal}: {:?}",
            tally.refusals
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

/// A date set again to the very instant that had come never came again; a reply that came back over the fence when it might not leave any
/// more waited for ever.
#[test]
fn lives_that_once_broke_a_promise_keep_it() {
    for seed in [522, 1318, 348, 622] {
        assert_eq!(live(seed, Size::default(), None).broken, None, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_life_to_the_byte() {
    for seed in [3, 17, 99] {
        let (one, other) = (live(seed, Size::default(), None), live(seed, Size::default(), None));
        assert_eq!(one.transcript, other.transcript);
        assert_eq!(one.tally, other.tally);
        assert!(one.transcript.lines().count() > 50);
    }
}

#[test]
fn another_seed_is_another_life() {
    let (one, other) = (live(1, Size::default(), None), live(2, Size::default(), None));
    assert_ne!(one.transcript, other.transcript);
}
