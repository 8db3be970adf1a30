//! Desktops as the server sees them, as light as they can be: a socket each, that says hello, reads what is told and notes when.
//!
//! The same reading serves Redis' subscribers ([`crate::redis`]): one task a socket, all on one thread, and one [`Board`] that notes
//! for each number of the log when it was told to whom. What a receiver costs is the same for both.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, DeviceId, MemberId, Scope, Timestamp};
use baton_protocol::{Answer, ClientMessage, Cursor, PROTOCOL_VERSION, ServerMessage};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use uuid::Uuid;

/// How long anything may take before something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a watching desktop's socket reads at once: thousands of them are held by one process.
const READ_BYTES: usize = 8 << 10;
/// The same for one that somebody works at, of which there are few: as the library, and so every desktop, has it.
const WORKING_READ_BYTES: usize = 128 << 10;

type Socket = WebSocketStream<TcpStream>;

/// Where a desktop stands in the log, and what it has of it.
#[derive(Clone, Debug)]
pub struct Place {
    pub cursor: Cursor,
    pub scopes: Vec<Scope>,
}

/// Who is at a desktop.
#[derive(Clone, Debug)]
pub struct Seat {
    pub port: u16,
    pub token: String,
    pub member: MemberId,
}

impl Seat {
    /// Opens a socket and says hello.
    async fn open(&self, place: Option<&Place>, read_bytes: usize) -> Result<(Socket, Vec<Scope>)> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://127.0.0.1:{}/v1/sync", self.port).into_client_request()?;
        let bearer = format!("Bearer {}", self.token);
        request.headers_mut().insert(AUTHORIZATION, bearer.parse()?);
        let config = WebSocketConfig::default()
            .read_buffer_size(read_bytes)
            .max_message_size(None)
            .max_frame_size(None);
        let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let hello = ClientMessage::Hello {
            protocol: PROTOCOL_VERSION,
            device: DeviceId(Uuid::new_v4()),
            cursor: place.map(|place| place.cursor.clone()),
            scopes: place.map(|place| place.scopes.clone()).unwrap_or_default(),
        };
        socket.send(Message::text(serde_json::to_string(&hello)?)).await?;
        match next(&mut socket).await? {
            ServerMessage::Welcome { scopes, .. } => Ok((socket, scopes)),
            other => bail!("no welcome: {other:?}"),
        }
    }

    /// Where a desktop of theirs stands that has everything: what the first part of its snapshot says.
    pub async fn place(&self) -> Result<Place> {
        let (mut socket, scopes) = self.open(None, READ_BYTES).await?;
        loop {
            if let ServerMessage::Snapshot { cursor, .. } = next(&mut socket).await? {
                return Ok(Place { cursor, scopes });
            }
        }
    }

    /// A desktop that only watches: what it hears is noted on the board.
    pub async fn watch(&self, place: &Place, board: &Arc<Board>) -> Result<Watcher> {
        let (mut socket, _) = self.open(Some(place), READ_BYTES).await?;
        let board = Arc::clone(board);
        Ok(Watcher(tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let at = Instant::now();
                if let Message::Text(text) = &message {
                    board.told(text, at);
                }
            }
            board.lost();
        })))
    }

    /// A desktop somebody works at.
    pub async fn work(&self, place: &Place) -> Result<Desk> {
        let (socket, _) = self.open(Some(place), WORKING_READ_BYTES).await?;
        Ok(Desk {
            socket,
            member: self.member,
        })
    }
}

async fn next(socket: &mut Socket) -> Result<ServerMessage> {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        match message
            .context("the server says nothing")?
            .context("the socket ended")??
        {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(why) => bail!("the server closed: {why:?}"),
            _ => {}
        }
    }
}

/// A watching desktop; it leaves with this value.
#[derive(Debug)]
pub struct Watcher(JoinHandle<()>);

