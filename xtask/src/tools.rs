//! The programs that Cargo installs for us, each pinned to one version.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{asked, cargo, find, run, target};

/// The version of the test runner that is installed where there is none.
const NEXTEST: &str = "0.9.143";

/// The version of Tauri's WebDriver server. The registry also offers a 3.0 alpha, so the version is always named.
const TAURI_DRIVER: &str = "2.1.0";

/// What runs the Rust tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runner {
    /// `cargo nextest`.
    Nextest(PathBuf),
    /// `cargo test`, when nextest is not there and could not be installed.
    CargoTest,
}

/// The test runner, installed when this machine has none.
pub fn ensure_runner() -> Runner {
    if let Some(nextest) = nextest() {
        return Runner::Nextest(nextest);
    }
    match install("cargo-nextest", NEXTEST) {
        Ok(nextest) => Runner::Nextest(nextest),
        Err(error) => {
            eprintln!("cargo-nextest could not be installed ({error:#}); the tests run with `cargo test`.");
            Runner::CargoTest
        }
    }
}

/// The test runner, when this machine has one.
pub fn nextest() -> Option<PathBuf> {
    let place = ours("cargo-nextest").or_else(|| find("cargo-nextest"))?;
    asked(Command::new(&place).args(["nextest", "--version"])).map(|_| place)
}

/// Tauri's WebDriver server, installed when this machine has none.
pub fn ensure_tauri_driver() -> Result<PathBuf> {
    tauri_driver().map_or_else(|| install("tauri-driver", TAURI_DRIVER), Ok)
}

/// Tauri's WebDriver server, when this machine has one.
pub fn tauri_driver() -> Option<PathBuf> {
    ours("tauri-driver").or_else(|| find("tauri-driver"))
}

/// Where the programs are that we installed.
fn place() -> PathBuf {
    target().join("tools")
}

fn ours(name: &str) -> Option<PathBuf> {
    let path = place()
        .join("bin")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    path.is_file().then_some(path)
}

/// A debug build takes a third of the time, and these programs wait for others most of theirs.
fn install(name: &str, version: &str) -> Result<PathBuf> {
    let mut install = cargo(["install", "--locked", "--debug", "--version", version, "--root"]);
    run(install.arg(place()).arg(name))?;
    ours(name).ok_or_else(|| anyhow::anyhow!("{name} was installed, but is not in {}", place().display()))
}
