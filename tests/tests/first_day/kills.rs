//! (h): ten people work while the server is killed at twenty random moments. No acknowledged command is lost, no reply is
//! delivered twice, all see the same, and only where a kill fell beside the sending does a person have to decide.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use futures::future::try_join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::team::{PASSWORD, Program, SALES, address_of};

const PEOPLE: usize = 10;
const KILLS: usize = 20;

/// Conversations for each, every one of which gets one reply.
const EACH: usize = 3;

/// The longest the server lives between two kills.
const LIFE_MS: u64 = 1_500;

/// How long one command may take through all the kills, and how long the last reply may take to leave.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long two looks may differ because something was just changing.
const AT_REST: Duration = Duration::from_secs(30);

/// A kill this long after the fence can still fall before the provider's answer.
const BESIDE_MS: i64 = 10_000;

/// What one person did and was told about.
struct Done {
    program: Program,
    /// Notes that were acknowledged: the conversation and the command.
    notes: Vec<(Value, Uuid)>,
    /// Replies that were accepted: the conversation and the command, which is also the reply's id.
    replies: Vec<(Value, Uuid)>,
}

/// (h)
pub async fn nothing_is_lost_or_doubled(database: Database) -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    for person in 0..PEOPLE {
        server
            .add_member(&name(person), &address_of(&name(person)), "rep", PASSWORD)
            .await?;
    }
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let conversations = enquiries(&mail, &Program::of(&name(0), &server).await?).await?;

    let over = AtomicBool::new(false);
    let mut people = Vec::new();
    for (person, own) in conversations.chunks(EACH).enumerate() {
        let program = Program::of(&name(person), &server).await?;
        people.push(work(program, own.to_vec(), &over));
    }
    let (all, kills) = tokio::try_join!(try_join_all(people), kill(&mut server, &clock, &over))?;

    everybody_sees_the_same(&all).await?;
    for done in &all {
        for (conversation, note) in &done.notes {
            is_in_the_log_once(&done.program, conversation, *note).await?;
        }
        ensure!(
            done.replies.len() == EACH,
            "{} replies were accepted",
            done.replies.len()
        );
        for (conversation, reply) in &done.replies {
            is_delivered_once(&mail, &done.program, conversation, *reply, &kills).await?;
        }
    }
    Ok(())
}

/// Kills the server at random moments and starts it again; gives the moments.
async fn kill(server: &mut ServerProcess, clock: &TestClock, over: &AtomicBool) -> Result<Vec<i64>> {
    let mut moments = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random_below(LIFE_MS))).await;
        server.kill();
        moments.push(clock.now_ms()?);
        server.restart().await?;
    }
    over.store(true, Ordering::Relaxed);
    Ok(moments)
}

/// Customers write, and every letter becomes a conversation.
async fn enquiries(mail: &MailHost, program: &Program) -> Result<Vec<Value>> {
    let count = PEOPLE * EACH;
    for number in 0..count {
        let customer = customer(number);
        let raw = format!(
            "From: {customer} <{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: Question {number}\r\n\
             Message-ID: <question{number}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             What about number {number}?\r\n"
        );
        mail.deliver(&customer, &[SALES], raw.as_bytes()).await?;
    }
    eventually("all enquiries", PATIENCE, async || {
        let all = program.conversations().await?;
        Ok((all.len() == count).then_some(all))
    })
    .await
}

/// One person's work: a note every moment, and one reply in each conversation, spread over the time of the kills.
async fn work(program: Program, own: Vec<Value>, over: &AtomicBool) -> Result<Done> {
    let mut done = Done {
        program,
        notes: Vec::new(),
        replies: Vec::new(),
    };
    let mut unanswered = own.clone();
    let mut round = 0;
    while !(over.load(Ordering::Relaxed) && unanswered.is_empty()) {
        let conversation = own.get(round % own.len()).context("a conversation")?;
        let note = Uuid::now_v7();
        let body = json!({ "type": "addNote", "text": format!("Note {round}"), "mentions": [] });
        let answer = answered(&done.program, note, conversation, &body).await?;
        ensure!(answer["type"] == "done", "a note was answered {answer}");
        done.notes.push((conversation.clone(), note));
        if round % 4 == 0
            && let Some(conversation) = unanswered.pop()
        {
            let reply = reply(&done.program, &conversation).await?;
            done.replies.push((conversation, reply));
        }
        round += 1;
        // People think. Without this the log would hold nothing but notes.
        tokio::time::sleep(Duration::from_millis(100 + random_below(300))).await;
    }
    Ok(done)
}

