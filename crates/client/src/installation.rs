//! One installation of Baton on its data directory: whether there is a key, a session and a replica, and how one comes to them.
//!
//! | state | what is there |
//! |---|---|
//! | locked | no key: the person chooses what to do without a keyring |
//! | first run | a key and an empty replica |
//! | signed out | a replica with what waits in it, and no session |
//! | ready | a replica at work, with or without a network |

mod requests;
mod session;
mod setup;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use baton_domain::{DeviceId, SECOND_MS};
use baton_protocol::{ApiError, Boot, BootState, ErrorCode, UiEvent, Unlock};
use baton_store::replica::{Batch, Forget, Place as StorePlace, ReplicaError, ReplicaStore};
use jiff::tz::TimeZone;
use tokio::sync::{RwLock, broadcast, mpsc};

use crate::blobs::Blobs;
use crate::engine::{End, Identity, Input};
use crate::hosting;
use crate::keys::{KeyError, KeyPlaces};
use crate::net::{Address, Http, error};
use crate::seal::{DataKey, SealError, random};
use crate::signin::SignIns;
use crate::work::{Parts, Work, now};
use crate::{
    Badge, Config, Embedded, EmbeddedError, EmbeddedKind, EmbeddedOptions, EmbeddedServer, KeySource, Language, Shell,
    StartError,
};
use session::SessionRow;

/// How many events a slow window may lag behind before it has to ask for everything again.
const EVENTS: usize = 4096;
/// How long to wait before a server in this program is started again.
const EMBEDDED_AGAIN_MS: i64 = 10 * SECOND_MS;

/// An installation at runtime.
pub(crate) struct Installation {
    config: Config,
    shell: Arc<dyn Shell>,
    embedded: Option<Arc<dyn EmbeddedServer>>,
    events: broadcast::Sender<UiEvent>,
    badge: Arc<AtomicU32>,
    keys: KeyPlaces,
    place: RwLock<Place>,
    ended: mpsc::UnboundedSender<End>,
    sign_ins: SignIns,
    /// Locked as long as this process uses the directory.
    in_use: std::sync::Mutex<Option<std::fs::File>>,
}

enum Place {
    Locked { reason: String },
    FirstRun(Opened),
    SignedOut(Opened, SessionRow),
    Ready(Opened, SessionRow, Arc<Work>),
}

/// A replica with the key to it.
#[derive(Clone)]
struct Opened {
    key: DataKey,
    store: ReplicaStore,
    memory: bool,
}

