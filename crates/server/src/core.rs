//! What a running server is made of, shared by everything that carries questions to the referee.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_domain::{
    Account, AccountId, AccountMode, ConversationId, DeviceId, Event, FolderChoice, InboxId, LogBody, LogEntry, Member,
    MemberId, Timestamp,
};
use baton_protocol::{AccountHealth, Balance, Cursor};
use baton_store::port::{Head, Renewal};
use baton_store::server::{Readable, ServerStore, StoreError, StoreOptions};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::password::{PasswordError, Passwords};
use crate::auth::{Auth, AuthError};
use crate::directory::{Directory, NewAccount, Refused};
use crate::hosting::mailbox::Mailbox;
use crate::hosting::trial::Trials;
use crate::hosting::{Hosts, secret};
use crate::options::Options;
use crate::private;
use crate::referee::{Committed, RefereeHandle, SubmitError};
use crate::seal::{SealError, SealKey};
use crate::search::Search;
use crate::sync::Relay;
use crate::sync::feed::{Feed, Ready};
use crate::sync::presence::Presence;

/// Passwords hashed at a time: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

/// Snapshots read at a time: each holds one of the database's readers.
const SNAPSHOTS: usize = 4;

/// What is under way gets this long before the data is closed.
const LAST_MOMENT: Duration = Duration::from_secs(4);

/// Why the data could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The referee.
    #[error(transparent)]
    Referee(#[from] crate::referee::OpenError),
    /// The key that seals secrets.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The name this server holds leases by.
    #[error("the data directory can't be written: {0}")]
    Host(#[source] std::io::Error),
    /// The password hasher.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// An error with its causes, in one line. A cause that an error tells itself is not told twice.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

/// Why a mailbox was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddAccountError {
    /// The document.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Its secret could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What a running server is made of.
#[derive(Debug)]
pub struct Core {
    /// Decides.
    pub referee: RefereeHandle,
    /// Keeps.
    pub store: ServerStore,
    /// Who and what there is.
    pub directory: Directory,
    /// Who somebody is.
    pub auth: Auth,
    /// Seals secrets.
    pub seal: SealKey,
    /// The newest part of the log.
    pub feed: Feed,
    /// Who is where.
    pub presence: Presence,
    /// What desktops tell one another without the log.
    pub relay: Relay,
    /// How the mailboxes are doing.
    pub health: watch::Sender<BTreeMap<AccountId, AccountHealth>>,
    /// Counts changes to replies on their way out: hosts look again.
    pub outgoing: watch::Sender<u64>,
    /// Mailboxes that are being tested from end to end.
    pub trials: Trials,
    /// Reads and sends mail.
    pub hosts: Hosts,
    /// What was written, to be found.
    pub search: Search,
    /// Snapshots that may be read at a time.
    pub snapshots: Arc<Semaphore>,
    /// How many proxies stand before the server.
    pub trust_proxy: u8,
    /// The server stops.
    pub stop: CancellationToken,
    /// What must end before the data is closed.
    pub serving: TaskTracker,
}

impl Core {
    /// Opens the data in `data`.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn open(data: &Path, options: &Options) -> Result<Arc<Self>, OpenError> {
        let seal = match options.seal_key {
            Some(key) => SealKey::from(key),
            None => {
                let keeps = options.keeps(data);
                private::directory(keeps).map_err(SealError::File)?;
                SealKey::of_directory(keeps)?
            }
        };
        let hosts = Hosts::of_directory(data).map_err(OpenError::Host)?;
        let store = ServerStore::open(StoreOptions {
            data: data.to_owned(),
            blobs: options.shared.as_deref().map(crate::data::blobs),
            database_url: options.database_url.clone(),
            key: options.data_key,
            workspace: None,
        })
        .await?;
        let referee = RefereeHandle::open(store.clone()).await?;
        let directory = Directory::new(referee.clone());
        let auth = Auth::new(store.clone(), directory.clone(), Passwords::new(HASHES_AT_ONCE)?);
        // First the subscription, then the head: what is committed between the two is known twice and missed never.
        let committed = referee.subscribe();
        let core = Arc::new(Self {
            feed: Feed::new(referee.head()),
            referee,
            store,
            directory,
            auth,
            seal,
            presence: Presence::default(),
            relay: Relay::default(),
            health: watch::Sender::default(),
            outgoing: watch::Sender::default(),
            trials: Trials::default(),
            hosts,
            search: Search::in_directory(data, options.data_key),
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS)),
            trust_proxy: options.trust_proxy,
            stop: CancellationToken::new(),
            serving: TaskTracker::new(),
        });
        core.serving.spawn(follow(Arc::clone(&core), committed));
        Ok(core)
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(baton_clock::now_ms())
    }

    /// What a member may read.
    #[must_use]
    pub fn readable(&self, member: MemberId) -> Readable {
        self.directory.documents().readable(member)
    }

    /// The inbox a conversation lies in.
    pub async fn inbox_of(&self, conversation: ConversationId) -> Option<InboxId> {
        self.store
            .conversation(conversation)
            .await
            .ok()
            .flatten()
            .map(|conversation| conversation.inbox)
    }

    /// Somebody still holds a reply lock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn renew(
        &self,
        conversation: ConversationId,
        token: u64,
        member: MemberId,
        device: DeviceId,
        active_at: Timestamp,
    ) -> Result<bool, SubmitError> {
        self.referee
            .renew(Renewal {
                conversation,
                token,
                member,
                device,
                active_at,
            })
            .await
    }

    /// How the mailboxes are doing whose inbox somebody reads.
    #[must_use]
    pub fn health_for(&self, readable: &Readable) -> Vec<AccountHealth> {
        let health = self.health.borrow();
        let accounts = self.directory.accounts();
        let theirs = accounts
            .iter()
            .filter(|account| readable.inboxes.contains(&account.inbox));
        theirs.filter_map(|account| health.get(&account.id).cloned()).collect()
    }

    /// Received = accounted for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn balance(&self, account: AccountId) -> Result<Balance, StoreError> {
        crate::hosting::accounting::balance(self, account).await
    }

    /// Connects a mailbox: its document goes into the log, its secret, sealed, beside it.
    ///
    /// # Errors
    /// When the mailbox is connected already, or something can't be kept; nothing is then left of it.
    pub async fn add_account(
        &self,
        mailbox: &Mailbox,
        inbox: InboxId,
        mode: AccountMode,
    ) -> Result<Account, AddAccountError> {
        self.move_in(mailbox, inbox, mode, Vec::new()).await
    }

    /// Connects a mailbox and takes in folders of the team's own beside the one mail arrives in.
    ///
    /// # Errors
    /// As for [`Core::add_account`], and when a folder is to become something that can't be.
    pub async fn move_in(
        &self,
        mailbox: &Mailbox,
        inbox: InboxId,
        mode: AccountMode,
        folders: Vec<FolderChoice>,
    ) -> Result<Account, AddAccountError> {
        let new = NewAccount {
            address: mailbox.account.address.clone(),
            name: mailbox.account.display_name.clone().unwrap_or_default(),
            aliases: Vec::new(),
            inbox,
            mode,
            live_since: None,
            folders,
            hosted_by: None,
        };
        let account = self.directory.add_account(new, self.now()).await?;
        let kept = async {
            let sealed = secret::seal(&self.seal, account.id, mailbox)?;
            Ok(self.store.put_account_secret(account.id, sealed, self.now()).await?)
        };
        if let Err(error) = kept.await {
            self.directory.remove_account(account.id, self.now()).await?;
            return Err(error);
        }
        self.hosts.look_again();
        Ok(account)
    }

    /// Has a mailbox hosted by this server from now on, with this secret.
    ///
    /// # Errors
    /// When the secret can't be kept, or the log can't be written.
    pub async fn host_here(&self, account: AccountId, mailbox: &Mailbox) -> Result<Account, AddAccountError> {
        let sealed = secret::seal(&self.seal, account, mailbox)?;
        self.store.put_account_secret(account, sealed, self.now()).await?;
        let account = self.directory.host_by(account, None, self.now()).await?;
        self.hosts.look_again();
        Ok(account)
    }

    /// Has a mailbox hosted by a member's desktop from now on. This server forgets the password.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn host_at(&self, account: AccountId, member: MemberId) -> Result<Account, AddAccountError> {
        let account = self.directory.host_by(account, Some(member), self.now()).await?;
        self.store.drop_account_secret(account.id).await?;
        self.hosts.look_again();
        Ok(account)
    }

    /// Ends somebody's membership, and their sessions with it.
    ///
    /// # Errors
    /// When there is nobody like that, or they are the only admin.
    pub async fn remove_member(&self, id: MemberId) -> Result<Member, AuthError> {
        let member = self.directory.remove(id, self.now()).await?;
        self.auth.end_all(id, self.now()).await?;
        Ok(member)
    }

    /// Closes the data. What was accepted is durable already.
    pub async fn close(&self) {
        self.stop.cancel();
        self.serving.close();
        self.hosts.let_go();
        // Whoever is being served had time to finish; what hangs on a far mail server is found again at the next start.
        if tokio::time::timeout(LAST_MOMENT, self.serving.wait()).await.is_err() {
            tracing::warn!("something was still under way when the data was closed");
        }
        self.referee.shutdown().await;
    }
}

