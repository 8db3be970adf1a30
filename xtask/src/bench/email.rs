//! A mailbox taken in for the first time and searched, beside the programs people use for that.
//!
//! The measuring itself is a program of the tests, because it starts the same mail servers as they do.

use std::process::Command;

use anyhow::Result;

use super::Figure;
use crate::shell::{cargo, run as step, target};
use crate::system::{self, Group};

/// Messages in the mailboxes; another list of sizes can be given in this variable, with spaces between them.
const SIZES: &str = "20000 100000";
const SIZES_VARIABLE: &str = "BATON_BENCH_MESSAGES";

/// Builds for release, then measures and shows one figure after the other.
pub fn measure(show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    system::ensure(&[Group::Base, Group::Test, Group::Bench])?;
    step(&mut cargo([
        "build",
        "--release",
        "--package",
        "baton-server",
        "--bins",
    ]))?;
    step(&mut cargo(["build", "--package", "baton-tests", "--bins"]))?;
    let sizes = std::env::var(SIZES_VARIABLE).unwrap_or_else(|_| SIZES.to_owned());
    let mut bench = Command::new(target().join("debug/bench_email"));
    bench.args(sizes.split_whitespace());
    super::follow(bench, show)
}
