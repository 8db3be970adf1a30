//! What the engine asks of the program around it, given by a desktop with a window.

use std::path::PathBuf;

use baton_client::{Badge, Notification, Shell, ShellError};
use tauri::{AppHandle, Manager};

use crate::notifications::Notifier;
use crate::tray;

/// The shell around the engine.
pub struct DesktopShell {
    app: AppHandle,
    notifier: Notifier,
}

impl DesktopShell {
    /// The shell of this program.
    pub fn new(app: AppHandle, notifier: Notifier) -> Self {
        Self { app, notifier }
    }
}

impl Shell for DesktopShell {
    fn notify(&self, notification: Notification) -> Result<(), ShellError> {
        self.notifier.show(notification)
    }

    fn withdraw(&self, key: &str) {
        self.notifier.withdraw(key);
    }

    fn badge(&self, badge: Badge) {
        tray::show_badge(&self.app, badge);
    }

    fn open_url(&self, url: &str) -> Result<(), ShellError> {
        open::that_detached(url).map_err(|error| ShellError {
            what: format!("the system opened no program for the link: {error}"),
        })
    }

    fn downloads_dir(&self) -> PathBuf {
        let path = self.app.path();
        path.download_dir()
            .or_else(|_| path.home_dir())
            .unwrap_or_else(|_| std::env::temp_dir())
    }
}
