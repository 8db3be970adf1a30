//! (i), at desks without a window: under running desktops, and under one that lies dead with work in its outbox, an hour-old
//! backup takes the place of the log. Everybody takes a fresh copy, and what nobody had heard of yet is not lost.

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{ConversationId, Refusal};
use baton_protocol::{Acted, HeldReason, Reply, Request};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::scratch::Scratch;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::replica;
use crate::team::{PASSWORD, Program, SALES, SOON, address_of};

const HOUR_MS: i64 = 3_600_000;

/// Answered before the backup, which holds the reply as queued; it is delivered after it.
const GINA: &str = "Cupboards";

/// Came after the backup.
const IDA: &str = "Carpets";

/// What Anna writes without a network, just before her computer dies.
const NOTE: &str = "She has a second kitchen.";
const REPLY: &str = "Carpets are 90 euros.";

/// What Ben was told is done, and the backup knows nothing of.
const FORGOTTEN: &str = "She pays late.";

/// (i)
pub async fn outboxes_survive(database: Database) -> Result<()> {
    let aside = Scratch::new("backup")?;
    let backup = aside.join("baton.backup");
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    for (name, role) in [("Mira", "manager"), ("Anna", "rep"), ("Ben", "rep")] {
        server.add_member(name, &address_of(name), role, PASSWORD).await?;
    }
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let (mira, anna, ben) = tokio::try_join!(seat("Mira", &server), seat("Anna", &server), seat("Ben", &server))?;
    let everything = Program::of("Mira", &server).await?;

    write(&mail, "gina", GINA).await?;
    let gina = everything.arrival(GINA, SOON).await?;
    everything.answer(&gina, "Cupboards are 300 euros.").await?;
    server.back_up(&backup).await?;
    mail.arrival("gina", SOON, |letter| letter.header("from").contains("sales@"))
        .await?;
    is_settled(&everything).await?;
    write(&mail, "ida", IDA).await?;
    let before = mira.find(IDA).await?;
    let told = ben.note(ben.find(GINA).await?, FORGOTTEN).await?;
    ensure!(matches!(told, Acted::Done { .. }), "Ben's note was answered {told:?}");
    works_alone(&anna, before).await?;
    let went_out = mail.deliveries()?;

    clock.advance_ms(HOUR_MS)?;
    server.kill();
    server.restore(&backup).await?;
    server.restart().await?;
    anna.wire.mend();
    anna.open().await?;

    for desk in [&mira, &ben, &anna] {
        let again = async || Ok((desk.is_at_rest().await && desk.find(IDA).await? != before).then_some(()));
        eventually(&format!("{} to have the new log", desk.name), SOON * 2, again).await?;
        let program = Program::of(&desk.name, &server).await?;
        let replica = replica::agreed(desk, &program).await?;
        // A fresh copy, and not the old one with more in it.
        ensure!(replica.len() == 2, "{} has {} conversations", desk.name, replica.len());
        ensure!(!replica.contains_key(&before), "{} still has the old log", desk.name);
    }
    let notes = notes(&everything).await?;
    ensure!(notes == [NOTE], "in the log: {notes:?}");
    what_has_nowhere_to_go_is_held(&anna).await?;
    is_settled(&everything).await?;
    ensure!(
        mail.deliveries()? == went_out,
        "something went out again: {}",
        mail.logs()
    );
    let (gina, ida) = (mail.inbox_of("gina").await?.len(), mail.inbox_of("ida").await?.len());
    ensure!((gina, ida) == (1, 0), "Gina has {gina} replies, and Ida {ida}");
    Ok(())
}

async fn seat(name: &str, server: &ServerProcess) -> Result<Desk> {
    let desk = Desk::new(name, Wire::to(server.port()).await?).await?;
    desk.join().await?;
    Ok(desk)
}

/// A note where the backup knows the conversation, a reply where it does not; then the power goes.
async fn works_alone(anna: &Desk, ida: ConversationId) -> Result<()> {
    let gina = anna.find(GINA).await?;
    anna.find(IDA).await?;
    anna.wire.cut();
    let note = anna.note(gina, NOTE).await?;
    let opened = anna.look(ida).await?;
    anna.compose(&opened, REPLY).await?;
    let reply = anna.send(ida, opened.last_message).await?;
    for acted in [note, reply] {
        ensure!(matches!(acted, Acted::Pending { .. }), "without a network: {acted:?}");
    }
    anna.die().await;
    Ok(())
}

/// The conversation of the reply is no more. Its text waits in sight until its author decides.
async fn what_has_nowhere_to_go_is_held(anna: &Desk) -> Result<()> {
    let Reply::Held(held) = anna.ask(Request::Held).await? else {
        bail!("no list of what is held");
    };
    let texts = held
        .iter()
        .map(|one| (one.draft.as_ref().map(|draft| draft.text.as_str()), &one.why));
    let refusal = Refusal::Gone;
    let gone = HeldReason::Refused { refusal };
    ensure!(texts.eq([(Some(REPLY), &gone)]), "held: {held:#?}");
    Ok(())
}

/// Waits until Gina's reply is delivered, or a person's to decide.
async fn is_settled(program: &Program) -> Result<()> {
    let settled = ["sent", "unknown"].map(Value::from);
    eventually("the reply to settle", SOON * 2, async || {
        let conversation = program.conversation(GINA).await?;
        let replies = conversation["outbound"].as_array().context("replies")?;
        let all = replies.iter().all(|one| settled.contains(&one["state"]["type"]));
        Ok((all && !replies.is_empty()).then_some(()))
    })
    .await
}

/// The notes in Gina's conversation.
async fn notes(program: &Program) -> Result<Vec<String>> {
    let log = program.with_log(&program.conversation(GINA).await?).await?;
    let entries = log["entries"].as_array().context("a log")?;
    let events = entries.iter().map(|entry| &entry["body"]["event"]);
    let notes = events.filter(|event| event["type"] == json!("noteAdded"));
    Ok(notes
        .filter_map(|note| note["text"].as_str().map(str::to_owned))
        .collect())
}

async fn write(mail: &MailHost, customer: &str, subject: &str) -> Result<()> {
    let raw = format!(
        "From: {customer} <{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{customer}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         What do they cost?\r\n"
    );
    mail.deliver(customer, &[SALES], raw.as_bytes()).await
}
