//! What a host of this server is given: the referee, the store and the blobs behind the channel's port.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use baton_channels::email::EmailAccount;
use baton_channels::email::graph::Names;
use baton_channels::email::host::{
    AccountHealth, Arrived, FolderCursor, FolderProgress, Follows, HostPort, JobState, OutboundJob, PortError, Returned,
};
use baton_channels::email::imap::Changes;
use baton_domain::{
    Account, AccountId, AccountMode, Actor, BlobId, Command, CommandBody, CommandId, ConversationId, DeviceId,
    MessageId, Timestamp,
};
use baton_protocol::{Answer, HealthState};
use baton_store::server::{OutboundRow, ServerStore, Sighting, StoreError};
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

use super::hold::Hold;
use super::intake::Intake;
use super::outgoing::{self, NoBytes};
use super::said::Order;
use super::{condition, cursors, follows, update, views};
use crate::core::Core;
use crate::referee::{Fault, SubmitError};

/// How long a reply rests whose fence was refused, in milliseconds: what refuses it usually ends it, too.
const REFUSED_MS: i64 = 2_000;

/// The pauses between two questions whether the fence was passed.
const FENCE_PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// The port of one account's host.
pub struct Port {
    core: Arc<Core>,
    account: Account,
    /// `None` where a desktop has the mailbox.
    mailbox: Option<EmailAccount>,
    hold: Hold,
    /// The names folders are kept under: fixed as long as one host has the account.
    views: OnceCell<BTreeMap<String, u32>>,
    turn: tokio::sync::Mutex<watch::Receiver<u64>>,
    waits: Mutex<Waits>,
    intake: Intake,
}

/// What the next look at the queue knows from the last.
#[derive(Debug, Default)]
struct Waits {
    /// Replies that were given back and may be tried again then.
    held: BTreeMap<MessageId, Timestamp>,
    /// When the next one may leave.
    next: Option<Timestamp>,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port")
            .field("account", &self.account.address)
            .field("hold", &self.hold)
            .finish_non_exhaustive()
    }
}

impl Port {
    pub(super) fn new(core: Arc<Core>, account: Account, mailbox: Option<EmailAccount>, hold: Hold) -> Self {
        let turn = tokio::sync::Mutex::new(core.outgoing.subscribe());
        let intake = Intake::new(Arc::clone(&core), account.clone(), hold.grant());
        Self {
            core,
            account,
            mailbox,
            hold,
            views: OnceCell::new(),
            turn,
            waits: Mutex::default(),
            intake,
        }
    }

    pub(super) const fn account(&self) -> &Account {
        &self.account
    }

    pub(super) const fn id(&self) -> AccountId {
        self.account.id
    }

    pub(super) fn store(&self) -> &ServerStore {
        &self.core.store
    }

    pub(super) async fn must_hold(&self) -> Result<(), PortError> {
        self.hold.check(&self.core.store, self.account.id).await
    }

    /// Says how the account is doing.
    pub(super) fn tell(&self, state: HealthState, health: &AccountHealth) {
        let reads = condition::reads(health);
        let sending = condition::takes(health);
        let order = Order {
            token: self.hold.grant().token,
            at: self.core.now(),
        };
        // A host that is ending, while another one works on the mailbox already, has nothing to say about it.
        if !self.core.hosts.said.here(self.account.id, order) {
            return;
        }
        update(&self.core, &self.account, |shown| {
            shown.state = state;
            shown.last_success = reads.or(shown.last_success);
            shown.sending = sending;
            shown.remarks.clone_from(&health.remarks);
        });
    }

    /// The name a folder is kept under.
    async fn kept_as(&self, folder: &str) -> Result<String, PortError> {
        let views = self.views.get_or_try_init(|| async {
            let rows = self.core.store.folder_cursors(self.account.id).await;
            let rows = rows.map_err(|error| away(&error))?;
            let views = views::current(rows).into_iter();
            Ok::<_, PortError>(views.map(|(folder, (view, _))| (folder, view)).collect())
        });
        let view = views.await?.get(folder).copied().unwrap_or(0);
        Ok(views::kept_as(folder, view))
    }

