//! `cargo xtask bench`: figures measured on this machine, now. A figure that was not measured is not printed.

mod email;
mod figure;
mod first_day;
mod memory;
mod referee;
mod screen;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

pub use figure::Figure;

use crate::test::as_its_own_root;

/// A set of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What a person notices on the first day: how fast Baton starts, and what it takes of the machine.
    FirstDay,
    /// A mailbox taken in for the first time and searched, beside the programs people use for that.
    Email,
    /// Locks, commands, rules and crowds: what the referee does in a second, and how long people wait for it.
    Referee,
}

/// Measures, and fails when a goal is missed.
pub fn run(name: Option<Name>, json: bool) -> Result<()> {
    let names = name.map_or_else(|| Name::value_variants().to_vec(), |name| vec![name]);
    let mut missed = Vec::new();
    for name in names {
        let mut show = |figure: &Figure| -> Result<()> {
            println!("{}", if json { figure.to_json()? } else { figure.to_words() });
            if !figure.ok {
                missed.push(figure.name.clone());
            }
            Ok(())
        };
        match name {
            Name::FirstDay => first_day::measure(&mut show)?,
            Name::Email => email::measure(&mut show)?,
            Name::Referee => referee::measure(&mut show)?,
        }
    }
    if !missed.is_empty() {
        bail!("goals missed: {}", missed.join(", "));
    }
    Ok(())
}

/// Runs a program of the tests that measures the release build and prints a figure a line, and shows each as it comes.
fn follow(mut bench: Command, show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    bench.env("BATON_TEST_PROFILE", "release");
    let mut bench = as_its_own_root(bench);
    bench.stdout(Stdio::piped());
    let mut running = bench.spawn().context("start the measuring")?;
    let printed = running.stdout.take().context("what the measuring prints")?;
    for line in BufReader::new(printed).lines() {
        let figure: Figure = serde_json::from_str(&line?).context("a figure")?;
        show(&figure)?;
    }
    let status = running.wait()?;
    if !status.success() {
        bail!("the measuring ended with {status}");
    }
    Ok(())
}
