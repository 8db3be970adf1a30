//! The interface: its packages from npm, and its build, each made again only when something changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::shell::{asked, find, root, run};
use crate::system::CHROMIUM;

/// The oldest Node that the interface's tools run on.
const OLDEST_NODE: u32 = 20;

/// Makes sure that Node is there, that the packages are installed, and that `ui/dist` is what the sources say.
pub fn ensure() -> Result<()> {
    ensure_packages()?;
    if is_stale()? {
        run(npm()?.args(["run", "build"]))?;
    }
    Ok(())
}

/// Makes sure that the packages are those of the lock file.
pub fn ensure_packages() -> Result<()> {
    check_node()?;
    // npm writes this file last, when everything is in place.
    let installed = directory().join("node_modules/.package-lock.json");
    if is_newer(&directory().join("package-lock.json"), &installed)? {
        run(npm()?.args(["ci", "--no-audit", "--no-fund"]))?;
    }
    Ok(())
}

/// `npm` in the interface's directory.
pub fn npm() -> Result<Command> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut npm = Command::new(name);
    npm.current_dir(directory())
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    if let Some(chromium) = CHROMIUM.iter().find_map(|name| find(name)) {
        npm.env("BATON_CHROMIUM", chromium);
    }
    Ok(npm)
}

/// Fails with words when Node is missing or too old.
pub fn check_node() -> Result<String> {
    let advice =
        format!("Node {OLDEST_NODE} or newer is needed to build the interface: https://nodejs.org/en/download");
    let Some(version) = asked(Command::new("node").arg("--version")) else {
        bail!("there is no Node on this machine. {advice}");
    };
    match major(&version) {
        Some(major) if major >= OLDEST_NODE => Ok(version),
        _ => bail!("this machine has Node {version}. {advice}"),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn directory() -> PathBuf {
    root().join("ui")
}

/// Whether a source is newer than what was built from it.
fn is_stale() -> Result<bool> {
    // What npm and the build itself write, and what only tests read.
    const OTHERS: [&str; 5] = ["node_modules", "dist", "paraglide", "test", "preview"];
    let ui = directory();
    let Some(built) = changed(&ui.join("dist/index.html")) else {
        return Ok(true);
    };
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut waiting = vec![ui.clone()];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).with_context(|| format!("read {}", place.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !(OTHERS.contains(&name.as_str()) || name.starts_with('.')) {
                    waiting.push(path);
                }
            } else if let Some(when) = changed(&path) {
                newest = newest.max(when);
            }
        }
    }
    Ok(newest > built)
}

/// Whether `source` was changed after `made`, or `made` is not there.
fn is_newer(source: &Path, made: &Path) -> Result<bool> {
    let when = changed(source).with_context(|| format!("{} is not there", source.display()))?;
    Ok(changed(made).is_none_or(|made| when > made))
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("node"), None);
    }
}
