//! Keeping a sign-in whose tokens the provider replaces: each new refresh token is sealed into the account's row before the next use.

use std::sync::Arc;

use async_trait::async_trait;
use baton_channels::oauth::{Grant, GrantKeeper};
use baton_domain::{Account, AccountId};

use super::{secret, update};
use crate::core::Core;

/// The row of one account.
pub(super) struct Sealed {
    core: Arc<Core>,
    account: Account,
}

impl Sealed {
    pub(super) fn new(core: Arc<Core>, account: Account) -> Self {
        Self { core, account }
    }

    fn id(&self) -> AccountId {
        self.account.id
    }
}

#[async_trait]
impl GrantKeeper for Sealed {
    async fn keep(&self, grant: &Grant) -> Result<(), String> {
        let core = &self.core;
        let row = core
            .store
            .account_secret(self.id())
            .await
            .map_err(|error| error.to_string())?;
        // The account was removed meanwhile: there is nothing to keep it for.
        let Some(row) = row else { return Ok(()) };
        let mut mailbox = secret::open(&core.seal, self.id(), &row).map_err(|error| error.to_string())?;
        // Somebody signed in anew meanwhile: an old sign-in's token must not take the place of the new one's.
        if mailbox.grant.as_ref().map(|kept| kept.id) != Some(grant.id) {
            return Ok(());
        }
        mailbox.grant = Some(grant.clone());
        let sealed = secret::seal(&core.seal, self.id(), &mailbox).map_err(|error| error.to_string())?;
        let kept = core.store.put_account_secret(self.id(), sealed, core.now()).await;
        kept.map_err(|error| error.to_string())?;
        update(core, &self.account, |health| health.sign_in_ends = grant.ends_at());
        Ok(())
    }
}
