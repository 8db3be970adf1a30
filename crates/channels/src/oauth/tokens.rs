//! A grant at work: an access token whenever one is asked for, renewed in time, and every replaced refresh token kept.

use std::sync::Arc;

use async_trait::async_trait;
use baton_domain::Timestamp;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{Grant, SignInError, endpoint};
use crate::email::ConnectError;
use crate::email::account::AccessTokens;

/// An access token is renewed so long before it ends: a session signed in with it begins well within its time.
const MARGIN_MS: i64 = 5 * 60_000;

/// Where a grant is kept: the keyring of a desktop, or sealed on a server.
#[async_trait]
pub trait GrantKeeper: Send + Sync + 'static {
    /// Keeps it, durable on return.
    ///
    /// # Errors
    /// In words, when it could not be kept.
    async fn keep(&self, grant: &Grant) -> Result<(), String>;
}

/// For a grant that somebody else keeps, as in a test of it.
#[async_trait]
impl GrantKeeper for () {
    async fn keep(&self, _grant: &Grant) -> Result<(), String> {
        Ok(())
    }
}

/// A grant and its keeper.
pub struct Tokens {
    held: Mutex<Held>,
    keeper: Arc<dyn GrantKeeper>,
}

struct Held {
    grant: Grant,
    /// The keeper does not have it yet.
    unkept: bool,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    /// Of a grant.
    #[must_use]
    pub fn new(grant: Grant, keeper: Arc<dyn GrantKeeper>) -> Self {
        Self {
            held: Mutex::new(Held { grant, unkept: false }),
            keeper,
        }
    }

    /// The grant as it is now.
    pub async fn grant(&self) -> Grant {
        self.held.lock().await.grant.clone()
    }

    /// An access token that is good for a while. Of many who ask at once one renews, and all get the same.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fresh(&self) -> Result<Zeroizing<String>, SignInError> {
        let mut held = self.held.lock().await;
        let now = Timestamp(baton_clock::now_ms());
        if !held.grant.is_fresh(now, MARGIN_MS) {
            held.grant = endpoint::renew(&held.grant, now).await?;
            held.unkept = true;
        }
        if held.unkept {
            // The provider may have taken the old refresh token back already: the new one is used though it could not be kept, and
            // keeping it is tried again with the next use.
            match self.keeper.keep(&held.grant).await {
                Ok(()) => held.unkept = false,
                Err(reason) => tracing::error!(reason, "a renewed sign-in could not be kept; it is tried again"),
            }
        }
        Ok(Zeroizing::new(held.grant.access_token.clone()))
    }
}

#[async_trait]
impl AccessTokens for Tokens {
    async fn access_token(&self) -> Result<Zeroizing<String>, ConnectError> {
        match self.fresh().await {
            Ok(token) => Ok(token),
            Err(error) => {
                let host = self
                    .grant()
                    .await
                    .provider
                    .token_url
                    .host_str()
                    .unwrap_or_default()
                    .to_owned();
                Err(error.into_connect_error(&host))
            }
        }
    }

    async fn was_refused(&self, token: &str) {
        let mut held = self.held.lock().await;
        // Only the token that was refused: another may have been made meanwhile.
        if held.grant.access_token == token {
            held.grant.access_until = Timestamp(0);
        }
    }
}
