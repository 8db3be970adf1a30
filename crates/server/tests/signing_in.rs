//! A mailbox that is signed in to on a provider's page, hosted by the server: a real OpenID provider, Dovecot and Postfix.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use baton_channels::oauth::{Attempt, Client, Grant, Provider};
use baton_domain::{AccountId, AccountMode, Timestamp};
use baton_protocol::{
    AccountHealth, HealthState, MailProblemKind, MailServer, MailboxSettings, ProviderSignIn, Security, SetSignIn,
};
use baton_server::core::Core;
use baton_server::hosting::mailbox::{BadSettings, Mailbox};
use baton_server::hosting::secret;
use baton_tests::mail::{MailHost, address};
use baton_tests::oidc::{CLIENT_ID, Consent, Oidc, Person};
use support::Team;

const PATIENCE: Duration = Duration::from_secs(60);

/// A sign-in whose access token has run out already: its host has to renew it.
async fn signed_in(oidc: &Oidc) -> Grant {
    let scopes = ["openid", "offline_access", "mail"];
    let provider = Provider::other(&oidc.auth_url(), &oidc.token_url(), &scopes).unwrap();
    let client = Client {
        id: CLIENT_ID.to_owned(),
        secret: None,
    };
    let attempt = Attempt::begin(provider, client, "sales").await.unwrap();
    let page = attempt.page().clone();
    let mut person = Person::default();
    let (ended, shown) = tokio::join!(attempt.finish(PATIENCE), person.sign_in(&page, "sales", Consent::Gives));
    shown.unwrap();
    let mut grant = ended.unwrap();
    grant.access_until = Timestamp(0);
    grant
}

fn tokens(grant: &Grant) -> ProviderSignIn {
    ProviderSignIn::Tokens {
        text: serde_json::to_string(grant).unwrap(),
    }
}

fn settings(mail: &MailHost, grant: &Grant) -> MailboxSettings {
    let server = |port| MailServer::new(mail.name(), port, Security::StartTls);
    MailboxSettings {
        graph: None,
        address: address("sales"),
        name: "Sales".to_owned(),
        user: "sales".to_owned(),
        password: String::new(),
        sign_in: Some(tokens(grant)),
        imap: server(mail.imap_port()),
        smtp: server(mail.smtp_port()),
        extra_ca: Some(std::fs::read_to_string(mail.ca_file()).unwrap()),
    }
}

async fn until(core: &Core, account: AccountId, what: &str, holds: impl Fn(&AccountHealth) -> bool) {
    let mut health = core.health.subscribe();
    let waited = health.wait_for(|all| all.get(&account).is_some_and(&holds));
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    drop(waited.unwrap_or_else(|_| panic!("in vain for {what}")).unwrap());
}

async fn kept(core: &Core, account: AccountId) -> Mailbox {
    let row = core.store.account_secret(account).await.unwrap().unwrap();
    secret::open(&core.seal, account, &row).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_token_is_sealed_and_an_ended_sign_in_is_told_and_mended() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let oidc = Oidc::start().await.unwrap();
    let mail = MailHost::start_taking_tokens(&oidc.introspection_url()).await.unwrap();
    let team = Team::start().await;
    let core = team.server.core();

    let first = signed_in(&oidc).await;
    let mailbox = Mailbox::try_from(settings(&mail, &first)).unwrap();
    let account = core
        .add_account(&mailbox, team.inbox, AccountMode::Watch)
        .await
        .unwrap();
    let up = |health: &AccountHealth| health.state == HealthState::UpToDate;
    until(core, account.id, "the mailbox", up).await;

    // The host renewed the access token; the provider replaced the refresh token; the new one lies sealed, the old one nowhere.
    let renewed = kept(core, account.id).await.grant.unwrap();
    assert_eq!(renewed.id, first.id);
    assert_ne!(renewed.refresh_token, first.refresh_token);

    // After a restart it goes on with what was sealed.
    let team = team.restart().await;
    let core = team.server.core();
    until(core, account.id, "the mailbox after a restart", up).await;

    // Somebody signs in anew, and the provider ends that sign-in: the window is told what to do, and nothing is tried again and again.
    let second = signed_in(&oidc).await;
    oidc.revoke(&second.refresh_token).await.unwrap();
    let anew = |grant: &Grant| SetSignIn {
        password: None,
        sign_in: Some(tokens(grant)),
    };
    let ended = kept(core, account.id).await.signed_in(anew(&second)).unwrap();
    let row = secret::seal(&core.seal, account.id, &ended).unwrap();
    core.store
        .put_account_secret(account.id, row, core.now())
        .await
        .unwrap();
    core.hosts.look_again();
    until(core, account.id, "the ended sign-in", |health| {
        matches!(&health.state, HealthState::Stopped { problem } if problem.kind == MailProblemKind::SignInEnded)
    })
    .await;

    // One sign-in later it works again.
    let third = signed_in(&oidc).await;
    let mended = kept(core, account.id).await.signed_in(anew(&third)).unwrap();
    let row = secret::seal(&core.seal, account.id, &mended).unwrap();
    core.store
        .put_account_secret(account.id, row, core.now())
        .await
        .unwrap();
    core.hosts.look_again();
    until(core, account.id, "the mended mailbox", up).await;
    team.server.stop().await;
}

#[test]
fn a_mailbox_is_signed_in_to_in_exactly_one_way() {
    let server = MailServer::new("imap.murmel.example", 993, Security::Tls);
    let settings = |password: &str, sign_in| MailboxSettings {
        graph: None,
        address: "sales@murmel.example".to_owned(),
        name: String::new(),
        user: "sales".to_owned(),
        password: password.to_owned(),
        sign_in,
        imap: server.clone(),
        smtp: server.clone(),
        extra_ca: None,
    };
    let rubbish = || {
        Some(ProviderSignIn::Tokens {
            text: "rubbish".to_owned(),
        })
    };
    let of = |settings| Mailbox::try_from(settings).map(drop);
    assert_eq!(of(settings("secret", None)), Ok(()));
    assert_eq!(of(settings("secret", rubbish())), Err(BadSettings::NotOne));
    assert_eq!(of(settings("", rubbish())), Err(BadSettings::NoTokens));
    let held = Some(ProviderSignIn::Held { id: "1".to_owned() });
    assert_eq!(of(settings("", held)), Err(BadSettings::NoTokens));
}
