//! Finding what was written, through the interface that desktops use.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use baton_domain::CommandBody;
use baton_protocol::{HitKind, Hits};
use support::{Team, http};

const PATIENCE: Duration = Duration::from_secs(20);

async fn find(team: &Team, token: &str, q: &str) -> Hits {
    let search = async {
        loop {
            let response = http()
                .get(team.url("/v1/search"))
                .query(&[("q", q), ("zone", "Europe/Berlin")])
                .bearer_auth(token)
                .send()
                .await
                .unwrap();
            // The index may still be opening, or be behind.
            if response.status().is_success() {
                let hits: Hits = response.json().await.unwrap();
                if hits.behind == 0 {
                    return hits;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_found_by_those_who_may_read_it() {
    let team = Team::start().await;
    let (anna, mira) = (team.token(team.anna).await, team.token(team.mira).await);
    team.carl_writes("Zephyrquartz").await;
    team.carl_writes("Something else").await;
    let conversation = team.conversation("Zephyrquartz").await;
    let hits = find(&team, &anna, "zephyrquartz solo from:carl -torch").await;
    assert_eq!(hits.hits.len(), 1);
    assert_eq!(hits.hits[0].conversation, conversation);
    let marked: Vec<_> = hits.hits[0].excerpt.iter().filter(|part| part.found).collect();
    assert_eq!(
        marked.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(),
        ["Solo", "Zephyrquartz"]
    );
    assert!(hits.next.is_none());
    assert!(find(&team, &anna, "quartzzephyr").await.hits.is_empty());

    // A reply is found too, as soon as it was accepted.
    let mut desk = team.desk(team.anna).await;
    desk.act(conversation, CommandBody::Claim).await;
    let reply = team.reply(&mut desk, conversation, "It costs 90 doubloons.").await;
    let hits = find(&team, &anna, "doubloons is:ours owner:me").await;
    assert_eq!((hits.hits[0].message, hits.hits[0].kind), (reply, HitKind::Ours));

    // What may not be read any more is not found any more, though it is in the index.
    let core = team.server.core();
    let none = BTreeSet::new();
    core.directory
        .set_access(team.inbox, team.anna, none, core.now())
        .await
        .unwrap();
    assert!(find(&team, &anna, "zephyrquartz").await.hits.is_empty());
    assert_eq!(find(&team, &mira, "zephyrquartz").await.hits.len(), 1);

    // The index lies beside the log: after a restart it goes on where it was.
    let team = team.restart().await;
    assert_eq!(find(&team, &mira, "zephyrquartz").await.hits.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_answered_in_words() {
    let team = Team::start().await;
    let anna = team.token(team.anna).await;
    let ask = async |query: &[(&str, &str)]| {
        let request = http().get(team.url("/v1/search")).query(query).bearer_auth(&anna);
        request.send().await.unwrap().status().as_u16()
    };
    find(&team, &anna, "\"never closed").await;
    assert_eq!(ask(&[("q", "x"), ("zone", "Mars/Olympus")]).await, 400);
    assert_eq!(ask(&[("q", "x"), ("before", "yesterday")]).await, 400);
    assert_eq!(ask(&[("q", &"x".repeat(3000))]).await, 413);
    assert_eq!(ask(&[]).await, 400);
    let without = reqwest::get(team.url("/v1/search?q=x")).await.unwrap();
    assert_eq!(without.status().as_u16(), 401);
}
