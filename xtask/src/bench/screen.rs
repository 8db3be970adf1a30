//! A desktop session to measure in: a screen, a session bus and an unlocked Secret Service, with a home of its own.
//!
//! All of it is running before the first measurement, as it is when a person starts a program.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::find;

const SCREEN: &str = "1440x900x24";

/// How long one question to the Secret Service may take: asked too early, it is never answered.
const SECRETS_PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A child that ends with this value.
pub struct Kept(pub Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running session.
pub struct Session {
    environment: Vec<(&'static str, String)>,
    // In the order in which they end.
    _parts: [Kept; 3],
    home: tempfile::TempDir,
}

impl Session {
    /// Starts a session with an empty home.
    pub fn start() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("baton-bench-").tempdir()?;
        let runtime = home.path().join("run");
        std::fs::create_dir(&runtime)?;
        private(&runtime)?;
        let mut environment = vec![
            ("HOME", text(home.path())),
            ("XDG_RUNTIME_DIR", text(&runtime)),
            ("XDG_DATA_HOME", text(&home.path().join("data"))),
            ("XDG_CONFIG_HOME", text(&home.path().join("config"))),
            ("XDG_CACHE_HOME", text(&home.path().join("cache"))),
            ("NO_AT_BRIDGE", "1".to_owned()),
        ];

        let mut screen = Command::new(needed("Xvfb")?);
        screen.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            SCREEN,
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let (screen, number) = first_line(screen, &environment)?;
        environment.push(("DISPLAY", format!(":{number}")));

        let mut bus = Command::new(needed("dbus-daemon")?);
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let (bus, address) = first_line(bus, &environment)?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS", address));

        let mut keyring = Command::new(needed("gnome-keyring-daemon")?);
        keyring.args(["--foreground", "--unlock", "--components=secrets"]);
        let mut keyring = keyring
            .envs(environment.clone())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = keyring.stdin.take() {
            stdin.write_all(b"a bench\n")?;
        }
        let session = Self {
            environment,
            _parts: [Kept(keyring), Kept(bus), Kept(screen)],
            home,
        };
        session.wait_for_secrets()?;
        Ok(session)
    }

    /// A command inside the session.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .envs(self.environment.clone())
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// A path in the session's home that nothing else uses.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Asks for a secret until the service answers; there is none, so `secret-tool` finds nothing, and prints nothing.
    fn wait_for_secrets(&self) -> Result<()> {
        let tool = needed("secret-tool")?;
        for _ in 0..100 {
            let mut store = self.command(&tool);
            store
                .args(["store", "--label=bench", "bench", "ready"])
                .stdin(Stdio::piped());
            let mut store = store.spawn()?;
            if let Some(mut stdin) = store.stdin.take() {
                stdin.write_all(b"x")?;
            }
            if ends_well(Kept(store))? {
                return Ok(());
            }
        }
        bail!("the Secret Service did not come up")
    }
}

fn needed(name: &str) -> Result<PathBuf> {
    find(name).with_context(|| format!("{name} is not installed: `cargo xtask doctor` tells how to get it"))
}

/// Whether a child ends in time, and successfully.
fn ends_well(mut child: Kept) -> Result<bool> {
    let began = Instant::now();
    while began.elapsed() < SECRETS_PATIENCE {
        if let Some(status) = child.0.try_wait()? {
            return Ok(status.success());
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
    Ok(false)
}

/// Starts a program, and gives the first line that it prints.
fn first_line(mut command: Command, environment: &[(&'static str, String)]) -> Result<(Child, String)> {
    command
        .envs(environment.to_vec())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command
        .spawn()
        .with_context(|| format!("start {}", command.get_program().display()))?;
    let Some(stdout) = child.stdout.take() else {
        bail!("{} has no output", command.get_program().display());
    };
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line.trim().is_empty() {
        bail!("{} said nothing ({})", command.get_program().display(), child.wait()?);
    }
    // Later words go nowhere, but must not find the pipe closed.
    std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
    Ok((child, line.trim().to_owned()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Only for its owner, as a session bus demands of its directory.
#[cfg(unix)]
fn private(path: &Path) -> Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).context("a private directory")
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<()> {
    Ok(())
}
