//! The ear on the bus: one connection of ours that listens before anything is shown, and for as long as the service is there.

use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use zbus::fdo::DBusProxy;
use zbus::{Connection, proxy};

#[proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: String);

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32);
}

/// What the service told us.
#[derive(Debug)]
pub(super) enum Heard {
    /// A person pressed a button, or the notification itself.
    Pressed { id: u32, action: String },
    /// A notification has left the screen.
    Closed { id: u32 },
}

/// What the service tells everybody.
pub(super) struct Ear {
    /// `None` where the service itself has gone.
    heard: Pin<Box<dyn Stream<Item = Option<Heard>> + Send>>,
    markup: bool,
}

impl Ear {
    /// Listens on the session's bus. A question to the service may take `patience`.
    pub(super) async fn on_session(patience: Duration) -> zbus::Result<Self> {
        let connection = zbus::connection::Builder::session()
            .method_timeout(patience)
            .build()
            .await?;
        Self::on(&connection).await
    }

    async fn on(connection: &Connection) -> zbus::Result<Self> {
        let service = NotificationsProxy::new(connection).await?;
        let pressed = service.receive_action_invoked().await?.filter_map(async |signal| {
            let args = signal.args().ok()?;
            Some(Some(Heard::Pressed {
                id: args.id,
                action: args.action_key,
            }))
        });
        let closed = service.receive_notification_closed().await?.filter_map(async |signal| {
            let args = signal.args().ok()?;
            Some(Some(Heard::Closed { id: args.id }))
        });
        // Asking may start the service. Only what becomes of it after that is news.
        let capabilities = service.get_capabilities().await?;
        let gone = DBusProxy::new(connection)
            .await?
            .receive_name_owner_changed_with_args(&[(0, service.inner().destination().as_str())])
            .await?
            .map(|_| None);
        Ok(Self {
            heard: Box::pin(stream::select_all([pressed.boxed(), closed.boxed(), gone.boxed()])),
            markup: capabilities.iter().any(|capability| capability == "body-markup"),
        })
    }

    /// Whether the service reads markup in the body.
    pub(super) fn reads_markup(&self) -> bool {
        self.markup
    }

    /// The next thing it says; `None` once the service or the bus has gone.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.heard.next().await.flatten()
    }
}
