//! Hosting mailboxes: for every account whose password lies sealed here, one host that reads and sends.
//!
//! Accounts are apart from one another: each has a task of its own, and what breaks one never stops another. Of several servers on
//! one database one hosts an account at a time: it holds the account's lease and renews it.

pub mod accounting;
pub mod condition;
mod cursors;
mod intake;
mod lease;
pub mod mailbox;
mod names;
mod outgoing;
mod paper;
mod port;
mod rotation;
pub mod secret;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_channels::email::host::{self, HostEnd, HostPort};
use baton_domain::{Account, AccountId, SessionId};
use baton_protocol::{AccountHealth, HealthState, MailProblem, MailProblemKind};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::core::Core;
use crate::private;
use lease::Lease;
use mailbox::Mailbox;
use port::Port;

/// How long an account rests after its host broke, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// How long a host that works is left alone before a new break counts as the first again.
const STEADY: Duration = Duration::from_secs(600);

/// How often the accounts are looked at though nothing was heard.
const LOOK: Duration = Duration::from_secs(60);

/// How often an account whose lease another server has is asked for.
const TAKEN: Duration = Duration::from_secs(15);

/// The file with this server's name as a holder of leases.
const NAME_FILE: &str = "host-id";

/// The hosts of this server.
#[derive(Debug)]
pub struct Hosts {
    /// This server, as the holder of leases. It keeps its name over restarts: nobody else works on its data directory, so what it
    /// held before it was killed is still its own.
    session: SessionId,
    look: Notify,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

/// A running host and what it was started with.
struct Hosted {
    account: Account,
    sealed: Vec<u8>,
    mailbox: Option<Mailbox>,
    stop: CancellationToken,
}

impl Hosts {
    /// The hosts of the server on this data directory.
    ///
    /// # Errors
    /// When its name can't be kept.
    pub fn of_directory(data: &Path) -> io::Result<Self> {
        let path = data.join(NAME_FILE);
        let kept = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let session = match kept {
            Some(session) => session,
            None => {
                let session = SessionId(Uuid::new_v4());
                private::replace(&path, format!("{session}\n").as_bytes())?;
                session
            }
        };
        Ok(Self {
            session,
            look: Notify::new(),
            watcher: Mutex::default(),
        })
    }

    /// Starts hosting, and follows the accounts as they come, change and go.
    pub fn start(&self, core: &Arc<Core>) {
        let watcher = core.serving.spawn(watch(Arc::clone(core)));
        let mut slot = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = slot.replace(watcher) {
            before.abort();
        }
    }

    /// Takes what leaves accounts without a password: the sample inbox.
    pub fn start_paper(core: &Arc<Core>) {
        core.serving.spawn(paper::take(Arc::clone(core)));
    }

    /// A secret was kept or changed: look at the accounts again.
    pub fn look_again(&self) {
        self.look.notify_one();
    }
}

/// Keeps exactly the hosts running that the accounts ask for.
async fn watch(core: Arc<Core>) {
    let mut head = core.feed.head();
    let mut running: BTreeMap<AccountId, Hosted> = BTreeMap::new();
    let mut seen = None;
    loop {
        let documents = core.directory.documents();
        // Most of what is committed changes no document: then there is nothing to look at.
        if seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &documents)) {
            adjust(&core, &mut running).await;
            seen = Some(documents);
        }
        tokio::select! {
            () = core.stop.cancelled() => break,
            changed = head.changed() => if changed.is_err() { break },
            () = core.hosts.look.notified() => seen = None,
            // Another server of the same database may have kept a secret that no entry of the log tells of.
            () = tokio::time::sleep(LOOK) => seen = None,
        }
    }
    for hosted in running.into_values() {
        hosted.stop.cancel();
    }
}

