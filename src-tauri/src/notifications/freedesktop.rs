//! The notification service of the freedesktop.org specification, over D-Bus.
//!
//! One connection shows everything and hears everything. It listens before it shows the first notification, so a button that
//! is pressed at once is heard, and it stays the sender of whatever it replaces, because some services report a press only to
//! the sender and drop what a vanished sender had shown. (<https://specifications.freedesktop.org/notification-spec/1.3/>)

use std::collections::HashMap;
use std::time::Duration;

use baton_client::Notification;
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use zbus::{Connection, Variant, proxy};

use super::{Answer, Ask, OPEN, Taken, text};

/// How long the service may take to answer. A service that hangs must not hold up what is shown next for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many notifications are remembered. Some services never say that one was closed.
const REMEMBERED: usize = 64;

/// The service's name for a click on the notification itself.
const DEFAULT: &str = "default";

const APP_NAME: &str = "Baton";

/// The name of our `.desktop` file, by which services find the icon and the settings a person made for us.
const DESKTOP_ENTRY: &str = "Baton";

#[proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[allow(clippy::too_many_arguments, reason = "the specification's arguments")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Variant<'_>>,
        expire_timeout_ms: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: String);

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32);
}

/// What the service told us.
enum Heard {
    Pressed { id: u32, action: String },
    Closed { id: u32 },
}

/// Shows, withdraws and listens until nobody asks any more.
pub(super) async fn serve(
    mut asked: mpsc::UnboundedReceiver<Ask>,
    answer: mpsc::UnboundedSender<Answer>,
    taken: Taken,
) {
    let mut service = None;
    report(&taken, connect(&mut service).await.map(drop));
    loop {
        let heard = async {
            match &mut service {
                Some(Service { heard, .. }) => heard.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ask = asked.recv() => match ask {
                None => break,
                Some(Ask::Show(notification)) => {
                    let shown = async { connect(&mut service).await?.show(&notification).await }.await;
                    if shown.is_err() {
                        // The next one begins with a new connection.
                        service = None;
                    }
                    report(&taken, shown);
                }
                Some(Ask::Withdraw(key)) => {
                    if let Some(service) = &mut service {
                        service.withdraw(&key).await;
                    }
                }
            },
            heard = heard => match (heard, &mut service) {
                (Some(heard), Some(service)) => {
                    if let Some(pressed) = service.hear(heard) {
                        let _ = answer.send(pressed);
                    }
                }
                // The bus is gone.
                _ => service = None,
            },
        }
    }
}

/// Says once that notifications can't be shown, and once that they can again.
fn report(taken: &Taken, shown: zbus::Result<()>) {
    match shown {
        Ok(()) => {
            if !taken.set(true) {
                tracing::info!("notifications are shown again");
            }
        }
        Err(error) => {
            if taken.set(false) {
                tracing::warn!(%error, "notifications can't be shown");
            }
        }
    }
}

async fn connect(service: &mut Option<Service>) -> zbus::Result<&mut Service> {
    if service.is_none() {
        *service = Some(Service::connect().await?);
    }
    service.as_mut().ok_or(zbus::Error::InvalidReply)
}

struct Service {
    proxy: NotificationsProxy<'static>,
    heard: Box<dyn Stream<Item = Heard> + Send + Unpin>,
    /// Whether it reads markup in the body.
    markup: bool,
    shown: Shown,
}

impl Service {
    async fn connect() -> zbus::Result<Self> {
        let connection = zbus::connection::Builder::session()
            .method_timeout(PATIENCE)
            .build()
            .await?;
        Self::on(&connection).await
    }

    async fn on(connection: &Connection) -> zbus::Result<Self> {
        let proxy = NotificationsProxy::new(connection).await?;
        let pressed = proxy.receive_action_invoked().await?.filter_map(async |signal| {
            let args = signal.args().ok()?;
            Some(Heard::Pressed {
                id: args.id,
                action: args.action_key,
            })
        });
        let closed = proxy.receive_notification_closed().await?.filter_map(async |signal| {
            let args = signal.args().ok()?;
            Some(Heard::Closed { id: args.id })
        });
        let capabilities = proxy.get_capabilities().await?;
        Ok(Self {
            heard: Box::new(stream::select(Box::pin(pressed), Box::pin(closed))),
            markup: capabilities.iter().any(|capability| capability == "body-markup"),
            proxy,
            shown: Shown::default(),
        })
    }

    async fn show(&mut self, notification: &Notification) -> zbus::Result<()> {
        let mut actions = vec![DEFAULT, ""];
        for action in &notification.actions {
            actions.extend([action.id.as_str(), action.label.as_str()]);
        }
        let hints = HashMap::from([
            ("desktop-entry", Variant::from(DESKTOP_ENTRY)),
            ("category", Variant::from("im.received")),
            ("urgency", Variant::from(1_u8)),
        ]);
        let id = self
            .proxy
            .notify(
                APP_NAME,
                self.shown.id(&notification.key).unwrap_or(0),
                DESKTOP_ENTRY,
                &text::title(&notification.title),
                &text::body(&notification.body, self.markup),
                &actions,
                hints,
                // As long as the person's desktop shows notifications.
                -1,
            )
            .await?;
        self.shown.insert(id, notification.key.clone());
        Ok(())
    }

    async fn withdraw(&mut self, key: &str) {
        if let Some(id) = self.shown.remove_key(key) {
            // It may have gone by itself meanwhile.
            let _ = self.proxy.close_notification(id).await;
        }
    }

    fn hear(&mut self, heard: Heard) -> Option<Answer> {
        match heard {
            Heard::Pressed { id, action } => {
                let key = self.shown.key(id)?.to_owned();
                Some(Answer {
                    key,
                    action: action_of(action),
                })
            }
            Heard::Closed { id } => {
                self.shown.remove(id);
                None
            }
        }
    }
}

/// What a press means to the engine.
fn action_of(pressed: String) -> String {
    if pressed == DEFAULT { OPEN.to_owned() } else { pressed }
}

/// Which notifications are on screen, as far as we were told; oldest first.
#[derive(Debug, Default)]
struct Shown(Vec<(u32, String)>);

impl Shown {
    fn id(&self, key: &str) -> Option<u32> {
        self.0.iter().find(|(_, known)| known == key).map(|(id, _)| *id)
    }

    fn key(&self, id: u32) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, key)| key.as_str())
    }

    fn insert(&mut self, id: u32, key: String) {
        self.0
            .retain(|(known_id, known_key)| *known_id != id && *known_key != key);
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((id, key));
    }

    fn remove(&mut self, id: u32) {
        self.0.retain(|(known, _)| *known != id);
    }

    fn remove_key(&mut self, key: &str) -> Option<u32> {
        let id = self.id(key)?;
        self.remove(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests;
