//! Signing in on a real OpenID provider's pages, and with what it gives to a real Dovecot and Postfix.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use baton_channels::email::account::AccessTokens;
use baton_channels::email::{ConnectError, Secret, probe};
use baton_channels::oauth::{Attempt, Client, Grant, GrantKeeper, Provider, SignInError, Tokens};
use baton_domain::ProbeStepKind;
use baton_tests::mail::{MailHost, PASSWORD};
use baton_tests::oidc::{CLIENT_ID, Consent, Oidc, Person};

use crate::support::account_of;

const PATIENCE: Duration = Duration::from_secs(60);

fn provider(oidc: &Oidc) -> Provider {
    let scopes = ["openid", "offline_access", "mail"];
    Provider::other(&oidc.auth_url(), &oidc.token_url(), &scopes).unwrap()
}

fn team() -> Client {
    Client {
        id: CLIENT_ID.to_owned(),
        secret: None,
    }
}

/// A person signs in while the program waits.
async fn signed_in(oidc: &Oidc, name: &str, consent: Consent) -> Result<(Result<Grant, SignInError>, String)> {
    let attempt = Attempt::begin(provider(oidc), team(), name).await?;
    let page = attempt.page().clone();
    let mut person = Person::default();
    let (ended, shown) = tokio::join!(attempt.finish(PATIENCE), person.sign_in(&page, name, consent));
    Ok((ended, shown?))
}

/// Keeps what it is given, in order.
#[derive(Default)]
struct Drawer(Mutex<Vec<Grant>>);

#[async_trait]
impl GrantKeeper for Drawer {
    async fn keep(&self, grant: &Grant) -> Result<(), String> {
        self.0.lock().unwrap().push(grant.clone());
        Ok(())
    }
}

/// As if its access token had run out.
fn stale(mut grant: Grant) -> Grant {
    grant.access_until = baton_domain::Timestamp(0);
    grant
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_every_replaced_token_is_kept() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let oidc = Oidc::start().await?;
    let (grant, shown) = signed_in(&oidc, "sales", Consent::Gives).await?;
    let grant = grant?;
    assert!(shown.contains("You are signed in"), "{shown}");

    let drawer = Arc::new(Drawer::default());
    let tokens = Tokens::new(stale(grant.clone()), Arc::clone(&drawer) as Arc<dyn GrantKeeper>);
    let renewed = tokens.fresh().await?;
    assert_ne!(*renewed, grant.access_token);
    let kept = drawer.0.lock().unwrap().clone();
    assert_eq!(kept.len(), 1);
    assert_ne!(kept[0].refresh_token, grant.refresh_token, "the provider replaced it");
    assert_eq!(kept[0].id, grant.id, "it is the same sign-in");
    // What was kept works after a restart.
    let again = Tokens::new(stale(kept[0].clone()), Arc::new(()));
    assert_ne!(*again.fresh().await?, *renewed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_consent_and_a_revoked_sign_in_are_told_apart() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let oidc = Oidc::start().await?;
    let (denied, shown) = signed_in(&oidc, "sales", Consent::Denies).await?;
    assert_eq!(denied, Err(SignInError::Denied));
    assert!(shown.contains("did not work"), "{shown}");

    let grant = signed_in(&oidc, "sales", Consent::Gives).await?.0?;
    oidc.revoke(&grant.refresh_token).await?;
    let tokens = Tokens::new(stale(grant.clone()), Arc::new(()));
    assert!(matches!(tokens.fresh().await, Err(SignInError::Ended { .. })));
    assert!(matches!(
        tokens.access_token().await,
        Err(ConnectError::SignInEnded { .. })
    ));

    let mut stranger = grant;
    stranger.client.id = "nobody".to_owned();
    let tokens = Tokens::new(stale(stranger), Arc::new(()));
    assert!(matches!(tokens.fresh().await, Err(SignInError::ClientRefused { .. })));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_and_postfix_let_a_token_in_and_a_stranger_out() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let oidc = Oidc::start().await?;
    let mail = MailHost::start_taking_tokens(&oidc.introspection_url()).await?;
    let account = account_of("sales", &mail);
    let grant = signed_in(&oidc, "sales", Consent::Gives).await?.0?;
    let drawer = Arc::new(Drawer::default());
    let tokens = Arc::new(Tokens::new(stale(grant), Arc::clone(&drawer) as Arc<dyn GrantKeeper>));
    let secret = Secret::tokens(Arc::clone(&tokens) as Arc<dyn AccessTokens>);
    let report = probe::test(&account, &secret).await;
    assert!(report.ok(), "{report:#?}\n{}", mail.logs());
    assert_eq!(report.inbox_messages, Some(0));

    // A password still works beside it.
    assert!(probe::test(&account, &Secret::new(PASSWORD)).await.ok());

    // Somebody else's token is refused in words, at both doors.
    let other = signed_in(&oidc, "mallory", Consent::Gives).await?.0?;
    let other = Secret::tokens(Arc::new(Tokens::new(stale(other), Arc::new(()))));
    let report = probe::test(&account, &other).await;
    let refused: Vec<ProbeStepKind> = report
        .steps
        .iter()
        .filter(|step| matches!(step.error, Some(ConnectError::TokenRefused { .. })))
        .map(|step| step.step)
        .collect();
    assert_eq!(
        refused,
        [ProbeStepKind::ImapLogin, ProbeStepKind::SmtpLogin],
        "{report:#?}"
    );
    Ok(())
}
