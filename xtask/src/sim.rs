//! `cargo xtask sim`: the simulator over as many seeds as one has patience for.

use anyhow::Result;
use clap::Args;

use crate::shell::{cargo, run as step};

/// How many lives where nothing else is said.
const SEEDS: u64 = 200;
/// What it is built by: all of it made fast, see Cargo.toml.
pub const PROFILE: &str = "sim";
/// Within how many a planted bug must be found.
const PLANTED: u64 = 2000;

/// What to live through.
#[derive(Args)]
pub struct Options {
    /// How many team lives to live through [default: 200, 1 with --seed, 2000 with --planted].
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed; without --seeds, the only one.
    #[arg(long)]
    seed: Option<u64>,
    /// Days of three people and one server, in place of weeks of five people and three servers.
    #[arg(long)]
    day: bool,
    /// Put in every bug there is, one after the other, and say when each is found.
    #[arg(long)]
    planted: bool,
}

/// Lives through team lives. A failing one names its seed, which repeats it.
pub fn run(options: &Options) -> Result<()> {
    let mut simulate = cargo(["run", "--quiet", "--package", "baton-sim", "--profile", PROFILE, "--"]);
    step(simulate.args(arguments(options)))
}

fn seeds(options: &Options) -> u64 {
    let alone = options.seed.is_some() && !options.planted;
    options.seeds.unwrap_or(if alone {
        1
    } else if options.planted {
        PLANTED
    } else {
        SEEDS
    })
}

fn arguments(options: &Options) -> Vec<String> {
    let mut arguments = vec!["--seeds".to_owned(), seeds(options).to_string()];
    if !options.day {
        arguments.push("--week".to_owned());
    }
    if let Some(seed) = options.seed {
        arguments.extend(["--seed".to_owned(), seed.to_string()]);
    }
    if options.planted {
        arguments.push("--planted".to_owned());
    }
    arguments
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn passed_on(line: &str) -> String {
        let line = Line::try_parse_from(line.split(' ')).unwrap();
        arguments(&line.options).join(" ")
    }

    #[test]
    fn what_is_asked_is_passed_on() {
        assert_eq!(passed_on("sim"), "--seeds 200 --week");
        assert_eq!(passed_on("sim --seed 522"), "--seeds 1 --week --seed 522");
        assert_eq!(passed_on("sim --seed 5 --seeds 7"), "--seeds 7 --week --seed 5");
        assert_eq!(passed_on("sim --day --seed 522"), "--seeds 1 --seed 522");
        assert_eq!(passed_on("sim --planted"), "--seeds 2000 --week --planted");
    }
}
