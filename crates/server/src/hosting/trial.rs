//! Testing a mailbox from end to end: a message leaves through the account's own host, comes back through its own sync, and its copy
//! turns up in Sent. It never becomes a conversation, because ingest passes it over by its mark; afterwards it is deleted again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_channels::email::host::{JobState, OutboundJob};
use baton_channels::email::problem::{in_words, problem};
use baton_channels::email::trial::{self, Lying};
use baton_domain::{Account, AccountId, AccountMode, MessageId};
use baton_protocol::{HealthState, MailboxTrial, TrialStep, TrialStepKind};
use baton_store::server::NumberedFolder;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::mailbox::Mailbox;
use super::{secret, views};
use crate::core::{Core, told};

/// The rule by which such a message is passed over.
pub(super) const RULE: &str = "Baton's own test of this mailbox";

/// For the host to be connected.
const CONNECTED: Duration = Duration::from_secs(45);
/// For the provider to take the message.
const TAKEN: Duration = Duration::from_secs(60);
/// For the message to come back, and for its copy to be seen in Sent, which is looked at once a minute.
const BACK: Duration = Duration::from_secs(150);

/// For the server that hosts the mailbox, when it is another one: all of the above, and the way.
const ANSWERED: Duration = Duration::from_secs(420);

/// Why a mailbox is not tested.
#[derive(Debug, thiserror::Error)]
pub enum NoTrial {
    /// It is only watched.
    #[error("{0} is only watched: nothing is sent from it. Switch it to Together first")]
    Watched(String),
    /// One is under way.
    #[error("{0} is being tested already")]
    UnderWay(String),
    /// Somebody's desktop hosts it.
    #[error("{0} is not hosted by this server")]
    HostedElsewhere(String),
    /// The server that hosts it says why, or says nothing.
    #[error("{0}")]
    There(String),
    /// The message can't be written, or the mailbox's secret can't be read.
    #[error("{0}")]
    Impossible(String),
}

/// The tests under way, one an account at most.
#[derive(Debug, Default)]
pub struct Trials(Mutex<BTreeMap<AccountId, Trial>>);

#[derive(Debug)]
struct Trial {
    job: OutboundJob,
    offered: bool,
    seen: watch::Sender<Seen>,
}

/// What was seen of a test so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// What the provider said, or why it did not take it.
    sent: Option<Result<String, String>>,
    inbox: Option<Lying>,
    copy: Option<Lying>,
}

impl Trials {
    fn with<T>(&self, account: AccountId, id: Uuid, change: impl FnOnce(&mut Trial) -> T) -> Option<T> {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trial = trials.get_mut(&account).filter(|trial| trial.job.id.0 == id)?;
        Some(change(trial))
    }

    /// The message of an account's test, until it was offered.
    pub(super) fn next(&self, account: AccountId) -> Option<OutboundJob> {
        let trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trial = trials.get(&account).filter(|trial| !trial.offered)?;
        Some(trial.job.clone())
    }

    /// Whether this is the message of a test.
    pub(super) fn is(&self, account: AccountId, id: MessageId) -> bool {
        self.with(account, id.0, |_| ()).is_some()
    }

    /// It is about to be offered: it is never offered again.
    pub(super) fn offered(&self, account: AccountId, id: MessageId) {
        self.with(account, id.0, |trial| trial.offered = true);
    }

    /// What became of it at the provider.
    pub(super) fn ended(&self, account: AccountId, id: MessageId, how: Result<String, String>) {
        self.with(account, id.0, |trial| {
            trial.offered = true;
            trial.seen.send_modify(|seen| seen.sent = Some(how));
        });
    }

    /// A copy of it was seen.
    pub(super) fn seen(&self, account: AccountId, id: Uuid, sent: bool, at: Lying) {
        self.with(account, id, |trial| {
            trial.seen.send_modify(|seen| {
                let place = if sent { &mut seen.copy } else { &mut seen.inbox };
                *place = Some(at);
            });
        });
    }
}

/// Ends the test of an account however it ends.
struct UnderWay<'a>(&'a Core, AccountId);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let trials = &self.0.trials;
        trials.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Takes the steps one after the other.
struct Steps {
    steps: Vec<TrialStep>,
    begun: Instant,
}

