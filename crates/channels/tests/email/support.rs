//! A referee in memory: the port a host works through, remembering everything it was told in order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use baton_channels::email::graph::{Book, Named, Names, Place};
use baton_channels::email::host::{
    AccountHealth, Arrived, FolderCursor, FolderProgress, HealthState, HostEnd, HostPort, JobState, OutboundJob,
    PortError, Returned, run,
};
use baton_channels::email::imap::Changes;
use baton_channels::email::smtp::Envelope;
use baton_channels::email::{EmailAccount, Endpoint, MailAddress, Outgoing, Secret, Security, compose, own_message_id};
use baton_domain::{BlobId, MessageId, Timestamp};
use baton_tests::mail::{MailHost, PASSWORD, address};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the host told about outgoing messages, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Sending(u32),
    Returned(String),
    Sent(String),
    Failed(u16, String),
    Unknown(String),
    Filed,
}

#[derive(Debug, Default)]
pub struct State {
    pub cursors: BTreeMap<String, FolderCursor>,
    pub blobs: HashMap<BlobId, Vec<u8>>,
    /// Every committed batch.
    pub batches: Vec<(Vec<Arrived>, FolderProgress)>,
    pub queue: VecDeque<OutboundJob>,
    pub told: Vec<Told>,
    pub health: Vec<AccountHealth>,
    /// What was told of flags and removals: the folder, and what changed.
    pub sighted: Vec<(String, Changes)>,
    /// Numbers of messages that have names, by folder, and how far each was listed.
    pub names: BTreeMap<String, BTreeMap<u32, Named>>,
    pub places: BTreeMap<String, Place>,
}

impl State {
    pub fn arrived(&self, folder: &str) -> Vec<&Arrived> {
        self.batches
            .iter()
            .flat_map(|(batch, _)| batch)
            .filter(|message| message.folder == folder)
            .collect()
    }

    pub fn raw(&self, message: &Arrived) -> &[u8] {
        &self.blobs[message.blob.as_ref().unwrap()]
    }

    /// The number of a message that has a name.
    pub fn named(&self, name: &str) -> u32 {
        let mut all = self.names.values().flatten();
        *all.find(|(_, named)| named.name == name).unwrap().0
    }

    pub fn is_ready(&self) -> bool {
        self.health
            .last()
            .is_some_and(|health| health.receiving == HealthState::Ready)
    }

    /// Asserts that every one of these UIDs was received, each once, and that the cursor counted them.
    pub fn must_account_for(&self, folder: &str, uids: std::ops::RangeInclusive<u32>) {
        let mut received: Vec<u32> = self.arrived(folder).iter().map(|message| message.uid).collect();
        received.sort_unstable();
        assert_eq!(received, uids.collect::<Vec<_>>(), "each once, and none left out");
        assert_eq!(self.cursors[folder].received as usize, received.len());
    }

    pub fn is_synced(&self) -> bool {
        self.is_ready() && self.cursors.len() == 2 && self.cursors.values().all(FolderCursor::is_complete)
    }
}

/// The port, and a bell that rings at every change.
pub struct Referee {
    state: Mutex<State>,
    bell: watch::Sender<u64>,
    pub lease: AtomicBool,
    live_since: Timestamp,
}

impl Referee {
    pub fn new() -> Arc<Self> {
        let live_since = Timestamp(baton_clock::now_ms());
        Arc::new(Self {
            state: Mutex::default(),
            bell: watch::Sender::new(0),
            lease: AtomicBool::new(true),
            live_since,
        })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let result = with(&mut self.state());
        self.bell.send_modify(|rings| *rings += 1);
        result
    }

    pub fn send(&self, job: OutboundJob) {
        self.change(|state| state.queue.push_back(job));
    }

    /// Waits until `holds` of what was told so far.
    pub async fn until(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let mut bell = self.bell.subscribe();
        let wait = async {
            while !holds(&self.state()) {
                bell.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let state = self.state();
            panic!(
                "waited in vain for {what}; cursors {:?}, told {:?}, sighted {:?}, health {:?}",
                state.cursors,
                state.told,
                state.sighted,
                state.health.last()
            );
        }
    }

    fn tell(&self, told: Told) -> Result<(), PortError> {
        self.change(|state| state.told.push(told));
        Ok(())
    }

    fn settle(&self, id: MessageId, told: Told) -> Result<(), PortError> {
        self.change(|state| state.queue.retain(|job| job.id != id));
        self.tell(told)
    }
}

#[async_trait]
impl HostPort for Referee {
    async fn cursors(&self) -> Result<Vec<FolderCursor>, PortError> {
        Ok(self.state().cursors.values().cloned().collect())
    }