impl Installation {
    pub(crate) async fn start(
        config: Config,
        shell: Arc<dyn Shell>,
        embedded: Option<Arc<dyn EmbeddedServer>>,
    ) -> Result<Arc<Self>, StartError> {
        let unusable = |source| StartError::DataDir {
            path: config.data_dir.clone(),
            source,
        };
        make_private(&config.data_dir).map_err(unusable)?;
        let in_use = std::fs::File::create(config.data_dir.join("in-use")).map_err(unusable)?;
        if in_use.try_lock().is_err() {
            return Err(StartError::InUse { path: config.data_dir });
        }
        let (ended, endings) = mpsc::unbounded_channel();
        let installation = Arc::new(Self {
            keys: KeyPlaces::new(&config.data_dir, config.keyring_timeout_ms),
            config,
            shell,
            embedded,
            events: broadcast::Sender::new(EVENTS),
            badge: Arc::new(AtomicU32::new(0)),
            place: RwLock::new(Place::Locked { reason: String::new() }),
            ended,
            sign_ins: SignIns::default(),
            in_use: std::sync::Mutex::new(Some(in_use)),
        });
        installation.forget_memory();
        let key = installation.configured_key().await;
        let place = installation.open_with(key, false).await;
        *installation.place.write().await = place;
        tokio::spawn(heed_endings(Arc::downgrade(&installation), endings));
        Ok(installation)
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<UiEvent> {
        self.events.subscribe()
    }

    pub(crate) fn badge(&self) -> u32 {
        self.badge.load(Ordering::Relaxed)
    }

    pub(crate) async fn on_notification(&self, key: &str, action: &str) {
        if let Ok(work) = self.work().await {
            let (key, action) = (key.to_owned(), action.to_owned());
            work.input(Input::Pressed { key, action }).await;
        }
    }

    pub(crate) async fn stop(&self) {
        let reason = "Baton was stopped".to_owned();
        let place = std::mem::replace(&mut *self.place.write().await, Place::Locked { reason });
        let opened = match place {
            Place::Locked { .. } => None,
            Place::FirstRun(opened) | Place::SignedOut(opened, _) => Some(opened),
            Place::Ready(opened, _, work) => {
                work.stop().await;
                Some(opened)
            }
        };
        if let Some(server) = &self.embedded {
            server.stop().await;
        }
        if let Some(opened) = opened
            && let Err(error) = opened.store.close().await
        {
            tracing::warn!(%error, "the replica was not closed cleanly");
        }
        self.forget_memory();
        // Whoever still holds a handle of this desktop no longer holds its directory.
        self.in_use
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
    }

    async fn configured_key(&self) -> Result<DataKey, KeyError> {
        match &self.config.keys {
            KeySource::Given(key) => Ok(DataKey::new(*key)),
            KeySource::NoKeyring => Err(KeyError::Keyring("there is none here".to_owned())),
            KeySource::Keyring => self.keys.keyring_key(self.data_exists()).await,
        }
    }

    fn replica_file(&self) -> PathBuf {
        self.config.data_dir.join("replica.db")
    }

    /// Whether anything here was sealed with a key already.
    fn data_exists(&self) -> bool {
        self.replica_file().exists()
    }

    /// Where files lie besides the replica; for memory only it goes when the program does.
    fn root(&self, opened: &Opened) -> PathBuf {
        if opened.memory {
            self.config.data_dir.join("memory")
        } else {
            self.config.data_dir.clone()
        }
    }

    /// What an earlier run kept for its own time only.
    fn forget_memory(&self) {
        // It may never have been there.
        let _ = std::fs::remove_dir_all(self.config.data_dir.join("memory"));
    }

    async fn open_with(self: &Arc<Self>, key: Result<DataKey, KeyError>, memory: bool) -> Place {
        let opened = match key {
            Ok(key) => self.open(key, memory).await,
            Err(error) => {
                return Place::Locked {
                    reason: error.to_string(),
                };
            }
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(%error, "the replica could not be opened");
                return Place::Locked {
                    reason: error.to_string(),
                };
            }
        };
        match SessionRow::load(&opened.store).await {
            Ok(Some(session)) => self.resume(opened, session, None).await,
            Ok(None) => Place::FirstRun(opened),
            Err(error) => Place::Locked {
                reason: error.to_string(),
            },
        }
    }

    async fn open(&self, key: DataKey, memory: bool) -> Result<Opened, ReplicaError> {
        let file = self.replica_file();
        let place = if memory {
            StorePlace::Memory
        } else {
            StorePlace::File(&file)
        };
        let store = ReplicaStore::open(place, &key.replica()).await?;
        Ok(Opened { key, store, memory })
    }

    /// Goes to work with a session: at once, whether the server can be reached or not.
    async fn resume(self: &Arc<Self>, opened: Opened, session: SessionRow, running: Option<Embedded>) -> Place {
        if session.signed_out {
            return Place::SignedOut(opened, session);
        }
        match self.begin_work(&opened, &session, running).await {
            Ok(work) => Place::Ready(opened, session, work),
            Err(error) if error.code == ErrorCode::SignedOut => Place::SignedOut(opened, session),
            Err(error) => Place::Locked { reason: error.message },
        }
    }

