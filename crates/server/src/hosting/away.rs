//! Accounts whose desktop is away: the window says for whom a reply waits, instead of showing a mailbox that seems to work.

use std::sync::Arc;
use std::time::Duration;

use baton_domain::{Account, Timestamp};
use baton_protocol::HealthState;

use super::{outgoing, update};
use crate::core::Core;

/// How often it is looked whether a desktop still holds its accounts. A lease that is not renewed runs out by itself.
const LOOK: Duration = Duration::from_secs(10);

/// Looks after the accounts that desktops host, until the server stops.
pub(super) async fn watch(core: Arc<Core>) {
    let mut outgoing = core.outgoing.subscribe();
    loop {
        outgoing.mark_unchanged();
        for account in core.directory.accounts() {
            if account.hosted_by.is_some() {
                look(&core, &account).await;
            }
        }
        tokio::select! {
            () = core.stop.cancelled() => return,
            // A reply that was queued meanwhile waits, too, and is counted.
            changed = outgoing.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Says so where nobody holds an account that a desktop hosts.
pub(super) async fn look(core: &Core, account: &Account) {
    let Some(member) = account.hosted_by else { return };
    let row = match core.store.host_of(account.id).await {
        Ok(row) => row,
        Err(error) => {
            tracing::warn!(%error, account = account.address, "it can't be told whether the mailbox is hosted");
            return;
        }
    };
    if row.is_some_and(|row| row.live) {
        return;
    }
    let waiting = match core.store.open_outbound(Some(account.id)).await {
        Ok(rows) => rows
            .iter()
            .filter(|row| outgoing::wanted(&row.outbound) == Some(baton_channels::email::host::JobState::Queued))
            .count(),
        Err(error) => {
            tracing::warn!(%error, account = account.address, "what waits to be sent can't be counted");
            return;
        }
    };
    let name = core
        .directory
        .member(member)
        .map(|member| member.name)
        .unwrap_or_default();
    update(core, account, |health| {
        health.waiting_to_send = u32::try_from(waiting).unwrap_or(u32::MAX);
        health.state = HealthState::HostAway {
            name,
            since: row
                .map(|row| Timestamp(row.expires.0.min(core.now().0)))
                .filter(|at| at.0 > 0),
        };
    });
}
