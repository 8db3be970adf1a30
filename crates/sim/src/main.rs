//! `baton-sim --seeds N`: lives through many team lives, and tells of the first that went wrong.

use std::process::ExitCode;

use baton_sim::plan::{Size, draw};
use baton_sim::planted::Planted;
use baton_sim::tally::Tally;
use baton_sim::{Life, live, shrink};
use clap::Parser;

/// Lives through team lives with everything that can break, and checks every step.
#[derive(Debug, Parser)]
#[command(name = "baton-sim")]
struct Options {
    /// How many lives.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed; with `--seeds 1`, the only one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many desktops; the last is the manager's.
    #[arg(long, default_value_t = Size::default().desktops)]
    desktops: usize,
    /// How many servers on one store.
    #[arg(long, default_value_t = Size::default().servers)]
    servers: usize,
    /// How many times of work a life has.
    #[arg(long, default_value_t = Size::default().sittings)]
    sittings: u64,
    /// With this bug put in on purpose.
    #[arg(long)]
    plant: Option<Planted>,
    /// Puts in every bug there is, one after the other, and says when each is found.
    #[arg(long)]
    planted: bool,
    /// Tells the whole life, also of one that went well.
    #[arg(long)]
    tell: bool,
    /// Goes on after a life that went wrong, and says one line of each.
    #[arg(long)]
    go_on: bool,
    /// Does not look for a shorter life that goes wrong the same way.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (desktops, servers, sittings) = (options.desktops.max(1), options.servers.max(1), options.sittings.max(1));
    let size = Size {
        desktops,
        servers,
        sittings,
        ..Size::default()
    };
    if options.planted {
        find_planted(&options, size)
    } else {
        live_all(&options, size)
    }
}

fn live_all(options: &Options, size: Size) -> ExitCode {
    let begun = std::time::Instant::now();
    let mut tally = Tally::default();
    let mut kept: u64 = 0;
    for seed in seeds(options) {
        let life = live(seed, size, options.plant);
        tally.absorb(&life.tally);
        if options.tell {
            println!("{}", life.transcript);
        }
        match &life.broken {
            Some(broken) if options.go_on => println!("seed {seed}: {:?}: {}", broken.promise, broken.how),
            Some(_) => {
                tell_failure(&life, options, size);
                return ExitCode::FAILURE;
            }
            None => {
                kept = kept.saturating_add(1);
                continue;
            }
        }
    }
    println!("{tally}wall ms {}", begun.elapsed().as_millis());
    if kept == options.seeds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find_planted(options: &Options, size: Size) -> ExitCode {
    let mut all = true;
    for bug in Planted::ALL {
        let found = seeds(options).find_map(|seed| Some((seed, live(seed, size, Some(bug)).broken?)));
        match found {
            Some((seed, broken)) => println!(
                "{:20} found by seed {seed}: {:?}: {}",
                bug.name(),
                broken.promise,
                broken.how
            ),
            None => {
                all = false;
                println!("{:20} NOT found within {} seeds", bug.name(), options.seeds);
            }
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seeds(options: &Options) -> std::ops::Range<u64> {
    options.seed..options.seed.saturating_add(options.seeds)
}

fn tell_failure(life: &Life, options: &Options, size: Size) {
    let Some(broken) = &life.broken else { return };
    let plan = draw(life.seed, size);
    let shorter = if options.no_shrink {
        None
    } else {
        shrink::shrink(life.seed, size, &plan, options.plant, broken.promise)
    };
    let (steps, told) = shorter.as_ref().map_or((&plan, life), |(plan, life)| (plan, life));
    println!("{}", told.transcript);
    println!(
        "Seed {} broke a promise: {:?}: {}",
        life.seed, broken.promise, broken.how
    );
    if let Some(broken) = told.broken.as_ref().filter(|_| shorter.is_some()) {
        println!(
            "With {} of {} steps it still does: {}",
            steps.len(),
            plan.len(),
            broken.how
        );
        for step in steps {
            println!("  step {}: {:?}", step.number, step.what);
        }
    }
}
