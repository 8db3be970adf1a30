//! A mailbox's settings in their three forms: as they come over the wire, as the channel needs them, and as they lie sealed in
//! the database.

use std::sync::Arc;

use baton_channels::email::account::AccessTokens;
use baton_channels::email::{EmailAccount, GraphApi, Secret, probe};
use baton_channels::oauth::{Grant, GrantKeeper, Tokens};
use baton_domain::Timestamp;
use baton_protocol::{ConnectionReport, MailboxSettings, ProviderSignIn, SetSignIn};
use serde::{Deserialize, Serialize};

/// How to reach a mailbox, with its password or its sign-in on the provider's page. It lies sealed in the database and never prints.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// How to reach it.
    pub account: EmailAccount,
    password: String,
    /// The sign-in on the provider's page, in place of a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
}

/// A trial takes less than this.
const TRIAL_MS: i64 = 10 * 60_000;

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Settings that make no mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The tokens are not with them, or can't be read.
    #[error("the sign-in on the provider's page can't be read: sign in again")]
    NoTokens,
    /// Neither a password nor a sign-in, or both.
    #[error("a mailbox is signed in to with a password or on the provider's page: exactly one of them")]
    NotOne,
}

impl Mailbox {
    /// What to sign in with; a replaced refresh token goes to this keeper.
    #[must_use]
    pub fn secret(&self, keeper: Arc<dyn GrantKeeper>) -> Secret {
        match &self.grant {
            Some(grant) => Secret::tokens(Arc::new(Tokens::new(grant.clone(), keeper))),
            None => Secret::new(self.password.clone()),
        }
    }

    /// The same mailbox, signed in to anew.
    ///
    /// # Errors
    /// When it is not said with what.
    pub fn signed_in(mut self, with: SetSignIn) -> Result<Self, BadSettings> {
        (self.password, self.grant) = match (with.password, with.sign_in) {
            (Some(password), None) => (password, None),
            (None, Some(sign_in)) => (String::new(), Some(grant(&sign_in)?)),
            (Some(_), Some(_)) | (None, None) => return Err(BadSettings::NotOne),
        };
        Ok(self)
    }

    /// Whether it is reached and signed in to in the same way. A replaced token is the same sign-in.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let grant = |mailbox: &Self| mailbox.grant.as_ref().map(|grant| grant.id);
        self.account == other.account && self.password == other.password && grant(self) == grant(other)
    }

    /// Whether it can be tried beside its host: with a password, or with an access token that needs no renewal on the way.
    #[must_use]
    pub fn can_be_tried(&self, now: Timestamp) -> bool {
        self.grant.as_ref().is_none_or(|grant| grant.is_fresh(now, TRIAL_MS))
    }

    /// When somebody will have to sign in again, as far as that can be known.
    #[must_use]
    pub fn sign_in_ends(&self) -> Option<Timestamp> {
        self.grant.as_ref().and_then(Grant::ends_at)
    }
}

fn grant(sign_in: &ProviderSignIn) -> Result<Grant, BadSettings> {
    match sign_in {
        ProviderSignIn::Tokens { text } => serde_json::from_str(text).map_err(|_| BadSettings::NoTokens),
        ProviderSignIn::Held { .. } => Err(BadSettings::NoTokens),
    }
}

impl TryFrom<MailboxSettings> for Mailbox {
    type Error = BadSettings;

    fn try_from(settings: MailboxSettings) -> Result<Self, BadSettings> {
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
        let bare = Self {
            account,
            password: String::new(),
            grant: None,
        };
        let sign_in = settings.sign_in;
        let password = (!settings.password.is_empty() || sign_in.is_none()).then_some(settings.password);
        bare.signed_in(SetSignIn { password, sign_in })
    }
}

/// Tests a mailbox: every step by itself. Nothing is changed at the provider. A token that was replaced on the way is in it then.
pub async fn test(mailbox: &mut Mailbox) -> ConnectionReport {
    let Some(grant) = mailbox.grant.clone() else {
        let secret = mailbox.secret(Arc::new(()));
        return probe::test(&mailbox.account, &secret).await.report(&mailbox.account);
    };
    let tokens = Arc::new(Tokens::new(grant, Arc::new(())));
    let secret = Secret::tokens(Arc::clone(&tokens) as Arc<dyn AccessTokens>);
    let report = probe::test(&mailbox.account, &secret).await.report(&mailbox.account);
    mailbox.grant = Some(tokens.grant().await);
    report
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use baton_protocol::{MailServer, Security};

    use super::*;

    fn settings() -> MailboxSettings {
        let server = |host: &str, port| MailServer::new(host, port, Security::Tls);
        MailboxSettings {
            address: "sales@murmel.example".to_owned(),
            name: String::new(),
            user: "sales".to_owned(),
            password: "hunter2".to_owned(),
            imap: server("imap.murmel.example", 993),
            smtp: server("smtp.murmel.example", 465),
            extra_ca: None,
            sign_in: None,
            graph: None,
        }
    }

    #[test]
    fn a_mailbox_does_not_print_its_password() {
        assert!(!format!("{:?}", Mailbox::try_from(settings()).unwrap()).contains("hunter2"));
    }
}
