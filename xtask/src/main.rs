//! The developer commands of Baton: `cargo xtask run | test | check | bench | sim | doctor`.
//!
//! A fresh clone needs Rust and Node, and one of these commands. Whatever else is missing is installed where that is allowed
//! (as root or with sudo on Debian and Ubuntu), and named with its reason where it is not.

mod bench;
mod check;
mod doctor;
mod run;
mod shell;
mod sim;
mod system;
mod test;
#[cfg(test)]
#[allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
mod tidy;
mod tools;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The developer commands of Baton.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set everything up and open Baton with a sample inbox; without a display, in a browser.
    Run(run::Options),
    /// Set everything up, build once, and run the tests.
    Test {
        /// Which tests.
        #[arg(value_enum, default_value_t = test::Part::All)]
        part: test::Part,
    },
    /// Everything a change must pass besides the tests: format, lints, fresh TypeScript types, tidiness, documentation.
    Check {
        /// Repair what can be repaired by itself.
        #[arg(long)]
        fix: bool,
    },
    /// Measure, on this machine and now.
    Bench {
        /// Which measurement; all of them when left out.
        #[arg(value_enum)]
        name: Option<bench::Name>,
        /// One JSON object a line instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Run the simulator over many seeds.
    Sim(sim::Options),
    /// Tell what this machine lacks, what for, and how to get it.
    Doctor {
        /// Install the system packages that are missing, where that is allowed.
        #[arg(long)]
        install: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Test { part } => test::run(part),
        Command::Check { fix } => check::run(fix),
        Command::Bench { name, json } => bench::run(name, json),
        Command::Sim(options) => sim::run(&options),
        Command::Doctor { install } => doctor::run(install),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
