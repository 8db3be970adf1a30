//! One IMAP session, driven command by command.
//!
//! The library below parses the protocol; what it leaves open is closed here. A command ends only with its own tagged reply, and a
//! refusal is an error and never an empty answer. The session is taken out while a command runs and put back only when its last line
//! was read: a command that fails, times out or is abandoned halfway leaves no session behind, so that a leftover reply can't answer
//! the next command. Every wait has an end. Only headers and sizes that can't break the parser are asked for.

mod append;
mod changes;
mod fetch;
mod folders;
mod idle;
mod login;
mod name;
mod remove;

use std::time::Duration;

use async_imap::Session;
use imap_proto::{MailboxDatum, Response, Status};
use tokio::time::timeout;

use super::account::{ConnectError, EmailAccount, Endpoint, Secret};
use super::net::{self, Stream};
pub use append::Appended;
pub use changes::{Changes, Known, Telling};
pub(crate) use fetch::MAX_MESSAGE_BYTES;
pub use fetch::{Body, MessageMeta, uid_set};
pub use folders::{Folder, FolderRole, Usage};
pub use idle::IdleEnd;
pub(super) use login::greeted;
pub use name::{decode_folder_name, encode_folder_name};

/// For each reply of the server. The largest single one is a piece of a message, see [`fetch`].
const REPLY_TIMEOUT: Duration = Duration::from_secs(120);

/// Why a command gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImapError {
    /// The session is over; a new one may work.
    #[error(transparent)]
    Lost(#[from] ConnectError),
    /// The server said NO or BAD; the session goes on.
    #[error("the server refused: {reply}")]
    Refused {
        /// Its words.
        reply: String,
    },
    /// A reply could not be understood; the session is over, and the same question would end the next one too.
    #[error("a reply of the server could not be understood")]
    Unparsable,
}

impl ImapError {
    /// The error as the reason a connection failed.
    #[must_use]
    pub fn into_connect_error(self, host: &str) -> ConnectError {
        match self {
            Self::Lost(error) => error,
            Self::Refused { reply } => ConnectError::Denied {
                host: host.to_owned(),
                reply,
            },
            Self::Unparsable => ConnectError::Protocol {
                host: host.to_owned(),
                detail: "a reply that is not IMAP".to_owned(),
            },
        }
    }
}

/// A folder, opened for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Under which its UIDs are valid.
    pub uidvalidity: u32,
    /// The UID the next message will have at least.
    pub uidnext: u32,
    /// Messages in it.
    pub exists: u32,
    /// Its HIGHESTMODSEQ; 0 where the server counts none.
    pub modseq: u64,
}

/// A signed-in session.
#[derive(Debug)]
pub struct ImapConn {
    endpoint: Endpoint,
    session: Option<Session<Stream>>,
    capabilities: Vec<String>,
    news: bool,
    telling: Telling,
    /// The open folder's HIGHESTMODSEQ when it was opened.
    opened_at: u64,
    compressed: bool,
}

impl ImapConn {
    /// Connects, protects the connection and signs in.
    ///
    /// # Errors
    /// What stands in the way, as [`ConnectError`].
    pub async fn open(account: &EmailAccount, secret: &Secret) -> Result<Self, ConnectError> {
        let endpoint = account.imap.clone();
        let stream = login::prepared(&endpoint, account.extra_ca.as_deref()).await?;
        Self::sign_in(endpoint, stream, account, secret).await
    }

