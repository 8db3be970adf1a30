//! One desktop's socket, from Hello to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use baton_domain::{Command, CommandId, DeviceId, SessionId};
use baton_protocol::{Answer, ClientMessage, Cursor, PROTOCOL_VERSION, ServerMessage, SyncRefusal};
use futures::stream::FuturesUnordered;
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use super::presence::{BATCH_MS, Look};
use super::progress::{Advance, Line as _, Progress};
use super::{Shown, scopes};
use crate::auth::Caller;
use crate::core::Core;
use crate::http::from_session;
use crate::referee::SubmitError;

/// How long a desktop may take to say Hello.
const HELLO: Duration = Duration::from_secs(15);

/// How often the server says that it is still there.
const PING: Duration = Duration::from_secs(25);

/// Silence after which a desktop is taken for gone: it answers pings.
const SILENCE: Duration = Duration::from_secs(70);

/// How long one message may take to be written before the desktop is too slow.
const WRITE: Duration = Duration::from_secs(20);

/// How long an answer waits for the frame that shows what it did.
const ALONE: Duration = Duration::from_millis(5);

/// Commands of one connection that wait for the referee. Until one is answered no more are read.
const IN_FLIGHT: usize = 256;

/// The longest key of a notification, in bytes.
const KEY: usize = 400;

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The other side left, or the network did.
    Gone,
    /// The server says why.
    Refused(SyncRefusal),
    /// The server stops; the desktop comes back.
    Stopping,
    /// The log could not be read; the desktop comes back.
    Broken(String),
}

type InFlight = Pin<Box<dyn Future<Output = (CommandId, Result<Answer, SubmitError>)> + Send>>;

/// Serves a desktop until it leaves.
pub(super) async fn serve(core: Arc<Core>, caller: Caller, socket: WebSocket) {
    let member = caller.member.id;
    let connection = SessionId(Uuid::new_v4());
    let _serving = core.serving.token();
    let mut wire = Wire { socket, flush_at: None };
    let end = match Connection::begin(&core, caller, connection, &mut wire).await {
        Ok(mut connection) => connection.run(&mut wire).await,
        Err(end) => end,
    };
    core.presence.left(member, connection);
    core.relay.left(member, connection);
    match end {
        End::Gone => {}
        End::Refused(why) => {
            tracing::info!(%member, ?why, "a desktop was cut");
            // One that takes nothing is not waited for a second time.
            let refused = ServerMessage::Refused { why };
            let _ = tokio::time::timeout(Duration::from_secs(2), wire.say(&refused)).await;
            wire.close(close_code::POLICY, "refused").await;
        }
        End::Stopping => wire.close(close_code::AWAY, "the server stops").await,
        End::Broken(why) => {
            tracing::warn!(%member, why, "a desktop could not be served");
            wire.close(close_code::ERROR, "try again").await;
        }
    }
}

/// The socket, with a limit to its patience.
pub(super) struct Wire {
    socket: WebSocket,
    /// By when what was only queued has to leave.
    flush_at: Option<Instant>,
}

impl super::progress::Line for Wire {
    async fn text(&mut self, text: Utf8Bytes) -> Result<(), End> {
        self.write(Message::Text(text)).await
    }
}

/// Waits until then; for ever without an instant.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn written<E>(outcome: Result<Result<(), E>, tokio::time::error::Elapsed>) -> Result<(), End> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Refused(SyncRefusal::TooSlow)),
    }
}

impl Wire {
    async fn write(&mut self, message: Message) -> Result<(), End> {
        // Whatever was queued before goes along.
        self.flush_at = None;
        written(tokio::time::timeout(WRITE, self.socket.send(message)).await)
    }

    /// Writes an answer that need not leave at once: the frame with what the command did comes right behind it, and both go together.
    async fn queue(&mut self, message: &ServerMessage) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|error| End::Broken(error.to_string()))?;
        self.flush_at.get_or_insert_with(|| Instant::now() + ALONE);
        written(tokio::time::timeout(WRITE, self.socket.feed(Message::Text(text.into()))).await)
    }

    /// Sends what was queued.
    async fn flush(&mut self) -> Result<(), End> {
        self.flush_at = None;
        written(tokio::time::timeout(WRITE, self.socket.flush()).await)
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), self.socket.send(Message::Close(Some(frame)))).await;
        let _ = tokio::time::timeout(Duration::from_secs(2), self.socket.close()).await;
    }

    /// The next message; `None` for a ping or pong, which only show that somebody is there.
    async fn next(&mut self) -> Result<Option<ClientMessage>, End> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| End::Refused(SyncRefusal::Malformed)),
            Some(Ok(Message::Binary(_))) => Err(End::Refused(SyncRefusal::Malformed)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
        }
    }
}

