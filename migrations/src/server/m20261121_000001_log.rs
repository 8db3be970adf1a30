//! The workspace with the head of its log, the log itself, and the first answers of commands.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table workspace (
        id UUID not null primary key,
        epoch UUID not null,
        number INT not null,
        hash BYTES not null,
        last_at INT not null,
        next_conversation INT not null,
        secret BYTES not null,
        restored BOOL not null default FALSE,
        created_at INT not null
    ) STRICT",
    "create table log (
        workspace UUID not null,
        number INT not null,
        at INT not null,
        issued_at INT not null,
        actor TEXT not null,
        command UUID not null,
        scope_kind INT not null,
        scope_id UUID not null,
        conversation UUID not null,
        kind TEXT not null,
        version INT not null,
        payload TEXT not null,
        salt BYTES not null,
        digest BYTES not null,
        hash BYTES not null,
        primary key (workspace, number)
    ) STRICT",
    "create index log_of_conversation on log (workspace, conversation, number)",
    "create index log_of_scope on log (workspace, scope_kind, scope_id, number)",
    "create table answer (
        workspace UUID not null,
        command UUID not null,
        actor TEXT not null,
        decided TEXT not null,
        at INT not null,
        primary key (workspace, command)
    ) STRICT",
];

const DOWN: &[&str] = &["drop table answer", "drop table log", "drop table workspace"];

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
