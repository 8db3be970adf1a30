//! The one window: what it may load, and how it comes to the front.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use baton_domain::ConversationId;
use baton_protocol::UiEvent;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewWindow, WebviewWindowBuilder, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::engine;

/// The window's label, here and in `tauri.conf.json` and the capabilities.
pub const MAIN: &str = "main";

/// Size and place of the window, as the person left them. Whether it was hidden is not: a start shows it.
pub fn remembered() -> tauri::plugin::TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN)
        .build()
}

/// Opens the window. What its pages remember lies in `browser_dir`.
///
/// It shows our own pages and nothing else: a link that gets past the interface leads nowhere, opens no second window, and
/// starts no download. (Links in mail are shown with their true target and opened by the engine, in the system's browser.)
///
/// # Errors
/// When the system gives no window.
pub fn open(app: &AppHandle, browser_dir: PathBuf) -> anyhow::Result<()> {
    let config = app.config();
    let window = config
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN)
        .context("tauri.conf.json describes no main window")?;
    let dev_url = if tauri::is_dev() {
        config.build.dev_url.clone()
    } else {
        None
    };
    WebviewWindowBuilder::from_config(app, window)?
        .data_directory(browser_dir)
        .on_navigation(move |url| is_ours(url, dev_url.as_ref()))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()
        .context("open the window")?;
    Ok(())
}

/// Whether the window may go there: our own pages, and the empty documents that mail is shown in.
fn is_ours(url: &Url, dev_url: Option<&Url>) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // The form of the same address on Windows.
        "http" | "https" if url.host_str() == Some("tauri.localhost") => true,
        "about" => matches!(url.path(), "blank" | "srcdoc"),
        _ => dev_url.is_some_and(|dev| dev.origin() == url.origin()),
    }
}

/// Brings the window to the front, from the tray or from behind others.
pub fn raise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN)
        && let Err(error) = bring_forward(&window)
    {
        tracing::warn!(%error, "the window did not come forward");
    }
}

fn bring_forward(window: &WebviewWindow) -> tauri::Result<()> {
    window.show()?;
    window.unminimize()?;
    window.set_focus()
}

/// A conversation that a link asks for, until the interface is there to show it.
#[derive(Debug, Default)]
pub struct Linked(Mutex<Link>);

#[derive(Debug, Default)]
struct Link {
    interface_is_ready: bool,
    waiting: Option<ConversationId>,
}

impl Linked {
    /// Shows it as soon as the interface says that it can.
    pub fn show_when_ready(&self, conversation: ConversationId) {
        self.lock().waiting = Some(conversation);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Link> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows a conversation, now or as soon as the interface can.
pub fn show_conversation(app: &AppHandle, conversation: ConversationId) {
    let linked = app.state::<Linked>();
    if linked.lock().interface_is_ready {
        engine::tell(app, &UiEvent::Focus(conversation));
    } else {
        linked.show_when_ready(conversation);
    }
}

/// The interface can be used: what a link asked for is shown.
pub fn ready(app: &AppHandle) {
    let waiting = {
        let linked = app.state::<Linked>();
        let mut link = linked.lock();
        link.interface_is_ready = true;
        link.waiting.take()
    };
    if let Some(conversation) = waiting {
        engine::tell(app, &UiEvent::Focus(conversation));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn may_go_to(url: &str) -> bool {
        is_ours(&url.parse().unwrap(), None)
    }

    #[test]
    fn the_window_shows_our_pages_and_the_frames_of_mail() {
        assert!(may_go_to("tauri://localhost/index.html"));
        assert!(may_go_to("http://tauri.localhost/"));
        assert!(may_go_to("about:srcdoc"));
        assert!(may_go_to("about:blank"));
    }

    #[test]
    fn a_link_that_gets_past_the_interface_leads_nowhere() {
        assert!(!may_go_to("https://example.com/"));
        assert!(!may_go_to("https://tauri.localhost.example.com/"));
        assert!(!may_go_to("tauri://elsewhere/"));
        assert!(!may_go_to("file:///etc/passwd"));
        assert!(!may_go_to("data:text/html,hello"));
        assert!(!may_go_to("javascript:alert(1)"));
        assert!(!may_go_to("http://localhost:1420/"));
    }
}
