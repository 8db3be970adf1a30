//! The task that carries the referee's effects out: the store, those who wait, those who listen, and the clock.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use baton_domain::Timestamp;
use baton_protocol::Cursor;
use baton_store::port::{Batch, DueList, DueRow, Loaded, Needs, PortError, Sequencer, Tail};
use baton_store::server::ServerStore;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

use super::documents::DocumentSet;
use super::handle::Committed;
use super::io::{Effect, Fault, Input, Reply, Ticket};
use super::machine::Referee;
use super::notify::Notifier;

/// How much that is due one look takes.
const DUE_AT_ONCE: usize = 128;
/// The slow look behind every wake-up: another server may have set a deadline.
const SLOW_LOOK_MS: i64 = 5_000;
/// How long the store may take for one step of a commit.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest wait between two looks that find the same: something due that does not go away must not spin.
const SAME_AGAIN_MS: i64 = 1_000;
/// The shortest wait between two looks.
const LOOK_MS: i64 = 20;

/// What the handle asks of the task.
pub(super) enum Request {
    /// Something for the machine, and who waits for its answer.
    Ask {
        ticket: Ticket,
        input: Input,
        answer: oneshot::Sender<Result<Reply, Fault>>,
    },
    /// Finish and stop.
    Stop { done: oneshot::Sender<()> },
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ask { ticket, .. } => f.debug_struct("Ask").field("ticket", ticket).finish_non_exhaustive(),
            Self::Stop { .. } => f.write_str("Stop"),
        }
    }
}

type Tx = <ServerStore as Sequencer>::Tx;
type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// What a call to the store brought back.
enum Stored {
    Began(Box<Result<(Tx, Loaded), PortError>>),
    Appended(Result<(), PortError>),
}

/// The task.
pub(super) struct Driver {
    store: ServerStore,
    referee: Referee,
    requests: mpsc::Receiver<Request>,
    waiting: BTreeMap<Ticket, oneshot::Sender<Result<Reply, Fault>>>,
    commits: broadcast::Sender<Arc<Committed>>,
    documents: watch::Sender<Arc<DocumentSet>>,
    head: watch::Sender<Cursor>,
    notifier: Option<Notifier>,
    tx: Option<Tx>,
    storing: Pending<Stored>,
    looking: Pending<Result<DueList, PortError>>,
    following: Pending<Result<Tail, PortError>>,
    wake_at: Timestamp,
    /// When the last look for deadlines began.
    looked_at: i64,
    /// How far the clock of this server is ahead of the store's, as of the last look.
    ahead_ms: i64,
    found: Vec<DueRow>,
}

impl Driver {
    pub(super) fn new(
        store: ServerStore,
        requests: mpsc::Receiver<Request>,
        commits: broadcast::Sender<Arc<Committed>>,
        documents: watch::Sender<Arc<DocumentSet>>,
        head: watch::Sender<Cursor>,
    ) -> Self {
        let secret = *store.secret();
        let header_ids = Box::new(move |id: baton_domain::MessageId, domain: &str| {
            baton_channels::email::thread::own_message_id(id.0, &secret, domain)
        });
        let notifier = store.is_shared().then(|| Notifier::start(store.clone()));
        Self {
            store,
            referee: Referee::new(header_ids),
            requests,
            waiting: BTreeMap::new(),
            commits,
            documents,
            head,
            notifier,
            tx: None,
            storing: None,
            looking: None,
            following: None,
            wake_at: Timestamp(baton_clock::now_ms()),
            looked_at: 0,
            ahead_ms: 0,
            found: Vec::new(),
        }
    }

    /// Runs until somebody stops it or nobody holds it any more.
    pub(super) async fn run(mut self) {
        let mut stopping: Option<oneshot::Sender<()>> = None;
        loop {
            if self.storing.is_none()
                && let Some(done) = stopping.take()
            {
                // Nobody waiting is told: what is not answered may be asked again.
                done.send(()).ok();
                return;
            }
            tokio::select! {
                stored = ready(&mut self.storing) => self.stored(stored).await,
                request = self.requests.recv(), if stopping.is_none() => match request {
                    Some(Request::Ask { ticket, input, answer }) => {
                        self.waiting.insert(ticket, answer);
                        self.tell(input).await;
                    }
                    Some(Request::Stop { done }) => stopping = Some(done),
                    None if self.storing.is_none() => return,
                    None => stopping = Some(oneshot::channel().0),
                },
                list = ready(&mut self.looking), if stopping.is_none() => self.looked(list).await,
                tail = ready(&mut self.following), if stopping.is_none() => self.followed(tail).await,
                () = woken(&mut self.notifier), if self.following.is_none() => self.follow(),
                () = nap(self.wake_at), if self.looking.is_none() && stopping.is_none() => self.look(),
            }
        }
    }

