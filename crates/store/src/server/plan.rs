//! How SQLite goes about a statement: on a small database of a test a wrong way is as fast as the right one.
#![allow(clippy::unwrap_used, reason = "tests")]

use sea_orm::{ConnectionTrait as _, Statement};

use super::ServerStore;

/// The steps of a statement's plan, in words.
pub(super) async fn plan_of(store: &ServerStore, mut statement: Statement) -> Vec<String> {
    statement.sql.insert_str(0, "explain query plan ");
    let steps = store.reader.query_all_raw(statement).await.unwrap();
    steps.iter().map(|step| step.try_get("", "detail").unwrap()).collect()
}
