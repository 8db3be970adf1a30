//! Who may come in: sessions, passwords, invitations; and the sealed secrets of channel accounts.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table session (
        workspace UUID not null,
        id UUID not null,
        token_hash BYTES not null,
        member UUID not null,
        device UUID not null,
        device_name TEXT not null,
        created_at INT not null,
        last_used_at INT not null,
        primary key (workspace, id)
    ) STRICT",
    "create unique index session_token on session (workspace, token_hash)",
    "create index session_of_member on session (workspace, member)",
    "create table credential (
        workspace UUID not null,
        member UUID not null,
        password_hash TEXT not null,
        changed_at INT not null,
        primary key (workspace, member)
    ) STRICT",
    "create table invitation (
        workspace UUID not null,
        code_hash BYTES not null,
        email TEXT not null,
        name TEXT not null,
        role TEXT not null,
        invited_by UUID,
        expires_at INT not null,
        used_at INT,
        primary key (workspace, code_hash)
    ) STRICT",
    "create table account_secret (
        workspace UUID not null,
        account UUID not null,
        sealed BYTES not null,
        changed_at INT not null,
        primary key (workspace, account)
    ) STRICT",
];

const DOWN: &[&str] = &[
    "drop table account_secret",
    "drop table invitation",
    "drop table credential",
    "drop table session",
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
