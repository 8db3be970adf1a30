//! The sample's mailbox is of paper: a reply from it goes through every state a real one does, and reaches nobody.
//!
//! Only accounts without a password are of paper; a real mailbox connected to the sample beside them is hosted like any other.

use std::sync::Arc;
use std::time::Duration;

use baton_domain::{Account, Actor, Command, CommandBody, CommandId, DeviceId, OutboundState, Timestamp};
use baton_protocol::HealthState;
use baton_store::server::OutboundRow;
use uuid::Uuid;

use super::{LOOK, tell};
use crate::core::Core;

/// What stands where a real provider's answer would.
const TAKEN: &str = "kept in the sample; nothing was sent";

/// Takes what leaves the sample, until the server stops.
pub(super) async fn take(core: Arc<Core>) {
    let mut outgoing = core.outgoing.subscribe();
    loop {
        outgoing.mark_unchanged();
        let mut next = None;
        for account in of_paper(&core).await {
            tell(&core, &account, HealthState::UpToDate);
            let leaves = take_from(&core, &account).await;
            next = [next, leaves].into_iter().flatten().min();
        }
        let pause = next.map_or(LOOK, |at| {
            let wait = at.since_ms(core.now()).max(1);
            Duration::from_millis(baton_clock::nap_ms(wait))
        });
        tokio::select! {
            () = core.stop.cancelled() => break,
            changed = outgoing.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(pause.min(LOOK)) => {}
        }
    }
}

async fn of_paper(core: &Core) -> Vec<Account> {
    let mut found = Vec::new();
    for account in core.directory.accounts() {
        if account.hosted_by.is_none() && matches!(core.store.account_secret(account.id).await, Ok(None)) {
            found.push(account);
        }
    }
    found
}

/// Takes what may leave now, and says when the next may.
async fn take_from(core: &Core, account: &Account) -> Option<Timestamp> {
    let rows = match core.store.open_outbound(Some(account.id)).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::error!(%error, "the sample's replies can't be read");
            return None;
        }
    };
    let mut next = None;
    for row in rows {
        let waits = row.outbound.state == OutboundState::Queued && row.outbound.not_before > core.now();
        if waits {
            next = [next, Some(row.outbound.not_before)].into_iter().flatten().min();
        } else {
            settle(core, account, &row).await;
        }
    }
    next
}

/// Leads a reply through what is left of its way. Each word is said once, however often this is asked.
async fn settle(core: &Core, account: &Account, row: &OutboundRow) {
    let outbound = row.outbound.id;
    let attempt = row.outbound.attempt.saturating_add(1);
    let steps = match row.outbound.state {
        OutboundState::Queued => 0..3,
        OutboundState::Sending => 1..3,
        OutboundState::Sent { .. } => 2..3,
        // A person decides, or decided.
        OutboundState::Unknown { .. } | OutboundState::Failed { .. } | OutboundState::Cancelled { .. } => return,
    };
    for step in steps {
        let body = match step {
            0 => CommandBody::OutboundSending { outbound, attempt },
            1 => CommandBody::OutboundSent {
                outbound,
                reply: TAKEN.to_owned(),
            },
            _ => CommandBody::OutboundFiled { outbound },
        };
        let command = Command {
            id: CommandId(Uuid::now_v7()),
            actor: Actor::Channel { account: account.id },
            device: DeviceId(Uuid::nil()),
            conversation: row.conversation,
            issued_at: core.now(),
            last_seen: None,
            based_on: None,
            body,
        };
        if let Err(error) = core.referee.submit(command).await {
            tracing::warn!(%error, "a reply of the sample waits");
            return;
        }
    }
}
