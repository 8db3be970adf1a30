//! Why a sign-in on a provider's page came to nothing, in words that say who has to do what.

use baton_domain::{MailProblem, MailProblemKind};

use super::provider::ProviderKind;
use crate::email::ConnectError;
use crate::email::net::short;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The person said no.
    #[error("the sign-in was declined on the provider's page")]
    Denied,
    /// The directory lets nobody but an admin say yes.
    #[error("an admin must allow Baton at the provider first: {said}")]
    AdminMustConsent {
        /// The provider's words.
        said: String,
    },
    /// The refresh token is not valid any more: revoked, run out, or the password was changed.
    #[error("the provider ended the sign-in: {said}")]
    Ended {
        /// The provider's words.
        said: String,
    },
    /// The provider does not know the client, or not this use of it.
    #[error("the provider does not accept the client id: {said}")]
    ClientRefused {
        /// The provider's words.
        said: String,
    },
    /// The provider does not give what was asked for.
    #[error("the provider does not give access to mail: {said}")]
    ScopeRefused {
        /// The provider's words.
        said: String,
    },
    /// The sign-in gave no refresh token: it would end within the hour.
    #[error("the provider gave no lasting sign-in")]
    NotLasting,
    /// Nobody came back from the page in time.
    #[error("nobody came back from the sign-in page in time")]
    TimedOut,
    /// The provider can't be reached.
    #[error("{host} can't be reached: {detail}")]
    Unreachable {
        /// Which host.
        host: String,
        /// Why.
        detail: String,
    },
    /// The provider said something that is not the protocol.
    #[error("{host} said something unexpected: {detail}")]
    Unexpected {
        /// Which host.
        host: String,
        /// What.
        detail: String,
    },
    /// The provider's addresses are no good.
    #[error("the provider can't be used: {detail}")]
    BadProvider {
        /// Why.
        detail: String,
    },
    /// This computer would not listen for the browser.
    #[error("this computer can't wait for the browser: {detail}")]
    NoPort {
        /// Why.
        detail: String,
    },
}

impl SignInError {
    /// An error by its code (RFC 6749, 4.1.2.1 and 5.2) and its description. Microsoft puts the reason into the description, by number.
    pub(super) fn of_code(host: &str, code: &str, description: Option<&str>) -> Self {
        let said = short(&match description {
            Some(description) => format!("{code}: {description}"),
            None => code.to_owned(),
        });
        let has = |numbers: &[&str]| numbers.iter().any(|number| said.contains(number));
        if has(&["AADSTS65004"]) {
            return Self::Denied;
        }
        if has(&[
            "AADSTS90094",
            "AADSTS90095",
            "AADSTS65001",
            "AADSTS90093",
            "admin_policy_enforced",
        ]) {
            return Self::AdminMustConsent { said };
        }
        match code {
            "access_denied" => Self::Denied,
            "consent_required" => Self::AdminMustConsent { said },
            "invalid_grant" | "interaction_required" | "login_required" => Self::Ended { said },
            "invalid_client"
            | "unauthorized_client"
            | "deleted_client"
            | "disabled_client"
            | "org_internal"
            | "redirect_uri_mismatch" => Self::ClientRefused { said },
            "invalid_scope" => Self::ScopeRefused { said },
            "server_error" | "temporarily_unavailable" => Self::Unreachable {
                host: host.to_owned(),
                detail: said,
            },
            _ => Self::Unexpected {
                host: host.to_owned(),
                detail: said,
            },
        }
    }

    /// As a reason why a mailbox can't be signed in to.
    #[must_use]
    pub fn into_connect_error(self, host: &str) -> ConnectError {
        let host = host.to_owned();
        let reply = self.to_string();
        match self {
            Self::Denied | Self::Ended { .. } | Self::NotLasting | Self::TimedOut => {
                ConnectError::SignInEnded { host, reply }
            }
            Self::AdminMustConsent { said } | Self::ScopeRefused { said } => {
                ConnectError::AdminMustConsent { host, reply: said }
            }
            Self::ClientRefused { said } => ConnectError::ClientRefused { host, reply: said },
            Self::BadProvider { detail } => ConnectError::ClientRefused { host, reply: detail },
            Self::Unreachable { host, detail } => ConnectError::Unreachable { host, detail },
            Self::Unexpected { host, detail } => ConnectError::Protocol { host, detail },
            Self::NoPort { detail } => ConnectError::Unreachable { host, detail },
        }
    }
}

/// A sign-in that came to nothing, for the window.
#[must_use]
pub fn sign_in_problem(error: &SignInError, provider: ProviderKind) -> MailProblem {
    use MailProblemKind as Kind;
    let server = match (error, provider) {
        (SignInError::Unreachable { host, .. } | SignInError::Unexpected { host, .. }, _) => host.clone(),
        (_, ProviderKind::Google) => "Google".to_owned(),
        (_, ProviderKind::Microsoft) => "Microsoft".to_owned(),
        (_, ProviderKind::Other) => "The provider".to_owned(),
    };
    let (kind, said) = match error {
        SignInError::Denied => (Kind::ConsentDenied, None),
        SignInError::AdminMustConsent { said } | SignInError::ScopeRefused { said } => {
            (Kind::AdminMustConsent, Some(said.clone()))
        }
        SignInError::Ended { said } => (Kind::SignInEnded, Some(said.clone())),
        SignInError::NotLasting => (Kind::SignInEnded, None),
        SignInError::ClientRefused { said } => (Kind::ClientRefused, Some(said.clone())),
        SignInError::BadProvider { detail } => (Kind::ClientRefused, Some(detail.clone())),
        SignInError::TimedOut => (Kind::TimedOut, None),
        SignInError::Unreachable { detail, .. } => (Kind::Refused, Some(detail.clone())),
        SignInError::Unexpected { detail, .. } | SignInError::NoPort { detail } => {
            (Kind::Protocol, Some(detail.clone()))
        }
    };
    MailProblem { kind, server, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: &str, description: Option<&str>) -> MailProblemKind {
        let error = SignInError::of_code("login.example", code, description);
        sign_in_problem(&error, ProviderKind::Microsoft).kind
    }

    #[test]
    fn each_refusal_says_who_has_to_act() {
        use MailProblemKind as Kind;
        assert_eq!(kind("access_denied", None), Kind::ConsentDenied);
        assert_eq!(
            kind(
                "access_denied",
                Some("AADSTS65004: User declined to consent to access the app.")
            ),
            Kind::ConsentDenied
        );
        assert_eq!(
            kind(
                "access_denied",
                Some("AADSTS90094: The grant requires administrator permission.")
            ),
            Kind::AdminMustConsent
        );
        assert_eq!(
            kind(
                "invalid_grant",
                Some("AADSTS65001: The user or administrator has not consented")
            ),
            Kind::AdminMustConsent
        );
        assert_eq!(
            kind("invalid_grant", Some("Token has been expired or revoked.")),
            Kind::SignInEnded
        );
        assert_eq!(kind("invalid_client", None), Kind::ClientRefused);
        assert_eq!(kind("invalid_scope", None), Kind::AdminMustConsent);
        assert_eq!(kind("temporarily_unavailable", None), Kind::Refused);
    }
}
