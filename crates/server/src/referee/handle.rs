//! What the rest of the server holds of the referee.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_domain::{
    Actor, Command, CommandBody, CommandId, ConversationId, DeviceId, HostGrant, LogEntry, OutboundState, Timestamp,
};
use baton_protocol::{Answer, Cursor};
use baton_store::port::{FolderCursor, LeaseRow, PortError, Renewal, Sequencer as _};
use baton_store::server::{ServerStore, StoreError};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;

use super::arrival::{Arrival, RawArrival, Received};
use super::documents::DocumentSet;
use super::driver::{Driver, Request};
use super::io::{Fault, HostAsk, HostGranted, Input, Reply, Ticket};

/// How many commits a slow subscriber may lag behind before it has to catch up from the store.
const KEPT_COMMITS: usize = 1024;
/// How many requests wait before those who ask wait too.
const WAITING: usize = 4096;
/// Why what was on its way out is held after a restore.
const RESTORED: &str = "restored from a backup: it may have left since";

/// Why the referee could not begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The log could not be read.
    #[error("the log could not be read")]
    Log(#[from] SubmitError),
    /// The system gives it no thread.
    #[error("the referee has no thread to run on")]
    NoThread(#[source] std::io::Error),
}

/// Why it can't be told what became of something asked. Asking again with the same id is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The referee has stopped.
    #[error("the referee has stopped")]
    Stopped,
}

impl From<PortError> for SubmitError {
    fn from(error: PortError) -> Self {
        Self::Store(error.into())
    }
}

impl SubmitError {
    /// Whether the same may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Store(Fault::Unavailable(_) | Fault::Full(_)))
    }
}

/// Starts the task. With an embedded database it has a thread of its own: a commit is a dozen trips to the thread of the database and back,
/// and each way back would wait until the sockets of all desktops had their turn. The connections of a shared one belong to the runtime they
/// were opened in, so it stays there.
fn start(driver: Driver, shared: bool) -> Result<(), OpenError> {
    if shared {
        tokio::spawn(driver.run());
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(OpenError::NoThread)?;
    std::thread::Builder::new()
        .name("referee".to_owned())
        .spawn(move || runtime.block_on(driver.run()))
        .map_err(OpenError::NoThread)?;
    Ok(())
}

/// What was appended by one commit, of this server or another.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// After this number.
    pub from: u64,
    /// Up to and with this place.
    pub to: Cursor,
    /// What, in order.
    pub entries: Vec<LogEntry>,
}

/// The referee at work. Cloning it gives another hold of the same one.
#[derive(Debug, Clone)]
pub struct RefereeHandle {
    store: ServerStore,
    requests: mpsc::Sender<Request>,
    tickets: Arc<AtomicU64>,
    commits: broadcast::Sender<Arc<Committed>>,
    documents: watch::Receiver<Arc<DocumentSet>>,
    head: watch::Receiver<Cursor>,
}

