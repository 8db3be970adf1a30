//! `cargo xtask bench referee`: what the referee and its rules do in a second, and how long people wait for them.
//!
//! Everything is real: the release build of `baton-server` on SQLite and on PostgreSQL, durable as it ships, and sockets that speak the
//! protocol of a desktop. What stands beside a figure is measured in the same run: Redis with the same receivers, and bare commits of the
//! same database program. A figure that was not measured is not printed.
//!
//! Words on the command line name the parts to measure; without any it is all of them.
#![allow(clippy::print_stdout, reason = "what a measurement prints is its product")]
#![allow(clippy::indexing_slicing, reason = "a field that an answer lacks is null")]

mod bare;
mod commands;
mod crowd;
mod desks;
mod figure;
mod lives;
mod locks;
mod office;
mod redis;
mod rules;
mod snapshot;

use anyhow::{Context, Result};
use baton_tests::postgres::Postgres;
use baton_tests::server::Database;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use bare::Bare;
use office::Office;

/// Conversations of the office in which people work, each of which is routed once.
const WORKED_ON: usize = commands::COMMANDS;
/// Conversations of a large office; another number can be given in this variable.
const LARGE: usize = 100_000;
const LARGE_VARIABLE: &str = "BATON_BENCH_CONVERSATIONS";
/// Desktops that watch one lock.
const WATCHING: usize = 100;
const MANY_WATCHING: usize = 1000;
/// Locks taken.
const LOCKS: usize = 400;
const LOCKS_OF_MANY: usize = 100;

/// The parts, in the order they are measured.
const PARTS: [&str; 6] = ["locks", "commands", "crowd", "rules", "snapshot", "lives"];

// The sockets are served by one thread beside the one that gives the commands.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    // A second installation of the same provider is refused, and is no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    allow_many_files();
    let asked: Vec<String> = std::env::args().skip(1).collect();
    for word in &asked {
        anyhow::ensure!(PARTS.contains(&word.as_str()), "there is no part {word}: {PARTS:?}");
    }
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|word| word == part);
    if wanted("locks") || wanted("commands") {
        let conversations = if wanted("commands") { WORKED_ON } else { LOCKS };
        let mut office = Office::open(Database::Sqlite, conversations).await?;
        at_work(&mut office, "SQLite", 5000.0, &wanted, || async { Bare::sqlite() })
            .await
            .context("on SQLite")?;
        drop(office);
        let postgres = Postgres::start_durable().await?;
        let mut office = Office::open(Database::Postgres(postgres.url()), conversations).await?;
        let mut count = 0;
        let bare = || {
            count += 1;
            let (name, postgres) = (format!("bare{count}"), &postgres);
            async move {
                postgres.database(&name).await?;
                Bare::postgres(postgres, &name).await
            }
        };
        at_work(&mut office, "PostgreSQL", 3000.0, &wanted, bare)
            .await
            .context("on PostgreSQL")?;
    }
    if wanted("crowd") {
        let mut office = Office::open(Database::Sqlite, WATCHING).await?;
        crowd::at_work(&mut office).await?;
        crowd::at_rest(&mut office).await?;
    }
    if wanted("rules") {
        rules::business_time();
    }
    if wanted("rules") || wanted("snapshot") {
        let large = std::env::var(LARGE_VARIABLE).map_or(Ok(LARGE), |size| size.parse())?;
        let office = Office::open(Database::Sqlite, large).await?;
        if wanted("rules") {
            rules::rehearsal(&office).await?;
        }
        if wanted("snapshot") {
            snapshot::measure(&office).await?;
        }
    }
    if wanted("lives") {
        lives::measure().await?;
    }
    Ok(())
}

/// Thousands of sockets are thousands of open files, here and in the server, which inherits the limit.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Where it stays as it is, a connection fails and says so.
    let _ = setrlimit(Resource::Nofile, most);
}

/// Locks and commands of one office, beside bare commits of its database.
async fn at_work<B: Future<Output = Result<Bare>>>(
    office: &mut Office,
    database: &str,
    goal: f64,
    wanted: &impl Fn(&str) -> bool,
    mut bare: impl FnMut() -> B,
) -> Result<()> {
    if wanted("locks") {
        locks::measure(office, bare().await?, database, WATCHING, LOCKS).await?;
        locks::measure(office, bare().await?, database, MANY_WATCHING, LOCKS_OF_MANY).await?;
    }
    if wanted("commands") {
        commands::measure(office, bare().await?, database, goal).await?;
    }
    Ok(())
}