struct Connection<'a> {
    core: &'a Arc<Core>,
    caller: Caller,
    id: SessionId,
    device: DeviceId,
    progress: Progress,
    in_flight: FuturesUnordered<InFlight>,
    presence_turn: u64,
    heard: Instant,
}

impl<'a> Connection<'a> {
    /// Hears Hello, and says Welcome.
    async fn begin(core: &'a Arc<Core>, caller: Caller, id: SessionId, wire: &mut Wire) -> Result<Self, End> {
        let hello = async {
            loop {
                if let Some(message) = wire.next().await? {
                    return Ok(message);
                }
            }
        };
        let hello = tokio::time::timeout(HELLO, hello)
            .await
            .map_err(|_| End::Refused(SyncRefusal::Malformed))??;
        let ClientMessage::Hello {
            protocol,
            device,
            cursor,
            scopes: has,
        } = hello
        else {
            return Err(End::Refused(SyncRefusal::Malformed));
        };
        if protocol != PROTOCOL_VERSION {
            let newer = protocol > PROTOCOL_VERSION;
            let why = if newer {
                SyncRefusal::UpdateServer
            } else {
                SyncRefusal::UpdateDesktop
            };
            return Err(End::Refused(why));
        }
        let head: Cursor = core.feed.head().borrow().clone();
        let progress = Progress::resume(core, caller.member.id, cursor, has).await?;
        wire.say(&ServerMessage::Welcome {
            epoch: head.epoch,
            member: caller.member.id,
            now: core.now(),
            head: head.number,
            scopes: scopes::scopes(progress.readable()),
            snapshot: progress.lacks_snapshot(),
        })
        .await?;
        tracing::debug!(member = %caller.member.id, device = %device, "a desktop is connected");
        let in_flight = FuturesUnordered::new();
        Ok(Self {
            core,
            caller,
            id,
            device,
            progress,
            in_flight,
            presence_turn: 0,
            heard: Instant::now(),
        })
    }

