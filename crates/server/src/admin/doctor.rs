//! What is wrong with a server, in words, and what to do about it.

use std::fmt;
use std::path::Path;

use baton_channels::email::probe;
use baton_domain::Role;

use super::{Request, ask};
use crate::core::{Core, told};
use crate::data::{DataDir, DataError};
use crate::hosting::{mailbox, secret};
use crate::options::Options;
use crate::seal::KEY_FILE;

/// Entries of the log that are verified at a time.
const PAGE: u64 = 2000;

/// Less room than this is told, in MiB.
#[cfg(unix)]
const LOW_MIB: u64 = 1024;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    bad: bool,
    words: String,
}

impl Finding {
    fn good(words: impl Into<String>) -> Self {
        Self {
            bad: false,
            words: words.into(),
        }
    }

    fn bad(words: impl Into<String>) -> Self {
        Self {
            bad: true,
            words: words.into(),
        }
    }

    /// Whether somebody must act.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.bad
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", if self.bad { "wrong" } else { "ok   " }, self.words)
    }
}

/// Looks at everything that can be wrong with the data in `options.data`.
pub async fn examine(options: &Options) -> Vec<Finding> {
    let data = &options.data;
    if !data.is_dir() {
        let words = format!(
            "{} does not exist. `baton-server serve --data {0}` makes it.",
            data.display()
        );
        return vec![Finding::bad(words)];
    }
    let mut findings = vec![private_directory(data), key(options.keeps(data), options)];
    findings.extend(room(data));
    match DataDir::take(data) {
        Ok(taken) => {
            findings.push(Finding::good(
                "no server is running on this data; it is examined as it lies",
            ));
            let options = Options {
                host_accounts: false,
                ..options.clone()
            };
            match Core::open(taken.path(), &options).await {
                Ok(core) => {
                    findings.extend(opened(&core).await);
                    core.close().await;
                }
                Err(error) => findings.push(Finding::bad(format!(
                    "the data can't be opened: {}. If the disk is whole, put a backup in place: baton-server restore",
                    told(&error)
                ))),
            }
        }
        Err(DataError::InUse(data)) => match ask(&data, Request::Doctor).await {
            Ok(Ok(words)) => {
                findings.push(Finding::good("a server is running and answers"));
                findings.extend(words.lines().map(from_line));
            }
            Ok(Err(words)) => findings.push(Finding::bad(words)),
            Err(error) => findings.push(Finding::bad(error.to_string())),
        },
        Err(error) => findings.push(Finding::bad(error.to_string())),
    }
    findings
}

fn from_line(line: &str) -> Finding {
    match line.split_once("  ") {
        Some(("wrong", words)) => Finding::bad(words.trim()),
        Some((_, words)) => Finding::good(words.trim()),
        None => Finding::good(line),
    }
}

fn private_directory(data: &Path) -> Finding {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(data).map(|meta| meta.permissions().mode() & 0o777);
        if mode.as_ref().is_ok_and(|mode| mode & 0o077 != 0) {
            return Finding::bad(format!("others may look into {}. Say: chmod 700 {0}", data.display()));
        }
    }
    Finding::good(format!("{} is its owner's alone", data.display()))
}

/// Room on the disk: without it nothing can be accepted.
fn room(data: &Path) -> Option<Finding> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(data).ok()?;
        let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
        let words = format!("{free_mib} MiB are free on the disk");
        Some(if free_mib < LOW_MIB {
            Finding::bad(format!("only {words}: mail is refused when it is full"))
        } else {
            Finding::good(words)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = data;
        None
    }
}

fn key(data: &Path, options: &Options) -> Finding {
    if options.seal_key.is_some() {
        return Finding::good("the key that seals passwords was given");
    }
    let path = data.join(KEY_FILE);
    match crate::seal::SealKey::of_directory(data) {
        Ok(_) => Finding::good(format!(
            "{} is there. Without it the mailboxes' passwords are lost: back it up",
            path.display()
        )),
        Err(error) => Finding::bad(error.to_string()),
    }
}

/// What can be seen of opened data.
pub(super) async fn opened(core: &Core) -> Vec<Finding> {
    let mut findings = vec![chain(core).await, people(core)];
    findings.extend(accounts(core).await);
    findings.push(outgoing(core).await);
    findings
}

