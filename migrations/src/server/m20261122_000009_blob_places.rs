//! A blob is read by whoever reads a conversation that names it, wherever that conversation lies: what named the inbox until here names
//! the conversation.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const NAMED_ON_SQLITE: &[&str] = &[
    "insert or ignore into blob_reader (workspace, blob, reader)
        select workspace, json_extract(payload, '$.event.message.blob'), conversation
        from log
        where kind in ('messageReceived', 'outsideReply') and json_extract(payload, '$.event.message.blob') is not null",
    "insert or ignore into blob_reader (workspace, blob, reader)
        select log.workspace, json_extract(file.value, '$.blob'), log.conversation
        from log, json_each(log.payload, '$.event.outbound.draft.files') as file
        where log.kind = 'replyQueued'",
];

// As before: PostgreSQL reads no JSON with an escaped NUL in it, and what stands between bare quotes is a field.
const NAMED_ON_POSTGRES: &[&str] = &["insert into blob_reader (workspace, blob, reader)
        select distinct log.workspace, named.field[1], log.conversation
        from log cross join lateral regexp_matches(log.payload, '\"blob\":\"([0-9a-f]{64})\"', 'g') as named (field)
        where log.kind in ('messageReceived', 'outsideReply', 'replyQueued')
        on conflict do nothing"];

const BY_INBOX_NO_MORE: &[&str] =
    &["delete from blob_reader where reader in (select scope_id from log where scope_kind = 1)"];

const DOWN: &[&str] = &[
    "insert into blob_reader (workspace, blob, reader)
        select named.workspace, named.blob, conversation.inbox
        from blob_reader as named join conversation
            on conversation.workspace = named.workspace and conversation.id = named.reader
        where true
        on conflict do nothing",
    "delete from blob_reader where reader in (select conversation from log)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let named = match manager.get_database_backend() {
            DbBackend::Postgres => NAMED_ON_POSTGRES,
            _ => NAMED_ON_SQLITE,
        };
        dialect::run(manager, named).await?;
        dialect::run(manager, BY_INBOX_NO_MORE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
