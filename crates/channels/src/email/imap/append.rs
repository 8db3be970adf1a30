//! Filing a message into a folder.

use std::time::Duration;

use imap_proto::rfc4315::UidSetMember;
use imap_proto::{Response, ResponseCode, Status};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::name::quoted;
use super::{ImapConn, ImapError, REPLY_TIMEOUT};
use crate::email::net;

/// For the whole message to go up.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Where a message was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The folder's UIDVALIDITY and the message's UID, where the server says so (RFC 4315).
    pub at: Option<(u32, u32)>,
}

impl ImapConn {
    /// Puts a message, read already, into a folder.
    ///
    /// # Errors
    /// As for every command. After a lost connection it may or may not be there: look before trying again.
    pub async fn append(&mut self, folder: &str, message: &[u8]) -> Result<Appended, ImapError> {
        let mut session = self.session.take().ok_or_else(|| self.closed())?;
        let command = format!("APPEND {} (\\Seen) {{{}}}", quoted(folder), message.len());
        let tag = match timeout(REPLY_TIMEOUT, session.run_command(&command)).await {
            Ok(Ok(tag)) => tag,
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(_) => return Err(net::timed_out(&self.endpoint).into()),
        };
        let mut offered = false;
        loop {
            let data = match timeout(REPLY_TIMEOUT, session.read_response()).await {
                Ok(Ok(Some(data))) => data,
                Ok(Ok(None)) => return Err(self.closed().into()),
                Ok(Err(error)) => return Err(self.failed(error.into())),
                Err(_) => return Err(net::timed_out(&self.endpoint).into()),
            };
            match data.parsed() {
                // Other lines may stand before it; only the `+` asks for the message.
                Response::Continue(_) if !offered => {
                    offered = true;
                    let stream = session.as_mut();
                    let upload = async {
                        stream.write_all(message).await?;
                        stream.write_all(b"\r\n").await?;
                        stream.flush().await
                    };
                    match timeout(UPLOAD_TIMEOUT, upload).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return Err(net::broken(&self.endpoint, &error).into()),
                        Err(_) => return Err(net::timed_out(&self.endpoint).into()),
                    }
                }
                Response::Done {
                    tag: of,
                    status,
                    outcome,
                } if *of == tag => {
                    let at = match &outcome.code {
                        Some(ResponseCode::AppendUid(uidvalidity, uids)) => {
                            uids.first().map(|uid| (*uidvalidity, first(uid)))
                        }
                        _ => None,
                    };
                    let (done, reply) = (
                        matches!(status, Status::Ok),
                        net::short(outcome.information.as_deref().unwrap_or_default()),
                    );
                    self.session = Some(session);
                    return if done {
                        Ok(Appended { at })
                    } else {
                        Err(ImapError::Refused { reply })
                    };
                }
                _ => {}
            }
        }
    }
}

fn first(member: &UidSetMember) -> u32 {
    match member {
        UidSetMember::UidRange(range) => *range.start(),
        UidSetMember::Uid(uid) => *uid,
    }
}
