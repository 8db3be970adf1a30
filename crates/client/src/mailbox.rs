//! A mailbox before there is a server for it: where it may be, and whether it can be reached.

use std::sync::Arc;

use baton_channels::email::discover::{self, Directory, DnsNames, FoundBy, Names, PATIENCE, SignInHint, Web};
use baton_channels::email::{EmailAccount, Secret, probe};
use baton_channels::oauth::{Grant, Tokens};
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

/// Tries a mailbox from this computer: every step by itself. Nothing is changed at the provider.
pub(crate) async fn test(settings: MailboxSettings) -> Result<ConnectionReport, ApiError> {
    let account = EmailAccount::entered(
        &settings.address,
        &settings.name,
        &settings.user,
        settings.imap,
        settings.smtp,
        settings.extra_ca,
    );
    let secret = match settings.sign_in {
        None => Secret::new(settings.password),
        Some(ProviderSignIn::Tokens { text }) => {
            let grant: Grant =
                serde_json::from_str(&text).map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))?;
            // Made a moment ago: its access token is good, and nothing is replaced by trying it.
            Secret::tokens(Arc::new(Tokens::new(grant, Arc::new(()))))
        }
        Some(ProviderSignIn::Held { .. }) => {
            return Err(error(
                ErrorCode::NotFound,
                "the sign-in is not held any more: sign in again",
            ));
        }
    };
    Ok(probe::test(&account, &secret).await.report(&account))
}