    /// A reply of this account that is not done with.
    async fn open(&self, id: MessageId) -> Result<OutboundRow, PortError> {
        let rows = self
            .core
            .store
            .open_outbound(Some(self.account.id))
            .await
            .map_err(|error| away(&error))?;
        let row = rows.into_iter().find(|row| row.outbound.id == id);
        row.ok_or_else(|| PortError::Refused("it is settled".to_owned()))
    }

    /// Reports what became of a reply. Saying it twice has the effect of once: the command's id follows from what is said.
    async fn report(&self, what: &str, id: MessageId, attempt: u32, body: CommandBody) -> Result<(), PortError> {
        self.must_hold().await?;
        let row = self.open(id).await?;
        self.submit(
            row.conversation,
            CommandId::derive(id.0, &format!("{what} {attempt}")),
            body,
        )
        .await
    }

    async fn submit(&self, conversation: ConversationId, id: CommandId, body: CommandBody) -> Result<(), PortError> {
        let command = Command {
            id,
            actor: Actor::Channel {
                account: self.account.id,
            },
            device: DeviceId(Uuid::nil()),
            conversation,
            issued_at: self.core.now(),
            last_seen: None,
            based_on: None,
            body,
        };
        match self.core.referee.submit_under(command, Some(self.hold.grant())).await {
            Ok(Answer::Done { .. }) => Ok(()),
            Ok(Answer::Refused { refusal }) => Err(PortError::Refused(format!("{refusal:?}"))),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Asks once whether a reply passes the fence. Asking with the same id again has the same answer.
    pub(crate) async fn fence(&self, id: MessageId, attempt: u32, command: CommandId) -> Result<(), PortError> {
        self.must_hold().await?;
        let row = self.open(id).await?;
        let body = CommandBody::OutboundSending { outbound: id, attempt };
        let passed = self.submit(row.conversation, command, body).await;
        if let Err(PortError::Refused(_)) = &passed {
            self.hold(id, self.core.now().plus_ms(REFUSED_MS));
        }
        passed
    }

    /// Whether this is the message of a test, which is no reply of anybody's.
    fn trial(&self, id: MessageId) -> bool {
        self.core.trials.is(self.account.id, id)
    }

    fn hold(&self, id: MessageId, until: Timestamp) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.held.insert(id, until);
    }

    /// The job of a reply; `None` for one that can never be sent, which is said.
    async fn job(&self, row: OutboundRow, state: JobState) -> Result<Option<OutboundJob>, PortError> {
        let blobs = self.core.store.blobs().clone();
        let outbound = row.outbound.clone();
        let made = tokio::task::spawn_blocking(move || outgoing::job(&outbound, state, &blobs)).await;
        match made.map_err(|error| PortError::Unavailable(error.to_string()))? {
            Ok(job) => Ok(Some(job)),
            Err(NoBytes::Compose(error)) if state == JobState::Queued => {
                let (id, attempt) = (row.outbound.id, outgoing::attempt(&row.outbound));
                tracing::warn!(%error, reply = %id, "a reply can't be written as a message");
                self.outbound_sending(id, attempt).await?;
                self.outbound_failed(id, attempt, 0, error.to_string()).await?;
                Ok(None)
            }
            Err(error) => Err(PortError::Unavailable(error.to_string())),
        }
    }

    /// What a host does next, the most pressing first: what may have left already, then what is to leave, then copies.
    fn choose(&self, rows: Vec<OutboundRow>) -> Option<(OutboundRow, JobState)> {
        let now = self.core.now();
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits
            .held
            .retain(|id, until| *until > now && rows.iter().any(|row| row.outbound.id == *id));
        waits.next = None;
        let mut chosen: Option<(OutboundRow, JobState)> = None;
        for row in rows {
            let Some(state) = outgoing::wanted(&row.outbound) else {
                continue;
            };
            let held = waits.held.get(&row.outbound.id).copied();
            let from = if state == JobState::Queued {
                row.outbound.not_before
            } else {
                now
            };
            let from = from.max(held.unwrap_or(from));
            if from > now {
                waits.next = Some(waits.next.map_or(from, |next| next.min(from)));
            } else if chosen.as_ref().is_none_or(|(_, best)| rank(state) < rank(*best)) {
                chosen = Some((row, state));
            }
        }
        chosen
    }
}

fn rank(state: JobState) -> u8 {
    match state {
        JobState::Sending => 0,
        JobState::Queued => 1,
        JobState::Unfiled => 2,
    }
}

#[async_trait]
impl HostPort for Port {
    async fn cursors(&self) -> Result<Vec<FolderCursor>, PortError> {
        self.must_hold().await?;
        self.intake.settle().await?;
        let rows = self
            .core
            .store
            .folder_cursors(self.account.id)
            .await
            .map_err(|error| away(&error))?;
        let current = views::current(rows).into_iter();
        Ok(current
            .filter(|(_, (_, row))| cursors::is_told(row))
            .map(|(folder, (_, row))| FolderCursor {
                folder,
                ..cursors::of_host(row)
            })
            .collect())
    }

