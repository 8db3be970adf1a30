//! Real mail: Dovecot keeps the mailboxes, Postfix takes letters and hands them over.
//!
//! Any `name@baton.test` exists and has the same password. A letter handed to Postfix is in the mailbox a tenth of a second
//! later. Mailboxes are read and filled by Python's standard library, because a test that reads with our own client proves
//! only that we agree with ourselves.

mod files;
mod letter;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

pub use letter::{Letter, Seed};

use crate::port::Port;
use crate::process::{Part, eventually, output};
use crate::programs::system;
use crate::scratch::Scratch;

/// The domain of everybody in a test.
pub const DOMAIN: &str = "baton.test";

/// The password of every mailbox.
pub const PASSWORD: &str = "story";

/// How long the servers may take to start on a busy machine.
const START: Duration = Duration::from_secs(30);

/// Dovecot and Postfix, with a certificate of their own.
#[derive(Debug)]
pub struct MailHost {
    // Dropped before the directory they work in.
    dovecot: Option<Part>,
    postfix: Option<Part>,
    imap: Port,
    smtp: Port,
    scratch: Scratch,
}

impl MailHost {
    /// Starts both servers and waits until they answer.
    ///
    /// # Errors
    /// When we are not root (Postfix changes users), a server is not installed, or one does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(files::Way::default()).await
    }

    /// Starts both servers so that they take access tokens, too (XOAUTH2 and OAUTHBEARER). Of each token they ask the provider, there.
    ///
    /// # Errors
    /// As [`MailHost::start`].
    pub async fn start_taking_tokens(introspection_url: &str) -> Result<Self> {
        Self::start_with(files::Way {
            introspection_url: Some(introspection_url.to_owned()),
            ..files::Way::default()
        })
        .await
    }

    /// Starts both servers so that a mailbox may hold no more than so many KiB.
    ///
    /// # Errors
    /// As [`MailHost::start`].
    pub async fn start_with_quota(kib: u32) -> Result<Self> {
        Self::start_with(files::Way {
            quota_kib: Some(kib),
            ..files::Way::default()
        })
        .await
    }

    async fn start_with(way: files::Way) -> Result<Self> {
        let mut host = Self {
            dovecot: None,
            postfix: None,
            imap: Port::claim()?,
            smtp: Port::claim()?,
            scratch: Scratch::new("mail")?,
        };
        files::prepare(&host.scratch, host.imap.number(), host.smtp.number(), &way).await?;
        host.resume().await?;
        Ok(host)
    }

    /// Cuts the power of both servers. The mailboxes stay.
    pub fn halt(&mut self) {
        self.dovecot = None;
        self.postfix = None;
    }

    /// Starts both servers again after [`MailHost::halt`], on the same ports.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn resume(&mut self) -> Result<()> {
        let mut dovecot = Command::new(system("dovecot")?);
        dovecot.arg("-F").arg("-c").arg(self.scratch.join("dovecot.conf"));
        let dovecot = Part::start("dovecot", dovecot, &self.scratch.join("dovecot.out"))?;
        // The master itself, and attached (-d): `postfix start` would put it out of reach, in a session of its own.
        let mut master = Command::new(files::postfix_daemons().await?.join("master"));
        master.arg("-d").env("MAIL_CONFIG", self.scratch.join("postfix"));
        let postfix = Part::start("postfix", master, &self.scratch.join("postfix.out"))?;
        self.dovecot = Some(dovecot);
        self.postfix = Some(postfix);
        eventually("the mail servers", START, async || {
            for part in [&mut self.dovecot, &mut self.postfix].into_iter().flatten() {
                part.must_be_running()?;
            }
            if !greets(&self.smtp).await {
                return Ok(None);
            }
            Ok(greets(&self.imap).await.then_some(()))
        })
        .await
        .with_context(|| self.logs())
    }

    /// Where both servers listen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        "localhost"
    }

    /// The port of IMAP, with STARTTLS.
    #[must_use]
    pub fn imap_port(&self) -> u16 {
        self.imap.number()
    }

    /// The port of SMTP submission, with STARTTLS and AUTH.
    #[must_use]
    pub fn smtp_port(&self) -> u16 {
        self.smtp.number()
    }

    /// The file with the certificate authority that signed the servers' certificate (PEM).
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.join("ca.pem")
    }

    /// Hands a letter to Postfix as `from` would from a mail program of their own.
    ///
    /// # Errors
    /// When Postfix refuses it.
    pub async fn deliver(&self, from: &str, to: &[&str], raw: &[u8]) -> Result<()> {
        self.python(json!({
            "do": "send",
            "user": from,
            "to": to.iter().map(|name| address(name)).collect::<Vec<_>>(),
            "from": address(from),
            "raw": BASE64.encode(raw),
        }))
        .await?;
        Ok(())
    }

    /// Files old letters into a mailbox, each with its own date and flags, as years of use would have left them. One without
    /// a `Date` gets that of its arrival.
    ///
    /// # Errors
    /// When Dovecot refuses one.
    pub async fn seed(&self, user: &str, folder: &str, letters: &[Seed]) -> Result<()> {
        self.python(json!({ "do": "append", "user": user, "folder": folder, "letters": letters }))
            .await?;
        Ok(())
    }

    /// Where a person's mailbox lies on disk (Maildir), for a test that fills it faster than IMAP does. What is written there
    /// must be given to Dovecot afterwards.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn maildir_of(&self, user: &str) -> Result<PathBuf> {
        let place = self.scratch.join("boxes").join(user);
        std::fs::create_dir_all(&place).with_context(|| format!("create {}", place.display()))?;
        Ok(place)
    }

    /// Lets Dovecot own what was written into a person's mailbox.
    ///
    /// # Errors
    /// When the owner can't be changed.
    pub async fn give_to_dovecot(&self, user: &str) -> Result<()> {
        files::give_to_dovecot(&self.maildir_of(user)?).await
    }

    /// How many letters are in a person's INBOX. Looking makes Dovecot go through a mailbox it has not seen.
    ///
    /// # Errors
    /// When Dovecot refuses.
    pub async fn count(&self, user: &str) -> Result<usize> {
        let counted = self
            .python(json!({ "do": "count", "user": user, "folder": "INBOX" }))
            .await?;
        serde_json::from_slice(&counted).context("a count")
    }

    /// Every letter in a person's INBOX, in the order they came.
    ///
    /// # Errors
    /// When Dovecot refuses to show them.
    pub async fn inbox_of(&self, user: &str) -> Result<Vec<Letter>> {
        self.folder_of(user, "INBOX").await
    }

    /// Every letter in one folder of a mailbox, in the order they came. Looking does not mark anything as read.
    ///
    /// # Errors
    /// When there is no such folder.
    pub async fn folder_of(&self, user: &str, folder: &str) -> Result<Vec<Letter>> {
        let shown = self
            .python(json!({ "do": "read", "user": user, "folder": folder }))
            .await?;
        serde_json::from_slice(&shown).context("the list of letters")
    }

    /// Deletes letters from a mailbox for good, as somebody with another mail program would. `uids` is a set as IMAP writes it: `3:5,9`.
    ///
    /// # Errors
    /// When Dovecot refuses.
    pub async fn expunge(&self, user: &str, folder: &str, uids: &str) -> Result<()> {
        self.python(json!({ "do": "expunge", "user": user, "folder": folder, "uids": uids }))
            .await?;
        Ok(())
    }

    /// Gives letters exactly these flags, as somebody with another mail program would.
    ///
    /// # Errors
    /// When Dovecot refuses.
    pub async fn flag(&self, user: &str, folder: &str, uids: &str, flags: &[&str]) -> Result<()> {
        self.python(json!({ "do": "flag", "user": user, "folder": folder, "uids": uids, "flags": flags }))
            .await?;
        Ok(())
    }

    /// Calls folders something else, one after the other, as somebody with another mail program would.
    ///
    /// # Errors
    /// When Dovecot refuses.
    pub async fn rename(&self, user: &str, names: &[(&str, &str)]) -> Result<()> {
        self.python(json!({ "do": "rename", "user": user, "names": names }))
            .await?;
        Ok(())
    }

    /// Files letters into a person's INBOX one after the other, and gives the instants (milliseconds since 1970) at which Dovecot told
    /// somebody else who watches that mailbox of each.
    ///
    /// # Errors
    /// When Dovecot refuses, or tells nobody.
    pub async fn push(&self, user: &str, letters: &[Vec<u8>], pause: Duration) -> Result<Vec<f64>> {
        let letters: Vec<String> = letters.iter().map(|letter| BASE64.encode(letter)).collect();
        let pause_ms = u64::try_from(pause.as_millis())?;
        let told = self
            .python(json!({ "do": "push", "user": user, "letters": letters, "pause_ms": pause_ms }))
            .await?;
        serde_json::from_slice(&told).context("when it was told")
    }

    /// Waits until a person's INBOX holds a letter that `wanted` accepts.
    ///
    /// # Errors
    /// When none has come after `within`.
    pub async fn arrival(&self, user: &str, within: Duration, wanted: impl Fn(&Letter) -> bool) -> Result<Letter> {
        eventually(&format!("a letter to {user}"), within, async || {
            Ok(self.inbox_of(user).await?.into_iter().find(|letter| wanted(letter)))
        })
        .await
        .with_context(|| self.logs())
    }

    /// How many letters Postfix has handed over since it was first started.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn deliveries(&self) -> Result<usize> {
        let log = std::fs::read_to_string(self.scratch.join("postfix.log")).context("read the log of Postfix")?;
        Ok(log.lines().filter(|line| line.contains("status=sent")).count())
    }

    /// The last lines both servers logged.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut shown = String::new();
        for name in ["dovecot.log", "dovecot.out", "postfix.log", "postfix.out"] {
            let text = std::fs::read_to_string(self.scratch.join(name)).unwrap_or_default();
            shown.push_str(&format!("--- {name}\n{}\n", crate::process::tail(&text, 15)));
        }
        shown
    }

    /// Lets Python do one thing with a mailbox.
    async fn python(&self, mut order: serde_json::Value) -> Result<Vec<u8>> {
        if let Some(fields) = order.as_object_mut() {
            fields.insert("imap_port".into(), self.imap.number().into());
            fields.insert("smtp_port".into(), self.smtp.number().into());
            fields.insert("ca".into(), self.ca_file().to_string_lossy().into());
            fields.insert("password".into(), PASSWORD.into());
        }
        let mut python = Command::new(system("python3")?);
        python.args(["-I", "-c", include_str!("mailbox.py")]);
        output(python, order.to_string().as_bytes()).await
    }
}

/// Whether the server at a port says its first words. Postfix listens before it can answer.
async fn greets(port: &Port) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port.number())).await else {
        return false;
    };
    matches!(tokio::time::timeout(START, stream.read_u8()).await, Ok(Ok(_)))
}

/// The address of a person of the cast: `carl` is `carl@baton.test`.
#[must_use]
pub fn address(name: &str) -> String {
    if name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}@{DOMAIN}")
    }
}
