//! What the referee and its rules do in a second, and how long people wait for them.
//!
//! The measuring itself is a program of the tests, because it starts the same servers as they do. It is built for release as the server
//! is: it is also every desktop that listens.

use std::process::Command;

use anyhow::Result;

use super::Figure;
use crate::shell::{cargo, run as step, target};
use crate::system::{self, Group};

/// The parts to measure, with spaces between them; all of them where it is not set.
const PARTS_VARIABLE: &str = "BATON_BENCH_PARTS";

/// Builds for release, then measures and shows one figure after the other.
pub fn measure(show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    system::ensure(&[Group::Base, Group::Test, Group::Bench])?;
    let packages = ["--package", "baton-server", "--package", "baton-tests"];
    let programs = ["--bin", "baton-server", "--bin", "bench_referee"];
    step(cargo(["build", "--release"]).args(packages).args(programs))?;
    if asked("lives") {
        step(&mut cargo([
            "build",
            "--package",
            "baton-sim",
            "--profile",
            crate::sim::PROFILE,
        ]))?;
    }
    let mut bench = Command::new(target().join("release/bench_referee"));
    bench.args(parts().split_whitespace());
    super::follow(bench, show)
}

fn parts() -> String {
    std::env::var(PARTS_VARIABLE).unwrap_or_default()
}

fn asked(part: &str) -> bool {
    let parts = parts();
    let mut parts = parts.split_whitespace().peekable();
    parts.peek().is_none() || parts.any(|one| one == part)
}
