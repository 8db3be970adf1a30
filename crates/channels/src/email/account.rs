//! A mailbox and how to reach it.
//!
//! An account is a mailbox, not a login. Its password, or its source of tokens, is a [`Secret`], which is never printed, never
//! serialised and overwritten when it is dropped.

use std::sync::Arc;

use async_trait::async_trait;
pub use baton_domain::{MailServer as Endpoint, Security};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use zeroize::Zeroizing;

/// A mailbox, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailAccount {
    /// The address mail is sent from.
    pub address: String,
    /// The name beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub display_name: Option<String>,
    /// Where mail is read.
    pub imap: Endpoint,
    /// Where mail is handed in.
    pub smtp: Endpoint,
    /// The name to sign in with, at both.
    pub user: String,
    /// Certificates to trust beside the system's, as PEM: a company's own authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extra_ca: Option<String>,
    /// The folder for sent mail, where the server doesn't mark it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sent_folder: Option<String>,
    /// Whether the provider puts a copy of what it delivers into the sent folder by itself, as Gmail does.
    #[serde(default)]
    pub provider_files_sent: bool,
    /// Set where the mailbox is reached by Microsoft Graph and not by IMAP and SMTP. The two servers above then name its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph: Option<GraphApi>,
}

/// Where Microsoft Graph is reached: the world's, a national cloud's, or a test's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphApi {
    /// Its address with the version, as `https://graph.microsoft.com/v1.0`.
    pub url: String,
    /// How often new mail is asked for: Graph tells programs without an address on the internet nothing by itself.
    #[serde(default = "GraphApi::usual_look_ms")]
    pub look_ms: u32,
}

impl GraphApi {
    /// The one at this address.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.trim().trim_end_matches('/').to_owned(),
            look_ms: Self::usual_look_ms(),
        }
    }

    const fn usual_look_ms() -> u32 {
        10_000
    }

    /// The server it is, to be named in sentences.
    #[must_use]
    pub fn server(&self) -> Endpoint {
        let url = url::Url::parse(&self.url).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or(&self.url);
        let port = url.as_ref().and_then(url::Url::port_or_known_default).unwrap_or(443);
        let plain = url.as_ref().is_some_and(|url| url.scheme() == "http");
        let security = if plain { Security::Plain } else { Security::Tls };
        Endpoint::new(host, port, security)
    }
}

impl EmailAccount {
    /// A mailbox as a person entered it.
    #[must_use]
    pub fn entered(
        address: &str,
        name: &str,
        user: &str,
        imap: Endpoint,
        smtp: Endpoint,
        extra_ca: Option<String>,
    ) -> Self {
        let trimmed = |server: Endpoint| Endpoint::new(server.host.trim(), server.port, server.security);
        let name = name.trim();
        Self {
            address: address.trim().to_owned(),
            display_name: (!name.is_empty()).then(|| name.to_owned()),
            imap: trimmed(imap),
            smtp: trimmed(smtp),
            user: user.trim().to_owned(),
            extra_ca,
            sent_folder: None,
            provider_files_sent: false,
            graph: None,
        }
    }

    /// The same mailbox, reached by Microsoft Graph. Exchange files what it sends by itself.
    #[must_use]
    pub fn by_graph(mut self, graph: GraphApi) -> Self {
        (self.imap, self.smtp) = (graph.server(), graph.server());
        (self.provider_files_sent, self.graph) = (true, Some(graph));
        self
    }
}

/// Where access tokens come from, for a mailbox that is signed in to on the provider's page.
#[async_trait]
pub trait AccessTokens: std::fmt::Debug + Send + Sync + 'static {
    /// One that is good for a while.
    async fn access_token(&self) -> Result<Zeroizing<String>, ConnectError>;
    /// The mail server did not take this one: the next one is a new one.
    async fn was_refused(&self, token: &str);
}

/// What a mailbox is signed in to with: a password, or tokens.
#[derive(Clone)]
pub struct Secret(Kept);

#[derive(Clone)]
enum Kept {
    Password(Zeroizing<String>),
    Tokens(Arc<dyn AccessTokens>),
}

/// What is said to a server, for this one time.
pub(crate) enum Credential {
    /// A password.
    Password(Zeroizing<String>),
    /// An access token.
    Bearer(Zeroizing<String>),
}

