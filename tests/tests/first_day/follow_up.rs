//! (f): no answer comes. The follow-up falls due, is said once, moves by an hour with one press, and is said once more.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baton_tests::notifications::Notification;
use baton_tests::process::eventually;
use serde_json::json;
use uuid::Uuid;

use crate::hooks;
use crate::morning::{Morning, SUBJECT};
use crate::team::{SOON, Team};

const HOUR_MS: i64 = 3_600_000;

/// What a follow-up's notification offers.
const BUTTONS: [&str; 3] = ["Open", "In 1 hour", "Done"];

/// The machine's clock goes on while the test works: two instants this near are the same.
const NEAR_MS: i64 = 120_000;

/// (f)
pub async fn one_alert_that_moves(team: &mut Team, morning: &Morning) -> Result<()> {
    let due = due(morning).await?.context("a follow-up after the reply")?;
    ensure!(alerts(team, morning).is_empty(), "said before it was due");
    nothing_else_is_due(morning).await?;

    team.clock.jump_to(due + 1000)?;
    let alert = said(team, morning, 1).await.context("the first alert")?;
    let labels: Vec<&str> = alert.actions.iter().map(|(_, label)| label.as_str()).collect();
    ensure!(BUTTONS.iter().all(|button| labels.contains(button)), "{labels:?}");
    let desk = team.rep(morning.winner).desktop.session();
    desk.notifications().press(&alert, "In 1 hour").await?;
    let moved = eventually("the follow-up to move", SOON, async || {
        Ok(self::due(morning).await?.filter(|moved| *moved != due))
    })
    .await?;
    let expected = team.clock.now_ms()? + HOUR_MS;
    ensure!(
        (expected - NEAR_MS..=expected).contains(&moved),
        "moved to {moved}, and not to {expected}"
    );

    let desktop = &mut team.rep_mut(morning.winner).desktop;
    desktop.restart().await?;
    desktop.wait_for(&hooks::view("mine"), SOON).await?;
    // It has caught up with the server when it shows what the server has.
    desktop.click(&hooks::view("waiting"), SOON).await?;
    desktop.wait_for(&hooks::row(morning.number), SOON).await?;
    ensure!(alerts(team, morning).len() == 1, "the restart said it again");

    team.clock.jump_to(moved + 1000)?;
    said(team, morning, 2).await.context("the second alert")?;
    let colleague = team
        .rep(morning.winner.other())
        .desktop
        .session()
        .notifications()
        .shown();
    ensure!(
        !colleague.iter().any(is_about_it),
        "the colleague was told, too: {colleague:?}"
    );
    Ok(())
}

/// Settles the other dates: after a jump of the clock, what came due meanwhile is told in one notification.
async fn nothing_else_is_due(morning: &Morning) -> Result<()> {
    for other in morning.mira.conversations().await? {
        if other["subject"] == json!(SUBJECT) || other["followUp"].is_null() {
            continue;
        }
        let complete = json!({ "type": "completeFollowUp" });
        let answer = morning.mira.submit(Uuid::now_v7(), &other, &complete).await?;
        ensure!(
            answer["type"] == "done",
            "completing {} was answered {answer}",
            other["subject"]
        );
    }
    Ok(())
}

/// When the conversation's follow-up is due.
async fn due(morning: &Morning) -> Result<Option<i64>> {
    Ok(morning.mira.conversation(SUBJECT).await?["followUp"]["due"].as_i64())
}

/// What the owner was told about this conversation.
fn alerts(team: &Team, morning: &Morning) -> Vec<Notification> {
    let shown = team.rep(morning.winner).desktop.session().notifications().shown();
    shown.into_iter().filter(is_about_it).collect()
}

fn is_about_it(one: &Notification) -> bool {
    one.summary.contains("Follow-up due") && (one.summary.contains(SUBJECT) || one.body.contains(SUBJECT))
}

/// Waits until the owner was told so many times, and gives the last.
async fn said(team: &Team, morning: &Morning, times: usize) -> Result<Notification> {
    let within = SOON + Duration::from_secs(30);
    let all = eventually("an alert", within, async || {
        let alerts = alerts(team, morning);
        Ok((alerts.len() >= times).then_some(alerts))
    })
    .await
    .with_context(|| {
        format!(
            "came: {:#?}",
            team.rep(morning.winner).desktop.session().notifications().shown()
        )
    })?;
    ensure!(
        all.len() == times,
        "said {} times instead of {times}: {all:#?}",
        all.len()
    );
    all.into_iter().next_back().context("no alert")
}
