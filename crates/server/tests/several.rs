//! Two `baton-server` processes on one PostgreSQL: whoever is connected to one hears of the others at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use baton_domain::{CommandBody, ConversationId, Event, LogBody, LogEntry};
use baton_protocol::{Answer, ClientMessage, ServerMessage};
use baton_tests::clock::TestClock;
use baton_tests::postgres::Postgres;
use baton_tests::server::{Database, ServerProcess};
use support::{Desk, Team};

/// What a colleague on another server sees of a lock or a look, it sees within this time.
const SOON: Duration = Duration::from_millis(500);

/// How often each is tried: a busy machine may be slow once, a slow look of the servers would be slow every time.
const TRIES: usize = 5;

fn event(entry: &LogEntry) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        _ => None,
    }
}

fn looks_at(message: &ServerMessage, who: baton_domain::MemberId, at: Option<ConversationId>) -> Option<()> {
    match message {
        ServerMessage::Presence { present } => present
            .iter()
            .any(|one| one.member == who && one.looking == at)
            .then_some(()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_and_a_look_on_one_server_show_on_the_other_at_once() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.database("team").await.unwrap();
    let team = Team::on(Some(url.clone())).await;
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let (anna_is, ben_is) = (team.anna, team.ben);
    let (hers, his) = (team.token(anna_is).await, team.token(ben_is).await);
    let Team { server, .. } = team;
    server.stop().await;

    let clock = TestClock::new().unwrap();
    let database = || Database::Postgres(url.clone());
    let mut one = ServerProcess::start(database(), &clock).await.unwrap();
    let other = ServerProcess::start(database(), &clock).await.unwrap();
    let mut anna = Desk::at(&one.url(), &hers, None, Vec::new()).await;
    anna.read_snapshot().await;
    let mut ben = Desk::at(&other.url(), &his, None, Vec::new()).await;
    ben.read_snapshot().await;

    let mut locks = Vec::new();
    let mut looks = Vec::new();
    for _ in 0..TRIES {
        ben.entries.clear();
        let began = Instant::now();
        let asked = anna.ask(pod, None, CommandBody::TakeLock { cover: false }).await;
        let granted = ben
            .entry(|entry| matches!(event(entry), Some(Event::LockGranted { .. })))
            .await;
        locks.push(began.elapsed());
        assert!(
            matches!(event(&granted), Some(Event::LockGranted { member, device, .. }) if (*member, *device) == (anna_is, anna.device))
        );
        let Answer::Done { to, .. } = anna.answer(asked).await else {
            panic!("no lock")
        };
        anna.act(pod, CommandBody::ReleaseLock { token: to }).await;
        ben.entry(|entry| matches!(event(entry), Some(Event::LockReleased { .. })))
            .await;

        for looking in [Some(pod), None] {
            let began = Instant::now();
            anna.say(&ClientMessage::Presence { looking, active: true }).await;
            ben.until(|message| looks_at(message, anna_is, looking)).await;
            looks.push(began.elapsed());
        }
    }
    assert!(locks.iter().min().unwrap() < &SOON, "a lock is told after {locks:?}");
    assert!(looks.iter().min().unwrap() < &SOON, "a look is told after {looks:?}");

    // Whoever connects later is told who is there already, and that somebody left.
    anna.say(&ClientMessage::Presence {
        looking: Some(pod),
        active: true,
    })
    .await;
    ben.until(|message| looks_at(message, anna_is, Some(pod))).await;
    drop(ben);
    let mut ben = Desk::at(&other.url(), &his, None, Vec::new()).await;
    ben.until(|message| looks_at(message, anna_is, Some(pod))).await;
    drop(anna);
    ben.until(|message| looks_at(message, anna_is, None)).await;

    // A server that starts again asks the others.
    ben.say(&ClientMessage::Presence {
        looking: Some(pod),
        active: true,
    })
    .await;
    one.stop().await.unwrap();
    one.restart().await.unwrap();
    let mut anna = Desk::at(&one.url(), &hers, None, Vec::new()).await;
    anna.until(|message| looks_at(message, ben_is, Some(pod))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handled_or_ended_on_one_server_is_known_on_the_other() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.database("team").await.unwrap();
    let team = Team::on(Some(url.clone())).await;
    let anna_is = team.anna;
    let (laptop, desk) = (team.token(anna_is).await, team.token(anna_is).await);
    let data = tempfile::tempdir().unwrap();
    let mut options = team.options.clone();
    options.data = data.path().join("other");
    let other = baton_server::Server::start(options).await.unwrap();
    let mut here = Desk::connect(&team, &laptop, None, Vec::new()).await;
    here.read_snapshot().await;
    let mut there = Desk::at(other.url(), &desk, None, Vec::new()).await;
    there.read_snapshot().await;
    // Both lines between the servers stand once each hears of the other.
    there
        .say(&ClientMessage::Presence {
            looking: None,
            active: true,
        })
        .await;
    here.until(|message| match message {
        ServerMessage::Presence { present } => present
            .iter()
            .any(|one| one.member == anna_is && one.active)
            .then_some(()),
        _ => None,
    })
    .await;

    there
        .say(&ClientMessage::Notified {
            key: "a key".to_owned(),
            handled: true,
        })
        .await;
    let told = |message: &ServerMessage| match message {
        ServerMessage::Notified { key, handled } => Some((key.clone(), *handled)),
        _ => None,
    };
    assert_eq!(here.until(told).await, ("a key".to_owned(), true));

    // Signed out through one server, the desktop on the other is cut at once, not at its next ping.
    let core = team.server.core();
    let sessions = core.store.sessions_of(anna_is).await.unwrap();
    let theirs = core.auth.caller(&desk, core.now()).await.unwrap().session;
    assert!(sessions.iter().any(|session| session.id == theirs));
    let began = Instant::now();
    assert!(core.auth.end(anna_is, theirs).await.unwrap());
    there.ends().await;
    assert!(began.elapsed() < Duration::from_secs(15), "a ping comes after 25 s");
    other.stop().await;
}
