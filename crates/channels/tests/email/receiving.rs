//! Receiving, against a real Dovecot and Postfix.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::{Host, PATIENCE, Referee, State, account_of, enquiry, with_logs};
use anyhow::Result;
use baton_channels::email::account::CertificateProblem;
use baton_channels::email::host::HealthState;
use baton_channels::email::imap::FolderRole;
use baton_channels::email::probe;
use baton_channels::email::{ConnectError, Endpoint, Secret, Security, parse};
use baton_domain::{FolderPlan, MailboxRemark, ProbeStepKind};
use baton_tests::mail::{MailHost, PASSWORD, Seed};

const DAY_MS: i64 = 86_400_000;

/// Carl's old messages, one a day, the last one yesterday.
fn old_mail(count: usize) -> Vec<Seed> {
    let now = baton_clock::now_ms();
    (1..=count)
        .map(|number| {
            Seed::new(
                &enquiry(number),
                now - i64::try_from(count + 1 - number).unwrap() * DAY_MS,
                &["\\Seen"],
            )
        })
        .collect()
}

/// Where Dovecot keeps a person's messages.
fn mailbox_of(user: &str, mail: &MailHost) -> PathBuf {
    mail.ca_file().parent().unwrap().join("boxes").join(user)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_begins_with_the_newest_and_says_how_far_it_is() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &old_mail(220)).await?;
    mail.seed("sales", "Sent", &old_mail(3)).await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(&mail, referee.until("the whole mailbox", State::is_synced)).await;
    host.stop().await;

    let state = referee.state();
    let inbox: Vec<u32> = state.arrived("INBOX").iter().map(|message| message.uid).collect();
    assert_eq!(
        inbox,
        (1..=220).rev().collect::<Vec<_>>(),
        "every message once, the newest first"
    );
    assert!(state.arrived("INBOX").iter().all(|message| message.history
        && message.unreadable.is_none()
        && message.flags.contains(&"\\Seen".to_owned())));
    let newest = state.arrived("INBOX")[0];
    let read = parse(state.raw(newest)).unwrap();
    assert_eq!(read.message_id.as_deref(), Some("carl-220@example.com"));
    assert!(baton_clock::now_ms() - newest.internal_date.0 < 2 * DAY_MS);
    let sent = state.arrived("Sent");
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|message| message.role == FolderRole::Sent));
    let progress: Vec<(u32, u32)> = state
        .health
        .iter()
        .filter_map(|health| {
            if let HealthState::FirstSync { received, total } = health.receiving {
                Some((received, total))
            } else {
                None
            }
        })
        .collect();
    assert!(
        progress.len() >= 3
            && progress.windows(2).all(|pair| pair[0].0 <= pair[1].0)
            // Sent is counted when it is opened, after INBOX.
            && progress.iter().all(|(_, total)| matches!(total, 220 | 223))
            && progress.last().is_some_and(|(received, _)| *received >= 220),
        "{progress:?}"
    );
    assert!(state.batches.iter().all(|(batch, _)| batch.len() <= 400));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_pushed_and_a_restart_fetches_only_what_is_new() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &old_mail(5)).await?;
    let account = account_of("sales", &mail);
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    with_logs(&mail, async {
        referee.until("the old mail", State::is_synced).await;
        mail.deliver("carl", &["sales"], &enquiry(6)).await?;
        referee
            .until("the pushed message", |state| state.arrived("INBOX").len() == 6)
            .await;
        host.stop().await;
        for number in 7..=9 {
            mail.deliver("carl", &["sales"], &enquiry(number)).await?;
        }
        mail.arrival("sales", PATIENCE, |letter| {
            letter.message_id() == "<carl-9@example.com>"
        })
        .await?;
        let host = Host::start(&account, &referee);
        referee
            .until("the three others", |state| state.arrived("INBOX").len() == 9)
            .await;
        host.stop().await;
        anyhow::Ok(())
    })
    .await?;
    let state = referee.state();
    let inbox = state.arrived("INBOX");
    assert_eq!(
        inbox.iter().skip(5).map(|message| message.uid).collect::<Vec<_>>(),
        [6, 7, 8, 9]
    );
    assert!(inbox.iter().skip(5).all(|message| !message.history));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_a_first_sync_loses_nothing() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &old_mail(230)).await?;
    let account = account_of("sales", &mail);
    let referee = Referee::new();
    with_logs(&mail, async {
        for batches in 1..=3 {
            let host = Host::start(&account, &referee);
            referee
                .until("a batch", |state| state.batches.len() >= batches || state.is_synced())
                .await;
            host.crash().await;
        }
        let host = Host::start(&account, &referee);
        referee.until("everything", State::is_synced).await;
        host.stop().await;
    })
    .await;
    let state = referee.state();
    let mut uids: Vec<u32> = state.arrived("INBOX").iter().map(|message| message.uid).collect();
    uids.sort_unstable();
    assert_eq!(
        uids,
        (1..=230).collect::<Vec<_>>(),
        "a committed batch is not fetched again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again() -> Result<()> {
    let mut mail = MailHost::start().await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    referee.until("the empty mailbox", State::is_synced).await;
    mail.halt();
    referee
        .until("the outage", |state| {
            matches!(state.health.last().unwrap().receiving, HealthState::Waiting { .. })
        })
        .await;
    mail.resume().await?;
    mail.deliver("carl", &["sales"], &enquiry(1)).await?;
    with_logs(
        &mail,
        referee.until("the message after the outage", |state| {
            state.arrived("INBOX").len() == 1 && state.is_ready()
        }),
    )
    .await;
    host.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renumbered_folder_is_read_again_as_history() -> Result<()> {
    let mut mail = MailHost::start().await?;
    for number in 1..=3 {
        mail.deliver("carl", &["sales"], &enquiry(number)).await?;
    }
    mail.arrival("sales", PATIENCE, |letter| letter.uid == 3).await?;
    let account = account_of("sales", &mail);
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    with_logs(&mail, referee.until("three messages", State::is_synced)).await;
    host.stop().await;
    let before = referee.state().cursors["INBOX"].uidvalidity;
    // Dovecot makes up new numbers where it finds none; one file remembers which it must not use again.
    mail.halt();
    for entry in std::fs::read_dir(mailbox_of("sales", &mail))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("dovecot") && !name.starts_with("dovecot-uidvalidity") {
            std::fs::remove_file(entry.path())?;
        }
    }
    mail.resume().await?;
    let host = Host::start(&account, &referee);
    with_logs(&mail, async {
        referee
            .until("the three again", |state| {
                state.arrived("INBOX").len() == 6 && state.is_synced()
            })
            .await;
        mail.deliver("carl", &["sales"], &enquiry(4)).await?;
        referee
            .until("a new one", |state| state.arrived("INBOX").len() == 7)
            .await;
        anyhow::Ok(())
    })
    .await?;
    host.stop().await;
    let state = referee.state();
    assert_ne!(state.cursors["INBOX"].uidvalidity, before);
    let again: Vec<bool> = state
        .arrived("INBOX")
        .iter()
        .skip(3)
        .map(|message| message.history)
        .collect();
    assert_eq!(again, [true, true, true, false], "found again is history, new is live");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_can_not_be_read_is_set_aside_and_stops_nobody() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &old_mail(40)).await?;
    let folder = mailbox_of("sales", &mail).join("cur");
    let broken = std::fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("<carl-17@example.com>")))
        .unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o000))?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(&mail, referee.until("the mailbox", State::is_synced)).await;
    host.stop().await;
    let state = referee.state();
    let inbox = state.arrived("INBOX");
    let mut uids: Vec<u32> = inbox.iter().map(|message| message.uid).collect();
    uids.sort_unstable();
    assert_eq!(uids, (1..=40).collect::<Vec<_>>(), "every message is accounted for");
    let aside: Vec<_> = inbox.iter().filter(|message| message.blob.is_none()).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].uid, 17);
    assert!(aside[0].unreadable.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_comes_in_pieces_and_whole() -> Result<()> {
    let mail = MailHost::start().await?;
    let mut large = enquiry(1);
    large.extend(b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(60_000));
    mail.deliver("carl", &["sales"], &large).await?;
    mail.arrival("sales", PATIENCE, |letter| letter.uid == 1).await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(&mail, referee.until("the message", State::is_synced)).await;
    host.stop().await;
    let state = referee.state();
    let message = state.arrived("INBOX")[0];
    assert!(message.size > 3_000_000);
    assert_eq!(state.raw(message).len(), message.size as usize);
    assert!(state.raw(message).ends_with(&large[large.len() - 1000..]));
    Ok(())
}

/// Flags and counts of every folder, as the server's files have them.
async fn as_it_is(mail: &MailHost) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![mailbox_of("sales", mail)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry
                .path()
                .components()
                .any(|part| part.as_os_str() == "cur" || part.as_os_str() == "new")
            {
                names.push(entry.path().display().to_string());
            }
        }
    }
    names.sort();
    Ok(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_what_a_first_sync_will_take_in_and_changes_nothing() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &old_mail(40)).await?;
    mail.seed("sales", "Sent", &old_mail(3)).await?;
    mail.seed("sales", "Anna", &old_mail(2)).await?;
    mail.seed("sales", "Erledigt-&AOQ-", &old_mail(7)).await?;
    let before = as_it_is(&mail).await?;
    assert!(before.len() >= 52, "{before:?}");

    let probe = probe::test(&account_of("sales", &mail), &Secret::new(PASSWORD)).await;
    let forecast = probe.forecast.as_ref().expect("the folders were counted");
    let of = |plan| -> Vec<(&str, Option<u32>)> {
        let planned = forecast.folders.iter().filter(|folder| folder.planned == plan);
        planned.map(|folder| (folder.name.as_str(), folder.messages)).collect()
    };
    assert_eq!(of(FolderPlan::TakenIn), [("INBOX", Some(40))]);
    assert_eq!(of(FolderPlan::Ours), [("Sent", Some(3))]);
    assert_eq!(of(FolderPlan::Left)[..2], [("Erledigt-ä", Some(7)), ("Anna", Some(2))]);
    // One a day: by the server's calendar the oldest of them is 30 or 31 days back.
    assert!(matches!(forecast.recent, Some(29..=31)), "{forecast:?}");
    assert_eq!(forecast.uncounted, 0);
    assert_eq!(probe.report(&account_of("sales", &mail)).forecast, probe.forecast);
    assert_eq!(as_it_is(&mail).await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_in_its_own_words() -> Result<()> {
    let mail = MailHost::start().await?;
    let good = account_of("sales", &mail);

    let referee = Referee::new();
    let host = Host::start_with(&good, "wrong", &referee);
    referee.until("the wrong password", |state| state.health.iter().any(|health| matches!(&health.receiving, HealthState::NeedsChange { error: ConnectError::WrongPassword { user, .. } } if user == "sales"))).await;
    host.stop().await;

    let mut refused = good.clone();
    refused.imap.port = 1;
    let referee = Referee::new();
    let host = Host::start(&refused, &referee);
    referee
        .until("the refused connection", |state| {
            state.health.iter().any(|health| {
                matches!(
                    &health.receiving,
                    HealthState::Waiting {
                        error: ConnectError::Refused { port: 1, .. },
                        ..
                    }
                )
            })
        })
        .await;
    host.stop().await;

    let report = probe::test(&good, &Secret::new(PASSWORD)).await;
    assert!(report.ok(), "{report:#?}");
    assert_eq!(
        (report.inbox_messages, report.sent_folder.as_deref(), report.pushes),
        (Some(0), Some("Sent"), true)
    );
    assert_eq!(report.steps.len(), 7);
    // A wrong password takes Dovecot two seconds; a right one is let in at once.
    assert!(
        report.steps.iter().any(|step| step.took_ms > 0) && report.steps.iter().all(|step| step.took_ms < 60_000),
        "{report:#?}"
    );

    let wrong = probe::test(&good, &Secret::new("wrong")).await;
    let failed: Vec<ProbeStepKind> = wrong
        .steps
        .iter()
        .filter(|step| step.error.is_some())
        .map(|step| step.step)
        .collect();
    assert_eq!(failed, [ProbeStepKind::ImapLogin, ProbeStepKind::SmtpLogin]);

    let error_of = async |change: fn(&mut baton_channels::email::EmailAccount)| {
        let mut account = good.clone();
        change(&mut account);
        probe::test(&account, &Secret::new(PASSWORD))
            .await
            .steps
            .into_iter()
            .find_map(|step| step.error)
    };
    assert!(matches!(
        error_of(|account| account.imap.security = Security::Tls).await,
        Some(ConnectError::NoTlsOffered { .. })
    ));
    assert!(matches!(
        error_of(|account| account.smtp.security = Security::Tls).await,
        Some(ConnectError::NoTlsOffered { .. })
    ));
    assert!(matches!(
        error_of(|account| account.extra_ca = None).await,
        Some(ConnectError::Certificate {
            problem: CertificateProblem::UnknownIssuer,
            ..
        })
    ));
    assert!(matches!(
        error_of(|account| account.extra_ca = Some("rubbish".into())).await,
        Some(ConnectError::BadExtraCa { .. })
    ));
    assert!(matches!(
        error_of(|account| account.imap.host = "127.0.0.2".into()).await,
        Some(ConnectError::Refused { .. })
    ));
    assert!(matches!(
        error_of(|account| account.imap.host = "nowhere.invalid".into()).await,
        Some(ConnectError::NameNotFound { .. })
    ));
    assert!(matches!(
        error_of(|account| account.imap = Endpoint::new("192.0.2.1", 143, Security::Plain)).await,
        Some(ConnectError::PlainNotAllowed { .. })
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_nearly_full_says_so() -> Result<()> {
    let mail = MailHost::start_with_quota(64).await?;
    let mut large = enquiry(1);
    large.resize(60 * 1024, b'x');
    mail.deliver("carl", &["sales"], &large).await?;
    mail.arrival("sales", PATIENCE, |letter| letter.uid == 1).await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(
        &mail,
        referee.until("the remark", |state| {
            let remarks = state.health.iter().flat_map(|health| &health.remarks);
            remarks.into_iter().any(|remark| {
                matches!(remark, MailboxRemark::NearlyFull { used, limit: 65_536 } if (58_000..65_000).contains(used))
            })
        }),
    )
    .await;
    host.stop().await;
    // One with room to spare says nothing.
    let roomy = MailHost::start_with_quota(10_240).await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &roomy), &referee);
    with_logs(&roomy, referee.until("the empty mailbox", State::is_synced)).await;
    host.stop().await;
    assert!(referee.state().health.iter().all(|health| health.remarks.is_empty()));
    Ok(())
}
