//! A mailbox hosted by the server, on a real mail server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use baton_channels::email::probe;
use baton_domain::{AccountMode, Event, LogBody, OutboundState};
use baton_protocol::{HealthState, MailServer, MailboxSettings, Security, TrialStepKind};
use baton_server::hosting::mailbox::{self, Mailbox};
use baton_server::hosting::trial;
use baton_tests::mail::{MailHost, PASSWORD, address};
use support::Team;

/// How long a letter may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(mail: &MailHost, password: &str) -> MailboxSettings {
    let server = |port| MailServer {
        host: mail.name().to_owned(),
        port,
        security: Security::StartTls,
    };
    MailboxSettings {
        graph: None,
        address: address("sales"),
        name: "Sales".to_owned(),
        user: "sales".to_owned(),
        password: password.to_owned(),
        imap: server(mail.imap_port()),
        smtp: server(mail.smtp_port()),
        sign_in: None,
        extra_ca: Some(std::fs::read_to_string(mail.ca_file()).unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_comes_in_is_answered_once_and_is_filed() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let team = Team::start().await;
    let core = team.server.core();

    let wrong = mailbox::test(&mut Mailbox::try_from(settings(&mail, "not the password")).unwrap()).await;
    let words = probe::first_problem(&wrong).unwrap();
    assert!(words.contains("does not accept the password"), "{words}");
    let mut right = Mailbox::try_from(settings(&mail, PASSWORD)).unwrap();
    assert_eq!(probe::first_problem(&mailbox::test(&mut right).await), None);

    let mut anna = team.desk(team.anna).await;
    let account = core
        .add_account(&right, team.inbox, AccountMode::Together)
        .await
        .unwrap();
    let mut health = core.health.subscribe();
    let up = health.wait_for(|all| {
        all.get(&account.id)
            .is_some_and(|one| one.state == HealthState::UpToDate)
    });
    tokio::time::timeout(PATIENCE, up)
        .await
        .expect("the mailbox did not come up")
        .unwrap();

    let raw = format!(
        "From: Carl <{carl}>\r\nTo: {sales}\r\nSubject: A pod\r\nMessage-ID: <question@baton.test>\r\n\r\nHow much is a Solo?\r\n",
        carl = address("carl"),
        sales = address("sales")
    );
    mail.deliver(&address("carl"), &[&address("sales")], raw.as_bytes())
        .await
        .unwrap();
    anna.entry(|entry| {
        matches!(
            &entry.body,
            LogBody::Conversation {
                event: Event::MessageReceived { live: true, .. },
                ..
            }
        )
    })
    .await;
    let pod = team.conversation("A pod").await;

    team.reply(&mut anna, pod, "4,900 euros.\n\nAnna").await;

    let letter = mail.arrival("carl", PATIENCE, |_| true).await.unwrap();
    let text = format!("{letter:?}");
    assert!(text.contains("question@baton.test"), "it does not thread: {text}");
    anna.entry(|entry| {
        matches!(
            &entry.body,
            LogBody::Conversation {
                event: Event::OutboundFiled { .. },
                ..
            }
        )
    })
    .await;
    assert_eq!(mail.inbox_of("carl").await.unwrap().len(), 1);
    let state = core.store.conversation(pod).await.unwrap().unwrap();
    assert!(
        matches!(
            state.outbound.last().map(|one| &one.state),
            Some(OutboundState::Sent { .. })
        ),
        "{state:?}"
    );

    // After a restart the mailbox is read on, and nothing goes out again.
    let team = team.restart().await;
    mail.deliver(
        &address("carl"),
        &[&address("sales")],
        raw.replace("A pod", "Another").replace("question", "second").as_bytes(),
    )
    .await
    .unwrap();
    let mut anna = team.desk(team.anna).await;
    anna.entry(|entry| matches!(&entry.body, LogBody::Conversation { event: Event::Created { subject, .. }, .. } if subject == "Another"))
        .await;
    assert_eq!(mail.inbox_of("carl").await.unwrap().len(), 1);
    let balance = team.server.core().balance(account.id).await.unwrap();
    assert_eq!(
        (balance.received, balance.quarantined),
        (balance.imported + balance.duplicates, 0),
        "{balance:?}"
    );
    team.server.stop().await;
}

/// Waits until a mailbox is up to date.
async fn up(core: &baton_server::core::Core, account: baton_domain::AccountId) {
    let mut health = core.health.subscribe();
    let up = health.wait_for(|all| all.get(&account).is_some_and(|one| one.state == HealthState::UpToDate));
    drop(tokio::time::timeout(PATIENCE, up).await.expect("the mailbox").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_tested_from_end_to_end_and_nothing_of_it_stays() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let team = Team::start().await;
    let core = team.server.core();
    let right = Mailbox::try_from(settings(&mail, PASSWORD)).unwrap();
    let account = core
        .add_account(&right, team.inbox, AccountMode::Together)
        .await
        .unwrap();
    up(core, account.id).await;

    let done = trial::run(core, &account).await.unwrap();
    assert!(done.went_well(), "{done:?}\n{}", mail.logs());
    let steps: Vec<TrialStepKind> = done.steps.iter().map(|step| step.step).collect();
    assert_eq!(
        steps,
        [
            TrialStepKind::Connected,
            TrialStepKind::Sent,
            TrialStepKind::Arrived,
            TrialStepKind::Copied,
            TrialStepKind::Removed
        ]
    );
    assert!(mail.inbox_of("sales").await.unwrap().is_empty(), "it is deleted again");
    let balance = core.balance(account.id).await.unwrap();
    assert_eq!(
        (balance.received, balance.ignored, balance.imported),
        (2, 2, 0),
        "{balance:?}"
    );

    // A mailbox that is only watched sends nothing, not even this.
    let watched = baton_domain::Account {
        mode: AccountMode::Watch,
        ..account
    };
    let told = trial::run(core, &watched).await.unwrap_err().to_string();
    assert!(told.contains("only watched"), "{told}");
    team.server.stop().await;
}