impl RefereeHandle {
    /// Starts a referee on that store. Reply locks that were open get one lifetime of grace; after a restore, everything that was on its
    /// way out is held before anything else happens.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn open(store: ServerStore) -> Result<Self, OpenError> {
        let (requests, inbox) = mpsc::channel(WAITING);
        let (commits, _) = broadcast::channel(KEPT_COMMITS);
        let (documents_at, documents) = watch::channel(Arc::default());
        let head = store.head().await?;
        let cursor = Cursor {
            epoch: head.epoch,
            number: head.number,
            hash: hex::encode(head.hash),
        };
        let (head_at, head) = watch::channel(cursor);
        store.grace().await?;
        let driver = Driver::new(store.clone(), inbox, commits.clone(), documents_at, head_at);
        start(driver, store.is_shared())?;
        let this = Self {
            store,
            requests,
            tickets: Arc::default(),
            commits,
            documents,
            head,
        };
        this.ask(|ticket| Input::Open { ticket }).await?;
        this.hold_restored().await?;
        Ok(this)
    }

    /// Asks for a decision. The caller has set the actor from the session. The answer comes once it is durable.
    ///
    /// # Errors
    /// When it can't be told what became of it: ask again with the same id.
    pub async fn submit(&self, command: Command) -> Result<Answer, SubmitError> {
        self.submit_under(command, None).await
    }

    /// Asks for a decision about what a host says. It counts only while the host's grant stands.
    ///
    /// # Errors
    /// [`Fault::NotHost`] when that does not stand any more; otherwise as [`Self::submit`].
    pub async fn submit_under(&self, command: Command, under: Option<HostGrant>) -> Result<Answer, SubmitError> {
        let reply = self
            .ask(|ticket| Input::Submit {
                ticket,
                command: Box::new(command),
                under,
            })
            .await?;
        match reply {
            Reply::Command(answer) => Ok(answer),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// Grants the hosting of an account, anew each time; `None` while another has it. The grant has a number that no other has.
    ///
    /// # Errors
    /// When the store did not do it.
    pub async fn host(&self, ask: HostAsk) -> Result<Option<HostGranted>, SubmitError> {
        match self.ask(|ticket| Input::Host { ticket, ask }).await? {
            Reply::Hosted(grant) => Ok(grant),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// A host has shown that it sees the mailbox its predecessor saw. False where it is no host any more.
    ///
    /// # Errors
    /// When the store did not do it.
    pub async fn host_has_shown(&self, grant: HostGrant) -> Result<bool, SubmitError> {
        match self.ask(|ticket| Input::Shown { ticket, grant }).await? {
            Reply::Shown(is) => Ok(is),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// Gives a host's grant back, so that another need not wait for it to run out.
    ///
    /// # Errors
    /// When the store did not do it.
    pub async fn release_host(&self, grant: HostGrant) -> Result<(), SubmitError> {
        match self.ask(|ticket| Input::Release { ticket, grant }).await? {
            Reply::Released => Ok(()),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// A host still hosts; false when its grant has run out or does not stand any more.
    ///
    /// # Errors
    /// When the store can't be reached.
    pub async fn renew_host(&self, grant: HostGrant, lifetime_ms: i64) -> Result<bool, SubmitError> {
        Ok(self.store.renew_host(grant, lifetime_ms).await?)
    }

    /// Takes mail in whose bytes are durable and read already. All of it and `progress` are durable when this returns.
    ///
    /// # Errors
    /// When not all of it was written: bring it again, what is in counts as known.
    pub async fn receive(
        &self,
        arrivals: Vec<Arrival>,
        progress: Option<FolderCursor>,
    ) -> Result<Received, SubmitError> {
        self.receive_under(arrivals, progress, None).await
    }

    /// Takes in what a host brings. It counts only while the host's grant stands.
    ///
    /// # Errors
    /// [`Fault::NotHost`] when that does not stand any more; otherwise as [`Self::receive`].
    pub async fn receive_under(
        &self,
        arrivals: Vec<Arrival>,
        progress: Option<FolderCursor>,
        under: Option<HostGrant>,
    ) -> Result<Received, SubmitError> {
        let reply = self
            .ask(|ticket| Input::Receive {
                ticket,
                arrivals,
                progress,
                under,
            })
            .await?;
        match reply {
            Reply::Received(received) => Ok(received),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// Takes raw mail in: keeps its bytes, reads it, and has it decided.
    ///
    /// # Errors
    /// When the disk or the store says no.
    pub async fn receive_raw(
        &self,
        raw: Vec<RawArrival>,
        progress: Option<FolderCursor>,
    ) -> Result<Received, SubmitError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || {
            let blobs: Vec<_> = raw
                .iter()
                .map(|item| (baton_domain::BlobId::of(&item.raw), item.raw.as_slice()))
                .collect();
            store.blobs().put_many(&blobs)?;
            Ok::<_, baton_store::server::BlobError>(
                raw.into_iter()
                    .map(|item| item.read(store.secret()))
                    .collect::<Vec<_>>(),
            )
        });
        let arrivals = read.await.map_err(|_| SubmitError::Stopped)?.map_err(|error| {
            let words = error.to_string();
            SubmitError::Store(if error.is_disk_full() {
                Fault::Full(words)
            } else {
                Fault::Unavailable(words)
            })
        })?;
        self.receive(arrivals, progress).await
    }

    /// A device still holds a reply lock; false when it does not any more.
    ///
    /// # Errors
    /// When the store can't be reached.
    pub async fn renew(&self, renewal: Renewal) -> Result<bool, SubmitError> {
        Ok(self.store.renew(renewal).await?)
    }

    /// Every commit from now on, in order. A subscriber that lags too far behind gets [`broadcast::error::RecvError::Lagged`] and catches up
    /// with [`ServerStore::entries_between`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.commits.subscribe()
    }

    /// The documents as they stand.
    #[must_use]
    pub fn documents(&self) -> Arc<DocumentSet> {
        self.documents.borrow().clone()
    }

    /// The documents, and every change of them.
    #[must_use]
    pub fn watch_documents(&self) -> watch::Receiver<Arc<DocumentSet>> {
        self.documents.clone()
    }

    /// The end of the log. Whatever was published lies at or before it.
    #[must_use]
    pub fn head(&self) -> Cursor {
        self.head.borrow().clone()
    }

    /// The live facts of a conversation's reply lock.
    ///
    /// # Errors
    /// When the store can't be reached.
    pub async fn lease(&self, conversation: ConversationId) -> Result<Option<LeaseRow>, StoreError> {
        self.store.lease(conversation).await
    }

    /// The store, for queries.
    #[must_use]
    pub const fn store(&self) -> &ServerStore {
        &self.store
    }

    /// Lets what is being decided be finished, then stops. Later requests get [`SubmitError::Stopped`].
    pub async fn shutdown(&self) {
        let (done, stopped) = oneshot::channel();
        if self.requests.send(Request::Stop { done }).await.is_ok() {
            // An error means that the task is gone already: that is what was wished.
            stopped.await.ok();
        }
        self.store.close().await;
    }

    async fn ask(&self, input: impl FnOnce(Ticket) -> Input) -> Result<Reply, SubmitError> {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        let request = Request::Ask {
            ticket,
            input: input(ticket),
            answer,
        };
        self.requests.send(request).await.map_err(|_| SubmitError::Stopped)?;
        Ok(answered.await.map_err(|_| SubmitError::Stopped)??)
    }

    /// After a restore nobody knows whether what was queued or under way has left since the backup: a probe or a person says.
    async fn hold_restored(&self) -> Result<(), OpenError> {
        if !self.store.was_restored().await? {
            return Ok(());
        }
        let epoch = self.head().epoch;
        for row in self.store.open_outbound(None).await? {
            let outbound = row.outbound.id;
            if !matches!(row.outbound.state, OutboundState::Queued | OutboundState::Sending) {
                continue;
            }
            let command = Command {
                id: CommandId::derive(epoch, &format!("restored {outbound}")),
                actor: Actor::Operator,
                device: DeviceId(Uuid::nil()),
                conversation: row.conversation,
                issued_at: Timestamp(baton_clock::now_ms()),
                last_seen: None,
                based_on: None,
                body: CommandBody::OutboundUnknown {
                    outbound,
                    reason: RESTORED.to_owned(),
                },
            };
            if let Answer::Refused { refusal } = self.submit(command).await? {
                // Its conversation or inbox is gone: the fence refuses it for the same reason, so it can't leave.
                tracing::error!(?refusal, %outbound, "a reply could not be held after the restore");
            }
        }
        self.store.restored_replies_are_held().await?;
        Ok(())
    }
}
