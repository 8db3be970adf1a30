//! What a replica shows, conversation by conversation, and whether it is what the server would show the same person.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use baton_client::views;
use baton_domain::{ConversationId, LogEntry};
use baton_protocol::{Group, Row};
use baton_tests::process::eventually;
use serde_json::Value;

use crate::desk::Desk;
use crate::team::Program;

/// How long a replica and the server may differ because something was just changing.
const AT_REST: Duration = Duration::from_secs(30);

/// A conversation as one replica shows it: its state, its thread, and its row without what is one person's own.
#[derive(Debug, PartialEq)]
pub struct Seen {
    state: Value,
    thread: Value,
    row: Row,
}

/// Everything of one replica.
pub type Replica = BTreeMap<ConversationId, Seen>;

/// The replica, once it is what the server would show: a lock that lapses, or a copy that is filed, may fall between two looks.
pub async fn agreed(desk: &Desk, program: &Program) -> Result<Replica> {
    let mut apart = Vec::new();
    eventually("a replica and the log to agree", AT_REST, async || {
        let ours = replica_of(desk).await?;
        apart = differences(&ours, &truth_for(program).await?);
        Ok(apart.is_empty().then_some(ours))
    })
    .await
    .with_context(|| format!("{} and the server:\n{}", desk.name, apart.join("\n")))
}

async fn replica_of(desk: &Desk) -> Result<Replica> {
    let mut replica = Replica::new();
    for (id, row) in desk.rows().await? {
        let opened = desk.look(id).await?;
        let seen = Seen {
            state: serde_json::to_value(&opened.conversation)?,
            thread: serde_json::to_value(&opened.thread)?,
            row: for_everybody(row),
        };
        replica.insert(id, seen);
    }
    Ok(replica)
}

/// A row without what depends on who looks at it.
fn for_everybody(row: Row) -> Row {
    Row {
        group: Group::Rest,
        unread: false,
        draft: false,
        pending: false,
        ..row
    }
}

/// The states and threads of everything the server lets a member read.
async fn truth_for(program: &Program) -> Result<BTreeMap<ConversationId, (Value, Value)>> {
    let mut truth = BTreeMap::new();
    for conversation in program.conversations().await? {
        let mut whole = program.with_log(&conversation).await?;
        let entries: Vec<LogEntry> = serde_json::from_value(whole["entries"].take())?;
        let thread = serde_json::to_value(views::thread(entries, Vec::new()))?;
        let id = serde_json::from_value(conversation["id"].clone())?;
        truth.insert(id, (whole["conversation"].take(), thread));
    }
    Ok(truth)
}

fn differences(ours: &Replica, truth: &BTreeMap<ConversationId, (Value, Value)>) -> Vec<String> {
    let mut found = Vec::new();
    let all: BTreeSet<_> = ours.keys().chain(truth.keys()).collect();
    for id in all {
        match (ours.get(id), truth.get(id)) {
            (Some(seen), Some((state, thread))) => {
                if seen.state != *state {
                    found.push(format!("the state {}\n  and\n{state}", seen.state));
                }
                if seen.thread != *thread {
                    found.push(format!("the thread {}\n  and\n{thread}", seen.thread));
                }
            }
            (Some(_), None) => found.push(format!("only the replica has {id}")),
            (None, Some(_)) => found.push(format!("only the server has {id}")),
            (None, None) => {}
        }
    }
    found
}
