//! A desktop without a window, and just enough of a server for it to talk to.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as Named, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use baton_client::{Badge, Config, Desktop, KeySource, Notification, Shell, ShellError};
use baton_domain::{
    Access, Account, AccountId, AccountMode, Actor, Address, BlobId, Capability, Command, CommandBody, CommandId,
    Conversation, ConversationId, Direction, Document, DocumentBody, Event, Inbox, InboxId, InboxPolicy, LogBody,
    LogEntry, Member, MemberId, MessageId, MessageKind, OwnerChange, Refusal, Role, Scope, Source, Stamp, Timestamp,
    evolve,
};
use baton_protocol::{
    Answer, Boot, BootState, ClientMessage, Cursor, Draft, Hits, ListPage, ListQuery, Reply, Request, ServerMessage,
    Setup, SignIn, SignedIn, Submitted, SyncRefusal, View,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub const KEY: [u8; 32] = [9; 32];
/// What a stranger must not find on the disk.
pub const SECRET_WORDS: &str = "forty-two lamps for the orangery";
/// What only the raw message says.
pub const BODY_WORDS: &str = "pavilion by the quinces";

pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn anna() -> MemberId {
    MemberId(uuid(100))
}

pub fn enquiry() -> ConversationId {
    ConversationId(uuid(1))
}

pub fn message() -> MessageId {
    MessageId(uuid(2))
}

fn raw() -> Vec<u8> {
    format!("From: Carl <carl@customer.example>\r\nSubject: Lamps\r\n\r\nWe need {SECRET_WORDS}.\r\nThey go to the {BODY_WORDS}.\r\n").into_bytes()
}

/// What the server knows.
struct World {
    log: Vec<LogEntry>,
    state: Option<Conversation>,
    drafts: BTreeMap<ConversationId, Draft>,
    sockets: Vec<mpsc::UnboundedSender<ServerMessage>>,
    submitted: Vec<Command>,
    revoked: bool,
    /// Nobody is let in to sync, though everything else answers.
    shut: bool,
    /// What was searched for, as it was asked.
    searches: Vec<String>,
    /// It can't search for now.
    blind: bool,
}

/// A server that is there until it is dropped.
pub struct FakeServer {
    pub url: String,
    world: Arc<Mutex<World>>,
    serving: JoinHandle<()>,
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.serving.abort();
        self.world.lock().unwrap().sockets.clear();
    }
}

impl FakeServer {
    pub async fn start() -> Self {
        let mut world = World {
            log: Vec::new(),
            state: None,
            drafts: BTreeMap::new(),
            sockets: Vec::new(),
            submitted: Vec::new(),
            revoked: false,
            shut: false,
            searches: Vec::new(),
            blind: false,
        };
        world.append(Actor::Operator, CommandId(uuid(10)), created());
        world.append(Actor::Operator, CommandId(uuid(10)), received());
        world.append(
            Actor::Member { id: anna() },
            CommandId(uuid(11)),
            Event::OwnerChanged {
                owner: Some(anna()),
                how: OwnerChange::Claimed,
                context: None,
            },
        );
        let world = Arc::new(Mutex::new(world));
        let router = Router::new()
            .route("/v1/sign-in", post(sign_in))
            .route("/v1/sync", get(sync))
            .route("/v1/commands", post(submit))
            .route("/v1/drafts/{conversation}", put(save_draft))
            .route("/v1/blobs/{id}", get(blob))
            .route("/v1/search", get(search))
            .with_state(world.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { url, world, serving }
    }

    pub fn revoke(&self) {
        let mut world = self.world.lock().unwrap();
        world.revoked = true;
        let why = SyncRefusal::SignedOut;
        world
            .sockets
            .retain(|socket| socket.send(ServerMessage::Refused { why }).is_ok());
    }

    /// A colleague moves the enquiry to an inbox that Anna does not read.
    pub fn moves_out(&self) {
        let mut world = self.world.lock().unwrap();
        let from = world.log.len() as u64;
        let to = InboxId(uuid(51));
        let colleague = Actor::Member {
            id: MemberId(uuid(101)),
        };
        world.append(colleague, CommandId(uuid(12)), Event::MovedOut { to });
        let entries = world.log[usize::try_from(from).unwrap()..].to_vec();
        let to = world.cursor();
        world.tell(&ServerMessage::Frame { from, to, entries });
    }

    /// Ends every connection and lets nobody connect, or lets them again. What is asked over HTTP is answered as before.
    pub fn shut(&self, shut: bool) {
        let mut world = self.world.lock().unwrap();
        world.shut = shut;
        if shut {
            world.sockets.clear();
        }
    }

    pub fn blind(&self, blind: bool) {
        self.world.lock().unwrap().blind = blind;
    }

    pub fn searches(&self) -> Vec<String> {
        self.world.lock().unwrap().searches.clone()
    }

    pub fn allow(&self) {
        self.world.lock().unwrap().revoked = false;
    }

    pub fn draft(&self) -> Option<Draft> {
        self.world.lock().unwrap().drafts.get(&enquiry()).cloned()
    }

    pub fn commands(&self) -> Vec<Command> {
        self.world.lock().unwrap().submitted.clone()
    }

    pub fn submitted(&self) -> Vec<CommandBody> {
        let world = self.world.lock().unwrap();
        world.submitted.iter().map(|command| command.body.clone()).collect()
    }
}

impl World {
    fn cursor(&self) -> Cursor {
        Cursor {
            epoch: uuid(7),
            number: self.log.len() as u64,
            hash: "0".to_owned(),
        }
    }

