//! `cargo xtask run`: from a fresh clone to an open Baton with a sample inbox.

use anyhow::Result;
use clap::Args;

use crate::shell::{cargo, run as step};
use crate::system::{self, Group};
use crate::ui;

/// How Baton is opened.
#[derive(Args)]
pub struct Options {
    /// Serve the interface to a browser on this computer instead of opening a window.
    #[arg(long)]
    web: bool,
    /// Build as for a release: slower to build, faster to use.
    #[arg(long)]
    release: bool,
    /// Everything after `--` goes to Baton; without it, Baton opens with a sample inbox.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Sets everything up, builds Baton and opens it.
pub fn run(options: &Options) -> Result<()> {
    let web = options.web || !has_display();
    if web && !options.web {
        eprintln!("There is no display here: Baton is served to a browser on this computer.");
    }
    let groups: &[Group] = if web {
        &[Group::Base]
    } else {
        &[Group::Base, Group::Desktop]
    };
    system::ensure(groups)?;
    ui::ensure()?;
    let package: &[&str] = if web {
        &["--package", "baton-web"]
    } else {
        &["--package", "baton", "--features", "custom-protocol"]
    };
    let mut baton = cargo(["run"]);
    baton.args(package);
    if options.release {
        baton.arg("--release");
    }
    baton.arg("--");
    if options.arguments.is_empty() {
        baton.arg("--sample");
    }
    step(baton.args(&options.arguments))
}

/// Whether a window can be shown. Windows and macOS always can.
pub fn has_display() -> bool {
    let set = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
