//! A mailbox before there is a server for it: where it may be, and whether it can be reached.

use std::sync::Arc;

use baton_channels::email::discover::{self, Directory, DnsNames, FoundBy, Names, PATIENCE, SignInHint, Web};
use baton_channels::email::{EmailAccount, GraphApi, Secret, probe};
use baton_channels::oauth::{Grant, GrantKeeper, Tokens};
use baton_protocol::{ApiError, ConnectionReport, Discovered, ErrorCode, MailboxSettings, ProviderSignIn};

use crate::net::error;

/// The likeliest servers of an address; none where it isn't one. Without a network it is what is known without asking.
pub(crate) async fn discovered(address: &str, directory: bool) -> Option<Discovered> {
    let directory = if directory { Directory::Ask } else { Directory::Leave };
    let names = DnsNames::of_system();
    let names: &dyn Names = match &names {
        Some(names) => names,
        None => &(),
    };
    let found = match Web::of_system() {
        Ok(web) => discover::search(address, &web, names, directory, PATIENCE).await,
        Err(_) => discover::discover(address),
    };
    found.into_iter().next().map(shown)
}

fn shown(found: discover::Discovered) -> Discovered {
    let app_password = found.sign_in != SignInHint::Password;
    Discovered {
        provider: found.provider,
        imap: found.imap,
        smtp: found.smtp,
        user: found.user,
        sign_in: found.sign_in,
        found_by: found.found_by,
        elsewhere: found.elsewhere,
        guessed: found.found_by == FoundBy::Guess,
        app_password_url: found.help_url.filter(|_| app_password),
    }
}

/// The sign-in on the provider's page that these settings carry; none for a password.
pub(crate) fn grant(settings: &MailboxSettings) -> Result<Option<Grant>, ApiError> {
    match &settings.sign_in {
        None => Ok(None),
        Some(ProviderSignIn::Tokens { text }) => serde_json::from_str(text)
            .map(Some)
            .map_err(|cause| error(ErrorCode::BadRequest, cause.to_string())),
        Some(ProviderSignIn::Held { .. }) => Err(error(
            ErrorCode::NotFound,
            "the sign-in is not held any more: sign in again",
        )),
    }
}

/// A mailbox as the channel needs it. Tokens that the provider replaces go to this keeper.
pub(crate) fn account(
    settings: MailboxSettings,
    keeper: Arc<dyn GrantKeeper>,
) -> Result<(EmailAccount, Secret), ApiError> {
    let grant = grant(&settings)?;
    let account = EmailAccount::entered(
        &settings.address,
        &settings.name,
        &settings.user,
        settings.imap,
        settings.smtp,
        settings.extra_ca,
    );
    let account = match settings.graph {
        Some(url) => account.by_graph(GraphApi::at(&url)),
        None => account,
    };
    let secret = match grant {
        None => Secret::new(settings.password),
        Some(grant) => Secret::tokens(Arc::new(Tokens::new(grant, keeper))),
    };
    Ok((account, secret))
}

/// Tries a mailbox from this computer: every step by itself. Nothing is changed at the provider.
pub(crate) async fn test(settings: MailboxSettings) -> Result<ConnectionReport, ApiError> {
    // A sign-in was made a moment ago: its access token is good, and nothing is replaced by trying it.
    let (account, secret) = account(settings, Arc::new(()))?;
    Ok(probe::test(&account, &secret).await.report(&account))
}

/// Tries a mailbox, and says what failed first.
pub(crate) async fn must_work(mailbox: &MailboxSettings) -> Result<(), ApiError> {
    match probe::first_problem(&test(mailbox.clone()).await?) {
        Some(words) => Err(error(ErrorCode::MailboxRefused, words)),
        None => Ok(()),
    }
}