    async fn put_blobs(&self, messages: Vec<Vec<u8>>) -> Result<Vec<BlobId>, PortError> {
        self.intake.keep(messages).await
    }

    async fn receive(&self, mut batch: Vec<Arrived>, mut progress: FolderProgress) -> Result<(), PortError> {
        self.must_hold().await?;
        for item in &mut batch {
            item.folder = self.kept_as(&item.folder).await?;
        }
        progress.cursor.folder = self.kept_as(&progress.cursor.folder).await?;
        match &self.hold {
            Hold::Own(_) => self.intake.receive(batch, &progress).await,
            Hold::Granted(_) => self.intake.receive_at_once(batch, &progress).await,
        }
    }

    async fn sighted(&self, folder: &str, uidvalidity: u32, changes: Changes) -> Result<(), PortError> {
        self.must_hold().await?;
        // What it speaks of may be on its way still.
        self.intake.settle().await?;
        let folder = &self.kept_as(folder).await?;
        let flags = changes
            .flags
            .into_iter()
            .map(|(uid, flags)| Sighting::Flags { uid, flags });
        let gone = changes.gone.into_iter().map(|(from, to)| Sighting::Gone { from, to });
        let mut sightings: Vec<Sighting> = flags.chain(gone).collect();
        if let Some((from, to, left)) = changes.only {
            let known = self
                .core
                .store
                .present(self.account.id, folder, uidvalidity)
                .await
                .map_err(|error| away(&error))?;
            let known: BTreeMap<u32, Vec<String>> = known.into_iter().collect();
            // What is as it was need not be written again.
            sightings.retain(|sighting| match sighting {
                Sighting::Flags { uid, flags } => known.get(uid) != Some(flags),
                Sighting::Gone { .. } => true,
            });
            let left: BTreeSet<u32> = left.into_iter().collect();
            let gone = known
                .range(from..=to)
                .map(|(uid, _)| *uid)
                .filter(|uid| !left.contains(uid));
            sightings.extend(gone.map(|uid| Sighting::Gone { from: uid, to: uid }));
        }
        self.core
            .store
            .sighted(self.account.id, folder, uidvalidity, &sightings, self.core.now())
            .await
            .map_err(|error| away(&error))
    }

    async fn next_outbound(&self) -> Result<Option<OutboundJob>, PortError> {
        self.must_hold().await?;
        if self.account.mode == AccountMode::Watch {
            return Ok(None);
        }
        if let Some(job) = self.core.trials.next(self.account.id) {
            return Ok(Some(job));
        }
        loop {
            self.turn.lock().await.mark_unchanged();
            let rows = self
                .core
                .store
                .open_outbound(Some(self.account.id))
                .await
                .map_err(|error| away(&error))?;
            let waiting = rows
                .iter()
                .filter(|row| outgoing::wanted(&row.outbound) == Some(JobState::Queued))
                .count();
            let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
            update(&self.core, &self.account, |health| health.waiting_to_send = waiting);
            let Some((row, state)) = self.choose(rows) else {
                return Ok(None);
            };
            if let Some(job) = self.job(row, state).await? {
                return Ok(Some(job));
            }
        }
    }

    async fn outbound_woken(&self) {
        let next = self.waits.lock().unwrap_or_else(PoisonError::into_inner).next;
        let due = async {
            let Some(next) = next else {
                return std::future::pending().await;
            };
            loop {
                let wait = next.since_ms(self.core.now());
                if wait <= 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(baton_clock::nap_ms(wait))).await;
            }
        };
        let mut turn = self.turn.lock().await;
        tokio::select! {
            () = due => {}
            changed = turn.changed() => if changed.is_err() { std::future::pending::<()>().await },
        }
    }

