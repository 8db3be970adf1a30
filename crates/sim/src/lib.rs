//! A simulator of team life: the real rules, referee, desktop engine and mail outbox, in a world that breaks.
//!
//! A *life* is one seed: a plan is drawn ([`plan`]), lived in virtual time ([`world`]), checked at every step against a small
//! model of its own ([`check`]), and told in sentences ([`words`]). The same seed is the same life, to the byte: chance comes
//! from the seed alone ([`rng`]), the clock begins at a constant, idle time is skipped ([`agenda`]), and no order of a hash map
//! reaches anything.
//!
//! That it can fail is shown by bugs put in on purpose ([`planted`]). A life that fails is made shorter ([`shrink`]).

pub mod agenda;
pub mod cast;
pub mod check;
pub mod plan;
pub mod planted;
pub mod rng;
pub mod shrink;
pub mod tally;
pub mod words;
pub mod world;

use check::Broken;
use plan::{Size, Step};
use planted::Planted;
use tally::Tally;
use world::World;

/// How a life went.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its seed.
    pub seed: u64,
    /// What happened, in numbers.
    pub tally: Tally,
    /// What happened, in sentences.
    pub transcript: String,
    /// The promise that was broken, if one was.
    pub broken: Option<Broken>,
}

/// Lives a seed.
#[must_use]
pub fn live(seed: u64, size: Size, planted: Option<Planted>) -> Life {
    live_plan(seed, size, plan::draw(seed, size), planted)
}

/// Lives a plan with a seed's luck.
#[must_use]
pub fn live_plan(seed: u64, size: Size, plan: Vec<Step>, planted: Option<Planted>) -> Life {
    let mut world = World::new(seed, size, plan, planted);
    let broken = world.live().err();
    Life {
        seed,
        tally: world.tally.clone(),
        transcript: world.transcript.text().to_owned(),
        broken,
    }
}
