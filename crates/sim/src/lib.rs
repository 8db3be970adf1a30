//! A simulator of team life: the real rules, referee, desktop engine and mail outbox, in a world that breaks.
//!
//! A *life* is one seed: a plan is drawn ([`plan`]), lived in virtual time ([`world`]), checked at every step against a small
//! model of its own ([`check`]), and told in sentences ([`words`]). The same seed is the same life, to the byte: chance comes
//! from the seed alone ([`rng`]), the clock begins at a constant, idle time is skipped ([`agenda`]), and no order of a hash map
//! reaches anything.
//!
//! Many lives are lived on all cores, silently, and told in the order of their seeds ([`crew`]). That it can fail is shown by bugs put in on purpose ([`planted`]). A life that fails is made shorter ([`shrink`]).

pub mod agenda;
pub mod cast;
pub mod check;
pub mod crew;
pub mod plan;
pub mod planted;
pub mod rng;
pub mod shrink;
pub mod tally;
pub mod words;
pub mod world;

use baton_domain::Timestamp;
use check::Broken;
use plan::{Size, Step};
use planted::Planted;
use tally::Tally;
use words::Transcript;
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
    /// When it ended.
    pub ended: Timestamp,
}

impl Life {
    /// What a life of that size must have in it and this one lacks, in words; `None` where it has all of it.
    #[must_use]
    pub fn lacks(&self, size: Size) -> Option<String> {
        let sum = |map: &std::collections::BTreeMap<String, u64>| map.values().sum::<u64>();
        let has = [
            ("commands accepted", sum(&self.tally.accepted), size.least.accepted),
            ("mail in", self.tally.arrived, size.least.arrived),
            ("faults", sum(&self.tally.faults), size.least.faults),
        ];
        let short = has.into_iter().filter(|(_, has, least)| has < least);
        let words: Vec<String> = short
            .map(|(what, has, least)| format!("{what}: {has} of {least}"))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Lives a seed, and tells of it.
#[must_use]
pub fn live(seed: u64, size: Size, planted: Option<Planted>) -> Life {
    live_plan(seed, size, plan::draw(seed, size), planted)
}

/// Lives a seed without a word: the same life, sooner.
#[must_use]
pub fn live_silently(seed: u64, size: Size, planted: Option<Planted>) -> Life {
    lived(seed, size, plan::draw(seed, size), planted, Transcript::silent())
}

/// Lives a plan with a seed's luck, and tells of it.
#[must_use]
pub fn live_plan(seed: u64, size: Size, plan: Vec<Step>, planted: Option<Planted>) -> Life {
    lived(seed, size, plan, planted, Transcript::default())
}

fn lived(seed: u64, size: Size, plan: Vec<Step>, planted: Option<Planted>, transcript: Transcript) -> Life {
    let mut world = World::new(seed, size, plan, planted, transcript);
    let broken = world.live().err();
    Life {
        seed,
        tally: world.tally.clone(),
        transcript: world.transcript.text().to_owned(),
        broken,
        ended: world.now(),
    }
}
