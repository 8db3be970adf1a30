//! Where the programs under test and the programs they are tested with are found.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Places outside an ordinary `PATH` where servers are installed.
const SYSTEM_PLACES: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/postfix/sbin"];

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The directory Cargo builds into.
#[must_use]
pub fn target() -> PathBuf {
    // A relative CARGO_TARGET_DIR is meant from the root, where Cargo was started; join keeps an absolute one.
    workspace().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Set to `release`, programs are those of a release build: for measuring.
const PROFILE: &str = "BATON_TEST_PROFILE";

/// A program of this workspace, as `cargo xtask test` builds it.
///
/// # Errors
/// When it has not been built.
pub fn built(name: &str) -> Result<PathBuf> {
    built_by(std::env::var_os(PROFILE).unwrap_or_else(|| "debug".into()), name)
}

/// A program of this workspace, built by that profile.
///
/// # Errors
/// When it has not been built.
pub fn built_by(profile: impl AsRef<Path>, name: &str) -> Result<PathBuf> {
    let path = target().join(profile.as_ref()).join(name);
    if !path.is_file() {
        bail!("{} is not built: `cargo xtask test` builds it", path.display());
    }
    Ok(path)
}

/// The WebDriver server of Tauri, which `cargo xtask test` installs below the target directory.
///
/// # Errors
/// When it is neither there nor in `PATH`.
pub fn tauri_driver() -> Result<PathBuf> {
    let ours = target().join("tools/bin/tauri-driver");
    if ours.is_file() {
        return Ok(ours);
    }
    system("tauri-driver").context("`cargo xtask test` installs it")
}

/// A program of the operating system.
///
/// # Errors
/// When it is not installed.
pub fn system(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_PLACES.map(PathBuf::from))
        .map(|place| place.join(name))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{name} is not installed: `cargo xtask doctor` tells how to get it"))
}
