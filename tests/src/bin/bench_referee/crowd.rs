//! Many desktops at one server: how soon all of them know what happened, and what they cost it.

use std::time::Duration;

use anyhow::{Context, Result};
use baton_domain::CommandBody;
use tokio::time::MissedTickBehavior;

use crate::desks::{Board, Done, Watcher};
use crate::figure::{Goal, Times, figure};
use crate::office::Office;

/// Desktops while people work.
const CONNECTED: usize = 1000;
/// Desktops while nobody does.
const IDLE: usize = 5000;
/// Those at which people work; each gives a command every fifth of a second, one after the other.
const WORKING: usize = 10;
const EVERY: Duration = Duration::from_millis(200);
/// How often each does.
const COMMANDS: usize = 300;
/// How long nothing happens before memory is looked at.
const REST: Duration = Duration::from_secs(10);

/// A thousand desktops, while fifty commands a second are given for a minute.
pub async fn at_work(office: &mut Office) -> Result<()> {
    office.server.restart().await?;
    office.refresh().await?;
    let board = Board::new(CONNECTED);
    let _watching = watchers(office, CONNECTED, &board).await?;
    let mut working = Vec::new();
    for number in 0..WORKING {
        let (seat, place) = office.at(number)?;
        let mut desk = seat.work(place).await?;
        let conversation = *office.conversations.get(number).context("a conversation")?;
        working.push(tokio::spawn(async move {
            // They begin one after the other, so that the commands are spread over time.
            tokio::time::sleep(EVERY * u32::try_from(number)? / u32::try_from(WORKING)?).await;
            let mut turn = tokio::time::interval(EVERY);
            turn.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut all: Vec<Done> = Vec::with_capacity(COMMANDS);
            for nth in 0..COMMANDS {
                turn.tick().await;
                let text = format!("Call them about offer {nth}");
                all.push(desk.submit(conversation, CommandBody::SetNextStep { text }).await?);
            }
            anyhow::Ok(all)
        }));
    }
    let (mut answered, mut told) = (Times::default(), Times::default());
    for desk in working {
        for done in desk.await?? {
            answered.add(done.answered - done.given);
            let last = board.times_of(done.number).await?.into_iter().max();
            told.add(last.context("a time")?.saturating_duration_since(done.answered));
        }
    }
    let name = format!("{CONNECTED} desktops, 50 commands a second for a minute");
    let peak = memory_mb(office, "VmHWM:")?;
    figure(
        &format!("{name}: to the answer, p99"),
        answered.percentile(99),
        "ms",
        None,
        Goal::None,
    );
    let what = "from the answer to the last desktop, p99";
    figure(
        &format!("{name}: {what}"),
        told.percentile(99),
        "ms",
        None,
        Goal::AtMost(150.0),
    );
    figure(
        &format!("{name}: peak memory of the server"),
        peak,
        "MB",
        None,
        Goal::AtMost(300.0),
    );
    Ok(())
}

/// Five thousand desktops, and nothing happens.
pub async fn at_rest(office: &mut Office) -> Result<()> {
    office.server.restart().await?;
    office.refresh().await?;
    let board = Board::new(IDLE);
    let _watching = watchers(office, IDLE, &board).await?;
    tokio::time::sleep(REST).await;
    board.nobody_lost()?;
    let peak = memory_mb(office, "VmHWM:")?;
    figure(
        &format!("{IDLE} idle desktops: peak memory of the server"),
        peak,
        "MB",
        None,
        Goal::AtMost(600.0),
    );
    Ok(())
}

async fn watchers(office: &Office, count: usize, board: &std::sync::Arc<Board>) -> Result<Vec<Watcher>> {
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let (seat, place) = office.at(number)?;
        all.push(seat.watch(place, board).await?);
    }
    Ok(all)
}

/// What the kernel says of the server's memory, in megabytes.
pub fn memory_mb(office: &Office, field: &str) -> Result<f64> {
    let process = office.server.id().context("the server's process")?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .context("memory")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
