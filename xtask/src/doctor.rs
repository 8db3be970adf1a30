//! `cargo xtask doctor`: what this machine lacks, what for, and how to get it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::asked;
use crate::system::{self, Group};
use crate::{run, tools, ui};

/// Prints the findings, and fails when something that `cargo xtask run` needs is missing and can't be installed by it.
pub fn run(install: bool) -> Result<()> {
    if install {
        system::ensure(&[Group::Base, Group::Desktop, Group::Test])?;
    }
    let mut ill = false;
    println!("To build and run");
    let rust = asked(Command::new("rustc").arg("--version"));
    let advice = "there is no Rust on this machine: https://rustup.rs";
    say(rust.is_some(), "Rust", rust.as_deref().unwrap_or(advice));
    ill |= rust.is_none();
    match ui::check_node() {
        Ok(version) => say(true, "Node", &version),
        Err(error) => {
            ill = true;
            say(false, "Node", &error.to_string());
        }
    }
    ill |= !show(&[Group::Base, Group::Desktop]);
    if run::has_display() {
        say(true, "display", "the desktop can open its window");
    } else {
        println!(
            "  -  {:<30} there is none: `cargo xtask run` serves a browser instead",
            "display"
        );
    }

    println!("\nTo test");
    show(&[Group::Test]);
    for (tool, name) in [
        (tools::nextest(), "cargo-nextest"),
        (tools::tauri_driver(), "tauri-driver"),
    ] {
        let words = tool.as_ref().map_or_else(
            || "`cargo xtask test` installs it".into(),
            |path| path.to_string_lossy(),
        );
        say(tool.is_some(), name, &words);
    }

    let lacking = system::missing(&[Group::Base, Group::Desktop, Group::Test]);
    if !lacking.is_empty() {
        println!("\n{}", system::how_to_get(&lacking));
    }
    if ill {
        bail!("Baton can't be built here yet");
    }
    Ok(())
}

/// Shows the packages of some groups; whether all are there.
fn show(groups: &[Group]) -> bool {
    let mut all = true;
    for package in system::packages(groups) {
        let present = package.is_present();
        all &= present;
        say(present, package.debian, package.why);
    }
    all
}

fn say(good: bool, what: &str, words: &str) {
    println!("  {}  {what:<30} {words}", if good { "✓" } else { "✗" });
}
