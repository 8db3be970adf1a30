//! Mailboxes and inboxes from the command line.

use baton_channels::email::imap::decode_folder_name;
use baton_channels::email::{probe, problem};
use baton_domain::AccountMode;
use baton_protocol::{Balance, FolderBalance, FolderCheck, HealthState, MailboxSettings, TrialStepKind};

use super::Words;
use crate::core::{Core, told};
use crate::hosting::accounting;
use crate::hosting::mailbox::{self, Mailbox};
use crate::hosting::trial;

/// Quarantined items shown at most.
const SHOWN: u64 = 1000;

pub(super) async fn add(
    core: &Core,
    settings: MailboxSettings,
    inbox: Option<String>,
    mode: AccountMode,
    test: bool,
) -> Words {
    let mut mailbox = Mailbox::try_from(settings).map_err(|error| error.to_string())?;
    if test && let Some(problem) = probe::first_problem(&mailbox::test(&mut mailbox).await) {
        return Err(format!(
            "{problem}\nNothing was changed. With --without-test it is connected anyway."
        ));
    }
    let name = inbox.unwrap_or_else(|| mailbox.account.address.clone());
    let inbox = core
        .directory
        .inbox_named(&name, core.directory.usual_policy(), core.now())
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

/// Tests a mailbox from end to end, and says of each step how it went and how long it took.
pub(super) async fn try_out(core: &Core, address: &str) -> Words {
    let accounts = core.directory.accounts();
    let account = accounts
        .iter()
        .find(|account| account.address.eq_ignore_ascii_case(address.trim()))
        .ok_or_else(|| format!("there is no mailbox {address}: baton-server account list"))?;
    let done = trial::run(core, account).await.map_err(|error| error.to_string())?;
    let lines = done.steps.iter().map(|step| {
        let what = match step.step {
            TrialStepKind::Connected => "the mailbox is connected",
            TrialStepKind::Sent => "a message to itself was taken by the provider",
            TrialStepKind::Arrived => "it came back",
            TrialStepKind::Copied => "its copy turned up in the sent folder",
            TrialStepKind::Removed => "both were deleted again",
        };
        let seconds = f64::from(step.took_ms) / 1000.0;
        match &step.failed {
            None => format!("ok      {what} ({seconds:.1} s)"),
            Some(why) => format!("failed  not so that {what} ({seconds:.1} s): {why}"),
        }
    });
    let words = lines.collect::<Vec<_>>().join("\n");
    if done.went_well() { Ok(words) } else { Err(words) }
}

fn in_words(state: &HealthState) -> String {
    match state {
        HealthState::Connecting => "connecting".to_owned(),
        HealthState::FirstSync { done, total } => format!("reading what was there before: {done} of {total}"),
        HealthState::UpToDate => "up to date".to_owned(),
        HealthState::Retrying { problem, .. } => format!("tries again by itself: {}", problem::in_words(problem)),
        HealthState::Stopped { problem } => format!("stopped until somebody acts: {}", problem::in_words(problem)),
        HealthState::HostAway { name, .. } => format!("waits for {name}'s desktop, which hosts it"),
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

/// The balance of every mailbox, folder by folder; held against the mailboxes themselves where that is asked for. Books that don't add
/// up are an error: whoever runs this from a script hears of it.
pub(super) async fn balances(core: &Core, compare: bool) -> Words {
    let mut lines = Vec::new();
    let mut off = false;
    for account in core.directory.accounts() {
        let balance = core.balance(account.id).await.map_err(|error| told(&error))?;
        let fits = balance.folders.iter().all(FolderBalance::adds_up);
        off |= !fits;
        lines.push(sum_of(&account.address, &balance));
        lines.extend(balance.folders.iter().map(of_folder));
        if !compare {
            continue;
        }
        match accounting::check(core, &account).await {
            Ok(checks) => {
                off |= checks.iter().any(|check| !check.missing.is_empty());
                lines.extend(checks.iter().map(compared));
            }
            Err(error) => {
                off = true;
                lines.push(format!("  could not be compared: {error}"));
            }
        }
    }
    if lines.is_empty() {
        lines.push("no mailbox yet".to_owned());
    }
    let text = lines.join("\n");
    if off { Err(text) } else { Ok(text) }
}

fn sum_of(address: &str, balance: &Balance) -> String {
    let sum = balance.imported + balance.duplicates + balance.quarantined + balance.ignored;
    format!(
        "{address}  received {} = imported {} + duplicates {} + quarantined {} + ignored {}{}",
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
    )
}

fn of_folder(folder: &FolderBalance) -> String {
    format!(
        "  {}: received {} = {} + {} + {} + {}{}{}",
        folder.folder,
        folder.received,
        folder.imported,
        folder.duplicates,
        folder.quarantined,
        folder.ignored,
        if folder.adds_up() { "" } else { "  (does not add up)" },
        if folder.complete {
            ""
        } else {
            "  (older messages are still being read)"
        },
    )
}

fn compared(check: &FolderCheck) -> String {
    let mut line = format!(
        "  {} in the mailbox: {} messages, {} of them not read yet; {} accounted for and no longer there",
        check.folder, check.in_mailbox, check.waiting, check.gone
    );
    if check.renumbered {
        line.push_str("; the server has renumbered the folder, it is about to be read again");
    }
    if !check.missing.is_empty() {
        let uids: Vec<String> = check.missing.iter().take(20).map(ToString::to_string).collect();
        line.push_str(&format!("; MISSING {}: UID {}", check.missing.len(), uids.join(", ")));
    }
    line
}

/// What lies in quarantine.
pub(super) async fn quarantine(core: &Core) -> Words {
    let rows = core.store.quarantine(SHOWN).await.map_err(|error| told(&error))?;
    if rows.is_empty() {
        return Ok("nothing is in quarantine".to_owned());
    }
    let lines = rows.iter().map(|row| {
        let address = core
            .directory
            .account(row.account)
            .map_or_else(|| row.account.to_string(), |account| account.address);
        let raw = row.blob.as_ref().map_or_else(
            || "its bytes could not be fetched".to_owned(),
            |blob| format!("raw source {blob}"),
        );
        let folder = decode_folder_name(&row.folder);
        format!("{address}  {folder} {}: {} ({raw})", row.uid, row.why)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Reads once more what lies in quarantine.
pub(super) async fn retry(core: &Core) -> Words {
    let done = accounting::retry(core, None).await.map_err(|error| told(&error))?;
    Ok(format!(
        "tried {}: {} imported, {} duplicates, {} ignored, {} still in quarantine",
        done.tried, done.imported, done.duplicates, done.ignored, done.quarantined
    ))
}
