//! `cargo xtask sim`: the simulator over as many seeds as one has patience for.

use anyhow::Result;

use crate::shell::{cargo, run as step};

/// Lives through `seeds` team lives. A failing one names its seed, which repeats it.
pub fn run(seeds: u32) -> Result<()> {
    let mut simulate = cargo(["run", "--quiet", "--package", "baton-sim", "--", "--seeds"]);
    step(simulate.arg(seeds.to_string()))
}