    /// Whether the server can do this, as it says after signing in.
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities
            .iter()
            .any(|known| known.eq_ignore_ascii_case(capability))
    }

    /// Whether the server has spoken of new messages since this was last asked. A hint to look, never data.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// Opens a folder for reading only: no flag changes by looking.
    ///
    /// # Errors
    /// [`ImapError::Refused`] where there is no such folder.
    pub async fn examine(&mut self, folder: &str) -> Result<Opened, ImapError> {
        self.open_folder(folder, "", |_| {}).await
    }

    /// Compresses what goes over the wire from here on, where the server offers it; says whether it does.
    ///
    /// # Errors
    /// After a refusal there is no session left, as after every error here.
    pub async fn compress(&mut self) -> Result<bool, ImapError> {
        if self.compressed || !self.can("COMPRESS=DEFLATE") {
            return Ok(self.compressed);
        }
        let session = self.session.take().ok_or_else(|| self.closed())?;
        match timeout(REPLY_TIMEOUT, session.compress(|deflated| Box::new(deflated) as Stream)).await {
            Ok(Ok(session)) => {
                (self.session, self.compressed) = (Some(session), true);
                Ok(true)
            }
            Ok(Err(error)) => Err(self.failed(error)),
            Err(_) => Err(net::timed_out(&self.endpoint).into()),
        }
    }

    /// Whether this is Gmail, whose folders are labels and whose *All Mail* has every message once.
    #[must_use]
    pub fn is_gmail(&self) -> bool {
        self.can("X-GM-EXT-1")
    }

    /// Messages that fit an IMAP search expression, ascending.
    ///
    /// # Errors
    /// As for every command; a refusal is never an empty result.
    pub async fn search(&mut self, query: &str) -> Result<Vec<u32>, ImapError> {
        let mut found = Vec::new();
        self.command(&format!("UID SEARCH {query}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend_from_slice(uids);
            }
        })
        .await?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Asks for news without waiting for any.
    ///
    /// # Errors
    /// As for every command.
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.command("NOOP", |_| {}).await
    }

    /// Says goodbye. Whatever the server answers, the session is over.
    pub async fn logout(mut self) {
        let _ = timeout(Duration::from_secs(5), self.command("LOGOUT", |_| {})).await;
    }

    /// Runs one command to its tagged reply. `each` sees every reply before it.
    async fn command(&mut self, command: &str, mut each: impl FnMut(&Response<'_>)) -> Result<(), ImapError> {
        let mut session = self.session.take().ok_or_else(|| self.closed())?;
        let tag = match timeout(REPLY_TIMEOUT, session.run_command(command)).await {
            Ok(Ok(tag)) => tag,
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(_) => return Err(net::timed_out(&self.endpoint).into()),
        };
        loop {
            let data = match timeout(REPLY_TIMEOUT, session.read_response()).await {
                Ok(Ok(Some(data))) => data,
                Ok(Ok(None)) => return Err(self.closed().into()),
                Ok(Err(error)) => return Err(self.failed(error.into())),
                Err(_) => return Err(net::timed_out(&self.endpoint).into()),
            };
            match data.parsed() {
                Response::Done {
                    tag: of,
                    status,
                    outcome,
                } if *of == tag => {
                    let reply = net::short(outcome.information.as_deref().unwrap_or_default());
                    let done = matches!(status, Status::Ok);
                    self.session = Some(session);
                    return if done {
                        Ok(())
                    } else {
                        Err(ImapError::Refused { reply })
                    };
                }
                Response::Data {
                    status: Status::Bye,
                    outcome,
                } if !command.starts_with("LOGOUT") => {
                    let reply = net::short(outcome.information.as_deref().unwrap_or_default());
                    return Err(ConnectError::Busy {
                        host: self.endpoint.host.clone(),
                        reply,
                    }
                    .into());
                }
                response => {
                    if matches!(
                        response,
                        Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_))
                    ) {
                        self.news = true;
                    }
                    each(response);
                }
            }
        }
    }

    async fn highest_uid(&mut self) -> Result<Option<u32>, ImapError> {
        Ok(self.search("UID *").await?.last().copied())
    }

    fn closed(&self) -> ConnectError {
        ConnectError::Closed {
            host: self.endpoint.host.clone(),
        }
    }

    fn failed(&self, error: async_imap::error::Error) -> ImapError {
        use async_imap::error::Error;
        match error {
            // The library reports a reply it can't parse as an IO error with the reply in its text.
            Error::Io(error) if error.to_string().contains("during parsing of") => ImapError::Unparsable,
            Error::Io(error) => net::broken(&self.endpoint, &error).into(),
            Error::No(reply) | Error::Bad(reply) => ImapError::Refused {
                reply: login::words_of(&reply),
            },
            Error::ConnectionLost => self.closed().into(),
            Error::Parse(_) => ImapError::Unparsable,
            other => ConnectError::Protocol {
                host: self.endpoint.host.clone(),
                detail: net::short(&other.to_string()),
            }
            .into(),
        }
    }
}

#[cfg(test)]
mod tests;
