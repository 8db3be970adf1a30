//! SQLite connections go back to their pool whole, or not at all.
//!
//! SQLite ends a transaction by itself when the disk is full or fails. Its driver goes on counting one that is not there any more:
//! every later transaction becomes a savepoint within it, one of them is rolled back and stays open, and from then on nothing
//! reaches the disk, though every commit says so. So a connection that comes back with a transaction is closed; the next one is
//! opened on what is really there.

use sea_orm::ConnectOptions;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Connection as _, Sqlite};

/// Closes a connection of this pool that comes back with a transaction. Not for a database in memory, which would go with it.
pub(crate) fn keep_whole(options: &mut ConnectOptions) {
    // A file does not go away as a server does, and every question to a connection is a trip to its thread.
    options.test_before_acquire(false).map_sqlx_sqlite_pool_opts(whole);
}

/// The same for a pool without an ORM before it.
pub(crate) fn whole(pool: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            if !connection.is_in_transaction() {
                return Ok(true);
            }
            // A rollback may still be on its way to the connection; the ping comes after it.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _};

    use super::*;

    async fn open(file: &std::path::Path) -> DatabaseConnection {
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
        options.max_connections(1);
        keep_whole(&mut options);
        Database::connect(options).await.unwrap()
    }

    /// How many rows there are, as somebody else sees it.
    async fn rows(file: &std::path::Path) -> i64 {
        let count = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT count(*) FROM note");
        let row = open(file).await.query_one_raw(count).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn what_is_committed_after_the_disk_was_full_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("test.db");
        let store = open(&file).await;
        store.execute_unprepared("CREATE TABLE note (text)").await.unwrap();

        store.execute_unprepared("PRAGMA max_page_count = 2").await.unwrap();
        let tx = store.begin().await.unwrap();
        let full = tx
            .execute_unprepared("INSERT INTO note VALUES (zeroblob(1000000))")
            .await;
        assert!(full.unwrap_err().to_string().contains("full"));
        // There is nothing to roll back any more, which is what the driver does not know.
        assert!(tx.rollback().await.is_err());

        store.begin().await.unwrap().rollback().await.unwrap();
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared("INSERT INTO note VALUES ('Ask him')")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rows(&file).await, 1);
    }
}