    async fn run(&mut self, wire: &mut Wire) -> End {
        match self.work(wire).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn work(&mut self, wire: &mut Wire) -> Result<std::convert::Infallible, End> {
        let core = self.core;
        let mut head = core.feed.head();
        let mut presence = core.presence.changes();
        let mut health = core.health.subscribe();
        let mut endings = core.auth.endings();
        let mut shown = core.relay.listen();
        let stop = core.stop.clone();
        let mut ping = tokio::time::interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();

        head.mark_unchanged();
        self.catch_up(wire).await?;
        self.tell_presence(wire).await?;
        self.tell_health(wire).await?;
        let mut tell_presence_at = None;
        loop {
            let presence_due = due(tell_presence_at);
            let flush_due = due(wire.flush_at);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(End::Stopping),
                ended = endings.recv() => match ended {
                    Ok(ended) if ended.session == self.caller.session => return Err(self.ended()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.must_stand().await?,
                    Err(RecvError::Closed) => return Err(End::Stopping),
                },
                Some((command, answer)) = self.in_flight.next() => self.answered(wire, command, answer).await?,
                changed = head.changed() => {
                    changed.map_err(|_| End::Stopping)?;
                    self.catch_up(wire).await?;
                }
                () = flush_due => wire.flush().await?,
                message = wire.next(), if self.in_flight.len() < IN_FLIGHT => {
                    self.heard = Instant::now();
                    if let Some(message) = message? {
                        self.hear(wire, message).await?;
                    }
                }
                changed = presence.changed(), if tell_presence_at.is_none() => {
                    changed.map_err(|_| End::Stopping)?;
                    tell_presence_at = Some(Instant::now() + Duration::from_millis(BATCH_MS));
                }
                () = presence_due => {
                    tell_presence_at = None;
                    presence.mark_unchanged();
                    self.tell_presence(wire).await?;
                }
                changed = health.changed() => {
                    changed.map_err(|_| End::Stopping)?;
                    self.tell_health(wire).await?;
                }
                told = shown.recv() => match told {
                    Ok(told) if told.member == self.caller.member.id && told.connection != self.id => {
                        wire.say(&ServerMessage::Notified { key: told.key, handled: told.handled }).await?;
                    }
                    // What was missed in a flood shows on the desktop when it is handled.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(End::Stopping),
                },
                _ = ping.tick() => {
                    if self.heard.elapsed() > SILENCE {
                        return Err(End::Gone);
                    }
                    self.must_stand().await?;
                    wire.write(Message::Ping(bytes::Bytes::new())).await?;
                }
            }
        }
    }

    /// The session ended: because the member left, or because it was revoked.
    fn ended(&self) -> End {
        let here = self
            .core
            .directory
            .member(self.caller.member.id)
            .is_some_and(|member| member.active);
        End::Refused(if here {
            SyncRefusal::SignedOut
        } else {
            SyncRefusal::MemberRemoved
        })
    }

    /// Another server of the same database may have ended it.
    async fn must_stand(&mut self) -> Result<(), End> {
        let (core, caller) = (self.core, self.caller.clone());
        match core.auth.stands(&caller).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.ended()),
            Err(error) => Err(End::Broken(error.to_string())),
        }
    }

    async fn catch_up(&mut self, wire: &mut Wire) -> Result<(), End> {
        match self.progress.advance(self.core, wire).await? {
            Advance::Level => Ok(()),
            Advance::MemberLeft => Err(End::Refused(SyncRefusal::MemberRemoved)),
        }
    }

    async fn hear(&mut self, wire: &mut Wire, message: ClientMessage) -> Result<(), End> {
        match message {
            ClientMessage::Hello { .. } => Err(End::Refused(SyncRefusal::Malformed)),
            ClientMessage::Submit { command } => self.submit(wire, *command).await,
            ClientMessage::Presence { looking, active } => {
                let at = match looking {
                    Some(conversation) => self.core.inbox_of(conversation).await,
                    None => None,
                };
                // Looking at what one may not read is looking at nothing.
                let at = looking
                    .zip(at)
                    .filter(|(_, inbox)| self.progress.readable().inboxes.contains(inbox));
                let (member, look) = (self.caller.member.id, Look { at, active });
                self.core.presence.look(member, self.id, look);
                self.core.relay.looks(member, self.id, look);
                Ok(())
            }
            ClientMessage::Renew {
                conversation,
                token,
                active_at,
            } => {
                let member = self.caller.member.id;
                // A renewal that fails shows itself: the lock ends, and the log says so.
                if let Err(error) = self
                    .core
                    .renew(conversation, token, member, self.device, active_at)
                    .await
                {
                    tracing::debug!(%error, "a reply lock was not renewed");
                }
                Ok(())
            }
            ClientMessage::Notified { key, handled } if key.len() <= KEY => {
                let (member, connection, device) = (self.caller.member.id, self.id, self.device);
                self.core.relay.tell(Shown {
                    member,
                    connection,
                    device,
                    key,
                    handled,
                });
                Ok(())
            }
            ClientMessage::Notified { .. } => Err(End::Refused(SyncRefusal::Malformed)),
            ClientMessage::Ping => wire.say(&ServerMessage::Pong { now: self.core.now() }).await,
        }
    }

    /// Hands a command to the referee without waiting for its answer. It is polled once at once, so that commands reach the
    /// referee in the order in which they came.
    async fn submit(&mut self, wire: &mut Wire, command: Command) -> Result<(), End> {
        let mut command = from_session(command, &self.caller);
        command.device = self.device;
        let id = command.id;
        let referee = self.core.referee.clone();
        let mut asked: InFlight = Box::pin(async move { (id, referee.submit(command).await) });
        let answered = match futures::poll!(asked.as_mut()) {
            Poll::Ready(answered) => answered,
            Poll::Pending => {
                self.in_flight.push(asked);
                return Ok(());
            }
        };
        drop(asked);
        self.answered(wire, answered.0, answered.1).await
    }

    async fn answered(
        &mut self,
        wire: &mut Wire,
        command: CommandId,
        answer: Result<Answer, SubmitError>,
    ) -> Result<(), End> {
        match answer {
            Ok(answer @ Answer::Done { to, .. }) if !self.progress.has_reached(to) => {
                wire.queue(&ServerMessage::Answer { command, answer }).await
            }
            Ok(answer) => wire.say(&ServerMessage::Answer { command, answer }).await,
            // Not judged: the desktop keeps it, comes back and sends it again.
            Err(error) => Err(End::Broken(error.to_string())),
        }
    }

    async fn tell_presence(&mut self, wire: &mut Wire) -> Result<(), End> {
        let (turn, places) = self.core.presence.since(self.presence_turn);
        let first = self.presence_turn == 0;
        self.presence_turn = turn;
        let inboxes = &self.core.readable(self.caller.member.id).inboxes;
        let present: Vec<_> = places.iter().map(|place| place.seen_by(inboxes)).collect();
        if present.is_empty() && !first {
            return Ok(());
        }
        wire.say(&ServerMessage::Presence { present }).await
    }

    async fn tell_health(&mut self, wire: &mut Wire) -> Result<(), End> {
        let accounts = self.core.health_for(&self.core.readable(self.caller.member.id));
        wire.say(&ServerMessage::Health { accounts }).await
    }
}
