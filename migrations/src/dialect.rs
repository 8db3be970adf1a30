//! One text for both databases where only the names of types differ.
//!
//! SQLite's tables are STRICT, so that a type says what it is there too. Instants are UTC epoch milliseconds in 64-bit integers,
//! ids are `uuid` on PostgreSQL and 16-byte blobs on SQLite, truth values are integers on SQLite.

use sea_orm_migration::prelude::{DbErr, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbBackend};

/// Runs statements written with `UUID`, `INT`, `TEXT`, `BYTES`, `BOOL` for types, `FALSE` for the untrue value and `STRICT` at the
/// end of a table.
///
/// # Errors
/// What the database says.
pub(crate) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    for statement in statements {
        manager
            .get_connection()
            .execute_unprepared(&translated(statement, backend))
            .await?;
    }
    Ok(())
}

fn translated(statement: &str, backend: DbBackend) -> String {
    let names: [(&str, &str); 6] = match backend {
        DbBackend::Postgres => [
            ("UUID", "uuid"),
            ("INT", "bigint"),
            ("BYTES", "bytea"),
            ("BOOL", "boolean"),
            ("FALSE", "false"),
            ("STRICT", ""),
        ],
        _ => [
            ("UUID", "BLOB"),
            ("INT", "INTEGER"),
            ("BYTES", "BLOB"),
            ("BOOL", "INTEGER"),
            ("FALSE", "0"),
            ("STRICT", "STRICT"),
        ],
    };
    let mut text = String::with_capacity(statement.len());
    for word in statement.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        match names.iter().find(|(name, _)| *name == bare) {
            Some((name, own)) => {
                text.push_str(own);
                text.push_str(word.strip_prefix(name).unwrap_or_default());
            }
            None => text.push_str(word),
        }
    }
    text
}
