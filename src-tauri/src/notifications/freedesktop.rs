//! The notification service of the freedesktop.org specification
//! (<https://specifications.freedesktop.org/notification-spec/1.3/>).
//!
//! `notify-rust` builds and shows a notification, each on a connection of its own, and listens on that connection: some services
//! tell a press only to the sender. It begins to listen after the notification is on screen, so an ear of ours on the bus
//! listens before anything is shown and hears what is pressed at once. A press that both hear is reported once.

mod ear;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use baton_client::Notification;
use notify_rust::{Hint, NotificationHandle, NotificationResponse, Urgency};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::{Answer, Ask, OPEN, Taken, text};
use ear::{Ear, Heard};
use shown::{Shown, Source};

/// How long the service may take to answer. A service that hangs must not hold up what is shown next for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service's name for a click on the notification itself.
const DEFAULT: &str = "default";

const APP_NAME: &str = "Baton";

/// The name of our `.desktop` file, by which services find the icon and the settings a person made for us.
const DESKTOP_ENTRY: &str = "Baton";

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
                Some(service) => service.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ask = asked.recv() => match ask {
                None => break,
                Some(Ask::Show(notification)) => {
                    let shown = async { connect(&mut service).await?.show(notification).await }.await;
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
                (Some((source, heard)), Some(service)) => {
                    if let Some(pressed) = service.hear(source, heard) {
                        let _ = answer.send(pressed);
                    }
                }
                // The service is gone, or the whole bus.
                _ => service = None,
            },
        }
    }
}

/// Says once that notifications can't be shown, and once that they can again.
fn report(taken: &Taken, shown: anyhow::Result<()>) {
    match shown {
        Ok(()) => {
            if !taken.set(true) {
                tracing::info!("notifications are shown again");
            }
        }
        Err(error) => {
            if taken.set(false) {
                tracing::warn!(error = %format_args!("{error:#}"), "notifications can't be shown");
            }
        }
    }
}

async fn connect(service: &mut Option<Service>) -> anyhow::Result<&mut Service> {
    let connected = match service.take() {
        Some(connected) => connected,
        None => Service::connect().await?,
    };
    Ok(service.insert(connected))
}

struct Service {
    ear: Ear,
    /// The ears of the senders. Each hears one thing and ends.
    listening: JoinSet<Option<Heard>>,
    shown: Shown<Voice>,
    /// GNOME's and Cinnamon's shells take away all that a program has shown when the first of its senders vanishes, so that one
    /// stays while anything is on screen.
    first_sender: Option<Arc<NotificationHandle>>,
}

impl Service {
    async fn connect() -> anyhow::Result<Self> {
        Ok(Self {
            ear: Ear::on_session(PATIENCE).await?,
            listening: JoinSet::new(),
            shown: Shown::default(),
            first_sender: None,
        })
    }

    async fn show(&mut self, notification: Notification) -> anyhow::Result<()> {
        let previous = self.shown.id(&notification.key);
        let markup = self.ear.reads_markup();
        let key = notification.key.clone();
        let handle = patiently(async move { native(&notification, previous, markup).show_async().await }).await??;
        let handle = Arc::new(handle);
        self.first_sender.get_or_insert_with(|| Arc::clone(&handle));
        let id = handle.id();
        let voice = Voice::new(handle, &mut self.listening);
        self.shown.insert(id, key, voice);
        Ok(())
    }

    async fn withdraw(&mut self, key: &str) {
        let Some(voice) = self.shown.withdraw(key) else {
            return;
        };
        let handle = Arc::clone(&voice.handle);
        // It may have gone by itself meanwhile, which is no error.
        if let Err(error) = patiently(async move { handle.close_async().await }).await {
            tracing::debug!(error = %format_args!("{error:#}"), "a notification was not withdrawn");
        }
        self.let_go();
    }

