//! What the operator asks, on the command line.
//!
//! Every such command is a [`Request`] and is carried out by the process that has the data: by the running server, which takes
//! requests on a loopback port with the token it wrote into the data directory (readable by its owner only), or, when none runs,
//! by the command itself. One path for both, so a member added under a running server is known to it at once.

mod account;
mod backup;
mod doctor;
mod import;
mod member;
mod rules;
mod socket;

pub use backup::{BackupError, new_epoch, restore};
pub use doctor::{Finding, examine};
pub use socket::{AdminError, AdminSocket, ask};

use std::path::PathBuf;

use baton_domain::{AccountMode, Role};
use baton_protocol::{MailboxSettings, RulesInForce};
use serde::{Deserialize, Serialize};

use crate::core::Core;

/// What the operator asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// Add somebody.
    MemberAdd {
        /// Their name.
        name: String,
        /// Their address.
        email: String,
        /// What they may do.
        role: Role,
        /// Their password; without one they are invited.
        password: Option<Password>,
    },
    /// End somebody's access.
    MemberRemove {
        /// Their address.
        email: String,
    },
    /// List everybody.
    MemberList,
    /// Connect a mailbox.
    AccountAdd {
        /// The mailbox.
        mailbox: Box<MailboxSettings>,
        /// The name of the inbox its mail lands in.
        inbox: Option<String>,
        /// How far Baton acts on it.
        mode: AccountMode,
        /// Whether it must be reachable now.
        test: bool,
    },
    /// List the mailboxes.
    AccountList,
    /// Test a mailbox from end to end.
    AccountTest {
        /// Its address.
        address: String,
    },
    /// List the inboxes.
    InboxList,
    /// Show the routing rules.
    RulesShow,
    /// Put other routing rules in force.
    RulesPut {
        /// All of them, with the version they were made from.
        set: Box<RulesInForce>,
    },
    /// What the newest change of the rules did since.
    RulesDrift,
    /// Take in old mail.
    Import {
        /// The mailbox's address.
        account: String,
        /// The file or directory, absolute.
        path: PathBuf,
        /// A Maildir rather than an mbox.
        maildir: bool,
    },
    /// Received = accounted for.
    Balance {
        /// Whether the mailboxes themselves are asked, too.
        #[serde(default)]
        compare: bool,
    },
    /// List what lies in quarantine.
    QuarantineList,
    /// Read once more what lies in quarantine.
    QuarantineRetry,
    /// Copy everything.
    Backup {
        /// The file to make, absolute.
        to: PathBuf,
    },
    /// What is wrong.
    Doctor,
}

/// A password on its way from the command line to where it is hashed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// What to print, or why it could not be done: words for a person either way.
pub type Words = Result<String, String>;

/// Carries a request out.
///
/// # Errors
/// In words, when it can't be done.
pub async fn carry_out(core: &Core, request: Request) -> Words {
    match request {
        Request::MemberAdd {
            name,
            email,
            role,
            password,
        } => member::add(core, name, email, role, password).await,
        Request::MemberRemove { email } => member::remove(core, &email).await,
        Request::MemberList => member::list(core),
        Request::AccountAdd {
            mailbox,
            inbox,
            mode,
            test,
        } => account::add(core, *mailbox, inbox, mode, test).await,
        Request::AccountTest { address } => account::try_out(core, &address).await,
        Request::AccountList => Ok(account::list(core).await),
        Request::InboxList => Ok(account::inboxes(core)),
        Request::RulesShow => rules::show(core),
        Request::RulesDrift => rules::drift(core).await,
        Request::RulesPut { set } => rules::put(core, *set).await,
        Request::Import { account, path, maildir } => import::run(core, &account, &path, maildir).await,
        Request::Balance { compare } => account::balances(core, compare).await,
        Request::QuarantineList => account::quarantine(core).await,
        Request::QuarantineRetry => account::retry(core).await,
        Request::Backup { to } => backup::make(core, &to).await,
        Request::Doctor => {
            let findings = doctor::opened(core).await;
            Ok(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}
