//! Received = accounted for, on a real mail server: quarantine is read once more, the books are held against the mailbox, and a mailbox
//! that is only watched is not touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use baton_domain::{Account, AccountMode, FolderChoice, FolderUse, LogBody, Outcome};
use baton_protocol::{Balance, FolderBalance, HealthState, MailServer, MailboxSettings, Retried, Security};
use baton_server::hosting::accounting;
use baton_server::hosting::mailbox::Mailbox;
use baton_store::port::{FolderCursor, Sequencer as _};
use baton_tests::mail::{MailHost, PASSWORD, Seed, address};
use baton_tests::process::eventually;
use support::Team;

/// How long a letter may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn mailbox(mail: &MailHost) -> Mailbox {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = |port| MailServer {
        host: mail.name().to_owned(),
        port,
        security: Security::StartTls,
    };
    Mailbox::try_from(MailboxSettings {
        graph: None,
        address: address("sales"),
        name: "Sales".to_owned(),
        user: "sales".to_owned(),
        password: PASSWORD.to_owned(),
        imap: server(mail.imap_port()),
        smtp: server(mail.smtp_port()),
        sign_in: None,
        extra_ca: Some(std::fs::read_to_string(mail.ca_file()).unwrap()),
    })
    .unwrap()
}

fn letter(number: usize) -> Seed {
    let raw = format!(
        "From: Carl <carl@example.com>\r\nTo: {}\r\nMessage-ID: <{number}@example.com>\r\nSubject: Letter {number}\r\n\r\nNumber {number}\r\n",
        address("sales")
    );
    Seed::new(raw.as_bytes(), baton_clock::now_ms() - 1000, &["\\Seen"])
}

async fn up(team: &Team, account: &Account) {
    let mut health = team.server.core().health.subscribe();
    let up = health.wait_for(|all| {
        all.get(&account.id)
            .is_some_and(|one| one.state == HealthState::UpToDate)
    });
    let up = tokio::time::timeout(PATIENCE, up).await;
    up.expect("the mailbox did not come up").unwrap();
}

fn folder<'a>(balance: &'a Balance, name: &str) -> &'a FolderBalance {
    balance.folders.iter().find(|folder| folder.folder == name).unwrap()
}

/// The file Dovecot keeps a letter of the INBOX in.
fn file_of(mail: &MailHost, holds: &str) -> PathBuf {
    file_in(mail, "", holds)
}

