//! Hosting mailboxes: for every account whose password lies sealed here, one host that reads and sends.
//!
//! Accounts are apart from one another: each has a task of its own, and what breaks one never stops another. Of several servers on
//! one database one hosts an account at a time: it holds the account's lease and renews it.
//!
//! An account may be hosted by a member's desktop instead ([`remote`]): then the lease is granted to that desktop, and the same port is
//! opened to it over HTTP. Whoever takes an account over from another host first shows that it sees the same mailbox.

pub mod accounting;
mod away;
pub mod condition;
mod cursors;
mod hold;
mod intake;
mod lease;
pub mod mailbox;
mod names;
mod outgoing;
mod paper;
mod port;
pub mod remote;
mod rotation;
pub mod said;
mod same;
pub mod secret;
pub mod trial;
pub mod views;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_channels::email::Secret;
use baton_channels::email::host::{self, HostEnd, HostPort, sameness};
use baton_channels::email::problem::problem;
use baton_domain::{Account, AccountId, SessionId};
use baton_protocol::{AccountHealth, HealthState, MailProblem, MailProblemKind};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::core::Core;
use crate::private;
use hold::Hold;
use lease::Lease;
use mailbox::Mailbox;
pub use port::Port;
use said::Said;

/// How long an account rests after its host broke, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// How long a host that works is left alone before a new break counts as the first again.
const STEADY: Duration = Duration::from_secs(600);

/// How often the accounts are looked at though nothing was heard.
const LOOK: Duration = Duration::from_secs(60);

/// How long a host waits for the one before it to finish what it began. That one's own patience with a mail server is shorter.
const HAND_OVER: Duration = Duration::from_secs(120);

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
    /// Whose word about a mailbox counts.
    pub said: Said,
    watcher: Mutex<Option<JoinHandle<()>>>,
    remote: remote::Ports,
}

/// A running host and what it was started with.
struct Hosted {
    account: Account,
    sealed: Vec<u8>,
    mailbox: Option<Mailbox>,
    stop: CancellationToken,
    /// The task; none where the secret does not open.
    task: Option<JoinHandle<()>>,
}

/// The hosts of this server by account.
#[derive(Default)]
struct Running {
    hosts: BTreeMap<AccountId, Hosted>,
    /// Those that were told to end and may still be finishing a delivery: their successors wait for them.
    ending: BTreeMap<AccountId, JoinHandle<()>>,
}

impl Running {
    fn end(&mut self, account: AccountId) {
        if let Some(hosted) = self.hosts.remove(&account) {
            hosted.stop.cancel();
            if let Some(task) = hosted.task {
                self.ending.insert(account, task);
            }
        }
    }
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
            said: Said::default(),
            watcher: Mutex::default(),
            remote: remote::Ports::default(),
        })
    }

    /// Starts hosting, and follows the accounts as they come, change and go.
    pub fn start(&self, core: &Arc<Core>) {
        let watcher = core.serving.spawn(watch(Arc::clone(core)));
        core.serving.spawn(away::watch(Arc::clone(core)));
        let mut slot = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = slot.replace(watcher) {
            before.abort();
        }
    }

    /// Takes what leaves accounts without a password: the sample inbox.
    pub fn start_paper(core: &Arc<Core>) {
        core.serving.spawn(paper::take(Arc::clone(core)));
    }

    /// The ports of desktops hold the core, and the core holds them: whoever closes it lets go of them.
    pub(crate) fn let_go(&self) {
        self.remote.clear();
    }

    /// A secret was kept or changed: look at the accounts again.
    pub fn look_again(&self) {
        self.look.notify_one();
    }
}

/// Keeps exactly the hosts running that the accounts ask for.
async fn watch(core: Arc<Core>) {
    let mut head = core.feed.head();
    let mut running = Running::default();
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
    for hosted in running.hosts.into_values() {
        hosted.stop.cancel();
    }
}

async fn adjust(core: &Arc<Core>, running: &mut Running) {
    let accounts = core.directory.accounts();
    let unwanted: Vec<AccountId> = running
        .hosts
        .keys()
        .filter(|id| {
            accounts
                .iter()
                .all(|account| account.id != **id || account.hosted_by.is_some())
        })
        .copied()
        .collect();
    for id in unwanted {
        running.end(id);
        // One that a desktop hosts now is told of by whoever looks after those.
        if accounts.iter().all(|account| account.id != id) {
            core.health.send_modify(|health| {
                health.remove(&id);
            });
        }
    }
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
            .hosts
            .get(&account.id)
            .is_some_and(|hosted| hosted.account == account && hosted.sealed == sealed)
        {
            continue;
        }
        let opened = secret::open(&core.seal, account.id, &sealed);
        if let (Some(before), Ok(mailbox)) = (running.hosts.get_mut(&account.id), &opened) {
            // The provider replaced a token: the host that runs knows it already.
            if before.account == account && before.mailbox.as_ref().is_some_and(|before| before.is_same(mailbox)) {
                before.sealed = sealed;
                continue;
            }
        }
        running.end(account.id);
        let stop = core.stop.child_token();
        let mailbox = opened.as_ref().ok().cloned();
        let task = match opened {
            Ok(mailbox) => {
                let before = running.ending.remove(&account.id);
                let kept = keep(Arc::clone(core), account.clone(), mailbox, stop.clone());
                Some(core.serving.spawn(async move {
                    if let Some(before) = before {
                        wait_for(before, HAND_OVER).await;
                    }
                    kept.await;
                }))
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
                None
            }
        };
        let hosted = Hosted {
            account: account.clone(),
            sealed,
            mailbox,
            stop,
            task,
        };
        running.hosts.insert(account.id, hosted);
    }
}

