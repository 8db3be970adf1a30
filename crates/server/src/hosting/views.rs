//! Folders that were seen as two different ones.
//!
//! A host that does not prove to see the same mailbox reads a folder again from the beginning. Where the numbers of the two look alike
//! (the same UIDVALIDITY), what lies under a number now is not what lay there before; so the folder is kept under another name from
//! then on, and nothing is taken for accounted for that is not. Hosts know nothing of it: they hear and say the folder's own name.

use std::collections::BTreeMap;

use baton_store::port::FolderCursor;

/// Between a folder's name and its view. No folder's name on the wire holds a control character.
const MARK: char = '\u{1}';

/// The name a folder is kept under.
pub(super) fn kept_as(folder: &str, view: u32) -> String {
    if view == 0 {
        folder.to_owned()
    } else {
        format!("{folder}{MARK}{view}")
    }
}

/// The folder's own name, and its view.
#[must_use]
pub fn told(kept: &str) -> (&str, u32) {
    match kept.split_once(MARK) {
        Some((folder, view)) => (folder, view.parse().unwrap_or(0)),
        None => (kept, 0),
    }
}

/// The newest view of each folder, with its cursor as kept.
pub(super) fn current(rows: Vec<FolderCursor>) -> BTreeMap<String, (u32, FolderCursor)> {
    let mut found: BTreeMap<String, (u32, FolderCursor)> = BTreeMap::new();
    for row in rows {
        let (folder, view) = told(&row.folder);
        let folder = folder.to_owned();
        if found.get(&folder).is_none_or(|(other, _)| *other < view) {
            found.insert(folder, (view, row));
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use baton_domain::AccountId;

    use super::*;

    fn row(folder: &str) -> FolderCursor {
        FolderCursor {
            account: AccountId(uuid::Uuid::nil()),
            folder: folder.to_owned(),
            uidvalidity: 7,
            high: 1,
            low: 1,
            modseq: 0,
            found_below: 1,
            renumbered: false,
            received: 1,
            uid_next: 2,
            messages: 1,
            sent: false,
        }
    }

    #[test]
    fn the_newest_view_of_a_folder_counts() {
        let rows = vec![
            row("INBOX"),
            row(&kept_as("INBOX", 2)),
            row(&kept_as("INBOX", 1)),
            row("Sent"),
        ];
        let found = current(rows);
        let views: Vec<(&str, u32)> = found.iter().map(|(name, (view, _))| (name.as_str(), *view)).collect();
        assert_eq!(views, [("INBOX", 2), ("Sent", 0)]);
        assert_eq!(told(&found.get("INBOX").unwrap().1.folder), ("INBOX", 2));
    }
}
