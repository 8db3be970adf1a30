//! Carries out what the outbox decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use baton_domain::Timestamp;
use tokio_util::sync::CancellationToken;

use super::driver::{Told, jitter, nap};
use super::outbox::{Effect, Input, Outbox, Report};
use super::port::{HostPort, OutboundJob, PortError};
use crate::email::account::{ConnectError, EmailAccount, Retry, Secret};
use crate::email::graph::{self, Api, Throttle};
use crate::email::imap::{Folder, FolderRole, ImapConn, encode_folder_name};
use crate::email::{BATON_ID_HEADER, parse, smtp};

/// The sending half of a host.
pub(super) struct Sending {
    pub(super) account: EmailAccount,
    pub(super) secret: Secret,
    pub(super) port: Arc<dyn HostPort>,
    pub(super) stop: CancellationToken,
    pub(super) told: Arc<Told>,
    pub(super) throttle: Arc<Throttle>,
    /// Kept from looking to filing, closed before waiting.
    pub(super) conn: Option<ImapConn>,
    /// When the provider is asked what it takes; never again once it answered, or once asking again could lock the account.
    pub(super) asking: Option<Timestamp>,
}

/// How long asking what the provider takes may hold up what is to be sent.
const OFFERS_WAIT: Duration = Duration::from_secs(20);
/// How long to wait before it is asked again.
const OFFERS_AGAIN_MS: i64 = 10 * 60 * 1000;

