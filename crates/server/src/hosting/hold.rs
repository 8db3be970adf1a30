//! By what right a port acts: this server's own lease, or the grant of a desktop.

use std::sync::Arc;

use baton_channels::email::host::PortError;
use baton_domain::{AccountId, HostGrant};
use baton_store::server::ServerStore;

use super::lease::Lease;

/// By what right a port acts.
#[derive(Debug, Clone)]
pub(super) enum Hold {
    /// This server hosts the account.
    Own(Arc<Lease>),
    /// A desktop does.
    Granted(HostGrant),
}

impl Hold {
    /// Refuses whoever does not hold the account any more. A desktop's grant is looked up each time: nothing it says counts once
    /// another host has the account.
    pub(super) async fn check(&self, store: &ServerStore, account: AccountId) -> Result<(), PortError> {
        match self {
            Self::Own(lease) if lease.held() => Ok(()),
            Self::Own(_) => Err(PortError::LeaseLost),
            Self::Granted(granted) => {
                let row = store
                    .host_of(account)
                    .await
                    .map_err(|error| PortError::Unavailable(error.to_string()))?;
                let held = row.is_some_and(|row| row.live && row.grant == *granted);
                if held { Ok(()) } else { Err(PortError::LeaseLost) }
            }
        }
    }

    /// The grant under which everything is said: the referee looks again whether it stands.
    pub(super) fn grant(&self) -> HostGrant {
        match self {
            Self::Own(lease) => lease.grant(),
            Self::Granted(granted) => *granted,
        }
    }

    /// Whether it is held, without asking. A desktop asks its own clock before the final dot, so here it is told no.
    pub(super) fn held(&self) -> bool {
        match self {
            Self::Own(lease) => lease.held(),
            Self::Granted(_) => false,
        }
    }
}
