//! Between several servers on one PostgreSQL: who appends wakes the others.
//!
//! NOTIFY takes a lock over the whole database when it commits, so it is never part of a commit of ours: it is sent after it, on a
//! connection of its own, at most so often. It only wakes. Notifications are lost while a connection is restored: a slow look stands behind
//! them.

use std::sync::Arc;
use std::time::Duration;

use baton_store::server::ServerStore;
use tokio::sync::{Notify, mpsc};

/// The least time between two notifications.
const COALESCED: Duration = Duration::from_millis(20);

/// The wake-up line to the other servers. It ends with the driver that holds it.
#[derive(Debug)]
pub(super) struct Notifier {
    appended: Arc<Notify>,
    wakes: mpsc::Receiver<()>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Notifier {
    pub(super) fn start(store: ServerStore) -> Self {
        let appended = Arc::new(Notify::new());
        let (wake, wakes) = mpsc::channel(1);
        let (teller, listener) = (store.clone(), store);
        let heard = Arc::clone(&appended);
        let tell = tokio::spawn(async move {
            loop {
                heard.notified().await;
                if let Err(error) = teller.notify_others().await {
                    tracing::debug!(%error, "the other servers were not woken; they look by themselves");
                }
                tokio::time::sleep(COALESCED).await;
            }
        });
        let listen = tokio::spawn(async move { listener.listen(wake).await });
        Self {
            appended,
            wakes,
            tasks: vec![tell, listen],
        }
    }

    /// Something was appended here.
    pub(super) fn tell(&self) {
        self.appended.notify_one();
    }

    /// Waits until another server appended something.
    pub(super) async fn woken(&mut self) {
        if self.wakes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