impl Steps {
    fn take(&mut self, step: TrialStepKind, ended: Result<(), String>) -> bool {
        let took_ms = u32::try_from(self.begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.begun = Instant::now();
        let well = ended.is_ok();
        self.steps.push(TrialStep {
            step,
            took_ms,
            failed: ended.err(),
        });
        well
    }
}

/// Tests a mailbox from end to end, through whichever server of the workspace hosts it.
///
/// # Errors
/// When it can't even begin. A step that fails is part of the answer.
pub async fn run(core: &Core, account: &Account) -> Result<MailboxTrial, NoTrial> {
    if account.hosted_by.is_some() || !core.hosts.said.is_elsewhere(account.id) {
        return run_here(core, account).await;
    }
    let answer = tokio::time::timeout(ANSWERED, core.relay.test_mailbox(account.id)).await;
    match answer {
        Ok(Some(done)) => done.map_err(NoTrial::There),
        Ok(None) | Err(_) => Err(NoTrial::There(format!(
            "the server that reads {} did not answer; try again in a minute",
            account.address
        ))),
    }
}

/// Tests a mailbox that this server hosts.
///
/// # Errors
/// When it can't even begin.
pub async fn run_here(core: &Core, account: &Account) -> Result<MailboxTrial, NoTrial> {
    let address = || account.address.clone();
    if account.mode == AccountMode::Watch {
        return Err(NoTrial::Watched(address()));
    }
    if account.hosted_by.is_some() {
        return Err(NoTrial::HostedElsewhere(address()));
    }
    let mailbox = opened(core, account).await?;
    let id = Uuid::new_v4();
    let letter = trial::letter(&mailbox.account, id, core.store.secret(), core.now())
        .map_err(|error| NoTrial::Impossible(error.to_string()))?;
    let mut seen = {
        let mut trials = core.trials.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trials.contains_key(&account.id) {
            return Err(NoTrial::UnderWay(address()));
        }
        let (sender, receiver) = watch::channel(Seen::default());
        let job = OutboundJob {
            id: MessageId(id),
            attempt: 1,
            given_back: 0,
            raw: letter.raw.into(),
            envelope: letter.envelope,
            message_id: letter.message_id,
            state: JobState::Queued,
        };
        trials.insert(
            account.id,
            Trial {
                job,
                // Until the mailbox is connected it is not handed out.
                offered: true,
                seen: sender,
            },
        );
        receiver
    };
    let _under_way = UnderWay(core, account.id);
    let mut steps = Steps {
        steps: Vec::new(),
        begun: Instant::now(),
    };
    if steps.take(TrialStepKind::Connected, connected(core, account).await) {
        core.trials.with(account.id, id, |trial| trial.offered = false);
        core.outgoing.send_modify(|turn| *turn += 1);
        let taken = until(&mut seen, TAKEN, |seen| seen.sent.clone()).await;
        let taken = taken.unwrap_or_else(|| Err("the provider did not take it in time".to_owned()));
        if steps.take(TrialStepKind::Sent, taken.map(drop)) {
            let back = until(&mut seen, BACK, |seen| seen.inbox.clone()).await;
            let missing = "it did not come back in time: a rule or a filter at the provider may have moved it";
            steps.take(TrialStepKind::Arrived, back.map(drop).ok_or_else(|| missing.to_owned()));
            let copy = until(&mut seen, BACK, |seen| seen.copy.clone()).await;
            let missing =
                "no copy turned up in the sent folder: replies from other mail programs would not be seen either";
            steps.take(TrialStepKind::Copied, copy.map(drop).ok_or_else(|| missing.to_owned()));
        }
        let lying = seen.borrow().clone();
        let copies: Vec<Lying> = lying.inbox.into_iter().chain(lying.copy).collect();
        if !copies.is_empty() {
            steps.take(TrialStepKind::Removed, removed(core, account, id, &copies).await);
        }
    }
    Ok(MailboxTrial { steps: steps.steps })
}

/// Waits for something to be seen.
async fn until<T>(
    seen: &mut watch::Receiver<Seen>,
    patience: Duration,
    what: impl Fn(&Seen) -> Option<T>,
) -> Option<T> {
    let waited = tokio::time::timeout(patience, seen.wait_for(|seen| what(seen).is_some())).await;
    waited.ok()?.ok().and_then(|seen| what(&seen))
}

async fn opened(core: &Core, account: &Account) -> Result<Mailbox, NoTrial> {
    let impossible = |words: String| NoTrial::Impossible(format!("{}: {words}", account.address));
    let sealed = core.store.account_secret(account.id).await;
    let sealed = sealed.map_err(|error| impossible(told(&error)))?;
    let sealed = sealed.ok_or_else(|| impossible("there is no mailbox behind it".to_owned()))?;
    secret::open(&core.seal, account.id, &sealed).map_err(|error| impossible(told(&error)))
}

/// Waits until the account's host reads the mailbox.
async fn connected(core: &Core, account: &Account) -> Result<(), String> {
    let mut health = core.health.subscribe();
    let reads = |state: &HealthState| matches!(state, HealthState::UpToDate | HealthState::FirstSync { .. });
    let up = health.wait_for(|all| all.get(&account.id).is_some_and(|one| reads(&one.state)));
    if let Ok(Ok(_)) = tokio::time::timeout(CONNECTED, up).await {
        return Ok(());
    }
    let state = core.health.borrow().get(&account.id).map(|one| one.state.clone());
    Err(match state {
        Some(HealthState::Retrying { problem, .. } | HealthState::Stopped { problem }) => in_words(&problem),
        _ => "it is not connected".to_owned(),
    })
}

async fn removed(core: &Core, account: &Account, id: Uuid, copies: &[Lying]) -> Result<(), String> {
    let mailbox = opened(core, account).await.map_err(|error| error.to_string())?;
    if !mailbox.can_be_tried(core.now()) {
        // A second renewal beside the host's would look to the provider like a stolen token.
        return Err("its host is renewing the sign-in: the test messages stay, and may be deleted by hand".to_owned());
    }
    let mut names = Vec::new();
    for copy in copies.iter().filter(|_| mailbox.account.graph.is_some()) {
        let folder = NumberedFolder {
            account: account.id,
            folder: copy.folder.clone(),
            uidvalidity: copy.uidvalidity,
        };
        let rows = core.store.names_at(&folder, &[copy.uid]).await;
        names.extend(rows.map_err(|error| told(&error))?.into_iter().map(|row| row.name));
    }
    let copies: Vec<Lying> = copies
        .iter()
        .map(|copy| Lying {
            folder: views::told(&copy.folder).0.to_owned(),
            ..copy.clone()
        })
        .collect();
    let secret = mailbox.secret(Arc::new(()));
    trial::tidy(&mailbox.account, &secret, core.store.secret(), id, &copies, &names)
        .await
        .map_err(|error| in_words(&problem(&error, &mailbox.account.imap)))
}
