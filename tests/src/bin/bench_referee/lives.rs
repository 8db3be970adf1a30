//! The simulator: team lives in a minute, on as many cores as there are.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use baton_tests::programs::built_by;

use crate::figure::{Goal, figure};

/// Lives of one core.
const SEEDS: u64 = 300;
/// Goal: ten thousand in ten minutes on two cores.
const A_MINUTE: f64 = 1000.0;
const CORES: u64 = 2;

/// Lives through as many seeds on each of two cores, and none may fail.
pub async fn measure() -> Result<()> {
    let program = built_by("sim", "baton-sim")?;
    let began = Instant::now();
    let mut running = Vec::new();
    for core in 0..CORES {
        let mut sim = Command::new(&program);
        sim.args(["--week", "--workers", "1"]);
        sim.args(["--seeds", &SEEDS.to_string(), "--seed", &(core * SEEDS + 1).to_string()]);
        let mut sim = tokio::process::Command::from(sim);
        running.push(sim.kill_on_drop(true).stdout(std::process::Stdio::piped()).spawn()?);
    }
    let mut accepted = 0.0;
    for sim in running {
        let ended = tokio::time::timeout(Duration::from_secs(1800), sim.wait_with_output()).await??;
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(ended.status.success(), "a life went wrong: {told}");
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix("accepted "))
            .context("a tally")?;
        let count: f64 = line.split(':').next().unwrap_or_default().parse()?;
        accepted += count;
    }
    let lives = f64::from(u32::try_from(SEEDS * CORES)?);
    let a_minute = lives / began.elapsed().as_secs_f64() * 60.0;
    let name = format!("team lives simulated on {CORES} cores, none failing");
    figure(&name, a_minute, "/min", None, Goal::AtLeast(A_MINUTE));
    figure(
        "commands accepted in a simulated life",
        accepted / lives,
        "/life",
        None,
        Goal::AtLeast(500.0),
    );
    Ok(())
}
