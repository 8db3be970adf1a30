//! A person at a desk through all the kills: claims, notes, types, replies, and remembers what they were told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use baton_domain::{CommandBody, CommandId, ConversationId, Refusal};
use baton_protocol::{Acted, ComposeLock, HeldResolution, Request};
use baton_tests::process::eventually;

use super::{PATIENCE, random_below};
use crate::desk::Desk;

/// How often somebody looks what became of their reply.
const A_LOOK: Duration = Duration::from_millis(80);

/// What somebody is going to do.
pub struct Plan {
    /// The subjects of the conversations they answer.
    pub own: Vec<String>,
    /// The subjects of those that everybody who may wants to have.
    pub wanted: Vec<String>,
}

/// What somebody was told about what they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The server has it.
    Done(CommandId),
    /// It is on this disk, and will reach the server.
    Kept,
    /// Nothing: the desktop died meanwhile.
    Nothing,
}

/// Something that was written.
#[derive(Debug)]
pub struct Written {
    /// Where.
    pub conversation: ConversationId,
    /// The words, of which there are no equals.
    pub text: String,
    /// What became of it.
    pub told: Told,
}

/// What became of wanting a conversation that others wanted too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Theirs.
    Won,
    /// A colleague's.
    Lost,
    /// It was on its way when they were last told anything.
    Kept,
    /// They were told nothing: the desktop died meanwhile.
    Nothing,
}

/// What somebody did.
#[derive(Debug, Default)]
pub struct Deeds {
    /// Their notes.
    pub notes: Vec<Written>,
    /// Their replies, one for each conversation of their own.
    pub replies: Vec<(ConversationId, String)>,
    /// What they claimed together with others.
    pub claims: Vec<(ConversationId, Claim)>,
}

/// How often people were told what, for whoever reads the output of the test.
pub fn told(deeds: &[Deeds]) -> String {
    let told: Vec<Told> = deeds
        .iter()
        .flat_map(|one| one.notes.iter().map(|note| note.told))
        .collect();
    let kept = told.iter().filter(|told| **told == Told::Kept).count();
    let nothing = told.iter().filter(|told| **told == Told::Nothing).count();
    format!(
        "{} notes: {kept} were kept until the server was back, of {nothing} nobody was told",
        told.len()
    )
}

/// Signs in and works until everything of the plan is answered and the kills are over.
pub async fn work(desk: &Desk, plan: &Plan, over: &AtomicBool) -> Result<Deeds> {
    desk.join().await?;
    let mut deeds = Deeds::default();
    for subject in &plan.wanted {
        let conversation = desk.find(subject).await?;
        deeds.claims.push((conversation, claim(desk, conversation).await?));
    }
    let mut own = Vec::new();
    for subject in &plan.own {
        own.push((desk.find(subject).await?, subject.clone()));
    }
    let mut unanswered = own.clone();
    let mut round = 0;
    while !(over.load(Ordering::Relaxed) && unanswered.is_empty()) {
        let (conversation, subject) = own.get(round % own.len()).context("a conversation")?;
        let text = format!("{} notes {round} on {subject}", desk.name);
        let told = note(desk, *conversation, &text).await?;
        deeds.notes.push(Written {
            conversation: *conversation,
            text,
            told,
        });
        if round % 4 == 1
            && let Some((conversation, subject)) = unanswered.pop()
        {
            // It is theirs before they answer; without this the reply itself would claim it.
            claim(desk, conversation).await?;
            let text = format!("{} answers {subject}: it costs 90 euros.", desk.name);
            reply(desk, conversation, &text).await?;
            deeds.replies.push((conversation, text));
        }
        round += 1;
        // People think. Without this the log would hold nothing but notes.
        tokio::time::sleep(Duration::from_millis(100 + random_below(300))).await;
    }
    Ok(deeds)
}

async fn claim(desk: &Desk, conversation: ConversationId) -> Result<Claim> {
    Ok(match desk.act(conversation, CommandBody::Claim).await {
        Ok(Acted::Done { .. }) => Claim::Won,
        Ok(Acted::Refused {
            refusal: Refusal::NotOwner { .. },
        }) => Claim::Lost,
        Ok(Acted::Refused { refusal }) => bail!("{}: the claim was refused: {refusal:?}", desk.name),
        Ok(Acted::Pending { .. }) => Claim::Kept,
        Err(_) => Claim::Nothing,
    })
}

async fn note(desk: &Desk, conversation: ConversationId, text: &str) -> Result<Told> {
    Ok(match desk.note(conversation, text).await {
        Ok(Acted::Done { command, .. }) => Told::Done(command),
        Ok(Acted::Pending { .. }) => Told::Kept,
        Ok(Acted::Refused { refusal }) => bail!("{}: a note was refused: {refusal:?}", desk.name),
        Err(_) => Told::Nothing,
    })
}

/// Replies as a person does: looks at what the window says, and goes on from there, until the reply is in the conversation.
async fn reply(desk: &Desk, conversation: ConversationId, text: &str) -> Result<()> {
    let mut sent = false;
    let step = async || {
        tokio::time::sleep(A_LOOK).await;
        let Ok(opened) = desk.look(conversation).await else {
            return Ok(None);
        };
        let mut accepted = opened.conversation.outbound.iter();
        if accepted.any(|outbound| outbound.draft.text == text) {
            if opened.draft.is_none() {
                return Ok(Some(()));
            }
            // It was accepted while it was being typed once more.
            let _ = desk.call(Request::Discard { conversation }).await;
            return Ok(None);
        }
        let is_reply = |body: &CommandBody| matches!(body, CommandBody::Reply { .. });
        if opened.pending.iter().any(|pending| is_reply(&pending.body)) {
            return Ok(None);
        }
        if let Some(held) = opened.held.iter().find(|held| is_reply(&held.body)) {
            let retry = Request::ResolveHeld {
                id: held.id,
                how: HeldResolution::Retry,
            };
            // It is held until this was heard.
            let _ = desk.call(retry).await;
            return Ok(None);
        }
        // Whoever was told that it is on its way does not type it again.
        if sent {
            return Ok(None);
        }
        // What was typed stays typed, so typing it again changes nothing.
        if let Ok(ComposeLock::Mine | ComposeLock::Offline) = desk.compose(&opened, text).await {
            // A refusal shows at the next look, too.
            let told = desk.send(conversation, opened.last_message).await;
            sent = matches!(told, Ok(Acted::Done { .. } | Acted::Pending { .. }));
        }
        Ok(None)
    };
    eventually(&format!("{text:?} to be accepted"), PATIENCE, step).await
}
