//! The lease of an account, as the desktop that hosts it holds it.
//!
//! Whether it is still held is told by a clock that goes on counting while the computer sleeps: a laptop that is opened after an hour
//! knows at once that somebody else may have the account now, before it sends a single byte.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_channels::email::host::wire::{Grant, Taken};
use baton_domain::AccountId;

use crate::net::Http;

/// How often it is renewed: at a third of its lifetime.
pub(super) const RENEW: Duration = Duration::from_secs(20);

/// The margin within which it counts as lost already, in milliseconds: the final dot takes a moment.
const MARGIN_MS: i64 = 10_000;

/// A held lease.
#[derive(Debug)]
pub(super) struct Lease {
    http: Http,
    account: AccountId,
    grant: Grant,
    /// Until when it is held, by the clock that counts suspend.
    until_boot_ms: AtomicI64,
}

impl Lease {
    /// A lease that was granted for so long from the moment it was asked for.
    pub(super) fn new(http: Http, account: AccountId, grant: Grant, asked_boot_ms: i64, lifetime_ms: i64) -> Self {
        Self {
            http,
            account,
            grant,
            until_boot_ms: AtomicI64::new(asked_boot_ms.saturating_add(lifetime_ms)),
        }
    }

    pub(super) fn account(&self) -> AccountId {
        self.account
    }

    pub(super) fn grant(&self) -> Grant {
        self.grant.clone()
    }

    /// Whether it is held.
    pub(super) fn held(&self) -> bool {
        baton_clock::boot_ms() < self.until_boot_ms.load(Ordering::Acquire).saturating_sub(MARGIN_MS)
    }

    /// It is known to be lost.
    pub(super) fn lose(&self) {
        self.until_boot_ms.store(0, Ordering::Release);
    }

    /// Renews it until it is lost, or the account is to be hosted elsewhere.
    pub(super) async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEW).await;
            // From before the question: the answer may take a while.
            let asked = baton_clock::boot_ms();
            match self.http.take_host(self.account, Some(self.grant())).await {
                Ok(Taken::Held { grant, lifetime_ms, .. }) if grant.token == self.grant.token => {
                    let until = asked.saturating_add(lifetime_ms);
                    self.until_boot_ms.store(until, Ordering::Release);
                }
                // The account moves. What is on its way is finished under this lease, which goes on until it is given back.
                Ok(Taken::NotYours) => return,
                // It ran out meanwhile, and may have been somebody else's since.
                Ok(Taken::Held { .. } | Taken::Elsewhere) => return self.lose(),
                Err(error) => {
                    tracing::debug!(%error, "an account's lease could not be renewed");
                    if !self.held() {
                        return;
                    }
                }
            }
        }
    }

    /// Gives it back, so that another host need not wait.
    pub(super) async fn release(&self) {
        self.lose();
        if let Err(error) = self.http.release_host(self.account).await {
            tracing::debug!(%error, "an account's lease runs out by itself");
        }
    }
}
