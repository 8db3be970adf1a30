//! What is found without a server: an index of the words of what this replica holds.
//!
//! It is made from the entries and the raw messages that are here, in the background; what waits for that is noted with the entries
//! themselves. A replica of before waits whole.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

const UP: &[&str] = &[
    // A message, reply or note. The id is made of its instant, so the newest finds are the highest. `whole`: its raw message was here.
    "CREATE TABLE piece (
        id INTEGER NOT NULL PRIMARY KEY,
        conversation BLOB NOT NULL,
        message BLOB NOT NULL,
        kind INTEGER NOT NULL,
        file INTEGER NOT NULL,
        whole INTEGER NOT NULL,
        sender TEXT NOT NULL,
        subject TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (conversation, message)
    ) STRICT",
    // As the server's index has it: the same is found. Its own text is not kept: it would be there twice.
    "CREATE VIRTUAL TABLE words USING fts5(
        subject, sender, recipients, body, files, pairs,
        content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
    )",
    // Entries whose conversation is not indexed as it is now.
    "CREATE TABLE to_index (number INTEGER NOT NULL PRIMARY KEY) STRICT",
    // One row: what was forgotten still stands in parts of the index, until they are written anew.
    "CREATE TABLE to_tidy (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0)) STRICT",
    "INSERT INTO to_index (number) SELECT number FROM entry",
];

const TABLES: &[&str] = &["to_tidy", "to_index", "words", "piece"];

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
