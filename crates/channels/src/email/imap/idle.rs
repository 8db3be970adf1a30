//! Waiting for news.

use std::time::Duration;

use async_imap::extensions::idle::IdleResponse;
use async_imap::types::UnsolicitedResponse;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{ImapConn, ImapError};
use crate::email::net;

/// For the server to agree to wait, and for it to stop.
const TURN_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest wait in one go: routers forget quiet connections after a few minutes, long before the 29 that RFC 2177 allows.
pub(crate) const MAX_IDLE: Duration = Duration::from_secs(5 * 60);

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleEnd {
    /// The server said something: look.
    News,
    /// Nothing came in the time given.
    Quiet,
    /// We stopped it.
    Stopped,
}

impl ImapConn {
    /// Waits for the server to say something about the open folder, at most `limit`, or until `stop`.
    ///
    /// What was said before, or together with the agreement to wait, ends the wait at once. The wait is only ever stopped through its
    /// own switch and ended by a tagged reply, so that the next command finds a clean session.
    ///
    /// # Errors
    /// [`ImapError::Lost`] also where the connection ended during the wait, which the library calls an interruption.
    pub async fn idle(&mut self, limit: Duration, stop: &CancellationToken) -> Result<IdleEnd, ImapError> {
        if self.take_news() {
            return Ok(IdleEnd::News);
        }
        let session = self.session.take().ok_or_else(|| self.closed())?;
        let heard = session.unsolicited_responses.clone();
        while heard.try_recv().is_ok() {}
        let mut waiting = session.idle();
        match timeout(TURN_TIMEOUT, waiting.init()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(_) => return Err(net::timed_out(&self.endpoint).into()),
        }
        let mut early = false;
        while let Ok(response) = heard.try_recv() {
            early |= matches!(
                response,
                UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_) | UnsolicitedResponse::Expunge(_)
            );
        }
        let end = if early {
            IdleEnd::News
        } else {
            let (wait, switch) = waiting.wait_with_timeout(limit.min(MAX_IDLE));
            tokio::pin!(wait);
            let mut switch = Some(switch);
            let ended = loop {
                tokio::select! {
                    ended = &mut wait => break ended,
                    () = stop.cancelled(), if switch.is_some() => switch = None,
                }
            };
            match ended {
                Ok(IdleResponse::NewData(_)) => IdleEnd::News,
                Ok(IdleResponse::Timeout) => IdleEnd::Quiet,
                Ok(IdleResponse::ManualInterrupt) if switch.is_none() => IdleEnd::Stopped,
                Ok(IdleResponse::ManualInterrupt) => return Err(self.closed().into()),
                Err(error) => return Err(self.failed(error)),
            }
        };
        match timeout(TURN_TIMEOUT, waiting.done()).await {
            Ok(Ok(session)) => self.session = Some(session),
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(_) => return Err(net::timed_out(&self.endpoint).into()),
        }
        Ok(end)
    }
}
