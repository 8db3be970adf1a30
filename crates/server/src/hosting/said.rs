//! Whose word about a mailbox counts: that of whoever holds its lease, on whichever server of the workspace it is.
//!
//! A server knows how a mailbox is doing that it hosts itself, or that a desktop connected to it hosts. The others are told, now and then
//! again. An older host that does not know yet that it has lost the lease is not believed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use baton_domain::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Which of two words is the newer: the later lease, and within one what was said later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Order {
    /// The lease's number.
    pub token: u64,
    /// When it was said.
    pub at: Timestamp,
}

/// Where the newest word comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// From this server.
    Here,
    /// From another one, which repeated it then.
    Elsewhere(Instant),
    /// Whoever said it holds the lease no more, or has fallen silent.
    Nobody,
}

/// Who spoke last about each mailbox.
#[derive(Debug, Default)]
pub struct Said(Mutex<BTreeMap<AccountId, (Order, From)>>);

impl Said {
    /// This server's host of `account` says how it is doing; whether that counts.
    pub(super) fn here(&self, account: AccountId, order: Order) -> bool {
        let mut all = self.lock();
        let counts = all.get(&account).is_none_or(|(known, _)| *known <= order);
        if counts {
            all.insert(account, (order, From::Here));
        }
        counts
    }

    /// This server gave the lease of that number back.
    pub(super) fn ends(&self, account: AccountId, token: u64) {
        if let Some((known, from)) = self.lock().get_mut(&account)
            && known.token == token
            && *from == From::Here
        {
            *from = From::Nobody;
        }
    }

    /// Another server says how a mailbox is doing; whether that counts.
    pub fn elsewhere(&self, account: AccountId, order: Order, now: Instant) -> bool {
        let mut all = self.lock();
        let counts = all.get(&account).is_none_or(|(known, from)| match from {
            From::Here => *known < order,
            From::Elsewhere(_) | From::Nobody => *known <= order,
        });
        if counts {
            all.insert(account, (order, From::Elsewhere(now)));
        }
        counts
    }

    /// Whether another server hosts it.
    pub fn is_elsewhere(&self, account: AccountId) -> bool {
        matches!(self.lock().get(&account), Some((_, From::Elsewhere(_))))
    }

    /// The mailboxes of which this server tells the others.
    pub fn told_here(&self) -> Vec<(AccountId, Order)> {
        let all = self.lock();
        let here = all.iter().filter(|(_, (_, from))| *from == From::Here);
        here.map(|(account, (order, _))| (*account, *order)).collect()
    }

    /// Forgets what was said before `long_ago` and not repeated; of these mailboxes nothing is known now.
    pub fn fade(&self, long_ago: Instant) -> Vec<AccountId> {
        let mut faded = Vec::new();
        for (account, (_, from)) in self.lock().iter_mut() {
            if matches!(from, From::Elsewhere(heard) if *heard < long_ago) {
                *from = From::Nobody;
                faded.push(*account);
            }
        }
        faded
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AccountId, (Order, From)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    const SALES: AccountId = AccountId(Uuid::nil());

    fn order(token: u64, at: i64) -> Order {
        Order {
            token,
            at: Timestamp(at),
        }
    }

    #[test]
    fn a_host_that_has_lost_its_lease_is_not_believed() {
        let (said, now) = (Said::default(), Instant::now());
        assert!(said.elsewhere(SALES, order(7, 100), now));
        assert!(
            !said.elsewhere(SALES, order(6, 200), now),
            "an older lease, whenever it speaks"
        );
        assert!(said.elsewhere(SALES, order(7, 100), now), "the same, repeated");
        assert!(!said.elsewhere(SALES, order(7, 99), now));
        assert!(!said.here(SALES, order(6, 300)));
        assert!(said.told_here().is_empty(), "nor is this server, when it was it");
    }

    #[test]
    fn this_server_tells_until_another_has_the_lease() {
        let (said, now) = (Said::default(), Instant::now());
        assert!(said.here(SALES, order(7, 100)));
        assert_eq!(said.told_here(), [(SALES, order(7, 100))]);
        assert!(!said.elsewhere(SALES, order(7, 100), now), "its own word comes back");
        assert!(said.elsewhere(SALES, order(8, 90), now));
        assert!(said.told_here().is_empty());
        assert!(said.is_elsewhere(SALES));
    }

    #[test]
    fn a_desktop_that_moves_to_another_server_is_told_of_there() {
        let (said, now) = (Said::default(), Instant::now());
        assert!(said.here(SALES, order(7, 100)));
        assert!(said.elsewhere(SALES, order(7, 101), now), "the same lease, said later");
        assert!(said.told_here().is_empty());
        assert!(said.here(SALES, order(7, 102)));
        assert_eq!(said.told_here(), [(SALES, order(7, 102))], "and it is back");
    }

    #[test]
    fn what_is_given_back_is_told_no_more_and_what_is_not_repeated_fades() {
        let (said, now) = (Said::default(), Instant::now());
        assert!(said.here(SALES, order(7, 100)));
        said.ends(SALES, 6);
        assert_eq!(said.told_here().len(), 1, "that was another lease");
        said.ends(SALES, 7);
        assert!(said.told_here().is_empty());
        assert!(said.elsewhere(SALES, order(8, 100), now));
        assert!(said.fade(now).is_empty(), "just said");
        let later = now + Duration::from_secs(1);
        assert_eq!(said.fade(later), [SALES]);
        assert!(said.fade(later).is_empty(), "once");
    }
}