/// Takes the lock and replies; gives the reply's id.
async fn reply(program: &Program, conversation: &Value) -> Result<Uuid> {
    let lock = json!({ "type": "takeLock", "cover": false });
    let answer = answered(program, Uuid::now_v7(), conversation, &lock).await?;
    ensure!(answer["type"] == "done", "the lock was answered {answer}");
    let reply = through(async || {
        let current = program.with_log(conversation).await?;
        let token = &current["conversation"]["lock"]["token"];
        program.reply_of(conversation, "It costs 90 euros.", token).await
    })
    .await?;
    let id = Uuid::now_v7();
    let answer = answered(program, id, conversation, &reply).await?;
    ensure!(answer["type"] == "done", "the reply was answered {answer}");
    Ok(id)
}

/// Gives one command, again and again with the same id while the server is away, and gives the answer.
async fn answered(program: &Program, id: Uuid, conversation: &Value, body: &Value) -> Result<Value> {
    through(async || program.submit(id, conversation, body).await).await
}

/// Tries until it works: a server that is being killed answers with an error, or not at all.
async fn through<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    eventually("an answer", PATIENCE, async || Ok(attempt().await.ok())).await
}

/// Ten views of one truth, once everything has come to rest.
async fn everybody_sees_the_same(all: &[Done]) -> Result<()> {
    let Some((first, others)) = all.split_first() else {
        bail!("nobody worked")
    };
    eventually("every reply to settle", PATIENCE, async || {
        let seen = first.program.conversations().await?;
        let moving = seen
            .iter()
            .flat_map(|one| one["outbound"].as_array().into_iter().flatten());
        let moving = moving.filter(|one| ["queued", "sending"].map(Value::from).contains(&one["state"]["type"]));
        Ok((moving.count() == 0).then_some(()))
    })
    .await?;
    for other in others {
        // A lock that lapses, or a copy that is filed, may still fall between two looks.
        let mut apart = Vec::new();
        let same = eventually("two people to see the same", AT_REST, async || {
            let seen = first.program.conversations().await?;
            let theirs = other.program.conversations().await?;
            apart = differences(&seen, &theirs);
            Ok(apart.is_empty().then_some(()))
        })
        .await;
        same.with_context(|| apart.join("\n"))?;
    }
    Ok(())
}

/// Where two lists of conversations differ.
fn differences(ours: &[Value], theirs: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    if ours.len() != theirs.len() {
        found.push(format!("{} conversations and {}", ours.len(), theirs.len()));
    }
    for (one, other) in ours.iter().zip(theirs).filter(|(one, other)| one != other) {
        found.push(format!("{one}\n  and\n{other}"));
    }
    found
}

/// An acknowledged note is one entry of the log, whatever died meanwhile.
async fn is_in_the_log_once(program: &Program, conversation: &Value, note: Uuid) -> Result<()> {
    let log = program.with_log(conversation).await?;
    let entries = log["entries"].as_array().context("a log")?;
    let count = entries.iter().filter(|entry| entry["command"] == json!(note)).count();
    ensure!(count == 1, "note {note} is in the log {count} times");
    Ok(())
}

/// An accepted reply reached the customer once, or waits for a person because a kill fell beside its sending.
async fn is_delivered_once(
    mail: &MailHost,
    program: &Program,
    conversation: &Value,
    reply: Uuid,
    kills: &[i64],
) -> Result<()> {
    let log = program.with_log(conversation).await?;
    let outbound = log["conversation"]["outbound"].as_array().context("replies")?;
    let ours = outbound
        .iter()
        .find(|one| one["id"] == json!(reply))
        .context("an accepted reply is gone")?;
    let header = format!("<{}>", ours["headerId"].as_str().context("a Message-ID")?);
    let customer = conversation["contact"]["email"].as_str().context("a customer")?;
    let customer = customer.split('@').next().unwrap_or_default();
    let inbox = mail.inbox_of(customer).await?;
    let copies = inbox.iter().filter(|letter| letter.message_id() == header).count();
    ensure!(inbox.len() == copies, "{customer} got something else: {inbox:#?}");
    match ours["state"]["type"].as_str() {
        Some("sent") => ensure!(copies == 1, "sent, and there {copies} times"),
        Some("unknown") => {
            ensure!(copies <= 1, "unknown, and there {copies} times");
            let entries = log["entries"].as_array().context("a log")?;
            let fences = entries
                .iter()
                .filter(|entry| entry.to_string().contains("\"outboundSending\""));
            let beside = fences.filter_map(|entry| entry["at"].as_i64()).any(|at| {
                let near = at - 1_000..at + BESIDE_MS;
                kills.iter().any(|kill| near.contains(kill))
            });
            ensure!(beside, "unknown, though no kill fell beside its sending: {ours:#}");
        }
        _ => bail!("neither delivered nor a person's to decide: {ours:#}"),
    }
    Ok(())
}

fn name(person: usize) -> String {
    format!("Rep{person}")
}

fn customer(number: usize) -> String {
    format!("customer{number}")
}

/// A number below `end`, different in every run: the moments of the kills are nobody's choice.
fn random_below(end: u64) -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low.rotate_left(17)) % end
}