    async fn begin_work(
        self: &Arc<Self>,
        opened: &Opened,
        session: &SessionRow,
        running: Option<Embedded>,
    ) -> Result<Arc<Work>, ApiError> {
        let http = Http::new()?;
        if let Some(running) = &running {
            http.set_address(address_of(running)?);
        } else if session.embedded.is_none() {
            http.set_address(session.address(&opened.key)?);
        }
        let seed = random().map_err(|cause: SealError| error(ErrorCode::Internal, cause.to_string()))?;
        let identity = Identity {
            me: session.member.id,
            device: session.device,
            server: session.server.clone(),
            zone: TimeZone::system(),
            language: Language::system(),
            version: self.config.version.clone(),
            seed,
        };
        let blobs = Blobs::new(
            self.root(opened).join("blobs"),
            opened.key.blobs(),
            opened.store.clone(),
        );
        let parts = Parts {
            store: opened.store.clone(),
            http,
            blobs,
            shell: self.shell.clone(),
            mailboxes: hosting::Keep::new(opened.store.clone(), opened.key.mailboxes()),
            events: self.events.clone(),
            badge: self.badge.clone(),
            identity,
            embedded: session.embedded.is_some(),
            ended: self.ended.clone(),
        };
        let work = Work::start(parts).await.map_err(replica_error)?;
        if let Some(kind) = session.embedded.clone().filter(|_| running.is_none()) {
            let (installation, opened, starting) = (Arc::downgrade(self), opened.clone(), work.clone());
            work.spawn(async move {
                loop {
                    let Some(installation) = installation.upgrade() else {
                        return;
                    };
                    match installation
                        .start_embedded(&opened, kind.clone())
                        .await
                        .and_then(|on| address_of(&on))
                    {
                        Ok(address) => return starting.http.set_address(address),
                        Err(error) => {
                            drop(installation);
                            let next = now().plus_ms(EMBEDDED_AGAIN_MS);
                            let error = Some(error);
                            starting.input(Input::Disconnected { error, next }).await;
                        }
                    }
                    let wait = u64::try_from(EMBEDDED_AGAIN_MS).unwrap_or(0);
                    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
                }
            });
        }
        Ok(work)
    }

    async fn start_embedded(&self, opened: &Opened, kind: EmbeddedKind) -> Result<Embedded, ApiError> {
        let server = self.embedded.as_ref();
        let server = server.ok_or_else(|| error(ErrorCode::BadRequest, "this program has no server in it"))?;
        let options = EmbeddedOptions {
            data_dir: self.embedded_dir(opened, &kind),
            key: opened.key.embedded(),
            kind,
        };
        let failed = |cause: EmbeddedError| error(ErrorCode::Internal, cause.to_string());
        server.start(options).await.map_err(failed)
    }

    /// The sample and a real mailbox never share a directory.
    fn embedded_dir(&self, opened: &Opened, kind: &EmbeddedKind) -> PathBuf {
        self.root(opened).join(match kind {
            EmbeddedKind::Sample => "sample",
            EmbeddedKind::Mailbox { .. } => "server",
        })
    }

    /// The replica at work.
    pub(crate) async fn work(&self) -> Result<Arc<Work>, ApiError> {
        match &*self.place.read().await {
            Place::Ready(_, _, work) => Ok(work.clone()),
            Place::SignedOut(..) => Err(error(ErrorCode::SignedOut, "sign in first")),
            Place::FirstRun(_) => Err(error(ErrorCode::BadRequest, "nothing is set up yet")),
            Place::Locked { reason } => Err(error(ErrorCode::KeyringUnavailable, reason.clone())),
        }
    }

    pub(crate) async fn boot(&self) -> Boot {
        let state = match &*self.place.read().await {
            Place::Locked { reason } => BootState::Locked {
                reason: reason.clone(),
                passphrase_set: self.keys.passphrase_set(),
            },
            Place::FirstRun(_) => BootState::FirstRun,
            Place::SignedOut(_, session) => BootState::SignedOut {
                address: session.server.clone(),
                email: session.member.email.clone(),
            },
            Place::Ready(_, session, work) => {
                let member = session.member.clone();
                let sample = matches!(session.embedded, Some(EmbeddedKind::Sample));
                work.look(|engine| BootState::Ready {
                    me: Box::new(engine.me().cloned().unwrap_or(member)),
                    team: Box::new(engine.team()),
                    connection: engine.connection(),
                    settings: engine.settings().clone(),
                    sample,
                })
                .await
            }
        };
        Boot {
            state,
            version: self.config.version.clone(),
            now: now(),
        }
    }

    /// The person's choice where the keyring can't be used.
    pub(crate) async fn unlock(self: &Arc<Self>, how: Unlock) -> Result<Boot, ApiError> {
        let mut place = self.place.write().await;
        if matches!(&*place, Place::Locked { .. }) {
            let exists = self.data_exists();
            let (key, memory) = match how {
                Unlock::Retry => (self.configured_key().await, false),
                Unlock::Passphrase { passphrase } => (self.keys.passphrase_key(passphrase, exists).await, false),
                Unlock::MemoryOnly => (DataKey::random().map_err(KeyError::from), true),
            };
            if let Err(cause @ (KeyError::WrongPassphrase | KeyError::TooShort)) = &key {
                return Err(error(ErrorCode::WrongPassword, cause.to_string()));
            }
            *place = self.open_with(key, memory).await;
        }
        drop(place);
        Ok(self.boot().await)
    }

