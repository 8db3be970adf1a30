//! A mailbox that its owner's own desktop reads and sends, with a password the server never hears.
//!
//! Anna has two computers that know the password, so that one can go on where the other stopped. Ben works in the same inbox and sees
//! what comes and goes, though nobody but Anna can open the mailbox.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{Account, AccountMode, OutboundState};
use baton_protocol::{ComposeLock, HealthState, MailServer, MailboxSettings, Reply, Request, Security};
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, PASSWORD as MAIL_PASSWORD, address};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;

use crate::desk::Desk;
use crate::team::{CARL, PASSWORD, SALES, SOON, address_of};

/// A lease that nobody gives back runs out after a minute, and is asked for every fifteen seconds.
const TAKE_OVER: Duration = Duration::from_secs(120);

struct Office {
    mail: MailHost,
    server: ServerProcess,
    /// Anna's two computers.
    desk: Desk,
    laptop: Desk,
    ben: Desk,
    _clock: TestClock,
}

impl Office {
    async fn open(database: Database) -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = TestClock::new()?;
        let mail = MailHost::start().await?;
        let server = ServerProcess::start(database, &clock).await?;
        for (name, role) in [("Anna", "admin"), ("Ben", "rep")] {
            server.add_member(name, &address_of(name), role, PASSWORD).await?;
        }
        let at = async |name| {
            let desk = Desk::new(name, Wire::to(server.port()).await?).await?;
            desk.join().await?;
            anyhow::Ok(desk)
        };
        let (desk, laptop, ben) = (at("Anna").await?, at("Anna").await?, at("Ben").await?);
        Ok(Self {
            mail,
            server,
            desk,
            laptop,
            ben,
            _clock: clock,
        })
    }

    fn settings(&self) -> Result<MailboxSettings> {
        let end = |port| MailServer::new(self.mail.name(), port, Security::StartTls);
        Ok(MailboxSettings {
            address: address(SALES),
            name: "Sales".to_owned(),
            user: SALES.to_owned(),
            password: MAIL_PASSWORD.to_owned(),
            sign_in: None,
            graph: None,
            imap: end(self.mail.imap_port()),
            smtp: end(self.mail.smtp_port()),
            extra_ca: Some(std::fs::read_to_string(self.mail.ca_file())?),
        })
    }

    async fn carl_writes(&self, subject: &str) -> Result<()> {
        let (carl, sales) = (address(CARL), address(SALES));
        let raw = format!(
            "From: Carl <{carl}>\r\nTo: {sales}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@baton.test>\r\n\r\nHow much is {subject}?\r\n"
        );
        self.mail.deliver(CARL, &[SALES], raw.as_bytes()).await
    }

    /// Somebody answers a letter of Carl's; it is in the referee's hands then.
    async fn answer(&self, who: &Desk, subject: &str, text: &str) -> Result<()> {
        let conversation = who.find(subject).await?;
        let before = who.look(conversation).await?.conversation.outbound.len();
        eventually("the lock", SOON, async || {
            let opened = who.look(conversation).await?;
            Ok((who.compose(&opened, text).await? == ComposeLock::Mine).then_some(()))
        })
        .await?;
        eventually("the reply to be taken", SOON, async || {
            let opened = who.look(conversation).await?;
            if opened.conversation.outbound.len() == before {
                who.send(conversation, opened.last_message).await?;
                return Ok(None);
            }
            Ok(Some(()))
        })
        .await
    }

    /// How a colleague sees the answer to a letter.
    async fn sees_sent(&self, who: &Desk, subject: &str) -> Result<()> {
        let conversation = who.find(subject).await?;
        eventually(&format!("{} to see the answer", who.name), SOON * 4, async || {
            let opened = who.look(conversation).await?;
            let last = opened.conversation.outbound.last();
            Ok(last
                .is_some_and(|outbound| matches!(outbound.state, OutboundState::Sent { .. }))
                .then_some(()))
        })
        .await
    }

    /// Waits until Carl has exactly so many letters, each with its own text.
    async fn carl_has(&self, count: usize) -> Result<()> {
        let letters = eventually("Carl's mail", TAKE_OVER, async || {
            let letters = self.mail.inbox_of(CARL).await?;
            Ok((letters.len() >= count).then_some(letters))
        })
        .await?;
        let mut texts: Vec<&str> = letters.iter().map(|letter| letter.text.trim()).collect();
        texts.sort_unstable();
        texts.dedup();
        ensure!(texts.len() == count && letters.len() == count, "Carl got {letters:?}");
        Ok(())
    }
}

