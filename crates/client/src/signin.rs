//! Signing in to mailboxes on their provider's page, in a browser of this computer.
//!
//! The window asks and is told how it ended; the tokens stay here, under a name, until the mailbox is connected. They go to where
//! mailboxes are hosted, a team's server or the one in this program, and nowhere else.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use baton_channels::oauth::{Attempt, Client, Grant, Provider, ProviderKind, SignInError, sign_in_problem};
use baton_protocol::{
    ApiError, ErrorCode, MailboxSettings, ProviderClient, ProviderName, ProviderSignIn, SetSignIn, SignInEnd,
};
use tokio_util::sync::CancellationToken;

use crate::Shell;
use crate::net::error;

/// How long a person may take on the page.
const PATIENCE: Duration = Duration::from_secs(600);
/// Sign-ins held at most; the oldest goes.
const HELD: usize = 8;

/// Sign-ins that were made, and the one under way.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    held: Mutex<BTreeMap<String, Grant>>,
    under_way: Mutex<CancellationToken>,
}

impl SignIns {
    /// Opens the page and waits for the browser to come back. A further attempt ends one under way.
    pub(crate) async fn sign_in(
        &self,
        shell: &dyn Shell,
        address: &str,
        client: &ProviderClient,
    ) -> Result<(SignInEnd, Option<Grant>), ApiError> {
        let provider = match provider(client) {
            Ok(provider) => provider,
            Err(problem) => return Ok((failed(&problem, kind(client)), None)),
        };
        let registered = Client {
            id: client.client_id.trim().to_owned(),
            secret: client.client_secret.clone().filter(|secret| !secret.trim().is_empty()),
        };
        self.go(shell, address, provider, registered).await
    }

    /// The same for a mailbox that was signed in to before, through the client it was.
    pub(crate) async fn sign_in_again(
        &self,
        shell: &dyn Shell,
        address: &str,
        before: &Grant,
    ) -> Result<(SignInEnd, Option<Grant>), ApiError> {
        self.go(shell, address, before.provider.clone(), before.client.clone())
            .await
    }

    async fn go(
        &self,
        shell: &dyn Shell,
        address: &str,
        provider: Provider,
        registered: Client,
    ) -> Result<(SignInEnd, Option<Grant>), ApiError> {
        let kind = provider.kind;
        let this = CancellationToken::new();
        let before = std::mem::replace(
            &mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner),
            this.clone(),
        );
        before.cancel();
        let attempt = match Attempt::begin(provider, registered, address.trim()).await {
            Ok(attempt) => attempt,
            Err(problem) => return Ok((failed(&problem, kind), None)),
        };
        let opened = shell.open_url(attempt.page().as_str());
        opened.map_err(|cause| error(ErrorCode::NotFound, cause.to_string()))?;
        let ended = tokio::select! {
            ended = attempt.finish(PATIENCE) => ended,
            () = this.cancelled() => Err(SignInError::TimedOut),
        };
        match ended {
            Ok(grant) => Ok((self.hold(grant.clone()), Some(grant))),
            Err(problem) => Ok((failed(&problem, kind), None)),
        }
    }

    fn hold(&self, grant: Grant) -> SignInEnd {
        let name = grant.id.to_string();
        let ends_at = grant.ends_at();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD {
            let oldest = held
                .iter()
                .min_by_key(|(_, grant)| grant.renewed_at)
                .map(|(name, _)| name.clone());
            oldest.and_then(|name| held.remove(&name));
        }
        held.insert(name.clone(), grant);
        SignInEnd::SignedIn { held: name, ends_at }
    }

    /// The settings with the tokens in them, for where the mailbox is hosted.
    pub(crate) fn with_tokens(&self, mut settings: MailboxSettings) -> Result<MailboxSettings, ApiError> {
        if let Some(ProviderSignIn::Held { id }) = &settings.sign_in {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let grant = held.get(id);
            let grant =
                grant.ok_or_else(|| error(ErrorCode::NotFound, "the sign-in is not held any more: sign in again"))?;
            settings.sign_in = Some(tokens(grant)?);
            settings.password = String::new();
        }
        Ok(settings)
    }

    /// The mailbox is connected: its tokens are kept where it is hosted.
    pub(crate) fn forget(&self, sign_in: Option<&ProviderSignIn>) {
        if let Some(ProviderSignIn::Held { id }) = sign_in {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        }
    }
}

/// A grant on its way to where it is sealed.
pub(crate) fn tokens(grant: &Grant) -> Result<ProviderSignIn, ApiError> {
    let text = serde_json::to_string(grant).map_err(|cause| error(ErrorCode::Internal, cause.to_string()))?;
    Ok(ProviderSignIn::Tokens { text })
}

/// What to send to sign a connected mailbox in anew.
pub(crate) fn anew(grant: &Grant) -> Result<SetSignIn, ApiError> {
    Ok(SetSignIn {
        password: None,
        sign_in: Some(tokens(grant)?),
    })
}

/// The team's directory, or any.
fn tenant(client: &ProviderClient) -> &str {
    let tenant = client.tenant.as_deref().map(str::trim);
    tenant.filter(|tenant| !tenant.is_empty()).unwrap_or("common")
}

fn provider(client: &ProviderClient) -> Result<Provider, SignInError> {
    match &client.provider {
        ProviderName::Google => Provider::google(),
        ProviderName::Microsoft => Provider::microsoft(tenant(client)),
        ProviderName::MicrosoftGraph => Provider::microsoft_graph(tenant(client)),
        ProviderName::Other {
            auth_url,
            token_url,
            scopes,
        } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            Provider::other(auth_url, token_url, &scopes)
        }
    }
}

fn kind(client: &ProviderClient) -> ProviderKind {
    match client.provider {
        ProviderName::Google => ProviderKind::Google,
        ProviderName::Microsoft | ProviderName::MicrosoftGraph => ProviderKind::Microsoft,
        ProviderName::Other { .. } => ProviderKind::Other,
    }
}

fn failed(problem: &SignInError, kind: ProviderKind) -> SignInEnd {
    SignInEnd::Failed {
        problem: sign_in_problem(problem, kind),
    }
}
