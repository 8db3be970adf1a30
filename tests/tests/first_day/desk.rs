//! A desk with a desktop on it that has no window: a whole installation with its replica, its outbox and its connection, opened
//! through the door the shells use. It can be closed, can die, and is opened again on what lies on its disk.
//!
//! Each desktop has a runtime of its own. Taking that away is the nearest a thread comes to a power cut: whatever was under way
//! is never finished, and nothing is said to anybody.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use baton_client::{Badge, Config, Desktop, KeySource, Notification, Shell, ShellError, StartError};
use baton_domain::{CommandBody, ConversationId, DraftText, MemberId, MessageId};
use baton_protocol::{
    Acted, ApiError, Boot, BootState, ComposeLock, Connection, ConnectionState, ErrorCode, ListQuery, Opened, Reply,
    Request, Row, Setup, View,
};
use baton_tests::process::eventually;
use baton_tests::scratch::Scratch;
use baton_tests::wire::Wire;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::RwLock;

use crate::team::{PASSWORD, SOON, address_of};

/// What this desk's disk is sealed with.
const KEY: [u8; 32] = [7; 32];

/// More rows than any view of a test has.
const ALL: u32 = 10_000;

/// A desk.
pub struct Desk {
    /// Who sits at it.
    pub name: String,
    /// The network between it and the server.
    pub wire: Wire,
    running: RwLock<Option<Running>>,
    place: Scratch,
    told: Arc<Mutex<Vec<Notification>>>,
}

struct Running {
    desktop: Desktop,
    room: Room,
}

/// The runtime a desktop lives in.
struct Room(Option<Runtime>);

impl Room {
    fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> Result<Handle> {
        Ok(self.0.as_ref().context("the room is gone")?.handle().clone())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A shell that shows nothing, and remembers what it was to show.
struct Nothing {
    downloads: PathBuf,
    told: Arc<Mutex<Vec<Notification>>>,
}

impl Shell for Nothing {
    fn notify(&self, notification: Notification) -> Result<(), ShellError> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(notification);
        Ok(())
    }
    fn withdraw(&self, _: &str) {}
    fn badge(&self, _: Badge) {}
    fn open_url(&self, _: &str) -> Result<(), ShellError> {
        Ok(())
    }
    fn downloads_dir(&self) -> PathBuf {
        self.downloads.clone()
    }
}

impl Desk {
    /// A desk with a desktop that was never used before.
    pub async fn new(name: &str, wire: Wire) -> Result<Self> {
        let desk = Self {
            name: name.to_owned(),
            wire,
            running: RwLock::new(None),
            place: Scratch::new("desk")?,
            told: Arc::default(),
        };
        desk.open().await?;
        Ok(desk)
    }

