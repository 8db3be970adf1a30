//! The day with three servers on one PostgreSQL: Anna's desktop is at one, Ben's at another, the programs at the third. Two of them die
//! in the middle of work, the desktops move on, and nobody gets an answer twice or none.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_tests::desktop::words;
use baton_tests::mail::address;
use baton_tests::process::eventually;
use serde_json::{Value, json};

use crate::hooks;
use crate::morning::{self, Morning};
use crate::rep::Rep;
use crate::team::{PASSWORD, Program, SALES, SOON, Team, address_of};
use crate::{follow_up, offline};

/// A mailbox's lease runs out after a minute, and whoever goes on signs in anew.
const TAKE_OVER: Duration = Duration::from_secs(150);

/// How many customers write while a server dies.
const CUSTOMERS: usize = 6;

/// The whole day.
pub async fn the_day(database: baton_tests::server::Database) -> Result<()> {
    let mut team = Team::gather_at_three(database).await?;
    each_says_how_the_mailbox_is(&team).await.context("health")?;
    let morning = morning::one_customer_one_reply(&team).await?;
    offline::work_without_a_network(&team, &morning).await.context("(g)")?;
    first_dies(&mut team, &morning).await.context("the first server dies")?;
    second_dies(&mut team, &morning)
        .await
        .context("the second server dies")?;
    // With three schedulers again, what falls due is said once.
    team.server.restart().await?;
    for other in &mut team.beside {
        if other.id().is_none() {
            other.restart().await?;
        }
    }
    follow_up::one_alert_that_moves(&mut team, &morning)
        .await
        .context("(f)")
}

/// One server reads the mailbox, and all of them say how it is doing, and have it tested.
async fn each_says_how_the_mailbox_is(team: &Team) -> Result<()> {
    let sales = address(SALES);
    for server in team.beside.iter().chain([&team.server]) {
        let mira = Program::of("Mira", server).await?;
        eventually("the mailbox to be up to date", SOON * 2, async || {
            // A server that has not heard of it yet says nothing of it, or that it is being connected.
            let health = mira.health_of(&sales).await.ok();
            Ok(health.filter(|health| health["state"]["type"] == "upToDate").map(drop))
        })
        .await?;
    }
    team.server
        .add_member("Olga", &address_of("Olga"), "admin", PASSWORD)
        .await?;
    // She was made known at one server, and is known at the others a moment later.
    let olga = eventually("Olga to be known", SOON, async || {
        Ok(team.program_of("Olga").await.ok())
    })
    .await?;
    let trial = olga.test_mailbox(&sales).await?;
    let steps = trial["steps"].as_array().context("the steps of a test")?;
    let failed = steps.iter().filter(|step| !step["failed"].is_null()).count();
    ensure!(failed == 0 && steps.len() == 5, "{trial}");
    Ok(())
}

/// Anna's server dies while customers write and her answer is on its way. Her desktop goes on at Ben's server.
async fn first_dies(team: &mut Team, morning: &Morning) -> Result<()> {
    let gina = enquiry(team, morning, "gina", "Shelves").await?;
    let text = "Hello Gina, shelves are 120 euros.";
    claim_and_write(&team.anna, &gina, text).await?;
    for customer in 0..CUSTOMERS {
        let (name, subject) = (format!("customer{customer}"), format!("Enquiry {customer}"));
        team.mail.deliver(&name, &[SALES], &letter(&name, &subject)).await?;
    }
    // The answer is at the server, or is not: nobody knows, and it must not matter.
    team.anna.press_send().await?;
    team.server.kill();
    let second = team.beside.first().context("a second server")?.port();
    team.anna.wire.lead_to(second);

    delivered(team, &morning.mira, &gina, text).await?;
    for customer in 0..CUSTOMERS {
        let subject = format!("Enquiry {customer}");
        morning.mira.arrival(&subject, TAKE_OVER).await?;
        let mira = &morning.mira;
        let lead = listed_once(mira, &subject).await?;
        // She sees to them: what is due later is told apart from what nobody has taken.
        let take = json!({ "type": "assign", "to": mira.me()["id"], "context": null });
        ensure!(mira.refusal_of(&lead, &take).await?.is_none(), "Mira could not take it");
    }
    // What was kept at the dead server is there: Carl's own words, raw, through another one.
    raw_is_there(&morning.mira, &gina).await
}

