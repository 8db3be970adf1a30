//! The channel's port over HTTP: what a host here needs, asked of the server.
//!
//! Whatever can't be asked just now is tried again by the host. The fence is asked with one id until an answer comes: whether it was
//! passed must be known.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_channels::email::host::wire::{Delivery, Said, Sighted, Word};
use baton_channels::email::host::{
    AccountHealth, Arrived, FolderCursor, FolderProgress, Follows, HostPort, OutboundJob, PortError, Returned,
};
use baton_channels::email::imap::Changes;
use baton_domain::{BlobId, CommandId, MessageId, Timestamp};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;

use super::lease::Lease;
use crate::net::Http;

/// Messages uploaded at a time.
const UPLOADS: usize = 6;

/// The pauses between two questions whether the fence was passed.
const FENCE_PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// How long to wait before asking for news again where that failed.
const NEWS_AGAIN: Duration = Duration::from_secs(3);

/// The port of one account's host.
pub(super) struct Port {
    http: Http,
    lease: Arc<Lease>,
    live_since: Timestamp,
    follows: Vec<Follows>,
    condition: watch::Sender<Option<AccountHealth>>,
}

impl Port {
    pub(super) fn new(
        http: Http,
        lease: Arc<Lease>,
        live_since: Timestamp,
        follows: Vec<Follows>,
        condition: watch::Sender<Option<AccountHealth>>,
    ) -> Self {
        Self {
            http,
            lease,
            live_since,
            follows,
            condition,
        }
    }

    /// What the server says of the lease is heeded at once.
    fn heed<T>(&self, told: Result<T, PortError>) -> Result<T, PortError> {
        if matches!(told, Err(PortError::LeaseLost)) {
            self.lease.lose();
        }
        told
    }

    async fn say(&self, id: MessageId, attempt: u32, word: Word) -> Result<(), PortError> {
        let said = Said { attempt, word };
        let told = self
            .http
            .say_of_outgoing(self.lease.account(), &self.lease.grant(), id, &said)
            .await;
        self.heed(told)
    }
}

#[async_trait]
impl HostPort for Port {
    async fn cursors(&self) -> Result<Vec<FolderCursor>, PortError> {
        let told = self.http.host_cursors(self.lease.account(), &self.lease.grant()).await;
        self.heed(told)
    }

    async fn put_blobs(&self, messages: Vec<Vec<u8>>) -> Result<Vec<BlobId>, PortError> {
        let http = self.http.clone();
        let uploads = messages.into_iter().map(move |bytes| {
            let http = http.clone();
            async move {
                let id = BlobId::of(&bytes);
                let put = http.put_blob(&id, bytes).await;
                put.map_err(|error| PortError::Unavailable(error.message))?;
                Ok(id)
            }
        });
        futures::stream::iter(uploads).buffered(UPLOADS).try_collect().await
    }

    async fn receive(&self, batch: Vec<Arrived>, progress: FolderProgress) -> Result<(), PortError> {
        let delivery = Delivery { batch, progress };
        let told = self
            .http
            .deliver(self.lease.account(), &self.lease.grant(), &delivery)
            .await;
        self.heed(told)
    }

    async fn sighted(&self, folder: &str, uidvalidity: u32, changes: Changes) -> Result<(), PortError> {
        let said = Sighted {
            folder: folder.to_owned(),
            uidvalidity,
            changes,
        };
        let told = self
            .http
            .say_of_folder(self.lease.account(), &self.lease.grant(), &said)
            .await;
        self.heed(told)
    }

    async fn next_outbound(&self) -> Result<Option<OutboundJob>, PortError> {
        let told = self.http.next_outgoing(self.lease.account(), &self.lease.grant()).await;
        let Some(job) = self.heed(told)? else { return Ok(None) };
        let raw = BASE64.decode(job.raw);
        let raw = raw.map_err(|error| PortError::Unavailable(format!("the reply came garbled: {error}")))?;
        Ok(Some(OutboundJob {
            id: job.id,
            attempt: job.attempt,
            given_back: job.given_back,
            raw: raw.into(),
            envelope: job.envelope,
            message_id: job.message_id,
            state: job.state,
        }))
    }

    async fn outbound_woken(&self) {
        let told = self.http.outgoing_news(self.lease.account(), &self.lease.grant()).await;
        if self.heed(told).is_err() {
            tokio::time::sleep(NEWS_AGAIN).await;
        }
    }

    async fn outbound_sending(&self, id: MessageId, attempt: u32) -> Result<(), PortError> {
        let command = CommandId(uuid::Uuid::now_v7());
        let mut pauses = FENCE_PAUSES.into_iter();
        loop {
            match self.say(id, attempt, Word::Sending { command }).await {
                Err(PortError::Unavailable(why)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(PortError::Unavailable(why)),
                },
                told => return told,
            }
        }
    }

    async fn outbound_returned(&self, id: MessageId, attempt: u32, returned: Returned) -> Result<(), PortError> {
        self.say(id, attempt, Word::Returned { returned }).await
    }

    async fn outbound_sent(&self, id: MessageId, attempt: u32, reply: String) -> Result<(), PortError> {
        self.say(id, attempt, Word::Sent { reply }).await
    }

    async fn outbound_failed(&self, id: MessageId, attempt: u32, code: u16, text: String) -> Result<(), PortError> {
        self.say(id, attempt, Word::Failed { code, text }).await
    }

    async fn outbound_unknown(&self, id: MessageId, attempt: u32, reason: String) -> Result<(), PortError> {
        self.say(id, attempt, Word::Unknown { reason }).await
    }

    async fn filed(&self, id: MessageId) -> Result<(), PortError> {
        self.say(id, 0, Word::Filed).await
    }

    async fn health(&self, health: AccountHealth) {
        // Told aside: a server that does not answer keeps nobody's mail waiting.
        self.condition.send_replace(Some(health));
    }

    fn lease_ok(&self) -> bool {
        self.lease.held()
    }

    fn live_since(&self) -> Timestamp {
        self.live_since
    }

    fn follows(&self) -> Vec<Follows> {
        self.follows.clone()
    }
}