    async fn tell(&mut self, input: Input) {
        let effects = self.referee.handle(input);
        // Whoever gets an answer finds the documents it was judged by.
        self.show_documents();
        self.show_epoch();
        for effect in effects {
            match effect {
                Effect::Begin(needs) => self.storing = Some(Box::pin(begin(self.store.clone(), *needs))),
                Effect::Append(batch) => match self.tx.take() {
                    Some(tx) => self.storing = Some(Box::pin(append(self.store.clone(), tx, *batch))),
                    None => tracing::error!("an append without the head"),
                },
                Effect::Rollback => {
                    if let Some(tx) = self.tx.take() {
                        self.store.rollback(tx).await;
                    }
                }
                Effect::Answer { ticket, outcome } => {
                    if let Some(answer) = self.waiting.remove(&ticket) {
                        // Whoever asked may be gone.
                        answer.send(outcome).ok();
                    }
                }
                Effect::Publish { from, to, entries } => self.publish(from, to, entries),
                Effect::WakeAt(at) => self.wake_at = self.wake_at.min(at.plus_ms(self.ahead_ms)),
            }
        }
    }

    fn publish(&self, from: u64, to: Cursor, entries: Vec<baton_domain::LogEntry>) {
        self.head.send_replace(to.clone());
        // Without subscribers there is nobody to tell.
        self.commits.send(Arc::new(Committed { from, to, entries })).ok();
    }

    /// Another log lies under us: what was published of the old one leads nowhere.
    fn show_epoch(&self) {
        let Some(cursor) = self.referee.cursor() else { return };
        self.head.send_if_modified(|shown| {
            let changed = shown.epoch != cursor.epoch;
            if changed {
                *shown = cursor;
            }
            changed
        });
    }

    fn show_documents(&self) {
        let current = self.referee.documents();
        self.documents.send_if_modified(|shown| {
            let changed = !Arc::ptr_eq(shown, current);
            if changed {
                *shown = Arc::clone(current);
            }
            changed
        });
    }

    async fn stored(&mut self, stored: Stored) {
        self.storing = None;
        let input = match stored {
            Stored::Began(began) => match *began {
                Ok((tx, loaded)) => {
                    self.tx = Some(tx);
                    Input::Began {
                        loaded: Box::new(loaded),
                        entropy: entropy(),
                    }
                }
                Err(error) => Input::StoreFailed { error },
            },
            Stored::Appended(Ok(())) => {
                if let Some(notifier) = &self.notifier {
                    notifier.tell();
                }
                Input::Appended
            }
            Stored::Appended(Err(error)) => Input::StoreFailed { error },
        };
        if let Input::StoreFailed { error } = &input {
            tracing::warn!(%error, "a commit failed");
        }
        self.tell(input).await;
    }

    fn look(&mut self) {
        self.looked_at = baton_clock::now_ms();
        let store = self.store.clone();
        self.looking = Some(Box::pin(async move { store.due(DUE_AT_ONCE).await }));
        // The other servers' appends are looked for as slowly.
        if self.notifier.is_some() {
            self.follow();
        }
        self.wake_at = Timestamp(baton_clock::now_ms().saturating_add(SLOW_LOOK_MS));
    }