/// A head as a cursor.
#[must_use]
pub fn cursor(head: &Head) -> Cursor {
    Cursor {
        epoch: head.epoch,
        number: head.number,
        hash: hex::encode(head.hash),
    }
}

/// Hands on what the referee commits.
async fn follow(core: Arc<Core>, mut committed: broadcast::Receiver<Arc<Committed>>) {
    loop {
        let news = tokio::select! {
            () = core.stop.cancelled() => return,
            news = committed.recv() => news,
        };
        let news = match news {
            Ok(news) => news,
            Err(RecvError::Lagged(_)) => {
                // Too much at once: everybody reads the log from their own place, and nothing is missed.
                core.feed.begin_again(core.referee.head());
                core.outgoing.send_modify(|turn| *turn += 1);
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let mut outgoing = false;
        let mut ready = Vec::with_capacity(news.entries.len());
        for entry in &news.entries {
            outgoing |= moves_outgoing(entry);
            if let LogBody::Conversation {
                conversation,
                event: Event::MovedOut { to },
            } = &entry.body
            {
                core.presence.moved(*conversation, *to);
            }
            match Ready::new(entry) {
                Ok(entry) => ready.push(entry),
                Err(error) => tracing::error!(%error, number = entry.number, "an entry can't be written"),
            }
        }
        core.feed.push(ready, news.to.clone());
        if outgoing {
            core.outgoing.send_modify(|turn| *turn += 1);
        }
    }
}

/// Whether an entry changes what a host has to send.
fn moves_outgoing(entry: &LogEntry) -> bool {
    let LogBody::Conversation { event, .. } = &entry.body else {
        return false;
    };
    matches!(
        event,
        Event::ReplyQueued { .. }
            | Event::OutboundReturned { .. }
            | Event::OutboundRescheduled { .. }
            | Event::OutboundSent { .. }
            | Event::OutboundSettled { .. }
            | Event::OutboundCancelled { .. }
    )
}
