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

/// A folder that is to be read again from the beginning: as history, or as if it had never been opened. No folder has its UIDVALIDITY.
pub(super) fn to_read_again(account: AccountId, folder: String, history: bool) -> port::FolderCursor {
    port::FolderCursor {
        account,
        folder,
        uidvalidity: 0,
        high: 0,
        low: 1,
        modseq: 0,
        found_below: 0,
        renumbered: history,
        received: 0,
        uid_next: 0,
        messages: 0,
        sent: false,
    }
}

/// Whether a host is told of it; one that is to be opened as if for the first time is not known to it.
pub(super) fn is_told(row: &port::FolderCursor) -> bool {
    row.uidvalidity != 0 || row.renumbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_to_be_read_again_is_history_or_unknown() {
        let account = AccountId(uuid::Uuid::nil());
        let history = to_read_again(account, "INBOX".to_owned(), true);
        assert!(is_told(&history) && of_host(history).renumbered);
        assert!(!is_told(&to_read_again(account, "INBOX".to_owned(), false)));
    }

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
