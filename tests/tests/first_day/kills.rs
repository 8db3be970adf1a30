//! (h): ten people work at ten desktops while the server is killed at twenty random moments, and desktops die beside it. No
//! acknowledged command is lost, no reply is delivered twice, everybody sees the same as far as they may see it, and only where
//! a kill fell between the fence and the provider's answer does a person have to decide.

mod office;
mod promises;
mod rest;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use baton_tests::clock::TestClock;
use baton_tests::server::{Database, ServerProcess};
use futures::future::try_join_all;
use uuid::Uuid;

use crate::desk::Desk;
use office::Office;

const KILLS: usize = 20;

/// The longest the server lives between two kills.
const LIFE_MS: u64 = 1_500;

/// The longest all desktops work between two of their deaths, and the longest one stays dead.
const DESKS_LIVE_MS: u64 = 2_000;

/// How long one command may take through all the kills, and how long the last reply may take to leave.
const PATIENCE: Duration = Duration::from_secs(120);

/// (h)
pub async fn nothing_is_lost_or_doubled(database: Database) -> Result<()> {
    let mut office = Office::open(database).await?;
    let over = AtomicBool::new(false);
    let people = office.people.iter();
    let works = people.map(|person| worker::work(&person.desk, &person.plan, &over));
    let (deeds, kills, (), ()) = tokio::try_join!(
        try_join_all(works),
        kill(&mut office.server, &office.clock, &over),
        desks_die(office.people.iter().map(|person| &person.desk).collect(), &over),
        office::rights_come_and_go(&office.guest, &office.mira, &over),
    )?;

    println!("{}", worker::told(&deeds));

    rest::has_come(&office).await?;
    rest::everybody_sees_what_they_may(&office).await?;
    for (person, deeds) in office.people.iter().zip(&deeds) {
        let (own, replies) = (person.plan.own.len(), deeds.replies.len());
        ensure!(own == replies, "{} gave {replies} replies", person.desk.name);
        promises::notes_are_in_the_log_once(&office, deeds).await?;
        promises::replies_are_delivered_once(&office, deeds, &kills).await?;
    }
    promises::what_many_wanted_has_one_owner(&office, &deeds).await
}

/// Kills the server at random moments and starts it again; gives the moments.
async fn kill(server: &mut ServerProcess, clock: &TestClock, over: &AtomicBool) -> Result<Vec<i64>> {
    let mut moments = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random_below(LIFE_MS))).await;
        server.kill();
        moments.push(clock.now_ms()?);
        server.restart().await?;
    }
    over.store(true, Ordering::Relaxed);
    Ok(moments)
}

/// One desktop after the other dies, or is closed, and is opened again on what lies on its disk.
async fn desks_die(desks: Vec<&Desk>, over: &AtomicBool) -> Result<()> {
    for (turn, desk) in desks.iter().cycle().enumerate() {
        tokio::time::sleep(Duration::from_millis(random_below(DESKS_LIVE_MS))).await;
        if over.load(Ordering::Relaxed) {
            break;
        }
        if turn % 3 == 2 {
            desk.close().await?;
        } else {
            desk.die().await;
        }
        tokio::time::sleep(Duration::from_millis(random_below(DESKS_LIVE_MS))).await;
        desk.open().await?;
    }
    Ok(())
}

/// A number below `end`, different in every run: the moments of the kills are nobody's choice.
fn random_below(end: u64) -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low.rotate_left(17)) % end
}
