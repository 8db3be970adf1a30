//! Whose turn was when, by rule; and the indexes by which loads and acquaintances are found without reading every conversation.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table turn (
        workspace UUID not null,
        rule UUID not null,
        member UUID not null,
        number INT not null,
        primary key (workspace, rule, member)
    ) STRICT",
    "create index conversation_of_owner on conversation (workspace, owner, phase)",
    "create index conversation_of_contact on conversation (workspace, contact, phase)",
];

const DOWN: &[&str] = &[
    "drop index conversation_of_contact",
    "drop index conversation_of_owner",
    "drop table turn",
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