impl Watcher {
    /// One that runs already.
    pub fn new(task: JoinHandle<()>) -> Self {
        Self(task)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A desktop somebody works at.
#[derive(Debug)]
pub struct Desk {
    socket: Socket,
    member: MemberId,
}

/// A command that was done.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// When it was given.
    pub given: Instant,
    /// When its answer was there.
    pub answered: Instant,
    /// The number of its last entry.
    pub number: u64,
}

impl Desk {
    /// Gives a command, and waits for its answer.
    pub async fn submit(&mut self, conversation: ConversationId, body: CommandBody) -> Result<Done> {
        let id = CommandId(Uuid::now_v7());
        let command = Command {
            id,
            actor: Actor::Member { id: self.member },
            device: DeviceId(Uuid::nil()),
            conversation,
            issued_at: Timestamp(baton_clock::now_ms()),
            last_seen: None,
            based_on: None,
            body,
        };
        let submit = ClientMessage::Submit {
            command: Box::new(command),
        };
        let text = serde_json::to_string(&submit)?;
        let given = Instant::now();
        self.socket.send(Message::text(text)).await?;
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.context("no answer")?.context("the socket ended")??;
            let answered = Instant::now();
            let Message::Text(text) = message else { continue };
            if !text.starts_with(r#"{"type":"answer""#) {
                continue;
            }
            let ServerMessage::Answer { command, answer } = serde_json::from_str(&text)? else {
                continue;
            };
            match answer {
                Answer::Done { to, .. } if command == id => {
                    return Ok(Done {
                        given,
                        answered,
                        number: to,
                    });
                }
                Answer::Done { .. } => {}
                Answer::Refused { refusal } => bail!("refused: {refusal:?}"),
            }
        }
    }
}

/// When each number of the log was told to whom.
#[derive(Debug, Default)]
pub struct Board {
    /// How many listen.
    listeners: usize,
    heard: Mutex<Heard>,
    all_heard: Notify,
}

#[derive(Debug, Default)]
struct Heard {
    times: BTreeMap<u64, Vec<Instant>>,
    longest: usize,
    lost: bool,
}

impl Board {
    /// A board for so many listeners.
    pub fn new(listeners: usize) -> Arc<Self> {
        Arc::new(Self {
            listeners,
            ..Self::default()
        })
    }

    /// A listener heard something at that instant.
    pub fn told(&self, text: &str, at: Instant) {
        let Some((from, to)) = span(text) else { return };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.longest = heard.longest.max(text.len());
        let mut all = false;
        for number in from + 1..=to {
            let times = heard.times.entry(number).or_default();
            times.push(at);
            all |= times.len() == self.listeners;
        }
        drop(heard);
        if all {
            self.all_heard.notify_one();
        }
    }

    /// A listener was cut off.
    pub fn lost(&self) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).lost = true;
        self.all_heard.notify_one();
    }

    /// The longest message that was heard, in bytes.
    pub fn longest(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).longest
    }

    /// When each of the listeners heard of a number, once all of them have.
    pub async fn times_of(&self, number: u64) -> Result<Vec<Instant>> {
        let waiting = async {
            loop {
                let heard = self.all_heard.notified();
                if let Some(times) = self.taken(number)? {
                    return Ok(times);
                }
                heard.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("entry {number} was not told to all"))?
    }

    /// Fails when one was cut off.
    pub fn nobody_lost(&self) -> Result<()> {
        let lost = self.heard.lock().unwrap_or_else(PoisonError::into_inner).lost;
        ensure!(!lost, "a listener was cut off");
        Ok(())
    }

    fn taken(&self, number: u64) -> Result<Option<Vec<Instant>>> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.lost {
            bail!("a listener was cut off");
        }
        let all = heard
            .times
            .get(&number)
            .is_some_and(|times| times.len() == self.listeners);
        Ok(all.then(|| heard.times.remove(&number)).flatten())
    }
}

/// The numbers a frame covers: those after the first up to the second. Read from its beginning only.
fn span(text: &str) -> Option<(u64, u64)> {
    let rest = text.strip_prefix(r#"{"type":"frame","from":"#)?;
    let (from, rest) = rest.split_once(',')?;
    let (_, rest) = rest.split_once(r#""number":"#)?;
    let (to, _) = rest.split_once(',')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}