    /// What is heard next, and by whom; `None` once the service or the bus has gone.
    async fn next(&mut self) -> Option<(Source, Heard)> {
        loop {
            tokio::select! {
                heard = self.ear.next() => {
                    if heard.is_none() {
                        // The library does not end well with its bus: what became of it is said before it is let go.
                        while let Some(ended) = self.listening.try_join_next() {
                            heard_by_sender(ended);
                        }
                    }
                    return heard.map(|heard| (Source::Bus, heard));
                }
                Some(ended) = self.listening.join_next() => {
                    if let Some(heard) = heard_by_sender(ended) {
                        return Some((Source::Sender, heard));
                    }
                }
            }
        }
    }

    fn hear(&mut self, source: Source, heard: Heard) -> Option<Answer> {
        match heard {
            Heard::Pressed { id, action } => {
                if source == Source::Sender
                    && let Some(voice) = self.shown.voice_mut(id)
                {
                    // Where it stays on screen it can be pressed again.
                    *voice = Voice::new(Arc::clone(&voice.handle), &mut self.listening);
                }
                let key = self.shown.pressed(id, &action, source)?;
                Some(Answer {
                    key,
                    action: action_of(action),
                })
            }
            Heard::Closed { id } => {
                self.shown.closed(id);
                self.let_go();
                None
            }
        }
    }

    fn let_go(&mut self) {
        if self.shown.is_empty() {
            self.first_sender = None;
        }
    }
}

/// A notification as `notify-rust` says it, in the place of the `previous` one.
fn native(notification: &Notification, previous: Option<u32>, markup: bool) -> notify_rust::Notification {
    let mut native = notify_rust::Notification::new();
    native
        .appname(APP_NAME)
        .icon(DESKTOP_ENTRY)
        .summary(&text::title(&notification.title))
        .body(&text::body(&notification.body, markup))
        .hint(Hint::DesktopEntry(DESKTOP_ENTRY.to_owned()))
        .hint(Hint::Category("im.received".to_owned()))
        .urgency(Urgency::Normal)
        .action(DEFAULT, "");
    for action in &notification.actions {
        native.action(&action.id, &action.label);
    }
    if let Some(id) = previous {
        native.id(id);
    }
    native
}

/// Runs a piece of `notify-rust` in a task of its own, and for no longer than [`PATIENCE`]. The library unwraps in places, and
/// has no patience of its own: neither its panic nor a service that hangs may end what shows the next notification.
async fn patiently<T: Send + 'static>(piece: impl Future<Output = T> + Send + 'static) -> anyhow::Result<T> {
    let mut task = JoinSet::new();
    task.spawn(piece);
    let ended = tokio::time::timeout(PATIENCE, task.join_next())
        .await
        .context("the notification service does not answer")?;
    ended
        .context("nothing was shown")?
        .context("the notification library gave up")
}

/// A notification on screen: it can be taken away, and is listened to on the connection that showed it.
#[derive(Debug)]
struct Voice {
    handle: Arc<NotificationHandle>,
    listening: AbortHandle,
}

impl Voice {
    fn new(handle: Arc<NotificationHandle>, listening: &mut JoinSet<Option<Heard>>) -> Self {
        let sender = Arc::clone(&handle);
        let listening = listening.spawn(async move {
            let id = sender.id();
            let mut heard = None;
            sender
                .wait_for_action_async(|response| heard = heard_of(id, response))
                .await;
            heard
        });
        Self { handle, listening }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What a sender's ear heard, unless its connection ended, or it was replaced.
fn heard_by_sender(ended: Result<Option<Heard>, JoinError>) -> Option<Heard> {
    match ended {
        Ok(heard) => heard,
        Err(error) => {
            if error.is_panic() {
                tracing::warn!(%error, "the notification library stopped listening");
            }
            None
        }
    }
}

fn heard_of(id: u32, response: &NotificationResponse) -> Option<Heard> {
    let action = match response {
        NotificationResponse::Default => DEFAULT.to_owned(),
        NotificationResponse::Action(action) => action.clone(),
        NotificationResponse::Closed(_) => return Some(Heard::Closed { id }),
        // No desktop of this kind has a field to answer in.
        NotificationResponse::Reply(_) => return None,
    };
    Some(Heard::Pressed { id, action })
}

/// What a press means to the engine.
fn action_of(pressed: String) -> String {
    if pressed == DEFAULT { OPEN.to_owned() } else { pressed }
}

#[cfg(test)]
mod tests;
