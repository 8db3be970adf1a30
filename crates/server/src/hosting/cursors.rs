//! A folder's cursor, as the host keeps it and as the store does.
//!
//! The store keeps one number of the host's own beside the place (`modseq`). It holds three: below which UID messages were there from
//! the beginning in its lower half, then whether the folder was renumbered, and above that how many messages were taken in, for the
//! progress of a first sync.

use baton_channels::email::host::FolderCursor;
use baton_domain::AccountId;
use baton_store::port;

/// What is left for the count. Databases have signed numbers: the sign stays clear.
const MOST: u32 = (1 << 30) - 1;

/// As the host knows it.
pub(super) fn of_host(row: port::FolderCursor) -> FolderCursor {
    let low = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
    FolderCursor {
        folder: row.folder,
        uidvalidity: row.uidvalidity,
        lowest: row.low,
        highest: row.high,
        received: low(row.modseq >> 33),
        found_below: low(row.modseq),
        renumbered: (row.modseq >> 32) & 1 == 1,
    }
}

/// As the store keeps it.
pub(super) fn of_store(account: AccountId, cursor: &FolderCursor) -> port::FolderCursor {
    let received = u64::from(cursor.received.min(MOST)) << 33;
    port::FolderCursor {
        account,
        folder: cursor.folder.clone(),
        uidvalidity: cursor.uidvalidity,
        high: cursor.highest,
        low: cursor.lowest,
        modseq: received | (u64::from(cursor.renumbered) << 32) | u64::from(cursor.found_below),
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
                received: MOST,
                found_below,
                renumbered,
            };
            let row = of_store(AccountId(uuid::Uuid::nil()), &cursor);
            assert!(i64::try_from(row.modseq).is_ok());
            assert_eq!(of_host(row), cursor);
        }
    }
}
