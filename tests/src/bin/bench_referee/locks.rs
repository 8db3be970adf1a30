//! A reply lock is taken, and told to everybody who watches.
//!
//! Beside it, in turns of a few rounds within the same run: Redis takes a lock and publishes it to as many subscribers, which are the same
//! receivers, and a bare commit of the same database is added, because Baton's lock is durable before anybody hears of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use baton_domain::CommandBody;
use baton_tests::redis::Redis;

use crate::bare::Bare;
use crate::desks::{Board, Desk, Watcher};
use crate::figure::{Goal, Times, figure};
use crate::office::Office;
use crate::redis::Fanout;

/// Rounds before anything counts.
const WARM: usize = 20;
/// Rounds of one side before it is the other's turn.
const TURN: usize = 20;
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(2);

/// What was measured: until each of the listeners knew, and until the last of them did.
#[derive(Debug, Default)]
struct Told {
    each: Times,
    last: Times,
}

impl Told {
    fn add(&mut self, began: Instant, heard: &[Instant], beside: Duration) {
        let after = |at: &Instant| at.saturating_duration_since(began) + beside;
        for at in heard {
            self.each.add(after(at));
        }
        if let Some(last) = heard.iter().max() {
            self.last.add(after(last));
        }
    }
}

/// Measures with so many watching desktops. Gives the figures of [`Goal`]s only where the mission sets them: 100 beside the peer, 1,000 alone.
pub async fn measure(
    office: &mut Office,
    mut bare: Bare,
    database: &str,
    watchers: usize,
    rounds: usize,
) -> Result<()> {
    office.refresh().await?;
    let board = Board::new(watchers);
    let mut watching: Vec<Watcher> = Vec::with_capacity(watchers);
    for number in 0..watchers {
        let (seat, place) = office.at(number)?;
        watching.push(seat.watch(place, &board).await?);
    }
    let (seat, place) = office.at(1)?;
    let mut desk = seat.work(place).await?;
    let mut conversations = office.conversations.iter().copied().cycle();
    let mut next = || conversations.next().context("a conversation");

    let (mut ours, mut theirs) = (Told::default(), Told::default());
    for _ in 0..WARM {
        lock(&mut desk, &board, next()?, &mut Told::default()).await?;
    }
    let redis = Redis::start().await?;
    let mut fanout = Fanout::open(&redis, watchers, board.longest()).await?;
    for _ in 0..WARM {
        fanout.lock().await?;
        bare.commit(1).await?;
    }
    while ours.last.count() < rounds {
        for _ in 0..TURN {
            lock(&mut desk, &board, next()?, &mut ours).await?;
            tokio::time::sleep(PAUSE).await;
        }
        for _ in 0..TURN {
            let committed = bare.commit(1).await?;
            let (began, heard) = fanout.lock().await?;
            theirs.add(began, &heard, committed);
            tokio::time::sleep(PAUSE).await;
        }
    }
    drop(watching);

    let peer = "Redis SET NX and PUBLISH, and a bare commit";
    let goals = if watchers == 100 {
        [Goal::Times(3.0), Goal::Times(4.0)]
    } else {
        [Goal::None, Goal::AtMost(40.0)]
    };
    for (whom, ours, theirs) in [
        ("each", &ours.each, &theirs.each),
        ("the last", &ours.last, &theirs.last),
    ] {
        for (percent, goal) in [50, 99].into_iter().zip(goals) {
            figure(
                &format!("lock taken and told to {whom} of {watchers} desktops, {database}, p{percent}"),
                ours.percentile(percent),
                "ms",
                Some((peer, theirs.percentile(percent))),
                goal,
            );
        }
    }
    Ok(())
}

/// One lock, taken, told to all and given back.
async fn lock(
    desk: &mut Desk,
    board: &Board,
    conversation: baton_domain::ConversationId,
    told: &mut Told,
) -> Result<()> {
    let taken = desk.submit(conversation, CommandBody::TakeLock { cover: true }).await?;
    told.add(taken.given, &board.times_of(taken.number).await?, Duration::ZERO);
    let back = CommandBody::ReleaseLock { token: taken.number };
    let back = desk.submit(conversation, back).await?;
    board.times_of(back.number).await?;
    Ok(())
}
