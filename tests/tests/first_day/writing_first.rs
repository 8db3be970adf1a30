//! We write first: one conversation with an owner from its beginning, one message, and the answer in the same place.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{AccountId, Address, ConversationId, DraftText, InboxId, Status};
use baton_protocol::{Acted, Begun, BootState, Reply, Request};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use uuid::Uuid;

use crate::desk::Desk;
use crate::team::{PASSWORD, SALES, SOON, address_of};

/// More than the undo window.
const UNDO_OVER_MS: i64 = 11_000;
const SUBJECT: &str = "Desks for your new office";

#[tokio::test(flavor = "multi_thread")]
async fn what_we_begin_has_one_owner_and_gets_its_answer() {
    begun_and_answered().await.unwrap();
}

async fn begun_and_answered() -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let desk = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    desk.join().await?;
    let BootState::Ready { team, me, .. } = desk.boot().await? else {
        bail!("not ready");
    };
    let account = team.accounts.first().context("an account")?;

    let ourselves = begin(&desk, Uuid::new_v4(), account.inbox, account.id, &account.address).await?;
    ensure!(matches!(ourselves, Begun::Refused { .. }), "{ourselves:?}");
    let wanted = Uuid::new_v4();
    // The first answer may have been lost on the way: asking again begins no second one.
    for _ in 0..2 {
        let begun = begin(&desk, wanted, account.inbox, account.id, "carl@baton.test").await?;
        ensure!(
            matches!(begun, Begun::Done { conversation } if conversation.0 == wanted),
            "{begun:?}"
        );
    }
    let conversation = ConversationId(wanted);
    let opened = desk.look(conversation).await?;
    ensure!(opened.conversation.owner == Some(me.id), "{:?}", opened.conversation);
    let Reply::With(known) = desk
        .ask(Request::With {
            email: "Carl@baton.test".to_owned(),
        })
        .await?
    else {
        bail!("no answer");
    };
    ensure!(known.len() == 1, "a second one would be begun unawares: {known:?}");

    let draft = DraftText {
        to: vec![opened.conversation.contact.clone()],
        subject: SUBJECT.to_owned(),
        text: "We heard that you are moving.".to_owned(),
        ..DraftText::default()
    };
    let compose = Request::Compose {
        conversation,
        draft,
        cover: false,
    };
    desk.ask(compose).await?;
    eventually("it to be sent", SOON, async || {
        let sent = desk.send(conversation, None).await?;
        Ok(matches!(sent, Acted::Done { .. } | Acted::Pending { .. }).then_some(()))
    })
    .await?;
    clock.advance_ms(UNDO_OVER_MS)?;
    let letter = mail
        .arrival("carl", SOON * 4, |letter| letter.subject() == SUBJECT)
        .await?;
    ensure!(
        letter.in_reply_to().is_empty() && letter.references().is_empty(),
        "it answers nothing"
    );

    let answer = format!(
        "From: Carl <carl@baton.test>\r\nTo: {}\r\nSubject: Re: {SUBJECT}\r\nMessage-ID: <yes@customer.test>\r\n\
         In-Reply-To: {}\r\n\r\nYes, forty of them.\r\n",
        account.address,
        letter.message_id()
    );
    mail.deliver("carl@baton.test", &[&account.address], answer.as_bytes())
        .await?;
    eventually("Carl's answer", Duration::from_secs(60), async || {
        let opened = desk.look(conversation).await?;
        let answered = opened.conversation.status == Status::Assigned && opened.conversation.messages == 2;
        Ok(answered.then_some(()))
    })
    .await?;
    ensure!(desk.rows().await?.len() == 1, "one conversation");
    desk.close().await
}

async fn begin(desk: &Desk, conversation: Uuid, inbox: InboxId, account: AccountId, email: &str) -> Result<Begun> {
    let begin = Request::Begin {
        conversation: ConversationId(conversation),
        inbox,
        account,
        to: Address {
            name: "Carl".to_owned(),
            email: email.to_owned(),
        },
        subject: SUBJECT.to_owned(),
    };
    match desk.ask(begin).await? {
        Reply::Begin(begun) => Ok(begun),
        other => bail!("{other:?}"),
    }
}
