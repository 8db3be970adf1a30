//! Taking in what a host brings: its bytes kept, its messages read, its batches committed.
//!
//! The three overlap. While a group of messages is written and taken apart the next one is fetched, and while a batch of a first sync
//! is committed the next one is. Order and safety are those of doing it one after the other: a batch is committed after its bytes are
//! durable and after the batch before it, and what could not be written or committed is held here and tried again before anything
//! that follows. What is held is in memory only; after a crash the folder's cursor stands before it, and it is fetched again.

use std::collections::HashMap;
use std::sync::Arc;

use baton_channels::email::host::{Arrived, FolderProgress, PortError};
use baton_channels::email::imap::{FolderRole, decode_folder_name};
use baton_channels::email::trial::{Lying, trial_of};
use baton_domain::{Account, BlobId, FolderUse, HostGrant};
use baton_store::port::FolderCursor;
use baton_store::server::{BlobError, ServerStore};
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinHandle};
use uuid::Uuid;

use super::port::unavailable;
use super::{cursors, trial, views};
use crate::core::Core;
use crate::referee::{self, Arrival, Asked, ParsedArrival, SubmitError};

/// The rule by which a message is passed over that somebody moved or deleted between being listed and being read.
const GONE: &str = "gone before it was read";
/// Messages are read on so many threads at most, each of so many messages at least.
const READERS: usize = 4;
const SHARE: usize = 16;
/// How far threads that read messages stand back, of 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What was read of a message.
type Read = Result<ParsedArrival, String>;

/// What is known of a message before its batch comes.
struct Known {
    size: u32,
    read: Read,
    /// Which test of the mailbox it belongs to.
    test: Option<Uuid>,
}

/// A copy of a test's message that came in.
type Tested = (Uuid, bool, Lying);

/// The intake of one account.
pub(super) struct Intake {
    core: Arc<Core>,
    account: Account,
    /// The host's grant, under which everything is brought.
    under: HostGrant,
    bytes: Mutex<Bytes>,
    behind: Mutex<Option<Behind>>,
}

/// Messages between being fetched and being committed.
#[derive(Default)]
struct Bytes {
    /// The group that is being written and read.
    under_way: Option<JoinHandle<Group>>,
    /// A group that could not be written.
    unwritten: Vec<Vec<u8>>,
    /// What was read, until its batch comes.
    read: HashMap<BlobId, Known>,
}

/// What became of a group.
struct Group {
    /// The bytes, where they could not be written, and why.
    unwritten: Option<(Vec<Vec<u8>>, BlobError)>,
    read: Vec<(BlobId, Known)>,
}

/// A batch whose commit nobody waits for.
struct Behind {
    brought: Brought,
    /// None once it failed: then it is tried again by whoever comes next.
    task: Option<JoinHandle<Result<(), SubmitError>>>,
}

/// A batch as the referee takes it in.
#[derive(Clone)]
struct Brought {
    arrivals: Vec<Arrival>,
    cursor: FolderCursor,
    tests: Vec<Tested>,
}

impl Intake {
    pub(super) fn new(core: Arc<Core>, account: Account, under: HostGrant) -> Self {
        Self {
            core,
            account,
            under,
            bytes: Mutex::default(),
            behind: Mutex::default(),
        }
    }

    /// Takes raw messages and gives their names. They are durable before the batch is committed that names them.
    pub(super) async fn keep(&self, messages: Vec<Vec<u8>>) -> Result<Vec<BlobId>, PortError> {
        let mut bytes = self.bytes.lock().await;
        self.written(&mut bytes).await?;
        let named = tokio::task::spawn_blocking(move || {
            let ids: Vec<BlobId> = messages.iter().map(|message| BlobId::of(message)).collect();
            (ids, messages)
        });
        let (ids, messages) = named.await.map_err(|error| PortError::Unavailable(error.to_string()))?;
        let core = Arc::clone(&self.core);
        let named = ids.clone();
        bytes.under_way = Some(tokio::task::spawn_blocking(move || group(&core, &named, messages)));
        Ok(ids)
    }

    /// Commits a batch, or sees to it: in a first sync, where another batch certainly follows, it is committed behind the host's back.
    pub(super) async fn receive(&self, batch: Vec<Arrived>, progress: &FolderProgress) -> Result<(), PortError> {
        let brought = self.taken_apart(batch, progress).await?;
        let task = tokio::spawn(commit(Arc::clone(&self.core), self.under, brought.clone()));
        *self.behind.lock().await = Some(Behind {
            brought,
            task: Some(task),
        });
        if progress.cursor.is_complete() {
            self.settle().await?;
        }
        Ok(())
    }

