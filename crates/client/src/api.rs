//! The one door of the desktop: what a shell gives to the engine, and what it gets.
//!
//! A shell implements [`Shell`] (show a notification, open a link), starts a [`Desktop`], passes every request of the window to
//! [`Desktop::call`] and every event of [`Desktop::events`] to the window. It decides nothing itself.

use std::path::PathBuf;

use async_trait::async_trait;
use baton_domain::{ConversationId, Member};

mod desktop;

pub use desktop::Desktop;

/// What a desktop is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything of this installation lies. One process at a time may use it.
    pub data_dir: PathBuf,
    /// What to call this computer in the list of sessions.
    pub device_name: String,
    /// The program's version, as the window shows it.
    pub version: String,
    /// Where the key comes from that everything on this disk is sealed with.
    pub keys: KeySource,
    /// How long the keyring may take before the person is asked what to do without it, in milliseconds.
    pub keyring_timeout_ms: u64,
}

impl Config {
    /// The usual desktop: the key in the operating system's keyring.
    #[must_use]
    pub fn new(data_dir: PathBuf, device_name: String, version: String) -> Self {
        Self {
            data_dir,
            device_name,
            version,
            keys: KeySource::Keyring,
            keyring_timeout_ms: 10_000,
        }
    }
}

/// Where the data key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// The operating system's keyring, with the choices of [`baton_protocol::Unlock`] where there is none.
    Keyring,
    /// This computer has no keyring, or none is wanted: the person is asked at once.
    NoKeyring,
    /// Whoever starts the desktop keeps it.
    Given([u8; 32]),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keyring => "Keyring",
            Self::NoKeyring => "NoKeyring",
            Self::Given(_) => "Given",
        })
    }
}

/// A native notification. It comes again with the same `key` when it is to be updated in place, without a new sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What it is known by, to [`Shell::withdraw`] and [`Desktop::on_notification`].
    pub key: String,
    /// One line: what happened, and to whom it matters. Plain text.
    pub title: String,
    /// A few lines: company, subject, the next step. Plain text.
    pub body: String,
    /// The buttons, in order. A click beside them is the action `open`.
    pub actions: Vec<NotificationAction>,
    /// What it is about; `None` for several at once.
    pub conversation: Option<ConversationId>,
}

/// A button of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationAction {
    /// What [`Desktop::on_notification`] is told: `open`, `in1h`, `done`, `claim`, `snooze`, `accept`.
    pub id: String,
    /// What the person reads.
    pub label: String,
}

/// How many conversations need me, and how a tray says so, in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// How many.
    pub count: u32,
    /// The tray's first line: it brings the window back.
    pub open: String,
    /// Its last: it ends the program.
    pub quit: String,
    /// When the pointer rests on the icon.
    pub tip: String,
}

/// Why the shell could not do something.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ShellError {
    /// What failed, in English.
    pub what: String,
}

/// What the engine asks of the program around it. Every call returns at once.
pub trait Shell: Send + Sync + 'static {
    /// Show a native notification, or update the one with that key.
    ///
    /// # Errors
    /// When no notification service takes it.
    fn notify(&self, notification: Notification) -> Result<(), ShellError>;
    /// Take a notification away: it was handled here or elsewhere.
    fn withdraw(&self, key: &str);
    /// How many conversations need me. Comes anew when the language changes.
    fn badge(&self, badge: Badge);
    /// Open a link in the system's browser. Only http, https and mailto come here.
    ///
    /// # Errors
    /// When the system has no program for it.
    fn open_url(&self, url: &str) -> Result<(), ShellError>;
    /// Where downloads go.
    fn downloads_dir(&self) -> PathBuf;
}

/// A server in this very program, for one person's mailbox, a team served by this computer, or the sample inbox.
#[async_trait]
pub trait EmbeddedServer: Send + Sync + 'static {
    /// Starts it, or starts it again on what it has. Called with the same directory and key every time.
    ///
    /// # Errors
    /// When it can't be started; the error says why.
    async fn start(&self, options: EmbeddedOptions) -> Result<Embedded, EmbeddedError>;
    /// Stops it, with everything on disk.
    async fn stop(&self);
}

/// What an embedded server is started with.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// Its own directory.
    pub data_dir: PathBuf,
    /// What its database and blobs are sealed with.
    pub key: [u8; 32],
    /// What it serves.
    pub kind: EmbeddedKind,
}

impl std::fmt::Debug for EmbeddedOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedOptions")
            .field("data_dir", &self.data_dir)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What an embedded server serves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum EmbeddedKind {
    /// The sample inbox: made on the first start.
    Sample,
    /// A workspace of one person, who connects a mailbox next.
    Mailbox {
        /// Their name.
        name: String,
        /// Their address.
        email: String,
    },
}

/// An embedded server that runs.
#[derive(Clone)]
pub struct Embedded {
    /// Where it listens on loopback, e.g. `http://127.0.0.1:40123`.
    pub url: String,
    /// A bearer token for its member.
    pub token: String,
    /// Who the person at this desktop is in it.
    pub member: Member,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("url", &self.url)
            .field("member", &self.member.id)
            .finish_non_exhaustive()
    }
}

/// Why an embedded server did not start.
#[derive(Debug, thiserror::Error)]
#[error("the server in this program did not start: {why}")]
pub struct EmbeddedError {
    /// Why, in English, for the details line and the log.
    pub why: String,
}

/// Why a desktop can't be started at all. Whatever a person can do something about is a boot state instead.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory can't be made or written.
    #[error("{path} can't be used")]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process uses it.
    #[error("Baton already runs with {path}")]
    InUse {
        /// Which.
        path: PathBuf,
    },
}
