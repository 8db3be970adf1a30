//! (j): a mailbox with years of mail is connected. Nothing is said, nothing starts, nothing goes out; what nobody answered in
//! the last thirty days is listed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, Seed, address};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use serde_json::{Value, json};

use crate::hooks;
use crate::rep::Rep;
use crate::team::{PASSWORD, Program, SALES, SOON, Who, address_of};

/// How many enquiries the mailbox holds; with their answers it is about two thousand letters.
const ENQUIRIES: usize = 1_010;

/// One enquiry in so many hours: the oldest is more than three years old.
const EVERY_HOURS: i64 = 27;

/// Those of the last thirty days that nobody answered, by their place from the newest.
const LEFT_OVER: [usize; 7] = [0, 3, 4, 9, 15, 21, 25];

/// Older ones that nobody answered either.
const FORGOTTEN: [usize; 5] = [40, 77, 130, 500, 900];

const HOUR_MS: i64 = 3_600_000;

/// How long the first sync may take on a busy machine.
const SYNC: Duration = Duration::from_secs(240);

/// (j)
pub async fn nothing_starts(database: Database) -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    fill(&mail, clock.now_ms()?).await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    server
        .add_member("Mira", &address_of("Mira"), "manager", PASSWORD)
        .await?;
    server.add_member("Anna", &address_of("Anna"), "rep", PASSWORD).await?;
    server.restart().await?;
    let anna = Rep::seat(Who::Anna, &server, &clock).await?;
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;

    let mira = Program::of("Mira", &server).await?;
    eventually("the first sync", SYNC, async || {
        let health = mira.health_of(&address(SALES)).await?;
        Ok((health["state"]["type"] == "upToDate").then_some(()))
    })
    .await?;
    let conversations = mira.conversations().await?;
    ensure!(
        conversations.len() == ENQUIRIES,
        "{} conversations",
        conversations.len()
    );
    for one in &conversations {
        ensure!(has_started_nothing(one), "something began by itself: {one:#}");
    }

    anna.look_at("leftOver").await?;
    let rows = eventually("the list of what is left over", SOON, async || {
        let rows = anna.desktop.texts(&hooks::rows()).await?;
        Ok((rows.len() >= LEFT_OVER.len()).then_some(rows))
    })
    .await?;
    for place in LEFT_OVER {
        let listed = rows.iter().filter(|row| row.contains(&subject(place))).count();
        ensure!(listed == 1, "{} is listed {listed} times: {rows:#?}", subject(place));
    }
    ensure!(rows.len() == LEFT_OVER.len(), "more than what is left over: {rows:#?}");

    let shown = anna.desktop.session().notifications().shown();
    ensure!(shown.is_empty(), "somebody was told: {shown:#?}");
    ensure!(mail.deliveries()? == 0, "something went out: {}", mail.logs());
    Ok(())
}

/// History waits for nothing, is due at no time, and sends nothing.
fn has_started_nothing(one: &Value) -> bool {
    let nothing = json!([]);
    one["history"] == true && one["followUp"].is_null() && one["owner"].is_null() && one["outbound"] == nothing
}

/// Fills the mailbox with enquiries and, in Sent, the answers to most of them.
async fn fill(mail: &MailHost, now_ms: i64) -> Result<()> {
    let places: Vec<usize> = (0..ENQUIRIES).collect();
    // A mail program files them a few hundred at a time, too.
    for some in places.chunks(250) {
        let mut inbox = Vec::new();
        let mut sent = Vec::new();
        for place in some.iter().copied() {
            let ago = i64::try_from(place).context("a place")? * EVERY_HOURS + 2;
            let asked_at = now_ms - ago * HOUR_MS;
            let answered = !(LEFT_OVER.contains(&place) || FORGOTTEN.contains(&place));
            let flags: &[&str] = if answered {
                &["\\Seen", "\\Answered"]
            } else {
                &["\\Seen"]
            };
            inbox.push(Seed::new(&enquiry(place), asked_at, flags));
            if answered {
                sent.push(Seed::new(&answer(place), asked_at + HOUR_MS, &["\\Seen"]));
            }
        }
        mail.seed(SALES, "INBOX", &inbox).await?;
        mail.seed(SALES, "Sent", &sent).await?;
    }
    Ok(())
}

fn subject(place: usize) -> String {
    format!("Enquiry No. {place:04}")
}

fn enquiry(place: usize) -> Vec<u8> {
    let customer = place % 60;
    format!(
        "From: Customer {customer} <customer{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: {}\r\n\
         Message-ID: <q{place}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         What does number {place} cost?\r\n",
        subject(place)
    )
    .into_bytes()
}

fn answer(place: usize) -> Vec<u8> {
    let customer = place % 60;
    format!(
        "From: Sales <sales@baton.test>\r\nTo: customer{customer}@baton.test\r\nSubject: Re: {}\r\n\
         Message-ID: <a{place}@baton.test>\r\nIn-Reply-To: <q{place}@customer.test>\r\n\
         References: <q{place}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Number {place} costs 90 euros.\r\n",
        subject(place)
    )
    .into_bytes()
}
