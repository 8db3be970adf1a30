//! Who hosts a channel account: reads its mailbox and sends from it.
//!
//! One host at a time. A grant is an entry of the log and its number is the host's token, so it grows across restarts and servers,
//! and every server judges by the same one. What a host brings counts only under the current grant: one that was replaced while it was
//! suspended, or while its words were on their way, changes nothing any more. A renewal only moves the time at which a grant runs out,
//! and that time is no part of the log.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AccountId, DocumentId, SessionId, Timestamp};

/// The host of an account, as the log has it. A document of the log, scope workspace; only a host's own request changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// Of which account.
    pub account: AccountId,
    /// The server or desktop that hosts it, or did last.
    pub session: SessionId,
    /// The number of the entry that granted it.
    pub token: u64,
    /// It was given back: nothing that comes under this grant counts any more.
    pub released: bool,
    /// The host has shown that it sees the mailbox that the one before it saw; or there was none before it.
    pub shown: bool,
}

impl Host {
    /// The id of an account's host document.
    #[must_use]
    pub fn document(account: AccountId) -> DocumentId {
        DocumentId::derive(account.0, "host")
    }

    /// The grant.
    #[must_use]
    pub const fn grant(&self) -> HostGrant {
        HostGrant {
            account: self.account,
            session: self.session,
            token: self.token,
        }
    }

    /// The next grant: to `session`, by the entry `token`. What a session has shown it need not show again.
    #[must_use]
    pub fn next(known: Option<&Self>, account: AccountId, session: SessionId, token: u64) -> Self {
        Self {
            account,
            session,
            token,
            released: false,
            shown: known.is_none_or(|host| host.shown && host.session == session),
        }
    }

    /// Whether what comes under that grant counts.
    #[must_use]
    pub fn stands(&self, grant: HostGrant) -> bool {
        !self.released && self.grant() == grant
    }
}

/// The right to host an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostGrant {
    /// Which account.
    pub account: AccountId,
    /// Whose right.
    pub session: SessionId,
    /// Its number.
    pub token: u64,
}

/// Whether `session` may host an account whose last host is `known`, under a grant that runs out at `expires`. Whoever begins anew gets a
/// grant of its own, also a server that was killed and is back: what it did before does not mix with what it does now.
#[must_use]
pub fn may_host(known: Option<&Host>, expires: Option<Timestamp>, session: SessionId, now: Timestamp) -> bool {
    let taken = known.is_some_and(|host| {
        let live = !host.released && expires.is_some_and(|expires| expires > now);
        live && host.session != session
    });
    !taken
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));
    const LEFT: SessionId = SessionId(Uuid::from_u128(2));
    const RIGHT: SessionId = SessionId(Uuid::from_u128(3));

    fn host(session: SessionId, token: u64, released: bool) -> Host {
        Host {
            account: ACCOUNT,
            session,
            token,
            released,
            shown: true,
        }
    }

    #[test]
    fn an_account_nobody_had_is_free() {
        assert!(may_host(None, None, LEFT, Timestamp(0)));
    }

    #[test]
    fn another_waits_until_the_grant_runs_out_or_is_given_back() {
        let known = host(LEFT, 7, false);
        let expires = Some(Timestamp(60_000));
        assert!(!may_host(Some(&known), expires, RIGHT, Timestamp(59_999)));
        assert!(may_host(Some(&known), expires, RIGHT, Timestamp(60_000)));
        assert!(may_host(Some(&host(LEFT, 7, true)), expires, RIGHT, Timestamp(1)));
    }

    #[test]
    fn whoever_has_it_may_begin_anew_at_any_time() {
        let known = host(LEFT, 7, false);
        assert!(may_host(Some(&known), Some(Timestamp(60_000)), LEFT, Timestamp(1)));
    }

    #[test]
    fn whoever_takes_over_has_to_show_and_goes_on_having_to_until_it_has() {
        let first = Host::next(None, ACCOUNT, LEFT, 7);
        assert!(first.shown, "there is nothing to compare");
        assert!(Host::next(Some(&first), ACCOUNT, LEFT, 8).shown);
        let other = Host::next(Some(&first), ACCOUNT, RIGHT, 9);
        assert!(!other.shown);
        assert!(
            !Host::next(Some(&other), ACCOUNT, RIGHT, 10).shown,
            "it ended before it had"
        );
        assert!(!Host::next(Some(&other), ACCOUNT, LEFT, 10).shown);
    }

    #[test]
    fn a_grant_stands_until_it_is_given_back_or_replaced() {
        let grant = host(LEFT, 7, false).grant();
        assert!(host(LEFT, 7, false).stands(grant));
        assert!(!host(LEFT, 7, true).stands(grant));
        assert!(!host(LEFT, 9, false).stands(grant));
        assert!(!host(RIGHT, 7, false).stands(grant));
    }
}
