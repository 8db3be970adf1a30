//! What the engine can ask of a browser: little.

use std::path::PathBuf;

use baton_client::{Badge, Notification, Shell, ShellError};

/// The shell around an engine whose window is a browser's tab.
///
/// A tab has no notification service that works while it is closed, so none is claimed: Today shows what a notification would
/// have said, and "send me a test notification" says that none was shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrowserShell;

impl Shell for BrowserShell {
    fn notify(&self, _notification: Notification) -> Result<(), ShellError> {
        Err(ShellError {
            what: "a browser tab shows no native notifications".to_owned(),
        })
    }

    fn withdraw(&self, _key: &str) {}

    fn badge(&self, _badge: Badge) {}

    fn open_url(&self, url: &str) -> Result<(), ShellError> {
        open::that_detached(url).map_err(|error| ShellError {
            what: format!("the system opened no browser: {error}"),
        })
    }

    fn downloads_dir(&self) -> PathBuf {
        downloads_dir()
    }
}

/// The person's downloads folder, as far as it can be known without asking the desktop.
fn downloads_dir() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_else(std::env::temp_dir);
    let downloads = home.join("Downloads");
    if downloads.is_dir() { downloads } else { home }
}
