//! Settings that the C library and the toolkit read when a process starts, made before they do.
//!
//! A process cannot safely change its own environment once it may have threads, so a change is given to a fresh image of the same
//! process, and the toolkit's own processes inherit it. What a person has set stays as it is.
//!
//! Memory: by default the C library keeps up to eight pools a core, and each keeps what it once needed. Two pools, and giving back what
//! is free, take some 15 MB from an idle desktop.
//!
//! Graphics: WebKitGTK draws a blank window with NVIDIA's own driver on Wayland unless it is told not to share buffers with it
//! (<https://github.com/tauri-apps/tauri/issues/9304>). Everywhere else the setting costs speed and breaks screenshots, so it is
//! made only there.

/// Starts this program again with the settings that are missing; returns where none is.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt;

    let set = |name: &str| std::env::var_os(name).is_some();
    let nvidia = set("WAYLAND_DISPLAY") && std::path::Path::new("/proc/driver/nvidia/version").exists();
    let missing: Vec<_> = wanted(nvidia).into_iter().filter(|(name, _)| !set(name)).collect();
    if missing.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .envs(missing)
        .exec();
    tracing::warn!(%error, ?names, "could not start again with these settings; the window may stay blank, and memory is not saved");
}

/// Nothing to prepare here.
#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// What is to be set, and to what.
#[cfg(target_os = "linux")]
fn wanted(nvidia: bool) -> Vec<(&'static str, &'static str)> {
    let mut wanted = vec![
        ("MALLOC_ARENA_MAX", "2"),
        // In bytes, and its name ends so.
        ("MALLOC_TRIM_THRESHOLD_", "65536"),
    ];
    if nvidia {
        wanted.push(("WEBKIT_DISABLE_DMABUF_RENDERER", "1"));
    }
    wanted
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::wanted;

    #[test]
    fn buffers_are_shared_with_every_driver_but_one() {
        let shares = |nvidia| wanted(nvidia).iter().all(|(name, _)| !name.starts_with("WEBKIT_"));
        assert!(shares(false));
        assert!(!shares(true));
    }
}
