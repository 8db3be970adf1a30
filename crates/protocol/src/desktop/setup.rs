//! First run: what to begin with.

use baton_domain::{AccountMode, FolderChoice};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::MailboxSettings;

/// First run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Setup {
    /// Try it with a sample inbox.
    Sample,
    /// Connect a mailbox of my own: this computer serves it.
    Mailbox {
        /// My name.
        name: String,
        /// The mailbox.
        mailbox: Box<MailboxSettings>,
        /// How far Baton acts on it.
        mode: AccountMode,
        /// Folders of it that are taken in beside the one mail arrives in.
        #[serde(default)]
        #[ts(optional, as = "Option<Vec<FolderChoice>>")]
        folders: Vec<FolderChoice>,
    },
    /// Join a team's server.
    Join {
        /// Its address, e.g. `https://baton.example.com`.
        server: String,
        /// My address.
        email: String,
        /// My password.
        password: String,
        /// The code of an invitation, when I was invited and have no password yet.
        invitation: Option<String>,
    },
}
