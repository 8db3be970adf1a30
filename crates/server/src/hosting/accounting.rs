//! Received = accounted for (L10): every UID a mail server listed is in the ledger as a message, the same as another, in quarantine or
//! ignored by a rule. On wish the mailbox itself is asked whether one was missed, and what lies in quarantine is read once more, for
//! instance after an update that understands it.

use std::collections::BTreeSet;
use std::sync::Arc;

use baton_channels::email::imap::{ImapConn, ImapError, decode_folder_name};
use baton_channels::email::probe;
use baton_domain::{Account, AccountId, BlobId, Forecast};
use baton_protocol::{Balance, FolderBalance, FolderCheck, Retried};
use baton_store::server::{QuarantinedRow, StoreError};

use super::mailbox::Mailbox;
use super::{secret, views};
use crate::core::{Core, told};
use crate::referee::{Arrival, Asked, FolderRole, RawArrival, SubmitError};

/// Missing UIDs that are listed at most.
const LISTED: usize = 1000;
/// Quarantined items that are tried at once.
const TRIED: u64 = 1000;
/// Items of one commit.
const GROUP: usize = 20;

/// Why the books can't be looked at or put right.
#[derive(Debug, thiserror::Error)]
pub enum AccountingError {
    /// Our own database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The referee.
    #[error(transparent)]
    Referee(#[from] SubmitError),
    /// The mailbox.
    #[error("{0}")]
    Mailbox(String),
}

/// The balance of an account, from our own books.
///
/// # Errors
/// When the database does not answer.
pub async fn balance(core: &Core, account: AccountId) -> Result<Balance, StoreError> {
    let folders: Vec<FolderBalance> = core
        .store
        .balance(account)
        .await?
        .into_iter()
        .map(|of| FolderBalance {
            folder: decode_folder_name(views::told(&of.folder).0),
            received: of.received,
            imported: of.imported,
            duplicates: of.duplicates,
            quarantined: of.quarantined,
            ignored: of.ignored,
            messages: of.messages,
            complete: of.complete,
        })
        .collect();
    let sum = |of: fn(&FolderBalance) -> u32| folders.iter().map(of).fold(0, u32::saturating_add);
    Ok(Balance {
        account,
        received: sum(|of| of.received),
        imported: sum(|of| of.imported),
        duplicates: sum(|of| of.duplicates),
        quarantined: sum(|of| of.quarantined),
        ignored: sum(|of| of.ignored),
        folders,
    })
}

/// Holds the books against the mailbox: every message it has in what was read already must have its line. Nothing is changed there.
///
/// # Errors
/// When the mailbox can't be opened, or the database does not answer.
pub async fn check(core: &Core, account: &Account) -> Result<Vec<FolderCheck>, AccountingError> {
    let cursors = core.store.folder_cursors(account.id).await?;
    if cursors.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = open(core, account).await?;
    let mut checks = Vec::new();
    for (wire, (_, cursor)) in views::current(cursors) {
        let folder = decode_folder_name(&wire);
        let opened = match conn.examine(&wire).await {
            Ok(opened) => opened,
            // Renamed, deleted, or closed to us: nothing of it can be looked at, and the others still can.
            Err(ImapError::Refused { .. }) => {
                let known = core
                    .store
                    .known_uids(account.id, &cursor.folder, cursor.uidvalidity)
                    .await?;
                checks.push(FolderCheck {
                    folder,
                    in_mailbox: 0,
                    waiting: 0,
                    gone: count(known.len()),
                    missing: Vec::new(),
                    renumbered: false,
                });
                continue;
            }
            Err(error) => return Err(said(account, error)),
        };
        let present = conn.search("ALL").await.map_err(|error| said(account, error))?;
        let lines: BTreeSet<u32> = core
            .store
            .known_uids(account.id, &cursor.folder, opened.uidvalidity)
            .await?
            .into_iter()
            .collect();
        let renumbered = opened.uidvalidity != cursor.uidvalidity;
        let read = |uid: u32| !renumbered && (cursor.low..=cursor.high).contains(&uid);
        let missing: Vec<u32> = present
            .iter()
            .copied()
            .filter(|uid| read(*uid) && !lines.contains(uid))
            .collect();
        let here: BTreeSet<u32> = present.iter().copied().collect();
        checks.push(FolderCheck {
            folder,
            in_mailbox: count(present.len()),
            waiting: count(present.iter().filter(|uid| !read(**uid)).count()),
            gone: count(lines.difference(&here).count()),
            missing: missing.into_iter().take(LISTED).collect(),
            renumbered,
        });
    }
    conn.logout().await;
    Ok(checks)
}

/// The folders of a mailbox, counted. Nothing is changed there.
///
/// # Errors
/// When the mailbox can't be opened.
pub async fn folders(core: &Core, account: &Account) -> Result<Forecast, AccountingError> {
    let mut conn = open(core, account).await?;
    let forecast = probe::folders_of(&mut conn, core.now()).await;
    let forecast = forecast.map_err(|error| said(account, error))?;
    conn.logout().await;
    Ok(forecast)
}

/// Reads once more what lies in quarantine, of one account or of all: what can be read now becomes a message, as if it had just come in.
/// What the mail server did not hand over is asked for again.
///
/// # Errors
/// When the database or the referee does not answer. A mailbox that can't be reached only leaves its items where they are.
pub async fn retry(core: &Core, only: Option<AccountId>) -> Result<Retried, AccountingError> {
    let mut rows = core.store.quarantine(TRIED).await?;
    rows.retain(|row| only.is_none_or(|account| row.account == account));
    let mut done = Retried::default();
    for account in core.directory.accounts() {
        let of_account: Vec<QuarantinedRow> = rows.iter().filter(|row| row.account == account.id).cloned().collect();
        let fetched = fetch_again(core, &account, &of_account).await;
        for group in of_account.chunks(GROUP) {
            let raw = group.to_vec();
            let (store, fetched, of) = (core.store.clone(), fetched.clone(), account.clone());
            let read = tokio::task::spawn_blocking(move || {
                raw.iter()
                    .filter_map(|row| {
                        let kept = row.blob.as_ref().or_else(|| found(&fetched, row));
                        let bytes = kept.and_then(|blob| store.blobs().get(blob).ok().flatten())?;
                        Some(once_more(&of, row, bytes, store.secret()))
                    })
                    .collect::<Vec<Arrival>>()
            });
            let arrivals = read
                .await
                .map_err(|error| AccountingError::Mailbox(error.to_string()))?;
            let tried = count(group.len());
            let unread = count(group.len().saturating_sub(arrivals.len()));
            let received = core.referee.receive(arrivals, None).await?;
            done.tried = done.tried.saturating_add(tried);
            done.imported = done.imported.saturating_add(received.imported);
            done.duplicates = done.duplicates.saturating_add(received.duplicates);
            done.ignored = done.ignored.saturating_add(received.ignored);
            // Somebody else may have tried it at the same moment.
            let left = received
                .quarantined
                .saturating_add(received.known)
                .saturating_add(unread);
            done.quarantined = done.quarantined.saturating_add(left);
        }
    }
    Ok(done)
}

type Fetched = Arc<Vec<(String, u32, BlobId)>>;

fn found<'a>(fetched: &'a Fetched, row: &QuarantinedRow) -> Option<&'a BlobId> {
    fetched
        .iter()
        .find(|(folder, uid, _)| *folder == row.folder && *uid == row.uid)
        .map(|(_, _, blob)| blob)
}

