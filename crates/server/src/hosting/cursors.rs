//! A folder's cursor, as the host keeps it and as the store does, column by column.

use baton_channels::email::host::{FolderCursor, FolderProgress};
use baton_channels::email::imap::FolderRole;
use baton_domain::AccountId;
use baton_store::port;

/// As the host knows it.
pub(super) fn of_host(row: port::FolderCursor) -> FolderCursor {
    FolderCursor {
        folder: row.folder,
        uidvalidity: row.uidvalidity,
        lowest: row.low,
        highest: row.high,
        received: row.received,
        found_below: row.found_below,
        renumbered: row.renumbered,
        uid_next: row.uid_next,
        modseq: row.modseq,
    }
}

/// As the store keeps it.
pub(super) fn of_store(account: AccountId, progress: &FolderProgress) -> port::FolderCursor {
    let cursor = &progress.cursor;
    port::FolderCursor {
        account,
        folder: cursor.folder.clone(),
        uidvalidity: cursor.uidvalidity,
        high: cursor.highest,
        low: cursor.lowest,
        modseq: cursor.modseq,
        found_below: cursor.found_below,
        renumbered: cursor.renumbered,
        received: cursor.received,
        uid_next: cursor.uid_next,
        messages: progress.total,
        sent: progress.role == FolderRole::Sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_in() {
        for (found_below, renumbered) in [(0, false), (1, true), (u32::MAX, true), (u32::MAX, false)] {
            let cursor = FolderCursor {
                folder: "INBOX".to_owned(),
                uidvalidity: u32::MAX,
                lowest: 3,
                highest: 9,
                received: 7,
                found_below,
                renumbered,
                uid_next: u32::MAX,
                modseq: 1 << 62,
            };
            let progress = FolderProgress {
                cursor: cursor.clone(),
                role: FolderRole::Sent,
                total: 12,
            };
            let row = of_store(AccountId(uuid::Uuid::nil()), &progress);
            assert!(row.sent);
            assert_eq!(row.messages, 12);
            assert_eq!(of_host(row), cursor);
        }
    }
}
