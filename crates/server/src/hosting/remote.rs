//! Accounts hosted by a member's desktop: who may, under which grant, and through which port.
//!
//! The mailbox's password stays in that person's keyring; what comes from there counts only with the current grant. A grant is the
//! lease's number and, once the host has shown that it sees the account's mailbox, this server's word for it: a seal over account,
//! session and number that any server of the workspace can check, also after a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use baton_channels::email::host::PortError;
use baton_channels::email::host::sameness::Sighting;
use baton_channels::email::host::wire::{Condition, Grant, Taken};
use baton_domain::{Account, AccountId, SessionId};
use baton_store::server::StoreError;

use super::hold::{Granted, Hold};
use super::lease::LIFETIME_MS;
use super::port::Port;
use super::{condition, same, tell};
use crate::auth::Caller;
use crate::core::Core;

/// The ports of desktops that host. What one remembers (which replies rest) lives as long as its grant.
#[derive(Debug, Default)]
pub(super) struct Ports(Mutex<BTreeMap<AccountId, (Granted, Arc<Port>)>>);

impl Ports {
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Takes the lease for a desktop, or keeps it.
///
/// # Errors
/// When the database does not answer.
pub async fn take(
    core: &Arc<Core>,
    caller: &Caller,
    account: &Account,
    had: Option<Grant>,
) -> Result<Taken, PortError> {
    if account.hosted_by != Some(caller.member.id) {
        return Ok(Taken::NotYours);
    }
    let before = core.store.host_of(account.id).await.map_err(|error| away(&error))?;
    let held = core
        .store
        .hold_host(account.id, caller.session, LIFETIME_MS)
        .await
        .map_err(|error| away(&error))?;
    let Some(token) = held else {
        return Ok(Taken::Elsewhere);
    };
    // What this desktop showed before still stands, if nobody else had the account since: then the number is the same, or the next one.
    let stands = had.is_some_and(|had| {
        let shown = had.proof == Some(word(core, account.id, caller.session, had.token));
        let last = before.is_some_and(|row| row.session == caller.session && row.token == had.token);
        shown && last && token.saturating_sub(had.token) <= 1
    });
    let word = word(core, account.id, caller.session, token);
    let known = if stands {
        Vec::new()
    } else {
        same::known(&core.store, account.id).await?
    };
    Ok(Taken::Held {
        grant: Grant {
            token,
            proof: known.is_empty().then_some(word),
        },
        lifetime_ms: LIFETIME_MS,
        prove: known.iter().map(same::KnownFolder::sample).collect(),
        live_since: account.live_since,
    })
}

/// Heeds what a desktop saw, and gives the word that lets it go on.
///
/// # Errors
/// When it does not hold the account, or the log can't be written.
pub async fn prove(
    core: &Arc<Core>,
    caller: &Caller,
    account: &Account,
    grant: &Grant,
    sightings: &[Sighting],
) -> Result<Grant, PortError> {
    let granted = Granted {
        session: caller.session,
        token: grant.token,
    };
    Hold::Granted(granted).check(&core.store, account.id).await?;
    let known = same::known(&core.store, account.id).await?;
    same::heed(&core.referee, known, sightings).await?;
    Ok(Grant {
        token: grant.token,
        proof: Some(word(core, account.id, caller.session, grant.token)),
    })
}

/// The port of a desktop that holds an account and has shown that it sees its mailbox. The port itself looks the lease up at each call.
///
/// # Errors
/// When it has not.
pub fn port(core: &Arc<Core>, caller: &Caller, account: &Account, grant: &Grant) -> Result<Arc<Port>, PortError> {
    let proof = grant.proof.as_deref().unwrap_or_default();
    let right = word(core, account.id, caller.session, grant.token);
    if !bool::from(subtle::ConstantTimeEq::ct_eq(proof.as_bytes(), right.as_bytes())) {
        return Err(PortError::LeaseLost);
    }
    let granted = Granted {
        session: caller.session,
        token: grant.token,
    };
    let mut ports = core.hosts.remote.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, port)) = ports.get(&account.id)
        && *of == granted
        && port.account() == account
    {
        return Ok(Arc::clone(port));
    }
    let port = Arc::new(Port::new(
        Arc::clone(core),
        account.clone(),
        None,
        Hold::Granted(granted),
    ));
    ports.insert(account.id, (granted, Arc::clone(&port)));
    Ok(port)
}

/// Tells how an account is doing, as its desktop says.
///
/// # Errors
/// When it does not hold the account.
pub async fn tell_condition(port: &Port, said: &Condition) -> Result<(), PortError> {
    port.must_hold().await?;
    port.tell(condition::shown(&said.health, &said.imap, &said.smtp), &said.health);
    Ok(())
}

/// Gives the lease back.
///
/// # Errors
/// When the database does not answer.
pub async fn release(core: &Arc<Core>, caller: &Caller, account: &Account) -> Result<(), StoreError> {
    core.store.release_host(account.id, caller.session).await?;
    super::away::look(core, account).await;
    Ok(())
}

/// Says that a desktop connects: its own words follow.
pub fn begins(core: &Core, account: &Account) {
    tell(core, account, baton_protocol::HealthState::Connecting);
}

/// This server's word that a session sees the account's mailbox.
fn word(core: &Core, account: AccountId, session: SessionId, token: u64) -> String {
    let key = blake3::derive_key("baton 2026 host proof", core.store.secret());
    blake3::keyed_hash(&key, format!("{account} {session} {token}").as_bytes())
        .to_hex()
        .to_string()
}

fn away(error: &StoreError) -> PortError {
    PortError::Unavailable(error.to_string())
}
