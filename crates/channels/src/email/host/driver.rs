//! Carries out what the machines decide, until it is stopped or another host takes over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use baton_domain::{MailboxRemark, Timestamp};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::backoff::JITTER_SCALE;
use super::health::{AccountHealth, HealthState};
use super::port::{FolderCursor, HostPort, PortError};
use super::sending::Sending;
use super::session::{Session, SessionError};
use super::sync::{Effect, FetchTrouble, FolderSync, Input};
use crate::email::account::{ConnectError, EmailAccount, Secret};
use crate::email::graph::Throttle;
use crate::email::imap::{Changes, Folder, FolderRole, ImapError, MessageMeta, decode_folder_name};
use crate::email::smtp::Offers;

/// Folders that are asked at most whether they are one that is missing.
const ASKED: usize = 100;

/// Why a host ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostEnd {
    /// It was told to.
    Stopped,
    /// Another host has the account.
    LeaseLost,
}

/// Hosts an account until `stop`: receives what arrives, delivers what is queued.
///
/// Everything is retried by itself, except what only a change of the account can help; for that the caller stops this host and starts
/// another with the changed account. When stopped it finishes a delivery that has begun. It may be dropped at any time: what it was
/// doing is then found in the port's state by the next one.
pub async fn run(account: EmailAccount, secret: Secret, port: Arc<dyn HostPort>, stop: CancellationToken) -> HostEnd {
    let stop = stop.child_token();
    let told = Arc::new(Told::new());
    let throttle = Arc::new(Throttle::default());
    let sending = Sending {
        account: account.clone(),
        secret: secret.clone(),
        port: Arc::clone(&port),
        stop: stop.clone(),
        told: Arc::clone(&told),
        throttle: Arc::clone(&throttle),
        conn: None,
        asking: Some(Timestamp(0)),
    };
    let receiving = Receiving {
        account,
        secret,
        port,
        stop: stop.clone(),
        told,
        throttle,
        conn: None,
        compress: true,
        opened: (String::new(), 0),
        partial: None,
        moved_on: false,
    };
    let ends = |result: Result<(), PortError>| {
        stop.cancel();
        result.is_err()
    };
    let (sending_lost, receiving_lost) = tokio::join!(async { ends(sending.run().await) }, async {
        ends(receiving.run().await)
    });
    if sending_lost || receiving_lost {
        HostEnd::LeaseLost
    } else {
        HostEnd::Stopped
    }
}

/// Both halves' health as last told.
pub(super) struct Told(Mutex<AccountHealth>);

impl Told {
    fn new() -> Self {
        let since = Timestamp(baton_clock::now_ms());
        Self(Mutex::new(AccountHealth {
            receiving: HealthState::Connecting,
            sending: HealthState::Connecting,
            since,
            offers: None,
            remarks: Vec::new(),
        }))
    }

    async fn remarks(&self, port: &dyn HostPort, remarks: Vec<MailboxRemark>) {
        self.tell(port, |health| health.remarks = remarks).await;
    }

    async fn receiving(&self, port: &dyn HostPort, state: HealthState) {
        self.tell(port, |health| health.receiving = state).await;
    }

    pub(super) async fn sending(&self, port: &dyn HostPort, state: HealthState) {
        self.tell(port, |health| health.sending = state).await;
    }

    pub(super) async fn offers(&self, port: &dyn HostPort, offers: Offers) {
        self.tell(port, |health| health.offers = Some(offers)).await;
    }

    async fn tell(&self, port: &dyn HostPort, change: impl FnOnce(&mut AccountHealth)) {
        let mut health = self.0.lock().await;
        change(&mut health);
        health.since = Timestamp(baton_clock::now_ms());
        port.health(health.clone()).await;
    }
}

/// Random, `0..1000`.
pub(super) fn jitter() -> u16 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    u16::from_be_bytes([bytes[0], bytes[1]]) % JITTER_SCALE
}

pub(super) async fn nap(ms: i64) {
    tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
}

/// The receiving half of a host.
struct Receiving {
    account: EmailAccount,
    secret: Secret,
    port: Arc<dyn HostPort>,
    stop: CancellationToken,
    told: Arc<Told>,
    throttle: Arc<Throttle>,
    conn: Option<Session>,
    /// Whether the server is asked to compress.
    compress: bool,
    /// The folder that is open, and its UIDVALIDITY.
    opened: (String, u32),
    /// What came of a large message before the connection broke.
    partial: Option<Partial>,
    /// Whether the last failure left more of it than there was.
    moved_on: bool,
}

