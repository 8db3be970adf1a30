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
use baton_domain::{Account, AccountId, HostGrant, SessionId};

use super::hold::Hold;
use super::lease::LIFETIME_MS;
use super::port::{Port, unavailable};
use super::{condition, follows, same, tell};
use crate::auth::Caller;
use crate::core::Core;
use crate::referee::{HostAsk, HostGranted, SubmitError};

/// The ports of desktops that host. What one remembers (which replies rest) lives as long as its grant.
#[derive(Debug, Default)]
pub(super) struct Ports(Mutex<BTreeMap<AccountId, (HostGrant, Arc<Port>)>>);

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
    let proved = |had: &Grant| had.proof == Some(word(core, account.id, caller.session, had.token));
    let (token, stands) = match renewed(core, caller, account, had.as_ref()).await? {
        Some(had) => (had.token, proved(had)),
        None => {
            let ask = HostAsk {
                account: account.id,
                session: caller.session,
                lifetime_ms: LIFETIME_MS,
            };
            let granted = core.referee.host(ask).await.map_err(|error| unavailable(&error))?;
            let Some(HostGranted { host, before }) = granted else {
                return Ok(Taken::Elsewhere);
            };
            // What this desktop showed before still stands, if nobody else had the account since.
            let stands = had.is_some_and(|had| {
                let last = before.is_some_and(|host| host.session == caller.session && host.token == had.token);
                last && proved(&had)
            });
            (host.token, stands)
        }
    };
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
        follows: follows(account),
    })
}

/// The grant a desktop had, if it has it still: then it lives on.
async fn renewed<'a>(
    core: &Core,
    caller: &Caller,
    account: &Account,
    had: Option<&'a Grant>,
) -> Result<Option<&'a Grant>, PortError> {
    let Some(had) = had else { return Ok(None) };
    let grant = grant_of(caller, account, had);
    let renewed = core.referee.renew_host(grant, LIFETIME_MS).await;
    Ok(renewed.map_err(|error| unavailable(&error))?.then_some(had))
}

const fn grant_of(caller: &Caller, account: &Account, said: &Grant) -> HostGrant {
    HostGrant {
        account: account.id,
        session: caller.session,
        token: said.token,
    }
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
    let granted = grant_of(caller, account, grant);
    Hold::Granted(granted).check(&core.store, account.id).await?;
    let known = same::known(&core.store, account.id).await?;
    same::heed(&core.referee, granted, known, sightings).await?;
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
    let granted = grant_of(caller, account, grant);
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
/// When the store does not do it.
pub async fn release(core: &Arc<Core>, caller: &Caller, account: &Account) -> Result<(), SubmitError> {
    let held = core.referee.documents().host(account.id).copied();
    if let Some(host) = held.filter(|host| host.session == caller.session) {
        core.referee.release_host(host.grant()).await?;
    }
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
