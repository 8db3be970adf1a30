//! One session with a mailbox, whichever way it is reached: what the machine wants done is the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::port::{HostPort, PortError};
use crate::email::account::{ConnectError, EmailAccount, Secret};
use crate::email::graph::{GraphConn, Throttle};
use crate::email::imap::{Changes, Folder, ImapConn, ImapError, Known, MessageMeta, Opened, Usage, uid_set};

/// Why something was not done.
#[derive(Debug)]
pub(in crate::email) enum SessionError {
    /// The mailbox.
    Mail(ImapError),
    /// The process around the host.
    Port(PortError),
}

impl From<ImapError> for SessionError {
    fn from(error: ImapError) -> Self {
        Self::Mail(error)
    }
}

impl From<PortError> for SessionError {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// A session.
pub(super) enum Session {
    Imap(Box<ImapConn>),
    Graph(Box<GraphConn>),
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(
        account: &EmailAccount,
        secret: &Secret,
        port: &Arc<dyn HostPort>,
        throttle: &Arc<Throttle>,
    ) -> Result<Self, ConnectError> {
        match &account.graph {
            None => Ok(Self::Imap(Box::new(ImapConn::open(account, secret).await?))),
            Some(graph) => {
                let conn = GraphConn::open(account, graph, secret, throttle, Arc::clone(port)).await?;
                Ok(Self::Graph(Box::new(conn)))
            }
        }
    }

    /// Whether it is told of new mail, or asks for it while it waits.
    pub(super) fn pushes(&self) -> bool {
        match self {
            Self::Imap(conn) => conn.can("IDLE"),
            Self::Graph(_) => true,
        }
    }

    /// Compresses what goes over the wire, where that is a thing of the session's own.
    pub(super) async fn compress(&mut self) -> Result<(), ImapError> {
        match self {
            Self::Imap(conn) => conn.compress().await.map(drop),
            Self::Graph(_) => Ok(()),
        }
    }

    pub(super) async fn folders(&mut self, sent: Option<&str>) -> Result<Vec<Folder>, SessionError> {
        Ok(match self {
            Self::Imap(conn) => conn.folders(sent).await?,
            Self::Graph(conn) => conn.folders(),
        })
    }

    /// How full the mailbox is; `None` where it doesn't say.
    pub(super) async fn usage(&mut self) -> Result<Option<Usage>, SessionError> {
        Ok(match self {
            Self::Imap(conn) => conn.usage().await?,
            // Microsoft Graph doesn't tell of a mailbox's quota.
            Self::Graph(_) => None,
        })
    }

    pub(super) async fn examine_since(
        &mut self,
        folder: &str,
        known: Option<&Known>,
    ) -> Result<(Opened, Option<Changes>), SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.examine_since(folder, known).await?),
            Self::Graph(conn) => conn.examine(folder, known).await,
        }
    }

    pub(super) async fn changes(&mut self, known: &Known) -> Result<Changes, SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.changes(known).await?),
            Self::Graph(conn) => conn.changes(known).await,
        }
    }

    /// The UIDs that exist in a range.
    pub(super) async fn list(&mut self, from: u32, to: u32) -> Result<Vec<u32>, SessionError> {
        match self {
            Self::Imap(conn) if to == u32::MAX => Ok(conn.search(&format!("UID {from}:*")).await?),
            Self::Imap(conn) => Ok(conn.search(&format!("UID {from}:{to}")).await?),
            Self::Graph(conn) => conn.list(from, to).await,
        }
    }

    /// Those of these that exist.
    pub(super) async fn existing(&mut self, uids: &[u32]) -> Result<Vec<u32>, SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.search(&format!("UID {}", uid_set(uids))).await?),
            Self::Graph(conn) => conn.existing(uids).await,
        }
    }

    pub(super) async fn status(&mut self, folder: &str) -> Result<Opened, SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.status(folder).await?),
            Self::Graph(conn) => conn.status(folder).await,
        }
    }

    pub(super) async fn metas(&mut self, uids: &[u32]) -> Result<Vec<MessageMeta>, SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.metas(uids).await?),
            Self::Graph(conn) => conn.metas(uids).await,
        }
    }

    pub(super) async fn whole(&mut self, uids: &[u32], found: &mut HashMap<u32, Vec<u8>>) -> Result<(), SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.whole(uids, found).await?),
            Self::Graph(conn) => conn.whole(uids, found).await,
        }
    }

    pub(super) async fn rest(&mut self, uid: u32, bytes: &mut Vec<u8>) -> Result<bool, SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.rest(uid, bytes).await?),
            Self::Graph(conn) => conn.rest(uid, bytes).await,
        }
    }

    pub(super) fn take_news(&mut self) -> bool {
        match self {
            Self::Imap(conn) => conn.take_news(),
            Self::Graph(conn) => conn.take_news(),
        }
    }

    pub(super) async fn noop(&mut self) -> Result<(), SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.noop().await?),
            Self::Graph(_) => Ok(()),
        }
    }

    pub(super) async fn idle(&mut self, limit: Duration, stop: &CancellationToken) -> Result<(), SessionError> {
        match self {
            Self::Imap(conn) => Ok(conn.idle(limit, stop).await.map(drop)?),
            Self::Graph(conn) => conn.idle(limit, stop).await,
        }
    }

    pub(super) async fn logout(self) {
        if let Self::Imap(conn) = self {
            conn.logout().await;
        }
    }
}