/// Ben's server, where both are now, dies before its answer is known. The third one goes on alone.
async fn second_dies(team: &mut Team, morning: &Morning) -> Result<()> {
    let hugo = enquiry(team, morning, "hugo", "Drawers").await?;
    let text = "Hello Hugo, drawers are 80 euros.";
    claim_and_write(&team.ben, &hugo, text).await?;
    team.ben.press_send().await?;
    team.beside.first_mut().context("a second server")?.kill();
    let third = team.beside.last().context("a third server")?.port();
    for rep in [&team.anna, &team.ben] {
        rep.wire.lead_to(third);
    }

    delivered(team, &morning.mira, &hugo, text).await?;
    // Both see how it stands, and what each customer got is one letter.
    let number = hugo["number"].as_u64().context("a number")?;
    for rep in [&team.anna, &team.ben] {
        rep.look_at("waiting").await?;
        rep.desktop.wait_for(&hooks::row(number), TAKE_OVER).await?;
    }
    settled(team, morning).await?;
    for (customer, text) in [("gina", "shelves are 120"), ("hugo", "drawers are 80")] {
        let letters = team.mail.inbox_of(customer).await?;
        let [letter] = letters.as_slice() else {
            bail!("{customer} has {} letters: {letters:#?}", letters.len());
        };
        ensure!(letter.text.contains(text), "{letter:?}");
    }
    Ok(())
}

/// A customer writes, and both desktops show it.
async fn enquiry(team: &Team, morning: &Morning, customer: &str, subject: &str) -> Result<Value> {
    team.mail
        .deliver(customer, &[SALES], &letter(customer, subject))
        .await?;
    let found = morning.mira.arrival(subject, TAKE_OVER).await?;
    let number = found["number"].as_u64().context("a number")?;
    for rep in [&team.anna, &team.ben] {
        rep.look_at("unassigned").await?;
        rep.desktop.wait_for(&hooks::row(number), TAKE_OVER).await?;
    }
    Ok(found)
}

/// Somebody takes it and writes, but does not send yet.
async fn claim_and_write(rep: &Rep, conversation: &Value, text: &str) -> Result<()> {
    let number = conversation["number"].as_u64().context("a number")?;
    rep.open(number).await?;
    rep.desktop.press("c").await?;
    let theirs = |owner: &str| owner.contains(rep.who.name());
    rep.desktop.wait_until(&hooks::owner(), SOON, theirs).await?;
    rep.desktop.press("r").await?;
    rep.desktop.type_into(&hooks::composer(), text, SOON).await?;
    Ok(())
}

/// Waits until the customer has the answer.
async fn delivered(team: &Team, mira: &Program, conversation: &Value, text: &str) -> Result<()> {
    let email = conversation["contact"]["email"].as_str().context("an address")?;
    let customer = email.split('@').next().context("a name")?;
    let arrived = team
        .mail
        .arrival(customer, TAKE_OVER, |letter| letter.text.contains(text))
        .await;
    let Err(error) = arrived else { return Ok(()) };
    let now = mira.with_log(conversation).await?;
    let logs: Vec<String> = team.beside.iter().map(|server| server.log_tail()).collect();
    let mut windows = String::new();
    for rep in [&team.anna, &team.ben] {
        let window = rep.desktop.wait_for("body", SOON).await?;
        windows.push_str(&words(&window).await?);
        windows.push_str("\n--\n");
    }
    bail!(
        "{customer} has no answer: {:#}\nof {:#}\n{windows}{}\n{:.300}",
        now["conversation"]["outbound"],
        now["conversation"]["lock"],
        logs.join("\n--\n"),
        format!("{error:#}")
    )
}

/// Nothing is on its way any more, and nobody has to decide anything.
async fn settled(team: &Team, morning: &Morning) -> Result<()> {
    eventually("everything to be sent", TAKE_OVER, async || {
        let all = morning.mira.conversations().await?;
        let states = all
            .iter()
            .flat_map(|one| one["outbound"].as_array().into_iter().flatten());
        let mut open = states.filter(|outbound| outbound["state"]["type"] != "sent");
        Ok(open.next().is_none().then_some(()))
    })
    .await
    .with_context(|| {
        let logs = team.beside.iter().map(|server| server.log_tail());
        logs.collect::<Vec<_>>().join("\n--\n")
    })
}

async fn listed_once(program: &Program, subject: &str) -> Result<Value> {
    let mut all = program.conversations().await?;
    all.retain(|one| one["subject"] == subject);
    ensure!(all.len() == 1, "{subject:?} is there {} times", all.len());
    all.pop().context("none")
}

/// The message's raw bytes, which another server wrote, are read through this one.
async fn raw_is_there(program: &Program, conversation: &Value) -> Result<()> {
    let log = program.with_log(conversation).await?;
    let entries = log["entries"].as_array().context("a log")?;
    let raw = entries
        .iter()
        .find_map(|entry| entry["body"]["event"]["message"]["blob"].as_str())
        .context("a raw message")?;
    let answer = program.blob(raw).await?;
    ensure!(answer.contains("Message-ID:"), "{answer}");
    Ok(())
}

fn letter(customer: &str, subject: &str) -> Vec<u8> {
    format!(
        "From: {customer} <{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{customer}@customer.test>\r\n\r\nWhat do you ask for {subject}?\r\n"
    )
    .into_bytes()
}