    /// Forgets everything of a session: rows, blobs, and the sample with its server.
    async fn wipe(&self, opened: &Opened, session: Option<&SessionRow>) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        batch.forget.insert(Forget::All);
        opened.store.apply(&batch).await.map_err(replica_error)?;
        Blobs::new(
            self.root(opened).join("blobs"),
            opened.key.blobs(),
            opened.store.clone(),
        )
        .clear()
        .await;
        if let (Some(kind), Some(server)) = (session.and_then(|session| session.embedded.as_ref()), &self.embedded) {
            server.stop().await;
            if *kind == EmbeddedKind::Sample {
                // It is made anew when it is wanted again.
                let _ = tokio::fs::remove_dir_all(self.embedded_dir(opened, kind)).await;
            }
        }
        self.badge.store(0, Ordering::Relaxed);
        self.shell.badge(Badge::of(0, Language::system()));
        Ok(())
    }

    async fn has_ended(self: &Arc<Self>, end: End) {
        let mut place = self.place.write().await;
        let Place::Ready(opened, session, work) = &*place else {
            return;
        };
        let (opened, mut session, work) = (opened.clone(), session.clone(), work.clone());
        work.stop().await;
        *place = match end {
            End::SignedOut => {
                session.signed_out = true;
                if let Err(error) = session.save(&opened.store).await {
                    tracing::warn!(%error, "that the session ended could not be noted");
                }
                Place::SignedOut(opened, session)
            }
            End::MemberRemoved => {
                if let Err(error) = self.wipe(&opened, Some(&session)).await {
                    tracing::error!(error = error.message, "the replica could not be removed");
                }
                Place::FirstRun(opened)
            }
        };
        drop(place);
        // No window listens: then nobody has to be told.
        let _ = self.events.send(UiEvent::Boot);
    }

    pub(crate) async fn sign_out(self: &Arc<Self>) -> Result<Boot, ApiError> {
        let mut place = self.place.write().await;
        let (opened, session, work) = match &*place {
            Place::Ready(opened, session, work) => (opened.clone(), session.clone(), Some(work.clone())),
            Place::SignedOut(opened, session) => (opened.clone(), session.clone(), None),
            Place::FirstRun(_) | Place::Locked { .. } => {
                drop(place);
                return Ok(self.boot().await);
            }
        };
        if let Some(work) = work {
            if session.embedded.is_none()
                && let Err(error) = work.http.sign_out().await
            {
                tracing::warn!(error = error.message, "the server was not told of signing out");
            }
            work.stop().await;
        }
        self.wipe(&opened, Some(&session)).await?;
        *place = Place::FirstRun(opened);
        drop(place);
        Ok(self.boot().await)
    }
}

async fn heed_endings(installation: std::sync::Weak<Installation>, mut endings: mpsc::UnboundedReceiver<End>) {
    while let Some(end) = endings.recv().await {
        let Some(installation) = installation.upgrade() else {
            return;
        };
        installation.has_ended(end).await;
    }
}

fn address_of(embedded: &Embedded) -> Result<Address, ApiError> {
    let url = Address::parse(&embedded.url).map_err(|cause| error(ErrorCode::Internal, cause.to_string()))?;
    Ok(Address {
        url,
        token: embedded.token.clone(),
    })
}

pub(crate) fn replica_error(cause: ReplicaError) -> ApiError {
    let code = match cause {
        ReplicaError::DiskFull => ErrorCode::DiskFull,
        ReplicaError::WrongKey => ErrorCode::KeyringUnavailable,
        _ => ErrorCode::StoreUnavailable,
    };
    error(code, cause.to_string())
}

fn new_device() -> Result<DeviceId, ApiError> {
    let bytes = random::<16>().map_err(|cause| error(ErrorCode::Internal, cause.to_string()))?;
    Ok(DeviceId(uuid::Builder::from_random_bytes(bytes).into_uuid()))
}

#[cfg(unix)]
fn make_private(dir: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(dir: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)
}
