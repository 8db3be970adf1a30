//! (g): Ben's network is cut. What is his is all there, what he does waits, and when the network returns it happens once. His
//! reply to somebody a colleague has answered meanwhile is held, with the reason.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baton_tests::process::eventually;
use serde_json::{Value, json};

use crate::hooks;
use crate::morning::Morning;
use crate::team::{Program, SALES, SOON, Team};

/// How soon a desktop must know that it is alone.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);
/// How soon a desktop that has its network back must have handed in what was done without it, on a machine that is busy.
const HANDED_IN_WITHIN: Duration = Duration::from_secs(150);

const DORA: &str = "Standing desks";
const ERIK: &str = "Chairs";
const FAY: &str = "Lamps";

const FILE: &str = "floor plan.csv";
const FILE_TEXT: &str = "room,desks\r\nnorth,12\r\n";

const NOTE: &str = "Called her from the train.";
const BENS_REPLY: &str = "Hello Erik, chairs are 90 euros.";
const MIRAS_REPLY: &str = "Hello Erik, chairs are 85 euros this week.";

/// (g)
pub async fn work_without_a_network(team: &Team, morning: &Morning) -> Result<()> {
    let mira = &morning.mira;
    let bens = team.program_of("Ben").await?;
    for (customer, subject) in [("dora", DORA), ("erik", ERIK), ("fay", FAY)] {
        team.mail
            .deliver(customer, &[SALES], &letter(customer, subject))
            .await?;
        let conversation = mira.arrival(subject, SOON).await?;
        let assign = json!({ "type": "assign", "to": bens.me()["id"], "context": null });
        ensure!(
            mira.refusal_of(&conversation, &assign).await?.is_none(),
            "Ben was not given {subject:?}"
        );
    }
    let ben = &team.ben;
    ben.look_at("mine").await?;
    for subject in [DORA, ERIK, FAY] {
        let is_listed = |row: &str| row.contains(subject);
        ben.desktop.wait_until(&hooks::rows(), SOON, is_listed).await?;
    }
    ben.wire.cut();
    let is_alone = |text: &str| text.contains("Offline");
    ben.desktop
        .wait_until(&hooks::connection(), NOTICED_WITHIN, is_alone)
        .await?;

    open(team, mira, DORA, "The floor plan is attached").await?;
    ben.desktop.click(&hooks::attachment(0), SOON).await?;
    let saved = eventually("the attachment", SOON, async || {
        Ok(find(&ben.desktop.session().home(), FILE))
    })
    .await?;
    ensure!(
        std::fs::read_to_string(saved)? == FILE_TEXT,
        "the attachment is not what Dora sent"
    );
    ben.note(NOTE).await?;
    ben.desktop.press("f").await?;
    ben.desktop.click(&hooks::first_date(), SOON).await?;

    open(team, mira, FAY, "Do you sell lamps").await?;
    ben.desktop.press("e").await?;
    ben.desktop.click(&hooks::outcome("lost"), SOON).await?;
    ben.desktop.click(&hooks::close(), SOON).await?;

    open(team, mira, ERIK, "What do chairs cost").await?;
    ben.desktop.press("r").await?;
    ben.desktop.type_into(&hooks::composer(), BENS_REPLY, SOON).await?;
    ben.press_send().await?;
    ben.desktop.wait_gone(&hooks::composer(), SOON).await?;

    let eriks = mira.conversation(ERIK).await?;
    let take = json!({ "type": "assign", "to": mira.me()["id"], "context": null });
    ensure!(
        mira.refusal_of(&eriks, &take).await?.is_none(),
        "Mira could not take it"
    );
    mira.answer(&eriks, MIRAS_REPLY).await?;
    team.mail
        .arrival("erik", SOON, |letter| letter.text.contains(MIRAS_REPLY))
        .await?;
    ensure!(notes(mira, DORA).await? == 0, "the network was not cut");

    ben.wire.mend();
    eventually("what Ben did to be everybody's", HANDED_IN_WITHIN, async || {
        let followed_up = !mira.conversation(DORA).await?["followUp"].is_null();
        let closed = mira.conversation(FAY).await?["status"] == "lost";
        Ok((followed_up && closed && notes(mira, DORA).await? > 0).then_some(()))
    })
    .await?;
    ensure!(notes(mira, DORA).await? == 1, "the note was applied more than once");

    ben.desktop.click(&hooks::held(), SOON).await?;
    let says_why = |page: &str| page.contains("Mira answered");
    ben.desktop.wait_until("body", SOON, says_why).await?;
    let inbox = team.mail.inbox_of("erik").await?;
    ensure!(inbox.len() == 1, "Erik has {} replies: {inbox:#?}", inbox.len());
    Ok(())
}

/// Ben opens a conversation and reads it.
async fn open(team: &Team, mira: &Program, subject: &str, text: &str) -> Result<()> {
    let number = mira.conversation(subject).await?["number"]
        .as_u64()
        .context("a number")?;
    team.ben.open(number).await?;
    let is_read = |thread: &str| thread.contains(text);
    team.ben.desktop.wait_until(&hooks::thread(), SOON, is_read).await?;
    Ok(())
}

/// How many times Ben's note is in the log.
async fn notes(mira: &Program, subject: &str) -> Result<usize> {
    let log = mira.with_log(&mira.conversation(subject).await?).await?;
    let entries = log["entries"].as_array().context("a log")?;
    let is_note = |entry: &&Value| entry["body"]["event"]["text"] == NOTE;
    Ok(entries.iter().filter(is_note).count())
}

/// A file of that name, wherever it was put in a home.
fn find(place: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(place).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|found| found == name) {
            return Some(path);
        }
    }
    None
}

fn letter(customer: &str, subject: &str) -> Vec<u8> {
    let (text, file) = match subject {
        DORA => ("The floor plan is attached.", true),
        ERIK => ("What do chairs cost?", false),
        _ => ("Do you sell lamps?", false),
    };
    let attachment = if file {
        format!(
            "--part\r\nContent-Type: text/csv; name=\"{FILE}\"\r\nContent-Disposition: attachment; filename=\"{FILE}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\ncm9vbSxkZXNrcw0Kbm9ydGgsMTINCg==\r\n"
        )
    } else {
        String::new()
    };
    format!(
        "From: {customer} <{customer}@baton.test>\r\nTo: sales@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{customer}@customer.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=part\r\n\r\n\
         --part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n{attachment}--part--\r\n"
    )
    .into_bytes()
}
