//! Another matter in the same thread: Carl asks for desks, is answered, and answers that with something else. It becomes a lead of its own,
//! answered in a thread of its own; what he answers to either comes to its own, and Carl has one reply to each.

use std::time::Duration;

use anyhow::{Result, ensure};
use baton_domain::{CommandBody, ConversationId, Direction, MessageId};
use baton_protocol::{Acted, Opened, Reply, Request, ThreadItem};
use baton_tests::clock::TestClock;
use baton_tests::mail::{Letter, MailHost};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;

use crate::desk::Desk;
use crate::team::{PASSWORD, SALES, address_of};

const DESKS: &str = "Forty desks";
const FAIR: &str = "A stand at the fair";
const CARL: &str = "carl@baton.test";
const SOON: Duration = Duration::from_secs(60);
/// More than the undo window.
const UNDO_OVER_MS: i64 = 60_000;

pub async fn each_in_its_own(database: Database) -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    for (name, role) in [("Mira", "manager"), ("Ada", "admin")] {
        server.add_member(name, &address_of(name), role, PASSWORD).await?;
    }
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let mira = Desk::new("Mira", Wire::to(server.port()).await?).await?;
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    tokio::try_join!(mira.join(), ada.join())?;

    writes(&mail, DESKS, "desks", None).await?;
    let lead = mira.find(DESKS).await?;
    let first = answered(&mira, &clock, &mail, lead, "Forty desks it is.").await?;
    writes(&mail, FAIR, "fair", Some(first.message_id())).await?;
    let opened = at(&mira, lead, |opened| opened.conversation.messages == 3).await?;
    let fair = newest(&opened).ok_or_else(|| anyhow::anyhow!("no message of Carl's"))?;
    ensure!(
        subjects(&opened) == [DESKS, FAIR],
        "in the thread he answered: {:?}",
        subjects(&opened)
    );

    let split = Request::Act {
        conversation: lead,
        body: CommandBody::Split { messages: vec![fair] },
        last_seen: opened.last_message,
    };
    let Reply::Act(Acted::Done { command, .. }) = mira.ask(split).await? else {
        anyhow::bail!("it was not split");
    };
    let new = ConversationId(command.0);
    for desk in [&mira, &ada] {
        let both = [
            at(desk, new, |opened| opened.conversation.split.is_some()).await?,
            at(desk, lead, |opened| opened.conversation.messages == 2).await?,
        ];
        ensure!(
            both.each_ref().map(subjects) == [vec![FAIR.to_owned()], vec![DESKS.to_owned()]],
            "each in its own, at {}",
            desk.name
        );
    }
    let (one, other) = tokio::try_join!(mira.look(lead), mira.look(new))?;
    ensure!(
        one.conversation.owner.is_some() && one.conversation.owner == other.conversation.owner,
        "whoever owns the one owns the other"
    );

    let second = answered(&mira, &clock, &mail, new, "Hall four has one left.").await?;
    ensure!(
        second.in_reply_to() == "<fair@customer.test>",
        "it answers what he wrote about the fair: {}",
        second.in_reply_to()
    );
    writes(&mail, &format!("Re: {FAIR}"), "hall", Some(second.message_id())).await?;
    writes(&mail, &format!("Re: {DESKS}"), "grey", Some(first.message_id())).await?;
    let theirs = at(&ada, new, |opened| opened.conversation.messages == 3).await?;
    ensure!(
        subjects(&theirs) == [FAIR.to_owned(), format!("Re: {FAIR}")],
        "{:?}",
        subjects(&theirs)
    );
    let ours = at(&ada, lead, |opened| opened.conversation.messages == 3).await?;
    ensure!(
        subjects(&ours) == [DESKS.to_owned(), format!("Re: {DESKS}")],
        "{:?}",
        subjects(&ours)
    );
    ensure!(mail.inbox_of("carl").await?.len() == 2, "one reply to each");
    tokio::try_join!(mira.close(), ada.close())?;
    Ok(())
}

/// Mira answers, and it is in Carl's mailbox.
async fn answered(desk: &Desk, clock: &TestClock, mail: &MailHost, id: ConversationId, text: &str) -> Result<Letter> {
    let opened = desk.look(id).await?;
    desk.compose(&opened, text).await?;
    eventually("it to be sent", SOON, async || {
        let sent = desk.send(id, opened.last_message).await?;
        Ok(matches!(sent, Acted::Done { .. } | Acted::Pending { .. }).then_some(()))
    })
    .await?;
    clock.advance_ms(UNDO_OVER_MS)?;
    let subject = format!("Re: {}", opened.conversation.subject);
    let letter = mail.arrival("carl", SOON, |letter| letter.subject() == subject).await?;
    at(desk, id, |opened| {
        opened.conversation.outbound.iter().all(|outbound| outbound.settled())
    })
    .await?;
    Ok(letter)
}

async fn at(desk: &Desk, id: ConversationId, is: impl Fn(&Opened) -> bool) -> Result<Opened> {
    eventually(&format!("{id} at {}", desk.name), SOON, async || {
        // It may not be there yet.
        let opened = desk.look(id).await.ok();
        Ok(opened.filter(|opened| is(opened)))
    })
    .await
}

fn subjects(opened: &Opened) -> Vec<String> {
    theirs(opened).map(|(_, subject)| subject.to_owned()).collect()
}

fn newest(opened: &Opened) -> Option<MessageId> {
    theirs(opened).last().map(|(id, _)| id)
}

/// What Carl wrote, as the window shows it.
fn theirs(opened: &Opened) -> impl Iterator<Item = (MessageId, &str)> {
    opened.thread.iter().filter_map(|item| match item {
        ThreadItem::Message { message, .. } if message.direction == Direction::Inbound => {
            Some((message.id, message.subject.as_str()))
        }
        _ => None,
    })
}

/// Carl writes to us, where one is given as an answer to it.
async fn writes(mail: &MailHost, subject: &str, id: &str, answers: Option<&str>) -> Result<()> {
    let to = format!("{SALES}@{}", baton_tests::mail::DOMAIN);
    let answers = answers.map(|id| format!("In-Reply-To: {id}\r\n")).unwrap_or_default();
    let letter = format!(
        "From: Carl <{CARL}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}@customer.test>\r\n{answers}\r\n\
         Hello, this is about something: {id}.\r\n"
    );
    mail.deliver(CARL, &[to.as_str()], letter.as_bytes()).await
}