    fn append(&mut self, actor: Actor, command: CommandId, event: Event) {
        let number = self.log.len() as u64 + 1;
        let at = Timestamp(1_795_428_000_000);
        let stamp = Stamp {
            number,
            at,
            actor,
            conversation: enquiry(),
        };
        self.state = evolve(self.state.take(), stamp, &event);
        self.log.push(LogEntry {
            number,
            at,
            issued_at: at,
            actor,
            command,
            scope: Scope::Workspace,
            body: LogBody::Conversation {
                conversation: enquiry(),
                event,
            },
        });
    }

    fn tell(&self, message: &ServerMessage) {
        for socket in &self.sockets {
            let _ = socket.send(message.clone());
        }
    }

    fn hear(&mut self, message: ClientMessage, say: &mpsc::UnboundedSender<ServerMessage>) {
        match message {
            ClientMessage::Hello { cursor, .. } => {
                let known = cursor.map(|cursor| cursor.number);
                let welcome = ServerMessage::Welcome {
                    epoch: uuid(7),
                    member: anna(),
                    now: Timestamp(baton_clock::now_ms()),
                    head: self.log.len() as u64,
                    scopes: vec![Scope::Workspace],
                    snapshot: known.is_none(),
                };
                let _ = say.send(welcome);
                let follows = match known {
                    Some(from) => ServerMessage::Frame {
                        from,
                        to: self.cursor(),
                        entries: self.log[usize::try_from(from).unwrap()..].to_vec(),
                    },
                    None => ServerMessage::Snapshot {
                        scopes: vec![Scope::Workspace],
                        cursor: self.cursor(),
                        part: 0,
                        last: true,
                        documents: documents(),
                        conversations: self.state.iter().cloned().collect(),
                        entries: self.log.clone(),
                    },
                };
                let _ = say.send(follows);
            }
            ClientMessage::Submit { command } => self.judge(*command, say),
            ClientMessage::Ping => {
                let now = Timestamp(baton_clock::now_ms());
                let _ = say.send(ServerMessage::Pong { now });
            }
            _ => {}
        }
    }

