//! What a host knows of a folder in columns of its own, and what a mailbox says of a message besides its text.
//!
//! Until here the store had one number of the host's own beside a folder's place, and the host packed three into it: below which UID
//! messages were there from the beginning in its lower half, then whether the folder was renumbered, and above that how many messages
//! were received.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "alter table folder_cursor add column found_below INT not null default 0",
    "alter table folder_cursor add column renumbered BOOL not null default FALSE",
    "alter table folder_cursor add column received INT not null default 0",
    "alter table folder_cursor add column uid_next INT not null default 0",
    "alter table folder_cursor add column messages INT not null default 0",
    "alter table folder_cursor add column sent BOOL not null default FALSE",
    "update folder_cursor set
        found_below = modseq & 4294967295,
        renumbered = ((modseq >> 32) & 1) = 1,
        received = modseq >> 33,
        uid_next = high + 1,
        modseq = 0",
    "alter table ledger add column flags TEXT not null default ''",
    "alter table ledger add column internal_date INT not null default 0",
    "alter table ledger add column gone INT",
    "create index ledger_of_folder on ledger (workspace, account, kind)",
];

const DOWN: &[&str] = &[
    "drop index ledger_of_folder",
    "alter table ledger drop column gone",
    "alter table ledger drop column internal_date",
    "alter table ledger drop column flags",
    "update folder_cursor set
        modseq = (received << 33) + (case when renumbered then 4294967296 else 0 end) + found_below",
    "alter table folder_cursor drop column sent",
    "alter table folder_cursor drop column messages",
    "alter table folder_cursor drop column uid_next",
    "alter table folder_cursor drop column received",
    "alter table folder_cursor drop column renumbered",
    "alter table folder_cursor drop column found_below",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