    /// Commits a batch before it says so, for a host that is not in this process. Such a host outlives it: what was promised here and
    /// lost with a restart, nobody would bring again.
    pub(super) async fn receive_at_once(
        &self,
        batch: Vec<Arrived>,
        progress: &FolderProgress,
    ) -> Result<(), PortError> {
        let brought = self.taken_apart(batch, progress).await?;
        let done = commit(Arc::clone(&self.core), self.under, brought).await;
        done.map_err(|error| unavailable(&error))
    }

    /// A batch as the referee takes it in, once all that came before it is committed.
    async fn taken_apart(&self, batch: Vec<Arrived>, progress: &FolderProgress) -> Result<Brought, PortError> {
        let read = {
            let mut bytes = self.bytes.lock().await;
            self.written(&mut bytes).await?;
            std::mem::take(&mut bytes.read)
        };
        self.settle().await?;
        let (account, store) = (self.account.clone(), self.core.store.clone());
        let arrivals = tokio::task::spawn_blocking(move || arrivals(&account, batch, read, &store));
        let (arrivals, tests) = arrivals
            .await
            .map_err(|error| PortError::Unavailable(error.to_string()))?
            .map_err(|error| full_or(&error))?;
        Ok(Brought {
            arrivals,
            cursor: cursors::of_store(self.account.id, progress),
            tests,
        })
    }

