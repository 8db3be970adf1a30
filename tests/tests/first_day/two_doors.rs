//! One buyer, two doors: Carl writes to two addresses. It is offered as one enquiry, merged across inboxes, goes on as one wherever he
//! writes, and is taken apart as it was.

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{CommandBody, ConversationId, Outcome};
use baton_protocol::{Acted, ExceptionKind, Opened, Reply, Request, ThreadItem};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;

use crate::desk::Desk;
use crate::team::{PASSWORD, SALES, SOON, address_of};

const HELLO: &str = "hello";
const FIRST: &str = "Forty desks";
const SECOND: &str = "Do you sell desks?";

pub async fn one_enquiry(database: Database) -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    for (name, role) in [("Mira", "manager"), ("Ada", "admin")] {
        server.add_member(name, &address_of(name), role, PASSWORD).await?;
    }
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.connect_mailbox(&mail, HELLO, "Hello", "together").await?;
    server.restart().await?;
    let mira = Desk::new("Mira", Wire::to(server.port()).await?).await?;
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    tokio::try_join!(mira.join(), ada.join())?;

    write(&mail, SALES, FIRST, "first", "").await?;
    let first = mira.find(FIRST).await?;
    write(&mail, HELLO, SECOND, "second", "").await?;
    let second = mira.find(SECOND).await?;
    let hello = mira.look(second).await?.conversation.inbox;
    ensure!(hello != mira.look(first).await?.conversation.inbox, "two inboxes");
    ensure!(
        matches(&ada).await? == [(second, first)],
        "it is offered to whoever sees both"
    );

    act(&mira, second, CommandBody::Merge { into: first }).await?;
    let opened = at(&ada, first, |opened| opened.conversation.messages == 2).await?;
    let subjects: Vec<&str> = messages(&opened).collect();
    ensure!(subjects == [FIRST, SECOND], "one thread: {subjects:?}");
    let gone = at(&ada, second, |opened| opened.conversation.merged.is_some()).await?;
    let outcome = gone.conversation.closing.as_ref().map(|closing| closing.outcome);
    ensure!(outcome == Some(Outcome::Duplicate), "{outcome:?}");
    ensure!(matches(&ada).await?.is_empty(), "it is decided");

    // He answers his own second letter, at the second door.
    write(
        &mail,
        HELLO,
        &format!("Re: {SECOND}"),
        "third",
        "<second@customer.test>",
    )
    .await?;
    at(&ada, first, |opened| opened.conversation.messages == 3).await?;

    let Reply::Undo(undone) = mira.ask(Request::Undo).await? else {
        bail!("no answer to undo");
    };
    ensure!(
        matches!(undone, Acted::Done { .. } | Acted::Pending { .. }),
        "{undone:?}"
    );
    let out = at(&ada, second, |opened| opened.conversation.merged.is_none()).await?;
    ensure!(out.conversation.closing.is_none(), "{:?}", out.conversation);
    ensure!(
        (out.conversation.messages, out.conversation.inbox) == (1, hello),
        "as it was, where it was"
    );
    let one = at(&ada, first, |opened| opened.conversation.absorbed.is_empty()).await?;
    ensure!(
        one.conversation.messages == 2,
        "what came meanwhile stays: {:?}",
        one.conversation
    );
    tokio::try_join!(mira.close(), ada.close())?;
    Ok(())
}

async fn write(mail: &MailHost, to: &str, subject: &str, id: &str, answers: &str) -> Result<()> {
    let to = format!("{to}@{}", baton_tests::mail::DOMAIN);
    let answers = if answers.is_empty() {
        String::new()
    } else {
        format!("In-Reply-To: {answers}\r\n")
    };
    let letter = format!(
        "From: Carl <carl@baton.test>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}@customer.test>\r\n{answers}\r\n\
         Hello, this is about desks: {id}.\r\n"
    );
    mail.deliver("carl@baton.test", &[to.as_str()], letter.as_bytes()).await
}

/// What may be one enquiry and waits for a decision.
async fn matches(desk: &Desk) -> Result<Vec<(ConversationId, ConversationId)>> {
    let Reply::Exceptions(found) = desk.ask(Request::Exceptions).await? else {
        bail!("no exceptions");
    };
    let undecided = found.into_iter().filter_map(|one| match one.what {
        ExceptionKind::Duplicate { other, .. } => Some((one.conversation, other)),
        _ => None,
    });
    Ok(undecided.collect())
}

async fn act(desk: &Desk, conversation: ConversationId, body: CommandBody) -> Result<()> {
    let last_seen = desk.look(conversation).await?.last_message;
    let act = Request::Act {
        conversation,
        body,
        last_seen,
    };
    match desk.ask(act).await? {
        Reply::Act(Acted::Done { undoable: true, .. }) => Ok(()),
        other => bail!("{other:?}"),
    }
}

async fn at(desk: &Desk, id: ConversationId, is: impl Fn(&Opened) -> bool) -> Result<Opened> {
    eventually(&format!("{id} at {}", desk.name), SOON * 2, async || {
        Ok(Some(desk.look(id).await?).filter(|opened| is(opened)))
    })
    .await
    .context("a conversation as it is to be")
}

fn messages(opened: &Opened) -> impl Iterator<Item = &str> {
    opened.thread.iter().filter_map(|item| match item {
        ThreadItem::Message { message, .. } => Some(message.subject.as_str()),
        _ => None,
    })
}
