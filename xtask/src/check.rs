//! `cargo xtask check`: everything a change must pass besides the tests. Public CI runs the same.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cargo, root, run as step};
use crate::system::{self, Group};
use crate::test::{FEATURES, everything};
use crate::ui;

/// Tells the test of the generated TypeScript to write instead of to compare.
const WRITE_BINDINGS: &str = "BATON_WRITE_BINDINGS";

/// One thing to check, with a command that finds the mistakes.
struct Check {
    name: &'static str,
    command: Command,
}

/// Runs every check, even after one has failed, and names those that did. With `fix`, repairs first what repairs itself.
pub fn run(fix: bool) -> Result<()> {
    system::ensure(&[Group::Base, Group::Desktop])?;
    ui::ensure_packages()?;
    if fix {
        step(&mut cargo(["fmt", "--all"]))?;
        step(types().env(WRITE_BINDINGS, "1"))?;
        step(ui::npm()?.args(["run", "format"]))?;
    }
    // The desktop's lints need the interface it embeds.
    ui::ensure()?;
    let mut failed = Vec::new();
    for mut check in checks()? {
        if let Err(error) = step(&mut check.command) {
            eprintln!("{error:#}");
            failed.push(check.name);
        }
    }
    if !failed.is_empty() {
        bail!("not in order: {}", failed.join(", "));
    }
    println!("All in order.");
    Ok(())
}

fn checks() -> Result<Vec<Check>> {
    Ok(vec![
        Check {
            name: "format",
            command: cargo(["fmt", "--all", "--check"]),
        },
        Check {
            name: "tidiness",
            command: cargo(["test", "--quiet", "--package", "xtask", "tidy"]),
        },
        Check {
            name: "TypeScript types",
            command: types(),
        },
        Check {
            name: "lints of the interface",
            command: npm("lint")?,
        },
        Check {
            name: "types of the interface",
            command: npm("check")?,
        },
        Check {
            name: "lints",
            command: lints(),
        },
        Check {
            name: "examples in the documentation",
            command: examples(),
        },
        Check {
            name: "documentation",
            command: documentation(),
        },
    ])
}

/// Compares the TypeScript that the interface is compiled with to the Rust it is generated from.
fn types() -> Command {
    let mut test = cargo(["test", "--quiet", "--package", "baton-protocol", "bindings"]);
    test.current_dir(root());
    test
}

fn npm(script: &str) -> Result<Command> {
    let mut npm = ui::npm()?;
    npm.args(["run", script]);
    Ok(npm)
}

fn lints() -> Command {
    let arguments = [
        &["clippy"],
        everything(),
        &["--all-targets", "--features", FEATURES, "--", "--deny", "warnings"],
    ];
    cargo(arguments.concat())
}

fn examples() -> Command {
    cargo([&["test", "--doc", "--quiet"], everything(), &["--features", FEATURES]].concat())
}

fn documentation() -> Command {
    let mut doc = cargo(
        [
            &["doc", "--no-deps", "--document-private-items"],
            everything(),
            &["--features", FEATURES],
        ]
        .concat(),
    );
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    doc
}
