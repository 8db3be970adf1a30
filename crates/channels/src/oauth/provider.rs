//! The providers and where their pages are.

use serde::{Deserialize, Serialize};
use url::Url;

use super::SignInError;

/// What the scopes of Microsoft Graph begin with.
const GRAPH: &str = "https://graph.microsoft.com/";

/// Which provider: each has habits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProviderKind {
    /// Google: Gmail and Google Workspace.
    Google,
    /// Microsoft 365 and Outlook.com.
    Microsoft,
    /// Any other that follows the standards.
    Other,
}

/// Where a provider's pages are, and what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Which.
    pub kind: ProviderKind,
    /// The page on which a person signs in.
    pub auth_url: Url,
    /// Where tokens are made.
    pub token_url: Url,
    /// What is asked for.
    pub scopes: Vec<String>,
}

impl Provider {
    /// Google. The scope for IMAP and SMTP is one of the restricted ones: a team uses a client that is internal to its own Workspace.
    ///
    /// # Errors
    /// Never for the addresses written here.
    pub fn google() -> Result<Self, SignInError> {
        Self::at(
            ProviderKind::Google,
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            &["https://mail.google.com/"],
        )
    }

    /// Microsoft, for a directory (its id or domain) or, with `organizations` or `common`, for any.
    ///
    /// # Errors
    /// When the directory is no name.
    pub fn microsoft(tenant: &str) -> Result<Self, SignInError> {
        Self::microsoft_for(
            tenant,
            &[
                "https://outlook.office.com/IMAP.AccessAsUser.All",
                "https://outlook.office.com/SMTP.Send",
                "offline_access",
            ],
        )
    }

    /// Microsoft, for a mailbox that is reached by Microsoft Graph: one's own, and a shared one that one may open.
    ///
    /// # Errors
    /// When the directory is no name.
    pub fn microsoft_graph(tenant: &str) -> Result<Self, SignInError> {
        let scopes = [
            "Mail.ReadWrite",
            "Mail.Send",
            "Mail.ReadWrite.Shared",
            "Mail.Send.Shared",
        ];
        let mut scopes: Vec<String> = scopes.iter().map(|scope| format!("{GRAPH}{scope}")).collect();
        scopes.push("offline_access".to_owned());
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        Self::microsoft_for(tenant, &scopes)
    }

    /// Whether its tokens are for Microsoft Graph.
    #[must_use]
    pub fn is_for_graph(&self) -> bool {
        self.scopes.iter().any(|scope| scope.starts_with(GRAPH))
    }

    fn microsoft_for(tenant: &str, scopes: &[&str]) -> Result<Self, SignInError> {
        let tenant = tenant.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if tenant.is_empty() || !tenant.chars().all(sound) {
            return Err(SignInError::BadProvider {
                detail: format!("{tenant} is not a directory"),
            });
        }
        Self::at(
            ProviderKind::Microsoft,
            &format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"),
            &format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
            scopes,
        )
    }

    /// Any other. Its pages are https, or on this computer.
    ///
    /// # Errors
    /// When an address is none, or is not protected.
    pub fn other(auth_url: &str, token_url: &str, scopes: &[&str]) -> Result<Self, SignInError> {
        Self::at(ProviderKind::Other, auth_url, token_url, scopes)
    }

    fn at(kind: ProviderKind, auth_url: &str, token_url: &str, scopes: &[&str]) -> Result<Self, SignInError> {
        Ok(Self {
            kind,
            auth_url: page(auth_url)?,
            token_url: page(token_url)?,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        })
    }

    /// At Microsoft, the directory in the address of the page.
    #[must_use]
    pub fn tenant(&self) -> Option<String> {
        let first = self.auth_url.path_segments()?.next()?;
        (self.kind == ProviderKind::Microsoft).then(|| first.to_owned())
    }

    /// What else the page wants to know, so that it gives a refresh token and asks for the right person.
    pub(super) fn habits(&self, address: &str) -> Vec<(&'static str, String)> {
        let mut said = vec![("login_hint", address.to_owned())];
        match self.kind {
            // Without these Google gives a refresh token only the very first time.
            ProviderKind::Google => {
                said.push(("access_type", "offline".to_owned()));
                said.push(("prompt", "consent".to_owned()));
            }
            ProviderKind::Microsoft => said.push(("prompt", "select_account".to_owned())),
            ProviderKind::Other => said.push(("prompt", "consent".to_owned())),
        }
        said
    }

    /// The name by which the browser comes back. Microsoft lets any port through only for `localhost`.
    pub(super) fn redirect_host(&self) -> &'static str {
        match self.kind {
            ProviderKind::Microsoft => "localhost",
            ProviderKind::Google | ProviderKind::Other => "127.0.0.1",
        }
    }

    /// Days after which an unused refresh token dies, where the provider has such a rule and does not say it with each token.
    pub(super) fn idle_days(&self) -> Option<i64> {
        match self.kind {
            ProviderKind::Microsoft => Some(90),
            ProviderKind::Google => Some(180),
            ProviderKind::Other => None,
        }
    }
}

fn page(text: &str) -> Result<Url, SignInError> {
    let bad = |why: &str| SignInError::BadProvider {
        detail: format!("{text}: {why}"),
    };
    let url = Url::parse(text).map_err(|cause| bad(&cause.to_string()))?;
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(bad("there is no host in it")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err(bad("it is not https")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pages_are_protected_or_on_this_computer() {
        assert!(Provider::google().is_ok());
        assert!(Provider::microsoft("murmel.example").is_ok());
        assert!(Provider::microsoft("murmel/../common").is_err());
        assert!(Provider::other("https://a.example/a", "https://a.example/t", &[]).is_ok());
        assert!(Provider::other("http://127.0.0.1:9/a", "http://localhost:9/t", &[]).is_ok());
        for open in [
            "http://a.example/a",
            "http://localhost.example/a",
            "ftp://127.0.0.1/",
            "a",
        ] {
            assert!(Provider::other(open, "https://a.example/t", &[]).is_err(), "{open}");
        }
    }

    #[test]
    fn a_sign_in_for_graph_asks_for_nothing_of_imap() {
        let graph = Provider::microsoft_graph("murmel.example").unwrap();
        assert!(graph.is_for_graph());
        assert!(graph.scopes.iter().all(|scope| !scope.contains("IMAP")));
        assert!(graph.scopes.contains(&"offline_access".to_owned()));
        assert!(!Provider::microsoft("murmel.example").unwrap().is_for_graph());
    }

    #[test]
    fn google_is_asked_for_a_refresh_token_every_time() {
        let said = Provider::google().unwrap().habits("anna@murmel.example");
        assert!(said.contains(&("access_type", "offline".to_owned())));
        assert!(said.contains(&("prompt", "consent".to_owned())));
        assert!(said.contains(&("login_hint", "anna@murmel.example".to_owned())));
    }
}
