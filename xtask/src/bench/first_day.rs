//! The first day: how fast Baton is there, and what it takes of the machine.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Figure;
use super::memory::{idle, median};
use super::screen::{Kept, Session};
use crate::shell::{cargo, run as step, target};
use crate::system::{self, Group};
use crate::ui;

/// The desktop writes a line into the file this names as soon as the list can be used.
const READY_FILE: &str = "BATON_BENCH_READY_FILE";

/// How often a start is measured. The middle one counts.
const STARTS: usize = 5;

/// How often we look for the file, which bounds the error of a start.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How long one start may take before something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(60);

const START_GOAL_MS: f64 = 1500.0;
const DESKTOP_GOAL_MB: f64 = 400.0;
const SERVER_SIZE_GOAL_MB: f64 = 40.0;
const SERVER_GOAL_MB: f64 = 60.0;

/// The line in which the server says that it is up.
const LISTENING: &str = "listening on ";

/// Builds for release, then measures and shows one figure after the other.
pub fn measure(show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("this is measured through /proc, which only Linux has");
    }
    system::ensure(&[Group::Base, Group::Desktop, Group::Test])?;
    ui::ensure()?;
    step(&mut cargo([
        "build",
        "--release",
        "--package",
        "baton",
        "--package",
        "baton-server",
        "--bins",
        "--features",
        "baton/custom-protocol",
    ]))?;
    let [desktop, server] = ["baton", "baton-server"].map(|name| target().join("release").join(name));
    measure_desktop(&desktop, show)?;
    measure_server(&server, show)
}

fn measure_desktop(desktop: &Path, show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    let session = Session::start()?;
    // The very first start also makes the sample inbox.
    let (first_ms, _) = start(&session, desktop, 0)?;
    let mut starts = Vec::new();
    let mut running = None;
    for number in 1..=STARTS {
        // The one before has ended by the time the next begins.
        drop(running.take());
        let (took_ms, baton) = start(&session, desktop, number)?;
        starts.push(took_ms);
        running = Some(baton);
    }
    show(&Figure::new(
        "cold start to a usable list",
        as_f64(median(starts)),
        "ms",
        Some(START_GOAL_MS),
    ))?;
    show(&Figure::new(
        "first start, making the sample inbox",
        as_f64(first_ms),
        "ms",
        None,
    ))?;

    let Some(baton) = running else {
        bail!("nothing was started")
    };
    let ours = idle(baton.0.id())?;
    drop(baton);
    let mut figure = Figure::new(
        "desktop idle, all its processes (PSS)",
        megabytes(ours),
        "MB",
        Some(DESKTOP_GOAL_MB),
    );
    if let Some(browser) = mini_browser() {
        let bare = Kept(session.command(&browser).arg("about:blank").spawn()?);
        figure = figure.beside("a bare WebKitGTK window", megabytes(idle(bare.0.id())?));
    }
    show(&figure)
}

/// Starts the desktop, and gives the milliseconds until its list could be used.
fn start(session: &Session, desktop: &Path, number: usize) -> Result<(u64, Kept)> {
    let ready = session.file(&format!("ready.{number}"));
    let mut command = session.command(desktop);
    command.arg("--sample").env(READY_FILE, &ready);
    let began = Instant::now();
    let mut baton = Kept(
        command
            .spawn()
            .with_context(|| format!("start {}", desktop.display()))?,
    );
    loop {
        if std::fs::metadata(&ready).is_ok_and(|file| file.len() > 0) {
            let took = began.elapsed();
            return Ok((u64::try_from(took.as_millis()).unwrap_or(u64::MAX), baton));
        }
        if let Some(status) = baton.0.try_wait()? {
            bail!("the desktop ended before its list could be used ({status})");
        }
        if began.elapsed() > PATIENCE {
            bail!(
                "the desktop did not say within {} s that its list can be used",
                PATIENCE.as_secs()
            );
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

fn measure_server(server: &Path, show: &mut dyn FnMut(&Figure) -> Result<()>) -> Result<()> {
    let size = server
        .metadata()
        .with_context(|| format!("measure {}", server.display()))?
        .len();
    show(&Figure::new(
        "server program",
        megabytes(size),
        "MB",
        Some(SERVER_SIZE_GOAL_MB),
    ))?;
    let place = tempfile::Builder::new().prefix("baton-bench-server-").tempdir()?;
    let mut command = std::process::Command::new(server);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(place.path());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut running = Kept(command.spawn()?);
    let stdout = running.0.stdout.take().context("the server has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    if !lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains(LISTENING))
    {
        bail!("the server ended without listening ({})", running.0.wait()?);
    }
    // It may go on talking, and must not find the pipe closed.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    show(&Figure::new(
        "server idle (PSS)",
        megabytes(idle(running.0.id())?),
        "MB",
        Some(SERVER_GOAL_MB),
    ))
}

/// The bare window that the WebKit library brings along.
fn mini_browser() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?.flatten();
    libraries
        .map(|entry| entry.path().join("webkit2gtk-4.1/MiniBrowser"))
        .find(|path| path.is_file())
}

#[allow(clippy::cast_precision_loss, reason = "bytes and milliseconds are far below 2^52")]
fn as_f64(value: u64) -> f64 {
    value as f64
}

fn megabytes(bytes: u64) -> f64 {
    as_f64(bytes) / 1_000_000.0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::{mini_browser, start};
    use crate::bench::memory::idle;
    use crate::bench::screen::Session;

    #[test]
    fn a_start_is_timed_until_the_program_says_that_it_is_ready() {
        let session = Session::start().unwrap();
        let program = session.file("slow");
        let script = "#!/bin/sh\nsleep 0.3\necho \"$1\" > \"$BATON_BENCH_READY_FILE\"\nexec sleep 1000\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let before = Instant::now();
        let (took_ms, running) = start(&session, &program, 1).unwrap();
        assert!(
            took_ms >= 300 && u128::from(took_ms) <= before.elapsed().as_millis(),
            "{took_ms}"
        );
        assert_eq!(fs::read_to_string(session.file("ready.1")).unwrap(), "--sample\n");
        drop(running);
    }

    #[test]
    fn a_program_that_ends_before_it_is_ready_has_no_figure() {
        let session = Session::start().unwrap();
        let failed = start(&session, std::path::Path::new("/bin/false"), 1)
            .map(|(took_ms, _)| took_ms)
            .unwrap_err();
        assert!(failed.to_string().contains("before its list could be used"), "{failed}");
    }

    #[test]
    fn a_bare_window_takes_some_memory_and_comes_to_rest() {
        let session = Session::start().unwrap();
        let mut command = session.command(&mini_browser().unwrap());
        let window = crate::bench::screen::Kept(command.arg("about:blank").spawn().unwrap());
        let bytes = idle(window.0.id()).unwrap();
        assert!(bytes > 20_000_000, "{bytes}");
    }
}
