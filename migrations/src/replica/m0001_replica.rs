//! The first form of the replica.
//!
//! Ids are 16-byte blobs, instants are UTC epoch milliseconds, and what the domain already has a serial form for is kept in that
//! form (`content`), beside the columns that are looked up by.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

const UP: &[&str] = &[
    // Single values: the cursor, the session, what the person chose.
    "CREATE TABLE state (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE conversation (
        id BLOB NOT NULL PRIMARY KEY,
        inbox BLOB NOT NULL,
        content TEXT NOT NULL
    ) STRICT",
    "CREATE INDEX conversation_inbox ON conversation (inbox)",
    // The log as far as it is ours. `message` and `blob` are set where the entry brought one.
    "CREATE TABLE entry (
        number INTEGER NOT NULL PRIMARY KEY,
        conversation BLOB NOT NULL,
        message BLOB,
        blob TEXT,
        content TEXT NOT NULL
    ) STRICT",
    "CREATE INDEX entry_conversation ON entry (conversation, number)",
    "CREATE INDEX entry_message ON entry (message) WHERE message IS NOT NULL",
    "CREATE INDEX entry_blob ON entry (blob) WHERE blob IS NOT NULL",
    "CREATE TABLE document (
        id BLOB NOT NULL PRIMARY KEY,
        content TEXT NOT NULL
    ) STRICT",
    // Commands the referee has not answered, in the order they were given.
    "CREATE TABLE outbox (
        id BLOB NOT NULL PRIMARY KEY,
        place INTEGER NOT NULL,
        content TEXT NOT NULL
    ) STRICT",
    // Commands that were refused or held back, until the person chooses a way out.
    "CREATE TABLE held (
        id BLOB NOT NULL PRIMARY KEY,
        place INTEGER NOT NULL,
        content TEXT NOT NULL
    ) STRICT",
    "CREATE TABLE draft (
        conversation BLOB NOT NULL PRIMARY KEY,
        content TEXT NOT NULL
    ) STRICT",
    // Notifications that were shown, here or on another device of the member.
    "CREATE TABLE shown (
        key TEXT NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL,
        handled INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX shown_at ON shown (at)",
    // The newest message that was on screen.
    "CREATE TABLE seen (
        conversation BLOB NOT NULL PRIMARY KEY,
        message BLOB NOT NULL
    ) STRICT",
    // Raw messages and files that lie sealed beside this database.
    "CREATE TABLE blob (
        id TEXT NOT NULL PRIMARY KEY,
        size INTEGER NOT NULL,
        kept INTEGER NOT NULL DEFAULT 0,
        used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX blob_used_at ON blob (used_at)",
];

const TABLES: &[&str] = &[
    "blob",
    "seen",
    "shown",
    "draft",
    "held",
    "outbox",
    "document",
    "entry",
    "conversation",
    "state",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in UP {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let statement = format!("DROP TABLE {table}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    /// SQLite runs migrations without a transaction unless told otherwise; half a schema would be worse than none.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
