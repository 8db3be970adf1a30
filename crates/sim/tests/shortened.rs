//! Lives that once broke a promise, made shorter: what the simulator prints of one that fails is pasted here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use baton_sim::plan::{Size, draw, only};
use baton_sim::planted::Planted;
use baton_sim::{live_plan, shrink};

/// These steps of a seed's plan keep every promise.
fn keeps(size: Size, seed: u64, steps: &[u64]) {
    let plan = only(seed, size, steps);
    assert_eq!(
        plan.len(),
        steps.len(),
        "the plan of seed {seed} has no such steps any more"
    );
    let life = live_plan(seed, size, plan, None);
    if let Some(broken) = life.broken {
        panic!("{}\n{:?}: {}", life.transcript, broken.promise, broken.how);
    }
}

#[test]
fn what_was_made_shorter_keeps_every_promise() {
    keeps(Size::DAY, 1, &[0, 1, 2, 3, 4, 5]);
    keeps(
        Size {
            desktops: 4,
            sittings: 2,
            ..Size::WEEK
        },
        2,
        &[0, 1, 2, 3],
    );
}

#[test]
#[should_panic(expected = "has no such steps")]
fn steps_that_are_none_are_not_passed_over() {
    keeps(Size::DAY, 1, &[0, 100_000]);
}

#[test]
fn a_life_that_was_made_shorter_is_told_as_a_test_that_fails_the_same_way() {
    let size = Size::DAY;
    let plan = draw(1, size);
    let leaks = Some(Planted::ScopeLeak);
    let broken = live_plan(1, size, plan.clone(), leaks).broken.unwrap();
    let (steps, life) = shrink::shrink(1, size, &plan, leaks, broken.promise).unwrap();
    let numbers: Vec<u64> = steps.iter().map(|step| step.number).collect();
    assert_eq!(
        shrink::as_a_test(1, size, &steps),
        format!("keeps(Size::DAY, 1, &{numbers:?});")
    );
    let again = live_plan(1, size, only(1, size, &numbers), leaks);
    assert_eq!((again.broken, again.transcript), (life.broken, life.transcript));
}

#[test]
fn every_size_has_words_that_are_it() {
    assert_eq!(Size::WEEK.in_code(), "Size::WEEK");
    let other = Size {
        desktops: 4,
        sittings: 2,
        ..Size::WEEK
    };
    assert_eq!(other.in_code(), "Size { desktops: 4, sittings: 2, ..Size::WEEK }");
}
