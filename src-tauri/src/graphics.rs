//! One known fault of one graphics driver, avoided before the toolkit starts.
//!
//! WebKitGTK draws a blank window with NVIDIA's own driver on Wayland unless it is told not to share buffers with it
//! (<https://github.com/tauri-apps/tauri/issues/9304>). Everywhere else the setting costs speed and breaks screenshots, so it is
//! made only there, and never over a person's own choice.

/// The setting that keeps WebKitGTK from sharing buffers with the driver.
#[cfg(target_os = "linux")]
const SETTING: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Starts this program again with the setting where it is needed; returns where it is not.
///
/// A process cannot safely change its own environment once it may have threads, so the change is given to a fresh image of
/// the same process.
#[cfg(target_os = "linux")]
pub fn avoid_blank_window() {
    use std::os::unix::process::CommandExt;

    let chosen = std::env::var_os(SETTING).is_some();
    let wayland = std::env::var_os("WAYLAND_DISPLAY").is_some();
    let nvidia = std::path::Path::new("/proc/driver/nvidia/version").exists();
    if chosen || !wayland || !nvidia {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(SETTING, "1")
        .exec();
    tracing::warn!(%error, "could not start again with {SETTING}; the window may stay blank");
}

/// Nothing to avoid here.
#[cfg(not(target_os = "linux"))]
pub fn avoid_blank_window() {}
