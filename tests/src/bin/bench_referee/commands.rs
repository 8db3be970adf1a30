//! Commands that are durable before they are answered, given by many desktops at once, each waiting for its answer before the next.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use baton_domain::{CommandBody, ConversationId};
use serde_json::json;

use crate::bare::Bare;
use crate::figure::{Goal, Times, figure};
use crate::office::Office;

/// Desktops that work at once.
const CLIENTS: usize = 64;
/// Commands of one measurement.
pub const COMMANDS: usize = 10_000;
/// How long rows are put in for comparison.
const BARE: Duration = Duration::from_secs(2);
/// A command is answered within this, in milliseconds, at the 99th percentile.
const P99_MS: f64 = 50.0;

/// Commands given at once.
struct Given {
    a_second: f64,
    times: Times,
}

/// Measures on a database whose goal is so many commands a second.
pub async fn measure(office: &mut Office, mut bare: Bare, database: &str, goal: f64) -> Result<()> {
    let next_step = |number: usize| CommandBody::SetNextStep {
        text: format!("Call them about offer {number}"),
    };
    let own = all_at_once(office, &own(office)?, next_step).await?;
    show(
        &own,
        "distinct conversations",
        database,
        rows_a_second(&mut bare).await?,
        goal,
    );

    // What was there before is closed, and what is closed is not routed.
    all_at_once(office, &office.conversations, |_| CommandBody::Reopen).await?;
    in_turns(office).await?;
    let hot = all_at_once(office, &office.conversations, |_| CommandBody::Route).await?;
    show(
        &hot,
        "one inbox, leads routed in turns",
        database,
        rows_a_second(&mut bare).await?,
        goal,
    );
    Ok(())
}

fn show(given: &Given, what: &str, database: &str, bare: f64, goal: f64) {
    let peer = format!("bare rows, {CLIENTS} a commit");
    let name = format!("commands of {CLIENTS} desktops, {what}, {database}");
    figure(&name, given.a_second, "/s", Some((&peer, bare)), Goal::AtLeast(goal));
    let p99 = given.times.percentile(99);
    figure(&format!("{name}, p99"), p99, "ms", None, Goal::AtMost(P99_MS));
}

/// As many conversations as there are desktops, again and again: each desktop works on its own.
fn own(office: &Office) -> Result<Vec<ConversationId>> {
    let own = office.conversations.get(..CLIENTS).context("conversations")?;
    Ok(own.iter().copied().cycle().take(COMMANDS).collect())
}

/// Gives a command in each of these conversations: one desktop every 64th of them.
async fn all_at_once(
    office: &Office,
    conversations: &[ConversationId],
    body: impl Fn(usize) -> CommandBody + Copy + Send + 'static,
) -> Result<Given> {
    ensure!(conversations.len() >= COMMANDS, "too few conversations");
    let mut desks = Vec::new();
    let (mira, _) = office.at(0)?;
    let mut place = mira.place().await?;
    for number in 0..CLIENTS {
        // Routing again is for those who run the inbox.
        let (seat, own) = office.at(0)?;
        place.scopes.clone_from(&own.scopes);
        let desk = seat.work(&place).await?;
        let given: Vec<_> = (number..COMMANDS).step_by(CLIENTS).collect();
        let given: Vec<_> = given
            .into_iter()
            .filter_map(|nth| Some((nth, *conversations.get(nth)?)))
            .collect();
        desks.push((desk, given));
    }
    let began = Instant::now();
    let working: Vec<_> = desks
        .into_iter()
        .map(|(mut desk, given)| {
            tokio::spawn(async move {
                let mut times = Times::default();
                for (nth, conversation) in given {
                    let done = desk.submit(conversation, body(nth)).await?;
                    times.add(done.answered - done.given);
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Times::default();
    for desk in working {
        times.extend(desk.await??);
    }
    #[allow(clippy::cast_precision_loss, reason = "thousands")]
    let a_second = times.count() as f64 / began.elapsed().as_secs_f64();
    Ok(Given { a_second, times })
}

/// Puts a rule in force that shares every lead among all members in turn.
async fn in_turns(office: &Office) -> Result<()> {
    let pool: Vec<_> = office
        .seats
        .iter()
        .map(|(seat, _)| json!({ "member": seat.member }))
        .collect();
    let rules = json!({ "rules": [{
        "id": uuid::Uuid::from_u128(1),
        "name": "Everybody in turn",
        "when": { "type": "all", "of": [] },
        "then": [{ "type": "distribute", "by": "roundRobin", "pool": pool }],
    }] });
    let put = json!({ "basedOn": 0, "rules": rules });
    let answer = office
        .api
        .call(reqwest::Method::PUT, "/v1/rules", Some(&put))
        .await?
        .good()?;
    ensure!(answer["answer"]["type"] == "done", "the rules were answered {answer}");
    Ok(())
}

/// Rows put in durably, as many a commit as there are desktops: what the database could do at best.
async fn rows_a_second(bare: &mut Bare) -> Result<f64> {
    let (mut rows, mut spent) = (0.0, Duration::ZERO);
    while spent < BARE {
        spent += bare.commit(CLIENTS).await?;
        rows += 64.0;
    }
    Ok(rows / spent.as_secs_f64())
}