async fn adjust(core: &Arc<Core>, running: &mut BTreeMap<AccountId, Hosted>) {
    let accounts = core.directory.accounts();
    running.retain(|id, hosted| {
        let wanted = accounts
            .iter()
            .any(|account| account.id == *id && account.hosted_by.is_none());
        if !wanted {
            hosted.stop.cancel();
            core.health.send_modify(|health| {
                health.remove(id);
            });
        }
        wanted
    });
    for account in accounts.into_iter().filter(|account| account.hosted_by.is_none()) {
        let sealed = match core.store.account_secret(account.id).await {
            Ok(Some(sealed)) => sealed,
            // An account without a secret is nobody's to host: that of the sample, or one being added at this moment.
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(%error, account = account.address, "the mailbox's secret can't be read");
                continue;
            }
        };
        if running
            .get(&account.id)
            .is_some_and(|hosted| hosted.account == account && hosted.sealed == sealed)
        {
            continue;
        }
        let opened = secret::open(&core.seal, account.id, &sealed);
        if let (Some(before), Ok(mailbox)) = (running.get_mut(&account.id), &opened) {
            // The provider replaced a token: the host that runs knows it already.
            if before.account == account && before.mailbox.as_ref().is_some_and(|before| before.is_same(mailbox)) {
                before.sealed = sealed;
                continue;
            }
        }
        if let Some(before) = running.remove(&account.id) {
            before.stop.cancel();
        }
        let stop = core.stop.child_token();
        let mailbox = opened.as_ref().ok().cloned();
        match opened {
            Ok(mailbox) => {
                core.serving
                    .spawn(keep(Arc::clone(core), account.clone(), mailbox, stop.clone()));
            }
            Err(error) => {
                tracing::error!(%error, account = account.address, "the mailbox's password does not open: connect it again");
                let said = Some("the server's key does not open the kept password".to_owned());
                let problem = MailProblem {
                    kind: MailProblemKind::WrongPassword,
                    server: account.address.clone(),
                    said,
                };
                tell(core, &account, HealthState::Stopped { problem });
            }
        }
        let hosted = Hosted {
            account: account.clone(),
            sealed,
            mailbox,
            stop,
        };
        running.insert(account.id, hosted);
    }
}

/// Keeps one account hosted until it is stopped.
async fn keep(core: Arc<Core>, account: Account, mailbox: Mailbox, stop: CancellationToken) {
    update(&core, &account, |health| {
        health.state = HealthState::Connecting;
        health.sign_in_ends = mailbox.sign_in_ends();
    });
    let mut rest = FIRST_REST;
    while !stop.is_cancelled() {
        let Some(lease) = Lease::take(&core.store, account.id, core.hosts.session).await else {
            pause(&stop, TAKEN).await;
            continue;
        };
        let begun = tokio::time::Instant::now();
        let lease = Arc::new(lease);
        // While another server had the account the provider may have replaced a token: what lies in the row is the newest.
        let mailbox = match core.store.account_secret(account.id).await {
            Ok(Some(row)) => secret::open(&core.seal, account.id, &row).unwrap_or_else(|_| mailbox.clone()),
            Ok(None) | Err(_) => mailbox.clone(),
        };
        let keeper = rotation::Sealed::new(Arc::clone(&core), account.clone());
        let port = Arc::new(Port::new(
            Arc::clone(&core),
            account.clone(),
            mailbox.account.clone(),
            Arc::clone(&lease),
        ));
        let this = stop.child_token();
        let run = host::run(
            mailbox.account.clone(),
            mailbox.secret(Arc::new(keeper)),
            port as Arc<dyn HostPort>,
            this.clone(),
        );
        // A task of its own: a panic in it ends this account's turn and nothing else.
        let mut run = tokio::spawn(run);
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = lease.keep() => {
                this.cancel();
                (&mut run).await
            }
        };
        lease.release().await;
        match ended {
            Ok(HostEnd::Stopped | HostEnd::LeaseLost) => rest = FIRST_REST,
            Err(error) => {
                tracing::error!(%error, account = account.address, "the mailbox's host broke; it starts again");
                rest = if begun.elapsed() > STEADY {
                    FIRST_REST
                } else {
                    (rest * 2).min(LONGEST_REST)
                };
            }
        }
        pause(&stop, rest).await;
    }
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Says how an account is doing; what is not said stays.
fn tell(core: &Core, account: &Account, state: HealthState) {
    update(core, account, |health| health.state = state);
}

/// Changes what is said of an account, and wakes those who read it only if it is something else than before.
fn update(core: &Core, account: &Account, change: impl FnOnce(&mut AccountHealth)) {
    core.health.send_if_modified(|all| {
        let before = all.get(&account.id).cloned();
        let health = all.entry(account.id).or_insert_with(|| AccountHealth {
            account: account.id,
            address: account.address.clone(),
            state: HealthState::Connecting,
            last_success: None,
            last_sent: None,
            sign_in_ends: None,
            waiting_to_send: 0,
            sending: None,
        });
        change(health);
        before.as_ref() != Some(health)
    });
}
