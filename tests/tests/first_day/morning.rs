//! (a) to (e): one enquiry, two reps who both want it, one reply.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use baton_tests::desktop::words;
use baton_tests::mail::Letter;
use baton_tests::process::eventually;
use serde_json::json;

use crate::hooks;
use crate::rep::Rep;
use crate::team::{CARL, Program, SALES, SOON, Team, Who};

/// How soon after delivery both must see an enquiry. The promise is two seconds; a machine that does other things meanwhile is allowed
/// more, yet less than the next look at the mailbox would take.
const SEEN_WITHIN: Duration = Duration::from_secs(15);

/// How soon after the first character the colleague must see who is replying. The promise is half a second, which is for a benchmark to
/// measure; here it is told whether the colleague is told at all before they would look again.
const LOCK_SEEN_WITHIN: Duration = Duration::from_secs(10);

/// What the enquiry is about.
pub const SUBJECT: &str = "Forty desks";
const ENQUIRY_ID: &str = "<enquiry@baton.test>";
const SECOND_ID: &str = "<second@baton.test>";
const SECOND_TEXT: &str = "And do you deliver before Christmas?";
/// The key, as WebDriver writes it.
const ENTER: &str = "\u{e007}";
const ANSWER: &str = "Hello Carl, forty desks are 18,000 euros, and yes, in time.";

/// What the rest of the day begins with: the answered conversation.
pub struct Morning {
    /// The manager's own program.
    pub mira: Program,
    /// The conversation's number.
    pub number: u64,
    /// Who owns it, and answered.
    pub winner: Who,
}

/// The whole morning.
pub async fn one_customer_one_reply(team: &Team) -> Result<Morning> {
    enquiry_is_seen_by_both(team).await.context("(a)")?;
    let mira = team.program_of("Mira").await?;
    let number = mira.conversation(SUBJECT).await?["number"]
        .as_u64()
        .context("a number")?;
    let winner = both_claim(team, &mira, number).await.context("(b)")?;
    one_writes_the_other_suggests(team, winner).await.context("(c)")?;
    a_stale_reply_is_held(team, &mira, winner).await.context("(d)")?;
    the_customer_has_one_reply(team).await.context("(e)")?;
    Ok(Morning { mira, number, winner })
}

/// (a) The enquiry appears unassigned at both.
async fn enquiry_is_seen_by_both(team: &Team) -> Result<()> {
    tokio::try_join!(team.anna.look_at("unassigned"), team.ben.look_at("unassigned"))?;
    team.mail
        .deliver(
            CARL,
            &[SALES],
            &letter(ENQUIRY_ID, None, SUBJECT, "What do forty desks cost?"),
        )
        .await?;
    let delivered = Instant::now();
    tokio::try_join!(row_appears(&team.anna), row_appears(&team.ben))?;
    ensure!(
        delivered.elapsed() < SEEN_WITHIN,
        "seen after {:?}",
        delivered.elapsed()
    );
    Ok(())
}

async fn row_appears(rep: &Rep) -> Result<()> {
    rep.desktop
        .wait_until(&hooks::rows(), SOON, |text| text.contains(SUBJECT))
        .await?;
    Ok(())
}

/// (b) Both claim at once: one owns it, and the other is told who. Gives the owner.
async fn both_claim(team: &Team, mira: &Program, number: u64) -> Result<Who> {
    let (anna, ben) = (&team.anna, &team.ben);
    tokio::try_join!(anna.open(number), ben.open(number))?;
    tokio::try_join!(anna.desktop.press("c"), ben.desktop.press("c"))?;
    // Each window shows its own wish until the referee has spoken, so the referee is asked.
    let owner = eventually("an owner", SOON, async || {
        let owner = mira.conversation(SUBJECT).await?["owner"].clone();
        Ok((!owner.is_null()).then_some(owner))
    })
    .await?;
    let annas = team.program_of("Anna").await?;
    let winner = if owner == annas.me()["id"] { Who::Anna } else { Who::Ben };
    for rep in [anna, ben] {
        let is_winner = |text: &str| text.contains(winner.name());
        rep.desktop.wait_until(&hooks::owner(), SOON, is_winner).await?;
    }
    let told = format!("{} was first", winner.name());
    let loser = &team.rep(winner.other()).desktop;
    loser
        .wait_until(&hooks::refusal_line(), SOON, |text| text.contains(&told))
        .await?;
    let refused_too = team.rep(winner).desktop.has(&hooks::refusal_line()).await?;
    ensure!(!refused_too, "the owner was refused, too");
    Ok(winner)
}

