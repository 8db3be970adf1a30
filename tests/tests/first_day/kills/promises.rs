//! What people were promised, looked up where it counts: in the log, and in the customers' mailboxes.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{ConversationId, Event, LogBody, LogEntry, Outbound, OutboundState, OwnerChange};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::office::{Office, Talk};
use super::worker::{Claim, Deeds, Told};

/// How many mailboxes are read at a time.
const READERS: usize = 4;

/// The whole log of a conversation.
async fn log_of(office: &Office, conversation: ConversationId) -> Result<Vec<LogEntry>> {
    let mut whole = office.mira.with_log(&json!({ "id": conversation })).await?;
    Ok(serde_json::from_value(whole["entries"].take())?)
}

fn event(entry: &LogEntry) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        LogBody::DocumentPut { .. } | LogBody::DocumentRemoved { .. } => None,
    }
}

/// A note that the server or the disk took is one entry of the log, whatever died meanwhile. One of which nobody was told
/// anything is there or not, but not twice.
pub async fn notes_are_in_the_log_once(office: &Office, deeds: &Deeds) -> Result<()> {
    let mut logs = BTreeMap::new();
    for note in &deeds.notes {
        let log = match logs.entry(note.conversation) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(log_of(office, note.conversation).await?),
        };
        let is_it =
            |entry: &&LogEntry| matches!(event(entry), Some(Event::NoteAdded { text, .. }) if *text == note.text);
        let found: Vec<_> = log.iter().filter(is_it).collect();
        match note.told {
            Told::Done(command) => ensure!(
                found.len() == 1 && found.iter().all(|entry| entry.command == command),
                "{note:?} is in the log as {found:#?}"
            ),
            Told::Kept => ensure!(found.len() == 1, "{note:?} is in the log {} times", found.len()),
            Told::Nothing => ensure!(found.len() <= 1, "{note:?} is in the log {} times", found.len()),
        }
    }
    Ok(())
}

/// An accepted reply reached the customer once, or waits for a person because a kill fell beside its sending.
pub async fn replies_are_delivered_once(office: &Office, deeds: &Deeds, kills: &[i64]) -> Result<()> {
    let checks = deeds.replies.iter().map(|(conversation, text)| async move {
        let talk = office.talks.iter().find(|talk| talk.id == *conversation);
        is_delivered_once(office, talk.context("a letter")?, text, kills).await
    });
    stream::iter(checks).buffer_unordered(READERS).try_collect().await
}

async fn is_delivered_once(office: &Office, talk: &Talk, text: &str, kills: &[i64]) -> Result<()> {
    let log = log_of(office, talk.id).await?;
    let accepted = log.iter().filter_map(|entry| match event(entry) {
        Some(Event::ReplyQueued { outbound }) => Some(&**outbound),
        _ => None,
    });
    let accepted: Vec<&Outbound> = accepted.collect();
    let [reply] = accepted.as_slice() else {
        bail!("{} was answered {} times: {accepted:#?}", talk.subject, accepted.len());
    };
    ensure!(reply.draft.text == text, "{} was answered {reply:#?}", talk.subject);
    let header = format!("<{}>", reply.header_id);
    let inbox = office.mail.inbox_of(&talk.customer).await?;
    let copies = inbox.iter().filter(|letter| letter.message_id() == header).count();
    ensure!(
        inbox.len() == copies,
        "{} got something else: {inbox:#?}",
        talk.customer
    );

    let mut whole = office.mira.with_log(&json!({ "id": talk.id })).await?;
    let state = serde_json::from_value(whole["conversation"]["outbound"][0]["state"].take())?;
    match state {
        OutboundState::Sent { .. } => ensure!(copies == 1, "sent, and there {copies} times: {reply:#?}"),
        OutboundState::Unknown { .. } => {
            ensure!(copies <= 1, "unknown, and there {copies} times: {reply:#?}");
            ensure!(
                a_kill_fell_beside(&log, kills),
                "unknown, though no kill fell between the fence and the answer: {log:#?}\n{kills:?}"
            );
        }
        other => bail!("neither delivered nor a person's to decide: {other:?} of {reply:#?}"),
    }
    Ok(())
}

/// Whether a kill fell after the last fence and before it was given up.
fn a_kill_fell_beside(log: &[LogEntry], kills: &[i64]) -> bool {
    let last = |wanted: fn(&Event) -> bool| log.iter().rev().find(|entry| event(entry).is_some_and(wanted));
    let fence = last(|event| matches!(event, Event::OutboundSending { .. }));
    let doubt = last(|event| matches!(event, Event::OutboundUnknown { .. }));
    let (Some(fence), Some(doubt)) = (fence, doubt) else {
        return false;
    };
    kills.iter().any(|kill| (fence.at.0..=doubt.at.0).contains(kill))
}

/// What everybody claimed at once belongs to one, and whoever was told so is that one.
pub async fn what_many_wanted_has_one_owner(office: &Office, deeds: &[Deeds]) -> Result<()> {
    let mut claims: BTreeMap<ConversationId, Vec<(&str, Claim)>> = BTreeMap::new();
    for (person, deeds) in office.people.iter().zip(deeds) {
        for (conversation, claim) in &deeds.claims {
            claims
                .entry(*conversation)
                .or_default()
                .push((&person.desk.name, *claim));
        }
    }
    ensure!(claims.len() == super::office::INBOXES.len(), "{claims:?}");
    for (conversation, claims) in claims {
        let log = log_of(office, conversation).await?;
        let owned = |entry: &&LogEntry| {
            let how = OwnerChange::Claimed;
            matches!(event(entry), Some(Event::OwnerChanged { how: this, .. }) if *this == how)
        };
        let owned: Vec<_> = log.iter().filter(owned).collect();
        let [owned] = owned.as_slice() else {
            bail!("claimed {} times: {owned:#?}", owned.len());
        };
        let owner = owned.actor.member();
        for (name, claim) in claims {
            let person = office.people.iter().find(|person| person.desk.name == name);
            let desk = &person.context("somebody")?.desk;
            let is_owner = desk.member().await? == owner;
            match claim {
                Claim::Won => ensure!(is_owner, "{name} was told that it is theirs: {owned:#?}"),
                Claim::Lost => ensure!(!is_owner, "{name} was told that it is not theirs: {owned:#?}"),
                // They did not hear; if it was refused, it waits in sight.
                Claim::Kept => {
                    let held = desk.look(conversation).await?.held;
                    ensure!(is_owner != (held.len() == 1), "{name} claimed it and holds {held:#?}");
                }
                Claim::Nothing => {}
            }
        }
    }
    Ok(())
}
