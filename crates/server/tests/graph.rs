//! A mailbox by Microsoft Graph, hosted by the server: a sign-in whose tokens are good, and a local server that speaks the documented API.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use baton_channels::oauth::{Client, Grant, Provider};
use baton_domain::{AccountMode, Timestamp};
use baton_protocol::{HealthState, MailServer, MailboxSettings, ProviderSignIn, Security};
use baton_server::hosting::accounting;
use baton_server::hosting::mailbox::Mailbox;
use baton_server::hosting::trial;
use baton_tests::graph::{Graph, TOKEN};
use support::Team;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const USER: &str = "sales@baton.test";

fn grant() -> Grant {
    let now = baton_clock::now_ms();
    Grant {
        id: Uuid::from_u128(1),
        provider: Provider::microsoft_graph("baton.test").unwrap(),
        client: Client {
            id: "team".to_owned(),
            secret: None,
        },
        refresh_token: "never-used".to_owned(),
        access_token: TOKEN.to_owned(),
        access_until: Timestamp(now + 3_600_000),
        renewed_at: Timestamp(now),
        refresh_until: None,
    }
}

fn settings(graph: &Graph) -> MailboxSettings {
    let nowhere = MailServer::new("nowhere.invalid", 993, Security::Tls);
    MailboxSettings {
        address: USER.to_owned(),
        name: "Sales".to_owned(),
        user: USER.to_owned(),
        password: String::new(),
        sign_in: Some(ProviderSignIn::Tokens {
            text: serde_json::to_string(&grant()).unwrap(),
        }),
        imap: nowhere.clone(),
        smtp: nowhere,
        extra_ca: None,
        graph: Some(graph.url()),
    }
}

fn enquiry(number: usize) -> Vec<u8> {
    format!(
        "From: Carl {number} <carl{number}@baton.test>\r\nTo: {USER}\r\nMessage-ID: <carl-{number}@baton.test>\r\n\
         Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nSubject: Chairs {number}\r\n\r\nDo you have {number} chairs?\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_accounted_for_once_over_a_restart_and_a_link_that_died() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let graph = Graph::start(USER, 3, baton_clock::now_ms).await.unwrap();
    for number in 1..=8 {
        let at = 1_700_000_000_000 + i64::try_from(number).unwrap() * 60_000;
        graph.mailbox().put("inbox", &enquiry(number), at);
    }
    let team = Team::start().await;
    let core = team.server.core();
    let mut mailbox = Mailbox::try_from(settings(&graph)).unwrap();
    let report = baton_server::hosting::mailbox::test(&mut mailbox).await;
    assert!(report.steps.iter().all(|step| step.problem.is_none()), "{report:?}");
    let account = core
        .add_account(&mailbox, team.inbox, AccountMode::Watch)
        .await
        .unwrap();
    let balance = async |core: &baton_server::core::Core, received: u64| {
        let mut head = core.feed.head();
        let wait = async {
            loop {
                let now = core.balance(account.id).await.unwrap();
                if u64::from(now.received) == received {
                    return now;
                }
                head.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("every message")
    };
    let all = balance(core, 8).await;
    assert_eq!((u64::from(all.imported), u64::from(all.quarantined)), (8, 0));
    let mut health = core.health.subscribe();
    let up = health.wait_for(|all| {
        all.get(&account.id)
            .is_some_and(|one| one.state == HealthState::UpToDate)
    });
    drop(tokio::time::timeout(PATIENCE, up).await.unwrap().unwrap());

    {
        let mut mailbox = graph.mailbox();
        mailbox.forget();
        mailbox.put("inbox", &enquiry(9), baton_clock::now_ms());
    }
    let team = team.restart().await;
    let core = team.server.core();
    let all = balance(core, 9).await;
    assert_eq!((u64::from(all.imported), u64::from(all.duplicates)), (9, 0));
    assert!(
        all.folders.iter().all(baton_protocol::FolderBalance::adds_up),
        "{all:?}"
    );
    let told = accounting::check(core, &core.directory.account(account.id).unwrap()).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("Microsoft Graph"), "{told}");
    assert_eq!(graph.mailbox().wrong, Vec::<String>::new());
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_by_graph_is_tested_from_end_to_end_and_nothing_of_it_stays() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let graph = Graph::start(USER, 3, baton_clock::now_ms).await.unwrap();
    let team = Team::start().await;
    let core = team.server.core();
    let mailbox = Mailbox::try_from(settings(&graph)).unwrap();
    let account = core
        .add_account(&mailbox, team.inbox, AccountMode::Together)
        .await
        .unwrap();
    let done = trial::run(core, &account).await.unwrap();
    assert!(done.went_well() && done.steps.len() == 5, "{done:?}");
    assert!(graph.mailbox().messages.is_empty(), "both copies are deleted again");
    let balance = core.balance(account.id).await.unwrap();
    assert_eq!(
        (balance.received, balance.ignored, balance.imported),
        (2, 2, 0),
        "{balance:?}"
    );
    team.server.stop().await;
}
