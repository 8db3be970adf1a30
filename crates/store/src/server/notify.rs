//! LISTEN and NOTIFY: how servers that share one PostgreSQL wake each other. A wake-up carries nothing; the log is the truth.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::sync::mpsc;

use super::connect::ServerStore;
use super::error::StoreError;

/// The channel all servers of a database listen on; the payload names the workspace.
const CHANNEL: &str = "baton_log";
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(2);

impl ServerStore {
    /// Wakes the other servers of this workspace. Not part of any commit: NOTIFY locks the whole database while it commits.
    ///
    /// # Errors
    /// When the database fails; they look by themselves now and then.
    pub async fn notify_others(&self) -> Result<(), StoreError> {
        let backend = self.writer.get_database_backend();
        let values = [CHANNEL.into(), self.workspace.to_string().into()];
        self.reader
            .execute_raw(Statement::from_sql_and_values(
                backend,
                "select pg_notify($1, $2)",
                values,
            ))
            .await?;
        Ok(())
    }

    /// Sends a wake-up whenever another server, or this one, appended something. Runs until the receiver is gone.
    pub async fn listen(&self, wake: mpsc::Sender<()>) {
        let workspace = self.workspace.to_string();
        while !wake.is_closed() {
            match self.listener().await {
                Ok(mut listener) => loop {
                    match listener.try_recv().await {
                        Ok(Some(notice)) if notice.payload() != workspace => {}
                        // `None` is a connection that was restored: whatever was said meanwhile is lost, so look. A full line holds a wake-up.
                        Ok(_) => {
                            wake.try_send(()).ok();
                        }
                        Err(error) => {
                            tracing::debug!(%error, "listening to the other servers was interrupted");
                            break;
                        }
                    }
                },
                Err(error) => tracing::debug!(%error, "the other servers can't be listened to"),
            }
            tokio::time::sleep(RETRY).await;
            wake.try_send(()).ok();
        }
    }

    async fn listener(&self) -> Result<PgListener, sea_orm::SqlxError> {
        let pool = self.writer.get_postgres_connection_pool();
        // A connection of its own, with the options of the pool: one borrowed from it would be missing there for ever.
        let options = (*pool.connect_options()).clone();
        let own = sea_orm::sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
