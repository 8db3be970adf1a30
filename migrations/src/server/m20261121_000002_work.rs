//! The projections people work with: conversations, documents, reply locks, drafts, and replies on their way out.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table conversation (
        workspace UUID not null,
        id UUID not null,
        number INT not null,
        inbox UUID not null,
        owner UUID,
        status TEXT not null,
        phase TEXT not null,
        history BOOL not null,
        contact TEXT not null,
        created_at INT not null,
        updated_at INT not null,
        wake_at INT,
        wake_kind TEXT,
        state TEXT not null,
        primary key (workspace, id)
    ) STRICT",
    "create unique index conversation_number on conversation (workspace, number)",
    "create index conversation_newest on conversation (workspace, updated_at, id)",
    "create index conversation_of_inbox on conversation (workspace, inbox, updated_at, id)",
    "create index conversation_wakes on conversation (workspace, wake_at)",
    "create table document (
        workspace UUID not null,
        id UUID not null,
        version INT not null,
        body TEXT not null,
        primary key (workspace, id)
    ) STRICT",
    "create table lease (
        workspace UUID not null,
        conversation UUID not null,
        token INT not null,
        member UUID not null,
        device UUID not null,
        expires INT not null,
        active_at INT not null,
        lifetime_ms INT not null,
        idle_ms INT not null,
        primary key (workspace, conversation)
    ) STRICT",
    "create table draft (
        workspace UUID not null,
        conversation UUID not null,
        member UUID not null,
        id UUID not null,
        revision INT not null,
        text TEXT not null,
        saved_at INT not null,
        primary key (workspace, conversation, member)
    ) STRICT",
    "create unique index draft_id on draft (workspace, id)",
    "create table outbound (
        workspace UUID not null,
        id UUID not null,
        conversation UUID not null,
        account UUID not null,
        state TEXT not null,
        not_before INT not null,
        body TEXT not null,
        primary key (workspace, id)
    ) STRICT",
    "create index outbound_of_account on outbound (workspace, account, not_before)",
    "create index outbound_of_conversation on outbound (workspace, conversation)",
];

const DOWN: &[&str] = &[
    "drop table outbound",
    "drop table draft",
    "drop table lease",
    "drop table document",
    "drop table conversation",
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