    /// Notes and locks are granted; everything else is refused.
    fn judge(&mut self, command: Command, say: &mpsc::UnboundedSender<ServerMessage>) {
        let id = command.id;
        let event = match &command.body {
            CommandBody::AddNote { text, .. } => Some(Event::NoteAdded {
                note: MessageId(id.0),
                text: text.clone(),
                mentions: Vec::new(),
                suggestion: false,
                unsent_by: None,
            }),
            CommandBody::TakeLock { cover } => Some(Event::LockGranted {
                member: anna(),
                device: command.device,
                cover: *cover,
            }),
            _ => None,
        };
        let from = self.log.len() as u64;
        let known = self.log.iter().any(|entry| entry.command == id);
        self.submitted.push(command);
        let answer = match event {
            Some(event) => {
                if !known {
                    self.append(Actor::Member { id: anna() }, id, event);
                    let to = self.cursor();
                    let entries = self.log[usize::try_from(from).unwrap()..].to_vec();
                    self.tell(&ServerMessage::Frame { from, to, entries });
                }
                Answer::Done {
                    from,
                    to: self.log.len() as u64,
                }
            }
            None => Answer::Refused { refusal: Refusal::Gone },
        };
        let _ = say.send(ServerMessage::Answer { command: id, answer });
    }
}

type Shared = State<Arc<Mutex<World>>>;

async fn sign_in(State(_): Shared, Json(_): Json<SignIn>) -> Json<SignedIn> {
    Json(SignedIn {
        token: "token of this session".to_owned(),
        member: member(),
        workspace: "Lumen".to_owned(),
    })
}

async fn save_draft(State(world): Shared, Json(draft): Json<Draft>) -> Json<Draft> {
    world.lock().unwrap().drafts.insert(draft.conversation, draft.clone());
    Json(draft)
}

/// What concerns no conversation is asked here, and done.
async fn submit(State(world): Shared, Json(command): Json<Command>) -> Json<Submitted> {
    let mut world = world.lock().unwrap();
    let number = world.log.len() as u64;
    let id = command.id;
    world.submitted.push(command);
    Json(Submitted {
        command: id,
        answer: Answer::Done {
            from: number,
            to: number,
        },
    })
}

async fn blob(Named(id): Named<BlobId>) -> Vec<u8> {
    assert_eq!(id, BlobId::of(&raw()));
    raw()
}

async fn search(State(world): Shared, RawQuery(asked): RawQuery) -> Result<Json<Hits>, StatusCode> {
    let mut world = world.lock().unwrap();
    world.searches.push(asked.unwrap_or_default());
    if world.blind {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(Hits {
        hits: Vec::new(),
        next: None,
        behind: 0,
    }))
}

async fn sync(State(world): Shared, upgrade: WebSocketUpgrade) -> Response {
    if world.lock().unwrap().shut {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.on_upgrade(move |socket| talk(world, socket))
}

async fn talk(world: Arc<Mutex<World>>, mut socket: WebSocket) {
    let (say, mut to_say) = mpsc::unbounded_channel();
    {
        let mut world = world.lock().unwrap();
        if world.revoked {
            let why = SyncRefusal::SignedOut;
            let _ = say.send(ServerMessage::Refused { why });
        }
        world.sockets.push(say.clone());
    }
    // Only the world keeps a sender: when it forgets the socket, the socket ends.
    let weak = say.downgrade();
    drop(say);
    loop {
        tokio::select! {
            message = to_say.recv() => {
                let Some(message) = message else { return };
                let text = serde_json::to_string(&message).unwrap();
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                if let (Message::Text(text), Some(say)) = (message, weak.upgrade()) {
                    world.lock().unwrap().hear(serde_json::from_str(&text).unwrap(), &say);
                }
            }
        }
    }
}

fn member() -> Member {
    Member {
        id: anna(),
        name: "Anna".to_owned(),
        email: "anna@example.com".to_owned(),
        role: Role::Rep,
        active: true,
        absent_until: None,
        backup: None,
        hours: None,
        signature: None,
    }
}

fn documents() -> Vec<Document> {
    use Capability::{Assign, Comment, Read, SendOnBehalf, Work};
    let sales = Inbox {
        id: InboxId(uuid(50)),
        name: "Sales".to_owned(),
        access: vec![Access {
            member: anna(),
            capabilities: [Read, Comment, Work, Assign, SendOnBehalf].into(),
        }],
        policy: InboxPolicy::default(),
    };
    let account = Account {
        id: AccountId(uuid(60)),
        inbox: InboxId(uuid(50)),
        address: "sales@example.com".to_owned(),
        name: "Lumen".to_owned(),
        aliases: Vec::new(),
        live_since: Timestamp(0),
        mode: AccountMode::Together,
        hosted_by: None,
        signatures: Vec::new(),
        folders: Vec::new(),
    };
    [
        DocumentBody::Member(member()),
        DocumentBody::Inbox(sales),
        DocumentBody::Account(account),
    ]
    .map(|body| Document {
        id: body.id(),
        version: 1,
        body,
    })
    .into()
}

fn created() -> Event {
    Event::Created {
        number: 1042,
        inbox: InboxId(uuid(50)),
        account: Some(AccountId(uuid(60))),
        contact: carl(),
        subject: "Lamps".to_owned(),
        source: Source {
            channel: "email".to_owned(),
            address: "sales@example.com".to_owned(),
            at: Timestamp(1),
        },
        history: false,
    }
}

fn received() -> Event {
    let message = baton_domain::Message {
        id: message(),
        direction: Direction::Inbound,
        kind: MessageKind::Human,
        from: carl(),
        to: Vec::new(),
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Lamps".to_owned(),
        at: Timestamp(1_795_428_000_000),
        header_id: None,
        references: Vec::new(),
        preview: SECRET_WORDS.to_owned(),
        blob: Some(BlobId::of(&raw())),
        size: 100,
        attachments: Vec::new(),
        account: Some(AccountId(uuid(60))),
        returns_at: None,
        bounced: None,
        facts: baton_domain::MessageFacts::default(),
    };
    Event::MessageReceived {
        message: Box::new(message),
        live: true,
    }
}

pub fn carl() -> Address {
    Address {
        name: "Carl".to_owned(),
        email: "carl@customer.example".to_owned(),
    }
}

/// A shell that only remembers.
pub struct Quiet {
    pub downloads: PathBuf,
}

impl Shell for Quiet {
    fn notify(&self, _: Notification) -> Result<(), ShellError> {
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

pub async fn start(dir: &Path, keys: KeySource) -> Desktop {
    // A second installation of the same provider is refused, and is no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut config = Config::new(dir.to_owned(), "A test".to_owned(), "1".to_owned());
    config.keys = keys;
    let downloads = dir.join("downloads");
    Desktop::start(config, Arc::new(Quiet { downloads }), None)
        .await
        .unwrap()
}

pub async fn boot(desktop: &Desktop) -> BootState {
    match desktop.call(Request::Boot).await.unwrap() {
        Reply::Boot(Boot { state, .. }) => state,
        other => panic!("{other:?}"),
    }
}

pub async fn join(desktop: &Desktop, server: &FakeServer) -> BootState {
    let join = Setup::Join {
        server: server.url.clone(),
        email: "anna@example.com".to_owned(),
        password: "correct horse".to_owned(),
        invitation: None,
    };
    match desktop.call(Request::Setup(join)).await.unwrap() {
        Reply::Setup(Boot { state, .. }) => state,
        other => panic!("{other:?}"),
    }
}

pub async fn list(desktop: &Desktop) -> ListPage {
    let query = ListQuery {
        view: View::All,
        inbox: None,
        owner: None,
        sort: None,
        offset: 0,
        limit: 10,
    };
    match desktop.call(Request::List(query)).await.unwrap() {
        Reply::List(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Asks until it holds, whenever the desktop says that something changed and at the latest a little later.
pub async fn until<T>(desktop: &Desktop, what: &str, holds: impl AsyncFn() -> Option<T>) -> T {
    let mut events = desktop.events();
    let asking = async {
        loop {
            if let Some(found) = holds().await {
                return found;
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), events.recv()).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(20), asking).await {
        Ok(found) => found,
        Err(_) => panic!("it never came to this: {what}"),
    }
}
