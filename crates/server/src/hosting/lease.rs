//! The lease of an account: of several servers on one database one hosts it.
//!
//! Whether it is still held is told by a clock that goes on counting while the machine is suspended: a server that wakes up after an
//! hour knows at once that somebody else may have the account now.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_domain::{AccountId, SessionId};
use baton_store::server::ServerStore;

/// How long it lives without being renewed, in milliseconds.
pub(super) const LIFETIME_MS: i64 = 60_000;

/// It is renewed at a third of that.
const RENEW: Duration = Duration::from_secs(20);

/// The margin within which it counts as lost already, in milliseconds: the final dot takes a moment.
const MARGIN_MS: i64 = 10_000;

/// A held lease.
#[derive(Debug)]
pub(super) struct Lease {
    store: ServerStore,
    account: AccountId,
    session: SessionId,
    /// Until when it is held, by the clock that counts suspend.
    until_boot_ms: AtomicI64,
    /// Another host had the account before: this one must show that it sees the same mailbox.
    taken_over: bool,
}

impl Lease {
    /// Takes the lease; `None` while another server has it, or the database does not answer.
    pub(super) async fn take(store: &ServerStore, account: AccountId, session: SessionId) -> Option<Self> {
        let before = match store.host_of(account).await {
            Ok(before) => before,
            Err(error) => {
                tracing::warn!(%error, "an account's lease could not be read");
                return None;
            }
        };
        let lease = Self {
            store: store.clone(),
            account,
            session,
            until_boot_ms: AtomicI64::new(0),
            taken_over: before.is_some_and(|row| row.session != session),
        };
        lease.renew().await.then_some(lease)
    }

    /// Whether another host had the account before.
    pub(super) fn taken_over(&self) -> bool {
        self.taken_over
    }

    async fn renew(&self) -> bool {
        // From before the question: the answer may take a while.
        let asked = baton_clock::boot_ms();
        match self.store.hold_host(self.account, self.session, LIFETIME_MS).await {
            Ok(Some(_)) => {
                self.until_boot_ms
                    .store(asked.saturating_add(LIFETIME_MS), Ordering::Release);
                true
            }
            Ok(None) => {
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
        if let Err(error) = self.store.release_host(self.account, self.session).await {
            tracing::debug!(%error, "an account's lease runs out by itself");
        }
    }
}
