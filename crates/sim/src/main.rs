//! `baton-sim --seeds N`: lives through many team lives, and tells of the first that went wrong.

use std::ops::{ControlFlow, Range};
use std::process::ExitCode;

use baton_sim::plan::{Size, draw};
use baton_sim::planted::Planted;
use baton_sim::tally::Tally;
use baton_sim::{Life, crew, live, shrink};
use clap::Parser;

/// A life is many small things made and thrown away, on every core at once.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Weeks of five people and three servers, in place of days of three people and one.
    #[arg(long)]
    week: bool,
    /// How many desktops; the last is the manager's.
    #[arg(long)]
    desktops: Option<usize>,
    /// How many servers on one store.
    #[arg(long)]
    servers: Option<usize>,
    /// How many times of work a life has.
    #[arg(long)]
    sittings: Option<u64>,
    /// How many lives at once; as many as there are cores where nothing is said.
    #[arg(long)]
    workers: Option<usize>,
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

impl Options {
    fn size(&self) -> Size {
        let whole = if self.week { Size::WEEK } else { Size::DAY };
        let other = self.desktops.is_some() || self.servers.is_some() || self.sittings.is_some();
        Size {
            desktops: self.desktops.unwrap_or(whole.desktops).max(1),
            servers: self.servers.unwrap_or(whole.servers).max(1),
            sittings: self.sittings.unwrap_or(whole.sittings).max(1),
            // What a life of some other size has in it is nobody's promise.
            least: if other { Size::DAY.least } else { whole.least },
            ..whole
        }
    }

    fn seeds(&self) -> Range<u64> {
        self.seed..self.seed.saturating_add(self.seeds)
    }

    fn workers(&self) -> usize {
        self.workers.unwrap_or_else(crew::cores)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let well = if options.planted {
        find_planted(&options)
    } else {
        live_all(&options)
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn live_all(options: &Options) -> bool {
    let size = options.size();
    let begun = std::time::Instant::now();
    let mut tally = Tally::default();
    let mut well = true;
    crew::lives(options.seeds(), size, options.plant, options.workers(), |life| {
        tally.absorb(&life.tally);
        if options.tell {
            println!("{}", live(life.seed, size, options.plant).transcript);
        }
        match (&life.broken, life.lacks(size)) {
            (Some(broken), _) if options.go_on => println!("seed {}: {:?}: {}", life.seed, broken.promise, broken.how),
            (Some(_), _) => tell_failure(&life, options, size),
            (None, Some(lacks)) => println!("seed {} is too short a life: {lacks}", life.seed),
            (None, None) => return ControlFlow::Continue(()),
        }
        well = false;
        if options.go_on {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let never = tally.never();
    println!(
        "{tally}never: {}\nwall ms {}",
        if never.is_empty() {
            "nothing".to_owned()
        } else {
            never.join(", ")
        },
        begun.elapsed().as_millis()
    );
    well
}

fn find_planted(options: &Options) -> bool {
    let size = options.size();
    let mut all = true;
    for bug in Planted::ALL {
        let mut found = None;
        crew::lives(options.seeds(), size, Some(bug), options.workers(), |life| {
            match life.broken {
                Some(broken) => {
                    found = Some((life.seed, broken));
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            }
        });
        match found {
            Some((seed, broken)) => println!(
                "{:24} found by seed {seed}: {:?}: {}",
                bug.name(),
                broken.promise,
                broken.how
            ),
            None => {
                all = false;
                println!("{:24} NOT found within {} seeds", bug.name(), options.seeds);
            }
        }
    }
    all
}

fn tell_failure(life: &Life, options: &Options, size: Size) {
    let Some(broken) = &life.broken else { return };
    let plan = draw(life.seed, size);
    let shorter = if options.no_shrink {
        None
    } else {
        shrink::shrink(life.seed, size, &plan, options.plant, broken.promise)
    };
    let (steps, told) = shorter.unwrap_or_else(|| (plan.clone(), live(life.seed, size, options.plant)));
    println!("{}", told.transcript);
    println!(
        "Seed {} broke a promise: {:?}: {}",
        life.seed, broken.promise, broken.how
    );
    if let Some(broken) = told.broken.as_ref().filter(|_| steps.len() < plan.len()) {
        println!(
            "With {} of {} steps it still does: {}",
            steps.len(),
            plan.len(),
            broken.how
        );
        println!(
            "As a test, in crates/sim/tests/shortened.rs: {}",
            shrink::as_a_test(life.seed, size, &steps)
        );
        for step in steps {
            println!("  step {}: {:?}", step.number, step.what);
        }
    }
}