/// The file Dovecot keeps a letter of that folder in.
fn file_in(mail: &MailHost, folder: &str, holds: &str) -> PathBuf {
    let folder = mail.maildir_of("sales").unwrap().join(folder);
    ["cur", "new"]
        .iter()
        .flat_map(|part| std::fs::read_dir(folder.join(part)).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(holds)))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_in_quarantine_is_read_once_more_and_the_books_add_up() {
    let mail = MailHost::start().await.unwrap();
    let letters: Vec<Seed> = (1..=5).map(letter).collect();
    mail.seed("sales", "INBOX", &letters).await.unwrap();
    let broken = file_of(&mail, "<3@example.com>");
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o000)).unwrap();
    let team = Team::start().await;
    let core = team.server.core();
    let account = core
        .add_account(&mailbox(&mail), team.inbox, AccountMode::Together)
        .await
        .unwrap();
    up(&team, &account).await;
    let balance = core.balance(account.id).await.unwrap();
    let inbox = folder(&balance, "INBOX");
    assert_eq!(
        (inbox.received, inbox.imported, inbox.quarantined),
        (5, 4, 1),
        "{balance:?}"
    );
    assert!(inbox.adds_up() && inbox.complete && inbox.messages == 5, "{inbox:?}");
    let checks = accounting::check(core, &account).await.unwrap();
    let check = checks.iter().find(|check| check.folder == "INBOX").unwrap();
    assert_eq!((check.in_mailbox, check.waiting, check.gone), (5, 0, 0));
    assert!(check.missing.is_empty() && !check.renumbered);

    // Still not readable: it stays, and is tried again later.
    let still = accounting::retry(core, None).await.unwrap();
    assert_eq!((still.tried, still.imported, still.quarantined), (1, 0, 1));
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o644)).unwrap();
    let read = accounting::retry(core, None).await.unwrap();
    assert_eq!((read.tried, read.imported, read.quarantined), (1, 1, 0));
    assert_eq!(accounting::retry(core, None).await.unwrap(), Retried::default());
    let balance = core.balance(account.id).await.unwrap();
    assert_eq!((balance.received, balance.imported, balance.quarantined), (5, 5, 0));
    team.conversation("Letter 3").await;

    // What somebody deletes was received all the same.
    mail.expunge("sales", "INBOX", "2").await.unwrap();
    let checks = accounting::check(core, &account).await.unwrap();
    let check = checks.iter().find(|check| check.folder == "INBOX").unwrap();
    assert_eq!((check.in_mailbox, check.gone, check.missing.len()), (4, 1, 0));
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_that_lack_a_message_are_found_out() {
    let mail = MailHost::start().await.unwrap();
    let letters: Vec<Seed> = (1..=3).map(letter).collect();
    mail.seed("sales", "INBOX", &letters).await.unwrap();
    let team = Team::with(|options| options.host_accounts = false).await;
    let core = team.server.core();
    let account = core
        .add_account(&mailbox(&mail), team.inbox, AccountMode::Together)
        .await
        .unwrap();
    // A cursor that says more than was read: what a host with a defect would leave.
    let numbers = {
        let mut conn = baton_channels::email::imap::ImapConn::open(
            &mailbox(&mail).account,
            &mailbox(&mail).secret(std::sync::Arc::new(())),
        )
        .await
        .unwrap();
        let opened = conn.examine("INBOX").await.unwrap();
        conn.logout().await;
        opened.uidvalidity
    };
    let cursor = FolderCursor {
        received: 3,
        ..FolderCursor::at(account.id, "INBOX".to_owned(), numbers, 1, 3)
    };
    core.referee.receive(Vec::new(), Some(cursor)).await.unwrap();
    let balance = core.balance(account.id).await.unwrap();
    assert!(!folder(&balance, "INBOX").adds_up(), "{balance:?}");
    let checks = accounting::check(core, &account).await.unwrap();
    assert_eq!(checks[0].missing, [1, 2, 3]);
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renumbered_mailbox_is_matched_again_and_nothing_is_lost_or_doubled() {
    let mut mail = MailHost::start().await.unwrap();
    let letters: Vec<Seed> = (1..=30).map(letter).collect();
    mail.seed("sales", "INBOX", &letters).await.unwrap();
    let team = Team::start().await;
    let account = team
        .server
        .core()
        .add_account(&mailbox(&mail), team.inbox, AccountMode::Together)
        .await
        .unwrap();
    up(&team, &account).await;
    let before = team.server.core().store.folder_cursors(account.id).await.unwrap();
    let head = team.server.core().referee.head().number;
    // Dovecot makes up new numbers where it finds none; one file remembers which it must not use again.
    mail.halt();
    let home = mail.ca_file().parent().unwrap().join("boxes").join("sales");
    for entry in std::fs::read_dir(&home).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("dovecot") && !name.starts_with("dovecot-uidvalidity") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    mail.resume().await.unwrap();
    let team = team.restart().await;
    let core = team.server.core();
    let numbers = |cursors: &[FolderCursor]| {
        cursors
            .iter()
            .find(|cursor| cursor.folder == "INBOX")
            .unwrap()
            .uidvalidity
    };
    let after = eventually("the renumbered folder", PATIENCE, async || {
        let cursors = core.store.folder_cursors(account.id).await?;
        let inbox = cursors.iter().find(|cursor| cursor.folder == "INBOX");
        let read = inbox.is_some_and(|cursor| cursor.uidvalidity != numbers(&before) && cursor.low <= 1);
        Ok(read.then_some(cursors))
    })
    .await
    .unwrap();
    assert_ne!(numbers(&before), numbers(&after));
    let balance = core.balance(account.id).await.unwrap();
    let inbox = folder(&balance, "INBOX");
    assert_eq!(
        (inbox.received, inbox.duplicates, inbox.imported),
        (30, 30, 0),
        "{balance:?}"
    );
    let since = core.store.tail(head).await.unwrap();
    let said = since
        .entries
        .iter()
        .filter(|sealed| matches!(sealed.entry.body, LogBody::Conversation { .. }));
    assert_eq!(said.count(), 0, "nothing was said twice");
    let checks = accounting::check(core, &account).await.unwrap();
    assert!(checks.iter().all(|check| check.missing.is_empty() && !check.renumbered));
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_mailbox_is_not_touched() {
    let mail = MailHost::start().await.unwrap();
    let letters: Vec<Seed> = (1..=3).map(letter).collect();
    mail.seed("sales", "INBOX", &letters).await.unwrap();
    mail.flag("sales", "INBOX", "2", &["\\Flagged", "$Label1"])
        .await
        .unwrap();
    let flags = async || -> Vec<(u32, Vec<String>)> {
        let letters = mail.inbox_of("sales").await.unwrap();
        let kept = |mut flags: Vec<String>| {
            flags.retain(|flag| flag != "\\Recent");
            flags
        };
        letters
            .into_iter()
            .map(|letter| (letter.uid, kept(letter.flags)))
            .collect()
    };
    let before = flags().await;
    let team = Team::start().await;
    let core = team.server.core();
    let account = core
        .add_account(&mailbox(&mail), team.inbox, AccountMode::Watch)
        .await
        .unwrap();
    up(&team, &account).await;
    let question = format!(
        "From: Carl <{}>\r\nTo: {}\r\nMessage-ID: <live@example.com>\r\nSubject: A pod\r\n\r\nHow much?\r\n",
        address("carl"),
        address("sales")
    );
    let mut anna = team.desk(team.anna).await;
    mail.deliver(&address("carl"), &[&address("sales")], question.as_bytes())
        .await
        .unwrap();
    anna.entry(|entry| {
        matches!(
            &entry.body,
            baton_domain::LogBody::Conversation {
                event: baton_domain::Event::MessageReceived { live: true, .. },
                ..
            }
        )
    })
    .await;
    let mut after = flags().await;
    assert_eq!(after.pop(), Some((4, vec![])), "what came is still unread");
    assert_eq!(after, before, "flags as they were");
    assert!(mail.folder_of("sales", "Sent").await.unwrap().is_empty());
    assert!(mail.inbox_of("carl").await.unwrap().is_empty());
    assert!(
        core.balance(account.id)
            .await
            .unwrap()
            .folders
            .iter()
            .all(FolderBalance::adds_up)
    );
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_of_a_folder_that_is_read_once_more_is_history_and_a_folder_that_is_gone_ends_no_check() {
    const DAY_MS: i64 = 86_400_000;
    let mail = MailHost::start().await.unwrap();
    let old = |number: usize| {
        let raw = format!(
            "From: Carl <carl@example.com>\r\nTo: {}\r\nMessage-ID: <{number}@example.com>\r\nSubject: Letter {number}\r\n\r\nNumber {number}\r\n",
            address("sales")
        );
        Seed::new(raw.as_bytes(), baton_clock::now_ms() - 10 * DAY_MS, &["\\Seen"])
    };
    mail.seed("sales", "INBOX", &[letter(1)]).await.unwrap();
    mail.seed("sales", "Important", &[old(2), old(3)]).await.unwrap();
    let broken = file_in(&mail, ".Important", "<3@example.com>");
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o000)).unwrap();
    let team = Team::start().await;
    let core = team.server.core();
    let important = FolderChoice {
        name: "Important".to_owned(),
        becomes: FolderUse::Tag {
            tag: "important".to_owned(),
        },
    };
    let account = core
        .move_in(&mailbox(&mail), team.inbox, AccountMode::Together, vec![important])
        .await
        .unwrap();
    up(&team, &account).await;
    let quarantined = eventually("the folder to be read", PATIENCE, async || {
        let balance = core.balance(account.id).await?;
        let found = balance.folders.iter().find(|one| one.folder == "Important");
        Ok(found.filter(|one| one.received == 2).map(|one| one.quarantined))
    })
    .await
    .unwrap();
    assert_eq!(quarantined, 1);

    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o644)).unwrap();
    let read = accounting::retry(core, None).await.unwrap();
    assert_eq!((read.tried, read.imported, read.quarantined), (1, 1, 0));
    for subject in ["Letter 2", "Letter 3"] {
        let id = team.conversation(subject).await;
        let state = core.store.conversation(id).await.unwrap().unwrap();
        let outcome = state.closing.map(|closing| closing.outcome);
        assert_eq!(outcome, Some(Outcome::Imported), "{subject}");
        assert!(state.clocks.is_empty() && state.tags.contains("important"), "{subject}");
    }

    // Somebody calls the folder something else: what was in it is gone from there, and the others are looked at all the same.
    mail.rename("sales", &[("Important", "Archive")]).await.unwrap();
    let checks = accounting::check(core, &account).await.unwrap();
    let of = |folder: &str| checks.iter().find(|check| check.folder == folder).unwrap();
    assert_eq!((of("Important").in_mailbox, of("Important").gone), (0, 2));
    assert_eq!((of("INBOX").in_mailbox, of("INBOX").gone), (1, 0));
    team.server.stop().await;
}
