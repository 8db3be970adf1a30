//! Native notifications: shown, replaced in place, withdrawn, and answered.
//!
//! A notification has a key. Showing a key again replaces what is on screen instead of adding to it; withdrawing a key takes it
//! away; pressing a button reports the key and the button. What to show, when, and only once, is the engine's decision.
//!
//! Everything in a notification may have been written by a stranger. The text is escaped where the desktop reads markup in it,
//! cut to a length that fits, and control characters are flattened.

#[cfg(all(unix, not(target_os = "macos")))]
mod freedesktop;
#[cfg(any(not(unix), target_os = "macos"))]
mod native;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_client::{Notification, ShellError};
use tokio::sync::mpsc;

#[cfg(all(unix, not(target_os = "macos")))]
use freedesktop::serve;
#[cfg(any(not(unix), target_os = "macos"))]
use native::serve;

/// The answer to clicking a notification itself instead of one of its buttons.
pub const OPEN: &str = "open";

/// A button that a person pressed, on the notification with that key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The notification's key.
    pub key: String,
    /// The button's id.
    pub action: String,
}

/// What the notifier is asked.
#[derive(Debug)]
enum Ask {
    Show(Notification),
    Withdraw(String),
}

/// A handle to the task that talks to the desktop's notification service.
#[derive(Debug)]
pub struct Notifier {
    ask: mpsc::UnboundedSender<Ask>,
    taken: Taken,
}

impl Notifier {
    /// Begins to talk to the notification service. Answers arrive in the receiver.
    ///
    /// Must be called within a Tokio runtime.
    pub fn start() -> (Self, mpsc::UnboundedReceiver<Answer>) {
        let (ask, asked) = mpsc::unbounded_channel();
        let (answer, answers) = mpsc::unbounded_channel();
        let taken = Taken::default();
        tokio::spawn(serve(asked, answer, taken.clone()));
        (Self { ask, taken }, answers)
    }

    /// Shows a notification, or replaces the one with its key.
    ///
    /// # Errors
    /// When the service did not take the last one. This one is tried all the same: a service may have come since.
    pub fn show(&self, notification: Notification) -> Result<(), ShellError> {
        let sent = self.ask.send(Ask::Show(notification)).is_ok();
        if sent && self.taken.get() {
            Ok(())
        } else {
            Err(ShellError {
                what: "there is no notification service".to_owned(),
            })
        }
    }

    /// Takes a notification away.
    pub fn withdraw(&self, key: &str) {
        // Where the task has ended the whole program is about to.
        let _ = self.ask.send(Ask::Withdraw(key.to_owned()));
    }
}

/// Whether the service took what it was given last.
#[derive(Debug, Clone)]
struct Taken(Arc<AtomicBool>);

impl Default for Taken {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Taken {
    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Remembers it, and returns what was remembered before.
    fn set(&self, taken: bool) -> bool {
        self.0.swap(taken, Ordering::Relaxed)
    }
}