fn once_more(account: &Account, row: &QuarantinedRow, raw: Vec<u8>, secret: &[u8]) -> Arrival {
    let own = account.folder(&decode_folder_name(views::told(&row.folder).0));
    let role = match own {
        _ if row.sent => FolderRole::Sent,
        Some(_) => FolderRole::Own,
        None => FolderRole::Inbox,
    };
    let raw = RawArrival {
        account: row.account,
        folder: row.folder.clone(),
        role,
        uidvalidity: row.uidvalidity,
        uid: row.uid,
        internal_date: row.internal_date,
        flags: row.flags.clone(),
        // What lay in a folder before it was taken in is history still.
        resync: own.is_some_and(|own| row.internal_date < own.since),
        raw,
    };
    Arrival {
        filed: own.map(|own| (own.name.clone(), own.becomes.clone())),
        asked: Asked::TryAgain,
        ..raw.read(secret)
    }
}

/// Asks the mail server once more for what it did not hand over. What it keeps refusing stays where it is.
async fn fetch_again(core: &Core, account: &Account, rows: &[QuarantinedRow]) -> Fetched {
    let mut fetched = Vec::new();
    let lacking: Vec<&QuarantinedRow> = rows.iter().filter(|row| row.blob.is_none()).collect();
    if lacking.is_empty() {
        return Arc::new(fetched);
    }
    let Ok(mut conn) = open(core, account).await else {
        return Arc::new(fetched);
    };
    // What was seen under another view of a folder does not lie under its number any more.
    let Ok(cursors) = core.store.folder_cursors(account.id).await else {
        return Arc::new(fetched);
    };
    let current = views::current(cursors);
    let mut opened: Option<(String, u32)> = None;
    for row in lacking {
        let (wire, view) = views::told(&row.folder);
        if current.get(wire).is_some_and(|(newest, _)| *newest != view) {
            continue;
        }
        if opened.as_ref().is_none_or(|(folder, _)| *folder != row.folder) {
            match conn.examine(wire).await {
                Ok(now) => opened = Some((row.folder.clone(), now.uidvalidity)),
                Err(_) => continue,
            }
        }
        if opened
            .as_ref()
            .is_none_or(|(_, uidvalidity)| *uidvalidity != row.uidvalidity)
        {
            continue;
        }
        let Ok(metas) = conn.metas(&[row.uid]).await else { break };
        let Ok(bodies) = conn.bodies(&metas).await else { break };
        for body in bodies {
            let blobs = core.store.blobs().clone();
            let kept = tokio::task::spawn_blocking(move || blobs.put(&body.bytes)).await;
            if let Ok(Ok(blob)) = kept {
                fetched.push((row.folder.clone(), row.uid, blob));
            }
        }
    }
    conn.logout().await;
    Arc::new(fetched)
}

