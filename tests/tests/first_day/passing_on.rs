//! A message is forwarded to somebody outside: it gets there with its file, Carl waits as before, and what comes back is in the same place.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use baton_domain::Address;
use baton_protocol::{Acted, Reply, Request};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;

use crate::desk::{Desk, draft};
use crate::team::{PASSWORD, SALES, SOON, address_of};

/// More than the undo window.
const UNDO_OVER_MS: i64 = 11_000;
const SUBJECT: &str = "Forty desks to Kiel";
const ASKED: &str = "From: Carl <carl@baton.test>\r\nTo: sales@baton.test\r\nSubject: Forty desks to Kiel\r\n\
    Message-ID: <kiel@customer.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe plan of the floor is with this.\r\n\
    --b\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\n\r\n\
    %PDF-1.4 hall\r\n--b--\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_arrives_with_its_file_and_answers_nobody() {
    forwarded_and_answered().await.unwrap();
}

async fn forwarded_and_answered() -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let desk = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    desk.join().await?;
    mail.deliver("carl@baton.test", &[&address_of(SALES)], ASKED.as_bytes())
        .await?;
    let lead = desk.find(SUBJECT).await?;
    let opened = desk.look(lead).await?;
    let Some(message) = opened.last_message else {
        bail!("no message: {opened:?}");
    };

    let passed_on = eventually("the message's bytes", SOON, async || {
        match desk.ask(Request::Forward { message }).await {
            Ok(Reply::Forward(passed_on)) => Ok(Some(passed_on)),
            _ => Ok(None),
        }
    })
    .await?;
    ensure!(
        passed_on.text.contains("The plan of the floor") && passed_on.bare_subject == SUBJECT,
        "{passed_on:?}"
    );
    let mut text = draft(&opened, &format!("Can you deliver these?\n\n{}", passed_on.text));
    text.to = vec![Address {
        name: "Freight".to_owned(),
        email: "freight@baton.test".to_owned(),
    }];
    text.subject = format!("Fwd: {}", passed_on.bare_subject);
    text.files = passed_on.files;
    text.forwards = Some(message);
    desk.ask(Request::Compose {
        conversation: lead,
        draft: text,
        cover: false,
    })
    .await?;
    eventually("it to be sent", SOON, async || {
        let sent = desk.send(lead, None).await?;
        Ok(matches!(sent, Acted::Done { .. } | Acted::Pending { .. }).then_some(()))
    })
    .await?;
    clock.advance_ms(UNDO_OVER_MS)?;
    let letter = mail
        .arrival("freight", SOON * 4, |letter| {
            letter.subject() == format!("Fwd: {SUBJECT}")
        })
        .await?;
    ensure!(letter.attachments == ["plan.pdf"], "{:?}", letter.attachments);
    ensure!(
        letter.in_reply_to().is_empty() && letter.message_id() != "<kiel@customer.test>",
        "a thread of its own, under an id of ours"
    );
    let opened = desk.look(lead).await?;
    ensure!(
        opened.conversation.unanswered_since.is_some()
            && opened.conversation.replies == 0
            && opened.conversation.owner.is_none(),
        "Carl waits as before: {:?}",
        opened.conversation
    );

    let answer = format!(
        "From: Freight <freight@baton.test>\r\nTo: sales@baton.test\r\nSubject: Re: Fwd: {SUBJECT}\r\n\
         Message-ID: <yes@freight.test>\r\nIn-Reply-To: {}\r\n\r\nOn Thursday.\r\n",
        letter.message_id()
    );
    mail.deliver("freight@baton.test", &[&address_of(SALES)], answer.as_bytes())
        .await?;
    eventually("the answer to it", Duration::from_secs(60), async || {
        Ok((desk.look(lead).await?.conversation.messages == 2).then_some(()))
    })
    .await?;
    ensure!(desk.rows().await?.len() == 1, "one conversation");
    ensure!(mail.inbox_of("carl").await?.is_empty(), "Carl has heard nothing of it");
    desk.close().await
}