/// Waits until a host that was told to end has ended: two of them share this server's lease, so the lease does not keep them apart.
async fn wait_for(before: JoinHandle<()>, within: Duration) {
    let end = before.abort_handle();
    if tokio::time::timeout(within, before).await.is_err() {
        // Whatever it was doing is found in the log by its successor: what passed the fence becomes unknown, and is looked for.
        end.abort();
        tracing::warn!("a mailbox's host did not end in time; it was ended");
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
        let Some(lease) = Lease::take(&core.referee, account.id, core.hosts.session).await else {
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
        let signs_in = mailbox.secret(Arc::new(rotation::Sealed::new(Arc::clone(&core), account.clone())));
        let kept = lease.keep();
        tokio::pin!(kept);
        if lease.taken_over() {
            let shows = show(&core, &lease, &account, &mailbox, &signs_in);
            let shown = tokio::select! {
                shown = shows => shown,
                () = stop.cancelled() => false,
                () = &mut kept => false,
            };
            if !shown {
                lease.release().await;
                pause(&stop, FIRST_REST).await;
                continue;
            }
        }
        let port = Arc::new(Port::new(
            Arc::clone(&core),
            account.clone(),
            Some(mailbox.account.clone()),
            Hold::Own(Arc::clone(&lease)),
        ));
        let this = stop.child_token();
        let run = host::run(
            mailbox.account.clone(),
            signs_in,
            port as Arc<dyn HostPort>,
            this.clone(),
        );
        // A task of its own: a panic in it ends this account's turn and nothing else.
        let mut run = AbortOnDropHandle::new(tokio::spawn(run));
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = &mut kept => {
                this.cancel();
                (&mut run).await
            }
        };
        core.hosts.said.ends(account.id, lease.grant().token);
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

/// Looks until it is known whether this host sees the mailbox that the one before it saw. False where it is none any more.
async fn show(core: &Core, lease: &Lease, account: &Account, mailbox: &Mailbox, signs_in: &Secret) -> bool {
    loop {
        let problem = match take_over(core, lease, account, mailbox, signs_in).await {
            Ok(()) => match core.referee.host_has_shown(lease.grant()).await {
                Ok(shown) => return shown,
                Err(error) => MailProblem {
                    kind: MailProblemKind::Disconnected,
                    server: account.address.clone(),
                    said: Some(error.to_string()),
                },
            },
            Err(problem) => problem,
        };
        // The grant is kept meanwhile: asking anew each time would fill the log.
        let next = core.now().plus_ms(i64::try_from(TAKEN.as_millis()).unwrap_or(0));
        tell(core, account, HealthState::Retrying { problem, next });
        tokio::time::sleep(TAKEN).await;
    }
}

/// Looks once.
async fn take_over(
    core: &Core,
    lease: &Lease,
    account: &Account,
    mailbox: &Mailbox,
    signs_in: &Secret,
) -> Result<(), MailProblem> {
    // What Graph has is known by its names, and its numbers are ours: the same number is the same message, whoever looks.
    if mailbox.account.graph.is_some() {
        return Ok(());
    }
    let server = &mailbox.account.imap;
    let away = |error: &dyn std::fmt::Display| MailProblem {
        kind: MailProblemKind::Disconnected,
        server: server.to_string(),
        said: Some(error.to_string()),
    };
    let known = same::known(&core.store, account.id)
        .await
        .map_err(|error| away(&error))?;
    let samples: Vec<_> = known.iter().map(same::KnownFolder::sample).collect();
    if samples.is_empty() {
        return Ok(());
    }
    let sightings = sameness::look(&mailbox.account, signs_in, &samples)
        .await
        .map_err(|error| problem(&error, server))?;
    same::heed(&core.referee, lease.grant(), known, &sightings)
        .await
        .map_err(|error| away(&error))
}

/// The folders of the team's own that an account's host follows.
fn follows(account: &Account) -> Vec<host::Follows> {
    let folders = account.folders.iter();
    folders
        .map(|folder| host::Follows {
            name: folder.name.clone(),
            since: folder.since,
        })
        .collect()
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Another server hosts the account, and says how it is doing.
pub fn hear(core: &Core, order: said::Order, said: AccountHealth) {
    let known = core
        .directory
        .accounts()
        .into_iter()
        .any(|account| account.id == said.account);
    if known
        && core
            .hosts
            .said
            .elsewhere(said.account, order, tokio::time::Instant::now())
    {
        core.health
            .send_if_modified(|all| all.insert(said.account, said.clone()).as_ref() != Some(&said));
    }
}

/// Whoever hosted these accounts elsewhere has fallen silent: another server takes them over.
pub fn fade(core: &Core, long_ago: tokio::time::Instant) {
    let faded = core.hosts.said.fade(long_ago);
    for account in core.directory.accounts() {
        if faded.contains(&account.id) {
            tell(core, &account, HealthState::Connecting);
        }
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
            remarks: Vec::new(),
        });
        change(health);
        before.as_ref() != Some(health)
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_host_begins_when_the_one_before_has_ended() {
        let (finish, finished) = oneshot::channel::<()>();
        let before = tokio::spawn(async move {
            finished.await.unwrap();
        });
        let waiting = wait_for(before, HAND_OVER);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        finish.send(()).unwrap();
        waiting.await;
    }

    #[tokio::test]
    async fn a_host_that_never_ends_is_ended() {
        let (held, dropped) = oneshot::channel::<()>();
        let before = tokio::spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        wait_for(before, Duration::from_millis(1)).await;
        // Nothing was said: what it held is gone.
        assert!(dropped.await.is_err());
    }
}