impl Sending {
    /// Runs until it is stopped, or the lease is lost. A delivery that has begun is always finished.
    pub(super) async fn run(mut self) -> Result<(), PortError> {
        let mut outbox = Outbox::new(self.account.provider_files_sent);
        let mut input = Input::Ready;
        loop {
            for effect in outbox.handle(Timestamp(baton_clock::now_ms()), input.clone()) {
                match effect {
                    Effect::Health(state) => self.told.sending(&*self.port, state).await,
                    effect => match self.carry_out(effect).await? {
                        Some(next) => input = next,
                        None => return Ok(()),
                    },
                }
            }
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<Option<Input>, PortError> {
        Ok(Some(match effect {
            Effect::Ask if self.stop.is_cancelled() => return Ok(None),
            Effect::Ask => match self.port.next_outbound().await {
                Ok(job) => Input::Job(job),
                Err(error) => port_away(error)?,
            },
            Effect::Deliver(job) => return self.deliver(&job).await,
            // Looking and filing can be repeated at any time, so a stop may cut them.
            Effect::Probe(job) => {
                let stop = self.stop.clone();
                tokio::select! {
                    () = stop.cancelled() => return Ok(None),
                    found = self.find(&job) => match found {
                        Ok((_, found)) => Input::Probed(found),
                        Err(error) => self.folder_away(error),
                    },
                }
            }
            Effect::File(job) => {
                let stop = self.stop.clone();
                tokio::select! {
                    () = stop.cancelled() => return Ok(None),
                    filed = self.file(&job) => match filed {
                        Ok(()) => Input::Filed,
                        Err(error) => self.folder_away(error),
                    },
                }
            }
            Effect::Report(job, report) => match self.report(&job, report).await {
                Ok(()) => Input::Reported,
                Err(PortError::Refused(_)) => Input::ReportRefused,
                Err(error) => port_away(error)?,
            },
            Effect::WaitForWork(ms) => {
                self.hang_up().await;
                self.ask_what_it_takes().await;
                tokio::select! {
                    () = self.stop.cancelled() => return Ok(None),
                    () = self.port.outbound_woken() => {}
                    () = nap(ms) => {}
                }
                Input::Ready
            }
            Effect::Sleep(ms) => {
                self.hang_up().await;
                tokio::select! {
                    () = self.stop.cancelled() => return Ok(None),
                    () = nap(ms) => {}
                }
                Input::Ready
            }
            Effect::Rest => {
                self.hang_up().await;
                self.stop.cancelled().await;
                return Ok(None);
            }
            Effect::Health(_) => Input::Ready,
        }))
    }

    /// Hands a message in. Until the fence a stop drops it, since nothing was offered; behind the fence it is finished.
    async fn deliver(&self, job: &OutboundJob) -> Result<Option<Input>, PortError> {
        let fenced = AtomicBool::new(false);
        let fence = async || {
            if self.stop.is_cancelled() {
                return Err(PortError::Unavailable("the host is stopping".to_owned()));
            }
            fenced.store(true, Ordering::SeqCst);
            self.port.outbound_sending(job.id, job.attempt).await
        };
        let may_finish = || self.port.lease_ok();
        let delivery = async {
            match self.api() {
                None => smtp::deliver(&self.account, &self.secret, &job.envelope, &job.raw, fence, may_finish).await,
                Some(Ok(api)) => graph::deliver(&api, &job.envelope, &job.raw, fence, may_finish).await,
                Some(Err(error)) => smtp::Outcome::NotOffered(error),
            }
        };
        tokio::pin!(delivery);
        let stopped = tokio::select! {
            outcome = &mut delivery => Some(outcome),
            () = self.stop.cancelled() => None,
        };
        let outcome = match stopped {
            Some(outcome) => outcome,
            None if fenced.load(Ordering::SeqCst) => delivery.await,
            None => return Ok(None),
        };
        match outcome {
            smtp::Outcome::Stopped(PortError::LeaseLost) => Err(PortError::LeaseLost),
            outcome => Ok(Some(Input::Delivered {
                outcome,
                jitter: jitter(),
            })),
        }
    }

    async fn report(&self, job: &OutboundJob, report: Report) -> Result<(), PortError> {
        let (id, attempt) = (job.id, job.attempt);
        match report {
            Report::Returned(returned) => self.port.outbound_returned(id, attempt, returned).await,
            Report::Sent(reply) => self.port.outbound_sent(id, attempt, reply).await,
            Report::Failed(code, text) => self.port.outbound_failed(id, attempt, code, text).await,
            Report::Unknown(reason) => self.port.outbound_unknown(id, attempt, reason).await,
            Report::Filed => self.port.filed(id).await,
        }
    }

    /// The mailbox at Graph, where it is reached so.
    fn api(&self) -> Option<Result<Api, ConnectError>> {
        let graph = self.account.graph.as_ref()?;
        Some(Api::new(&self.account, graph, &self.secret, &self.throttle))
    }

    /// The sent folder, and whether the message lies in it.
    async fn find(&mut self, job: &OutboundJob) -> Result<(Option<Folder>, bool), ConnectError> {
        if let Some(api) = self.api() {
            let api = api?;
            let found = graph::is_in_sent(&api, &job.message_id, &job.raw).await;
            let found = found.map_err(|error| error.into_connect_error(api.host()))?;
            return Ok((None, found));
        }
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => ImapConn::open(&self.account, &self.secret).await?,
        };
        let host = self.account.imap.host.clone();
        let failed = |error: crate::email::imap::ImapError| error.into_connect_error(&host);
        let folders = conn
            .folders(self.account.sent_folder.as_deref())
            .await
            .map_err(failed)?;
        let sent = folders.into_iter().find(|folder| folder.role == FolderRole::Sent);
        let mut found = false;
        if let Some(folder) = &sent {
            conn.examine(&folder.wire).await.map_err(failed)?;
            let baton_id = parse(&job.raw).ok().and_then(|mail| mail.baton_id).unwrap_or_default();
            for (header, value) in [
                ("Message-ID", job.message_id.as_str()),
                (BATON_ID_HEADER, baton_id.as_str()),
            ] {
                let searchable = !value.is_empty()
                    && value
                        .bytes()
                        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
                if searchable && !found {
                    found = !conn
                        .search(&format!("HEADER {header} \"{value}\""))
                        .await
                        .map_err(failed)?
                        .is_empty();
                }
            }
        }
        self.conn = Some(conn);
        Ok((sent, found))
    }

    /// Looks first, so that it can be done again at any time.
    async fn file(&mut self, job: &OutboundJob) -> Result<(), ConnectError> {
        let (folder, found) = self.find(job).await?;
        if found || self.account.graph.is_some() {
            // Exchange files what it sends by itself.
            return Ok(());
        }
        let Some(mut conn) = self.conn.take() else {
            return Err(ConnectError::Closed {
                host: self.account.imap.host.clone(),
            });
        };
        if conn.is_gmail() {
            // It files what it sends by itself; ours would be a second copy.
            self.conn = Some(conn);
            return Ok(());
        }
        let host = self.account.imap.host.clone();
        let failed = |error: crate::email::imap::ImapError| error.into_connect_error(&host);
        let wire = match folder {
            Some(folder) => folder.wire,
            None => {
                let wire = encode_folder_name(self.account.sent_folder.as_deref().unwrap_or("Sent"));
                conn.create(&wire).await.map_err(failed)?;
                wire
            }
        };
        conn.append(&wire, &job.raw).await.map_err(failed)?;
        self.conn = Some(conn);
        Ok(())
    }

    fn folder_away(&mut self, error: ConnectError) -> Input {
        self.conn = None;
        Input::FolderAway {
            error,
            jitter: jitter(),
        }
    }

    /// Size limits and the like are to be said before a message is written, so an idle host asks for them. Work, and a stop, come first.
    async fn ask_what_it_takes(&mut self) {
        let now = Timestamp(baton_clock::now_ms());
        if self.account.graph.is_some() {
            // It is the same for everybody, and nobody need be asked.
            if self.asking.take().is_some() {
                let offers = smtp::Offers {
                    size_limit: Some(graph::LARGEST_BYTES),
                    ..smtp::Offers::default()
                };
                self.told.offers(&*self.port, offers).await;
            }
            return;
        }
        if self.asking.is_none_or(|from| from > now) {
            return;
        }
        let asked = tokio::select! {
            () = self.stop.cancelled() => return,
            () = self.port.outbound_woken() => return,
            asked = tokio::time::timeout(OFFERS_WAIT, smtp::check(&self.account, &self.secret)) => asked,
        };
        self.asking = match asked {
            Ok(Ok(offers)) => {
                self.told.offers(&*self.port, offers).await;
                None
            }
            Ok(Err(error)) if error.retry() == Retry::WhenChanged => None,
            Ok(Err(_)) | Err(_) => Some(now.plus_ms(OFFERS_AGAIN_MS)),
        };
    }

    async fn hang_up(&mut self) {
        if let Some(conn) = self.conn.take() {
            conn.logout().await;
        }
    }
}

fn port_away(error: PortError) -> Result<Input, PortError> {
    match error {
        PortError::LeaseLost => Err(error),
        PortError::Unavailable(reason) | PortError::Refused(reason) => Ok(Input::PortAway {
            reason,
            jitter: jitter(),
        }),
    }
}