/// (c) The first character of one is seen by the other, who can suggest, and can't send, by the window or past it.
async fn one_writes_the_other_suggests(team: &Team, winner: Who) -> Result<()> {
    let (winner, loser) = (team.rep(winner), team.rep(winner.other()));
    winner.desktop.press("r").await?;
    winner.desktop.wait_for(&hooks::composer(), SOON).await?;
    let replying = format!("{} is replying", winner.who.name());
    let bar = loser.desktop.wait_for(&hooks::reply_bar(), SOON).await?;
    ensure!(
        !words(&bar).await?.contains(&replying),
        "an open composer alone takes no lock"
    );
    winner.desktop.press("H").await?;
    let typed = Instant::now();
    let says_who = |text: &str| text.contains(&replying);
    loser.desktop.wait_until(&hooks::reply_bar(), SOON, says_who).await?;
    ensure!(typed.elapsed() < LOCK_SEEN_WITHIN, "seen after {:?}", typed.elapsed());

    loser.desktop.press("r").await?;
    loser
        .desktop
        .type_into(&hooks::composer(), "I would say 17,500", SOON)
        .await?;
    let suggest = format!("Suggest to {}", winner.who.name());
    let suggests = |text: &str| text.contains(&suggest);
    loser.desktop.wait_until(&hooks::suggest(), SOON, suggests).await?;
    ensure!(
        !loser.desktop.has(&hooks::send()).await?,
        "the colleague's window offers to send"
    );

    let program = team.program_of(loser.who.name()).await?;
    let conversation = program.conversation(SUBJECT).await?;
    let reply = program
        .reply_of(&conversation, "17,500", &conversation["lock"]["token"])
        .await?;
    for body in [json!({ "type": "takeLock", "cover": false }), reply] {
        let refusal = program.refusal_of(&conversation, &body).await?;
        let expected = ["notOwner", "lockedBy", "lockLost"];
        ensure!(
            refusal.as_deref().is_some_and(|kind| expected.contains(&kind)),
            "{body} was answered {refusal:?}"
        );
    }
    Ok(())
}

/// (d) The customer writes again before the reply is sent: it is held, the message is shown, the text is as it was.
async fn a_stale_reply_is_held(team: &Team, mira: &Program, winner: Who) -> Result<()> {
    let winner = team.rep(winner);
    winner.desktop.press(ANSWER.trim_start_matches('H')).await?;
    ensure!(winner.desktop.value(&hooks::composer()).await? == ANSWER);
    let second = letter(SECOND_ID, Some(ENQUIRY_ID), &format!("Re: {SUBJECT}"), SECOND_TEXT);
    team.mail.deliver(CARL, &[SALES], &second).await?;
    // It is with the referee, and has not been read by anybody yet.
    eventually("the second message at the server", SOON, async || {
        let newest = mira.conversation(SUBJECT).await?["lastMessage"]["preview"].clone();
        Ok(newest
            .as_str()
            .is_some_and(|text| text.contains(SECOND_TEXT))
            .then_some(()))
    })
    .await?;
    winner.press_send().await?;
    winner.desktop.wait_for(&hooks::held_line(), SOON).await?;
    winner
        .desktop
        .wait_until(&hooks::thread(), SOON, |text| text.contains(SECOND_TEXT))
        .await?;
    ensure!(
        winner.desktop.value(&hooks::composer()).await? == ANSWER,
        "the text was changed"
    );
    ensure!(
        replies(&team.mail.inbox_of(CARL).await?).is_empty(),
        "the held reply was delivered"
    );

    // The line has the focus, and Enter is its answer.
    winner.desktop.press(ENTER).await?;
    winner.desktop.wait_gone(&hooks::held_line(), SOON).await?;
    winner
        .desktop
        .wait_until(&hooks::status(), SOON, |text| text.contains("Waiting"))
        .await?;
    Ok(())
}

/// (e) The customer has exactly one reply, and another mail program sees it in its thread.
async fn the_customer_has_one_reply(team: &Team) -> Result<()> {
    team.mail
        .arrival(CARL, SOON, |letter| letter.text.contains(ANSWER))
        .await?;
    // The copy in Sent is made after the delivery: when it is there, nothing more is under way.
    let sent = eventually("the copy in Sent", SOON, async || {
        Ok(team
            .mail
            .folder_of(SALES, "Sent")
            .await?
            .into_iter()
            .find(|letter| letter.text.contains(ANSWER)))
    })
    .await?;
    let inbox = team.mail.inbox_of(CARL).await?;
    let replies = replies(&inbox);
    let [reply] = replies.as_slice() else {
        anyhow::bail!("{} replies: {replies:#?}", replies.len());
    };
    ensure!(
        reply.message_id() == sent.message_id(),
        "the copy in Sent is another message"
    );
    ensure!(reply.subject() == format!("Re: {SUBJECT}"), "{}", reply.subject());
    ensure!(reply.in_reply_to() == SECOND_ID, "{}", reply.in_reply_to());
    ensure!(
        reply.references() == [ENQUIRY_ID, SECOND_ID],
        "{:?}",
        reply.references()
    );
    ensure!(
        team.mail.folder_of(SALES, "Sent").await?.len() == 1,
        "more than one copy in Sent"
    );
    Ok(())
}

/// What came from the team.
fn replies(inbox: &[Letter]) -> Vec<&Letter> {
    inbox
        .iter()
        .filter(|letter| letter.header("from").contains("sales@"))
        .collect()
}

/// A customer's letter. The date is the machine's, as it is for any customer.
fn letter(id: &str, answers: Option<&str>, subject: &str, text: &str) -> Vec<u8> {
    let thread = answers
        .map(|id| format!("In-Reply-To: {id}\r\nReferences: {id}\r\n"))
        .unwrap_or_default();
    format!(
        "From: Carl Customer <carl@baton.test>\r\nTo: sales@baton.test\r\nSubject: {subject}\r\nMessage-ID: {id}\r\n\
         {thread}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}
