//! (i): an hour-old backup is restored under the running desktops. Nothing goes out twice, everybody takes a fresh copy, and
//! what somebody did while alone still happens.

use anyhow::{Context, Result, ensure};
use baton_tests::process::eventually;
use baton_tests::scratch::Scratch;
use serde_json::{Value, json};

use crate::hooks;
use crate::team::{Program, SALES, SOON, Team};

const HOUR_MS: i64 = 3_600_000;

/// Answered, and the answer delivered, before the backup.
const HANS: &str = "Shelves";

/// Answered just before the backup, and delivered after it: the backup holds the reply as queued.
const GINA: &str = "Cupboards";

/// Came after the backup.
const IDA: &str = "Carpets";

const NOTE: &str = "Ask him about the second floor.";

/// (i)
pub async fn nothing_goes_out_twice(team: &mut Team) -> Result<()> {
    let aside = Scratch::new("backup")?;
    let backup = aside.join("baton.backup");
    let anna = team.program_of("Anna").await?;
    let hans = enquiry(team, &anna, "hans", HANS).await?;
    anna.answer(&hans, "Shelves are 40 euros.").await?;
    arrives_at(team, "hans").await?;
    is_settled(&anna, HANS).await?;
    let gina = enquiry(team, &anna, "gina", GINA).await?;
    anna.answer(&gina, "Cupboards are 300 euros.").await?;
    team.server.back_up(&backup).await?;
    arrives_at(team, "gina").await?;
    is_settled(&anna, GINA).await?;
    enquiry(team, &anna, "ida", IDA).await?;
    let went_out = team.mail.deliveries()?;

    // Ben is alone, and does something that nobody knows of yet.
    team.ben.look_at("waiting").await?;
    let number = hans["number"].as_u64().context("a number")?;
    team.ben.open(number).await?;
    team.ben.wire.cut();
    let is_alone = |text: &str| text.contains("Offline");
    team.ben
        .desktop
        .wait_until(&hooks::connection(), SOON * 2, is_alone)
        .await?;
    team.ben.note(NOTE).await?;

    team.clock.advance_ms(HOUR_MS)?;
    team.server.kill();
    team.server.restore(&backup).await?;
    team.server.restart().await?;
    team.ben.wire.mend();

    eventually("Ben's note", SOON * 2, async || {
        Ok((notes(&anna).await? > 0).then_some(()))
    })
    .await?;
    ensure!(notes(&anna).await? == 1, "Ben's note was applied more than once");
    is_settled(&anna, GINA).await?;
    // The mailbox still holds what came after the backup: it is taken in again, once.
    anna.arrival(IDA, SOON * 2).await?;
    let again = anna.conversations().await?;
    let idas = again.iter().filter(|one| one["subject"] == IDA).count();
    ensure!(idas == 1, "Ida's letter became {idas} conversations");
    for rep in [&team.anna, &team.ben] {
        rep.look_at("unassigned").await?;
        let is_ida = |row: &str| row.contains(IDA);
        rep.desktop.wait_until(&hooks::rows(), SOON, is_ida).await?;
        let rows = rep.desktop.texts(&hooks::rows()).await?;
        let shown = rows.iter().filter(|row| row.contains(IDA)).count();
        ensure!(shown == 1, "{} sees it {shown} times: {rows:#?}", rep.who.name());
    }

    ensure!(
        team.mail.deliveries()? == went_out,
        "something went out again: {}",
        team.mail.logs()
    );
    for customer in ["hans", "gina"] {
        let inbox = team.mail.inbox_of(customer).await?;
        ensure!(inbox.len() == 1, "{customer} has {} replies", inbox.len());
    }
    Ok(())
}

/// A customer writes; gives the conversation.
async fn enquiry(team: &Team, program: &Program, customer: &str, subject: &str) -> Result<Value> {
    let raw = format!(
        "From: {customer} <{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{customer}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         What do they cost?\r\n"
    );
    team.mail.deliver(customer, &[SALES], raw.as_bytes()).await?;
    program.arrival(subject, SOON).await
}

async fn arrives_at(team: &Team, customer: &str) -> Result<()> {
    team.mail
        .arrival(customer, SOON, |letter| letter.header("from").contains("sales@"))
        .await?;
    Ok(())
}

/// Waits until no reply of the conversation is on its way, and sees that it went or waits for a person.
async fn is_settled(program: &Program, subject: &str) -> Result<()> {
    let settled = ["sent", "unknown"].map(Value::from);
    eventually("the reply to settle", SOON * 2, async || {
        let conversation = program.conversation(subject).await?;
        let replies = conversation["outbound"].as_array().context("replies")?;
        let all = replies.iter().all(|one| settled.contains(&one["state"]["type"]));
        Ok((all && !replies.is_empty()).then_some(()))
    })
    .await
}

/// How many times Ben's note is in the log.
async fn notes(program: &Program) -> Result<usize> {
    let log = program.with_log(&program.conversation(HANS).await?).await?;
    let entries = log["entries"].as_array().context("a log")?;
    Ok(entries
        .iter()
        .filter(|entry| entry["body"]["event"]["text"] == json!(NOTE))
        .count())
}