impl Secret {
    /// Takes a password over.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Kept::Password(Zeroizing::new(secret.into())))
    }

    /// Tokens, made as they are needed.
    #[must_use]
    pub fn tokens(tokens: Arc<dyn AccessTokens>) -> Self {
        Self(Kept::Tokens(tokens))
    }

    /// What to say now, for the one line that says it.
    pub(crate) async fn credential(&self) -> Result<Credential, ConnectError> {
        match &self.0 {
            Kept::Password(password) => Ok(Credential::Password(password.clone())),
            Kept::Tokens(tokens) => Ok(Credential::Bearer(tokens.access_token().await?)),
        }
    }

    /// A server did not take this token.
    pub(crate) async fn was_refused(&self, token: &str) {
        if let Kept::Tokens(tokens) = &self.0 {
            tokens.was_refused(token).await;
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a certificate was not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CertificateProblem {
    /// Its time is over.
    Expired,
    /// Its time has not begun; often this machine's clock is wrong.
    NotYetValid,
    /// It belongs to another name.
    WrongName,
    /// Nobody trusted has signed it.
    UnknownIssuer,
    /// Withdrawn by its issuer.
    Revoked,
    /// Something else.
    Other,
}

/// Why a server can't be reached or won't let us in. Each kind carries what its sentence in the window needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema, thiserror::Error)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConnectError {
    /// An unprotected connection beyond this machine was asked for.
    #[error("{host} would be reached without encryption")]
    PlainNotAllowed {
        /// The host.
        host: String,
    },
    /// There is no such host, or no network.
    #[error("{host} was not found")]
    NameNotFound {
        /// The host.
        host: String,
    },
    /// Nobody listens there.
    #[error("{host} refused a connection on port {port}")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// No way leads there.
    #[error("{host} can't be reached: {detail}")]
    Unreachable {
        /// The host.
        host: String,
        /// The system's words.
        detail: String,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The host.
        host: String,
    },
    /// TLS was asked for and the server has none, or answers something else on that port.
    #[error("{host} offers no encryption on port {port}")]
    NoTlsOffered {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The server could not prove who it is.
    #[error("the certificate of {host} is not trusted: {detail}")]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong with it.
        problem: CertificateProblem,
        /// The verifier's words.
        detail: String,
    },
    /// The certificates given as `extra_ca` can't be read.
    #[error("the extra certificates can't be read: {detail}")]
    BadExtraCa {
        /// Why.
        detail: String,
    },
    /// The name or the password is wrong, or the provider wants an app password.
    #[error("{host} did not accept the password of {user}: {reply}")]
    WrongPassword {
        /// The host.
        host: String,
        /// Who tried to sign in.
        user: String,
        /// The server's words.
        reply: String,
    },
    /// The mail server did not take the access token, which the provider says is good.
    #[error("{host} did not accept the sign-in of {user}: {reply}")]
    TokenRefused {
        /// The host.
        host: String,
        /// Who tried to sign in.
        user: String,
        /// The server's words.
        reply: String,
    },
    /// The provider ended the sign-in: a person signs in again.
    #[error("{host} ended the sign-in: {reply}")]
    SignInEnded {
        /// The host that makes the tokens.
        host: String,
        /// Its words.
        reply: String,
    },
    /// The provider wants an admin's consent first.
    #[error("{host} wants an admin's consent: {reply}")]
    AdminMustConsent {
        /// The host that makes the tokens.
        host: String,
        /// Its words.
        reply: String,
    },
    /// The provider does not accept the team's client.
    #[error("{host} does not accept the client id: {reply}")]
    ClientRefused {
        /// The host that makes the tokens.
        host: String,
        /// Its words.
        reply: String,
    },
    /// The server offers no way of signing in that we know.
    #[error("{host} offers no way of signing in that Baton knows: {offered}")]
    NoLoginOffered {
        /// The host.
        host: String,
        /// What it offers.
        offered: String,
    },
    /// The server says it can't just now.
    #[error("{host} is busy: {reply}")]
    Busy {
        /// The host.
        host: String,
        /// The server's words.
        reply: String,
    },
    /// There is no such folder.
    #[error("there is no folder {folder}")]
    FolderMissing {
        /// The folder.
        folder: String,
    },
    /// The server refused a command.
    #[error("{host} refused: {reply}")]
    Denied {
        /// The host.
        host: String,
        /// The server's words.
        reply: String,
    },
    /// The connection ended without a word.
    #[error("{host} closed the connection")]
    Closed {
        /// The host.
        host: String,
    },
    /// The server said something that is not the protocol.
    #[error("{host} said something unexpected: {detail}")]
    Protocol {
        /// The host.
        host: String,
        /// What.
        detail: String,
    },
}

/// When another attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Retry {
    /// By itself, after a pause that grows.
    Soon,
    /// By itself, after a long pause: somebody at the provider has to act.
    Later,
    /// Only when the account was changed: trying again would lock it.
    WhenChanged,
}

impl ConnectError {
    /// The error of a sign-in that was refused, where a token was shown and no password. The next attempt gets a new token.
    pub(crate) async fn of_token(self, secret: &Secret, token: &str, told: &str) -> Self {
        let Self::WrongPassword { host, user, reply } = self else {
            return self;
        };
        secret.was_refused(token).await;
        let reply = if told.is_empty() {
            reply
        } else {
            format!("{reply} {told}")
        };
        Self::TokenRefused { host, user, reply }
    }

    /// When another attempt makes sense.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::NameNotFound { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Busy { .. }
            | Self::Closed { .. }
            | Self::Denied { .. }
            | Self::Protocol { .. } => Retry::Soon,
            Self::NoTlsOffered { .. }
            | Self::Certificate { .. }
            | Self::FolderMissing { .. }
            | Self::TokenRefused { .. }
            | Self::AdminMustConsent { .. }
            | Self::NoLoginOffered { .. } => Retry::Later,
            Self::PlainNotAllowed { .. }
            | Self::BadExtraCa { .. }
            | Self::SignInEnded { .. }
            | Self::ClientRefused { .. }
            | Self::WrongPassword { .. } => Retry::WhenChanged,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (host, loopback) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("[::1]", true),
            ("localhost.example.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(
                Endpoint::new(host, 143, Security::Plain).is_loopback(),
                loopback,
                "{host}"
            );
        }
    }

    #[test]
    fn a_wrong_password_is_not_tried_again() {
        let wrong = ConnectError::WrongPassword {
            host: "h".into(),
            user: "u".into(),
            reply: "no".into(),
        };
        assert_eq!(wrong.retry(), Retry::WhenChanged);
        assert_eq!(
            serde_json::to_string(&wrong).unwrap(),
            r#"{"kind":"wrongPassword","host":"h","user":"u","reply":"no"}"#
        );
    }
}
