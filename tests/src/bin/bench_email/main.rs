//! `cargo xtask bench email`: a mailbox taken in for the first time and searched, beside the programs people use for that.
//!
//! Everything is real: Dovecot serves the mailbox over loopback with TLS, the release build of `baton-server` takes it in until it
//! is parsed, threaded, durable and searchable, and `mbsync`, `mu` and `notmuch` do the same to the same mailbox right after. A
//! figure that was not measured is not printed.
#![allow(clippy::print_stdout, reason = "what a measurement prints is its product")]
#![allow(clippy::indexing_slicing, reason = "a field that an answer lacks is null")]

mod later;
mod letters;
mod peers;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::scratch::Scratch;
use baton_tests::server::{Api, Database, ServerProcess};
use serde_json::{Value, json};

const USER: &str = "sales";
const EMAIL: &str = "mira@baton.test";
const PASSWORD: &str = "correct horse";

/// How long a first sync may take before something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(1800);
/// How often we look, which bounds the error of a duration.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often another command is given meanwhile.
const COMMAND_EVERY: Duration = Duration::from_millis(50);
/// How many messages come, and how many are starred, between two looks at a mailbox.
const A_LITTLE: usize = 100;
/// How often each query is asked.
const ASKED: usize = 20;

const QUERIES: [&str; 10] = [
    "pricing",
    "\"renewal discount approval\"",
    "from:amelia",
    "on:2025-06",
    "contract invoice",
    "zephyrquartz",
    "specif*",
    "from:bruno discount",
    "subject:renewal",
    "blumenkohlprinzip",
];

#[tokio::main]
async fn main() -> Result<()> {
    // A second installation of the same provider is refused, and is no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut sizes: Vec<usize> = std::env::args()
        .skip(1)
        .map(|size| size.parse())
        .collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes.push(20_000);
    }
    let mut peaks = Vec::new();
    for size in sizes {
        peaks.push(measure(size).await.with_context(|| format!("{size} messages"))?);
    }
    if let [small, .., large] = peaks.as_slice() {
        figure(
            "first sync: peak memory, large beside small",
            large / small,
            "x",
            None,
            Some(1.2),
        );
    }
    let times = later::pushed().await.context("messages pushed")?;
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let name = |part: &str| format!("new mail, from the server's push to a desktop's list, {part}");
    figure(&name("p50"), at(50), "ms", None, None);
    figure(&name("p95"), at(95), "ms", None, Some(150.0));
    Ok(())
}

/// One size of mailbox; gives the peak of memory in megabytes.
async fn measure(size: usize) -> Result<f64> {
    let scratch = Scratch::new("bench-email")?;
    let mail = MailHost::start().await?;
    let filled = letters::fill(&mail.maildir_of(USER)?, size)?;
    mail.give_to_dovecot(USER).await?;
    eprintln!("{} messages, {} MB", filled.count, filled.bytes / 1_000_000);
    // Dovecot looks through a new mailbox once. Nobody's first sync shall pay for that.
    ensure!(mail.count(USER).await? == size, "Dovecot does not see every message");

    let clock = TestClock::new()?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Mira", EMAIL, "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, USER, "Sales", "together").await?;
    let began = Instant::now();
    server.restart().await?;
    let api = server.sign_in(EMAIL, PASSWORD).await?;
    let sync = first_sync(&api, &server, size, began).await?;
    let ours = Seconds::of(sync.whole);
    // The programs beside it take minutes.
    eprintln!(
        "taken in within {:.1} s with at most {:.0} MB; other commands meanwhile took up to {:.0} ms (p99)",
        ours.0, sync.peak_mb, sync.command_p99_ms
    );

    let found = latencies(&api).await?;
    let nothing_new = Seconds::of(later::nothing_new(&mut server, &api).await?);
    let a_little_new = Seconds::of(later::a_little_new(&mut server, &api, &mail, size, A_LITTLE).await?);
    server.stop().await?;
    drop(server);
    let delta = (size + A_LITTLE, A_LITTLE);
    let peers = peers::measure(&mail, USER, scratch.path(), &QUERIES, delta).await?;

    let name = |what: &str| format!("{what}, {size} messages");
    let both = peers
        .mbsync
        .zip(peers.mu)
        .map(|(sync, index)| Seconds::of(sync + index).0);
    figure(
        &name("first sync, searchable"),
        ours.0,
        "s",
        both.map(|theirs| ("mbsync + mu index", theirs)),
        Some(0.25),
    );
    let both = peers
        .mbsync
        .zip(peers.notmuch)
        .map(|(sync, index)| Seconds::of(sync + index).0);
    figure(
        &name("first sync, searchable"),
        ours.0,
        "s",
        both.map(|theirs| ("mbsync + notmuch new", theirs)),
        Some(0.15),
    );
    figure(
        &name("newest 50 shown"),
        Seconds::of(sync.newest).0,
        "s",
        None,
        Some(1.0),
    );
    figure(
        &name("peak memory of the server"),
        sync.peak_mb,
        "MB",
        None,
        Some(200.0),
    );
    figure(
        &name("other commands meanwhile, p99"),
        sync.command_p99_ms,
        "ms",
        None,
        Some(50.0),
    );
    let theirs = peers.mbsync_again.map(|time| ("mbsync", Seconds::of(time).0));
    figure(
        &name("nothing new, with its start"),
        nothing_new.0,
        "s",
        theirs,
        Some(1.0),
    );
    let theirs = peers
        .a_little_new
        .map(|time| ("mbsync + mu index", Seconds::of(time).0));
    let what = format!("{A_LITTLE} new and {A_LITTLE} starred, searchable, with its start");
    figure(&name(&what), a_little_new.0, "s", theirs, Some(2.0));
    let theirs = peers
        .mu_find
        .map(|time| ("mu find, with its start", Seconds::of(time).0 * 1000.0));
    figure(&name("search over HTTP, p95"), found, "ms", theirs, Some(10.0));
    Ok(sync.peak_mb)
}

