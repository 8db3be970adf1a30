//! The tray icon, where there is a tray.
//!
//! On Linux a tray needs a library and somebody who shows it, and either may be missing: the library is loaded by a dependency
//! that ends the program when it is not there, so both are looked for first. Without a tray, closing the window quits.

use std::sync::{Mutex, OnceLock, PoisonError};

use baton_client::{Badge, Language};
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry};

use crate::window;

const OPEN: &str = "open";
const QUIT: &str = "quit";

/// The tray icon with what changes in it.
struct Tray {
    icon: TrayIcon,
    open: MenuItem<Wry>,
    quit: MenuItem<Wry>,
}

/// Set once the tray is there.
static TRAY: OnceLock<Tray> = OnceLock::new();

/// What the engine said last: it may say so before the tray is there.
static BADGE: Mutex<Option<Badge>> = Mutex::new(None);

/// Whether closing the window leaves something to bring it back with.
pub fn is_shown(_app: &AppHandle) -> bool {
    TRAY.get().is_some()
}

/// Puts the icon into the tray, where there is one. Must be called within a Tokio runtime.
pub fn show_where_there_is_one(app: AppHandle) {
    tokio::spawn(async move {
        if !host::is_there().await {
            tracing::info!("there is no tray here; closing the window quits");
            return;
        }
        let on_main = app.clone();
        let sent = app.run_on_main_thread(move || match build(&on_main) {
            Ok(tray) => {
                let _ = TRAY.set(tray);
                show(&on_main);
            }
            Err(error) => tracing::warn!(%error, "no tray icon"),
        });
        if let Err(error) = sent {
            tracing::debug!(%error, "the program ended before its tray icon came");
        }
    });
}

fn build(app: &AppHandle) -> tauri::Result<Tray> {
    let badge = newest();
    let open = MenuItem::with_id(app, OPEN, badge.open, true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, badge.quit, true, None::<&str>)?;
    // macOS colours its menu bar's icons itself; elsewhere the bar may be of any colour, and the icon brings its own ground.
    #[cfg(target_os = "macos")]
    let icon = tauri::include_image!("icons/tray-template.png");
    #[cfg(not(target_os = "macos"))]
    let icon = tauri::include_image!("icons/tray.png");
    let icon = TrayIconBuilder::with_id("baton")
        .icon(icon)
        .icon_as_template(cfg!(target_os = "macos"))
        .menu(&Menu::with_items(app, &[&open, &quit])?)
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => window::raise(app),
            QUIT => app.exit(0),
            _ => {}
        })
        .build(app)?;
    Ok(Tray { icon, open, quit })
}

/// Shows how many conversations need this person, in the tray and in the window's title.
pub fn show_badge(app: &AppHandle, badge: Badge) {
    *BADGE.lock().unwrap_or_else(PoisonError::into_inner) = Some(badge);
    // Menus belong to the main thread, which first opens the window; while the program ends nothing is left to show.
    let on_main = app.clone();
    let _ = app.run_on_main_thread(move || show(&on_main));
}

/// Until the engine speaks nothing needs anybody, in the computer's language.
fn newest() -> Badge {
    let said = BADGE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    said.unwrap_or_else(|| Badge::of(0, Language::system()))
}

fn show(app: &AppHandle) {
    let badge = newest();
    if let Some(window) = app.get_webview_window(window::MAIN)
        && let Err(error) = window.set_title(&title(badge.count))
    {
        tracing::debug!(%error, "the window's title could not be changed");
    }
    let Some(tray) = TRAY.get() else { return };
    let shown = tray
        .open
        .set_text(badge.open)
        .and_then(|()| tray.quit.set_text(badge.quit))
        .and_then(|()| tray.icon.set_tooltip(Some(badge.tip)))
        .and_then(|()| tray.icon.set_title(beside(badge.count)));
    if let Err(error) = shown {
        tracing::debug!(%error, "the tray icon could not be changed");
    }
}

/// The window's title.
fn title(count: u32) -> String {
    match count {
        0 => "Baton".to_owned(),
        more => format!("Baton ({more})"),
    }
}

/// Beside the icon, where a tray has room.
fn beside(count: u32) -> Option<String> {
    (count > 0).then(|| count.to_string())
}

#[cfg(target_os = "linux")]
mod host {
    use std::path::{Path, PathBuf};

    use zbus::proxy;

    /// The libraries that can show a tray icon, as the dependency looks for them.
    const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

    #[proxy(
        interface = "org.kde.StatusNotifierWatcher",
        default_service = "org.kde.StatusNotifierWatcher",
        default_path = "/StatusNotifierWatcher"
    )]
    trait Watcher {
        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;
    }

    /// Whether somebody shows tray icons, and the library to make one can be loaded.
    pub(super) async fn is_there() -> bool {
        library_dirs().iter().any(|dir| holds_library(dir)) && somebody_shows_icons().await.unwrap_or(false)
    }

    async fn somebody_shows_icons() -> zbus::Result<bool> {
        let bus = zbus::Connection::session().await?;
        WatcherProxy::new(&bus)
            .await?
            .is_status_notifier_host_registered()
            .await
    }

    fn holds_library(dir: &Path) -> bool {
        LIBRARIES.iter().any(|library| dir.join(library).exists())
    }

    /// Where the loader of this machine's architecture looks, most likely places first.
    fn library_dirs() -> Vec<PathBuf> {
        let architecture = std::env::consts::ARCH;
        let mut dirs: Vec<PathBuf> = std::env::var_os("LD_LIBRARY_PATH")
            .map(|path| std::env::split_paths(&path).collect())
            .unwrap_or_default();
        dirs.push(format!("/usr/lib/{architecture}-linux-gnu").into());
        dirs.push(format!("/lib/{architecture}-linux-gnu").into());
        dirs.extend(["/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib"].map(PathBuf::from));
        dirs
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    mod tests {
        use super::*;

        #[test]
        fn a_folder_without_the_library_is_passed_over() {
            let dir = std::env::temp_dir().join(format!("baton-tray-{}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            assert!(!holds_library(&dir));
            std::fs::write(dir.join("libayatana-appindicator3.so.1"), "").unwrap();
            assert!(holds_library(&dir));
            std::fs::remove_dir_all(&dir).unwrap();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod host {
    /// Every other desktop has a tray.
    pub(super) async fn is_there() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{beside, title};

    #[test]
    fn nothing_is_no_number() {
        assert_eq!((title(0).as_str(), beside(0)), ("Baton", None));
        assert_eq!((title(12).as_str(), beside(12).as_deref()), ("Baton (12)", Some("12")));
    }
}