    async fn looked(&mut self, list: Result<DueList, PortError>) {
        self.looking = None;
        let now = baton_clock::now_ms();
        let list = match list {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(%error, "the deadlines can't be read");
                return;
            }
        };
        self.ahead_ms = ahead_ms(list.now, self.looked_at, now);
        self.wake_at = self.wake_at.min(look_again(&list, &self.found, now, self.ahead_ms));
        let rows = list.rows;
        self.found.clone_from(&rows);
        if !rows.is_empty() {
            self.tell(Input::Tick { due: rows }).await;
        }
    }

    fn follow(&mut self) {
        if self.following.is_some() {
            return;
        }
        let (store, after) = (self.store.clone(), self.head.borrow().number);
        self.following = Some(Box::pin(async move { store.tail(after).await }));
    }

    async fn followed(&mut self, tail: Result<Tail, PortError>) {
        self.following = None;
        match tail {
            Ok(tail) if tail.entries.is_empty() => {}
            Ok(tail) => self.tell(Input::Tail { tail }).await,
            Err(error) => tracing::warn!(%error, "what other servers appended can't be read"),
        }
    }
}

/// How far a clock is ahead of the store's, which showed `store` while that clock went from `from` to `to`. Not at all, as far as that says.
fn ahead_ms(store: Timestamp, from: i64, to: i64) -> i64 {
    let (least, most) = (from.saturating_sub(store.0), to.saturating_sub(store.0));
    0.clamp(least.min(most), most)
}

/// When to look for deadlines again after `list` was read at `now`, by the clock of this server, which is so much ahead of the store's: what
/// is due is the store's to say.
fn look_again(list: &DueList, found_before: &[DueRow], now: i64, ahead_ms: i64) -> Timestamp {
    let rest = if !list.rows.is_empty() && list.rows == found_before {
        SAME_AGAIN_MS
    } else {
        LOOK_MS
    };
    let soonest = now.saturating_add(rest);
    let next = if list.rows.is_empty() {
        list.next.map_or(i64::MAX, |next| next.plus_ms(ahead_ms).0)
    } else {
        soonest
    };
    Timestamp(next.max(soonest))
}

async fn begin(store: ServerStore, needs: Needs) -> Stored {
    let began = in_time(store.begin(&needs)).await;
    Stored::Began(Box::new(began))
}

async fn append(store: ServerStore, tx: Tx, batch: Batch) -> Stored {
    Stored::Appended(in_time(store.append(tx, batch)).await)
}

/// A database that went away without a word is unavailable. Whether a commit reached it, the next one tells.
async fn in_time<T>(call: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(|_| Err(PortError::Unavailable("no answer in time".to_owned())))
}

/// What a pending call brings; never, while there is none.
async fn ready<T>(pending: &mut Pending<T>) -> T {
    match pending {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn woken(notifier: &mut Option<Notifier>) {
    match notifier {
        Some(notifier) => notifier.woken().await,
        None => std::future::pending().await,
    }
}

/// Sleeps until that instant by the process's clock, which a test may move.
async fn nap(until: Timestamp) {
    loop {
        let wait = until.since_ms(Timestamp(baton_clock::now_ms()));
        if wait <= 0 {
            return;
        }
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(baton_clock::nap_ms(wait))).await;
    }
}

/// Randomness for the salts of one commit. Where the system has none the salts of that commit are only as secret as the log.
fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no randomness");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the store says at its own `now`.
    fn list(now: i64, next: Option<i64>) -> DueList {
        DueList {
            rows: Vec::new(),
            now: Timestamp(now),
            next: next.map(Timestamp),
        }
    }

    #[test]
    fn the_next_deadline_is_met_by_whatever_clock() {
        let store = list(1_000_000, Some(1_060_000));
        for ours in [1_000_000, 700_000, 1_300_000] {
            let ahead = ahead_ms(store.now, ours - 10, ours + 10);
            let met = look_again(&store, &[], ours + 10, ahead);
            assert!((ours + 59_990..=ours + 60_010).contains(&met.0), "{met:?} at {ours}");
        }
    }

    #[test]
    fn a_look_that_takes_long_is_no_clock_that_is_ahead() {
        assert_eq!(ahead_ms(Timestamp(1_000), 900, 9_000), 0);
        assert_eq!(ahead_ms(Timestamp(1_000), 1_500, 9_000), 500);
        assert_eq!(ahead_ms(Timestamp(1_000), 100, 200), -800);
    }

    #[test]
    fn it_is_never_looked_again_at_once() {
        let due_now = list(1_000_000, Some(1_000_000));
        assert_eq!(look_again(&due_now, &[], 5_000_000, 0), Timestamp(5_000_000 + LOOK_MS));
        assert_eq!(look_again(&list(0, None), &[], 5, 0), Timestamp(i64::MAX));
    }
}
