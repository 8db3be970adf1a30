//! A notification daemon that remembers what it was asked to show, and can press a button on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, interface};

use crate::process::eventually;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The reason a daemon gives when a person closed a notification (specification, table 7).
const DISMISSED_BY_PERSON: u32 = 2;

/// The reason a daemon gives when the program itself closed it.
const CLOSED_BY_CALL: u32 = 3;

/// One notification that a program asked for.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The number the daemon gave it. A later one may replace it and then has the same.
    pub id: u32,
    /// The program's name for itself.
    pub app: String,
    /// The title.
    pub summary: String,
    /// The text.
    pub body: String,
    /// The buttons: what is reported when one is pressed, and what it says.
    pub actions: Vec<(String, String)>,
    /// Whether it took the place of an earlier one.
    pub replaces: bool,
    /// Whether it has been closed, by the program or by a person.
    pub closed: bool,
    /// When it came.
    pub at: Instant,
}

impl Notification {
    /// What is reported when the button with that label is pressed.
    #[must_use]
    pub fn action_labelled(&self, label: &str) -> Option<&str> {
        self.actions
            .iter()
            .find(|(_, text)| text == label)
            .map(|(key, _)| key.as_str())
    }
}

type Shown = Arc<Mutex<Vec<Notification>>>;

/// The daemon of one session. It is there as long as this value lives.
#[derive(Debug)]
pub struct Notifications {
    bus: Connection,
    shown: Shown,
}

impl Notifications {
    /// Takes the daemon's name on the bus at `address`.
    ///
    /// # Errors
    /// When the bus cannot be reached, or there is a daemon already.
    pub async fn serve(address: &str) -> Result<Self> {
        let shown = Shown::default();
        let daemon = Daemon {
            shown: Arc::clone(&shown),
            last: 0,
        };
        let bus = zbus::connection::Builder::address(address)
            .serve_at(PATH, daemon)
            .name(NAME)
            .build()
            .await
            .context("become the notification daemon")?;
        Ok(Self { bus, shown })
    }

    /// Everything shown so far, oldest first, replacements as entries of their own.
    #[must_use]
    pub fn shown(&self) -> Vec<Notification> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a notification that `wanted` accepts.
    ///
    /// # Errors
    /// When none has come after `within`; the message lists what came instead.
    pub async fn wait_for(&self, within: Duration, wanted: impl Fn(&Notification) -> bool) -> Result<Notification> {
        eventually("a notification", within, async || {
            Ok(self.shown().into_iter().find(|one| wanted(one)))
        })
        .await
        .with_context(|| format!("came instead: {:#?}", self.shown()))
    }

    /// Presses the button with that label, as a person would, and closes the notification as daemons do.
    ///
    /// # Errors
    /// When it has no such button, or the bus is gone.
    pub async fn press(&self, notification: &Notification, label: &str) -> Result<()> {
        let Some(key) = notification.action_labelled(label) else {
            bail!("no button {label:?} on {notification:?}");
        };
        let emitter = SignalEmitter::new(&self.bus, PATH)?;
        Daemon::action_invoked(&emitter, notification.id, key).await?;
        self.dismiss(notification).await
    }

    /// Closes the notification as a person would.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn dismiss(&self, notification: &Notification) -> Result<()> {
        mark_closed(&self.shown, notification.id);
        let emitter = SignalEmitter::new(&self.bus, PATH)?;
        Daemon::notification_closed(&emitter, notification.id, DISMISSED_BY_PERSON).await?;
        Ok(())
    }
}

fn mark_closed(shown: &Shown, id: u32) {
    let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    for one in shown.iter_mut().filter(|one| one.id == id) {
        one.closed = true;
    }
}

struct Daemon {
    shown: Shown,
    last: u32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[allow(clippy::too_many_arguments, reason = "the specification's arguments")]
    fn notify(
        &mut self,
        app_name: String,
        replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expire_timeout: i32,
    ) -> u32 {
        let replaces = replaces_id != 0;
        let id = if replaces {
            replaces_id
        } else {
            self.last += 1;
            self.last
        };
        let mut pairs = Vec::new();
        let mut words = actions.into_iter();
        while let (Some(key), Some(label)) = (words.next(), words.next()) {
            pairs.push((key, label));
        }
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Notification {
                id,
                app: app_name,
                summary,
                body,
                actions: pairs,
                replaces,
                closed: false,
                at: Instant::now(),
            });
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        mark_closed(&self.shown, id);
        // Nobody listening is no failure of the call.
        let _ = Self::notification_closed(&emitter, id, CLOSED_BY_CALL).await;
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "persistence"].map(str::to_owned).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("baton-tests".into(), "Baton".into(), "1.0".into(), "1.2".into())
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}
