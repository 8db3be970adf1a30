//! Hosting mailboxes on this desktop.
//!
//! A personal or delegated mailbox is read and sent from here: how to sign in to it stays on this computer, and its mail goes to the
//! referee like everybody's. Exactly the accounts are hosted that the team's documents say this person hosts and whose password
//! is here. A host works under the account's lease; it stops when the lease is lost, and finishes what is on its way before it
//! hands over.

mod kept;
mod lease;
mod port;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_channels::email::host::wire::{Condition, Taken};
use baton_channels::email::host::{self, AccountHealth, HostEnd, HostPort, PortError, sameness};
use baton_domain::{Account, AccountId, AccountMode, FolderChoice};
use baton_protocol::{AddHosted, ApiError, MailboxSettings, MoveHosting, SetSignIn, UiEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::mailbox;
use crate::work::Work;
pub(crate) use kept::Keep;
use lease::Lease;
use port::Port;

/// How long an account rests after its host ended, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(15);

/// How often an account that another device hosts is asked for.
const TAKEN: Duration = Duration::from_secs(15);

/// How often the accounts are looked at though nothing was heard.
const LOOK: Duration = Duration::from_secs(60);

/// A running host and what it was started with.
struct Hosted {
    account: Account,
    mailbox: MailboxSettings,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// The hosts of this desktop.
#[derive(Default)]
struct Hosts {
    running: BTreeMap<AccountId, Hosted>,
    /// Those that were told to end and may still be finishing: their successors wait for them.
    ending: BTreeMap<AccountId, JoinHandle<()>>,
}

impl Hosts {
    fn end(&mut self, account: AccountId) {
        if let Some(hosted) = self.running.remove(&account) {
            hosted.stop.cancel();
            self.ending.insert(account, hosted.task);
        }
    }
}

/// Keeps exactly the hosts running that the team's documents and the passwords kept here ask for.
pub(crate) async fn run(work: Arc<Work>) {
    let mut events = work.listen();
    let mut hosts = Hosts::default();
    loop {
        adjust(&work, &mut hosts).await;
        let heard = async {
            loop {
                match events.recv().await {
                    Ok(UiEvent::Team | UiEvent::Boot) | Err(RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = heard => {}
            () = work.mailboxes.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn adjust(work: &Arc<Work>, hosts: &mut Hosts) {
    let accounts = work
        .look(|engine| {
            let mine = engine.me().map(|me| me.id);
            let accounts = engine.team().accounts.into_iter();
            let hosted = accounts.filter(|account| mine.is_some() && account.hosted_by == mine);
            hosted.collect::<Vec<_>>()
        })
        .await;
    let mut unwanted: Vec<AccountId> = hosts.running.keys().copied().collect();
    unwanted.retain(|id| accounts.iter().all(|account| account.id != *id));
    for account in unwanted {
        hosts.end(account);
    }
    for account in accounts {
        let mailbox = match work.mailboxes.get(account.id).await {
            Ok(Some(mailbox)) => mailbox,
            // Another computer of this person has it.
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(%error, account = account.address, "how to sign in to the mailbox can't be read");
                continue;
            }
        };
        let same = |hosted: &Hosted| hosted.account == account && kept::same(&hosted.mailbox, &mailbox);
        if hosts.running.get(&account.id).is_some_and(same) {
            continue;
        }
        hosts.end(account.id);
        let before = hosts.ending.remove(&account.id);
        let stop = work.stopping();
        let (next, of, settings, until) = (work.clone(), account.clone(), mailbox.clone(), stop.clone());
        let task = work.finish(async move {
            if let Some(before) = before {
                // However it ended, it ended.
                let _ = before.await;
            }
            keep(next, of, settings, until).await;
        });
        hosts.running.insert(
            account.id,
            Hosted {
                account,
                mailbox,
                stop,
                task,
            },
        );
    }
}

/// Hosts one account until it is stopped.
async fn keep(work: Arc<Work>, account: Account, mailbox: MailboxSettings, stop: CancellationToken) {
    let mut rest = FIRST_REST;
    while !stop.is_cancelled() {
        let wait = match turn(&work, &account, &mailbox, &stop).await {
            Ok(Turn::Ended) => {
                rest = FIRST_REST;
                rest
            }
            Ok(Turn::Elsewhere) => TAKEN,
            Err(error) => {
                tracing::warn!(%error, account = account.address, "the mailbox is not hosted just now");
                let wait = rest;
                rest = (rest * 2).min(LONGEST_REST);
                wait
            }
        };
        pause(&stop, wait).await;
    }
}

enum Turn {
    /// The host worked, and ended: stopped, or without its lease.
    Ended,
    /// Somebody else has the account.
    Elsewhere,
}

/// One lease, from taking it to giving it back.
async fn turn(
    work: &Arc<Work>,
    account: &Account,
    mailbox: &MailboxSettings,
    stop: &CancellationToken,
) -> Result<Turn, PortError> {
    let had = match work.mailboxes.grant(account.id).await {
        Ok(had) => had,
        Err(error) => {
            tracing::warn!(%error, account = account.address, "it is shown anew which mailbox this is");
            None
        }
    };
    let asked = baton_clock::boot_ms();
    let taken = tokio::select! {
        () = stop.cancelled() => return Ok(Turn::Ended),
        taken = work.http.take_host(account.id, had.clone()) => taken?,
    };
    let Taken::Held {
        mut grant,
        lifetime_ms,
        prove,
        live_since,
        follows,
    } = taken
    else {
        return Ok(Turn::Elsewhere);
    };
    let keeper = kept::Renewals {
        work: Arc::clone(work),
        account: account.id,
    };
    let signs_in = mailbox::account(mailbox.clone(), Arc::new(keeper));
    let (settings, secret) = match signs_in {
        Ok(signs_in) => signs_in,
        Err(error) => {
            work.http.release_host(account.id).await?;
            return Err(PortError::Unavailable(error.message));
        }
    };
    let (condition, latest) = watch::channel(None);
    if grant.proof.is_none() {
        let seen = tokio::select! {
            () = stop.cancelled() => Err(PortError::Unavailable("stopped".to_owned())),
            seen = sameness::look(&settings, &secret, &prove) => seen.map_err(|error| PortError::Unavailable(error.to_string())),
        };
        let proved = match seen {
            Ok(seen) => work.http.show_sightings(account.id, &grant, &seen).await,
            Err(error) => Err(error),
        };
        match proved {
            Ok(proved) => grant = proved,
            Err(error) => {
                work.http.release_host(account.id).await?;
                return if stop.is_cancelled() {
                    Ok(Turn::Ended)
                } else {
                    Err(error)
                };
            }
        }
    }
    if had.as_ref() != Some(&grant)
        && let Err(error) = work.mailboxes.put_grant(account.id, &grant).await
    {
        tracing::warn!(%error, account = account.address, "which mailbox this is will be shown anew");
    }
    let lease = Arc::new(Lease::new(work.http.clone(), account.id, grant, asked, lifetime_ms));
    let port = Arc::new(Port::new(
        work.http.clone(),
        lease.clone(),
        live_since,
        follows,
        condition,
    ));
    // Its own switch: what ends this turn does not stop the next.
    let this = stop.child_token();
    let run = host::run(settings.clone(), secret, port as Arc<dyn HostPort>, this.clone());
    let told = tell(work, &lease, &settings, latest);
    tokio::pin!(run, told);
    let ended = tokio::select! {
        ended = &mut run => ended,
        () = lease.keep() => {
            this.cancel();
            run.await
        }
        () = &mut told => HostEnd::Stopped,
    };
    tracing::info!(
        ?ended,
        account = account.address,
        "the mailbox is not hosted here any more"
    );
    lease.release().await;
    Ok(Turn::Ended)
}

/// Tells the server how the account is doing: when that changes, and now and then for a server that was started again.
async fn tell(
    work: &Arc<Work>,
    lease: &Lease,
    settings: &baton_channels::email::EmailAccount,
    mut latest: watch::Receiver<Option<AccountHealth>>,
) {
    loop {
        let health = latest.borrow_and_update().clone();
        if let Some(health) = health {
            let condition = Condition {
                health,
                imap: settings.imap.clone(),
                smtp: settings.smtp.clone(),
            };
            if let Err(error) = work
                .http
                .tell_condition(lease.account(), &lease.grant(), &condition)
                .await
            {
                tracing::debug!(%error, "how the mailbox is doing could not be told");
            }
        }
        tokio::select! {
            changed = latest.changed() => if changed.is_err() { return std::future::pending().await },
            () = tokio::time::sleep(lease::RENEW) => {}
        }
    }
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Connects a mailbox that this desktop hosts: tested from here, its password kept here.
pub(crate) async fn connect(
    work: &Arc<Work>,
    mailbox: MailboxSettings,
    mode: AccountMode,
    folders: Vec<FolderChoice>,
) -> Result<Account, ApiError> {
    kept::can_be_hosted(&mailbox)?;
    mailbox::must_work(&mailbox).await?;
    let new = AddHosted {
        address: mailbox.address.clone(),
        name: mailbox.name.clone(),
        inbox: None,
        mode,
        folders,
    };
    let account = work.http.add_hosted(&new).await?;
    work.mailboxes.put(account.id, &mailbox).await?;
    Ok(account)
}

/// Moves a mailbox to this desktop, or to the server.
pub(crate) async fn move_to(
    work: &Arc<Work>,
    account: AccountId,
    mailbox: MailboxSettings,
    here: bool,
) -> Result<Account, ApiError> {
    if !here {
        let to = MoveHosting::Server {
            mailbox: Box::new(mailbox),
        };
        let moved = work.http.move_hosting(account, &to).await?;
        work.mailboxes.forget(account).await?;
        return Ok(moved);
    }
    kept::can_be_hosted(&mailbox)?;
    mailbox::must_work(&mailbox).await?;
    // The password first: an account that says it is hosted here must find it.
    work.mailboxes.put(account, &mailbox).await?;
    work.http.move_hosting(account, &MoveHosting::Desktop).await
}

/// A mailbox whose password or sign-in lies here; none where it is the server's, or another computer's.
pub(crate) async fn kept_here(work: &Arc<Work>, account: AccountId) -> Result<Option<MailboxSettings>, ApiError> {
    Ok(work.mailboxes.get(account).await?)
}

/// Signs in to a mailbox hosted here anew. It is tried first; what was kept before stays until that went well.
pub(crate) async fn sign_in_anew(
    work: &Arc<Work>,
    account: AccountId,
    mut mailbox: MailboxSettings,
    with: SetSignIn,
) -> Result<(), ApiError> {
    mailbox.password = with.password.unwrap_or_default();
    mailbox.sign_in = with.sign_in;
    mailbox::must_work(&mailbox).await?;
    Ok(work.mailboxes.put(account, &mailbox).await?)
}
