//! A replica at work: the engine, and the drivers that carry out what it says.
//!
//! One lock stands around the engine. An input and everything that follows from it happen under it, in order, so that what must
//! be durable before something is said is durable before it is said. What takes time (the network, parsing) runs beside it and
//! comes back as another input.

mod clock;
mod companies;
mod drafts;
mod fetch;
mod files;
mod find;
mod index;
mod link;
mod mailboxes;
pub(crate) mod people;
mod rules;
mod signature;
mod starting;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use baton_domain::{ConversationId, Timestamp};
use baton_protocol::{Acted, ApiError, ClientMessage, ErrorCode, UiEvent};
use baton_store::replica::{ReplicaError, ReplicaStore};
use tokio::sync::{Mutex, Notify, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Shell;
use crate::blobs::Blobs;
use crate::engine::{Ask, Effect, End, Engine, Identity, Input, Ticket, Told};
use crate::hosting;
use crate::net::{Http, error};
use drafts::DraftJob;

pub(crate) use files::Attached;

/// What a replica works with.
pub(crate) struct Parts {
    pub(crate) store: ReplicaStore,
    pub(crate) http: Http,
    pub(crate) blobs: Blobs,
    pub(crate) shell: Arc<dyn Shell>,
    pub(crate) events: broadcast::Sender<UiEvent>,
    pub(crate) badge: Arc<AtomicU32>,
    pub(crate) identity: Identity,
    /// How to sign in to the mailboxes this desktop hosts.
    pub(crate) mailboxes: hosting::Keep,
    /// The server is in this program: bodies are read through it, and no copies are made.
    pub(crate) embedded: bool,
    /// Told when there is nothing more to say to the server.
    pub(crate) ended: mpsc::UnboundedSender<End>,
}

/// A replica at work.
pub(crate) struct Work {
    running: Mutex<Running>,
    pub(crate) store: ReplicaStore,
    pub(crate) http: Http,
    pub(crate) blobs: Blobs,
    pub(crate) shell: Arc<dyn Shell>,
    pub(crate) mailboxes: hosting::Keep,
    pub(crate) embedded: bool,
    identity: Identity,
    events: broadcast::Sender<UiEvent>,
    badge: Arc<AtomicU32>,
    ended: mpsc::UnboundedSender<End>,
    drafts: mpsc::UnboundedSender<DraftJob>,
    wake_at: watch::Sender<Option<Timestamp>>,
    reconnect: watch::Sender<u64>,
    hurry: Notify,
    fetch_bodies: Notify,
    fetch_balances: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Running {
    engine: Engine,
    /// What the next engine's ids grow from: none of them may repeat one that this engine gave away.
    next_seed: [u8; 32],
    tickets: BTreeMap<Ticket, oneshot::Sender<Result<Told, ApiError>>>,
    next_ticket: u64,
    socket: Option<mpsc::UnboundedSender<ClientMessage>>,
    /// Conversations in which a draft was looked for on this connection.
    looked_for_drafts: BTreeSet<ConversationId>,
}

/// How long what is under way gets to finish: a reply that is being handed in, above all.
const FAREWELL: Duration = Duration::from_secs(8);

/// Now, by this computer's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp(baton_clock::now_ms())
}

impl Work {
    /// Loads the replica and sets everything going.
    pub(crate) async fn start(parts: Parts) -> Result<Arc<Self>, ReplicaError> {
        let engine = Engine::new(parts.store.load().await?, parts.identity.clone());
        let (drafts, jobs) = mpsc::unbounded_channel();
        let work = Arc::new(Self {
            running: Mutex::new(Running {
                engine,
                next_seed: after(&parts.identity.seed),
                tickets: BTreeMap::new(),
                next_ticket: 1,
                socket: None,
                looked_for_drafts: BTreeSet::new(),
            }),
            store: parts.store,
            http: parts.http,
            blobs: parts.blobs,
            shell: parts.shell,
            mailboxes: parts.mailboxes,
            embedded: parts.embedded,
            identity: parts.identity,
            events: parts.events,
            badge: parts.badge,
            ended: parts.ended,
            drafts,
            wake_at: watch::Sender::new(None),
            reconnect: watch::Sender::new(0),
            hurry: Notify::new(),
            fetch_bodies: Notify::new(),
            fetch_balances: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        work.input(Input::Started).await;
        work.spawn(clock::run(work.clone()));
        work.spawn(link::run(work.clone()));
        work.spawn(drafts::run(work.clone(), jobs));
        work.spawn(fetch::bodies(work.clone()));
        work.spawn(fetch::balances(work.clone()));
        work.spawn(index::run(work.clone()));
        work.spawn(hosting::run(work.clone()));
        Ok(work)
    }

    /// Runs until it is done or the desktop stops.
    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs to its own end: it heeds [`Self::stopping`], and is waited for.
    pub(crate) fn finish(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tasks.spawn(task)
    }

    /// Cancelled when the desktop stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Stops everything. The replica stays open: it belongs to the installation.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(FAREWELL, self.tasks.wait()).await.is_err() {
            tracing::warn!("something was still under way; it is found again at the next start");
        }
        let mut running = self.running.lock().await;
        running.tickets.clear();
        running.socket = None;
    }

    /// Something happened.
    pub(crate) async fn input(self: &Arc<Self>, input: Input) {
        let mut running = self.running.lock().await;
        let effects = running.engine.handle(now(), input);
        self.carry_out(&mut running, effects).await;
    }

    /// The person asks, and waits for the answer.
    pub(crate) async fn ask(self: &Arc<Self>, ask: Ask) -> Result<Told, ApiError> {
        let (tell, told) = oneshot::channel();
        {
            let mut running = self.running.lock().await;
            let ticket = Ticket(running.next_ticket);
            running.next_ticket = running.next_ticket.saturating_add(1);
            running.tickets.insert(ticket, tell);
            let ask = Box::new(ask);
            let effects = running.engine.handle(now(), Input::Ui { ticket, ask });
            self.carry_out(&mut running, effects).await;
        }
        match told.await {
            Ok(Ok(Told::Failed(error))) | Ok(Err(error)) => Err(error),
            Ok(Ok(told)) => Ok(told),
            Err(_) => Err(error(
                ErrorCode::StoreUnavailable,
                "Baton was stopped before this was answered",
            )),
        }
    }

    /// What the window is told, from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<UiEvent> {
        self.events.subscribe()
    }

    /// Asks the server whether everything received is accounted for.
    pub(crate) fn count_anew(&self) {
        self.fetch_balances.notify_one();
    }

    /// Looks something up in the engine.
    pub(crate) async fn look<T>(&self, at: impl FnOnce(&Engine) -> T) -> T {
        at(&self.running.lock().await.engine)
    }

    /// A conversation on screen: its log and its state, of the same moment.
    pub(crate) async fn open(
        self: &Arc<Self>,
        id: ConversationId,
    ) -> Result<Option<baton_protocol::Opened>, ReplicaError> {
        let mut running = self.running.lock().await;
        let mut entries = Vec::new();
        for part in running.engine.one_with(id) {
            entries.extend(self.store.entries(part).await?);
        }
        entries.sort_by_key(|entry| entry.number);
        let opened = running.engine.opened(id, entries);
        let no_draft = opened.as_ref().is_some_and(|opened| opened.draft.is_none());
        // With the server in this program there is no other device. Otherwise once a connection is enough.
        if no_draft && !self.embedded && running.socket.is_some() && running.looked_for_drafts.insert(id) {
            self.spawn(fetch::draft(self.clone(), id));
        }
        Ok(opened)
    }

    async fn carry_out(self: &Arc<Self>, running: &mut Running, effects: Vec<Effect>) {
        let mut effects = effects.into_iter();
        while let Some(effect) = effects.next() {
            match effect {
                Effect::Persist(batch) => {
                    if let Err(error) = self.store.apply(&batch).await {
                        self.not_kept(running, effects.collect(), error).await;
                        return;
                    }
                }
                Effect::Answer(ticket, told) => {
                    if let Some(waiting) = running.tickets.remove(&ticket) {
                        // Whoever asked may have gone.
                        let _ = waiting.send(Ok(told));
                    }
                }
                Effect::Send(message) => {
                    if let Some(socket) = &running.socket {
                        // A connection that is going is told of by the link.
                        let _ = socket.send(*message);
                    }
                }
                effect => self.aside(effect),
            }
        }
    }

    /// Effects that need nothing of the engine.
    fn aside(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::Reconnect => self.reconnect.send_modify(|times| *times = times.wrapping_add(1)),
            Effect::Hurry => self.hurry.notify_one(),
            Effect::SaveDraft { draft, files } => self.draft_job(DraftJob::Save(draft, files)),
            Effect::DeleteDraft(conversation) => self.draft_job(DraftJob::Delete(conversation)),
            Effect::Refetch(conversation) => self.spawn(fetch::conversation(self.clone(), conversation)),
            Effect::FetchBalances => self.fetch_balances.notify_one(),
            Effect::FetchBodies => self.fetch_bodies.notify_one(),
            Effect::LetGoOfBodies => self.spawn(fetch::let_go(self.clone())),
            Effect::Emit(event) => {
                // No window listens: then nobody has to be told.
                let _ = self.events.send(event);
            }
            Effect::Notify(notification) => {
                if let Err(error) = self.shell.notify(notification) {
                    tracing::warn!(%error, "a notification could not be shown");
                }
            }
            Effect::Withdraw(key) => self.shell.withdraw(&key),
            Effect::Badge(badge) => {
                self.badge.store(badge.count, Ordering::Relaxed);
                self.shell.badge(badge);
            }
            Effect::End(end) => {
                // The desktop that listens lives longer than its work.
                let _ = self.ended.send(end);
            }
            Effect::WakeAt(at) => {
                self.wake_at.send_replace(Some(at));
            }
            Effect::Persist(_) | Effect::Answer(..) | Effect::Send(_) => {}
        }
    }

    fn draft_job(&self, job: DraftJob) {
        // The worker ends only with everything else.
        let _ = self.drafts.send(job);
    }

    /// The disk did not take it: nothing of it happened. The engine is thrown away and loaded from what is there, the
    /// connection begins anew, and whoever waits is told. What had been kept before still leaves: nobody is to do it twice.
    async fn not_kept(self: &Arc<Self>, running: &mut Running, rest: Vec<Effect>, cause: ReplicaError) {
        tracing::error!(error = %cause, "the replica could not be written");
        let code = match cause {
            ReplicaError::DiskFull => ErrorCode::DiskFull,
            _ => ErrorCode::StoreUnavailable,
        };
        let mut kept = running.engine.attended();
        drop(rest);
        running.socket = None;
        match self.store.load().await {
            Ok(loaded) => {
                let mut identity = self.identity.clone();
                identity.seed = running.next_seed;
                running.next_seed = after(&identity.seed);
                running.engine = Engine::new(loaded, identity);
                let started = running.engine.handle(now(), Input::Started);
                // What could not be written a moment ago is not written now: it will be when the connection is back.
                for effect in started {
                    if !matches!(effect, Effect::Persist(_) | Effect::Notify(_)) {
                        self.aside(effect);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "the replica could not be read again");
                kept.clear();
            }
        }
        kept.retain(|(_, command)| running.engine.keeps(*command));
        for (ticket, command) in kept {
            if let Some(waiting) = running.tickets.remove(&ticket) {
                let _ = waiting.send(Ok(Told::Acted(Acted::Pending { command })));
            }
        }
        let told = error(code, format!("{cause}; nothing was changed"));
        for (_, waiting) in std::mem::take(&mut running.tickets) {
            let _ = waiting.send(Err(told.clone()));
        }
        self.aside(Effect::Reconnect);
    }
}

/// The seed after this one. An engine that is thrown away may have sent ids that its successor would make again from the same seed.
fn after(seed: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("baton 2026 next engine", seed)
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn no_engine_grows_its_ids_from_the_seed_of_one_before() {
        let first = [7; 32];
        let mut seeds = vec![first];
        for _ in 0..10 {
            let next = seeds.last().map_or(first, after);
            assert!(!seeds.contains(&next));
            seeds.push(next);
        }
    }
}
