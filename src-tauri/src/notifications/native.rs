//! The notification services of macOS and Windows.
//!
//! A notification is shown by a thread that then waits for its answer; there are never more than a few of these threads. Neither
//! system lets a program take a notification away or replace it by a key, so an answer to one that was withdrawn meanwhile is
//! not passed on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use baton_client::Notification;
use notify_rust::NotificationResponse;
use tokio::sync::mpsc;

use super::{Answer, Ask, OPEN, Taken, text};

/// How many notifications may wait for an answer at once.
const WAITING: usize = 8;

/// The application as the system knows it.
const APP_ID: &str = "app.baton.desktop";

/// Which showing of a key is the current one.
type Current = Arc<Mutex<HashMap<String, u64>>>;

/// Shows and withdraws until nobody asks any more.
pub(super) async fn serve(
    mut asked: mpsc::UnboundedReceiver<Ask>,
    answer: mpsc::UnboundedSender<Answer>,
    taken: Taken,
) {
    #[cfg(target_os = "macos")]
    if let Err(error) = notify_rust::set_application(APP_ID) {
        tracing::warn!(%error, "notifications appear under another program's name");
    }
    let current = Current::default();
    let mut showing = 0_u64;
    while let Some(ask) = asked.recv().await {
        match ask {
            Ask::Withdraw(key) => {
                lock(&current).remove(&key);
            }
            Ask::Show(notification) => {
                if lock(&current).len() >= WAITING {
                    // The oldest answers are given up, not the newest notification.
                    lock(&current).clear();
                }
                showing += 1;
                lock(&current).insert(notification.key.clone(), showing);
                let (current, answer, taken) = (Arc::clone(&current), answer.clone(), taken.clone());
                std::thread::spawn(move || show(&notification, showing, &current, &answer, &taken));
            }
        }
    }
}

fn show(
    notification: &Notification,
    showing: u64,
    current: &Current,
    answer: &mpsc::UnboundedSender<Answer>,
    taken: &Taken,
) {
    let mut native = notify_rust::Notification::new();
    native
        .summary(&text::title(&notification.title))
        .body(&text::body(&notification.body, false));
    #[cfg(target_os = "windows")]
    native.app_id(APP_ID);
    for action in &notification.actions {
        native.action(&action.id, &action.label);
    }
    let handle = match native.show() {
        Ok(handle) => handle,
        Err(error) => {
            if taken.set(false) {
                tracing::warn!(%error, "notifications can't be shown");
            }
            return;
        }
    };
    taken.set(true);
    let key = notification.key.clone();
    let waited = handle.wait_for_response(|response: &NotificationResponse| {
        let action = match response {
            NotificationResponse::Default => OPEN.to_owned(),
            NotificationResponse::Action(action) => action.clone(),
            NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => return,
        };
        if lock(current).get(&key) == Some(&showing) {
            let _ = answer.send(Answer {
                key: key.clone(),
                action,
            });
        }
    });
    if let Err(error) = waited {
        tracing::debug!(%error, "a notification ended without an answer");
    }
    let mut current = lock(current);
    if current.get(&notification.key) == Some(&showing) {
        current.remove(&notification.key);
    }
}

fn lock(current: &Current) -> std::sync::MutexGuard<'_, HashMap<String, u64>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