/// Which message, by folder, UIDVALIDITY and UID, and its first bytes.
type Partial = (((String, u32), u32), Vec<u8>);

impl Receiving {
    async fn run(mut self) -> Result<(), PortError> {
        let Some(cursors) = self.cursors().await? else {
            return Ok(());
        };
        let mut sync = FolderSync::default();
        let mut input = Input::Started {
            cursors,
            live_since: self.port.live_since(),
            follows: self.port.follows(),
        };
        loop {
            for effect in sync.handle(Timestamp(baton_clock::now_ms()), input.clone()) {
                match effect {
                    Effect::Health(state) => self.told.receiving(&*self.port, state).await,
                    Effect::Remarks(remarks) => self.told.remarks(&*self.port, remarks).await,
                    effect => match self.until_stopped(effect).await? {
                        Some(next) => input = next,
                        None => {
                            if let Some(conn) = self.conn.take() {
                                conn.logout().await;
                            }
                            return Ok(());
                        }
                    },
                }
            }
        }
    }

    async fn cursors(&self) -> Result<Option<Vec<FolderCursor>>, PortError> {
        let mut pause_ms = 500;
        loop {
            match self.port.cursors().await {
                Ok(cursors) => return Ok(Some(cursors)),
                Err(PortError::LeaseLost) => return Err(PortError::LeaseLost),
                Err(_) => tokio::select! {
                    () = self.stop.cancelled() => return Ok(None),
                    () = nap(pause_ms) => pause_ms = (pause_ms * 2).min(30_000),
                },
            }
        }
    }

