//! How mail finds its conversation, how every item was accounted for, and who hosts an account.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table thread_key (
        workspace UUID not null,
        key TEXT not null,
        conversation UUID not null,
        message UUID not null,
        mentioned BOOL not null,
        ours BOOL not null,
        at INT not null,
        primary key (workspace, key, conversation)
    ) STRICT",
    "create table content_digest (
        workspace UUID not null,
        digest TEXT not null,
        conversation UUID not null,
        message UUID not null,
        account UUID not null,
        primary key (workspace, digest)
    ) STRICT",
    "create table ledger (
        workspace UUID not null,
        account UUID not null,
        folder TEXT not null,
        uidvalidity INT not null,
        uid INT not null,
        kind TEXT not null,
        outcome TEXT not null,
        blob TEXT,
        at INT not null,
        primary key (workspace, account, folder, uidvalidity, uid)
    ) STRICT",
    "create index ledger_of_kind on ledger (workspace, kind, at)",
    "create table folder_cursor (
        workspace UUID not null,
        account UUID not null,
        folder TEXT not null,
        uidvalidity INT not null,
        high INT not null,
        low INT not null,
        modseq INT not null,
        primary key (workspace, account, folder)
    ) STRICT",
    "create table host (
        workspace UUID not null,
        account UUID not null,
        token INT not null,
        session UUID not null,
        expires INT not null,
        primary key (workspace, account)
    ) STRICT",
];

const DOWN: &[&str] = &[
    "drop table host",
    "drop table folder_cursor",
    "drop table ledger",
    "drop table content_digest",
    "drop table thread_key",
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
