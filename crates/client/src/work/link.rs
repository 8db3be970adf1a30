//! Keeping a connection: opened, listened to, and opened again whenever it goes.

use std::sync::Arc;
use std::time::Duration;

use baton_protocol::{ClientMessage, ConnectionState, ServerMessage, SyncRefusal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{Work, now};
use crate::engine::Input;
use crate::net::{Backoff, OpenError, Socket, open};
use crate::seal::random;

/// However impatient a person is, two attempts are this far apart.
const ATTEMPTS_APART: Duration = Duration::from_millis(400);

/// Why a conversation with the server ended.
enum Ended {
    /// The connection went.
    Gone,
    /// The engine wants another one.
    Again,
}

/// A conversation with the server that is over.
struct Talk {
    ended: Ended,
    /// All that was missing here had come.
    level: bool,
}

pub(super) async fn run(work: Arc<Work>) {
    let mut backoff = Backoff::default();
    loop {
        let Some(address) = work.http.address().await else {
            return;
        };
        let mut again = work.reconnect.subscribe();
        again.mark_unchanged();
        let attempted = Instant::now();
        let (error, at_once) = match open(&address).await {
            Ok(socket) => {
                let opened = Instant::now();
                let talk = talk(&work, socket, &mut again).await;
                backoff.worked(opened.elapsed(), talk.level);
                (None, matches!(talk.ended, Ended::Again))
            }
            Err(OpenError::SignedOut) => {
                let refused = ServerMessage::Refused {
                    why: SyncRefusal::SignedOut,
                };
                work.input(Input::Server(Box::new(refused.into()))).await;
                (None, false)
            }
            Err(OpenError::Failed(error)) => (Some(error), false),
        };
        let dice = random::<1>().map_or(128, |[dice]| dice);
        let wait = backoff.next(dice);
        let wait = if at_once { ATTEMPTS_APART.min(wait) } else { wait };
        let ms = i64::try_from(wait.as_millis()).unwrap_or(0);
        let next = now().plus_ms(ms);
        work.input(Input::Disconnected { error, next }).await;
        // What was asked before this attempt failed is answered by it.
        let earliest = attempted + ATTEMPTS_APART;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = hurried(&work, earliest) => {}
        }
    }
}

async fn hurried(work: &Work, earliest: Instant) {
    work.hurry.notified().await;
    sleep_until(earliest).await;
}

async fn talk(work: &Arc<Work>, mut socket: Socket, again: &mut watch::Receiver<u64>) -> Talk {
    let (say, mut to_say) = mpsc::unbounded_channel::<ClientMessage>();
    {
        let mut running = work.running.lock().await;
        running.socket = Some(say);
        running.looked_for_drafts.clear();
        let effects = running.engine.handle(now(), Input::Connected);
        work.carry_out(&mut running, effects).await;
    }
    let ended = loop {
        tokio::select! {
            message = to_say.recv() => match message {
                Some(message) => if !socket.say(&message).await { break Ended::Gone },
                // Whoever spoke for the engine was thrown away.
                None => break Ended::Again,
            },
            incoming = socket.hear() => match incoming {
                Some(incoming) => work.input(Input::Server(Box::new(incoming))).await,
                None => break Ended::Gone,
            },
            changed = again.changed() => {
                if changed.is_ok() {
                    break Ended::Again;
                }
                break Ended::Gone;
            }
        }
    };
    let level = {
        let mut running = work.running.lock().await;
        running.socket = None;
        running.engine.connection().state == ConnectionState::Online
    };
    socket.close().await;
    Talk { ended, level }
}