    /// Waiting stops by its own switch, which leaves a clean session; everything else may be dropped, and its session with it.
    async fn until_stopped(&mut self, effect: Effect) -> Result<Option<Input>, PortError> {
        let stop = self.stop.clone();
        if let Effect::Idle(ms) = effect {
            let input = self.idle(ms).await?;
            return Ok((!stop.is_cancelled()).then_some(input));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(None),
            input = self.carry_out(effect) => input.map(Some),
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<Input, PortError> {
        Ok(match effect {
            Effect::Connect => self.connect().await?,
            Effect::Relist => match self.conn.take() {
                Some(conn) => self.folders(conn).await?,
                None => self.connect().await?,
            },
            Effect::Open { folder, known } => match self
                .on_conn(async |conn| conn.examine_since(&folder, known.as_ref()).await)
                .await
            {
                Ok((opened, changes)) => {
                    self.opened = (folder, opened.uidvalidity);
                    Input::Opened { opened, changes }
                }
                Err(SessionError::Mail(ImapError::Refused { reply })) => Input::CannotOpen(reply),
                Err(error) => self.lost(error)?,
            },
            Effect::Changes(known) => match self.on_conn(async |conn| conn.changes(&known).await).await {
                Ok(changes) => Input::Changed(changes),
                // Nothing that was received depends on it.
                Err(SessionError::Mail(ImapError::Refused { .. })) => Input::Changed(Changes::default()),
                Err(error) => self.lost(error)?,
            },
            Effect::Tell {
                folder,
                uidvalidity,
                changes,
            } => match self.port.sighted(&folder, uidvalidity, changes).await {
                Ok(()) => Input::Told,
                Err(error) => away(error)?,
            },
            Effect::List(from, to) => match self.on_conn(async |conn| conn.list(from, to).await).await {
                Ok(uids) => Input::Listed(uids),
                Err(error) => self.lost(error)?,
            },
            Effect::Confirm(uids) => match self.on_conn(async |conn| conn.existing(&uids).await).await {
                Ok(found) => Input::Confirmed(found),
                Err(error) => self.lost(error)?,
            },
            Effect::Count(folder) => match self.on_conn(async |conn| conn.status(&folder).await).await {
                Ok(counted) => Input::Counted(counted),
                Err(error) => self.lost(error)?,
            },
            Effect::Size(uids) => match self.on_conn(async |conn| conn.metas(&uids).await).await {
                Ok(metas) => Input::Sized(metas),
                Err(error) => self.fetch_failed(error)?,
            },
            Effect::Fetch(metas) => self.fetch(metas).await?,
            Effect::Commit { batch, progress } => match self.port.receive(batch, progress).await {
                Ok(()) => Input::Committed,
                Err(error) => away(error)?,
            },
            Effect::Idle(ms) => self.idle(ms).await?,
            Effect::Poll(ms) => {
                nap(ms).await;
                match self.on_conn(async |conn| conn.noop().await).await {
                    Ok(()) => Input::Waited,
                    Err(error) => self.lost(error)?,
                }
            }
            Effect::Sleep(ms) => {
                nap(ms).await;
                Input::Waited
            }
            Effect::Rest => std::future::pending().await,
            Effect::Health(_) | Effect::Remarks(_) => Input::Waited,
        })
    }

    async fn connect(&mut self) -> Result<Input, PortError> {
        self.conn = None;
        let mut conn = match Session::open(&self.account, &self.secret, &self.port, &self.throttle).await {
            Ok(conn) => conn,
            Err(error) => {
                return Ok(Input::Lost {
                    error,
                    jitter: jitter(),
                });
            }
        };
        // On one machine it would only cost.
        if self.compress && !self.account.imap.is_loopback() {
            match conn.compress().await {
                Ok(()) => {}
                Err(error) => {
                    // A server that offers it and then does not is asked once.
                    self.compress = !matches!(error, ImapError::Refused { .. } | ImapError::Unparsable);
                    return self.lost(error);
                }
            }
        }
        self.folders(conn).await
    }

    /// The folders there are, with what became of those that are missing.
    async fn folders(&mut self, mut conn: Session) -> Result<Input, PortError> {
        match conn.folders(self.account.sent_folder.as_deref()).await {
            Ok(folders) => {
                let pushes = conn.pushes();
                let renamed = match self.renamed(&mut conn, &folders).await {
                    Ok(renamed) => renamed,
                    Err(error) => return self.lost(error),
                };
                let usage = match conn.usage().await {
                    Ok(usage) => usage,
                    Err(error) => return self.lost(error),
                };
                self.conn = Some(conn);
                Ok(Input::Connected {
                    folders,
                    pushes,
                    renamed,
                    usage,
                })
            }
            Err(error) => self.lost(error),
        }
    }

    /// Of the folders that are taken in and not there any more, those that are there under another name, by their numbers.
    async fn renamed(&self, conn: &mut Session, folders: &[Folder]) -> Result<Vec<(String, String)>, SessionError> {
        let follows = self.port.follows();
        let gone = |name: &str| !folders.iter().any(|folder| folder.name == name);
        if follows.iter().all(|one| !gone(&one.name)) {
            return Ok(Vec::new());
        }
        let cursors = self.port.cursors().await?;
        let lost = cursors
            .into_iter()
            .map(|cursor| (decode_folder_name(&cursor.folder), cursor))
            .filter(|(name, _)| gone(name) && follows.iter().any(|one| one.name == *name));
        let lost: Vec<_> = lost.collect();
        let mut renamed = Vec::new();
        let strangers = folders
            .iter()
            .filter(|folder| folder.role == FolderRole::Other && follows.iter().all(|one| one.name != folder.name));
        for folder in strangers.take(ASKED) {
            let now = match conn.status(&folder.wire).await {
                Ok(now) => now,
                Err(SessionError::Mail(ImapError::Refused { .. })) => continue,
                Err(error) => return Err(error),
            };
            let same = |cursor: &FolderCursor| {
                cursor.uidvalidity == now.uidvalidity && cursor.uid_next > 0 && now.uidnext >= cursor.uid_next
            };
            let was = lost.iter().find(|(_, cursor)| same(cursor));
            renamed.extend(was.map(|(name, _)| (name.clone(), folder.name.clone())));
        }
        Ok(renamed)
    }

    /// Bodies from the server into durable blobs. What came before the connection broke is kept: nothing is fetched twice.
    async fn fetch(&mut self, metas: Vec<MessageMeta>) -> Result<Input, PortError> {
        let mut found = HashMap::new();
        let failed = self.bodies(&metas, &mut found).await.err();
        let news = self.conn.as_mut().is_some_and(Session::take_news);
        if found.is_empty()
            && let Some(error) = failed
        {
            return self.fetch_failed(error);
        }
        if failed.is_some_and(|error| matches!(error, SessionError::Mail(ImapError::Lost(_) | ImapError::Unparsable))) {
            self.conn = None;
        }
        if found.is_empty() {
            return Ok(Input::Fetched {
                stored: Vec::new(),
                news,
            });
        }
        let (uids, messages): (Vec<u32>, Vec<Vec<u8>>) = metas
            .iter()
            .filter_map(|meta| Some((meta.uid, found.remove(&meta.uid)?)))
            .unzip();
        match self.port.put_blobs(messages).await {
            Ok(blobs) => Ok(Input::Fetched {
                stored: uids.into_iter().zip(blobs).collect(),
                news,
            }),
            Err(error) => away(error),
        }
    }

    async fn bodies(&mut self, metas: &[MessageMeta], found: &mut HashMap<u32, Vec<u8>>) -> Result<(), SessionError> {
        let small: Vec<u32> = metas
            .iter()
            .filter(|meta| !meta.is_large())
            .map(|meta| meta.uid)
            .collect();
        self.on_conn(async |conn| conn.whole(&small, found).await).await?;
        for meta in metas.iter().filter(|meta| meta.is_large()) {
            let place = (self.opened.clone(), meta.uid);
            let (_, mut bytes) = self
                .partial
                .take()
                .filter(|(of, _)| *of == place)
                .unwrap_or((place.clone(), Vec::new()));
            let before = bytes.len();
            match self.on_conn(async |conn| conn.rest(meta.uid, &mut bytes).await).await {
                Ok(true) => {
                    found.insert(meta.uid, bytes);
                }
                Ok(false) => {}
                Err(error) => {
                    self.moved_on = bytes.len() > before;
                    self.partial = Some((place, bytes));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn idle(&mut self, ms: i64) -> Result<Input, PortError> {
        let limit = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let stop = self.stop.clone();
        match self.on_conn(async |conn| conn.idle(limit, &stop).await).await {
            Ok(()) => Ok(Input::Waited),
            Err(error) => self.lost(error),
        }
    }

    async fn on_conn<T>(
        &mut self,
        with: impl AsyncFnOnce(&mut Session) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        match &mut self.conn {
            Some(conn) => with(conn).await,
            None => Err(ImapError::Lost(ConnectError::Closed {
                host: self.account.imap.host.clone(),
            })
            .into()),
        }
    }

    fn lost(&mut self, error: impl Into<SessionError>) -> Result<Input, PortError> {
        self.conn = None;
        match error.into() {
            SessionError::Mail(error) => Ok(Input::Lost {
                error: error.into_connect_error(&self.account.imap.host),
                jitter: jitter(),
            }),
            SessionError::Port(error) => Ok(Input::Lost {
                error: not_here(error)?,
                jitter: jitter(),
            }),
        }
    }

    fn fetch_failed(&mut self, error: SessionError) -> Result<Input, PortError> {
        let trouble = match error {
            SessionError::Mail(ImapError::Refused { reply }) => FetchTrouble::Refused(reply),
            SessionError::Mail(ImapError::Unparsable) => FetchTrouble::Unparsable,
            // A piece more came than the last time: it is only a matter of time.
            SessionError::Mail(ImapError::Lost(error)) if std::mem::take(&mut self.moved_on) => {
                FetchTrouble::Interrupted(error)
            }
            SessionError::Mail(ImapError::Lost(error)) => FetchTrouble::Lost(error),
            SessionError::Port(error) => FetchTrouble::Interrupted(not_here(error)?),
        };
        if !matches!(trouble, FetchTrouble::Refused(_)) {
            self.conn = None;
        }
        Ok(Input::FetchFailed {
            trouble,
            jitter: jitter(),
        })
    }
}

/// What the session wanted of the process around it and did not get, as what holds it up. It begins anew.
fn not_here(error: PortError) -> Result<ConnectError, PortError> {
    match error {
        PortError::LeaseLost => Err(error),
        PortError::Unavailable(reply) | PortError::Refused(reply) => Ok(ConnectError::Busy {
            host: "Baton".to_owned(),
            reply,
        }),
    }
}

fn away(error: PortError) -> Result<Input, PortError> {
    match error {
        PortError::LeaseLost => Err(error),
        PortError::Unavailable(reason) | PortError::Refused(reason) => Ok(Input::PortAway {
            reason,
            jitter: jitter(),
        }),
    }
}