    async fn put_blobs(&self, messages: Vec<Vec<u8>>) -> Result<Vec<BlobId>, PortError> {
        Ok(self.change(|state| {
            let store = |raw: Vec<u8>| {
                let id = BlobId::of(&raw);
                state.blobs.insert(id.clone(), raw);
                id
            };
            messages.into_iter().map(store).collect()
        }))
    }

    async fn receive(&self, batch: Vec<Arrived>, progress: FolderProgress) -> Result<(), PortError> {
        self.change(|state| {
            state
                .cursors
                .insert(progress.cursor.folder.clone(), progress.cursor.clone());
            state.batches.push((batch, progress));
        });
        Ok(())
    }

    async fn sighted(&self, folder: &str, _: u32, changes: Changes) -> Result<(), PortError> {
        self.change(|state| state.sighted.push((folder.to_owned(), changes)));
        Ok(())
    }

    async fn next_outbound(&self) -> Result<Option<OutboundJob>, PortError> {
        Ok(self.state().queue.front().cloned())
    }

    async fn outbound_woken(&self) {
        let mut bell = self.bell.subscribe();
        while self.state().queue.is_empty() {
            if bell.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn outbound_sending(&self, _: MessageId, attempt: u32) -> Result<(), PortError> {
        self.tell(Told::Sending(attempt))
    }

    async fn outbound_returned(&self, id: MessageId, _: u32, returned: Returned) -> Result<(), PortError> {
        self.settle(id, Told::Returned(returned.reason))
    }

    async fn outbound_sent(&self, id: MessageId, _: u32, reply: String) -> Result<(), PortError> {
        self.settle(id, Told::Sent(reply))
    }

    async fn outbound_failed(&self, id: MessageId, _: u32, code: u16, text: String) -> Result<(), PortError> {
        self.settle(id, Told::Failed(code, text))
    }

    async fn outbound_unknown(&self, id: MessageId, _: u32, reason: String) -> Result<(), PortError> {
        self.settle(id, Told::Unknown(reason))
    }

    async fn filed(&self, id: MessageId) -> Result<(), PortError> {
        self.settle(id, Told::Filed)
    }

    async fn health(&self, health: AccountHealth) {
        self.change(|state| state.health.push(health));
    }

    fn lease_ok(&self) -> bool {
        self.lease.load(Ordering::SeqCst)
    }

    fn live_since(&self) -> Timestamp {
        self.live_since
    }

    fn names(&self) -> Option<&dyn Names> {
        Some(self)
    }
}

#[async_trait]
impl Names for Referee {
    async fn place(&self, folder: &str) -> Result<Option<Place>, PortError> {
        Ok(self.state().places.get(folder).cloned())
    }

    async fn keep_place(&self, folder: &str, place: &Place) -> Result<(), PortError> {
        self.change(|state| state.places.insert(folder.to_owned(), place.clone()));
        Ok(())
    }

    async fn bounds(&self, book: &Book) -> Result<Option<(u32, u32)>, PortError> {
        let state = self.state();
        let ends = state
            .names
            .get(&book.folder)
            .and_then(|all| Some((*all.keys().next()?, *all.keys().last()?)));
        Ok(ends)
    }

    async fn find(&self, book: &Book, names: &[String]) -> Result<Vec<Named>, PortError> {
        let state = self.state();
        let all = state.names.get(&book.folder).into_iter().flat_map(BTreeMap::values);
        Ok(all.filter(|named| names.contains(&named.name)).cloned().collect())
    }

    async fn at(&self, book: &Book, uids: &[u32]) -> Result<Vec<Named>, PortError> {
        let state = self.state();
        let all = state.names.get(&book.folder).into_iter().flat_map(BTreeMap::values);
        Ok(all.filter(|named| uids.contains(&named.uid)).cloned().collect())
    }

    async fn between(&self, book: &Book, from: u32, to: u32) -> Result<Vec<u32>, PortError> {
        let state = self.state();
        let all = state.names.get(&book.folder);
        Ok(all.map_or_else(Vec::new, |all| all.range(from..=to).map(|(uid, _)| *uid).collect()))
    }

    async fn keep(&self, book: &Book, new: &[Named], changed: &[Named]) -> Result<(), PortError> {
        self.change(|state| {
            let all = state.names.entry(book.folder.clone()).or_default();
            for named in new {
                let taken = all.contains_key(&named.uid) || all.values().any(|other| other.name == named.name);
                assert!(!taken, "{named:?} has a number, or its number is taken");
                all.insert(named.uid, named.clone());
            }
            for named in changed {
                all.insert(named.uid, named.clone());
            }
        });
        Ok(())
    }
}

/// A host at work.
pub struct Host {
    stop: CancellationToken,
    task: JoinHandle<HostEnd>,
}

impl Host {
    pub const fn of(stop: CancellationToken, task: JoinHandle<HostEnd>) -> Self {
        Self { stop, task }
    }

    pub fn start(account: &EmailAccount, referee: &Arc<Referee>) -> Self {
        Self::start_with(account, PASSWORD, referee)
    }

    pub fn start_with(account: &EmailAccount, password: &str, referee: &Arc<Referee>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let stop = CancellationToken::new();
        let port: Arc<dyn HostPort> = Arc::clone(referee) as _;
        let task = tokio::spawn(run(account.clone(), Secret::new(password), port, stop.clone()));
        Self { stop, task }
    }

    /// Stops it in the ordinary way.
    pub async fn stop(self) {
        self.stop.cancel();
        let end = tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("a host stops when told")
            .unwrap();
        assert_eq!(end, HostEnd::Stopped);
    }

    /// Ends it as a crash would.
    pub async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// The account of a person of the cast.
pub fn account_of(user: &str, mail: &MailHost) -> EmailAccount {
    EmailAccount {
        address: address(user),
        display_name: None,
        imap: Endpoint::new(mail.name(), mail.imap_port(), Security::StartTls),
        smtp: Endpoint::new(mail.name(), mail.smtp_port(), Security::StartTls),
        user: user.to_owned(),
        extra_ca: Some(std::fs::read_to_string(mail.ca_file()).unwrap()),
        sent_folder: None,
        provider_files_sent: false,
        graph: None,
    }
}

/// A reply of Anna's to Carl, ready to go.
pub fn reply_to(customer: &str, number: u128, state: JobState) -> OutboundJob {
    let id = uuid::Uuid::from_u128(number);
    let message_id = own_message_id(id, b"secret", "baton.test");
    let mail = Outgoing {
        message_id: message_id.clone(),
        baton_id: id.to_string(),
        date: Timestamp(baton_clock::now_ms()),
        from: MailAddress::named("Anna", "sales@baton.test"),
        sender: None,
        reply_to: vec![],
        to: vec![MailAddress::new(customer)],
        cc: vec![],
        bcc: vec![],
        subject: format!("Re: Chairs {number}"),
        text: "Yes, we have chairs.\n.\nAnna\n".into(),
        html: None,
        in_reply_to: vec!["carl-1@example.com".into()],
        references: vec!["carl-1@example.com".into()],
        attachments: vec![],
        calendar: None,
        automatic: false,
        unsubscribe: None,
    };
    let envelope = Envelope {
        from: Some("sales@baton.test".into()),
        to: mail.envelope_to(),
        report: None,
    };
    OutboundJob {
        id: MessageId(id),
        attempt: 1,
        given_back: 0,
        raw: compose(&mail).unwrap().into(),
        envelope,
        message_id,
        state,
    }
}

/// A message of Carl's.
pub fn enquiry(number: usize) -> Vec<u8> {
    format!("From: Carl <carl@baton.test>\r\nTo: sales@baton.test\r\nMessage-ID: <carl-{number}@example.com>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nSubject: Chairs {number}\r\n\r\nDo you have {number} chairs?\r\n").into_bytes()
}

/// Lets the test fail with the servers' own words.
pub async fn with_logs<T>(mail: &MailHost, what: impl Future<Output = T>) -> T {
    struct Logs<'a>(&'a MailHost);
    impl Drop for Logs<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{}", self.0.logs());
            }
        }
    }
    let _logs = Logs(mail);
    what.await
}