struct Sync {
    /// Until everything was searchable.
    whole: Duration,
    /// Until fifty conversations could be listed.
    newest: Duration,
    peak_mb: f64,
    command_p99_ms: f64,
}

async fn first_sync(api: &Api, server: &ServerProcess, size: usize, began: Instant) -> Result<Sync> {
    let mut newest = None;
    let mut commands = Vec::new();
    let mut last_command = Instant::now();
    let mut conversation = Value::Null;
    let mut last_look = Instant::now();
    let account = account(api).await?;
    loop {
        if newest.is_none() {
            let page = api.get("/v1/conversations?limit=50").await?;
            let rows = page["conversations"].as_array().context("conversations")?;
            if rows.len() >= 50.min(size) {
                newest = Some(began.elapsed());
                conversation = rows.first().cloned().unwrap_or_default();
            }
        } else if last_command.elapsed() >= COMMAND_EVERY {
            last_command = Instant::now();
            commands.push(note(api, &conversation).await?);
        }
        if last_look.elapsed() > Duration::from_millis(200) {
            last_look = Instant::now();
            let balance = api.get(&format!("/v1/accounts/{account}/balance")).await?;
            let accounted = balance["received"].as_u64().unwrap_or(0);
            if usize::try_from(accounted)? >= size && is_searchable(api).await? {
                break;
            }
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the first sync does not end: {}",
            server.log_tail()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let whole = began.elapsed();
    commands.sort();
    let p99 = commands.get(commands.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Sync {
        whole,
        newest: newest.context("fifty conversations were never there")?,
        peak_mb: peak_mb(server.id().context("the server's process")?)?,
        command_p99_ms: Seconds::of(p99).0 * 1000.0,
    })
}

async fn account(api: &Api) -> Result<String> {
    let documents = api.get("/v1/documents").await?;
    let all = documents["documents"].as_array().context("documents")?;
    let mut accounts = all.iter().filter(|document| document["body"]["kind"] == "account");
    let id = accounts.next().and_then(|document| document["id"].as_str());
    Ok(id.context("the account")?.to_owned())
}

async fn is_searchable(api: &Api) -> Result<bool> {
    let answer = api
        .call(reqwest::Method::GET, "/v1/search?q=pricing&limit=1", None)
        .await?;
    Ok(answer.status.is_success() && answer.body["behind"] == json!(0))
}

/// A command of somebody who works meanwhile, and how long its answer took.
async fn note(api: &Api, conversation: &Value) -> Result<Duration> {
    let command = json!({
        "id": uuid::Uuid::now_v7(),
        "actor": { "type": "operator" },
        "device": uuid::Uuid::nil(),
        "conversation": conversation["id"],
        "issuedAt": 0,
        "lastSeen": null,
        "basedOn": null,
        "body": { "type": "addNote", "text": "Called them.", "mentions": [] },
    });
    let began = Instant::now();
    let answer = api.post("/v1/commands", &command).await?;
    ensure!(answer["answer"]["type"] == "done", "a note was answered {answer}");
    Ok(began.elapsed())
}

/// The time of one search at the 95th percentile, warm, in milliseconds.
async fn latencies(api: &Api) -> Result<f64> {
    let mut times = Vec::new();
    for round in 0..=ASKED {
        for query in QUERIES {
            let path = format!("/v1/search?limit=50&q={}", percent(query));
            let began = Instant::now();
            let answer = api.get(&path).await?;
            if round > 0 {
                times.push(began.elapsed());
            } else if query != "blumenkohlprinzip" && answer["hits"].as_array().is_none_or(Vec::is_empty) {
                bail!("{query} finds nothing");
            }
        }
    }
    times.sort();
    let p95 = times.get(times.len() * 95 / 100).copied().unwrap_or_default();
    Ok(Seconds::of(p95).0 * 1000.0)
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The most memory a process ever held, as the kernel counted it.
fn peak_mb(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

struct Seconds(f64);

impl Seconds {
    fn of(time: Duration) -> Self {
        Self(time.as_secs_f64())
    }
}

/// One line, in the form of all measurements. With a peer the goal is a ratio to it, without one a bound.
fn figure(name: &str, ours: f64, unit: &str, peer: Option<(&str, f64)>, goal: Option<f64>) {
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let ratio = peer.map(|(_, theirs)| ours / theirs);
    // The time of a search has a bound of its own, whatever the peer takes.
    let against = if unit == "s" { ratio.unwrap_or(ours) } else { ours };
    let line = json!({
        "name": name,
        "ours": rounded(ours),
        "unit": unit,
        "peer": peer.map(|(name, _)| name),
        "theirs": peer.map(|(_, theirs)| rounded(theirs)),
        "ratio": ratio.map(rounded),
        "goal": goal,
        "ok": goal.is_none_or(|goal| against <= goal),
    });
    println!("{line}");
}