async fn state(who: &Desk) -> Result<Option<HealthState>> {
    match who.ask(Request::Health).await? {
        Reply::Health(rows) => Ok(rows.into_iter().next().map(|row| row.health.state)),
        other => bail!("{other:?}"),
    }
}

async fn moved(who: &Desk, request: Request) -> Result<Account> {
    match who.ask(request).await? {
        Reply::HostMailbox(account) | Reply::MoveMailbox(account) => Ok(account),
        other => bail!("{other:?}"),
    }
}

/// Mail comes and goes through whichever of Anna's computers has the mailbox; when neither has, that is said, and nothing is lost.
pub async fn by_its_owner(database: Database) -> Result<()> {
    let office = Office::open(database).await?;
    let (desk, laptop, ben) = (&office.desk, &office.laptop, &office.ben);
    let connect = Request::HostMailbox {
        mailbox: office.settings()?,
        mode: AccountMode::Together,
        folders: Vec::new(),
    };
    let account = moved(desk, connect).await?;
    ensure!(account.hosted_by == desk.member().await?, "{account:?}");
    eventually("the mailbox to be up to date", SOON * 2, async || {
        Ok((state(ben).await? == Some(HealthState::UpToDate)).then_some(()))
    })
    .await?;

    // Her other computer knows the password, too, and waits its turn.
    let here = Request::MoveMailbox {
        account: account.id,
        mailbox: office.settings()?,
        here: true,
    };
    moved(laptop, here).await?;

    office.carl_writes("solo").await?;
    ben.find("solo").await?;
    office.answer(desk, "solo", "Solo is 4,900 euros.").await?;
    office.carl_has(1).await.context("the first answer")?;
    office.sees_sent(ben, "solo").await?;
    let filed = office.mail.folder_of(SALES, "Sent");
    ensure!(filed.await?.len() <= 1, "a copy was filed twice");

    // The computer that has it dies in the middle of work, and the other goes on where it stopped.
    desk.die().await;
    office.carl_writes("duo").await?;
    eventually("the laptop to take over", TAKE_OVER, async || {
        let rows = ben.rows().await?;
        Ok(rows.values().any(|row| row.subject == "duo").then_some(()))
    })
    .await?;
    office.answer(ben, "duo", "Duo is 7,900 euros.").await?;
    office.carl_has(2).await.context("the answer through the laptop")?;
    // The first one comes back and must wait; nothing is read or sent by both.
    desk.open().await?;
    office.carl_writes("trio").await?;
    office.answer(ben, "trio", "Trio is 9,900 euros.").await?;
    office.carl_has(3).await.context("an answer with both computers on")?;

    // Both are closed: who is awaited is said, and what Ben answers meanwhile waits.
    desk.close().await?;
    laptop.close().await?;
    eventually("Ben to be told who is away", SOON * 2, async || {
        let away = matches!(state(ben).await?, Some(HealthState::HostAway { name, .. }) if name == "Anna");
        Ok(away.then_some(()))
    })
    .await?;
    office.carl_writes("quartet").await?;
    // Only whose conversation it is answers without being asked to cover.
    office.answer(ben, "duo", "And delivery is free.").await?;
    let conversation = ben.find("duo").await?;
    eventually("the reply to wait", SOON * 2, async || {
        let opened = ben.look(conversation).await?;
        let last = opened.conversation.outbound.last();
        Ok(last
            .is_some_and(|outbound| outbound.state == OutboundState::Queued)
            .then_some(()))
    })
    .await?;

    // She opens one: everything that waited goes on.
    laptop.open().await?;
    eventually("what came meanwhile", TAKE_OVER, async || {
        let rows = ben.rows().await?;
        Ok(rows.values().any(|row| row.subject == "quartet").then_some(()))
    })
    .await?;
    office.carl_has(4).await.context("the answer that waited")?;

    // The server takes it over with the same mailbox: it goes on, and reads nothing a second time.
    let to_server = Request::MoveMailbox {
        account: account.id,
        mailbox: office.settings()?,
        here: false,
    };
    ensure!(moved(laptop, to_server).await?.hosted_by.is_none(), "still at a desk");
    office.carl_writes("quintet").await?;
    ben.find("quintet").await?;
    let api = office.server.sign_in(&address_of("Anna"), PASSWORD).await?;
    let balance = api.get(&format!("/v1/accounts/{}/balance", account.id)).await?;
    let of = |what: &str| balance[what].as_u64().unwrap_or(u64::MAX);
    ensure!(of("quarantined") == 0 && of("ignored") == 0, "{balance}");
    let subjects = ben.rows().await?.len();
    ensure!(subjects == 5, "{subjects} conversations instead of 5");
    office.carl_has(4).await
}