    /// Waits for the commit under way. One that failed is tried again here, by the call after the one that was told.
    pub(super) async fn settle(&self) -> Result<(), PortError> {
        let mut behind = self.behind.lock().await;
        let Some(batch) = behind.as_mut() else { return Ok(()) };
        let done = match batch.task.take() {
            Some(task) => task.await.unwrap_or(Err(SubmitError::Stopped)),
            None => commit(Arc::clone(&self.core), self.under, batch.brought.clone()).await,
        };
        match done {
            Ok(()) => {
                *behind = None;
                Ok(())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Waits until everything given so far is durable.
    async fn written(&self, bytes: &mut Bytes) -> Result<(), PortError> {
        if let Some(task) = &mut bytes.under_way {
            let done = task.await;
            bytes.under_way = None;
            let group = done.map_err(|error| broke_off(&error))?;
            bytes.read.extend(group.read);
            if let Some((messages, error)) = group.unwritten {
                bytes.unwritten = messages;
                return Err(full_or(&error));
            }
        }
        if bytes.unwritten.is_empty() {
            return Ok(());
        }
        let messages = std::mem::take(&mut bytes.unwritten);
        let core = Arc::clone(&self.core);
        let done = tokio::task::spawn_blocking(move || {
            let done = core.store.blobs().put_all(&messages);
            (messages, done)
        });
        let (messages, done) = done.await.map_err(|error| broke_off(&error))?;
        if let Err(error) = done {
            bytes.unwritten = messages;
            return Err(full_or(&error));
        }
        Ok(())
    }
}

async fn commit(core: Arc<Core>, under: HostGrant, brought: Brought) -> Result<(), SubmitError> {
    let Brought {
        arrivals,
        cursor,
        tests,
    } = brought;
    let folder = cursor.folder.clone();
    let received = core.referee.receive_under(arrivals, Some(cursor), Some(under)).await?;
    for (test, sent, lying) in tests {
        core.trials.seen(under.account, test, sent, lying);
    }
    tracing::debug!(folder, ?received, "mail was taken in");
    Ok(())
}

/// Writes a group and reads it, at once. What was read is of use even where the bytes could not be written yet.
fn group(core: &Core, ids: &[BlobId], messages: Vec<Vec<u8>>) -> Group {
    let (written, read) = std::thread::scope(|scope| {
        let written = scope.spawn(|| core.store.blobs().put_all(&messages));
        let read = read_all(core, ids, &messages);
        let broke = |_| Err(BlobError::Io(std::io::Error::other("writing a message broke off")));
        (written.join().unwrap_or_else(broke), read)
    });
    Group {
        unwritten: written.err().map(|error| (messages, error)),
        read,
    }
}

/// Reads messages side by side.
fn read_all(core: &Core, ids: &[BlobId], messages: &[Vec<u8>]) -> Vec<(BlobId, Known)> {
    let named: Vec<(&BlobId, &Vec<u8>)> = ids.iter().zip(messages).collect();
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(READERS));
    let share = named.len().div_ceil(threads).max(SHARE);
    let read = |(id, raw): &(&BlobId, &Vec<u8>)| {
        let read = referee::parse_with_text(raw, core.store.secret()).map(|(parsed, text)| {
            core.search.read_already((*id).clone(), text);
            parsed
        });
        let known = Known {
            size: length(raw),
            read,
            test: trial_of(raw, core.store.secret()),
        };
        ((*id).clone(), known)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = named
            .chunks(share)
            .map(|share| {
                scope.spawn(|| {
                    give_way();
                    share.iter().map(read).collect::<Vec<_>>()
                })
            })
            .collect();
        // What a broken thread would have read is read again from the disk.
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    })
}

/// Puts this thread behind the others of this machine for good: a first sync keeps every core busy with reading, and whoever works
/// meanwhile shall not wait for it. Where it can't be done it is not.
fn give_way() {
    // On Linux this is about the calling thread alone; elsewhere it would be about the whole program.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// A batch as the referee takes it in, and which of it belongs to a test of the mailbox.
fn arrivals(
    account: &Account,
    batch: Vec<Arrived>,
    mut read: HashMap<BlobId, Known>,
    store: &ServerStore,
) -> Result<(Vec<Arrival>, Vec<Tested>), BlobError> {
    let mut arrivals = Vec::with_capacity(batch.len());
    let mut tests = Vec::new();
    for item in batch {
        let known = item.blob.as_ref().and_then(|blob| read.remove(blob));
        let Some((arrival, test)) = arrival(account, item, known, store)? else {
            continue;
        };
        if let Some(test) = test {
            let lying = Lying {
                folder: arrival.folder.clone(),
                uidvalidity: arrival.uidvalidity,
                uid: arrival.uid,
            };
            tests.push((test, arrival.role == referee::FolderRole::Sent, lying));
        }
        arrivals.push(arrival);
    }
    Ok((arrivals, tests))
}

/// A message as the referee takes it in; `None` in a folder that is nobody's business.
fn arrival(
    account: &Account,
    item: Arrived,
    known: Option<Known>,
    store: &ServerStore,
) -> Result<Option<(Arrival, Option<Uuid>)>, BlobError> {
    let filed = own_folder(account, &item);
    let role = match item.role {
        FolderRole::Inbox => referee::FolderRole::Inbox,
        FolderRole::Sent => referee::FolderRole::Sent,
        FolderRole::Other | FolderRole::Aside if filed.is_some() => referee::FolderRole::Own,
        // Where one folder has everything, the host has said of each message what it is.
        FolderRole::All | FolderRole::Other | FolderRole::Aside => return Ok(None),
    };
    let known = match (known, &item.blob) {
        (Some(known), _) => Some(known),
        (None, Some(blob)) => store.blobs().get(blob)?.map(|raw| Known {
            size: length(&raw),
            read: referee::parse(&raw, store.secret()),
            test: trial_of(&raw, store.secret()),
        }),
        (None, None) => None,
    };
    // The host has judged whether it is history, knowing that mail servers count in whole seconds and that their clocks differ from
    // ours: what it calls new arrived when the account was live.
    let internal_date = if item.history {
        item.internal_date
    } else {
        item.internal_date.max(account.live_since)
    };
    let test = known.as_ref().and_then(|known| known.test);
    let asked = match test {
        _ if item.gone => Asked::PassOver { rule: GONE.to_owned() },
        Some(_) => Asked::PassOver {
            rule: trial::RULE.to_owned(),
        },
        None => Asked::TakeIn,
    };
    let lacking = || item.unreadable.unwrap_or_else(|| "its bytes are missing".to_owned());
    let blob = item.blob.filter(|_| known.is_some());
    let (size, parsed) = known.map_or_else(|| (item.size, Err(lacking())), |known| (known.size, known.read));
    let arrival = Arrival {
        account: account.id,
        folder: item.folder,
        role,
        uidvalidity: item.uidvalidity,
        uid: item.uid,
        internal_date,
        flags: item.flags,
        resync: item.history,
        filed,
        asked,
        blob,
        size,
        parsed,
    };
    Ok(Some((arrival, test)))
}

/// The folder it lies in as the account has it taken in, if it is one of the team's own.
fn own_folder(account: &Account, item: &Arrived) -> Option<(String, FolderUse)> {
    let name = decode_folder_name(views::told(&item.folder).0);
    let folder = account.folder(&name)?;
    Some((name, folder.becomes.clone()))
}

fn length(raw: &[u8]) -> u32 {
    u32::try_from(raw.len()).unwrap_or(u32::MAX)
}

/// Bytes whose names were given are gone with the task that held them. Trying again would find them missing; the host ends instead, and the
/// next one fetches from the committed cursor.
fn broke_off(error: &JoinError) -> PortError {
    tracing::error!(%error, "keeping fetched messages broke off; they are fetched again");
    PortError::LeaseLost
}

fn full_or(error: &BlobError) -> PortError {
    let room = if error.is_disk_full() {
        "no room on the disk: "
    } else {
        ""
    };
    PortError::Unavailable(format!("{room}{error}"))
}