    /// What the person was notified of so far.
    pub fn told(&self) -> Vec<Notification> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where its disk is.
    pub fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    /// Opens the desktop on what lies on the disk.
    pub async fn open(&self) -> Result<()> {
        // A second installation of the same provider is refused, and is no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let room = Room::new()?;
        let handle = room.handle()?;
        let data = self.data();
        let desktop = eventually("a desktop to open", SOON, async || {
            match handle
                .spawn(start(data.clone(), self.name.clone(), self.told.clone()))
                .await?
            {
                Ok(desktop) => Ok(Some(desktop)),
                // The last one has not quite died yet.
                Err(StartError::InUse { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        *self.running.write().await = Some(Running { desktop, room });
        Ok(())
    }

    /// The power is cut.
    pub async fn die(&self) {
        drop(self.running.write().await.take());
    }

    /// The person closes the program.
    pub async fn close(&self) -> Result<()> {
        let Some(running) = self.running.write().await.take() else {
            return Ok(());
        };
        let desktop = running.desktop.clone();
        running
            .room
            .handle()?
            .spawn(async move { desktop.stop().await })
            .await?;
        Ok(())
    }

    /// Asks what a window would ask. Nothing can be said about a request that the desktop died over.
    pub async fn call(&self, request: Request) -> Result<Reply, ApiError> {
        let closed = || ApiError {
            code: ErrorCode::StoreUnavailable,
            message: "the desktop is closed".to_owned(),
        };
        let (desktop, handle) = match &*self.running.read().await {
            Some(running) => (running.desktop.clone(), running.room.handle().map_err(|_| closed())?),
            None => return Err(closed()),
        };
        handle
            .spawn(async move { desktop.call(request).await })
            .await
            .unwrap_or_else(|_| Err(closed()))
    }

    /// The same, for what must be answered.
    pub async fn ask(&self, request: Request) -> Result<Reply> {
        let answer = self.call(request).await;
        answer.map_err(|error| anyhow!("{}: {:?}: {}", self.name, error.code, error.message))
    }

    /// In which state the desktop is.
    pub async fn boot(&self) -> Result<BootState> {
        match self.ask(Request::Boot).await? {
            Reply::Boot(Boot { state, .. }) => Ok(state),
            other => bail!("{other:?}"),
        }
    }

    /// Signs in as the member who sits here, as often as it takes.
    pub async fn join(&self) -> Result<()> {
        eventually(&format!("{} to be signed in", self.name), SOON * 4, async || {
            match self.boot().await {
                Ok(BootState::Ready { .. }) => return Ok(Some(())),
                Ok(BootState::FirstRun) => {}
                Ok(other) => bail!("{} is at {other:?}", self.name),
                // It is being opened again.
                Err(_) => return Ok(None),
            }
            let join = Setup::Join {
                server: self.wire.url(),
                email: address_of(&self.name),
                password: PASSWORD.to_owned(),
                invitation: None,
            };
            match self.call(Request::Setup(join)).await {
                Err(error) if error.code == ErrorCode::WrongPassword => bail!("{}: {}", self.name, error.message),
                // The server is being killed, or this desktop is. What became of it shows at the next look.
                _ => Ok(None),
            }
        })
        .await
    }

    /// The connection; none before there is a session.
    pub async fn connection(&self) -> Result<Option<Connection>> {
        Ok(match self.boot().await? {
            BootState::Ready { connection, .. } => Some(connection),
            _ => None,
        })
    }

    /// Who is signed in; nobody before somebody is.
    pub async fn member(&self) -> Result<Option<MemberId>> {
        Ok(match self.boot().await? {
            BootState::Ready { me, .. } => Some(me.id),
            _ => None,
        })
    }

    /// Whether it is connected, up to date, and has nothing left to say.
    pub async fn is_at_rest(&self) -> bool {
        let connection = self.connection().await.ok().flatten();
        connection.is_some_and(|connection| connection.state == ConnectionState::Online && connection.waiting == 0)
    }

    /// Every row of every view, by conversation.
    pub async fn rows(&self) -> Result<BTreeMap<ConversationId, Row>> {
        let mut rows = BTreeMap::new();
        for view in [View::All, View::Closed] {
            let query = ListQuery {
                view,
                inbox: None,
                owner: None,
                sort: None,
                offset: 0,
                limit: ALL,
            };
            match self.ask(Request::List(query)).await? {
                Reply::List(page) => rows.extend(page.rows.into_iter().map(|row| (row.id, row))),
                other => bail!("{other:?}"),
            }
        }
        Ok(rows)
    }

    /// The conversation about `subject`, as soon as it is here.
    pub async fn find(&self, subject: &str) -> Result<ConversationId> {
        eventually(&format!("{subject} at {}", self.name), SOON * 4, async || {
            let rows = self.rows().await.unwrap_or_default();
            Ok(rows.into_values().find(|row| row.subject == subject).map(|row| row.id))
        })
        .await
    }

    /// A conversation on screen.
    pub async fn look(&self, conversation: ConversationId) -> Result<Opened> {
        match self.ask(Request::Open { conversation }).await? {
            Reply::Open(opened) => Ok(*opened),
            other => bail!("{other:?}"),
        }
    }

    /// Does something in a conversation.
    pub async fn act(&self, conversation: ConversationId, body: CommandBody) -> Result<Acted> {
        let act = Request::Act {
            conversation,
            body,
            last_seen: None,
        };
        match self.ask(act).await? {
            Reply::Act(acted) => Ok(acted),
            other => bail!("{other:?}"),
        }
    }

    /// Writes a note.
    pub async fn note(&self, conversation: ConversationId, text: &str) -> Result<Acted> {
        let note = CommandBody::AddNote {
            text: text.to_owned(),
            mentions: Vec::new(),
        };
        self.act(conversation, note).await
    }

    /// Types a reply; says who may send it.
    pub async fn compose(&self, opened: &Opened, text: &str) -> Result<ComposeLock> {
        let compose = Request::Compose {
            conversation: opened.conversation.id,
            draft: draft(opened, text),
            cover: false,
        };
        match self.ask(compose).await? {
            Reply::Compose(composed) => Ok(composed.lock),
            other => bail!("{other:?}"),
        }
    }

    /// Sends what was typed.
    pub async fn send(&self, conversation: ConversationId, last_seen: Option<MessageId>) -> Result<Acted> {
        let send = Request::Send {
            conversation,
            after: baton_domain::AfterReply::NothingMore,
            quote: None,
            close: None,
            send_at: None,
            last_seen,
        };
        match self.ask(send).await? {
            Reply::Send(acted) => Ok(acted),
            other => bail!("{other:?}"),
        }
    }
}

/// A reply to the customer as it is typed.
pub fn draft(opened: &Opened, text: &str) -> DraftText {
    DraftText {
        to: vec![opened.conversation.contact.clone()],
        subject: format!("Re: {}", opened.conversation.subject),
        text: text.to_owned(),
        ..DraftText::default()
    }
}

async fn start(data: PathBuf, name: String, told: Arc<Mutex<Vec<Notification>>>) -> Result<Desktop, StartError> {
    let mut config = Config::new(data.clone(), format!("{name}'s desk"), "1".to_owned());
    config.keys = KeySource::Given(KEY);
    let downloads = data.join("downloads");
    Desktop::start(config, Arc::new(Nothing { downloads, told }), None).await
}