    /// The id is a new one each time: a refusal because it was a moment too early must not stand for ever. Within one call the same
    /// question is asked again, because whether it passed the fence must be known.
    async fn outbound_sending(&self, id: MessageId, attempt: u32) -> Result<(), PortError> {
        self.must_hold().await?;
        if self.trial(id) {
            self.core.trials.offered(self.account.id, id);
            return Ok(());
        }
        let command = CommandId(Uuid::now_v7());
        let mut pauses = FENCE_PAUSES.into_iter();
        loop {
            match self.fence(id, attempt, command).await {
                Err(PortError::Unavailable(why)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(PortError::Unavailable(why)),
                },
                told => return told,
            }
        }
    }

    async fn outbound_returned(&self, id: MessageId, attempt: u32, returned: Returned) -> Result<(), PortError> {
        if self.trial(id) {
            self.core.trials.ended(self.account.id, id, Err(returned.reason));
            return Ok(());
        }
        self.hold(id, returned.not_before);
        let outbound = self.open(id).await?.outbound;
        // Before the fence it never stopped being queued: only that the provider asked for patience is worth saying.
        if outgoing::wanted(&outbound) == Some(JobState::Queued) && !returned.asked_to_wait {
            return Ok(());
        }
        let body = CommandBody::OutboundReturned {
            outbound: id,
            reason: returned.reason,
            not_before: returned.asked_to_wait.then_some(returned.not_before),
        };
        // One attempt may be sent away at the door more than once.
        let what = format!("returned {}", outgoing::given_back(&outbound));
        self.report(&what, id, attempt, body).await
    }

    async fn outbound_sent(&self, id: MessageId, attempt: u32, reply: String) -> Result<(), PortError> {
        let now = self.core.now();
        if self.trial(id) {
            self.core.trials.ended(self.account.id, id, Ok(reply));
            update(&self.core, &self.account, |shown| shown.last_sent = Some(now));
            return Ok(());
        }
        self.report("sent", id, attempt, CommandBody::OutboundSent { outbound: id, reply })
            .await?;
        update(&self.core, &self.account, |shown| shown.last_sent = Some(now));
        Ok(())
    }

    async fn outbound_failed(&self, id: MessageId, attempt: u32, code: u16, text: String) -> Result<(), PortError> {
        let reason = if code == 0 { text } else { format!("{code} {text}") };
        if self.trial(id) {
            self.core.trials.ended(self.account.id, id, Err(reason));
            return Ok(());
        }
        self.report(
            "failed",
            id,
            attempt,
            CommandBody::OutboundFailed { outbound: id, reason },
        )
        .await
    }

    async fn outbound_unknown(&self, id: MessageId, attempt: u32, reason: String) -> Result<(), PortError> {
        if self.trial(id) {
            self.core.trials.ended(self.account.id, id, Err(reason));
            return Ok(());
        }
        self.report(
            "unknown",
            id,
            attempt,
            CommandBody::OutboundUnknown { outbound: id, reason },
        )
        .await
    }

    async fn filed(&self, id: MessageId) -> Result<(), PortError> {
        if self.trial(id) {
            return Ok(());
        }
        self.report("filed", id, 0, CommandBody::OutboundFiled { outbound: id })
            .await
    }

    async fn health(&self, health: AccountHealth) {
        if let Some(mailbox) = &self.mailbox {
            self.tell(condition::shown(&health, &mailbox.imap, &mailbox.smtp), &health);
        }
    }

    fn lease_ok(&self) -> bool {
        self.hold.held()
    }

    fn live_since(&self) -> Timestamp {
        self.account.live_since
    }

    fn follows(&self) -> Vec<Follows> {
        follows(&self.account)
    }

    fn names(&self) -> Option<&dyn Names> {
        Some(self)
    }
}

pub(super) fn away(error: &StoreError) -> PortError {
    let room = if error.is_disk_full() {
        "no room on the disk: "
    } else {
        ""
    };
    PortError::Unavailable(format!("{room}{error}"))
}

pub(super) fn unavailable(error: &SubmitError) -> PortError {
    match error {
        SubmitError::Store(Fault::NotHost) => PortError::LeaseLost,
        other => PortError::Unavailable(other.to_string()),
    }
}