async fn open(core: &Core, account: &Account) -> Result<ImapConn, AccountingError> {
    if account.hosted_by.is_some() {
        let words = "is hosted by a desktop: only that desktop can look into it";
        return Err(AccountingError::Mailbox(format!("{} {words}", account.address)));
    }
    let sealed = core
        .store
        .account_secret(account.id)
        .await?
        .ok_or_else(|| AccountingError::Mailbox(format!("{} has no mailbox to compare with", account.address)))?;
    let mailbox: Mailbox = secret::open(&core.seal, account.id, &sealed)
        .map_err(|error| AccountingError::Mailbox(format!("{}: {}", account.address, told(&error))))?;
    if !mailbox.can_be_tried(core.now()) {
        // Its host renews the sign-in; a second one renewing beside it would look to the provider like a stolen token.
        let words = "is being signed in by its host: ask again in a minute";
        return Err(AccountingError::Mailbox(format!("{} {words}", account.address)));
    }
    if mailbox.account.graph.is_some() {
        // Its numbers are ours: there is nothing of the server's own to hold them against.
        let words =
            "is read by Microsoft Graph, which does not number its messages: its listing is what they are counted by";
        return Err(AccountingError::Mailbox(format!("{} {words}", account.address)));
    }
    ImapConn::open(&mailbox.account, &mailbox.secret(Arc::new(())))
        .await
        .map_err(|error| AccountingError::Mailbox(format!("{}: {error}", account.address)))
}

fn said(account: &Account, error: ImapError) -> AccountingError {
    AccountingError::Mailbox(format!("{}: {error}", account.address))
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
