//! `cargo xtask test`: all set-up, one build, and the tests.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::shell::{Followed, asked, at_a_terminal, cargo, followed, run as step};
use crate::system::{self, Group, is_root};
use crate::tools::{self, Runner};
use crate::ui;

/// The features of every build that tests, so that nothing is ever built twice: the interface inside the desktop, and a
/// clock that a test can move.
pub const FEATURES: &str = "custom-protocol,test-clock";

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The crates' own tests, with the simulator.
    Unit,
    /// The interface's tests, in a browser.
    Ui,
    /// Whole programs on real parts, except the long story.
    Desktop,
    /// The story of a first working day, on SQLite and on PostgreSQL.
    Story,
    /// Everything.
    All,
}

impl Part {
    fn has_rust(self) -> bool {
        self != Self::Ui
    }

    fn has_ui(self) -> bool {
        matches!(self, Self::Ui | Self::All)
    }

    /// Which tests, in the language of nextest.
    fn filter(self) -> Option<&'static str> {
        match self {
            Self::Unit => Some("not package(baton-tests)"),
            Self::Desktop => Some("package(baton-tests) and not test(/^story::/)"),
            Self::Story => Some("package(baton-tests) and test(/^story::/)"),
            Self::Ui | Self::All => None,
        }
    }

    /// The same for `cargo test`, which can only choose packages and files.
    fn selection(self) -> &'static [&'static str] {
        match self {
            Self::Unit => &["--workspace", "--exclude", "baton-tests"],
            Self::Desktop => &["--package", "baton-tests"],
            Self::Story => &["--package", "baton-tests", "--test", "first_day"],
            Self::Ui | Self::All => &["--workspace"],
        }
    }
}

/// Runs a part of the tests, and ends with what each runner said last.
pub fn run(part: Part) -> Result<()> {
    system::ensure(&[Group::Base, Group::Desktop, Group::Test])?;
    ui::ensure()?;
    let mut closing = Vec::new();
    let mut failures = Vec::new();
    if part.has_rust() {
        // First, so that a mistake in the code shows before anything slow has run.
        step(&mut cargo(build_arguments()))?;
    }
    if part.has_ui() {
        for script in ["check", "test"] {
            let done = followed(ui::npm()?.args(["run", script]))?;
            keep(&done, "Test Files", &mut closing);
            failures.extend(done.result.err());
        }
    }
    if part.has_rust() {
        let runner = tools::ensure_runner();
        if part != Part::Unit && cfg!(target_os = "linux") {
            tools::ensure_tauri_driver()?;
        }
        let done = followed(&mut rust_tests(&runner, part))?;
        let mark = if runner == Runner::CargoTest {
            "test result:"
        } else {
            "Summary ["
        };
        keep(&done, mark, &mut closing);
        failures.extend(done.result.err());
    }
    println!();
    for line in closing {
        println!("{line}");
    }
    if !failures.is_empty() {
        let all = failures
            .iter()
            .map(|failure| format!("{failure:#}"))
            .collect::<Vec<_>>();
        bail!("{}", all.join("\n"));
    }
    Ok(())
}

fn keep(done: &Followed, mark: &str, closing: &mut Vec<String>) {
    closing.extend(done.closing(mark).iter().cloned());
}

/// The packages that can be built here. The black-box tests know Linux only, and Windows can't replace a running program.
pub fn everything() -> &'static [&'static str] {
    if cfg!(windows) {
        &["--workspace", "--exclude", "baton-tests", "--exclude", "xtask"]
    } else if cfg!(target_os = "linux") {
        &["--workspace"]
    } else {
        &["--workspace", "--exclude", "baton-tests"]
    }
}

/// One build of programs and tests together: what tests add to the features of dependencies is then in both.
fn build_arguments() -> Vec<&'static str> {
    [&["build"], everything(), &["--bins", "--tests", "--features", FEATURES]].concat()
}

/// One more than the machine can run at once: of the stories that run there is mostly one that waits for a lease to end.
fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(2, usize::from)
        .saturating_add(1)
}

fn rust_tests(runner: &Runner, part: Part) -> Command {
    let mut command = match runner {
        Runner::Nextest(nextest) => {
            let mut command = cargo::<&str>([]);
            // Through Cargo when it finds it; ours lies outside PATH.
            command.env("PATH", path_with(nextest));
            command
                .args(["nextest", "run"])
                .args(everything())
                .args(["--features", FEATURES, "--no-fail-fast"]);
            if let Some(filter) = part.filter() {
                command.args(["-E", filter]);
            }
            command.args(["--test-threads", &threads().to_string()]);
            command.args(["--color", if at_a_terminal() { "always" } else { "never" }]);
            command
        }
        Runner::CargoTest => {
            let mut command = cargo(["test"]);
            command
                .args(part.selection())
                .args(["--features", FEATURES, "--no-fail-fast"]);
            command
        }
    };
    // Loopback never goes through a proxy of the machine.
    command
        .env("NO_PROXY", "localhost,127.0.0.1")
        .env("no_proxy", "localhost,127.0.0.1");
    if part == Part::Unit {
        command
    } else {
        as_its_own_root(command)
    }
}

/// The mail servers of the tests want to be root, and to have other users to become, and a disk that gets full is one of the
/// tests' own. A user namespace gives a person's own processes all of that, and no power over the machine. Where there are none,
/// the tests that need it fail, and say why.
pub fn as_its_own_root(command: Command) -> Command {
    const NAMESPACE: [&str; 5] = ["--user", "--map-root-user", "--map-auto", "--mount", "--"];
    if !cfg!(target_os = "linux") || is_root() || asked(Command::new("unshare").args(NAMESPACE).arg("true")).is_none() {
        return command;
    }
    let mut inside = Command::new("unshare");
    inside
        .args(NAMESPACE)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        inside.current_dir(directory);
    }
    inside
}

/// `PATH` with the directory of a program in front.
fn path_with(program: &std::path::Path) -> OsString {
    let before = std::env::var_os("PATH").unwrap_or_default();
    let places = program
        .parent()
        .map(std::path::Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&before));
    std::env::join_paths(places).unwrap_or(before)
}
