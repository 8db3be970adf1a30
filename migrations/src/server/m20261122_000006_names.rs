//! Numbers of messages that their provider only names, and how far such a folder was listed.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table message_name (
        workspace UUID not null,
        account UUID not null,
        folder TEXT not null,
        uidvalidity INT not null,
        uid INT not null,
        name TEXT not null,
        at INT not null,
        flags TEXT not null,
        bulky BOOL not null,
        primary key (workspace, account, folder, uidvalidity, uid)
    ) STRICT",
    "create unique index message_of_name on message_name (workspace, account, folder, uidvalidity, name)",
    "create table folder_place (
        workspace UUID not null,
        account UUID not null,
        folder TEXT not null,
        uidvalidity INT not null,
        link TEXT,
        listed BOOL not null,
        primary key (workspace, account, folder)
    ) STRICT",
];

const DOWN: &[&str] = &[
    "drop table folder_place",
    "drop index message_of_name",
    "drop table message_name",
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
