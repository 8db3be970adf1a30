//! The lease of an account: of several servers on one database one hosts it.
//!
//! Whether it is still held is told by a clock that goes on counting while the machine is suspended: a server that wakes up after an
//! hour knows at once that somebody else may have the account now.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_domain::{AccountId, HostGrant, SessionId};

use crate::referee::{HostAsk, HostGranted, RefereeHandle};

/// How long it lives without being renewed, in milliseconds.
pub(super) const LIFETIME_MS: i64 = 60_000;

/// It is renewed at a third of that.
const RENEW: Duration = Duration::from_secs(20);

/// The margin within which it counts as lost already, in milliseconds: the final dot takes a moment.
const MARGIN_MS: i64 = 10_000;

/// A held lease.
#[derive(Debug)]
pub(super) struct Lease {
    referee: RefereeHandle,
    grant: HostGrant,
    /// Until when it is held, by the clock that counts suspend.
    until_boot_ms: AtomicI64,
    /// Another host had the account before: this one must show that it sees the same mailbox.
    taken_over: bool,
}

impl Lease {
    /// Takes the lease; `None` while another has it, or the store does not answer.
    pub(super) async fn take(referee: &RefereeHandle, account: AccountId, session: SessionId) -> Option<Self> {
        // From before the question: the answer may take a while.
        let asked = baton_clock::boot_ms();
        let ask = HostAsk {
            account,
            session,
            lifetime_ms: LIFETIME_MS,
        };
        match referee.host(ask).await {
            Ok(granted) => granted.map(|HostGranted { host, .. }| Self {
                referee: referee.clone(),
                grant: host.grant(),
                until_boot_ms: AtomicI64::new(asked.saturating_add(LIFETIME_MS)),
                taken_over: !host.shown,
            }),
            Err(error) => {
                tracing::warn!(%error, "an account's lease could not be taken");
                None
            }
        }
    }

    /// Whether another host had the account before.
    pub(super) fn taken_over(&self) -> bool {
        self.taken_over
    }

    /// The grant, under which everything is said.
    pub(super) const fn grant(&self) -> HostGrant {
        self.grant
    }

    async fn renew(&self) -> bool {
        let asked = baton_clock::boot_ms();
        match self.referee.renew_host(self.grant, LIFETIME_MS).await {
            Ok(true) => {
                self.until_boot_ms
                    .store(asked.saturating_add(LIFETIME_MS), Ordering::Release);
                true
            }
            Ok(false) => {
                self.until_boot_ms.store(0, Ordering::Release);
                false
            }
            Err(error) => {
                tracing::warn!(%error, "an account's lease could not be renewed");
                self.held()
            }
        }
    }

    /// Renews it until it is lost.
    pub(super) async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEW).await;
            if !self.renew().await && !self.held() {
                return;
            }
        }
    }

    /// Whether it is held.
    pub(super) fn held(&self) -> bool {
        baton_clock::boot_ms() < self.until_boot_ms.load(Ordering::Acquire).saturating_sub(MARGIN_MS)
    }

    /// Gives it back, so that another server need not wait.
    pub(super) async fn release(&self) {
        self.until_boot_ms.store(0, Ordering::Release);
        if let Err(error) = self.referee.release_host(self.grant).await {
            tracing::debug!(%error, "an account's lease runs out by itself");
        }
    }
}
