//! Taking in old mail from files.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use baton_domain::{Account, Timestamp};
use baton_store::port::FolderCursor;

use super::Words;
use crate::core::Core;
use crate::import::{maildir, mbox};
use crate::referee::{Arrival, FolderRole, RawArrival, Received};

/// Messages of one commit.
const GROUP: usize = 50;

/// A message on its way in.
struct Item {
    folder: String,
    uid: u32,
    at: Option<Timestamp>,
    raw: io::Result<Vec<u8>>,
}

pub(super) async fn run(core: &Core, account: &str, path: &Path, maildir: bool) -> Words {
    let found = core.directory.documents().account_of(account).cloned();
    let account = found.ok_or_else(|| format!("no mailbox {account} is connected: baton-server account add --help"))?;
    let cannot = |error: io::Error| format!("{} can't be read: {error}", path.display());
    let items: Box<dyn Iterator<Item = Item> + Send> = if maildir {
        from_maildir(path).map_err(cannot)?
    } else {
        from_mbox(path).map_err(cannot)?
    };
    let mut total = Received::default();
    let mut items = items.peekable();
    while items.peek().is_some() {
        let mut group: Vec<Item> = items.by_ref().take(GROUP).collect();
        // A file that is none of its kind fails with its first message.
        if let [Item { raw: Err(error), .. }] = group.as_mut_slice()
            && total == Received::default()
            && error.kind() == io::ErrorKind::InvalidData
        {
            return Err(format!("{} can't be read: {error}", path.display()));
        }
        let arrivals = tokio::task::block_in_place(|| arrivals(core, &account, group));
        let arrivals =
            arrivals.map_err(|error| format!("{error}; what was taken in so far stays, run it again to go on"))?;
        let received = core.referee.receive(arrivals, None::<FolderCursor>).await;
        let received =
            received.map_err(|error| format!("{error}; what was taken in so far stays, run it again to go on"))?;
        total.imported += received.imported;
        total.duplicates += received.duplicates;
        total.quarantined += received.quarantined;
        total.ignored += received.ignored;
        total.known += received.known;
    }
    Ok(format!(
        "taken in as history: {} imported, {} duplicates, {} quarantined, {} ignored, {} known from before",
        total.imported, total.duplicates, total.quarantined, total.ignored, total.known
    ))
}

/// The folder's name holds where the mail comes from: the same file again is known, another one is not mistaken for it.
fn named(path: &Path, folder: &str) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    format!("import/{name}/{folder}")
}

fn from_mbox(path: &Path) -> io::Result<Box<dyn Iterator<Item = Item> + Send>> {
    let folder = named(path, "mbox");
    let reader = BufReader::new(File::open(path)?);
    let items = mbox::Mbox::new(reader).zip(1..).map(move |(raw, uid)| Item {
        folder: folder.clone(),
        uid,
        at: None,
        raw,
    });
    Ok(Box::new(items))
}

fn from_maildir(path: &Path) -> io::Result<Box<dyn Iterator<Item = Item> + Send>> {
    let found = maildir::messages(path)?;
    let root = path.to_owned();
    let items = found.into_iter().zip(1..).map(move |(found, uid)| Item {
        folder: named(&root, &found.folder),
        uid,
        at: found.at,
        raw: std::fs::read(&found.path),
    });
    Ok(Box::new(items))
}

fn arrivals(core: &Core, account: &Account, items: Vec<Item>) -> Result<Vec<Arrival>, String> {
    let mut arrivals = Vec::with_capacity(items.len());
    for item in items {
        let (raw, unreadable) = match item.raw {
            Ok(raw) => {
                core.store.blobs().put(&raw).map_err(|error| error.to_string())?;
                (raw, None)
            }
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let raw = RawArrival {
            account: account.id,
            folder: item.folder,
            role: FolderRole::Inbox,
            uidvalidity: 1,
            uid: item.uid,
            internal_date: account.live_since,
            flags: Vec::new(),
            // History, whatever its date.
            resync: true,
            raw,
        };
        let mut arrival = raw.read(core.store.secret());
        if let Some(why) = unreadable {
            arrival.blob = None;
            arrival.parsed = Err(why);
        }
        if let Ok(mail) = &arrival.parsed {
            let from = mail.from.email.as_str();
            if core
                .directory
                .documents()
                .account_of(from)
                .is_some_and(|own| own.id == account.id)
            {
                arrival.role = FolderRole::Sent;
            }
            arrival.internal_date = mail.date.or(item.at).unwrap_or(account.live_since);
        }
        arrivals.push(arrival);
    }
    Ok(arrivals)
}
