//! A new desktop: how soon there is something to see, and how soon everything is there.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use baton_client::Desktop;
use baton_protocol::{ListQuery, Reply, Request, View};
use baton_tests::engine;
use baton_tests::scratch::Scratch;

use crate::figure::{Goal, figure};
use crate::office::{EMAIL, Office, PASSWORD};

/// How long it may take before something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(600);
/// Rows of a screen.
const SCREEN: u64 = 50;

/// A whole desktop without a window, its replica sealed on the disk, from signing in on.
pub async fn measure(office: &Office) -> Result<()> {
    let count = office.conversations.len();
    let scratch = Scratch::new("bench-desktop")?;
    let desktop = engine::start(&scratch, "A bench").await?;
    let mut events = desktop.events();
    let began = Instant::now();
    let joining = engine::join(&desktop, office.server.url(), EMAIL, PASSWORD);
    let watching = async {
        let mut screen = None;
        loop {
            let listed = listed(&desktop).await?;
            if screen.is_none() && listed >= SCREEN.min(u64::try_from(count)?) {
                screen = Some(began.elapsed());
            }
            if listed >= u64::try_from(count)? {
                return anyhow::Ok((screen.unwrap_or_default(), began.elapsed()));
            }
            ensure!(began.elapsed() < PATIENCE, "only {listed} conversations came");
            // A window lists when it is told; only the first screen is looked for more often than that.
            let patience = if screen.is_none() { 50 } else { 250 };
            let _ = tokio::time::timeout(Duration::from_millis(patience), events.recv()).await;
        }
    };
    let ((), (screen, whole)) = tokio::try_join!(joining, watching)?;
    desktop.stop().await;
    let name = format!("a new desktop, {count} conversations");
    figure(
        &format!("{name}: the first screen"),
        screen.as_secs_f64(),
        "s",
        None,
        Goal::AtMost(1.0),
    );
    figure(
        &format!("{name}: all rows and documents"),
        whole.as_secs_f64(),
        "s",
        None,
        Goal::AtMost(10.0),
    );
    Ok(())
}

/// How many conversations its list has; none before it has joined.
async fn listed(desktop: &Desktop) -> Result<u64> {
    let query = ListQuery {
        // A past that was taken in is closed.
        view: View::Closed,
        inbox: None,
        owner: None,
        sort: None,
        offset: 0,
        limit: 50,
    };
    match desktop.call(Request::List(query)).await {
        Ok(Reply::List(page)) => Ok(u64::from(page.total)),
        Ok(_) => bail!("no list"),
        Err(_) => Ok(0),
    }
}
