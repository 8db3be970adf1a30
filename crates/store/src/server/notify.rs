//! LISTEN and NOTIFY: how servers that share one PostgreSQL wake each other. A wake-up carries nothing; the log is the truth.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::sync::mpsc;

use super::connect::ServerStore;
use super::error::StoreError;

/// The channel all servers of a database listen on; the payload names the workspace.
const CHANNEL: &str = "baton_log";
/// The channel on which servers tell one another what is not in the log; the payload is the workspace, a blank, and the news.
const NEWS: &str = "baton_news";
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(2);

impl ServerStore {
    /// Wakes the other servers of this workspace. Not part of any commit: NOTIFY locks the whole database while it commits.
    ///
    /// # Errors
    /// When the database fails; they look by themselves now and then.
    pub async fn notify_others(&self) -> Result<(), StoreError> {
        self.tell(CHANNEL, self.workspace.to_string()).await
    }

    /// Tells the other servers of this workspace, and this one too, something that is not in the log. PostgreSQL takes less than
    /// 8,000 bytes at a time, the workspace's 36 included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_news(&self, news: &str) -> Result<(), StoreError> {
        self.tell(NEWS, format!("{} {news}", self.workspace)).await
    }

    /// Hears what is told, in order. `None`: the line is new, and what was said before was not heard. Runs until the receiver is gone.
    pub async fn hear_news(&self, hear: mpsc::Sender<Option<String>>) {
        let workspace = format!("{} ", self.workspace);
        while !hear.is_closed() {
            match self.listener(NEWS).await {
                Ok(mut listener) => {
                    let mut said = Some(None);
                    loop {
                        if let Some(said) = said
                            && hear.send(said).await.is_err()
                        {
                            return;
                        }
                        said = match listener.try_recv().await {
                            Ok(Some(notice)) => {
                                let news = notice.payload().strip_prefix(&workspace);
                                news.map(|news| Some(news.to_owned()))
                            }
                            Ok(None) => Some(None),
                            Err(error) => {
                                tracing::debug!(%error, "listening to the other servers was interrupted");
                                break;
                            }
                        };
                    }
                }
                Err(error) => tracing::debug!(%error, "the other servers can't be listened to"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn tell(&self, channel: &str, payload: String) -> Result<(), StoreError> {
        let backend = self.writer.get_database_backend();
        let values = [channel.into(), payload.into()];
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
            match self.listener(CHANNEL).await {
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

    async fn listener(&self, channel: &str) -> Result<PgListener, sea_orm::SqlxError> {
        let pool = self.writer.get_postgres_connection_pool();
        // A connection of its own, with the options of the pool: one borrowed from it would be missing there for ever.
        let options = (*pool.connect_options()).clone();
        let own = sea_orm::sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(channel).await?;
        Ok(listener)
    }
}
