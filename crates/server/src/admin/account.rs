//! Mailboxes and inboxes from the command line.

use baton_domain::{AccountMode, InboxPolicy};
use baton_protocol::{HealthState, MailboxSettings};

use super::Words;
use crate::core::{Core, told};
use crate::hosting::mailbox::{self, Mailbox};

pub(super) async fn add(
    core: &Core,
    settings: MailboxSettings,
    inbox: Option<String>,
    mode: AccountMode,
    test: bool,
) -> Words {
    let mailbox = Mailbox::from(settings);
    if test && let Some(problem) = mailbox::first_problem(&mailbox::test(&mailbox).await) {
        return Err(format!(
            "{problem}\nNothing was changed. With --without-test it is connected anyway."
        ));
    }
    let name = inbox.unwrap_or_else(|| mailbox.account.address.clone());
    let inbox = core
        .directory
        .inbox_named(&name, InboxPolicy::default(), core.now())
        .await;
    let inbox = inbox.map_err(|error| told(&error))?;
    let account = core
        .add_account(&mailbox, inbox, mode)
        .await
        .map_err(|error| told(&error))?;
    Ok(format!(
        "{} is connected; its mail lands in {name}. What is there already is history and starts nothing.",
        account.address
    ))
}

pub(super) async fn list(core: &Core) -> String {
    let accounts = core.directory.accounts();
    if accounts.is_empty() {
        return "no mailbox yet: baton-server account add --help".to_owned();
    }
    let health = core.health.borrow().clone();
    let lines = accounts.iter().map(|account| {
        let state = health
            .get(&account.id)
            .map_or_else(|| "not running".to_owned(), |health| in_words(&health.state));
        format!("{}  {state}", account.address)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn in_words(state: &HealthState) -> String {
    match state {
        HealthState::Connecting => "connecting".to_owned(),
        HealthState::FirstSync { done, total } => format!("reading what was there before: {done} of {total}"),
        HealthState::UpToDate => "up to date".to_owned(),
        HealthState::Retrying { problem, .. } => format!("tries again by itself: {}", mailbox::in_words(problem)),
        HealthState::Stopped { problem } => format!("stopped until somebody acts: {}", mailbox::in_words(problem)),
    }
}

pub(super) fn inboxes(core: &Core) -> String {
    let inboxes = core.directory.inboxes();
    if inboxes.is_empty() {
        return "no inbox yet: connecting a mailbox makes one".to_owned();
    }
    let accounts = core.directory.accounts();
    let lines = inboxes.iter().map(|inbox| {
        let addresses: Vec<_> = accounts
            .iter()
            .filter(|account| account.inbox == inbox.id)
            .map(|account| account.address.as_str())
            .collect();
        format!("{}  {}", inbox.name, addresses.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) async fn balances(core: &Core) -> Words {
    let mut lines = Vec::new();
    let mut open = false;
    for account in core.directory.accounts() {
        let balance = core.balance(account.id).await.map_err(|error| told(&error))?;
        let sum = balance.imported + balance.duplicates + balance.quarantined + balance.ignored;
        open |= sum != balance.received;
        lines.push(format!(
            "{}  received {} = imported {} + duplicates {} + quarantined {} + ignored {}{}",
            account.address,
            balance.received,
            balance.imported,
            balance.duplicates,
            balance.quarantined,
            balance.ignored,
            if sum == balance.received {
                ""
            } else {
                "  (does not add up)"
            },
        ));
    }
    if lines.is_empty() {
        lines.push("no mailbox yet".to_owned());
    }
    let text = lines.join("\n");
    if open { Err(text) } else { Ok(text) }
}
