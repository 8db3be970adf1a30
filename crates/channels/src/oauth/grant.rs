//! What a sign-in gave: a refresh token, and access tokens made from it.

use baton_domain::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Provider;

const DAY_MS: i64 = 86_400_000;

/// The team's own registration at a provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret, where the provider gives one to desktop programs. It proves nothing by itself (RFC 8252, 8.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A lasting sign-in. It is a secret: in the keyring or sealed, and it never prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Which: another sign-in is another grant, a rotated token is not.
    pub id: Uuid,
    /// Of which provider.
    pub provider: Provider,
    /// Through which client.
    pub client: Client,
    /// What new access tokens are made from.
    pub refresh_token: String,
    /// The last access token.
    pub access_token: String,
    /// Until when it is good.
    pub access_until: Timestamp,
    /// When the provider last gave a token.
    pub renewed_at: Timestamp,
    /// When the refresh token dies though it is used, where the provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_until: Option<Timestamp>,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("id", &self.id)
            .field("provider", &self.provider.kind)
            .field("client", &self.client)
            .field("access_until", &self.access_until)
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// When somebody will have to sign in again, as far as that can be known: what the provider said, or else what its rule is for a
    /// sign-in that is not used.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.refresh_until.or_else(|| {
            let days = self.provider.idle_days()?;
            Some(Timestamp(self.renewed_at.0.saturating_add(days * DAY_MS)))
        })
    }

    /// Whether the access token is good for a while yet.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, margin_ms: i64) -> bool {
        self.access_until.0.saturating_sub(margin_ms) > now.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn grant(provider: Provider) -> Grant {
        Grant {
            id: Uuid::from_u128(1),
            provider,
            client: Client {
                id: "team".to_owned(),
                secret: Some("shh".to_owned()),
            },
            refresh_token: "refresh-me".to_owned(),
            access_token: "let-me-in".to_owned(),
            access_until: Timestamp(10_000),
            renewed_at: Timestamp(0),
            refresh_until: None,
        }
    }

    #[test]
    fn a_grant_does_not_print_its_tokens() {
        let printed = format!("{:?}", grant(Provider::google().unwrap()));
        for secret in ["refresh-me", "let-me-in", "shh"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn the_end_of_a_sign_in_is_foretold() {
        let mut of = grant(Provider::microsoft("common").unwrap());
        assert_eq!(of.ends_at(), Some(Timestamp(90 * DAY_MS)));
        of.refresh_until = Some(Timestamp(7 * DAY_MS));
        assert_eq!(of.ends_at(), Some(Timestamp(7 * DAY_MS)));
        let other = Provider::other("https://a.example/a", "https://a.example/t", &[]).unwrap();
        assert_eq!(grant(other).ends_at(), None);
    }

    #[test]
    fn an_access_token_is_renewed_a_while_before_it_ends() {
        let of = grant(Provider::google().unwrap());
        assert!(of.is_fresh(Timestamp(4_999), 5_000));
        assert!(!of.is_fresh(Timestamp(5_000), 5_000));
    }
}
