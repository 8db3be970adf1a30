//! A real server on a free port, with Anna and Ben, Mira who manages, and mail from Carl.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use baton_domain::{
    AccountId, AccountMode, Actor, AfterReply, Command, CommandBody, CommandId, ConversationId, DeviceId, DraftId,
    DraftText, InboxId, InboxPolicy, MemberId, MessageId, Role, Scope, Timestamp,
};
use baton_protocol::{Answer, ClientMessage, Cursor, PROTOCOL_VERSION, ServerMessage};
use baton_server::directory::NewAccount;
use baton_server::referee::{FolderRole, RawArrival};
use baton_server::{Options, Running, Server};
use baton_store::port::DraftRow;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server and its team.
pub struct Team {
    pub server: Running,
    pub options: Options,
    pub inbox: InboxId,
    pub account: AccountId,
    pub anna: MemberId,
    pub ben: MemberId,
    pub mira: MemberId,
    uid: AtomicU32,
    _data: tempfile::TempDir,
}

impl Team {
    pub async fn start() -> Self {
        Self::on(None).await
    }

    /// On a database of PostgreSQL, or SQLite without one.
    pub async fn on(database_url: Option<String>) -> Self {
        Self::with(|options| options.database_url = database_url).await
    }

    /// With other options than the usual ones.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::in_directory(data.path().join("data"));
        change(&mut options);
        let server = Server::start(options.clone()).await.unwrap();
        let core = server.core();
        let now = core.now();
        let sales = core
            .directory
            .inbox_named("Sales", InboxPolicy::default(), now)
            .await
            .unwrap();
        let mut ids = Vec::new();
        for (name, role) in [("Mira", Role::Admin), ("Anna", Role::Rep), ("Ben", Role::Rep)] {
            let email = format!("{}@murmel.example", name.to_lowercase());
            let member = core.directory.add(name, &email, role, now).await.unwrap();
            let hash = core.auth.hash(PASSWORD).await.unwrap();
            core.auth.set_password(member.id, &hash, now).await.unwrap();
            ids.push(member.id);
        }
        let new = NewAccount {
            address: "sales@murmel.example".to_owned(),
            name: "Murmel".to_owned(),
            aliases: Vec::new(),
            inbox: sales,
            mode: AccountMode::Together,
            live_since: Some(now.plus_ms(-60_000)),
            folders: Vec::new(),
            hosted_by: None,
        };
        let account = core.directory.add_account(new, now).await.unwrap().id;
        let [mira, anna, ben] = ids.try_into().unwrap();
        Self {
            server,
            options,
            inbox: sales,
            account,
            anna,
            ben,
            mira,
            uid: AtomicU32::new(0),
            _data: data,
        }
    }

    /// Stops the server and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self {
            server,
            options,
            inbox,
            account,
            anna,
            ben,
            mira,
            uid,
            _data,
        } = self;
        server.stop().await;
        let server = Server::start(options.clone()).await.unwrap();
        Self {
            server,
            options,
            inbox,
            account,
            anna,
            ben,
            mira,
            uid,
            _data,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// A bearer token, without the password.
    pub async fn token(&self, member: MemberId) -> String {
        let device = DeviceId(Uuid::new_v4());
        let session = baton_server::embedded::session(self.server.core(), member, device, "test")
            .await
            .unwrap();
        session.token.reveal().to_owned()
    }

    /// A desktop, connected and welcomed, with a replica of nothing.
    pub async fn desk(&self, member: MemberId) -> Desk {
        let token = self.token(member).await;
        let mut desk = Desk::connect(self, &token, None, Vec::new()).await;
        desk.read_snapshot().await;
        desk
    }

    /// Carl writes; his message's raw bytes are given back.
    pub async fn carl_writes(&self, subject: &str) -> Vec<u8> {
        self.carl_writes_to(self.account, subject).await
    }

    pub async fn carl_writes_to(&self, account: AccountId, subject: &str) -> Vec<u8> {
        let uid = self.uid.fetch_add(1, Ordering::Relaxed) + 1;
        let to = self.server.core().directory.account(account).unwrap().address;
        let raw = format!(
            "From: Carl Customer <carl@example.com>\r\nTo: {to}\r\nSubject: {subject}\r\n\
             Message-ID: <{uid}.{}@example.com>\r\n\r\nHow much is a Solo? ({subject})\r\n",
            account.0.as_simple()
        )
        .into_bytes();
        let arrival = RawArrival {
            account,
            folder: "INBOX".to_owned(),
            role: FolderRole::Inbox,
            uidvalidity: 1,
            uid,
            internal_date: self.server.core().now(),
            flags: Vec::new(),
            resync: false,
            raw: raw.clone(),
        };
        let received = self
            .server
            .core()
            .referee
            .receive_raw(vec![arrival], None)
            .await
            .unwrap();
        assert_eq!(received.imported, 1);
        raw
    }

    /// Anna takes the lock, writes, and sends; the reply's id.
    pub async fn reply(&self, anna: &mut Desk, conversation: ConversationId, words: &str) -> MessageId {
        let core = self.server.core();
        let Answer::Done { to: token, .. } = anna.act(conversation, CommandBody::TakeLock { cover: false }).await
        else {
            panic!("no lock")
        };
        let state = core.store.conversation(conversation).await.unwrap().unwrap();
        let text = DraftText {
            to: state.reply_to.clone(),
            subject: format!("Re: {}", state.subject),
            text: words.to_owned(),
            ..DraftText::default()
        };
        let (draft, digest) = (DraftId(Uuid::new_v4()), text.digest());
        let row = DraftRow {
            id: draft,
            conversation,
            member: self.anna,
            text,
            revision: 1,
            saved_at: core.now(),
            files_present: false,
        };
        core.store.put_draft(&row).await.unwrap();
        let body = CommandBody::Reply {
            draft,
            digest,
            token: state.lock.map_or(token, |lock| lock.token),
            after: AfterReply::NothingMore,
            quote: None,
            close: None,
            send_at: None,
        };
        let id = anna
            .ask(conversation, state.last_message.map(|message| message.id), body)
            .await;
        let answer = anna.answer(id).await;
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
        MessageId(id.0)
    }

    /// The only conversation with that subject.
    pub async fn conversation(&self, subject: &str) -> ConversationId {
        let inboxes = self
            .server
            .core()
            .directory
            .inboxes()
            .into_iter()
            .map(|inbox| inbox.id)
            .collect();
        let filter = baton_store::server::ConversationFilter {
            inboxes,
            ..Default::default()
        };
        let (all, _) = self.server.core().store.conversations(&filter, 100).await.unwrap();
        let mut found = all.into_iter().filter(|one| one.subject == subject);
        let one = found.next().expect("no such conversation");
        assert!(found.next().is_none());
        one.id
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A desktop's end of the socket.
pub struct Desk {
    socket: Stream,
    pub device: DeviceId,
    pub member: MemberId,
    pub cursor: Option<Cursor>,
    pub scopes: Vec<Scope>,
    pub welcomed_with_snapshot: bool,
    pub conversations: Vec<baton_domain::Conversation>,
    pub documents: Vec<baton_domain::Document>,
    pub entries: Vec<baton_domain::LogEntry>,
}

impl Desk {
    pub async fn connect(team: &Team, token: &str, cursor: Option<Cursor>, scopes: Vec<Scope>) -> Self {
        Self::at(team.server.url(), token, cursor, scopes).await
    }

    /// At the server with that address.
    pub async fn at(server: &str, token: &str, cursor: Option<Cursor>, scopes: Vec<Scope>) -> Self {
        let mut socket = open_at(server, token).await.unwrap();
        let device = DeviceId(Uuid::new_v4());
        let hello = ClientMessage::Hello {
            protocol: PROTOCOL_VERSION,
            device,
            cursor: cursor.clone(),
            scopes,
        };
        socket.send(text(&hello)).await.unwrap();
        let welcome = next(&mut socket).await;
        let ServerMessage::Welcome {
            member,
            scopes,
            snapshot,
            ..
        } = welcome
        else {
            panic!("{welcome:?}")
        };
        Self {
            socket,
            device,
            member,
            cursor,
            scopes,
            welcomed_with_snapshot: snapshot,
            conversations: Vec::new(),
            documents: Vec::new(),
            entries: Vec::new(),
        }
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        self.socket.send(text(message)).await.unwrap();
    }

    /// The next message; what moves the replica is applied.
    pub async fn hear(&mut self) -> ServerMessage {
        let message = next(&mut self.socket).await;
        match &message {
            ServerMessage::Snapshot {
                cursor,
                last,
                documents,
                conversations,
                entries,
                ..
            } => {
                self.documents.extend(documents.clone());
                self.conversations.extend(conversations.clone());
                self.entries.extend(entries.clone());
                if *last {
                    self.cursor = Some(cursor.clone());
                }
            }
            ServerMessage::Frame { from, to, entries } => {
                assert_eq!(
                    self.cursor.as_ref().map(|cursor| cursor.number),
                    Some(*from),
                    "a gap in the frames"
                );
                assert!(
                    entries
                        .iter()
                        .all(|entry| *from < entry.number && entry.number <= to.number)
                );
                self.entries.extend(entries.clone());
                self.cursor = Some(to.clone());
            }
            _ => {}
        }
        message
    }

    /// Hears until `wanted` finds what it looks for.
    pub async fn until<T>(&mut self, mut wanted: impl FnMut(&ServerMessage) -> Option<T>) -> T {
        loop {
            let message = self.hear().await;
            if let Some(found) = wanted(&message) {
                return found;
            }
        }
    }

    pub async fn read_snapshot(&mut self) {
        self.until(|message| matches!(message, ServerMessage::Snapshot { last: true, .. }).then_some(()))
            .await;
    }

    /// Waits for an entry.
    pub async fn entry(&mut self, wanted: impl Fn(&baton_domain::LogEntry) -> bool) -> baton_domain::LogEntry {
        if let Some(found) = self.entries.iter().find(|entry| wanted(entry)) {
            return found.clone();
        }
        self.until(|message| match message {
            ServerMessage::Frame { entries, .. } => entries.iter().find(|entry| wanted(entry)).cloned(),
            _ => None,
        })
        .await
    }

    /// Asks something, without waiting for the answer.
    pub async fn ask(
        &mut self,
        conversation: ConversationId,
        last_seen: Option<MessageId>,
        body: CommandBody,
    ) -> CommandId {
        let id = CommandId(Uuid::new_v4());
        let command = Command {
            id,
            // A lie that the server corrects.
            actor: Actor::Operator,
            device: DeviceId(Uuid::nil()),
            conversation,
            issued_at: Timestamp(baton_clock::now_ms()),
            last_seen,
            based_on: None,
            body,
        };
        self.say(&ClientMessage::Submit {
            command: Box::new(command),
        })
        .await;
        id
    }

    /// The answer to a command.
    pub async fn answer(&mut self, id: CommandId) -> Answer {
        self.until(|message| match message {
            ServerMessage::Answer { command, answer } if *command == id => Some(answer.clone()),
            _ => None,
        })
        .await
    }

    pub async fn act(&mut self, conversation: ConversationId, body: CommandBody) -> Answer {
        let id = self.ask(conversation, None, body).await;
        self.answer(id).await
    }

    /// The next message, or the end of the connection.
    pub async fn ends(&mut self) -> bool {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing ended")
            {
                None | Some(Err(_) | Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
            }
        }
    }
}

/// Opens a socket, or is refused.
pub async fn open(team: &Team, token: &str) -> Result<Stream, tokio_tungstenite::tungstenite::Error> {
    open_at(team.server.url(), token).await
}

/// Opens a socket to the server with that address, or is refused.
pub async fn open_at(server: &str, token: &str) -> Result<Stream, tokio_tungstenite::tungstenite::Error> {
    let url = format!("{server}/v1/sync").replace("http://", "ws://");
    let mut request = url.into_client_request()?;
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    Ok(tokio_tungstenite::connect_async(request).await?.0)
}

fn text(message: &ClientMessage) -> Message {
    Message::Text(serde_json::to_string(message).unwrap().into())
}

async fn next(socket: &mut Stream) -> ServerMessage {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("nothing was said")
            .expect("it ended");
        if let Message::Text(text) = message.unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// A plain HTTP client that goes through no proxy.
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}
