//! Who may read which blob: by the inbox of what names it, or because they brought it. What the log named until here is looked up once.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const UP: &[&str] = &[
    "create table blob_reader (
        workspace UUID not null,
        blob TEXT not null,
        reader UUID not null,
        primary key (workspace, blob, reader)
    ) STRICT",
    "create index ledger_of_blob on ledger (workspace, blob)",
];

const NAMED_ON_SQLITE: &[&str] = &[
    "insert or ignore into blob_reader (workspace, blob, reader)
        select workspace, json_extract(payload, '$.event.message.blob'), scope_id
        from log
        where kind in ('messageReceived', 'outsideReply') and json_extract(payload, '$.event.message.blob') is not null",
    "insert or ignore into blob_reader (workspace, blob, reader)
        select log.workspace, json_extract(file.value, '$.blob'), log.scope_id
        from log, json_each(log.payload, '$.event.outbound.draft.files') as file
        where log.kind = 'replyQueued'",
];

// PostgreSQL reads no JSON with an escaped NUL in it, which mail may hold. Within a text every quote is escaped: what stands between
// bare ones is a field.
const NAMED_ON_POSTGRES: &[&str] = &["insert into blob_reader (workspace, blob, reader)
        select distinct log.workspace, named.field[1], log.scope_id
        from log cross join lateral regexp_matches(log.payload, '\"blob\":\"([0-9a-f]{64})\"', 'g') as named (field)
        where log.kind in ('messageReceived', 'outsideReply', 'replyQueued')
        on conflict do nothing"];

const DOWN: &[&str] = &["drop index ledger_of_blob", "drop table blob_reader"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        let named = match manager.get_database_backend() {
            DbBackend::Postgres => NAMED_ON_POSTGRES,
            _ => NAMED_ON_SQLITE,
        };
        dialect::run(manager, named).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