/// The log is whole: every entry follows from the one before it.
async fn chain(core: &Core) -> Finding {
    use baton_store::port::chain;
    let everything = baton_store::server::Readable {
        inboxes: core.directory.inboxes().into_iter().map(|inbox| inbox.id).collect(),
        member: None,
    };
    let head = core.feed.head().borrow().clone();
    let (mut number, mut hash) = (0, chain::START);
    while number < head.number {
        let page = match core.store.entries_between(number, head.number, &everything, PAGE).await {
            Ok(page) => page,
            Err(error) => return Finding::bad(format!("the log can't be read: {error}")),
        };
        let Some(last) = page.last() else { break };
        let reached = last.entry.number;
        for sealed in page {
            let payload = chain::payload(&sealed.entry.body).ok();
            if let Err(broken) = chain::verify(number, hash, &sealed, payload.as_deref()) {
                // Entries of members' own scopes and of removed inboxes are not read here: the next page's link tells.
                if matches!(broken, chain::Broken::Place(_)) {
                    return Finding::good(format!(
                        "the log is whole up to entry {number}; beyond it lie entries of removed inboxes"
                    ));
                }
                return Finding::bad(format!(
                    "the log was changed: {broken}. Put a backup in place and find out who did"
                ));
            }
            (number, hash) = (sealed.entry.number, sealed.hash);
        }
        number = reached;
    }
    Finding::good(format!("the log is whole: {} entries", head.number))
}

fn people(core: &Core) -> Finding {
    let members = core.directory.members();
    let here = members.iter().filter(|member| member.active).count();
    if members.iter().any(|member| member.active && member.role == Role::Admin) {
        return Finding::good(format!("{here} members, one of them an admin at least"));
    }
    Finding::bad(
        "nobody is an admin. Say: baton-server member add --data DIR --name NAME --email ADDRESS --role admin --invite",
    )
}

async fn accounts(core: &Core) -> Vec<Finding> {
    let mut findings = Vec::new();
    for account in core
        .directory
        .accounts()
        .into_iter()
        .filter(|account| account.hosted_by.is_none())
    {
        let sealed = match core.store.account_secret(account.id).await {
            Ok(Some(sealed)) => sealed,
            Ok(None) => {
                findings.push(Finding::good(format!(
                    "{} has no password here: nobody reads it",
                    account.address
                )));
                continue;
            }
            Err(error) => {
                findings.push(Finding::bad(format!("{}: {error}", account.address)));
                continue;
            }
        };
        findings.push(match secret::open(&core.seal, account.id, &sealed) {
            Err(error) => Finding::bad(format!(
                "{}: {error}. Put {KEY_FILE} back, or connect it again",
                account.address
            )),
            // Its host renews the sign-in; a second one renewing beside it would look to the provider like a stolen token.
            Ok(mailbox) if !mailbox.can_be_tried(core.now()) => Finding::good(format!(
                "{} is signed in on the provider's page: `account list` says how it is doing",
                account.address
            )),
            Ok(mut mailbox) => match probe::first_problem(&mailbox::test(&mut mailbox).await) {
                None => Finding::good(format!("{} can be read and sent from", account.address)),
                Some(problem) => Finding::bad(format!("{}: {problem}", account.address)),
            },
        });
    }
    if findings.is_empty() {
        findings.push(Finding::good(
            "no mailbox is connected yet: baton-server account add --help",
        ));
    }
    findings
}

async fn outgoing(core: &Core) -> Finding {
    let rows = match core.store.open_outbound(None).await {
        Ok(rows) => rows,
        Err(error) => return Finding::bad(format!("the replies on their way out can't be read: {error}")),
    };
    let unknown = rows
        .iter()
        .filter(|row| matches!(row.outbound.state, baton_domain::OutboundState::Unknown { .. }))
        .count();
    if unknown == 0 {
        return Finding::good(format!("{} replies on their way out, none in doubt", rows.len()));
    }
    Finding::bad(format!(
        "{unknown} replies of which nobody knows whether they were delivered. Whoever sent them decides in Baton: delivered, send again, or drop"
    ))
}
