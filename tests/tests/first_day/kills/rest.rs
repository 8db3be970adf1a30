//! When everything has come to rest: every replica is the server's log as far as its owner may read it, and no further.

use anyhow::{Context, Result, bail, ensure};
use baton_protocol::{ErrorCode, Request};
use baton_tests::process::eventually;
use serde_json::{Value, json};

use super::{Office, PATIENCE};
use crate::desk::Desk;
use crate::replica::{self, Replica};
use crate::team::Program;

/// Waits until no reply is on its way, every copy is filed, and nobody has anything left to say.
pub async fn has_come(office: &Office) -> Result<()> {
    let mut moving = Vec::new();
    eventually("every reply to settle", PATIENCE, async || {
        moving = office.mira.conversations().await?;
        moving.retain(is_moving);
        Ok(moving.is_empty().then_some(()))
    })
    .await
    .with_context(|| format!("{moving:#?}"))?;
    for desk in office.desks() {
        let mut left = None;
        eventually(&format!("{} to come to rest", desk.name), PATIENCE, async || {
            left = desk.connection().await?;
            Ok(desk.is_at_rest().await.then_some(()))
        })
        .await
        .with_context(|| format!("{} is left with {left:?}", desk.name))?;
    }
    Ok(())
}

/// Whether something is still going to happen in a conversation by itself.
fn is_moving(conversation: &Value) -> bool {
    let replies = conversation["outbound"].as_array().into_iter().flatten();
    let mut states = replies.map(|reply| (&reply["state"]["type"], &reply["filed"]));
    let on_its_way = |(state, filed): (&Value, &Value)| match state.as_str() {
        Some("sent") => *filed != true,
        Some(state) => state != "unknown",
        None => true,
    };
    !conversation["lock"].is_null() || states.any(on_its_way)
}

/// Each replica against the server, then the replicas against one another.
pub async fn everybody_sees_what_they_may(office: &Office) -> Result<()> {
    let mut replicas = Vec::new();
    for desk in office.desks() {
        let program = Program::of(&desk.name, &office.server).await?;
        let replica = replica::agreed(desk, &program).await?;
        stays_within(office, desk, &program, &replica).await?;
        replicas.push((desk, replica));
    }
    for (desk, ours) in &replicas {
        for (other, theirs) in &replicas {
            for (id, seen) in ours {
                let Some(same) = theirs.get(id) else { continue };
                ensure!(
                    seen == same,
                    "{} sees {seen:#?}\nand {} sees {same:#?}",
                    desk.name,
                    other.name
                );
            }
        }
    }
    Ok(())
}

/// Nothing of an inbox that somebody may not read is in their replica, or was ever said to them.
async fn stays_within(office: &Office, desk: &Desk, program: &Program, replica: &Replica) -> Result<()> {
    for talk in &office.talks {
        let may = office.may_read(&desk.name, talk.inbox);
        let has = replica.contains_key(&talk.id);
        ensure!(has == may, "{} has {}: {has}", desk.name, talk.subject);
        if may {
            // The tape does record.
            ensure!(desk.wire.carried(&talk.subject), "{} was never told of it", desk.name);
            continue;
        }
        match desk.call(Request::Open { conversation: talk.id }).await {
            Err(error) if error.code == ErrorCode::NotFound => {}
            answer => bail!("{} opens {}: {answer:?}", desk.name, talk.subject),
        }
        let asked = program.with_log(&json!({ "id": talk.id })).await;
        ensure!(asked.is_err(), "the server shows {} to {}", talk.subject, desk.name);
        // The guest could read it for a while, and was told of it then.
        if desk.name != office.guest.name {
            let id = talk.id.to_string();
            for words in [&id, &talk.subject, &talk.customer] {
                ensure!(!desk.wire.carried(words), "{} was told of {words}", desk.name);
            }
        }
    }
    Ok(())
}
