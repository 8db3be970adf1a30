//! What a mailbox costs after its first day: nothing new, a little new, and a message that comes while people watch.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use baton_client::Desktop;
use baton_protocol::{ListQuery, Reply, Request, View};
use baton_tests::clock::TestClock;
use baton_tests::engine;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::scratch::Scratch;
use baton_tests::server::{Api, Database, ServerProcess};
use tokio::time::sleep;

use crate::{EMAIL, PASSWORD, PATIENCE, USER, is_searchable, letters};

/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How many messages are pushed, and how long after one another: Dovecot tells of changes of one mailbox at most every half second, and a
/// shorter pause would measure that.
const PUSHED: usize = 40;
const PAUSE: Duration = Duration::from_millis(700);

/// From starting the server again until its mailbox is up to date, nothing having come meanwhile.
pub async fn nothing_new(server: &mut ServerProcess, api: &Api) -> Result<Duration> {
    server.stop().await?;
    let began = Instant::now();
    server.restart().await?;
    loop {
        let health = api.get("/v1/health").await?;
        if health["accounts"][0]["state"]["type"] == "upToDate" {
            return Ok(began.elapsed());
        }
        ensure!(began.elapsed() < PATIENCE, "never up to date: {health}");
        sleep(LOOK_EVERY).await;
    }
}

/// From starting the server again until `more` messages that came meanwhile are searchable, as many others having been starred.
pub async fn a_little_new(
    server: &mut ServerProcess,
    api: &Api,
    mail: &MailHost,
    count: usize,
    more: usize,
) -> Result<Duration> {
    let account = crate::account(api).await?;
    server.stop().await?;
    letters::go_on(&mail.maildir_of(USER)?, count, more)?;
    mail.give_to_dovecot(USER).await?;
    let began = Instant::now();
    server.restart().await?;
    loop {
        let balance = api.get(&format!("/v1/accounts/{account}/balance")).await?;
        let accounted = balance["received"].as_u64().unwrap_or(0);
        if usize::try_from(accounted)? >= count + more && is_searchable(api).await? {
            return Ok(began.elapsed());
        }
        ensure!(began.elapsed() < PATIENCE, "what came meanwhile is never there");
        sleep(LOOK_EVERY).await;
    }
}

/// From Dovecot telling of a message to its row in the list of a desktop, in milliseconds, sorted. The desktop is a whole one
/// without a window, with its replica sealed on the disk.
pub async fn pushed() -> Result<Vec<f64>> {
    let mail = MailHost::start().await?;
    let clock = TestClock::new()?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Mira", EMAIL, "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, USER, "Sales", "together").await?;
    server.restart().await?;
    let scratch = Scratch::new("bench-desktop")?;
    let desktop = engine::start(&scratch, "A bench").await?;
    engine::join(&desktop, server.url(), EMAIL, PASSWORD).await?;
    eventually("the mailbox to be up to date", PATIENCE, async || {
        let api = server.sign_in(EMAIL, PASSWORD).await?;
        let health = api.get("/v1/health").await?;
        Ok((health["accounts"][0]["state"]["type"] == "upToDate").then_some(()))
    })
    .await?;
    let strangers: Vec<Vec<u8>> = (0..PUSHED).map(letters::stranger).collect();
    let (told, shown) = tokio::try_join!(mail.push(USER, &strangers, PAUSE), watch(&desktop))?;
    desktop.stop().await;
    let mut times: Vec<f64> = told
        .iter()
        .zip(shown)
        .map(|(told, shown)| (shown - told).max(0.0))
        .collect();
    eprintln!("one after the other, in ms: {times:.0?}");
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// When each message was listed first.
async fn watch(desktop: &Desktop) -> Result<Vec<f64>> {
    let query = ListQuery {
        view: View::All,
        inbox: None,
        owner: None,
        sort: None,
        offset: 0,
        limit: 50,
    };
    let mut events = desktop.events();
    let mut shown = Vec::new();
    let began = Instant::now();
    while shown.len() < PUSHED {
        let Reply::List(page) = engine::ask(desktop, Request::List(query.clone())).await? else {
            bail!("no list");
        };
        while shown.len() < usize::try_from(page.total)? {
            shown.push(baton_clock::now_ms() as f64);
        }
        ensure!(began.elapsed() < PATIENCE, "only {} messages came", shown.len());
        let _ = tokio::time::timeout(Duration::from_secs(1), events.recv()).await;
    }
    Ok(shown)
}
