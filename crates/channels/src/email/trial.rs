//! A message that a mailbox sends to itself, to show that it works from end to end.
//!
//! It carries a mark that only this workspace can make, so that wherever a copy of it turns up it is known for what it is and never
//! becomes a conversation; and so that no one else's mail can pass for it.

use std::sync::Arc;

use baton_domain::Timestamp;
use uuid::Uuid;

use super::account::{ConnectError, EmailAccount, Secret};
use super::address::MailAddress;
use super::compose::{ComposeError, Outgoing, compose};
use super::graph;
use super::imap::ImapConn;
use super::smtp::Envelope;
use super::thread::{own_message_id, verify};

/// The header with the mark.
const MARK: &str = "X-Baton-Test";
/// How far into a message the mark is looked for.
const HEAD_BYTES: usize = 64 * 1024;

/// The message, ready to go.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// From the mailbox, for the mailbox.
    pub envelope: Envelope,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
}

/// A copy of it in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// The folder's name on the wire.
    pub folder: String,
    /// Under which its number is valid.
    pub uidvalidity: u32,
    /// Its number.
    pub uid: u32,
}

/// The workspace's secret for this purpose: a mark is no Message-ID of a reply, and no reply's Message-ID is a mark.
fn marking(secret: &[u8]) -> [u8; 32] {
    blake3::derive_key("baton 2026 mailbox test", secret)
}

fn mark(id: Uuid, secret: &[u8]) -> String {
    own_message_id(id, &marking(secret), "test")
}

/// The message of this test.
///
/// # Errors
/// When the mailbox's own address can't be written as one.
pub fn letter(account: &EmailAccount, id: Uuid, secret: &[u8], now: Timestamp) -> Result<Letter, ComposeError> {
    let domain = account.address.rsplit('@').next().unwrap_or("localhost");
    let itself = MailAddress {
        name: account.display_name.clone(),
        address: account.address.clone(),
    };
    let mail = Outgoing {
        message_id: own_message_id(id, &marking(secret), domain),
        baton_id: id.to_string(),
        date: now,
        from: itself.clone(),
        sender: None,
        reply_to: Vec::new(),
        to: vec![itself],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Baton tests this mailbox".to_owned(),
        text: "Baton sent this message to see whether mail leaves and comes back. It deletes it again; nobody need do anything.\n"
            .to_owned(),
        html: None,
        in_reply_to: Vec::new(),
        references: Vec::new(),
        attachments: Vec::new(),
        calendar: None,
        automatic: false,
        unsubscribe: None,
    };
    let mut raw = format!("{MARK}: {}\r\nAuto-Submitted: auto-generated\r\n", mark(id, secret)).into_bytes();
    raw.extend(compose(&mail)?);
    Ok(Letter {
        raw,
        envelope: Envelope {
            from: Some(account.address.clone()),
            to: mail.envelope_to(),
            report: None,
        },
        message_id: mail.message_id,
    })
}

/// Which test a message belongs to, if it is one of ours.
#[must_use]
pub fn trial_of(raw: &[u8], secret: &[u8]) -> Option<Uuid> {
    let head = raw.get(..raw.len().min(HEAD_BYTES))?;
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .take_while(|line| !matches!(line, [] | [b'\r']));
    lines.find_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        let marked = name.eq_ignore_ascii_case(MARK);
        marked.then(|| verify(value, &marking(secret))).flatten()
    })
}

/// Deletes the copies of a test: by their mark in the folders they were seen in, or by Graph's names of them. Nothing else is touched.
///
/// # Errors
/// When the mailbox can't be reached, or does not let messages be deleted.
pub async fn tidy(
    account: &EmailAccount,
    secret: &Secret,
    workspace: &[u8],
    id: Uuid,
    copies: &[Lying],
    names: &[String],
) -> Result<(), ConnectError> {
    if let Some(graph) = &account.graph {
        let api = graph::Api::new(account, graph, secret, &Arc::default())?;
        for name in names {
            let deleted = api.delete(name).await;
            deleted.map_err(|error| error.into_connect_error(api.host()))?;
        }
        return Ok(());
    }
    let mut conn = ImapConn::open(account, secret).await?;
    for copy in copies {
        let removed = conn.remove(&copy.folder, MARK, &mark(id, workspace)).await;
        removed.map_err(|error| error.into_connect_error(&account.imap.host))?;
    }
    conn.logout().await;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::email::account::{Endpoint, Security};
    use crate::email::parse;

    fn account() -> EmailAccount {
        let server = Endpoint::new("mail.murmel.example", 993, Security::Tls);
        EmailAccount::entered("sales@murmel.example", "Sales", "sales", server.clone(), server, None)
    }

    #[test]
    fn a_test_is_known_by_its_mark_and_nobody_else_can_make_one() {
        let id = Uuid::from_u128(7);
        let letter = letter(&account(), id, b"secret", Timestamp(1_793_610_000_000)).unwrap();
        assert_eq!(trial_of(&letter.raw, b"secret"), Some(id));
        assert_eq!(trial_of(&letter.raw, b"another workspace's"), None);
        assert_eq!(letter.envelope.to, ["sales@murmel.example"]);
        let mail = parse(&letter.raw).unwrap();
        assert_eq!(mail.message_id.as_deref(), Some(letter.message_id.as_str()));
        // A reply's Message-ID, which every customer knows, is no mark.
        let reply = own_message_id(id, b"secret", "murmel.example");
        let forged = format!("X-Baton-Test: {reply}\r\nFrom: carl@example.com\r\n\r\nhi\r\n");
        assert_eq!(trial_of(forged.as_bytes(), b"secret"), None);
        let quoted = format!(
            "From: carl@example.com\r\n\r\nX-Baton-Test: {}\r\n",
            mark(id, b"secret")
        );
        assert_eq!(trial_of(quoted.as_bytes(), b"secret"), None, "only in the head");
    }
}
