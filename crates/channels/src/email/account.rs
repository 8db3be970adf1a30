//! A mailbox and how to reach it.
//!
//! An account is a mailbox, not a login. Its password is a [`Secret`], which is never printed, never serialised and overwritten when
//! it is dropped.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use zeroize::Zeroizing;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Security {
    /// TLS from the first byte: ports 993 and 465 (RFC 8314).
    Tls,
    /// TLS after a command: ports 143 and 587. Without it there is no connection; nothing is ever sent in the open instead.
    StartTls,
    /// None. Only on this machine.
    Plain,
}

/// A server's door.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its host name, or a number on this machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is protected.
    pub security: Security,
}

impl Endpoint {
    /// A door with these.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16, security: Security) -> Self {
        Self {
            host: host.into(),
            port,
            security,
        }
    }

    /// Whether the door is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

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
}

/// A password or token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret over.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the one line that sends or seals it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
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
            | Self::NoLoginOffered { .. } => Retry::Later,
            Self::PlainNotAllowed { .. } | Self::BadExtraCa { .. } | Self::WrongPassword { .. } => Retry::WhenChanged,
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
